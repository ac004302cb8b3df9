using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Demo;

/// <summary>Shifts, capacities and certificates of the demo people, relative to today: some are at work now, and one certificate expires soon.</summary>
public sealed class DemoWorkforce(WorkflowRuntime runtime, FindPerson people, Presence presence, PlanShifts plan)
{
    private const string Actor = "supervisor";

    private static readonly string[] Workers = ["frontoffice", "adjuster1", "adjuster2", "senior1", "processor1", "underwriter1", "closer1"];

    private static readonly (string Person, string Skill, int Days, string Number, string Issuer, string Evidence)[] Certificates =
    [
        ("processor1", "income-verification", 6, "IV-2210", "Mortgage Bankers Institute", "Exam"),
        ("adjuster1", "fraud", 25, "FR-0871", "Institute of Claims", "Course and two reviewed cases"),
        ("adjuster2", "motor-claims", 210, "MC-1198", "Institute of Claims", "Exam"),
        ("senior1", "property-claims", 340, "PC-0033", "Institute of Claims", "Reviewed work"),
    ];

    /// <summary>Plans everything, unless there is a shift already. Returns how many shifts were planned.</summary>
    public async Task<int> RunAsync(CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        await using (var empty = runtime.Database.Query("select not exists (select from shift)"))
        {
            if (await empty.ExecuteScalarAsync(cancel) is not true)
                return 0;
        }

        var ids = await IdsAsync(cancel);
        if (!ids.TryGetValue(Actor, out var supervisor) || await people.OfIdAsync(supervisor, now, cancel) is not { } lead)
            return 0;
        foreach (var certificate in Certificates.Where(c => ids.ContainsKey(c.Person)))
            await CertifyAsync(ids[certificate.Person], certificate, now, cancel);
        foreach (var worker in Workers.Where(ids.ContainsKey))
            await Capacity.SaveAsync(runtime, ids[worker], 100, worker == "senior1" ? 400 : 300, 0, lead, cancel);
        var planned = await plan.AddAsync([.. Workers.Where(ids.ContainsKey).SelectMany((worker, i) => ShiftsOf(worker, i, now))], lead, cancel);
        if (ids.TryGetValue("senior1", out var senior) && await people.OfIdAsync(senior, now, cancel) is { } me)
            await presence.SetAsync(senior, PresenceState.Away, "Meeting", now + Duration.FromMinutes(45), me, cancel);
        return planned is ShiftResult.Done done ? done.Added.Count : 0;
    }

    private static IEnumerable<PlannedShift> ShiftsOf(string worker, int number, Instant now)
    {
        var today = now.InUtc().Date;

        // Whenever the demo begins, most are at work; one comes later today.
        var begins = today.At(new LocalTime(now.InUtc().Hour, 0)).InUtc().ToInstant() + Duration.FromHours(worker == "closer1" ? 2 : -1 - (number % 2));
        yield return new(worker, begins, begins + Duration.FromHours(8));
        for (var day = today.PlusDays(1); day <= today.PlusDays(11); day = day.PlusDays(1))
        {
            if (day.DayOfWeek is IsoDayOfWeek.Saturday or IsoDayOfWeek.Sunday || At(day, 6 + (number % 3)) < begins + Duration.FromHours(8))
                continue;
            var trains = worker == "adjuster2" && day.DayOfWeek == IsoDayOfWeek.Wednesday;
            if (trains)
                yield return new(worker, At(day, 6 + (number % 3)), At(day, 10), ShiftKind.Training);
            yield return new(worker, At(day, trains ? 10 : 6 + (number % 3)), At(day, 15 + (number % 3)));
        }

        static Instant At(LocalDate day, int hour) => day.At(new LocalTime(hour, 0)).InUtc().ToInstant();
    }

    private async Task CertifyAsync(
        Guid person,
        (string Person, string Skill, int Days, string Number, string Issuer, string Evidence) certificate,
        Instant now,
        CancellationToken cancel
    )
    {
        var today = now.InUtc().Date;
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person, "setup", now, cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            update person_skill set certified_until = $3, certified_at = $4, certified_by = 'Tomás Herrera', certificate_number = $5, certificate_issuer = $6,
                evidence = $7
            where person_id = $1 and skill = $2
            """,
            person,
            certificate.Skill,
            today.PlusDays(certificate.Days).ToDateOnly(),
            today.PlusDays(certificate.Days - 365).ToDateOnly(),
            certificate.Number,
            certificate.Issuer,
            certificate.Evidence
        );
        history.Add(
            "person.changed",
            new
            {
                changes = new[]
                {
                    new
                    {
                        field = "certificate",
                        from = "",
                        to = $"{certificate.Skill} {certificate.Number}",
                    },
                },
            }
        );
        history.WriteTo(batch);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
    }

    private async Task<Dictionary<string, Guid>> IdsAsync(CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            "select user_name, id from person where active and user_name = any($1)",
            (object)Workers.Append(Actor).ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var ids = new Dictionary<string, Guid>();
        while (await r.ReadAsync(cancel))
            ids[r.GetString(0)] = r.GetGuid(1);
        return ids;
    }
}
