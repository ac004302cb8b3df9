using System.Globalization;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Lists;

namespace Orchestration.Host.Elsa.Instances;

/// <summary>Executions of activities: what the viewer shows on the canvas and beside it.</summary>
internal static class ActivityExecutionEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var executions = api.MapGroup("/activity-executions");
        executions.MapGet(
            "/list",
            async (HttpRequest request, RunAccess access, NpgsqlDataSource database, DefinitionStore store, IClock clock, CancellationToken cancel) =>
            {
                var (instance, runs) = await Read(request, access, database, cancel);
                var details = await Details.ReadAsync(instance, database, store, clock.Now(), cancel);
                var items = runs.Select(details.Of).ToList();
                return ElsaJson.Json(await access.ShownAsync(instance, new { items, count = items.Count }, cancel));
            }
        );
        api.MapGet(
            "/activity-execution-summaries/list",
            async (HttpRequest request, RunAccess access, NpgsqlDataSource database, CancellationToken cancel) =>
            {
                var (instance, runs) = await Read(request, access, database, cancel);
                return ElsaJson.List([.. runs.Select(r => r.Summary(instance))]);
            }
        );
        executions.MapGet(
            "/count",
            async (HttpRequest request, RunAccess access, NpgsqlDataSource database, CancellationToken cancel) =>
                ElsaJson.Json(new { count = (await Read(request, access, database, cancel)).Runs.Count })
        );
        executions.MapGet(
            "/by-id",
            (string? id, RunAccess access, NpgsqlDataSource database, DefinitionStore store, IClock clock, CancellationToken cancel) =>
                One(id ?? "", access, database, store, clock, cancel)
        );
        executions.MapGet("/{id}", One);
        executions.MapGet("/{id}/call-stack", CallStack);
        executions.MapPost(
            "/report",
            async (JsonBody body, RunAccess access, NpgsqlDataSource database, CancellationToken cancel) =>
            {
                var nodes = body.Object.Texts("activityNodeIds").ToHashSet();
                var runs = await access.FindAsync(body.Object.Text("workflowInstanceId"), cancel) is { } id ? await RunsOf(id, database, cancel) : [];
                return ElsaJson.Json(new { stats = Stats(runs.Where(r => nodes.Count == 0 || nodes.Contains(r.NodeId))) });
            }
        );
    }

    /// <summary>Counts per activity: the badges on the canvas.</summary>
    public static IEnumerable<object> Stats(IEnumerable<ActivityRun> runs) =>
        runs.GroupBy(r => r.NodeId)
            .Select(node => new
            {
                activityId = node.First().ActivityId,
                activityNodeId = node.Key,
                startedCount = node.Count(),
                completedCount = node.Count(r => r.Status == "Completed"),
                uncompletedCount = node.Count(r => r.Status != "Completed"),
                isBlocked = node.Any(r => r.IsWaiting),
                isFaulted = node.Any(r => r.Status == "Faulted"),
                aggregateFaultCount = node.Sum(r => r.Faults),
                metadata = new { },
            });

    public static async Task<IReadOnlyList<ActivityRun>> RunsOf(Guid instance, NpgsqlDataSource database, CancellationToken cancel) =>
        ActivityRun.From((await JournalQueries.ListAsync(database, instance, new(), cancel)).Items);

    /// <summary>Elsa's records of all executions of a run.</summary>
    public static async Task<IReadOnlyList<object>> RecordsOf(
        Guid instance,
        NpgsqlDataSource database,
        DefinitionStore store,
        Instant now,
        CancellationToken cancel
    )
    {
        var details = await Details.ReadAsync(instance, database, store, now, cancel);
        return [.. (await RunsOf(instance, database, cancel)).Select(details.Of)];
    }

    private static async Task<(Guid Instance, IReadOnlyList<ActivityRun> Runs)> Read(
        HttpRequest request,
        RunAccess access,
        NpgsqlDataSource database,
        CancellationToken cancel
    )
    {
        var query = request.Query;
        if (await access.FindAsync(query["workflowInstanceId"], cancel) is not { } id)
            return (Guid.Empty, []);
        var nodes = query["activityNodeId"].Concat(query["activityNodeIds"]).Where(n => !string.IsNullOrEmpty(n)).ToHashSet();
        var completed = query["completed"].ToString();
        var runs = (await RunsOf(id, database, cancel))
            .Where(r => nodes.Count == 0 || nodes.Contains(r.NodeId))
            .Where(r => completed.Length == 0 || (r.Status == "Completed") == completed.Equals("true", StringComparison.OrdinalIgnoreCase));
        return (id, [.. runs]);
    }

    private static async Task<IResult> One(
        string id,
        RunAccess access,
        NpgsqlDataSource database,
        DefinitionStore store,
        IClock clock,
        CancellationToken cancel
    ) =>
        await Find(id, access, database, cancel) is ({ } instance, { } run, _)
            ? ElsaJson.Json(await access.ShownAsync(instance, (await Details.ReadAsync(instance, database, store, clock.Now(), cancel)).Of(run), cancel))
            : Results.NotFound();

    private static async Task<IResult> CallStack(
        string id,
        HttpRequest request,
        RunAccess access,
        NpgsqlDataSource database,
        DefinitionStore store,
        IClock clock,
        CancellationToken cancel
    )
    {
        if (await Find(id, access, database, cancel) is not ({ } instance, { } run, _))
            return Results.NotFound();
        var stack = new List<ActivityRun>();
        for (var at = run.ScheduledBy; at is not null; at = at.ScheduledBy)
            stack.Add(at);
        stack.Reverse();
        var details = await Details.ReadAsync(instance, database, store, clock.Now(), cancel);
        var shown = new
        {
            activityExecutionId = id,
            items = stack.Skip(Number("skip") ?? 0).Take(Number("take") ?? 100).Select(details.Of),
            totalCount = stack.Count,
        };
        return ElsaJson.Json(await access.ShownAsync(instance, shown, cancel));

        int? Number(string name) => int.TryParse(request.Query[name], NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static async Task<(Guid? Instance, ActivityRun? Run, IReadOnlyList<ActivityRun> All)> Find(
        string id,
        RunAccess access,
        NpgsqlDataSource database,
        CancellationToken cancel
    )
    {
        if (
            InstanceEndpoints.Id(id) is not { } key
            || await JournalQueries.InstanceOfAsync(database, key, cancel) is not { } instance
            || (await access.SeenAsync([instance], cancel)).Count == 0
        )
            return (null, null, []);
        var runs = await RunsOf(instance, database, cancel);
        return (instance, runs.FirstOrDefault(r => r.Id == id), runs);
    }

    /// <summary>Additional data of records: names of outputs, exceptions with their stack, and the owner of a waiting human step.</summary>
    private sealed record Details(Guid Instance, CompiledWorkflow? Workflow, ILookup<string, object?> Exceptions, IReadOnlyDictionary<string, OpenStep> Steps)
    {
        public static async Task<Details> ReadAsync(Guid instance, NpgsqlDataSource database, DefinitionStore store, Instant now, CancellationToken cancel)
        {
            if (await InstanceQueries.FindAsync(database, instance, cancel) is not { State: var state })
                return new(instance, null, Array.Empty<string>().ToLookup(x => x, _ => (object?)null), new Dictionary<string, OpenStep>());
            var known = await store.FindStoredAsync(state.DefinitionVersionId, cancel) is not null;
            return new(
                instance,
                known ? await store.GetVersionAsync(state.DefinitionVersionId, cancel) : null,
                state.Incidents.ToLookup(i => i.ActivityInstanceId, i => InstanceModel.Exception(i.Exception)),
                await HumanSteps.ReadAsync(database, instance, state, now, cancel)
            );
        }

        public object Of(ActivityRun run) => run.Record(Instance, Workflow, Exceptions[run.Id].LastOrDefault(), Steps.GetValueOrDefault(run.Id));
    }
}
