using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Npgsql;
using Orchestration.Embedded;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Benchmarks;

/// <summary>
/// A host that has to know many definitions: 1,000 of 50 activities, compiled and kept. Goals: under 5 s and 200 MB.
/// <c>dotnet run -c Release --project tests/Benchmarks -- compile</c>
/// </summary>
internal static class ManyDefinitions
{
    public static void Compile()
    {
        var json = BurstBenchmarks.Journey(50);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
#pragma warning disable RS0030 // A benchmark measures real time.
        var watch = Stopwatch.StartNew();
#pragma warning restore RS0030
        var kept = new List<CompiledWorkflow>();

        for (var i = 0; i < 1000; i++)
            kept.Add(BurstBenchmarks.Compile(json));

        var elapsed = watch.Elapsed;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.WriteLine(
            $"{kept.Count} definitions of 50 activities: {elapsed.TotalSeconds:0.00} s, {held / 1048576.0:0.0} MB kept, "
                + $"{allocated / 1048576.0:0.0} MB allocated, {Environment.WorkingSet / 1048576.0:0} MB working set"
        );
        GC.KeepAlive(kept);
    }

    /// <summary>As a host reads them at its start, from a database. <c>dotnet run -c Release --project tests/Benchmarks -- load</c></summary>
    public static async Task LoadAsync()
    {
        var folder = Directory.CreateTempSubdirectory("orchestration-bench-");
        await using var server = await EmbeddedPostgres.StartAsync(new() { Directory = folder.FullName, Temporary = true });
#pragma warning disable RS0030 // A benchmark measures real time.
        await using var services = Sweeper.Services(server.ConnectionString, SystemClock.Instance);
        var database = services.GetRequiredService<NpgsqlDataSource>();
        await new Migrator(typeof(Sql).Assembly, typeof(Person).Assembly).MigrateAsync(database);
        await using (
            var insert = database.Query(
                """
                insert into workflow_definition
                    (id, definition_id, version, name, is_latest, is_published, document, origin, created_by, created_at, published_at)
                select 'v' || n, 'd' || n, 1, 'Journey ' || n, true, true, replace(replace($1, '"v1"', '"v' || n || '"'), '"d1"', '"d' || n || '"')::json,
                    'import', 'bench', now(), now()
                from generate_series(1, 1000) n
                """,
                Encoding.UTF8.GetString(BurstBenchmarks.Journey(50))
            )
        )
            await insert.ExecuteNonQueryAsync();

        var store = services.GetRequiredService<DefinitionStore>();
        foreach (var time in new[] { "at start", "after a change" })
        {
            var watch = Stopwatch.StartNew();
            await store.LoadPublishedAsync();
            Console.WriteLine($"1000 definitions of 50 activities from the database, {time}: {watch.Elapsed.TotalSeconds:0.000} s");
        }
#pragma warning restore RS0030
    }
}
