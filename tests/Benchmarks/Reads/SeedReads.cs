using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Demo;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Benchmarks.Reads;

/// <summary>
/// Fills a database with finished and running cases for <see cref="MeasureReads"/>: the demo cases, made with the product's verbs, multiplied by the server
/// (<c>seed.sql</c>). Asked again, it adds nothing. <c>dotnet run -c Release --project tests/Benchmarks -- seed-reads CONNECTION [finished] [running]</c>
/// </summary>
internal static class SeedReads
{
    public static async Task RunAsync(string connection, int finished, int running)
    {
#pragma warning disable RS0030 // A benchmark measures real time.
        var clock = SystemClock.Instance;
#pragma warning restore RS0030
        await using var services = Sweeper.Services(connection, clock);
        var database = services.GetRequiredService<NpgsqlDataSource>();
        await new Migrator(typeof(Sql).Assembly, typeof(Person).Assembly).MigrateAsync(database);
        var now = clock.GetCurrentInstant();
        await Partitions.EnsureAsync(database, now);
        var seed = ActivatorUtilities.CreateInstance<SeedPeople>(services);
        await seed.TeamsAsync(await File.ReadAllBytesAsync(Path.Combine(Sweeper.Definitions(), "teams.json")), now);
        await seed.DemoAsync(await File.ReadAllBytesAsync(Path.Combine(Sweeper.Definitions(), "people.json")), "demo", now);
        if (await services.GetRequiredService<JourneyFiles>().LoadAsync(Sweeper.Definitions(), now) != 0)
            throw new InvalidOperationException("The shipped definitions do not load.");
        await services.GetRequiredService<ServiceLevelCatalog>().LoadAsync();
        await ActivatorUtilities.CreateInstance<DemoCases>(services, ActivatorUtilities.CreateInstance<FindPerson>(services)).RunAsync();

        await using var session = await database.OpenConnectionAsync();
        session.Notice += (_, notice) => Console.WriteLine(notice.Notice.MessageText);
        await RunAsync(
            session,
            string.Create(CultureInfo.InvariantCulture, $"set bench.closed = {finished}; set bench.open = {running}; set bench.now = '{now}'")
        );
        await RunAsync(session, await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Reads", "seed.sql")));
        // The product's transactions write these rows.
        await RunAsync(
            session,
            $"""
            insert into case_search (case_id, open, created_at, words)
                select c.id, i.status = 'Running', c.created_at, {CaseWords.Of("c")} from journey_case c join workflow_instance i on i.id = c.id
                on conflict do nothing
            """
        );
        await RunAsync(
            session,
            CaseViewers.Keep("in (select i.id from workflow_instance i where not exists (select from case_viewer v where v.instance_id = i.id))")
        );
        await RunAsync(session, "vacuum (analyze)");
    }

    private static async Task RunAsync(NpgsqlConnection session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }
}
