using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Staff;

/// <summary>
/// Ends a person's access. They can't sign in, their sessions end on every host, links to choose a password end, absences that they cover or have planned end,
/// and their open work returns to its candidates (<see cref="ReturnWork"/>). Their teams, roles and skills stay and count again when they are reactivated;
/// until then lists, rules and escalation leave them out. The person stays, because history and finished work name them.
/// </summary>
public static class DeactivatePerson
{
    /// <summary>Deactivates, tells everyone concerned, and returns the work.</summary>
    /// <param name="id">Who.</param>
    /// <param name="revision">Revision the caller last saw.</param>
    /// <param name="reason">Why, for history; optional.</param>
    /// <param name="actor">User name of the administrator.</param>
    /// <returns>Done, NotFound, Stale, Invalid, or Refused: not active, yourself, or the last administrator.</returns>
    public static async Task<StaffResult> RunAsync(
        WorkflowRuntime runtime,
        ReturnWork work,
        Guid id,
        int revision,
        string? reason,
        string actor,
        CancellationToken cancel = default
    )
    {
        if (reason?.Length > 500)
            return new StaffResult.Invalid(new() { ["reason"] = ["must have at most 500 characters"] });
        StaffResult? result = null;
        while (result is null)
            result = await TryAsync(runtime, id, revision, string.IsNullOrWhiteSpace(reason) ? null : reason.Trim(), actor, cancel);
        if (result is StaffResult.Done)
            await work.OfAsync(id, cancel);
        return result;
    }

    /// <summary>Null: an absence was planned with them at the same time, so try again.</summary>
    private static async Task<StaffResult?> TryAsync(WorkflowRuntime runtime, Guid id, int revision, string? reason, string actor, CancellationToken cancel)
    {
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        if (await PersonDetails.SomeAsync(t.Connection, [id], [], t.Now, cancel) is not [var person])
            return new StaffResult.NotFound();
        if (!person.Active)
            return new StaffResult.Refused($"{person.DisplayName} is deactivated already.");
        if (person.Revision != revision)
            return new StaffResult.Stale(person.Revision);
        if (person.UserName == actor)
            return new StaffResult.Refused("You can't deactivate yourself. Ask another administrator.");
        if (person.Roles.Contains(Roles.Administrator) && !await StaffPlan.OtherAdministratorAsync(t.Connection, [id], cancel))
            return new StaffResult.Refused($"{person.DisplayName} is the last active administrator.");

        var absences = await AbsencesAsync(t, id, cancel);
        await t.LockAsync(absences.Select(a => a.Person).Append(id), cancel);
        await using (var change = t.Connection.CreateBatch())
        {
            change.Add(
                """
                update person set active = false, deactivated_by = $2, deactivated_at = $3, security_stamp = gen_random_uuid(), revision = revision + 1,
                    updated_at = $3 where id = $1
                """,
                id,
                actor,
                t.Now
            );
            await change.ExecuteNonQueryAsync(cancel);
        }

        // From here on nobody plans an absence with them. Who did so before this row was locked is not locked yet.
        if ((await AbsencesAsync(t, id, cancel)).Count != absences.Count)
            return null;

        t.Writes.Add("update substitution set ended_at = $2 where id = any($1)", absences.ConvertAll(a => a.Id).ToArray(), t.Now);
        t.Writes.Add("delete from password_link where person_id = $1", id);
        t.Record(id, "person.deactivated", person.Revision + 1, new { reason, openTasks = person.OpenTasks });
        foreach (var absence in absences)
        {
            t.Record(absence.Person, "person.back", 0, new { substitution = Ids.Text(absence.Id), reason = $"{person.DisplayName} was deactivated." });
            if (absence.Person != id)
                t.Tell(
                    absence.Person,
                    absence.UserName,
                    "person.substitute-left",
                    $"{person.DisplayName} is no longer your substitute",
                    $"{person.DisplayName} was deactivated. Choose another substitute under Out of office."
                );
        }

        await TellLeadsAsync(t, person, cancel);
        t.AccessChanged(id);
        await t.CommitAsync(cancel);
        return new StaffResult.Done();
    }

