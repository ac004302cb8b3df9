using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Cases;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.Findings;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Compliance;

/// <summary>A task as it was.</summary>
public sealed record TaskAtView(
    Guid Id,
    string Step,
    string Title,
    string State,
    string? Team,
    string? Owner,
    string? Reviewer,
    int? Priority,
    string? Outcome,
    Instant OpenedAt,
    Instant? EndedAt
);

/// <summary>A clock or promise as it was.</summary>
public sealed record ClockAtView(
    Guid Id,
    string Name,
    string? Policy,
    Guid? Task,
    bool IsPromise,
    string Status,
    Instant? DueAt,
    bool Breached,
    Instant? EndedAt
);

/// <summary>A case as it was at a moment.</summary>
/// <param name="At">Time of the last event that is part of it.</param>
/// <param name="Sequence">Number of that event; 0: the case hadn't begun.</param>
/// <param name="Status">Running, Completed, Cancelled or Faulted.</param>
/// <param name="Facts">What was known, of what you may see.</param>
/// <param name="Rules">Versions of journey, forms and policies that were in force.</param>
/// <param name="Seers">Who could see it.</param>
/// <param name="Erased">Payloads that were erased since: what they said is unknown.</param>
public sealed record CaseAtView(
    Guid Id,
    Instant? At,
    int Sequence,
    string? Status,
    string? Reference,
    string? Customer,
    IReadOnlyList<CaseFact> Facts,
    IReadOnlyList<TaskAtView> Tasks,
    IReadOnlyList<ClockAtView> Clocks,
    IReadOnlyList<RuleInForce> Rules,
    IReadOnlyList<Seer> Seers,
    int Erased
);

/// <summary>Two moments of a case and what differs.</summary>
public sealed record CaseComparison(CaseAtView Before, CaseAtView After, IReadOnlyList<MomentChange> Changes);

/// <summary>The case as it was, for compliance.</summary>
internal static class CaseReviewEndpoints
{
    private static readonly Instant Earliest = Instant.FromUtc(1970, 1, 1, 0, 0);
    private static readonly Instant Latest = Instant.FromUtc(9000, 1, 1, 0, 0);

    public static void Map(RouteGroupBuilder api, RouteGroupBuilder pages)
    {
        api.MapGet("/cases/{id:guid}", FindAsync)
            .WithSummary("Gets a case as it was after an event, or at a time; without either, as it is now")
            .ProducesProblem(404)
            .ProducesProblem(422);
        api.MapGet("/cases/{id:guid}/compare", CompareAsync)
            .WithSummary("Compares a case at two times: what changed, field by field")
            .ProducesProblem(404)
            .ProducesProblem(422);
        pages.MapGet("/cases/{id:guid}", PageAsync);
    }

    private static async Task<Results<Ok<CaseAtView>, ProblemHttpResult>> FindAsync(
        Guid id,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel,
        string? at = null,
        int? @event = null
    )
    {
        if (!TryRead(at, out var moment))
            return Wrong("at");
        return await CaseReview.OpenAsync(runtime, id, me, cancel) is { } review
            ? TypedResults.Ok(await ViewAsync(runtime, review, await MomentAsync(review, @event, moment ?? runtime.Clock.Now(), cancel), cancel))
            : Problems.NotFound("case", id);
    }

    private static async Task<Results<Ok<CaseComparison>, ProblemHttpResult>> CompareAsync(
        Guid id,
        string? from,
        string? to,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        if (!TryRead(from, out var first) || first is null)
            return Wrong("from");
        if (!TryRead(to, out var second))
            return Wrong("to");
        if (await CaseReview.OpenAsync(runtime, id, me, cancel) is not { } review)
            return Problems.NotFound("case", id);
        var before = await review.AtAsync(first.Value, cancel);
        var after = await review.AtAsync(second ?? runtime.Clock.Now(), cancel);
        return TypedResults.Ok(
            new CaseComparison(
                await ViewAsync(runtime, review, before, cancel),
                await ViewAsync(runtime, review, after, cancel),
                MomentText.Compare(review, before, after)
            )
        );
    }

