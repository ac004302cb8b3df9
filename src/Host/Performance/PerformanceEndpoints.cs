using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Performance;

namespace Orchestration.Host.Performance;

/// <summary>A figure.</summary>
/// <param name="Value">The value: a count, a share from 0 to 1, or seconds; null when there is nothing to divide by.</param>
/// <param name="Low">Lower end of the 95 % confidence interval.</param>
/// <param name="High">Its upper end.</param>
/// <param name="Counted">Of how many.</param>
/// <param name="IsEnough">Whether those are enough to judge by.</param>
public sealed record FigureModel(double? Value, double? Low, double? High, long Counted, bool IsEnough);

/// <summary>Figures of a day or week.</summary>
/// <param name="From">Its first day.</param>
/// <param name="Figures">By key of their definition.</param>
public sealed record FigurePeriod(LocalDate From, IReadOnlyDictionary<string, FigureModel> Figures);

/// <summary>Figures of a journey, step, team or person.</summary>
/// <param name="Key">Which one.</param>
/// <param name="Journey">The journey of a step.</param>
/// <param name="Title">Its name now.</param>
/// <param name="Figures">By key of their definition.</param>
public sealed record FigureRowModel(string Key, string? Journey, string Title, IReadOnlyDictionary<string, FigureModel> Figures);

/// <summary>How an SLA clock fared.</summary>
/// <param name="Policy">SLA policy.</param>
/// <param name="Met">Clocks that ended in time.</param>
/// <param name="Missed">Clocks that ended late.</param>
/// <param name="Breaches">Deadlines that passed.</param>
public sealed record DeadlineModel(string Policy, long Met, long Missed, long Breaches);

/// <summary>Figures of performance.</summary>
/// <param name="From">First day.</param>
/// <param name="To">Last day.</param>
/// <param name="TimeZone">Zone whose days they are.</param>
/// <param name="CountedUntil">Until when history is counted.</param>
/// <param name="Total">All together, by key of their definition.</param>
/// <param name="Periods">By day or week.</param>
/// <param name="Rows">By what they are compared by.</param>
/// <param name="Deadlines">By SLA policy.</param>
public sealed record PerformanceModel(
    LocalDate From,
    LocalDate To,
    string TimeZone,
    Instant? CountedUntil,
    IReadOnlyDictionary<string, FigureModel> Total,
    IReadOnlyList<FigurePeriod> Periods,
    IReadOnlyList<FigureRowModel> Rows,
    IReadOnlyList<DeadlineModel> Deadlines
)
{
    internal static PerformanceModel Of(PerformanceReport report) =>
        new(
            report.Query.From,
            report.Query.To,
            report.Zone.Id,
            report.CurrentAt,
            All(report.Total),
            [.. report.Periods.Select(p => new FigurePeriod(p.From, All(p.Figures)))],
            [.. report.Rows.Select(r => new FigureRowModel(r.Key, report.Query.Group == FigureGroup.Step ? r.Journey : null, r.Title, All(r.Figures)))],
            [.. report.Clocks.Select(c => new DeadlineModel(c.Policy, c.OnTime.Total, c.OnTime.Count - c.OnTime.Total, c.Breaches))]
        );

    private static Dictionary<string, FigureModel> All(Figures figures) =>
        Kpi.All.ToDictionary(
            kpi => kpi.Key,
            kpi =>
            {
                var value = kpi.Of(figures);
                return new FigureModel(value.Value, value.Low, value.High, value.Samples, kpi.Unit == KpiUnit.Count || value.IsEnough);
            }
        );
}

/// <summary>The definition of a figure.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Unit">Count, Duration (seconds), Share (0 to 1) or Number.</param>
/// <param name="MoreIsBetter">Null when neither is.</param>
/// <param name="Definition">How it is computed.</param>
public sealed record KpiModel(string Key, string Title, KpiUnit Unit, bool? MoreIsBetter, string Definition);

/// <summary>A target to set or to remove.</summary>
/// <param name="Good">Green from here on: a share from 0 to 1, seconds, or a number.</param>
/// <param name="Fair">Amber from here on.</param>
/// <param name="Journey">Only this journey.</param>
/// <param name="Step">Only this step of the journey.</param>
/// <param name="Team">Only this team.</param>
/// <param name="Revision">Revision you last saw; leave it out for a new target.</param>
/// <param name="Remove">Removes it instead.</param>
public sealed record TargetBody(
    double? Good,
    double? Fair,
    string? Journey = null,
    string? Step = null,
    string? Team = null,
    int? Revision = null,
    bool Remove = false
);

