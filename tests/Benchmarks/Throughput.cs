using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Npgsql;
using Orchestration.Embedded;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Benchmarks;

/// <summary>
/// Cases started and human steps completed (claim + complete) a second, in process, at 1, 8 and 32 clients by default, on an embedded server with fsync on,
/// in turns with
/// pgbench sending the same statements. For each: statements, buffers, WAL and CPU of the server per operation.
/// <c>dotnet run -c Release --project tests/Benchmarks -- throughput [seconds] [cases that are there before] [clients …]</c>
/// </summary>
internal static class Throughput
{
    internal const string Journey = """
        { "definitionId": "bench", "name": "Bench", "root": { "id": "root", "type": "Elsa.Flowchart", "version": 1, "start": "s",
          "activities": [ { "id": "s", "type": "Elsa.Start", "version": 1 },
            { "id": "a", "type": "Orchestration.HumanTask", "version": 1, "title": { "typeName": "String", "expression": { "type": "Literal",
                "value": "Check" } }, "team": { "typeName": "String", "expression": { "type": "Literal", "value": "bench" } } },
            { "id": "b", "type": "Orchestration.HumanTask", "version": 1, "title": { "typeName": "String", "expression": { "type": "Literal",
                "value": "Pay" } }, "team": { "typeName": "String", "expression": { "type": "Literal", "value": "bench" } } } ],
          "connections": [ { "source": { "activity": "s", "port": "Done" }, "target": { "activity": "a", "port": "In" } },
              { "source": { "activity": "a", "port": "Done" }, "target": { "activity": "b", "port": "In" } } ] } }
        """;

    private const int Rounds = 2;
    private const int WarmUp = 2;

    /// <summary>More than any machine can complete a second: no measurement runs out of tasks.</summary>
    private const int MostPerSecond = 4_000;

    public static async Task RunAsync(int seconds, int cases, int[] numbers)
    {
        var folder = Directory.CreateTempSubdirectory("orchestration-bench-");
        await using var server = await EmbeddedPostgres.StartAsync(
            new()
            {
                Directory = folder.FullName,
                Temporary = true,
                Settings = new Dictionary<string, string>(EmbeddedPostgresOptions.MachineSettings) { ["shared_preload_libraries"] = "pg_stat_statements" },
            }
        );
        var connection = new NpgsqlConnectionStringBuilder(server.ConnectionString) { MaxPoolSize = 40 }.ConnectionString;
#pragma warning disable RS0030 // A benchmark measures real time.
        await using var services = Sweeper.Services(connection, SystemClock.Instance);
#pragma warning restore RS0030
        var database = services.GetRequiredService<NpgsqlDataSource>();
        await new Migrator(typeof(Sql).Assembly, typeof(Person).Assembly).MigrateAsync(database);
        await Sweeper.OnceAsync(database, "create extension if not exists pg_stat_statements");
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

        var number = 0L;
        var template = await StartAsync();
        var copies = new CaseCopies(database, template);
        if (cases > 0)
            await copies.AddAsync(cases, closed: true);

        var limit = await FindLimitAsync();
        foreach (var clients in numbers)
        {
            var rates = new Dictionary<string, (double Product, double Limit)> { ["start"] = default, ["claim+complete"] = default };
            for (var round = 0; round < Rounds; round++)
            {
                await CompareAsync("start", () => MeasureAsync("start", clients, seconds, database, StartAsync), "start.sql");
                await CompareAsync("claim+complete", () => PairsAsync("claim+complete", clients, seconds), "claim-complete.sql");
            }

            foreach (var (what, (product, most)) in rates.Where(r => r.Value.Limit > 0))
                Console.WriteLine($"{what, -15} {clients, 3} clients: {product / Rounds, 6:0}/s, {product / most:0.00} of the limit of {most / Rounds, 6:0}/s");

            async Task CompareAsync(string what, Func<Task<double>> product, string script)
            {
                var rate = await product();
                if (limit is null)
                    return;
                var share = (long)seconds * MostPerSecond / clients;
                var from = script == "start.sql" ? copies.Reserve(share * clients) : await copies.AddAsync((int)share * clients);
                var most = await MeasureAsync($"  pgbench", clients, database, () => limit.RunAsync(script, clients, seconds, from, share));
                rates[what] = (rates[what].Product + rate, rates[what].Limit + most);
            }
        }

        async Task<Guid> StartAsync()
        {
            var n = Interlocked.Increment(ref number);
            return await StartCase.RunAsync(runtime, new("bench", $"B-{n}", "C", "Customer", [], $"k-{n}"), person) is StartCaseResult.Started(var started)
                ? started
                : throw new InvalidOperationException("Not started.");
        }

        async Task<double> PairsAsync(string what, int clients, int seconds)
        {
            var count = (WarmUp + seconds) * MostPerSecond;
            var next = await copies.AddAsync(count) - 1;
            var end = next + count;
            return await MeasureAsync(
                what,
                clients,
                seconds,
                database,
                () =>
                    PairAsync(
                        Interlocked.Increment(ref next) is var k && k < end ? CaseCopies.Task(k) : throw new InvalidOperationException("No task is left.")
                    )
            );
        }

        async Task<Guid> PairAsync(Guid task)
        {
            await ClaimTask.RunAsync(desk, new(task, 1, $"c-{task}"), person);
            return await CompleteTask.RunAsync(desk, new(task, 2, $"d-{task}"), null, [], person) is TaskResult.Done
                ? task
                : throw new InvalidOperationException("Not completed.");
        }

        // Limit takes the statements from these batches.
        async Task<Limit?> FindLimitAsync()
        {
            var sent = new List<string>();
            using (
                var listener = new ActivityListener
                {
                    ShouldListenTo = source => source.Name == "Npgsql",
                    Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
                    ActivityStopped = activity => sent.Add((string?)activity.GetTagItem("db.query.text") ?? ""),
                }
            )
            {
                ActivitySource.AddActivityListener(listener);
                var started = await StartAsync();
                await using var query = database.Query("select id from task where instance_id = $1", started);
                await PairAsync((Guid)(await query.ExecuteScalarAsync())!);
            }

            var found = await Limit.FindAsync(connection, database, sent);
            if (found is null)
                Console.WriteLine("There is no pgbench here to measure the limit by.");
            return found;
        }
    }

