using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ProcessMining;
using Orchestration.Workflows.Retention;
using Orchestration.Workflows.Settings;

namespace Orchestration.Host.Retention;

/// <summary>The policy of retention.</summary>
/// <param name="Version">Its version: send it with a change.</param>
/// <param name="Policy">The document.</param>
/// <param name="ChangedBy">User name of who saved it; <c>system</c>: it was shipped.</param>
/// <param name="ChangedAt">When.</param>
/// <param name="RemovesFrom">From when it removes cases.</param>
public sealed record PolicyView(int Version, JsonNode Policy, string ChangedBy, Instant ChangedAt, Instant RemovesFrom);

/// <summary>A change of the policy.</summary>
/// <param name="Version">Version the caller saw; 0: there was none.</param>
/// <param name="Policy">The document.</param>
public sealed record PolicyBody(int Version, JsonObject? Policy);

/// <summary>A log to write.</summary>
/// <param name="Format">xes, ocel or csv.</param>
/// <param name="Journey">Cases of this journey; left out: of all.</param>
/// <param name="StartedFrom">Cases that began on this day (UTC) or later.</param>
/// <param name="StartedUntil">Cases that began on this day (UTC) or earlier.</param>
/// <param name="Reason">Why.</param>
public sealed record LogBody(string? Format = null, string? Journey = null, string? StartedFrom = null, string? StartedUntil = null, string? Reason = null);

/// <summary>Retention, and logs for process mining.</summary>
internal static class RetentionEndpoints
{
    private const int Shown = 100;
    private const int Most = 50;

    public static void MapRetention(this WebApplication app)
    {
        HoldEndpoints.Map(app);
        ErasureEndpoints.Map(app);
        MapPolicy(app);
        MapLogs(app);
        ReportEndpoints.Map(app);
    }

    private static void MapPolicy(WebApplication app)
    {
        var api = app.MapGroup("/api/retention").WithTags("Retention").RequireAuthorization(Permissions.KeepRecords);
        api.MapGet(
                "/policy",
                async Task<Results<Ok<PolicyView>, ProblemHttpResult>> (SettingDocuments settings, CancellationToken cancel) =>
                    await RetentionPolicies.FindAsync(settings, cancel) is { } policy
                        ? TypedResults.Ok(View(policy))
                        : Problems.NotFound("policy", RetentionPolicy.Name)
            )
            .WithSummary("Gets how long cases are kept, by journey and jurisdiction")
            .ProducesProblem(404);
        api.MapPut("/policy", PutAsync)
            .WithSummary("Saves the next version of the policy; it removes nothing for a day")
            .ProducesProblem(409)
            .ProducesProblem(422);
        api.MapGet(
                "/due",
                async (string? rule, WorkflowRuntime runtime, CancellationToken cancel) =>
                    TypedResults.Ok(await RetentionQueries.ReadAsync(runtime.Database, rule, Shown, runtime.Clock.Now(), cancel))
            )
            .WithSummary("Lists what will be removed next, when and why, and what was removed with its proof");

        var pages = app.MapGroup("/compliance/retention").RequireAuthorization(Permissions.KeepRecords).ExcludeFromDescription();
        pages.MapGet(
            "",
            (string? rule, WorkflowRuntime runtime, SettingDocuments settings, CancellationToken cancel) => PageAsync(runtime, settings, rule, null, [], cancel)
        );
        pages.MapPost(
            "/policy",
            async (IFormCollection form, WorkflowRuntime runtime, SettingDocuments settings, Person me, CancellationToken cancel) =>
            {
                var text = form["policy"].ToString();
                _ = int.TryParse(form["version"], out var version);
                return await RetentionPolicies.SaveAsync(settings, version, text, me, runtime.Clock.Now(), cancel) switch
                {
                    SavePolicyResult.Saved => Results.LocalRedirect("/compliance/retention"),
                    SavePolicyResult.Invalid invalid => await PageAsync(
                        runtime,
                        settings,
                        null,
                        text,
                        [.. invalid.Errors.Select(e => $"{e.Path} {e.Reason}")],
                        cancel
                    ),
                    SavePolicyResult.Stale stale => await PageAsync(
                        runtime,
                        settings,
                        null,
                        text,
                        [$"Someone saved version {stale.Version} since you opened this page. Compare it with yours."],
                        cancel
                    ),
                    _ => Results.NotFound(),
                };
            }
        );
    }