    private static async Task<IResult> PageAsync(
        Guid id,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel,
        string? at = null,
        string? than = null,
        int? @event = null
    )
    {
        if (await CaseReview.OpenAsync(runtime, id, me, cancel) is not { } review)
            return Results.NotFound();
        var now = runtime.Clock.Now();
        var errors = new Dictionary<string, string[]>();
        if (!TryRead(at, out var moment))
            errors["at"] = ["must be a time such as 2026-01-31T08:00"];
        if (!TryRead(than, out var other))
            errors["than"] = ["must be a time such as 2026-01-31T08:00"];
        var shown = await MomentAsync(review, @event, moment ?? now, cancel);
        var compared = other is { } second ? await review.AtAsync(second, cancel) : null;
        var when = @event is null ? moment ?? now : shown.Case.At ?? now;
        var version = shown.Workflow?.Id;
        var teams = (await TeamQueries.ListAsync(runtime.Database, cancel)).ToDictionary(t => t.Key, t => t.Title);
        var names = review
            .Events.Select(e => (e.Actor, e.ActorName))
            .Distinct()
            .Where(a => a.ActorName is not null)
            .ToDictionary(a => a.Actor, a => a.ActorName!);
        foreach (var (person, name) in review.People)
            names[Ids.Text(person)] = names[person.ToString()] = name;
        return Html.Page(
            new CaseReviewPage
            {
                Review = review,
                Shown = shown,
                When = when,
                IsNow = @event is null && moment is null,
                At = at,
                Than = than,
                Compared = compared,
                Changes = compared is null ? [] : MomentText.Compare(review, shown, compared),
                Seers = await WhoCouldSee.ReadAsync(runtime, shown.Case, when, cancel),
                Drawing = version is null ? null : await JourneyDrawing.ReadAsync(runtime.Database, version, cancel),
                Bursts = new Timeline(names, teams, shown.Workflow).Tell(review.Events),
                Teams = teams,
                Errors = errors,
                Findings = (await FindingQueries.ListAsync(runtime, new() { Case = Ids.Text(review.Id) }, cancel)).Items,
                AtEvent = @event,
            },
            errors.Count > 0 ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK
        );
    }

    private static Task<CaseMoment> MomentAsync(CaseReview review, int? sequence, Instant moment, CancellationToken cancel) =>
        sequence is { } number ? review.AfterAsync(number, cancel) : review.AtAsync(moment, cancel);

    private static async Task<CaseAtView> ViewAsync(WorkflowRuntime runtime, CaseReview review, CaseMoment moment, CancellationToken cancel)
    {
        var (found, people) = (moment.Case, review.People);
        return new(
            review.Id,
            found.At,
            found.Sequence,
            found.Status,
            found.Reference,
            found.CustomerName,
            moment.Facts,
            [
                .. found.Tasks.Select(t => new TaskAtView(
                    t.Id,
                    t.Step,
                    t.Title,
                    t.State.ToString(),
                    t.Team,
                    MomentText.Name(people, t.Owner),
                    MomentText.Name(people, t.Reviewer),
                    t.Priority,
                    t.Outcome,
                    t.OpenedAt,
                    t.EndedAt
                )),
            ],
            [
                .. found.Clocks.Select(c => new ClockAtView(
                    c.Id,
                    c.Name,
                    c.Policy,
                    c.Task,
                    c.IsPromise,
                    c.Settled ?? c.Status.ToString(),
                    c.DueAt,
                    c.Breached,
                    c.EndedAt
                )),
            ],
            moment.Rules,
            await WhoCouldSee.ReadAsync(runtime, found, found.At ?? runtime.Clock.Now(), cancel),
            found.Erased
        );
    }

    private static ProblemHttpResult Wrong(string field) => Problems.Invalid(new() { [field] = ["must be an instant such as 2026-01-31T08:00:00Z"] });

    /// <summary>An instant; without a zone it is UTC, as forms send it.</summary>
    private static bool TryRead(string? text, out Instant? moment)
    {
        moment = null;
        if (string.IsNullOrWhiteSpace(text))
            return true;
        if (InstantPattern.ExtendedIso.Parse(text) is { Success: true, Value: var at })
            moment = at;
        else if (
            LocalDateTimePattern.GeneralIso.Parse(text.Length == 16 ? $"{text}:59" : text) is { Success: true, Value: var local }
            && local.Year is > 0 and < 9999
        )
            moment = local.InUtc().ToInstant();
        return moment >= Earliest && moment <= Latest;
    }
}
