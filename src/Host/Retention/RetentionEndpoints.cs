using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ProcessMining;
using Orchestration.Workflows.Settings;

namespace Orchestration.Host.Retention;

/// <summary>A log to write.</summary>
/// <param name="Format">xes, ocel, csv or parquet.</param>
/// <param name="Journey">Cases of this journey; left out: of all.</param>
/// <param name="StartedFrom">Cases that began on this day (UTC) or later.</param>
/// <param name="StartedUntil">Cases that began on this day (UTC) or earlier.</param>
/// <param name="Reason">Why.</param>
public sealed record LogBody(string? Format = null, string? Journey = null, string? StartedFrom = null, string? StartedUntil = null, string? Reason = null);

/// <summary>Retention, erasure, and logs for process mining.</summary>
internal static class RetentionEndpoints
{
    private const int Most = 50;

    public static void MapRetention(this WebApplication app)
    {
        HoldEndpoints.Map(app);
        ErasureEndpoints.Map(app);
        RetentionPolicyEndpoints.Map(app);
        MapLogs(app);
        ReportEndpoints.Map(app);
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
            .WithSummary("Writes a log for process mining as XES, OCEL 2.0, CSV or Parquet, in the background")
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
        pages.MapGet(
            "",
            (WorkflowRuntime runtime, WriteLogs logs, LogSchedules schedules, ServiceLevelCatalog calendars, CancellationToken cancel) =>
                LogsAsync(runtime, logs, schedules, calendars, PostedForm.Empty, cancel)
        );
        pages.MapPost(
            "",
            async (
                IFormCollection form,
                WorkflowRuntime runtime,
                WriteLogs logs,
                LogSchedules schedules,
                ServiceLevelCatalog calendars,
                Person me,
                CancellationToken cancel
            ) =>
                await AskAsync(new(form["format"], form["journey"], form["startedFrom"], form["startedUntil"], form["reason"]), logs, me, cancel)
                    is LogResult.Invalid invalid
                    ? await LogsAsync(runtime, logs, schedules, calendars, PostedForm.Of(form, invalid.Errors), cancel)
                    : Results.LocalRedirect("/compliance/exports")
        );
        pages.MapGet("/{id:guid}/file", DownloadAsync);
        ScheduleEndpoints.Map(api, pages);
    }

    internal static async Task<IResult> LogsAsync(
        WorkflowRuntime runtime,
        WriteLogs logs,
        LogSchedules schedules,
        ServiceLevelCatalog calendars,
        PostedForm form,
        CancellationToken cancel
    )
    {
        var (files, all) = (await logs.ListAsync(Most, cancel), await schedules.ListAsync(cancel));
        return Html.Page(
            new ExportsPage
            {
                Files = files,
                Schedules = all,
                Calendars = [.. calendars.Calendars.Values.OrderBy(c => c.Name, StringComparer.Ordinal)],
                Names = await TeamQueries.NamesAsync(
                    runtime.Database,
                    files.Select(f => f.RequestedBy).Concat(all.Select(s => s.CreatedBy)).Distinct(),
                    cancel
                ),
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
}
