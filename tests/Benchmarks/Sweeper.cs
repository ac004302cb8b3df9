using System.Diagnostics;
using System.Globalization;
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
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;

namespace Orchestration.Benchmarks;

/// <summary>
/// Rungs of SLA clocks that are all due at one instant: how many are acted on a second, and how long after the instant each was committed, with one host
/// process and with two, on an embedded server with fsync on. Two rungs: the reminder at 75 % (one notification), and the breach at 100 % (breach, priority,
/// lead told, task given to the lead). Each host has acted on other clocks before, as one that runs for a while has.
/// <c>dotnet run -c Release --project tests/Benchmarks -- sweeper [clocks] [hosts …]</c>
/// </summary>
internal static class Sweeper
{
    private const int People = 50;
    private const int WarmUp = 4_000;
    private static readonly Duration Target = Duration.FromHours(4);
    private static readonly Duration Earlier = Duration.FromHours(2);

    private const string Journey = """
        { "definitionId": "bench", "name": "Bench", "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [
            { "id": "a", "type": "Orchestration.HumanTask", "version": 1, "title": { "typeName": "String", "expression": { "type": "Literal",
                "value": "Check the claim" } },
              "team": { "typeName": "String", "expression": { "type": "Literal", "value": "bench" } }, "slaDuration": { "typeName": "String",
                  "expression": { "type": "Literal", "value": "PT4H" } } } ] } }
        """;

    public static async Task RunAsync(int clocks, int[] hosts)
    {
        var folder = Directory.CreateTempSubdirectory("orchestration-bench-");
        await using var server = await EmbeddedPostgres.StartAsync(
            new()
            {
                Directory = folder.FullName,
                Temporary = true,

                // Tells of every row when it was committed, and of every statement how often it ran and how long it took.
                Settings = new Dictionary<string, string>
                {
                    ["track_commit_timestamp"] = "on",
                    ["shared_preload_libraries"] = "pg_stat_statements",
                    ["max_wal_size"] = "4GB",
                },
            }
        );
        var clock = new ShiftedClock();
        await using var services = Services(server.ConnectionString, clock);
        var database = services.GetRequiredService<NpgsqlDataSource>();
        await new Migrator(typeof(Sql).Assembly, typeof(Person).Assembly).MigrateAsync(database);
        await OnceAsync(database, "create extension if not exists pg_stat_statements");
        await PrepareAsync(services, database);
        foreach (var count in hosts)
        {
            await OnceAsync(database, "truncate workflow_instance cascade");
            clock.Shift = -Earlier;
            await CloneAsync(services, database, WarmUp, "W");
            clock.Shift = Duration.Zero;
            var began = await CloneAsync(services, database, clocks, "C");
            await OnceAsync(database, "vacuum analyze");
            await MeasureAsync(
                $"reminder, {count} host{(count > 1 ? "s" : "")}",
                count,
                server.ConnectionString,
                database,
                clocks,
                began + Target * 3 / 4,
                "75%"
            );
            await MeasureAsync($"breach, {count} host{(count > 1 ? "s" : "")}", count, server.ConnectionString, database, clocks, began + Target, "100%");
        }
    }

    /// <summary>A host of the measurement: warms up, waits for the amount to shift its clock by, then sweeps until nothing is due.</summary>
    public static async Task WorkAsync(string connection)
    {
        var clock = new ShiftedClock();
        await using var services = Services(connection, clock);
        await services.GetRequiredService<ServiceLevelCatalog>().LoadAsync();
        var escalate = services.GetRequiredService<Escalate>();
        clock.Shift = Shift();
        await escalate.RunAsync();
        Console.WriteLine("ready");
        clock.Shift = Shift();
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        await escalate.RunAsync();
        Console.WriteLine((Process.GetCurrentProcess().TotalProcessorTime - before).TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture));
        Console.ReadLine();

