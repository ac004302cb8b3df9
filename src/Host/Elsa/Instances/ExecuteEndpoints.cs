using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Elsa.Definitions;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;

namespace Orchestration.Host.Elsa.Instances;

/// <summary>
/// Starts runs. A run starts immediately; dispatch and execute differ only in their answer. What a person starts here is their test; what an API key starts is
/// real.
/// </summary>
internal static class ExecuteEndpoints
{
    /// <summary>Most runs that one bulk dispatch starts.</summary>
    private const int MaxBulk = 1000;

    public static void Map(RouteGroupBuilder api)
    {
        var definition = api.MapGroup("/workflow-definitions/{definitionId}").RequireAuthorization(JourneyAccess.Run);
        definition.MapPost(
            "/execute",
            (string definitionId, JsonBody body, HttpContext context, WorkflowRuntime runtime, CancellationToken cancel) =>
                Execute(definitionId, body.Object, context, runtime, cancel)
        );
        definition.MapGet(
            "/execute",
            (string definitionId, HttpContext context, WorkflowRuntime runtime, CancellationToken cancel) =>
                Execute(definitionId, FromQuery(context.Request.Query), context, runtime, cancel)
        );
        definition.MapPost("/dispatch", Dispatch);
        definition.MapPost("/bulk-dispatch", BulkDispatch);
        api.MapPost("/tests/activities", Try).RequireAuthorization(JourneyAccess.Run);
    }

    private static JsonObject FromQuery(IQueryCollection query) =>
        new()
        {
            ["correlationId"] = query["correlationId"].ToString() is { Length: > 0 } correlation ? correlation : null,
            ["versionOptions"] = query["versionOptions"].ToString() is { Length: > 0 } version ? version : null,
            ["triggerActivityId"] = query["triggerActivityId"].ToString() is { Length: > 0 } trigger ? trigger : null,
            ["input"] = JsonObjects.Parse(System.Text.Encoding.UTF8.GetBytes(query["input"].ToString())).Object,
        };

    private static async Task<IResult> Execute(string definitionId, JsonObject request, HttpContext context, WorkflowRuntime runtime, CancellationToken cancel)
    {
        var (result, refused) = await StartAsync(definitionId, request, context, runtime, cancel);
        if (refused is not null)
            return refused;
        context.Response.Headers["x-elsa-workflow-cannot-start"] = (result is not StartResult.Started).ToString();
        if (result is not StartResult.Started started)
            return ElsaJson.Json(new { });
        context.Response.Headers["x-elsa-workflow-instance-id"] = Ids.Text(started.InstanceId);
        context.Response.Headers["x-elsa-response"] = "true";
        return ElsaJson.Json(new { workflowState = InstanceModel.State(started.Burst.State) });
    }

    private static async Task<IResult> Dispatch(string definitionId, JsonBody body, HttpContext context, WorkflowRuntime runtime, CancellationToken cancel)
    {
        var (result, refused) = await StartAsync(definitionId, body.Object, context, runtime, cancel);
        return refused ?? (result is StartResult.Started started ? ElsaJson.Json(new { workflowInstanceId = Ids.Text(started.InstanceId) }) : AlreadyRunning);
    }

    private static async Task<IResult> BulkDispatch(string definitionId, JsonBody body, HttpContext context, WorkflowRuntime runtime, CancellationToken cancel)
    {
        if (body.Object.Number("count") is not (>= 0 and <= MaxBulk and var count))
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, ("count", $"'count' must be between 0 and {MaxBulk}."));
        var ids = new List<string>(count);
        for (var i = 0; i < count; i++)
        {
            var (result, refused) = await StartAsync(definitionId, body.Object, context, runtime, cancel);
            if (refused is not null)
                return refused;
            if (result is StartResult.Started started)
                ids.Add(Ids.Text(started.InstanceId));
        }

        return ElsaJson.Json(new { workflowInstanceIds = ids });
    }

    /// <summary>Studio's test of one activity: it runs alone, and nothing it does is stored or sent.</summary>
    private static async Task<IResult> Try(JsonBody body, WorkflowRuntime runtime, CancellationToken cancel)
    {
        var (definition, activity) = (body.Object["workflowDefinitionHandle"] as JsonObject, body.Object["activityHandle"] as JsonObject);
        if (activity?.Text("activityNodeId") is not { Length: > 0 } nodeId)
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, ("activityHandle", "'activityHandle.activityNodeId' must not be empty."));
        var stored =
            definition?.Text("definitionVersionId") is { } version ? await runtime.Definitions.FindStoredAsync(version, cancel)
            : definition?.Text("definitionId") is { } id ? await runtime.Definitions.FindStoredAsync(id, "Latest", cancel)
            : null;
        if (stored is null || DefinitionGraph.Activity(stored, nodeId) is not { } found || found.Text("type") == "Elsa.Workflow")
            return Results.NotFound();
        var (result, errors) = ActivityTrial.Run(runtime, stored.Document, found);
        if (result is null)
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, [.. errors.Select(e => (e.Path, $"Not run. {e.Reason} ({e.Path})"))]);
        var run = ActivityRun.From(result.Journal.Select(ActivityRun.Row)).FirstOrDefault(r => r.ActivityId == found.Text("id"));
        return ElsaJson.Json(
            new
            {
                activityState = run?.Inputs ?? [],
                outputs = run?.Payload?["Outputs"] ?? new JsonObject(),
                payload = run?.Payload ?? [],
                status = run?.Status ?? (result.State.Incidents.Count > 0 ? "Faulted" : "Pending"),
                exception = result.State.Incidents is [.., { Exception: { } exception }] ? InstanceModel.Exception(exception) : null,
            }
        );
    }

    private static IResult AlreadyRunning =>
        ElsaJson.Problem(StatusCodes.Status409Conflict, "This journey's activation strategy doesn't allow another run now.");

    private static async Task<(StartResult? Result, IResult? Refused)> StartAsync(
        string definitionId,
        JsonObject request,
        HttpContext context,
        WorkflowRuntime runtime,
        CancellationToken cancel
    )
    {
        string? version = null;
        if (request.Text("versionOptions") is { } which and not "Published")
        {
            if (await runtime.Definitions.FindStoredAsync(definitionId, which, cancel) is not { } stored)
                return (null, Results.NotFound());
            version = stored.Version.IsPublished ? null : stored.Version.Id;
            if (version is not null && runtime.Definitions.CheckRun(stored) is { Count: > 0 } errors)
                return (null, ElsaJson.Problem(StatusCodes.Status400BadRequest, [.. errors.Select(e => (e.Path, $"Not started. {e.Reason} ({e.Path})"))]));
        }

        var input = request["input"] is JsonObject given ? (OrderedDictionary<string, object?>)WorkflowData.FromOutside(given, "input")! : [];
        var result = await runtime.StartAsync(
            new(definitionId, input)
            {
                CorrelationId = request.Text("correlationId"),
                Name = request.Text("name"),
                TriggerActivityId = request.Text("triggerActivityId") is { Length: > 0 } trigger ? trigger : null,
                VersionId = version,
                TestBy = context.User.Identity is PersonIdentity { Person.Id: var tester } ? tester : null,
                ChecksInput = true,
            },
            JourneyAccess.Actor(context.User),
            cancel
        );
        return result switch
        {
            StartResult.NotFound => (null, Results.NotFound()),
            StartResult.InvalidInput invalid => (
                null,
                ElsaJson.Problem(StatusCodes.Status400BadRequest, [.. invalid.Errors.Select(e => ($"input.{e.Name}", $"Input '{e.Name}' {e.Reason}."))])
            ),
            _ => (result, null),
        };
    }
}
