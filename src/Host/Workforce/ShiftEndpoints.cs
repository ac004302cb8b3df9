using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Staff;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;
using ShiftAnswer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Ok<Orchestration.Host.Workforce.PlannedShifts>,
    Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult
>;

namespace Orchestration.Host.Workforce;

/// <summary>A shift to be planned.</summary>
/// <param name="Person">User name.</param>
/// <param name="From">From when.</param>
/// <param name="Until">Until when, exclusive; at most 24 hours later.</param>
/// <param name="Kind">Work or Training; default Work.</param>
public sealed record ShiftBody(string? Person, DateTimeOffset? From, DateTimeOffset? Until, ShiftKind? Kind = ShiftKind.Work);

/// <summary>Shifts to be planned: all or, when anything is wrong, none.</summary>
public sealed record ShiftsBody(IReadOnlyList<ShiftBody>? Shifts);

/// <summary>A week to be copied.</summary>
/// <param name="Team">Key of a team that you steer.</param>
/// <param name="From">A day of the week that is copied, such as 2026-06-01.</param>
/// <param name="To">A day of the week it is copied into.</param>
/// <param name="TimeZone">Whose times of day stay the same, such as Europe/London; default: yours.</param>
public sealed record CopyWeekBody(string? Team, DateOnly? From, DateOnly? To, string? TimeZone = null);

/// <summary>What was planned.</summary>
/// <param name="Added">Ids of the shifts that were added; what was planned like that already is not among them.</param>
public sealed record PlannedShifts(IReadOnlyList<Guid> Added);

/// <summary>The API of the shift plan.</summary>
internal static class ShiftEndpoints
{
    private static readonly Duration LongestList = Duration.FromDays(100);

    public static void MapShifts(this WebApplication app)
    {
        var shifts = app.MapGroup("/api/shifts").WithTags("Workforce").RequireAuthorization(Policies.Steer);
        shifts
            .MapGet("", ListAsync)
            .WithSummary("Lists the shifts of your teams' people")
            .WithDescription("`from` and `until` are times such as 2026-06-01T00:00:00Z, at most 100 days apart; by default the next seven days.")
            .ProducesProblem(400)
            .ProducesProblem(403)
            .ProducesProblem(404);
        shifts
            .MapPost(
                "",
                async Task<ShiftAnswer> (ShiftsBody body, PlanShifts plan, Person me, CancellationToken cancel) =>
                    Answer(
                        await plan.AddAsync([.. (body.Shifts ?? []).Select(s => new PlannedShift(s?.Person, At(s?.From), At(s?.Until), s?.Kind))], me, cancel)
                    )
            )
            .WithSummary("Plans shifts: all or, when anything is wrong, none")
            .WithDescription("Errors name their shift, as in `shifts[3].until`. Planning exactly the same again changes nothing.")
            .ProducesProblem(403)
            .ProducesProblem(422);
        shifts
            .MapDelete(
                "/{id:guid}",
                async Task<Results<NoContent, ProblemHttpResult>> (Guid id, PlanShifts plan, Person me, CancellationToken cancel) =>
                    await plan.RemoveAsync(id, me, cancel) is ShiftResult.Done ? TypedResults.NoContent() : Problems.NotFound("shift", id)
            )
            .WithSummary("Removes a shift")
            .ProducesProblem(403)
            .ProducesProblem(404);
        shifts
            .MapPost("/copy", CopyAsync)
            .WithSummary("Copies a team's shifts of a week into another one, at the same times of day")
            .ProducesProblem(403)
            .ProducesProblem(404)
            .ProducesProblem(422);
        shifts
            .MapPost("/import", ImportAsync)
            .WithSummary("Plans the shifts of a CSV file; with an error in any line nothing is planned")
            .WithDescription(
                $"Columns: {string.Join(", ", ImportShifts.Columns)}. `lines` of a 422 are all errors, with line, column and reason. Times are those of "
                    + "`timeZone`, by default yours; an end that isn't after the start is on the next day."
            )
            .TakesCsv()
            .ProducesProblem(403);
        shifts.MapGet("/import/sample", () => StaffAnswers.Sample(ImportShifts.Sample, "shifts.csv")).WithSummary("Downloads a sample file");
    }

