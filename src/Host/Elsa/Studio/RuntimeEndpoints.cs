using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Elsa.Instances;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;

namespace Orchestration.Host.Elsa.Studio;

/// <summary>Stimuli from outside (tasks, events), and information about the server.</summary>
internal static class RuntimeEndpoints
{
    /// <summary>Version of the contract: that of the Studio we serve.</summary>
    private const string Contract = "3.8.2";

    private static readonly object[] Features =
    [
        Feature("Workflows", "Workflows"),
        Feature("Flowchart", "Flowcharts"),
        Feature("WorkflowManagement", "Definitions"),
        Feature("WorkflowRuntime", "Durable runtime"),
        Feature("WorkflowsApi", "REST API"),
        Feature("Identity", "Sign-in"),
        Feature("JavaScript", "JavaScript expressions"),
        Feature("Liquid", "Liquid expressions"),
        Feature("Scheduling", "Timers"),
        Feature("Http", "HTTP"),
        Feature("Alterations", "Alterations"),
        Feature("RealTimeWorkflowUpdates", "Live updates"),
    ];

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/features/installed", () => ElsaJson.List(Features));
        api.MapGet(
            "/features/installed/{fullName}",
            (string fullName) =>
                Array.Find(Features, f => JsonSerializer.SerializeToNode(f)!["fullName"]!.GetValue<string>() == fullName) is { } feature
                    ? ElsaJson.Json(feature)
                    : Results.NotFound()
        );
        api.MapGet("/package/version", () => ElsaJson.Json(new { packageVersion = Contract }));
        var runtime = api.MapGroup("/admin/workflow-runtime");
        runtime.MapGet("/status", (JobDesk desk, CancellationToken cancel) => Status(desk, cancel));
        runtime
            .MapPost(
                "/pause",
                async (JsonBody body, HttpContext context, JobDesk desk, CancellationToken cancel) =>
                {
                    if ((await StateAsync(desk, cancel)).Pause is not null)
                        return await Status(desk, cancel);
                    foreach (var (_, job) in Sources)
                        await desk.PauseAsync(job.Name, JourneyAccess.Actor(context.User), body.Object.Text("reason"), cancel);
                    return await Status(desk, cancel);
                }
            )
            .RequireAuthorization(JourneyAccess.Operate);
        runtime
            .MapPost(
                "/resume",
                async (HttpContext context, JobDesk desk, CancellationToken cancel) =>
                {
                    foreach (var job in (await StateAsync(desk, cancel)).Paused)
                        await desk.ResumeAsync(job.Name, JourneyAccess.Actor(context.User), cancel);
                    return await Status(desk, cancel);
                }
            )
            .RequireAuthorization(JourneyAccess.Operate);

