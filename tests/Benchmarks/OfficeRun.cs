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

/// <summary>Makes the demo office and says what became of it. <c>dotnet run -c Release --project tests/Benchmarks -- office [weeks]</c></summary>
internal static class OfficeRun
{
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
        order by 1
        """;

    public static async Task RunAsync(int weeks, Func<IServiceProvider, Task>? then = null)
    {
        var folder = Directory.CreateTempSubdirectory("orchestration-bench-");
        await using var server = await EmbeddedPostgres.StartAsync(
            new()
            {
                Directory = folder.FullName,
                Temporary = true,
                Settings = EmbeddedPostgresOptions.MachineSettings,
            }
        );
#pragma warning disable RS0030 // A benchmark measures real time.
        await using var services = Sweeper.Services(server.ConnectionString, SystemClock.Instance);
#pragma warning restore RS0030
        var database = services.GetRequiredService<NpgsqlDataSource>();
        await new Migrator(typeof(Sql).Assembly, typeof(Person).Assembly).MigrateAsync(database);
        var now = services.GetRequiredService<WorkflowRuntime>().Clock.Now();
        var seed = ActivatorUtilities.CreateInstance<SeedPeople>(services);
        await seed.TeamsAsync(await File.ReadAllBytesAsync(Path.Combine(Sweeper.Definitions(), "teams.json")), now);
        await seed.DemoAsync(await File.ReadAllBytesAsync(Path.Combine(Sweeper.Definitions(), "people.json")), "demo", now);
        if (await services.GetRequiredService<JourneyFiles>().LoadAsync(Sweeper.Definitions(), now) != 0)
            throw new InvalidOperationException("The shipped definitions do not load.");
        var office = ActivatorUtilities.CreateInstance<DemoOffice>(services, server.ConnectionString);
        var began = Stopwatch.GetTimestamp();
        var done = await office.RunAsync(weeks, isNew: true);
        Console.WriteLine($"{done} in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
        if (then is not null)
        {
            await then(services);
            return;
        }

        await using var query = database.Query(Figures);
        await using var reader = await query.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            Console.WriteLine($"{reader.GetString(0), -45} {reader.GetInt64(1), 6} {reader.GetInt64(2), 6}");
    }
}