    private static void MapLogs(WebApplication app)
    {
        var api = app.MapGroup("/api/logs").WithTags("Retention").RequireAuthorization(Permissions.KeepRecords);
        api.MapGet("", async (WriteLogs logs, CancellationToken cancel) => TypedResults.Ok(await logs.ListAsync(Most, cancel)))
            .WithSummary("Lists files of logs, newest first");
        api.MapPost(
                "",
                async Task<Results<Accepted<LogFile>, ProblemHttpResult>> (LogBody body, WriteLogs logs, Person me, CancellationToken cancel) =>
                    await AskAsync(body, logs, me, cancel) switch
                    {
                        LogResult.Asked asked => TypedResults.Accepted($"/api/logs/{Ids.Text(asked.Id)}", await logs.FindAsync(asked.Id, cancel)),
                        LogResult.Invalid invalid => Problems.Invalid(new(invalid.Errors)),
                        _ => throw new InvalidOperationException("There is no other result."),
                    }
            )
            .WithSummary("Writes a log for process mining as XES, OCEL 2.0 or CSV, in the background")
            .ProducesProblem(422);
        api.MapGet(
                "/{id:guid}",
                async Task<Results<Ok<LogFile>, ProblemHttpResult>> (Guid id, WriteLogs logs, CancellationToken cancel) =>
                    await logs.FindAsync(id, cancel) is { } file ? TypedResults.Ok(file) : Problems.NotFound("log", id)
            )
            .WithSummary("Gets how far the file of a log is")
            .ProducesProblem(404);
        api.MapGet("/{id:guid}/file", DownloadAsync)
            .WithSummary("Downloads the file of a log; each download is in history")
            .Produces(200, contentType: "application/octet-stream")
            .ProducesProblem(404)
            .ProducesProblem(409);

        var pages = app.MapGroup("/compliance/exports").RequireAuthorization(Permissions.KeepRecords).ExcludeFromDescription();
        pages.MapGet("", (WorkflowRuntime runtime, WriteLogs logs, CancellationToken cancel) => LogsAsync(runtime, logs, PostedForm.Empty, cancel));
        pages.MapPost(
            "",
            async (IFormCollection form, WorkflowRuntime runtime, WriteLogs logs, Person me, CancellationToken cancel) =>
                await AskAsync(new(form["format"], form["journey"], form["startedFrom"], form["startedUntil"], form["reason"]), logs, me, cancel)
                    is LogResult.Invalid invalid
                    ? await LogsAsync(runtime, logs, PostedForm.Of(form, invalid.Errors), cancel)
                    : Results.LocalRedirect("/compliance/exports")
        );
        pages.MapGet("/{id:guid}/file", DownloadAsync);
    }

    private static PolicyView View(PolicyVersion policy) =>
        new(policy.Version, JsonNode.Parse(policy.Document)!, policy.ChangedBy, policy.ChangedAt, policy.RemovesFrom);

    private static async Task<Results<Ok<PolicyView>, ProblemHttpResult>> PutAsync(
        PolicyBody body,
        WorkflowRuntime runtime,
        SettingDocuments settings,
        Person me,
        CancellationToken cancel
    )
    {
        if (body.Policy is null)
            return Problems.Invalid(new() { ["policy"] = ["is required"] });
        return await RetentionPolicies.SaveAsync(settings, body.Version, body.Policy.ToJsonString(Indented), me, runtime.Clock.Now(), cancel) switch
        {
            SavePolicyResult.Saved => TypedResults.Ok(View((await RetentionPolicies.FindAsync(settings, cancel))!)),
            SavePolicyResult.Invalid invalid => Problems.Invalid(
                invalid.Errors.GroupBy(e => "policy" + e.Path[1..]).ToDictionary(g => g.Key, g => g.Select(e => e.Reason).ToArray())
            ),
            SavePolicyResult.Stale stale => Problems.Of(
                409,
                "stale",
                "Someone else saved the policy first",
                $"Version {stale.Version} is in force.",
                ("version", stale.Version)
            ),
            _ => throw new InvalidOperationException("There is no other result."),
        };
    }

    private static async Task<IResult> PageAsync(
        WorkflowRuntime runtime,
        SettingDocuments settings,
        string? rule,
        string? text,
        IReadOnlyList<string> errors,
        CancellationToken cancel
    ) =>
        Html.Page(
            new RetentionPage
            {
                Status = await RetentionQueries.ReadAsync(runtime.Database, rule, Shown, runtime.Clock.Now(), cancel),
                Policy = await RetentionPolicies.FindAsync(settings, cancel),
                Journeys = await HoldEndpoints.JourneysAsync(runtime, cancel),
                Rule = rule,
                Text = text,
                Errors = errors,
                Now = runtime.Clock.Now(),
            },
            errors.Count > 0 ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK
        );

    private static async Task<IResult> LogsAsync(WorkflowRuntime runtime, WriteLogs logs, PostedForm form, CancellationToken cancel)
    {
        var files = await logs.ListAsync(Most, cancel);
        return Html.Page(
            new ExportsPage
            {
                Files = files,
                Names = await TeamQueries.NamesAsync(runtime.Database, files.Select(f => f.RequestedBy).Distinct(), cancel),
                Journeys = await HoldEndpoints.JourneysAsync(runtime, cancel),
                Form = form,
            },
            form.Errors.Count > 0 ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK
        );
    }

    private static async Task<LogResult> AskAsync(LogBody body, WriteLogs logs, Person me, CancellationToken cancel)
    {
        var errors = new Dictionary<string, string[]>();
        var (from, until) = (Given.Day(body.StartedFrom, "startedFrom", errors), Given.Day(body.StartedUntil, "startedUntil", errors));
        return errors.Count > 0
            ? new LogResult.Invalid(errors)
            : await logs.AskAsync(new(body.Format ?? "", body.Journey, from, until, body.Reason), me, cancel);
    }

    private static async Task<IResult> DownloadAsync(Guid id, WriteLogs logs, HttpContext http, Person me, CancellationToken cancel)
    {
        if (await logs.FindAsync(id, cancel) is not { } file)
            return Problems.NotFound("log", id);
        if (file.State != LogState.Done)
            return Problems.Of(409, "log-not-done", "The file isn't complete", "Try again when it is done.");
        http.Response.ContentType = file.ContentType;
        http.Response.ContentLength = file.Size;
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{file.FileName}\"";
        await logs.DownloadAsync(file, me, http.Response.Body, cancel);
        return Results.Empty;
    }

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
