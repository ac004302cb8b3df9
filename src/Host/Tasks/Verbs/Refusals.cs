using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Npgsql;
using Orchestration.Host.Access;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Tasks.Verbs;

/// <summary>Why a task was not changed, for people and programs.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">Tells a program what it is: the last part of the problem's type.</param>
/// <param name="Title">What happened, in a few words.</param>
/// <param name="Detail">The reason, as sentences that can stand alone.</param>
internal sealed record Refusal(int Status, string Code, string Title, string Detail)
{
    /// <summary>More for programs.</summary>
    public (string Name, object? Value)[] Facts { get; init; } = [];

    /// <summary>What is wrong, by field.</summary>
    public Dictionary<string, string[]>? Errors { get; init; }

    /// <summary>When it came to this.</summary>
    public Instant? At { get; init; }

    /// <summary>As the API says it.</summary>
    public ProblemHttpResult Problem() =>
        Errors is { } errors ? Problems.Invalid(errors, Status, Title, Detail) : Problems.Of(Status, Code, Title, Detail, Facts);
}

/// <summary>The words of refusals, once: for the API, the pages, changes to many tasks and background work.</summary>
internal static class Refusals
{
    /// <summary>The refusal with the display name of the person it tells of.</summary>
    public static async Task<Refusal> OfAsync(NpgsqlDataSource database, TaskResult result, Person me, CancellationToken cancel) =>
        Of(result, await NamesAsync(database, [result], cancel), me);

    /// <summary>Display names of the people that refusals tell of, by user name.</summary>
    public static Task<IReadOnlyDictionary<string, string>> NamesAsync(NpgsqlDataSource database, IEnumerable<TaskResult> results, CancellationToken cancel) =>
        TeamQueries.NamesAsync(database, results.Select(By).OfType<string>(), cancel);

    /// <summary>The refusal.</summary>
    /// <param name="result">Anything but <see cref="TaskResult.Done"/>.</param>
    /// <param name="names">Display names by user name.</param>
    /// <param name="me">Who asked, and is called “you”.</param>
    public static Refusal Of(TaskResult result, IReadOnlyDictionary<string, string> names, Person me) =>
        result switch
        {
            TaskResult.NotFound => new(404, "not-found", "Task not found", "This task doesn't exist, or you don't have access to it."),
            TaskResult.Forbidden forbidden => new(403, "forbidden", "You can't do this", forbidden.Reason),
            TaskResult.ReasonRequired guarded => new(403, SensitiveGuard.Code, SensitiveGuard.Title, SensitiveGuard.Advice)
            {
                Facts = SensitiveGuard.Facts(guarded.Record),
            },
            TaskResult.ExcludedByFourEyes four => new(
                403,
                "four-eyes",
                "Someone else has to do this step",
                $"Someone who worked on “{four.StepTitle}” can't work on this step (four-eyes rule)."
            )
            {
                Facts = [("step", four.StepId), ("stepTitle", four.StepTitle)],
            },
            TaskResult.AboveAuthority above => new(403, "above-authority", "This is above your authority", Above(above))
            {
                Facts =
                [
                    ("field", above.Decision.Field),
                    ("amount", above.Decision.Amount),
                    ("currency", above.Decision.Currency),
                    ("limit", above.Decision.Role is null ? 0m : above.Decision.Limit),
                    ("people", above.Others),
                ],
            },
            TaskResult.StaleRevision stale => new(
                409,
                "stale-revision",
                "The task has changed",
                $"{Changed(stale, names, me)} changed this task since you opened it. Review it and try again."
            )
            {
                At = stale.ChangedAt,
                Facts =
                [
                    ("expectedRevision", stale.Expected),
                    ("revision", stale.Actual),
                    ("state", stale.State.ToString()),
                    ("changedBy", stale.ChangedBy),
                    ("changedAt", stale.ChangedAt.ToString()),
                    ("changes", stale.Changes),
                ],
            },
            TaskResult.AlreadyEnded ended => new(409, "already-ended", "The task has already ended", Ended(ended, names, me))
            {
                At = ended.EndedAt,
                Facts = [("state", ended.State.ToString()), ("outcome", ended.Outcome), ("endedBy", ended.EndedBy), ("endedAt", ended.EndedAt.ToString())],
            },
            TaskResult.WrongState wrong => new(
                409,
                "wrong-state",
                "Not possible in this state",
                $"You can't {Phrase(wrong.Verb)} a task that is {State(wrong.State)}."
            )
            {
                Facts = [("state", wrong.State.ToString()), ("allowedStates", TaskLifeCycle.StatesFor(wrong.Verb).Select(state => state.ToString()).ToArray())],
            },
            TaskResult.ReviewRequired => new(
                409,
                "review-required",
                "Review required",
                "Someone else has to review this step before it completes. Ask for a review."
            ),
            TaskResult.OperationReused reused => new(
                409,
                "operation-reused",
                "Already sent with different data",
                $"The operation id “{reused.OperationId}” belongs to another request of yours. Review the task and send it again with a new id."
            ),
            TaskResult.InvalidData invalid => new(
                422,
                "invalid",
                $"{Words.Count(invalid.Errors.Count, "field needs", "fields need")} your attention",
                "What you entered is kept as a draft."
            )
            {
                Errors = invalid.Errors.GroupBy(e => e.Field).ToDictionary(g => g.Key, g => g.Select(e => e.Reason).ToArray()),
            },
            TaskResult.InvalidRequest invalid => new(422, "invalid", "Check what you entered", invalid.Reason)
            {
                Errors = new() { [invalid.Field] = [invalid.Reason] },
            },
            _ => throw new InvalidOperationException($"{result.GetType().Name} is no refusal."),
        };

