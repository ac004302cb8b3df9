using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;

namespace Orchestration.Host.Elsa.Instances;

/// <summary>Alterations of runs: immediately for named runs, or as a plan for a filter.</summary>
internal static class AlterationEndpoints
{
    /// <summary>Most runs of one plan.</summary>
    private const int MaxRuns = 10_000;

    public static void Map(RouteGroupBuilder api)
    {
        var alterations = api.MapGroup("/alterations");
        alterations.MapPost("/run", Run).RequireAuthorization(JourneyAccess.Run);
        alterations.MapPost("/workflows/retry", Retry).RequireAuthorization(JourneyAccess.Run);
        alterations.MapPost("/submit", Submit).RequireAuthorization(JourneyAccess.Run);
        alterations.MapPost("/dry-run", DryRun);
        alterations.MapGet("/{id}", Get);
    }

    private static async Task<IResult> Run(JsonBody body, RunAccess access, CancellationToken cancel)
    {
        var errors = Check(body.Object);
        if (errors.Count > 0)
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, [.. errors]);
        var reason = access.Reason(body.Object);
        var runs = await ReadRunsAsync(body.Object, access, cancel);
        if (await access.RefuseAsync(runs.Select(r => r.Run).OfType<Guid>(), reason, cancel) is { } refused)
            return refused;
        var results = new List<object>();
        foreach (var (id, run) in runs)
            results.Add(Result(id, run is { } key ? await access.AlterAsync(key, body.Object["alterations"]!.AsArray(), reason, cancel) : null));
        return ElsaJson.Json(new { results });
    }

    private static async Task<IResult> Retry(JsonBody body, RunAccess access, NpgsqlDataSource database, CancellationToken cancel)
    {
        var only = body.Object.Texts("activityIds").ToHashSet();
        var reason = access.Reason(body.Object);
        var runs = await ReadRunsAsync(body.Object, access, cancel);
        if (await access.RefuseAsync(runs.Select(r => r.Run).OfType<Guid>(), reason, cancel) is { } refused)
            return refused;
        var results = new List<object>();
        foreach (var (id, run) in runs)
        {
            if (run is not { } key || await InstanceQueries.FindAsync(database, key, cancel) is not { State: var state })
                continue;
            var faulted = state.Incidents.Where(i => only.Count == 0 || only.Contains(i.ActivityId)).Select(i => i.ActivityInstanceId).Distinct();
            var again = faulted.Select(JsonNode (e) => new JsonObject { ["type"] = nameof(Alteration.ScheduleActivity), ["activityInstanceId"] = e });
            results.Add(Result(id, await access.AlterAsync(key, [.. again], reason, cancel)));
        }

        return ElsaJson.Json(new { results });
    }

    private static async Task<List<(string Id, Guid? Run)>> ReadRunsAsync(JsonObject body, RunAccess access, CancellationToken cancel)
    {
        var runs = new List<(string, Guid?)>();
        foreach (var id in body.Texts("workflowInstanceIds"))
            runs.Add((id, await access.FindAsync(id, cancel)));
        return runs;
    }

    private static async Task<IResult> Submit(JsonBody body, HttpContext context, RunAccess access, WorkflowRuntime runtime, CancellationToken cancel)
    {
        var errors = Check(body.Object);
        if (body.Object["alterations"] is not JsonArray { Count: > 0 } && errors.Count == 0)
            errors.Add(("alterations", "'alterations' must not be empty."));
        var id = body.Object.Text("id") is { Length: > 0 } given ? given : Ids.Text(Ids.New(runtime.Clock.Now()));
        if (id.Length > 200)
            errors.Add(("id", "'id' must have at most 200 characters."));
        var filter = body.Object["filter"] as JsonObject ?? [];
        errors.AddRange(Wrong(filter));
        if (errors.Count > 0)
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, [.. errors]);
        var runs = await FindAsync(filter, access, runtime.Database, cancel);
        if (runs.Count > MaxRuns)
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, ("filter", $"A plan alters at most {MaxRuns:N0} runs. Narrow the filter."));
        var reason = access.Reason(body.Object);
        if (await access.RefuseAsync(runs, reason, cancel) is { } refused)
            return refused;
        if (await access.CountForSecondPersonAsync(runs, body.Object["alterations"]!.AsArray(), cancel) is > 0 and var count)
            return ElsaJson.Problem(
                StatusCodes.Status409Conflict,
                $"A second person must approve this change for {count:N0} of the cases. Change them one at a time."
            );
        await AlterationPlans.SubmitAsync(
            runtime,
            id,
            new JsonArray([.. body.Object["alterations"]!.AsArray().OfType<JsonObject>().Select(a => a.DeepClone())]),
            (JsonObject)filter.DeepClone(),
            runs,
            JourneyAccess.Actor(context.User),
            reason,
            cancel
        );
        return ElsaJson.Json(new { planId = id });
    }

    private static async Task<IResult> DryRun(JsonBody body, RunAccess access, NpgsqlDataSource database, CancellationToken cancel)
    {
        var errors = Wrong(body.Object).ToList();
        return errors.Count > 0
            ? ElsaJson.Problem(StatusCodes.Status400BadRequest, [.. errors])
            : ElsaJson.Json(new { workflowInstanceIds = (await FindAsync(body.Object, access, database, cancel)).Select(Ids.Text) });
    }

    private static async Task<IResult> Get(string id, HttpContext context, RunAccess access, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (await AlterationPlans.FindAsync(database, id, cancel) is not { } plan)
            return Results.NotFound();

        // One without runs is seen by whoever submitted it.
        var seen = await access.SeenAsync([.. plan.Jobs.Select(j => j.InstanceId)], cancel);
        if (seen.Count == 0 && (plan.Jobs.Count > 0 || plan.Actor != JourneyAccess.Actor(context.User)))
            return Results.NotFound();
        var shown = await access.ShownAsync(
            seen,
            new
            {
                plan = new
                {
                    id,
                    alterations = plan.Alterations,
                    workflowInstanceFilter = plan.Filter,
                    status = plan.Status,
                    createdAt = plan.CreatedAt,
                    startedAt = plan.CreatedAt,
                    completedAt = plan.EndedAt,
                },
                jobs = plan
                    .Jobs.Where(j => seen.Contains(j.InstanceId))
                    .Select(j => new
                    {
                        id = Ids.Text(j.Id),
                        planId = id,
                        workflowInstanceId = Ids.Text(j.InstanceId),
                        status = j.State,
                        log = j.Log.Select(Entry),
                        createdAt = j.CreatedAt,
                        startedAt = j.EndedAt,
                        completedAt = j.EndedAt,
                    }),
            },
            cancel
        );
        return ElsaJson.Json(shown);
    }

    /// <summary>Everything that is wrong with the alterations of a request.</summary>
    private static List<(string Field, string Reason)> Check(JsonObject body) =>
        [
            .. (body["alterations"] as JsonArray ?? [])
                .Select(json => json is JsonObject one ? Alteration.Read(one).Error : "An alteration must be an object.")
                .OfType<string>()
                .Select(error => ("alterations", error)),
        ];

    /// <summary>All or nothing on one run: an alteration that does not fit leaves the others undone.</summary>
    private static object Result(string id, AlterationResult? result) =>
        new
        {
            workflowInstanceId = id,
            log = new { logEntries = (result?.Log ?? [new("Run not found.", false, default)]).Select(Entry) },
            workflowHasScheduledWork = false,
            isSuccessful = result is { Refused: null },
        };

    private static object Entry(AlterationEntry entry) =>
        new
        {
            message = entry.Message,
            logLevel = entry.Succeeded ? "Information" : "Error",
            timestamp = entry.At,
        };

    /// <summary>What of a filter would not be understood: a filter that is read wrongly alters the wrong runs.</summary>
    private static IEnumerable<(string Field, string Reason)> Wrong(JsonObject filter)
    {
        foreach (var (times, i) in (filter["timestampFilters"] as JsonArray ?? []).Select((t, i) => (t as JsonObject, i)))
        {
            if (times?.Text("column") is not ("CreatedAt" or "UpdatedAt" or "FinishedAt"))
                yield return ("timestampFilters", $"The column of timestamp filter {i} must be CreatedAt, UpdatedAt or FinishedAt.");
            else if (!DateTimeOffset.TryParse(times.Text("timestamp"), System.Globalization.CultureInfo.InvariantCulture, out _))
                yield return ("timestampFilters", $"Timestamp filter {i} needs a timestamp.");
        }

        foreach (var activity in (filter["activityFilters"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (activity.Text("status") is { } status && !Enum.TryParse<ActivityStatus>(status, out _))
                yield return ("activityFilters", $"'{status}' isn't an activity status.");
            if (activity.Text("name") is { Length: > 0 })
                yield return ("activityFilters", "Filtering by activity name isn't supported. Filter by activityId or nodeId.");
        }
    }

    /// <summary>Runs that match. A filter without a condition matches none, unless it explicitly asks for all.</summary>
    private static async Task<List<Guid>> FindAsync(JsonObject body, RunAccess access, NpgsqlDataSource database, CancellationToken cancel)
    {
        var filter = InstanceEndpoints.Filter(body) with
        {
            Ids = [.. body.Texts("workflowInstanceIds").Select(id => InstanceEndpoints.Id(id) ?? Guid.Empty)],
            OrderBy = null,
            Only = await access.OnlyAsync(cancel),
            Skip = 0,
            Take = MaxRuns + 1,
        };
        var activities = (body["activityFilters"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        var isEmpty =
            filter
                is {
                    Ids: [],
                    DefinitionIds: [],
                    DefinitionVersionIds: [],
                    CorrelationIds: [],
                    Names: [],
                    Statuses: [],
                    SubStatuses: [],
                    HasIncidents: null,
                    Search: null or "",
                    Times: { Count: 0 },
                }
            && activities.Count == 0;

        // There are no runs of the system's own.
        if (body.Flag("isSystem") == true || (isEmpty && body.Flag("emptyFilterSelectsAll") != true))
            return [];
        var (items, _) = await InstanceQueries.ListAsync(database, filter, cancel);
        var runs = new List<Guid>();
        foreach (var item in items)
        {
            if (
                activities.Count == 0
                || await InstanceQueries.FindAsync(database, item.Id, cancel) is { State: var state }
                    && activities.All(a => state.Executions.Any(e => Fits(a, e)))
            )
                runs.Add(item.Id);
        }

        return runs;

        static bool Fits(JsonObject filter, ActivityExecution execution) =>
            (filter.Text("activityId") is not { Length: > 0 } activity || execution.NodeId.Split(':')[^1] == activity)
            && (filter.Text("activityInstanceId") is not { Length: > 0 } instance || execution.Id == instance)
            && (filter.Text("nodeId") is not { Length: > 0 } node || execution.NodeId == node)
            && (filter.Text("status") is not { Length: > 0 } status || execution.Status.ToString() == status);
    }
}
