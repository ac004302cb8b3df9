using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ProcessMining;
using Orchestration.Workflows.Settings;

namespace Orchestration.Host.Retention;

/// <summary>A log to write by schedule.</summary>
/// <param name="Format">xes, ocel, csv or parquet.</param>
/// <param name="Journey">Cases of this journey; left out: of all.</param>
/// <param name="LastDays">Cases that began within so many days before; left out: all.</param>
/// <param name="Cron">Five fields: minute, hour, day, month, day of the week; once an hour at most.</param>
/// <param name="Calendar">Id of a calendar, whose time zone counts.</param>
/// <param name="KeepDays">How many days a file is kept.</param>
/// <param name="Reason">Why.</param>
public sealed record ScheduleBody(
    string? Format = null,
    string? Journey = null,
    int? LastDays = null,
    string? Cron = null,
    string? Calendar = null,
    int KeepDays = 30,
    string? Reason = null
);

/// <summary>Schedules of logs for process mining.</summary>
internal static class ScheduleEndpoints
{
    public static void Map(RouteGroupBuilder api, RouteGroupBuilder pages)
    {
        api.MapGet("/schedules", async (LogSchedules schedules, CancellationToken cancel) => TypedResults.Ok(await schedules.ListAsync(cancel)))
            .WithSummary("Lists the logs that are written by schedule, the next one first");
        api.MapPost(
                "/schedules",
                async Task<Results<Created<LogSchedule>, ProblemHttpResult>> (ScheduleBody body, LogSchedules schedules, Person me, CancellationToken cancel) =>
                    await schedules.AddAsync(
                        new(body.Format ?? "", body.Journey, body.LastDays, body.Cron, body.Calendar, body.KeepDays, body.Reason),
                        me,
                        cancel
                    ) switch
                    {
                        LogResult.Asked(var id) => TypedResults.Created("/api/logs/schedules", (await schedules.ListAsync(cancel)).First(s => s.Id == id)),
                        LogResult.Invalid invalid => Problems.Invalid(new(invalid.Errors)),
                        _ => throw new InvalidOperationException("There is no other result."),
                    }
            )
            .WithSummary("Writes a log by schedule, in your name, for as long as you have the permission")
            .ProducesProblem(422);
        api.MapDelete(
                "/schedules/{id:guid}",
                async Task<Results<NoContent, ProblemHttpResult>> (Guid id, LogSchedules schedules, Person me, CancellationToken cancel) =>
                    await schedules.RemoveAsync(id, me, cancel) ? TypedResults.NoContent() : Problems.NotFound("schedule", id)
            )
            .WithSummary("Removes a schedule; its files stay for their time")
            .ProducesProblem(404);
        pages.MapPost("/schedules", AddAsync);
        pages.MapPost(
            "/schedules/{id:guid}/remove",
            async (Guid id, LogSchedules schedules, Person me, CancellationToken cancel) =>
                await schedules.RemoveAsync(id, me, cancel) ? Results.LocalRedirect("/compliance/exports#schedules") : Results.NotFound()
        );
    }

    private static async Task<IResult> AddAsync(
        IFormCollection form,
        WorkflowRuntime runtime,
        WriteLogs logs,
        LogSchedules schedules,
        ServiceLevelCatalog calendars,
        Person me,
        CancellationToken cancel
    )
    {
        var request = new ScheduleRequest(
            form["format"].ToString(),
            form["journey"],
            string.IsNullOrWhiteSpace(form["lastDays"]) ? null : Number(form["lastDays"]),
            form["cron"],
            form["calendar"],
            Number(form["keepDays"]),
            form["reason"]
        );
        return await schedules.AddAsync(request, me, cancel) is LogResult.Invalid invalid
            ? await RetentionEndpoints.LogsAsync(runtime, logs, schedules, calendars, PostedForm.Of(form, invalid.Errors), cancel)
            : Results.LocalRedirect("/compliance/exports#schedules");
    }

    /// <summary>What is no number is out of every range.</summary>
    private static int Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
}
