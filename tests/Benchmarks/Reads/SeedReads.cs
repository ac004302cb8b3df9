using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Demo;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Retention;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Benchmarks.Reads;

/// <summary>
/// Fills a database with finished and running cases for <see cref="MeasureReads"/>: the demo cases, made with the product's verbs, multiplied by the server
/// (<c>seed.sql</c>). Finished ones beyond <c>full</c> are light (<see cref="SeedLight"/>). Asked again, it adds nothing; asked for more, only those.
/// <c>dotnet run -c Release --project tests/Benchmarks -- seed-reads CONNECTION [finished] [running] [full]</c>
/// </summary>
internal static class SeedReads
{
    public static async Task RunAsync(string connection, int finished, int running, int full)
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
        var retention = Path.Combine(Sweeper.Definitions(), "retention", "policy.json");
        if (await RetentionPolicies.LoadFileAsync(services.GetRequiredService<SettingDocuments>(), retention, now) is not [])
            throw new InvalidOperationException("The shipped policy of retention does not load.");
        await services.GetRequiredService<ServiceLevelCatalog>().LoadAsync();
        await ActivatorUtilities.CreateInstance<DemoCases>(services, ActivatorUtilities.CreateInstance<FindPerson>(services)).RunAsync();

        await using var session = await OpenAsync(database);
        await RunAsync(
            session,
            string.Create(CultureInfo.InvariantCulture, $"set bench.closed = {Math.Min(finished, full)}; set bench.open = {running}; set bench.now = '{now}'")
        );
        await RunFileAsync(session, "seed.sql");

        // The product's transactions write these rows. Last of all, so who has them has all else.
        const string Last = "(select bench.id(template, number, start) id from bench.copy order by number desc limit 1)";
        if (!await AsksAsync(session, $"exists (select from case_viewer v join {Last} c on c.id = v.instance_id)"))
        {
            await RunFileAsync(session, "people.sql");
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
        }

        if (finished > full)
            await SeedLight.RunAsync(services, session, finished - full, Math.Max(300_000, finished / 10), now);
        await RunFileAsync(session, "customers.sql");
        await RunAsync(session, "call bench.make_indexes()");
        await RunAsync(session, "vacuum (analyze)");
    }

    /// <summary>A session that checks no foreign keys and doesn't wait for the disk.</summary>
    internal static async Task<NpgsqlConnection> OpenAsync(NpgsqlDataSource database)
    {
        var session = await database.OpenConnectionAsync();
        session.Notice += (_, notice) => Console.WriteLine(notice.Notice.MessageText);
        await RunAsync(
            session,
            "set session_replication_role = replica; set synchronous_commit = off; set work_mem = '256MB'; set maintenance_work_mem = '1GB'"
        );
        return session;
    }

    internal static async Task RunFileAsync(NpgsqlConnection session, string file) =>
        await RunAsync(session, await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Reads", file)));

    internal static async Task<bool> AsksAsync(NpgsqlConnection session, string condition)
    {
        await using var command = new NpgsqlCommand($"select {condition}", session) { CommandTimeout = 0 };
        return await command.ExecuteScalarAsync() is true;
    }

    internal static async Task RunAsync(NpgsqlConnection session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }
}
