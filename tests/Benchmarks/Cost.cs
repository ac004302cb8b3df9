using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Npgsql;
using Orchestration.Embedded;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Benchmarks;

/// <summary>
/// What a start, a claim and a complete cost with none, one and three clocks on the task: round trips as Npgsql reports them, statements and their time as
/// the server counts them (pg_stat_statements).
/// <c>dotnet run -c Release --project tests/Benchmarks -- cost [times]</c>
/// </summary>
internal static class Cost
{
    public static async Task RunAsync(int times)
    {
        var folder = Directory.CreateTempSubdirectory("orchestration-bench-");
        await using var server = await EmbeddedPostgres.StartAsync(
            new()
            {
                Directory = folder.FullName,
                Temporary = true,
                Settings = new Dictionary<string, string> { ["shared_preload_libraries"] = "pg_stat_statements" },
            }
        );
#pragma warning disable RS0030 // A benchmark measures real time.
        await using var services = Sweeper.Services(server.ConnectionString, SystemClock.Instance);
#pragma warning restore RS0030
        var database = services.GetRequiredService<NpgsqlDataSource>();
        await new Migrator(typeof(Sql).Assembly, typeof(Person).Assembly).MigrateAsync(database);
        await Sweeper.OnceAsync(database, "create extension if not exists pg_stat_statements");
        await Sweeper.PrepareAsync(services, database);
        var (runtime, desk) = (services.GetRequiredService<WorkflowRuntime>(), services.GetRequiredService<TaskRuntime>());
        await using var query = database.Query("select id from person where user_name = 'bench1'");
        var person = new Person((Guid)(await query.ExecuteScalarAsync())!, "bench1", "Bench 1", null, [Roles.Employee], ["bench"], [], default);
        foreach (var clocks in new[] { 0, 1, 3 })
        {
            var journey = await PublishAsync(services, runtime, clocks, person);
            await RunAsync(clocks, 10, measure: false);
            await RunAsync(clocks, times, measure: true);

            async Task RunAsync(int clocks, int times, bool measure)
            {
                var tasks = new List<Guid>();
                var prefix = $"{journey}-{times}";
                await MeasureAsync(
                    $"start, {clocks} clocks",
                    times,
                    database,
                    measure,
                    async i =>
                        await StartCase.RunAsync(runtime, new(journey, $"{prefix}-{i}", "C", "Customer", [], $"{prefix}-{i}"), person)
                        is StartCaseResult.Started
                );
                await using (var open = database.Query("select id from task where state = 'Ready' and definition_id = $1", journey))
                await using (var reader = await open.ExecuteReaderAsync())
                {
                    while (await reader.ReadAsync())
                        tasks.Add(reader.GetGuid(0));
                }

                await MeasureAsync(
                    $"claim, {clocks} clocks",
                    times,
                    database,
                    measure,
                    async i => await ClaimTask.RunAsync(desk, new(tasks[i], 1, $"c-{tasks[i]}"), person) is TaskResult.Done
                );
                await MeasureAsync(
                    $"complete, {clocks} clocks",
                    times,
                    database,
                    measure,
                    async i => await CompleteTask.RunAsync(desk, new(tasks[i], 2, $"d-{tasks[i]}"), null, [], person) is TaskResult.Done
                );
            }
        }
    }

    private static async Task<string> PublishAsync(ServiceProvider services, WorkflowRuntime runtime, int clocks, Person person)
    {
        var now = runtime.Clock.Now();
        var policies = Enumerable.Range(0, clocks).Select(i => $"bench-{clocks}-{i}").ToArray();
        foreach (var id in policies)
        {
            var policy = new JsonObject
            {
                ["id"] = id,
                ["name"] = id,
                ["calendar"] = "claims-office",
                ["target"] = new JsonObject { ["amount"] = "PT8H", ["unit"] = "workingTime" },
            };
            if (
                await SaveServiceLevel.RunAsync(
                    services.GetRequiredService<SettingDocuments>(),
                    services.GetRequiredService<ServiceLevelCatalog>(),
                    SettingKind.Sla,
                    id,
                    0,
                    policy,
                    person,
                    now
                )
                is not SaveServiceLevelResult.Saved
            )
                throw new InvalidOperationException("The policy is not saved.");
        }

        var journey = $$"""
            { "definitionId": "cost-{{clocks}}", "name": "Cost", "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [
                { "id": "a", "type": "Orchestration.HumanTask", "version": 1, "title": { "typeName": "String", "expression": { "type": "Literal",
                    "value": "Check the claim" } },
                  "team": { "typeName": "String", "expression": { "type": "Literal", "value": "bench" } },
                  "slaPolicies": { "typeName": "List<String>", "expression": { "type": "Object", "value": {{JsonValue.Create(
                new System.Text.Json.Nodes.JsonArray([.. policies.Select(p => JsonValue.Create(p))]).ToJsonString()
            )!.ToJsonString()}} } } } ] } }
            """;
        return await runtime.Definitions.PublishAsync(new($"cost-{clocks}", Encoding.UTF8.GetBytes(journey), "file"), "bench", now) is PublishResult.Published
            ? $"cost-{clocks}"
            : throw new InvalidOperationException("The journey does not publish.");
    }

    private static async Task MeasureAsync(string what, int times, NpgsqlDataSource database, bool print, Func<int, Task<bool>> once)
    {
        await Sweeper.OnceAsync(database, "select pg_stat_statements_reset()");
        var trips = 0;
        using (
            var listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == "Npgsql",
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.PropagationData,
                ActivityStopped = _ => Interlocked.Increment(ref trips),
            }
        )
        {
            ActivitySource.AddActivityListener(listener);
            for (var i = 0; i < times; i++)
            {
                if (!await once(i))
                    throw new InvalidOperationException($"Refused: {what}.");
            }
        }

        if (!print)
            return;
        await using var query = database.Query(
            "select sum(calls)::float8 / $1, sum(total_exec_time)::float8 * 1000 / $1, sum(wal_bytes)::float8 / $1 from pg_stat_statements where "
                + "dbid = (select oid from pg_database where datname = current_database()) and query not like '%pg_stat_statements%'",
            (double)times
        );
        await using var r = await query.ExecuteReaderAsync();
        await r.ReadAsync();
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{what, -20} {trips / (double)times, 4:0.0} round trips   {r.GetDouble(0), 5:0.0} statements   {r.GetDouble(1), 6:0} µs in the "
                    + $"server   {r.GetDouble(2) / 1024, 5:0.0} KB of WAL"
            )
        );
    }
}
