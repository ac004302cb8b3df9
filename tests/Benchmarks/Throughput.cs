using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Embedded;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Benchmarks;

/// <summary>
/// Cases started and human steps completed (claim + complete) a second, in process, at 1, 8 and 32 clients, on an embedded server with fsync on; with the
/// statements and commits each took.
/// <c>dotnet run -c Release --project tests/Benchmarks -- throughput [seconds]</c>
/// </summary>
internal static class Throughput
{
    private const string Journey = """
        { "definitionId": "bench", "name": "Bench", "root": { "id": "root", "type": "Elsa.Flowchart", "version": 1, "start": "s",
          "activities": [ { "id": "s", "type": "Elsa.Start", "version": 1 },
            { "id": "a", "type": "Orchestration.HumanTask", "version": 1, "title": { "typeName": "String", "expression": { "type": "Literal",
                "value": "Check" } }, "team": { "typeName": "String", "expression": { "type": "Literal", "value": "bench" } } },
            { "id": "b", "type": "Orchestration.HumanTask", "version": 1, "title": { "typeName": "String", "expression": { "type": "Literal",
                "value": "Pay" } }, "team": { "typeName": "String", "expression": { "type": "Literal", "value": "bench" } } } ],
          "connections": [ { "source": { "activity": "s", "port": "Done" }, "target": { "activity": "a", "port": "In" } },
              { "source": { "activity": "a", "port": "Done" }, "target": { "activity": "b", "port": "In" } } ] } }
        """;

    private static readonly int[] Clients = [1, 8, 32];

    public static async Task RunAsync(int seconds)
    {
        var folder = Directory.CreateTempSubdirectory("orchestration-bench-");
        await using var server = await EmbeddedPostgres.StartAsync(new() { Directory = folder.FullName, Temporary = true });
        var connection = new NpgsqlConnectionStringBuilder(server.ConnectionString) { MaxPoolSize = 40 }.ConnectionString;
#pragma warning disable RS0030 // A benchmark measures real time.
        await using var services = new ServiceCollection()
            .AddLogging(l => l.SetMinimumLevel(LogLevel.None))
            .AddSingleton(_ => Sql.CreateDataSource(connection))
            .AddSingleton<IClock>(SystemClock.Instance)
            .AddSingleton<Changes>()
            .AddSingleton<AddPerson>()
            .AddWorkflows()
            .BuildServiceProvider();
#pragma warning restore RS0030
        var database = services.GetRequiredService<NpgsqlDataSource>();
        await new Migrator(typeof(Sql).Assembly, typeof(Person).Assembly).MigrateAsync(database);
        var (runtime, desk) = (services.GetRequiredService<WorkflowRuntime>(), services.GetRequiredService<TaskRuntime>());
        var now = runtime.Clock.Now();
        await Partitions.EnsureAsync(database, now);
        await using (var team = database.Query("insert into team (key, title, created_at) values ('bench', 'Bench', $1)", now))
            await team.ExecuteNonQueryAsync();
        var id = await services
            .GetRequiredService<AddPerson>()
            .TryAsync(new("bench", "Bench", null, [Roles.Employee]) { Teams = ["bench"] }, "not used", "bench", now);
        var person = new Person(id!.Value, "bench", "Bench", null, [Roles.Employee], ["bench"], [], default);
        if (await runtime.Definitions.PublishAsync(new("bench", Encoding.UTF8.GetBytes(Journey), "file"), "bench", now) is not PublishResult.Published)
            throw new InvalidOperationException("The journey does not publish.");

        var rates = new Dictionary<(string What, int Clients), double>();
        var number = 0;
        // What is used often is compiled once more, and every connection prepares what it has sent twice: neither belongs into the figures.
        await StartsAsync(Clients[^1], "");
        await PairsAsync(Clients[^1], "");
        foreach (var clients in Clients)
            rates[("starts", clients)] = await StartsAsync(clients, "starts");
        foreach (var clients in Clients)
            rates[("claims+completes", clients)] = await PairsAsync(clients, "claims+completes");

        Task<double> StartsAsync(int clients, string what) =>
            MeasureAsync(
                what,
                clients,
                seconds,
                database,
                async () =>
                {
                    var n = Interlocked.Increment(ref number);
                    if (await StartCase.RunAsync(runtime, new("bench", $"B-{n}", "C", "Customer", [], $"k-{n}"), person) is not StartCaseResult.Started)
                        throw new InvalidOperationException("Not started.");
                }
            );

        async Task<double> PairsAsync(int clients, string what)
        {
            var open = new System.Collections.Concurrent.ConcurrentQueue<Guid>();
            await using (var query = database.Query("select id from task where state = 'Ready'"))
            await using (var reader = await query.ExecuteReaderAsync())
            {
                while (await reader.ReadAsync())
                    open.Enqueue(reader.GetGuid(0));
            }

            return await MeasureAsync(
                what,
                clients,
                seconds,
                database,
                async () =>
                {
                    if (!open.TryDequeue(out var task))
                        throw new InvalidOperationException("No task is left: measure for a shorter time.");
                    await ClaimTask.RunAsync(desk, new(task, 1, $"c-{task}"), person);
                    if (await CompleteTask.RunAsync(desk, new(task, 2, $"d-{task}"), null, [], person) is not TaskResult.Done)
                        throw new InvalidOperationException("Not completed.");
                }
            );
        }

        if (await Limit.FindAsync(connection, database) is not { } limit)
        {
            Console.WriteLine("There is no pgbench here to measure the limit by.");
            return;
        }

        foreach (var clients in Clients)
        {
            var (starts, pairs) = await limit.MeasureAsync(clients, seconds);
            Compare("starts", starts);
            Compare("claims+completes", pairs);

            void Compare(string what, double most) =>
                Console.WriteLine($"{what, -18} {clients, 3} clients: {most, 7:0}/s by pgbench; the product does {rates[(what, clients)] / most:0 %} of it");
        }
    }

