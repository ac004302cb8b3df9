using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Host.Forecast;

/// <summary>A forecast of the deadlines that someone steers.</summary>
/// <param name="MadeAt">When it was made.</param>
/// <param name="Total">Deadlines that match the filter.</param>
/// <param name="Likely">How many of them will probably be missed.</param>
/// <param name="Expected">How many are expected to be missed: the probabilities added up.</param>
/// <param name="Beyond">Deadlines that match the filter and are due later than the forecast looks.</param>
/// <param name="Unknown">Deadlines that match the filter and too little is known about.</param>
/// <param name="Missed">Deadlines that match the filter and are missed already.</param>
/// <param name="IsTooLarge">More than 20,000 tasks are open: there is no forecast.</param>
/// <param name="Items">A page of 50 of those that may be missed (30% or more), or of what <c>show</c> asks for; the first due first.</param>
public sealed record ForecastAnswer(
    Instant MadeAt,
    int Total,
    int Likely,
    double Expected,
    int Beyond,
    int Unknown,
    int Missed,
    bool IsTooLarge,
    IReadOnlyList<ForecastClockAnswer> Items
);

/// <summary>A deadline that may be missed.</summary>
/// <param name="Clock">Its clock.</param>
/// <param name="Name">Name of its policy, or the promise.</param>
/// <param name="Kind">Whose deadline it is.</param>
/// <param name="CaseId">Its case.</param>
/// <param name="TaskId">Its task; null for a deadline of the case.</param>
/// <param name="Reference">Reference of the case.</param>
/// <param name="Teams">Teams of the tasks it depends on.</param>
/// <param name="DueAt">When it is due.</param>
/// <param name="Breach">Probability that it is missed, 0 to 1.</param>
/// <param name="LateMinutes">How late it will be on average if it is missed, in minutes of working time.</param>
/// <param name="LateElapsedMinutes">The same in elapsed minutes.</param>
/// <param name="LikelyAt">Half of the runs end by then; null: not within 14 days.</param>
/// <param name="AtLatest">Four of five runs end by then; null: not within 14 days.</param>
/// <param name="IsExamined">Whether fixes were looked for. Without one, nothing simple helps.</param>
/// <param name="Fix">The cheapest fix; null: none was found, or none was looked for.</param>
public sealed record ForecastClockAnswer(
    Guid Clock,
    string Name,
    SlaKind Kind,
    Guid CaseId,
    Guid? TaskId,
    string? Reference,
    IReadOnlyList<string> Teams,
    Instant DueAt,
    double Breach,
    int LateMinutes,
    int LateElapsedMinutes,
    Instant? LikelyAt,
    Instant? AtLatest,
    bool IsExamined,
    FixView? Fix
);

/// <summary>A fix.</summary>
/// <param name="Kind"><c>Reorder</c>, <c>Push</c>, <c>Move</c>, <c>Overtime</c> or <c>NewDate</c>.</param>
/// <param name="TaskId">The task.</param>
/// <param name="Revision">Its revision: send it with the fix.</param>
/// <param name="PersonId">Who gets it, is lent or works longer.</param>
/// <param name="Team">Team they are lent to.</param>
/// <param name="From">Begin of overtime or of a loan.</param>
/// <param name="Until">End of it; the new date.</param>
/// <param name="Before">Probability without it.</param>
/// <param name="After">Probability with it.</param>
/// <param name="Others">How many more deadlines of others are expected to be missed; negative: fewer.</param>
public sealed record FixView(
    string Kind,
    Guid? TaskId,
    int? Revision,
    Guid? PersonId,
    string? Team,
    Instant? From,
    Instant? Until,
    double Before,
    double After,
    double Others
);

/// <summary>More people to try.</summary>
/// <param name="Team">Key of their team.</param>
/// <param name="People">How many, 1 to 50.</param>
/// <param name="Until">Until when they are there, within 14 days.</param>
public sealed record WhatIfBody(string? Team, int People, Instant Until);

/// <summary>A fix to be applied.</summary>
/// <param name="Clock">The deadline's clock.</param>
/// <param name="Kind"><c>Reorder</c>, <c>Push</c>, <c>Move</c>, <c>Overtime</c>, <c>AskDate</c> (ask the customer) or <c>NewDate</c> (they agreed).</param>
/// <param name="TaskId">The task; not for a new date.</param>
/// <param name="Revision">Revision of the task that you last saw; for a new order or person.</param>
/// <param name="PersonId">The person.</param>
/// <param name="Team">Team they are lent to.</param>
/// <param name="From">Begin of overtime.</param>
/// <param name="Until">End of overtime or of the loan; the new date.</param>
/// <param name="OperationId">Chosen by you: the same id again gives the same answer.</param>
public sealed record FixBody(
    Guid Clock,
    string? Kind,
    Guid? TaskId,
    int? Revision,
    Guid? PersonId,
    string? Team,
    Instant? From,
    Instant? Until,
    string? OperationId
);

internal static class ForecastEndpoints
{
    public static void MapForecast(this WebApplication app)
    {
        var api = app.MapGroup("/api/forecast").WithTags("Forecast");
        api.MapGet("", ListAsync)
            .WithSummary("Returns which deadlines of the teams you steer will probably be missed, with the cheapest fix of each if asked for")
            .ProducesProblem(404)
            .ProducesProblem(422);
        api.MapGet("/calibration", CalibrationAsync).WithSummary("Returns how often forecasts of the last four weeks came true").ProducesProblem(404);
        api.MapPost("/what-if", TryAsync).WithSummary("Tries more people in a team").ProducesProblem(404).ProducesProblem(422);
        api.MapPost("/apply", ApplyAsync)
            .WithSummary("Applies a fix by the same rules as by hand")
            .ProducesProblem(403)
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
    }