    /// <summary>Current and planned absences of the person, and those in which they are the substitute.</summary>
    private static async Task<List<(Guid Id, Guid Person, string UserName)>> AbsencesAsync(StaffTransaction t, Guid id, CancellationToken cancel)
    {
        await using var batch = t.Connection.CreateBatch();
        batch.Add(
            """
            select s.id, p.id, p.user_name from substitution s join person p on p.id = s.person_id
            where s.ended_at is null and s.until_at > $2 and (s.person_id = $1 or s.substitute_id = $1)
            """,
            id,
            t.Now
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var absences = new List<(Guid, Guid, string)>();
        while (await r.ReadAsync(cancel))
            absences.Add((r.GetGuid(0), r.GetGuid(1), r.GetString(2)));
        return absences;
    }

    /// <summary>
    /// Tells the leads of the teams what returns to them; the supervisors, if a team has no other lead, or if no one is left who could take a task.
    /// </summary>
    private static async Task TellLeadsAsync(StaffTransaction t, PersonDetails person, CancellationToken cancel)
    {
        await using var batch = t.Connection.CreateBatch();
        batch.Add(
            """
            select m.title, l.id, l.user_name, m.tasks from (
                select t.title, t.lead_id, (select count(*)::int from task k where k.owner_id = $1 and k.ended_at is null and k.team = t.key) tasks from team t
                where t.lead_id = $1 or exists (select from team_member m where m.team_key = t.key and m.person_id = $1)
                    or exists (select from task k where k.owner_id = $1 and k.ended_at is null and k.team = t.key)) m
            left join person l on l.id = m.lead_id and l.active and l.id <> $1
            order by lower(m.title)
            """,
            person.Id
        );
        batch.Add("select id, user_name from person where active and id <> $1 and $2 = any(roles)", person.Id, Roles.Supervisor);
        batch.Add(
            """
            select count(*)::int from task k
            where k.ended_at is null and (k.owner_id = $1 or $2 = any(k.candidates) or k.team = any($3))
                and (k.owner_id is null or k.owner_id = $1)
                and not exists (select from team_member m join person p on p.id = m.person_id and p.active and p.id <> $1 where m.team_key = k.team)
                and not exists (select from person p where p.active and p.id <> $1 and p.user_name = any(k.candidates))
            """,
            person.Id,
            person.UserName,
            person.Teams.ToArray()
        );
        var teams = new List<(string Title, Guid? Lead, string? UserName, int Tasks)>();
        var supervisors = new List<(Guid Id, string UserName)>();
        await using (var r = await batch.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
                teams.Add((r.GetString(0), r.GuidOrNull(1), r.Text(2), r.GetInt32(3)));
            await r.NextResultAsync(cancel);
            while (await r.ReadAsync(cancel))
                supervisors.Add((r.GetGuid(0), r.GetString(1)));
            await r.NextResultAsync(cancel);
            await r.ReadAsync(cancel);
            if (r.GetInt32(0) is > 0 and var stranded)
                teams.Add(("", null, null, stranded));
        }

        var told = teams
            .SelectMany(team => team.Lead is { } lead ? [(Id: lead, UserName: team.UserName!, team)] : supervisors.Select(s => (s.Id, s.UserName, team)))
            .GroupBy(one => (one.Id, one.UserName));
        foreach (var group in told)
            t.Tell(
                group.Key.Id,
                group.Key.UserName,
                "team.person-left",
                $"{person.DisplayName} was deactivated",
                string.Join(" ", group.Select(one => Sentence(one.team)))
            );

        static string Sentence((string Title, Guid? Lead, string? UserName, int Tasks) team) =>
            team switch
            {
                { Title: "" } => $"{Tasks(team.Tasks)} no one left who could take {Them(team.Tasks)}. Forward {Them(team.Tasks)}.",
                { Tasks: 0, Lead: null } => $"{team.Title} has no active lead.",
                { Tasks: 0 } => $"They worked in {team.Title} and had no open tasks there.",
                { Lead: null } => $"{Return(team.Tasks)} to {team.Title}, which has no active lead.",
                _ => $"{Return(team.Tasks)} to {team.Title}.",
            };

        static string Tasks(int count) => count == 1 ? "1 task has" : $"{count} tasks have";
        static string Them(int count) => count == 1 ? "it" : "them";
        static string Return(int count) => count == 1 ? "1 open task returns" : $"{count} open tasks return";
    }
}
