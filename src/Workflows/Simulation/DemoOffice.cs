using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Performance;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Simulation;

/// <summary>
/// Fills a new development database with weeks of an office's history, made by the real verbs. Jobs are paused meanwhile: what fell due in those weeks is
/// done at its time. The figures of performance are counted at the end: those of a case would be counted anew whenever it moves.
/// </summary>
/// <param name="connection">How the simulation connects. It doesn't wait for the disk: whoever loses this history by a crash makes a new database.</param>
public sealed class DemoOffice(
    string connection,
    WorkflowRuntime runtime,
    NpgsqlDataSource database,
    AddPerson add,
    FindPerson people,
    JobDesk desk,
    ForecastOffice forecasts,
    KeepFigures figures,
    IClock clock,
    ILoggerFactory log
)
{
    // Weeks of work in minutes asks the same few statements: to plan them anew each time took a quarter of the server's time.
    private const string NoWaiting = "-c jit=off -c synchronous_commit=off -c plan_cache_mode=force_generic_plan";

    // More than there are: a connection that had to forget some would prepare them again and again.
    private const int MostStatements = 1_000;
    private const string Actor = "setup";
    private const string Reason = "The demo office is being filled.";
    private const int Seed = 20_261;

    /// <summary>Where people can see how far it is; null before and after.</summary>
    public OfficeProgress? Progress { get; private set; }

    /// <summary>When the simulated history begins and ends, while it is made.</summary>
    public Interval? Span { get; private set; }

    /// <summary>Whether a host was stopped before it had made the whole history.</summary>
    public bool IsIncomplete { get; private set; }

    /// <summary>Makes the history of a new database. Only one host does it, and one that was interrupted isn't continued.</summary>
    /// <param name="weeks">How many weeks; 0: none.</param>
    /// <param name="isNew">Whether the database is new: otherwise it only ends what a killed host left.</param>
    /// <returns>What was done; null when there was nothing to do.</returns>
    public async Task<OfficeProgress?> RunAsync(int weeks, bool isNew, CancellationToken cancel = default)
    {
        await using var alone = await JobLock.TryTakeAsync(database, "demo-office");
        if (alone is null)
            return null;

        // A host that was killed in the middle left the jobs paused.
        await ResumeJobsAsync();
        if (!isNew || weeks == 0)
        {
            await using var query = database.Query("select exists (select from demo_office where done_at is null)");
            IsIncomplete = (bool)(await query.ExecuteScalarAsync(cancel))!;
            return null;
        }

        var now = clock.Now();
        var from = now.InZone(OfficePlan.Demo.Zone).Date.PlusDays(-7 * weeks);
        var begin = from.AtStartOfDayInZone(OfficePlan.Demo.Zone).ToInstant();
        Span = new(begin, now);
        await WriteAsync("insert into demo_office (begun_at) values ($1) on conflict (id) do update set begun_at = $1, done_at = null");
        await PauseJobsAsync(cancel);
        try
        {
            await PrepareAsync(weeks, cancel);
            await AddPeopleAsync(begin, cancel);
            var model = new OfficeModel(OfficePlan.Demo, from, now, Seed);
            var quick = new NpgsqlConnectionStringBuilder(connection)
            {
                Options = NoWaiting,
                MaxAutoPrepare = MostStatements,
                AutoPrepareMinUsages = 1,
            };
            await using var fast = Sql.CreateDataSource(quick.ConnectionString);
            await using var driver = new OfficeDriver(model, fast, begin, log);
            var done = await driver.RunAsync(now, progress => Progress = progress, cancel);
            await DemoPresence.WriteAsync(database, model.Shifts, now, cancel);
            await AimAsync(now, cancel);
            await StepEffort.LearnAsync(database, now, cancel);
            forecasts.LearnAnew();
            await figures.RunAsync(cancel);
            await WriteAsync("update demo_office set done_at = $1");
            return done;
        }
        finally
        {
            (Progress, Span) = (null, null);
            await ResumeJobsAsync();
        }
    }

    private async Task WriteAsync(string sql)
    {
        await using var write = database.Query(sql, clock.Now());
        await write.ExecuteNonQueryAsync();
    }

    /// <summary>Makes the partitions of those weeks. Must come before any history in them: a month whose rows are in the default partition gets none.</summary>
    public async Task PrepareAsync(int weeks, CancellationToken cancel = default)
    {
        var now = clock.Now();
        for (var month = now - Duration.FromDays(7 * (weeks + 1)); month < now; month += Duration.FromDays(28))
            await Partitions.EnsureAsync(database, month, cancel);
    }

    /// <summary>Adds who isn't there yet.</summary>
    private async Task AddPeopleAsync(Instant at, CancellationToken cancel)
    {
        var known = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        await using (var query = database.Query("select user_name from person"))
        await using (var reader = await query.ExecuteReaderAsync(cancel))
        {
            while (await reader.ReadAsync(cancel))
                known.Add(reader.GetString(0));
        }

        await using var hash = database.Query("select password_hash from person where user_name = 'adjuster1'");
        var password = await hash.ExecuteScalarAsync(cancel) as string;
        var missing = OfficePlan.Demo.People.Where(p => !known.Contains(p.UserName)).ToList();
        foreach (var person in missing)
        {
            var added = new NewPerson(person.UserName, person.DisplayName, $"{person.UserName}@example.com", [Roles.Employee])
            {
                Teams = person.Teams,
                Skills = [.. person.Skills.Select(skill => new Skill(skill.Key, skill.Level))],
            };
            await add.TryAsync(added, password, Actor, at, cancel);
        }
    }

    /// <summary>Sets targets.</summary>
    private async Task AimAsync(Instant now, CancellationToken cancel)
    {
        await using var query = database.Query("select id from person where user_name = 'supervisor' and active");
        if (await query.ExecuteScalarAsync(cancel) is not Guid id || await people.OfIdAsync(id, now, cancel) is not { } supervisor)
            return;
        foreach (var (measure, good, fair) in new[] { ("onTime", 0.95, 0.9), ("promises", 0.9, 0.8), ("rightFirstTime", 0.95, 0.9) })
            await Target.SaveAsync(runtime, new(measure, "", "", "", good, fair, 0), supervisor, cancel);
    }

    private async Task PauseJobsAsync(CancellationToken cancel)
    {
        foreach (var job in JobCatalog.All)
            await desk.PauseAsync(job.Name, Actor, Reason, cancel);
    }

    /// <summary>Resumes what this has paused; what a person has paused stays so.</summary>
    private async Task ResumeJobsAsync()
    {
        foreach (var (job, pause) in await desk.PausesAsync())
        {
            if (pause.By == Actor && pause.Reason == Reason)
                await desk.ResumeAsync(job, Actor);
        }
    }
}