    private static string? By(TaskResult result) =>
        result switch
        {
            TaskResult.AlreadyEnded ended => ended.EndedBy,
            TaskResult.StaleRevision stale => stale.ChangedBy,
            _ => null,
        };

    private static string Ended(TaskResult.AlreadyEnded ended, IReadOnlyDictionary<string, string> names, Person me)
    {
        var name = ended.EndedBy == me.UserName ? "you" : Name(ended.EndedBy, names);
        return ended switch
        {
            { State: TaskState.Completed, Outcome: { } outcome } => $"Already finished: {name} chose “{Words.Humanize(outcome)}”.",
            { State: TaskState.Failed } => $"Already marked as failed by {name}.",
            _ => $"Already {State(ended.State)} by {name}.",
        };
    }

    private static string Above(TaskResult.AboveAuthority above)
    {
        var decision = above.Decision;
        var amount = Words.Money(decision.Amount, decision.Currency);
        var limit = decision is { Role: not null, Limit: { } most } ? Words.Money(most, decision.Currency) : null;
        var own = limit is null ? "none of your roles has a limit for it" : $"your limit is {limit}";
        var others =
            above.Others.Count == 0
                ? "No one who can take this task has a limit that high: tell your supervisor."
                : $"Request a review by someone who may decide it, or hand the task over: {string.Join(", ", above.Others)}.";
        return $"{decision.Label} is {amount}, but {own}. {others}";
    }

    private static string Changed(TaskResult.StaleRevision stale, IReadOnlyDictionary<string, string> names, Person me) =>
        stale.ChangedBy == me.UserName ? "You have"
        : stale.ChangedBy == "system" ? "The system has"
        : $"{Name(stale.ChangedBy, names)} has";

    private static string Name(string userName, IReadOnlyDictionary<string, string> names) =>
        names.GetValueOrDefault(userName, userName == "system" ? "the system" : userName);

    private static string State(TaskState state) => Words.Humanize(state.ToString()).ToLowerInvariant();

    private static string Phrase(TaskVerb verb) =>
        verb switch
        {
            TaskVerb.TakeOver => "take over",
            TaskVerb.Stop => "stop work on",
            TaskVerb.Prioritize => "change the priority of",
            TaskVerb.Comment => "comment on",
            TaskVerb.Attach => "attach files to",
            TaskVerb.RequestReview => "ask for a review of",
            TaskVerb.StartReview => "review",
            TaskVerb.ApproveReview => "approve",
            TaskVerb.RequestChanges => "request changes to",
            TaskVerb.Return => "return the case from",
            _ => verb.ToString().ToLowerInvariant(),
        };
}
