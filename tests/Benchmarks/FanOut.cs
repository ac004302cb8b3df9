using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Npgsql;
using Orchestration.Embedded;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Benchmarks;

/// <summary>
/// One BulkDispatchWorkflows of many, on a server that keeps what it commits: child starts per second, and how long a dispatch of another workflow takes
/// from its parent's start to its child's end meanwhile. The host delivers its own and a sweeper all others, as in production.
/// <c>dotnet run -c Release --project tests/Benchmarks -- fanout [children]</c>
/// </summary>
internal static class FanOut
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(100);

    public static async Task RunAsync(int children)
    {
        var folder = Directory.CreateTempSubdirectory("orchestration-bench-");
        await using var server = await EmbeddedPostgres.StartAsync(new() { Directory = folder.FullName, Temporary = true });
#pragma warning disable RS0030 // A benchmark measures real time.
        await using var services = Sweeper.Services(server.ConnectionString, SystemClock.Instance);
#pragma warning restore RS0030
        var database = services.GetRequiredService<NpgsqlDataSource>();
        await new Migrator(typeof(Sql).Assembly, typeof(Person).Assembly).MigrateAsync(database);
        await Sweeper.PrepareAsync(services, database);
        var runtime = services.GetRequiredService<WorkflowRuntime>();
        runtime.FanOut = new() { Items = children };
        await PublishAsync(runtime, "child", """{ "id": "line", "type": "Elsa.Finish" }""");
        await PublishAsync(runtime, "other", """{ "id": "line", "type": "Elsa.Finish" }""");
        foreach (var waits in new[] { "false", "true" })
        {
            await PublishAsync(
                runtime,
                $"many-{waits}",
                $$"""
                { "id": "start", "type": "Elsa.BulkDispatchWorkflows",
                  "workflowDefinitionId": { "typeName": "String", "expression": { "type": "Literal", "value": "child" } },
                  "waitForCompletion": { "typeName": "Boolean", "expression": { "type": "Literal", "value": {{waits}} } },
                  "items": { "typeName": "Object", "expression": { "type": "JavaScript", "value": "Array.from({ length: {{children}} }, (_, i) => i)" } } }
                """
            );
        }

        await PublishAsync(
            runtime,
            "one",
            """
            { "id": "start", "type": "Elsa.DispatchWorkflow",
              "workflowDefinitionId": { "typeName": "String", "expression": { "type": "Literal", "value": "other" } },
              "waitForCompletion": { "typeName": "Boolean", "expression": { "type": "Literal", "value": true } } }
            """
        );

        using var stop = new CancellationTokenSource();
        var background = Task.WhenAll(runtime.Stimuli.DeliverAsync(stop.Token), SweepAsync(runtime, stop.Token));
        Console.WriteLine($"alone: {await OtherAsync(runtime, database):0} ms, {await OtherAsync(runtime, database):0} ms");
        foreach (var waits in new[] { "false", "true" })
        {
            await Sweeper.OnceAsync(database, "delete from stimulus");
            var before = await CountAsync(database, "workflow_instance where definition_id = 'child'");
            var began = Stopwatch.GetTimestamp();
            await runtime.StartAsync(new($"many-{waits}", []), "bench");
            Console.WriteLine($"waits: {waits}; {children} queued in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
            began = Stopwatch.GetTimestamp();
            var delays = new List<double>();
            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
            while (Stopwatch.GetElapsedTime(began) < Longest && await CountAsync(database, "stimulus") > 0)
            {
                delays.Add(await OtherAsync(runtime, database));
                await pause.WaitForNextTickAsync();
            }

            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            var started = await CountAsync(database, "workflow_instance where definition_id = 'child'") - before;
            delays.Sort();
            Console.WriteLine(
                $"{started} children in {seconds:0.0} s: {started / seconds:0}/s; other dispatch: median {delays[delays.Count / 2]:0} ms, "
                    + $"longest {delays[^1]:0} ms of {delays.Count}; left in the queue: {await CountAsync(database, "stimulus")}"
            );
        }

        await stop.CancelAsync();
        await background.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private static async Task SweepAsync(WorkflowRuntime runtime, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (await timer.WaitForNextTickAsync(stop))
        {
            while (await runtime.Stimuli.SweepAsync(400, stop) == 400) { }
        }
    }

    private static async Task<double> OtherAsync(WorkflowRuntime runtime, NpgsqlDataSource database)
    {
        var began = Stopwatch.GetTimestamp();
        if (await runtime.StartAsync(new("one", []), "bench") is not StartResult.Started started)
            throw new InvalidOperationException("Not started.");
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (await CountAsync(database, $"workflow_instance where id = '{started.InstanceId}' and status = 'Running'") > 0)
            await pause.WaitForNextTickAsync();
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    private static async Task<long> CountAsync(NpgsqlDataSource database, string rows)
    {
        await using var query = database.CreateCommand($"select count(*) from {rows}");
        return (long)(await query.ExecuteScalarAsync())!;
    }

    private static async Task PublishAsync(WorkflowRuntime runtime, string id, string activity)
    {
        var document =
            $$"""{ "definitionId": "{{id}}", "name": "{{id}}", "root": { "id": "root", "type": "Elsa.Sequence", "activities": [ {{activity}} ] } }""";
        if (
            await runtime.Definitions.PublishAsync(new(id, Encoding.UTF8.GetBytes(document), "file"), "bench", runtime.Clock.Now())
            is not PublishResult.Published
        )
            throw new InvalidOperationException($"{id} does not publish.");
    }
}
