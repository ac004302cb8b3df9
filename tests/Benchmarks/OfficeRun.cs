using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Embedded;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Simulation;

namespace Orchestration.Benchmarks;

/// <summary>Makes the demo office; says what it cost and became. <c>dotnet run -c Release --project tests/Benchmarks -- office [weeks]</c></summary>
internal static class OfficeRun
{
    private static readonly Instant Now = Instant.FromUtc(2026, 11, 27, 16, 0);

    private const string Figures = """
        select 'cases, ' || journey, count(*) filter (where i.status = 'Running'), count(*) filter (where i.status <> 'Running')
        from journey_case c join workflow_instance i on i.id = c.id group by journey
        union all
        select 'tasks, ' || coalesce(team, 'no team'), count(*) filter (where ended_at is null), count(*) filter (where ended_at is not null)
        from task group by team
        union all
        select 'clocks, ' || policy, count(*) filter (where not breached), count(*) filter (where breached) from sla_clock group by policy
        union all
        select 'incidents', count(*), 0 from workflow_instance where incident_count > 0
        union all
        select 'history, ' || action, count(*), 0 from event group by action
        union all
        select 'promises, ' || coalesce(outcome, 'open'), count(*), 0 from promise group by outcome
        union all
        select 'tasks, ' || state, count(*), 0 from task group by state
        order by 1
        """;

    /// <summary>The same history without its ids has the same hash.</summary>
    private const string Hash = """
        select md5(string_agg(concat_ws(' ', at, action, actor), ',' order by at, action, actor)) from event
        """;

    private const string Costly = """
        select round(total_exec_time)::bigint, calls, round(mean_exec_time::numeric, 3)::float8, left(regexp_replace(query, '\s+', ' ', 'g'), 150)
        from pg_stat_statements order by total_exec_time desc limit 40
        """;

    public static async Task RunAsync(int weeks, Func<IServiceProvider, Task>? then = null)
    {
        var folder = Directory.CreateTempSubdirectory("orchestration-bench-");
        await using var server = await EmbeddedPostgres.StartAsync(
            new()
            {
                Directory = folder.FullName,
                Temporary = true,
                Settings = EmbeddedPostgresOptions.MachineSettings.Append(new("shared_preload_libraries", "pg_stat_statements")).ToDictionary(),
            }
        );
        await using var services = Sweeper.Services(server.ConnectionString, new Standing(Now));
        var database = services.GetRequiredService<NpgsqlDataSource>();
        await new Migrator(typeof(Sql).Assembly, typeof(Person).Assembly).MigrateAsync(database);
        var now = services.GetRequiredService<WorkflowRuntime>().Clock.Now();
        var seed = ActivatorUtilities.CreateInstance<SeedPeople>(services);
        await seed.TeamsAsync(await File.ReadAllBytesAsync(Path.Combine(Sweeper.Definitions(), "teams.json")), now);
        await seed.DemoAsync(await File.ReadAllBytesAsync(Path.Combine(Sweeper.Definitions(), "people.json")), "demo", now);
        if (await services.GetRequiredService<JourneyFiles>().LoadAsync(Sweeper.Definitions(), now) != 0)
            throw new InvalidOperationException("The shipped definitions do not load.");
        var office = ActivatorUtilities.CreateInstance<DemoOffice>(services, server.ConnectionString);
        await Sweeper.OnceAsync(database, "create extension if not exists pg_stat_statements");
        await Sweeper.OnceAsync(database, "select pg_stat_statements_reset()");
        var (began, before, ours) = (Stopwatch.GetTimestamp(), await ServerUse.NowAsync(database), Environment.CpuUsage.TotalTime);
        var done = await office.RunAsync(weeks, isNew: true);
        var (after, spent) = (await ServerUse.NowAsync(database), Environment.CpuUsage.TotalTime - ours);
        Console.WriteLine($"{done} in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
        Console.WriteLine(
            $"CPU: {spent.TotalSeconds:0.0} s here, {after.CpuSince(before) / 1000:0.0} s in the server; "
                + $"{after.Statements - before.Statements:0} statements, {(after.Wal - before.Wal) / 1e6:0} MB of WAL"
        );
        await using (var costly = database.Query(Costly))
        await using (var r = await costly.ExecuteReaderAsync())
        {
            while (await r.ReadAsync())
                Console.WriteLine($"{r.GetInt64(0), 7} ms {r.GetInt64(1), 7} x {r.GetDouble(2), 8:0.000} {r.GetString(3)}");
        }

        if (then is not null)
        {
            await then(services);
            return;
        }

        await using var query = database.Query(Figures);
        await using var reader = await query.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            Console.WriteLine($"{reader.GetString(0), -45} {reader.GetInt64(1), 6} {reader.GetInt64(2), 6}");
        await reader.CloseAsync();
        await using var hash = database.Query(Hash);
        Console.WriteLine($"history {await hash.ExecuteScalarAsync()}");
    }

    /// <summary>The office ends at the same time in each run, so that runs can be compared.</summary>
    private sealed class Standing(Instant now) : IClock
    {
        public Instant GetCurrentInstant() => now;
    }
}