        // A stimulus that fails is tried again until it acts; there are no letters to be dead.
        api.MapGet("/bookmark-queue/dead-letters", () => ElsaJson.List(Array.Empty<object>(), 0));
        api.MapGet("/resilience/strategies", () => ElsaJson.List(Array.Empty<object>()));
        api.MapGet(
            "/resilience/retries/{activityInstanceId}",
            () =>
                ElsaJson.Json(
                    new
                    {
                        items = Array.Empty<object>(),
                        totalCount = 0,
                        links = Array.Empty<object>(),
                    }
                )
        );
        api.MapPost("/tasks/{taskId}/complete", CompleteTask).RequireAuthorization(JourneyAccess.Run);
        api.MapPost(
            "/scripting/javascript/type-definitions/{definitionId}",
            async (string definitionId, DefinitionStore store, FormCatalog forms, CancellationToken cancel) =>
                await TypeDefinitions.WriteAsync(definitionId, store, forms.Schemas, cancel) is { } text
                    ? Results.File(Encoding.UTF8.GetBytes(text), "application/x-typescript", $"elsa.{definitionId}.d.ts")
                    : Results.NotFound()
        );
    }

    /// <summary>
    /// What an administrative pause stops, by Elsa's names: automatic progress. Explicit requests are still processed, as in Elsa, and
    /// SLA clocks never pause for an operator.
    /// </summary>
    private static readonly (string Name, JobDescription Job)[] Sources =
    [
        ("scheduling.trigger", JobCatalog.Timers),
        ("internal.bookmark-queue-worker", JobCatalog.Stimuli),
    ];

    private static async Task<(List<JobDescription> Paused, JobPause? Pause)> StateAsync(JobDesk desk, CancellationToken cancel)
    {
        var pauses = await desk.PausesAsync(cancel);
        var paused = Sources.Select(s => s.Job).Where(job => pauses.ContainsKey(job.Name)).ToList();
        return (paused, paused.Count == Sources.Length ? pauses[Sources[0].Job.Name] : null);
    }

    private static async Task<IResult> Status(JobDesk desk, CancellationToken cancel)
    {
        var (paused, pause) = await StateAsync(desk, cancel);
        return ElsaJson.Json(
            new
            {
                state = new
                {
                    reason = pause is not null ? "AdministrativePause" : "None",
                    isAcceptingNewWork = pause is null,
                    pausedAt = pause?.At,
                    pauseReasonText = pause?.Reason,
                    pauseRequestedBy = pause?.By,
                    generationId = Contract,
                },
                sources = Sources.Select(s => new { name = s.Name, state = paused.Contains(s.Job) ? "Paused" : "Running" }),
                activeExecutionCycleCount = 0,
            }
        );
    }

    public static void MapIdentity(RouteGroupBuilder api)
    {
        api.MapPost("/identity/login", Login).AllowAnonymous().RequireRateLimiting(Addresses.SignInLimit);
        api.MapPost("/identity/refresh-token", Refresh).AllowAnonymous();
    }

    /// <summary>Apart from the others: a key that publishes events needs no other right.</summary>
    public static void MapEvents(RouteGroupBuilder api)
    {
        api.MapPost("/events/{eventName}/trigger", TriggerEvent)
            .RequireAuthorization(JourneyAccess.PublishEvents)
            .AddEndpointFilter(DesignerRequests.RequireToken);
    }

    private static object Feature(string name, string displayName) =>
        new
        {
            name,
            @namespace = "Elsa",
            fullName = "Elsa." + name,
            displayName,
            description = "",
        };

    /// <summary>Elsa's clients can't send a code: who needs a second factor signs in on our page.</summary>
    private static async Task<IResult> Login(JsonBody body, HttpContext context, Sessions sessions, SignOnSettings settings)
    {
        var (user, password) = (body.Object.Text("username") ?? "", body.Object.Text("password") ?? "");
        var missing = new List<(string, string)>();
        if (user.Length == 0)
            missing.Add(("username", "'username' must not be empty."));
        if (password.Length == 0)
            missing.Add(("password", "'password' must not be empty."));
        if (missing.Count > 0)
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, [.. missing]);
        if (!settings.AllowsPasswords)
            return Tokens(null);
        var (tokens, answer) = await sessions.SignInAsync(context, user, password, null);
        return answer is SignInAnswer.CodeNeeded or SignInAnswer.SetUpNeeded
            ? ElsaJson.Json(
                new
                {
                    isAuthenticated = false,
                    error = "second-factor-required",
                    message = "You need a code to sign in, which this client can't send. Sign in on the sign-in page, and open the designer there.",
                }
            )
            : Tokens(tokens);
    }

    private static async Task<IResult> Refresh(HttpRequest request, Sessions sessions, CancellationToken cancel) =>
        // Elsa's clients send the refresh token where others send the access token.
        Tokens(await sessions.RefreshAsync(request.Headers.Authorization.ToString().Split(' ')[^1], cancel));

    /// <summary>Elsa's clients expect 200 also for a sign-in that failed.</summary>
    private static IResult Tokens(SessionTokens? tokens) =>
        ElsaJson.Json(
            new
            {
                isAuthenticated = tokens is not null,
                accessToken = tokens?.AccessToken,
                refreshToken = tokens?.RefreshToken,
            }
        );

    private static async Task<IResult> CompleteTask(
        string taskId,
        JsonBody body,
        HttpContext context,
        RunAccess access,
        WorkflowRuntime runtime,
        CancellationToken cancel
    )
    {
        if (!context.Request.HasJsonContentType())
            return Results.StatusCode(StatusCodes.Status415UnsupportedMediaType);
        var actor = JourneyAccess.Actor(context.User);
        var operation = Operation.Of("task", taskId, "complete");
        if (
            await BookmarkQueries.FindAsync(runtime.Database, StimulusHash.Of("Elsa.RunTask", taskId), cancel) is var (instance, bookmark)
            && (await access.SeenAsync([instance], cancel)).Count > 0
        )
        {
            await using var transaction = await InstanceTransaction.OpenAsync(runtime, actor, ("$1", instance), cancel: cancel);
            if (transaction.InstanceId is not null && transaction.State.Bookmarks.Exists(b => b.Id == bookmark))
            {
                await transaction.AdvanceAsync(new Stimulus.Resume(bookmark, new() { ["RunTaskInput"] = Data(body.Object, "result") }), cancel);
                transaction.Write(operation.Remember("true"u8.ToArray(), transaction.Now));
                await transaction.CommitAsync(cancel);
                return Results.Ok();
            }
        }

        // A client that lost the answer asks again: it was done.
        await using var query = runtime.Database.Query(operation.Find().CommandText, operation.Actor, operation.Id);
        return await query.ExecuteScalarAsync(cancel) is not null ? Results.Ok() : Results.NotFound();
    }

    private static async Task<IResult> TriggerEvent(
        string eventName,
        JsonBody body,
        HttpContext context,
        JourneyAccess access,
        WorkflowRuntime runtime,
        CancellationToken cancel
    )
    {
        var instance = body.Object.Text("workflowInstanceId");
        if (instance is not null && InstanceEndpoints.Id(instance) is null)
            return Results.NotFound();
        await runtime.Stimuli.PublishAsync(
            eventName,
            body.Object.Text("correlationId"),
            Data(body.Object, "input"),
            JourneyAccess.Actor(context.User),
            InstanceEndpoints.Id(instance),
            access.MayTell(context.User, runtime.Clock.Now()),
            cancel: cancel
        );
        return Results.Ok();
    }

    private static object? Data(JsonObject body, string name) => WorkflowData.FromOutside(body[name], name);
}