        static Duration Shift() => Duration.FromTicks(long.Parse(Console.ReadLine()!, CultureInfo.InvariantCulture));
    }

    internal static ServiceProvider Services(string connection, IClock clock)
    {
        var collection = new ServiceCollection();
        collection.AddDataProtection();
        collection.AddJobs(connection);
        return collection
            .AddLogging(l => l.SetMinimumLevel(LogLevel.Error).AddSimpleConsole())
            .AddSingleton(_ => Sql.CreateDataSource(connection))
            .AddSingleton(clock)
            .AddSingleton<Changes>()
            .AddSingleton(new PasswordSettings())
            .AddSingleton<AddPerson>()
            .AddSingleton<FindPerson>()
            .AddWorkflows()
            .BuildServiceProvider();
    }

    internal static async Task PrepareAsync(ServiceProvider services, NpgsqlDataSource database)
    {
        var runtime = services.GetRequiredService<WorkflowRuntime>();
        var now = runtime.Clock.Now();
        await Partitions.EnsureAsync(database, now);
        var add = services.GetRequiredService<AddPerson>();
        await OnceAsync(database, "insert into team (key, title, created_at) values ('bench', 'Bench', now())");
        for (var i = 0; i < People; i++)
            await add.TryAsync(
                new($"bench{i}", $"Bench {i}", null, i == 0 ? [Roles.Employee, Roles.Supervisor] : [Roles.Employee])
                {
                    Teams = ["bench"],
                    Leads = i == 0 ? ["bench"] : [],
                },
                "not used",
                "bench",
                now
            );
        if (await services.GetRequiredService<JourneyFiles>().LoadAsync(Definitions(), now) != 0)
            throw new InvalidOperationException("The shipped definitions do not load.");
        if (await runtime.Definitions.PublishAsync(new("bench", Encoding.UTF8.GetBytes(Journey), "file"), "bench", now) is not PublishResult.Published)
            throw new InvalidOperationException("The journey does not publish.");
    }

    /// <summary>Starts one case as the product does, and copies its rows. Returns when its clock began.</summary>
    private static async Task<Instant> CloneAsync(ServiceProvider services, NpgsqlDataSource database, int clocks, string prefix)
    {
        var runtime = services.GetRequiredService<WorkflowRuntime>();
        var person = new Person(Guid.Empty, "bench0", "Bench", null, [Roles.Supervisor], [], [], default);
        if (
            await StartCase.RunAsync(runtime, new("bench", $"{prefix}-0", "C", "Customer", [], $"k-{Guid.CreateVersion7(DateTimeOffset.UnixEpoch)}"), person)
            is not StartCaseResult.Started
            (var first)
        )
            throw new InvalidOperationException("Not started.");

        // The ids of the copies follow each other, as those of the product do.
        var id = $"((select replace(w.id::text, '-', '') from workflow_instance w where w.id = '{first}'))";
        await OnceAsync(
            database,
            $"""
            create temporary table copy as select (left({id}, 15) || '1' || lpad(to_hex(i), 16, '0'))::uuid as instance, (left({id}, 15) || '2'
                || lpad(to_hex(i), 16, '0'))::uuid as task, (left({id}, 15) || '3' || lpad(to_hex(i), 16, '0'))::uuid as clock, i, (select
                array_agg(id order by user_name) from person)[1 + i % {People}] as owner from generate_series(1, {clocks - 1}) i;
            insert into workflow_instance select (jsonb_populate_record(w, jsonb_build_object('id', instance))).* from workflow_instance w, copy
                where w.id = '{first}';
            insert into journey_case select (jsonb_populate_record(j, jsonb_build_object('id', instance, 'reference', '{prefix}-' || copy.i))).* from
                journey_case j, copy where j.id = '{first}';
            insert into task ({await ColumnsAsync(database, "task")}) select {await ColumnsAsync(
                database,
                "task",
                ("id", "copy.task"),
                ("instance_id", "instance"),
                ("bookmark_id", "gen_random_uuid()"),
                ("owner_id", "owner"),
                ("state", "'Reserved'")
            )} from task t, copy where t.instance_id = '{first}';
            update task set owner_id = (select id from person limit 1), state = 'Reserved' where owner_id is null;
            insert into sla_clock select (jsonb_populate_record(k, jsonb_build_object('id', clock, 'instance_id', instance, 'task_id', copy.task))).*
                from sla_clock k, copy where k.instance_id = '{first}';
            insert into deadline select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(), 'instance_id', instance, 'subject_id',
                clock))).* from deadline d, copy where d.instance_id = '{first}';
            drop table copy;
            """
        );
        await using var query = database.Query("select (state->>'startedAt')::timestamptz from sla_clock where instance_id = $1", first);
        return ((DateTime)(await query.ExecuteScalarAsync())!).ToInstant();
    }

    internal static async Task<string> ColumnsAsync(NpgsqlDataSource database, string table, params (string Column, string Sql)[] instead)
    {
        await using var query = database.Query(
            "select column_name::text from information_schema.columns where table_name = $1 and is_generated = 'NEVER' order by ordinal_position",
            table
        );
        await using var reader = await query.ExecuteReaderAsync();
        var columns = new List<string>();
        while (await reader.ReadAsync())
            columns.Add(reader.GetString(0));
        return string.Join(", ", columns.Select(c => instead.FirstOrDefault(i => i.Column == c).Sql ?? (instead.Length > 0 ? $"t.{c}" : c)));
    }

    private static async Task MeasureAsync(string what, int hosts, string connection, NpgsqlDataSource database, int clocks, Instant due, string rung)
    {
        var workers = Enumerable
            .Range(0, hosts)
            .Select(_ =>
                Process.Start(
                    new ProcessStartInfo(Environment.ProcessPath!, ["sweep-worker", connection]) { RedirectStandardInput = true, RedirectStandardOutput = true }
                )!
            )
            .ToList();
        await SendAsync(due - Earlier);
        foreach (var worker in workers)
        {
            if (await worker.StandardOutput.ReadLineAsync() != "ready")
                throw new InvalidOperationException("A host did not start.");
        }

        await OnceAsync(database, "checkpoint");
        await OnceAsync(database, "select pg_stat_statements_reset()");
        var before = await ServerUse.NowAsync(database);
        var go = await SendAsync(due);
        var cpu = 0.0;
        foreach (var worker in workers)
            cpu += double.Parse((await worker.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);

        var server = (await ServerUse.NowAsync(database)).CpuSince(before);
        foreach (var worker in workers)
        {
            await worker.StandardInput.WriteLineAsync();
            await worker.WaitForExitAsync();
        }

        await using (
            var query = database.Query(
                """
                select count(*)::int, max(lag)::float8, percentile_disc(0.5) within group (order by lag)::float8, percentile_disc(0.99) within group
                    (order by lag)::float8
                from (select extract(epoch from pg_xact_commit_timestamp(e.xmin) - $1) as lag from event e
                    where e.action = 'sla.rung' and e.payload->>'rung' = $2 and pg_xact_commit_timestamp(e.xmin) > $1) x
                """,
                go,
                rung
            )
        )
        await using (var r = await query.ExecuteReaderAsync())
        {
            await r.ReadAsync();
            if (r.GetInt32(0) != clocks)
                throw new InvalidOperationException($"{r.GetInt32(0)} rungs of {clocks} acted.");
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what, -18} {clocks / r.GetDouble(1), 7:0} rungs/s   lag p50 {r.GetDouble(2), 6:0.00} s   p99 {r.GetDouble(3), 6:0.00} s   max "
                        + $"{r.GetDouble(1), 6:0.00} s   CPU a rung: hosts {cpu / clocks * 1000, 4:0} µs, the server {server / clocks * 1000, 4:0} µs"
                )
            );
        }

        await using var statements = database.Query(
            "select sum(calls)::float8 / $1, sum(total_exec_time)::float8 * 1000 / $1, left(regexp_replace(query, '\\s+', ' ', 'g'), 110) from "
                + "pg_stat_statements where dbid = (select oid from pg_database where datname = current_database()) group by rollup (3) order by 2 "
                + "desc limit 14",
            (double)clocks
        );
        await using var s = await statements.ExecuteReaderAsync();
        while (await s.ReadAsync())
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"    {s.GetDouble(0), 7:0.000} statements  {s.GetDouble(1), 6:0.0} µs  {s.Text(2) ?? "in all"}")
            );

        // Sets the clocks of the hosts, and with that off what is due by then.
        async Task<Instant> SendAsync(Instant time)
        {
#pragma warning disable RS0030 // A benchmark measures real time.
            var now = SystemClock.Instance.Now();
#pragma warning restore RS0030
            foreach (var worker in workers)
                await worker.StandardInput.WriteLineAsync(((time - now).ToInt64Nanoseconds() / 100).ToString(CultureInfo.InvariantCulture));
            return now;
        }
    }

    internal static async Task OnceAsync(NpgsqlDataSource database, string sql)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 600 };
        await command.ExecuteNonQueryAsync();
    }

    internal static string Definitions()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "definitions", "sla")))
            folder = folder.Parent;
        return Path.Combine(folder?.FullName ?? throw new InvalidOperationException("Run it from the working copy."), "definitions");
    }

    private sealed class ShiftedClock : IClock
    {
        public Duration Shift { get; set; }

#pragma warning disable RS0030 // A benchmark measures real time.
        public Instant GetCurrentInstant() => SystemClock.Instance.GetCurrentInstant() + Shift;
#pragma warning restore RS0030
    }
}