    private static async Task<Results<Ok<ForecastAnswer>, ProblemHttpResult>> ListAsync(
        string? team,
        string? journey,
        string? by,
        bool? statutory,
        string? show,
        int? page,
        bool? fixes,
        ForecastOffice office,
        Person me,
        CancellationToken cancel
    )
    {
        if (ForecastReading.Filter(team, journey, by, statutory) is null)
            return Problems.Invalid(new() { ["by"] = ["must be a day like 2026-12-03"] });
        if (ForecastReading.Filter(team, journey, by, statutory, show) is null)
            return Problems.Invalid(new() { ["show"] = ["must be likely, possible or all"] });
        if (ForecastReading.Filter(team, journey, by, statutory, show, page) is not { } filter)
            return Problems.Invalid(new() { ["page"] = ["must be from 1 to 200"] });
        if (await ForecastReading.ReadAsync(office, filter, me, fixes == true, cancel) is not { } view)
            return Problems.NotFound("team", team ?? "");
        return TypedResults.Ok(
            new ForecastAnswer(
                view.Made.MadeAt,
                view.Rows.Count,
                view.Likely,
                Math.Round(view.Rows.Sum(row => row.Forecast.Breach), 1),
                view.CountLeft(LeftOutWhy.Beyond),
                view.CountLeft(LeftOutWhy.Unknown),
                view.CountLeft(LeftOutWhy.Breached),
                view.Made.IsTooLarge,
                [.. view.Items.Select(item => Of(item, view.Made))]
            )
        );
    }

    private static async Task<Results<Ok<Calibration>, ProblemHttpResult>> CalibrationAsync(ForecastOffice office, Person me, CancellationToken cancel) =>
        Identity.Policies.Steers(me)
            ? TypedResults.Ok(
                await ForecastHistory.CalibrationAsync(office.Runtime.Database, office.Runtime.Clock.Now() - Duration.FromDays(28), cancel: cancel)
            )
            : Problems.NotFound("forecast", "calibration");

    private static async Task<Results<Ok<WhatIfAnswer>, ProblemHttpResult>> TryAsync(
        WhatIfBody body,
        ForecastOffice office,
        Person me,
        CancellationToken cancel
    )
    {
        if (body.Team is not { } team || await ForecastReading.ReadAsync(office, new(team, null, null, false), me, false, cancel) is not { } view)
            return Problems.NotFound("team", body.Team ?? "");
        var errors = new Dictionary<string, string[]>();
        if (body.People is < 1 or > WhatIf.MostPeople)
            errors["people"] = [$"must be from 1 to {WhatIf.MostPeople}"];
        if (body.Until <= view.Made.MadeAt || body.Until > view.Made.MadeAt + Duration.FromDays(15))
            errors["until"] = ["must be in the future, within 14 days"];
        return errors.Count > 0 ? Problems.Invalid(errors) : TypedResults.Ok(await office.TryAsync(view.Made, body.People, team, body.Until, cancel));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> ApplyAsync(
        FixBody body,
        ApplyFix apply,
        ForecastOffice office,
        Person me,
        CancellationToken cancel
    )
    {
        if (!Enum.TryParse<FixKind>(body.Kind, out var kind) || !Enum.IsDefined(kind) || char.IsDigit(body.Kind![0]))
            return Problems.Invalid(new() { ["kind"] = [$"must be {string.Join(", ", Enum.GetNames<FixKind>())}"] });
        var operation = body.OperationId ?? Ids.Text(Ids.New(office.Runtime.Clock.Now()));
        var order = new FixOrder(body.Clock, kind, body.TaskId, body.Revision, body.PersonId, body.Team, body.From, body.Until, operation);
        var result = await apply.RunAsync(order, me, cancel);
        if (result is FixResult.Done)
            return TypedResults.NoContent();
        var problem = await FixAnswers.OfAsync(office, result, me, cancel);
        return problem.Field is { } field && result is FixResult.Invalid { Reason: var reason }
            ? Problems.Invalid(new() { [field] = [reason] })
            : Problems.Of(problem.Status, problem.Code, problem.Title, problem.Detail);
    }

    private static ForecastClockAnswer Of(ForecastItem item, OfficeForecast made) =>
        new(
            item.Clock.Id,
            item.Clock.Name,
            item.Clock.Kind,
            item.Clock.Case,
            item.Clock.Task,
            item.Clock.Reference,
            item.Clock.Teams,
            item.Clock.DueAt,
            item.Chance.Breach,
            (int)item.Chance.Late.TotalMinutes,
            (int)item.Chance.LateElapsed.TotalMinutes,
            item.Chance.Likely,
            item.Chance.AtLatest,
            item.FixKnown,
            item.Fix is { } fix
                ? new(
                    fix.Kind.ToString(),
                    fix.Task,
                    fix.Task is { } task ? made.Tasks.GetValueOrDefault(task)?.Revision : null,
                    fix.Person,
                    fix.Team,
                    fix.From,
                    fix.Until,
                    fix.Before,
                    fix.After,
                    Math.Round(fix.Others, 2)
                )
                : null
        );
}