/// <summary>The API of performance.</summary>
internal static class PerformanceEndpoints
{
    private const string Filters =
        "`from` and `to` are days (default: the last twelve weeks), `grain` is `week` or `day`, `by` is `journey`, `step`, `team` or `person`; "
        + "`journey`, `step`, `team` and `person` filter. Times are in seconds, shares from 0 to 1.";

    public static void MapPerformanceEndpoints(this WebApplication app)
    {
        var api = app.MapGroup("/api/performance").WithTags("Performance");
        api.MapGet(
                "",
                async Task<Results<Ok<PerformanceModel>, ProblemHttpResult>> (
                    string? from,
                    string? to,
                    string? journey,
                    string? step,
                    string? team,
                    string? person,
                    string? grain,
                    string? by,
                    HttpContext http,
                    PerformanceServices services,
                    Person me,
                    CancellationToken cancel
                ) =>
                {
                    var errors = new Dictionary<string, string[]>();
                    var filter = PerformanceFilter.Read(http.Request.Query, await services.TodayAsync(cancel), errors);
                    if (errors.Count > 0)
                        return Problems.Invalid(errors, StatusCodes.Status400BadRequest);
                    return await PerformanceView.ReadAsync(services, filter, me, cancel) is { } view
                        ? TypedResults.Ok(PerformanceModel.Of(view.Report))
                        : Problems.NotFound(filter.Person is null ? "team" : "person", person ?? team ?? "");
                }
            )
            .RequireAuthorization(Policies.Steer)
            .HideWithoutRight()
            .WithSummary("Figures of the teams you steer")
            .WithDescription(Filters)
            .ProducesProblem(400)
            .ProducesProblem(404);
        api.MapGet(
                "/me",
                async Task<Results<Ok<PerformanceModel>, ProblemHttpResult>> (
                    string? from,
                    string? to,
                    string? grain,
                    HttpContext http,
                    PerformanceServices services,
                    Person me,
                    CancellationToken cancel
                ) =>
                {
                    var errors = new Dictionary<string, string[]>();
                    var filter = PerformanceFilter.Read(http.Request.Query, await services.TodayAsync(cancel), errors);
                    return errors.Count > 0
                        ? Problems.Invalid(errors, StatusCodes.Status400BadRequest)
                        : TypedResults.Ok(PerformanceModel.Of((await MyFigures.ReadAsync(services, filter, me, cancel)).Report));
                }
            )
            .WithSummary("Your own figures, by step")
            .WithDescription("`from` and `to` are days (default: the last twelve weeks), `grain` is `week` or `day`.")
            .ProducesProblem(400);
        api.MapGet(
                "/definitions",
                () => TypedResults.Ok<IReadOnlyList<KpiModel>>([.. Kpi.All.Select(k => new KpiModel(k.Key, k.Title, k.Unit, k.MoreIsBetter, k.Definition))])
            )
            .WithSummary("How each figure is computed");
        var targets = api.MapGroup("/targets").RequireAuthorization(Permissions.SteerTeams).HideWithoutRight();
        targets
            .MapGet(
                "",
                async (PerformanceServices services, CancellationToken cancel) => TypedResults.Ok(await Target.ListAsync(services.Runtime.Database, cancel))
            )
            .WithSummary("Lists targets, those of the narrowest scopes first");
        targets
            .MapPut(
                "/{measure}",
                async Task<Results<Ok<IReadOnlyList<Target>>, ProblemHttpResult>> (
                    string measure,
                    TargetBody body,
                    PerformanceServices services,
                    Person me,
                    CancellationToken cancel
                ) =>
                {
                    var target = new Target(
                        measure,
                        body.Journey ?? "",
                        body.Step ?? "",
                        body.Team ?? "",
                        body.Good ?? double.NaN,
                        body.Fair ?? double.NaN,
                        body.Revision ?? 0
                    );
                    var result = body.Remove
                        ? await Target.RemoveAsync(services.Runtime, target, me, cancel)
                        : await Target.SaveAsync(services.Runtime, target, me, cancel);
                    return result switch
                    {
                        TargetResult.Invalid invalid => Problems.Invalid(invalid.Errors),
                        TargetResult.Stale stale => Problems.Of(
                            409,
                            "stale-revision",
                            "The target has changed",
                            $"It is now at revision {stale.Revision}. Review it and try again.",
                            ("revision", stale.Revision)
                        ),
                        _ => TypedResults.Ok(await Target.ListAsync(services.Runtime.Database, cancel)),
                    };
                }
            )
            .WithSummary("Sets the target of a figure in a scope, or removes it")
            .ProducesProblem(409)
            .ProducesProblem(422);
    }
}