    private static async Task<double> MeasureAsync(string what, int clients, int seconds, NpgsqlDataSource database, Func<Task> once)
    {
        var before = await CommitsAsync(database);
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var allocated = GC.GetTotalAllocatedBytes();
        var watch = Stopwatch.StartNew();
        var times = await Task.WhenAll(
            Enumerable
                .Range(0, clients)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        var each = new List<double>();
                        while (watch.Elapsed.TotalSeconds < seconds)
                        {
                            var began = watch.Elapsed.TotalMilliseconds;
                            await once();
                            each.Add(watch.Elapsed.TotalMilliseconds - began);
                        }

                        return each;
                    })
                )
        );
        var all = times.SelectMany(t => t).Order().ToList();
        var elapsed = watch.Elapsed.TotalSeconds;
        if (what == "")
            return 0;
        Console.WriteLine(
            $"{what, -18} {clients, 3} clients: {all.Count / elapsed, 7:0}/s   p50 {all[all.Count / 2], 6:0.0} ms   p99 "
                + $"{all[all.Count * 99 / 100], 6:0.0} ms   "
                + $"{(await CommitsAsync(database) - before) / (double)all.Count, 5:0.0} commits   "
                + $"{(Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMilliseconds / all.Count, 5:0.00} ms CPU of the host   "
                + $"{(GC.GetTotalAllocatedBytes() - allocated) / 1024 / all.Count} KB"
        );
        return all.Count / elapsed;
    }

    private static async Task<long> CommitsAsync(NpgsqlDataSource database)
    {
        // Sessions report their counts when they are idle for a moment or asked to.
        await using var flush = database.Query("select pg_stat_force_next_flush()");
        await flush.ExecuteNonQueryAsync();
        await using var query = database.Query("select xact_commit from pg_stat_database where datname = current_database()");
        return (long)(await query.ExecuteScalarAsync())!;
    }
}