    private static async Task<double> MeasureAsync(string what, int clients, int seconds, NpgsqlDataSource database, Func<Task<Guid>> once)
    {
        // What is used often is compiled once more, and every connection plans what it has sent a few times: neither belongs into the figures.
        await RunAsync(WarmUp);
        var times = new List<double>();
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var allocated = GC.GetTotalAllocatedBytes();
        var rate = await MeasureAsync(
            what,
            clients,
            database,
            async () =>
            {
                var watch = Stopwatch.StartNew();
                times.AddRange(await RunAsync(seconds));
                return times.Count / watch.Elapsed.TotalSeconds;
            }
        );
        if (what.Length > 0)
        {
            times.Sort();
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{"", -29}p50 {times[times.Count / 2], 5:0.0} ms   p99 {times[times.Count * 99 / 100], 5:0.0} ms   host: "
                        + $"{(Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMilliseconds / times.Count, 5:0.00} ms CPU, "
                        + $"{(GC.GetTotalAllocatedBytes() - allocated) / 1024 / times.Count} KB allocated"
                )
            );
        }

        return rate;

        async Task<IEnumerable<double>> RunAsync(int seconds)
        {
            var watch = Stopwatch.StartNew();
            return (await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(() => ClientAsync(watch, seconds))))).SelectMany(t => t);
        }

        async Task<List<double>> ClientAsync(Stopwatch watch, int seconds)
        {
            var each = new List<double>();
            while (watch.Elapsed.TotalSeconds < seconds)
            {
                var began = watch.Elapsed.TotalMilliseconds;
                await once();
                each.Add(watch.Elapsed.TotalMilliseconds - began);
            }

            return each;
        }
    }

    /// <summary>Runs it and says what the server used for each operation.</summary>
    private static async Task<double> MeasureAsync(string what, int clients, NpgsqlDataSource database, Func<Task<double>> run)
    {
        await Sweeper.OnceAsync(database, "checkpoint");
        var before = await ServerUse.NowAsync(database);
        var watch = Stopwatch.StartNew();
        var rate = await run();
        var after = await ServerUse.NowAsync(database);
        var count = rate * watch.Elapsed.TotalSeconds;
        if (what.Length > 0)
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what, -15} {clients, 3} clients: {rate, 6:0}/s   server: {(after.Cpu - before.Cpu) / count, 5:0.00} ms CPU, "
                        + $"{(after.Statements - before.Statements) / count, 4:0.0} statements, {(after.Buffers - before.Buffers) / count, 5:0} buffers, "
                        + $"{(after.Wal - before.Wal) / 1024 / count, 5:0.0} KB WAL"
                )
            );
        return rate;
    }
}