    /// <summary>A person's time zone: that of their quiet hours.</summary>
    public static async Task<DateTimeZone> ZoneAsync(WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        DateTimeZoneProviders.Tzdb.GetZoneOrNull((await NotificationPreferences.OfAsync(runtime.Database, me.Id, cancel)).TimeZone) ?? DateTimeZone.Utc;

    private static async Task<Results<Ok<IReadOnlyList<Shift>>, ProblemHttpResult>> ListAsync(
        string? team,
        DateTimeOffset? from,
        DateTimeOffset? until,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        var begin = At(from) ?? runtime.Clock.Now();
        if (!BusinessCalendar.Covers(begin))
            return Problems.Invalid(new() { ["from"] = ["is too far from today"] }, 400);
        var end = At(until) ?? begin + Duration.FromDays(7);
        if (end <= begin || end - begin > LongestList)
            return Problems.Invalid(new() { ["until"] = [$"must be after `from`, by at most {LongestList.TotalDays:0} days"] }, 400);
        return await SkillPages.TeamsAsync(runtime, team, me, cancel) is { Count: > 0 } teams
            ? TypedResults.Ok(await Shift.ListAsync(runtime.Database, teams, begin, end, cancel))
            : Problems.NotFound("team", team ?? "");
    }

    private static async Task<ShiftAnswer> CopyAsync(CopyWeekBody body, PlanShifts plan, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var errors = new Dictionary<string, string[]>();
        foreach (var (field, missing) in new[] { ("team", body.Team is null), ("from", body.From is null), ("to", body.To is null) })
        {
            if (missing)
                errors[field] = ["is required"];
        }

        var zone = await ReadZoneAsync(body.TimeZone, errors, runtime, me, cancel);
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        return await plan.CopyAsync(body.Team!, LocalDate.FromDateOnly(body.From!.Value), LocalDate.FromDateOnly(body.To!.Value), zone, me, cancel) switch
        {
            ShiftResult.NotFound => Problems.NotFound("team", body.Team!),
            var result => Answer(result),
        };
    }

    private static async Task<ShiftAnswer> ImportAsync(
        string? timeZone,
        HttpRequest request,
        PlanShifts plan,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string[]>();
        var zone = await ReadZoneAsync(timeZone, errors, runtime, me, cancel);
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        return await StaffAnswers.TextAsync(request, cancel) is { } file
            ? Answer(await ImportShifts.RunAsync(plan, file, zone, me, cancel))
            : Problems.Of(422, "invalid-file", "The file has errors", "The file isn't UTF-8 text. In a spreadsheet, save it as “CSV UTF-8”.");
    }

    private static async Task<DateTimeZone> ReadZoneAsync(
        string? timeZone,
        Dictionary<string, string[]> errors,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        if (string.IsNullOrWhiteSpace(timeZone))
            return await ZoneAsync(runtime, me, cancel);
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(timeZone) is { } zone)
            return zone;
        errors["timeZone"] = [$"'{timeZone}' is not a time zone; use a name like Europe/London"];
        return DateTimeZone.Utc;
    }

    private static ShiftAnswer Answer(ShiftResult result) =>
        result switch
        {
            ShiftResult.Done done => TypedResults.Ok(new PlannedShifts(done.Added)),
            ShiftResult.Invalid invalid => Problems.Invalid(
                invalid
                    .Errors.GroupBy(e => e.Field.Length == 0 ? "shifts" : $"shifts[{e.Index}].{e.Field}")
                    .ToDictionary(group => group.Key, group => group.Select(e => e.Reason).ToArray())
            ),
            ShiftResult.WrongFile wrong => Problems.Of(
                422,
                "invalid-file",
                "The file has errors",
                $"Nothing was planned. {wrong.Errors.Count} {(wrong.Errors.Count == 1 ? "place is" : "places are")} wrong.",
                ("lines", wrong.Errors)
            ),
            _ => Problems.NotFound("shift", ""),
        };

    private static Instant? At(DateTimeOffset? at) => at is { } time ? Instant.FromDateTimeOffset(time) : null;
}
