using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>Whose deadline it is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SlaKind>))]
public enum SlaKind
{
    /// <summary>The company's own target.</summary>
    Internal,

    /// <summary>A promise to the customer.</summary>
    Promise,

    /// <summary>Required by a law or regulator. Can't pause unless the policy says otherwise.</summary>
    Statutory,
}

/// <summary>What carries the clock.</summary>
public enum SlaSubject
{
    Task,
    Case,
}

/// <summary>How a wait or a window ends.</summary>
public enum WaitEnd
{
    /// <summary>When its last day opens: "no earlier than the third business day after".</summary>
    OpensOn,

    /// <summary>When its last day is over: "until midnight of the third business day".</summary>
    EndsAfter,

    /// <summary>Like <see cref="EndsAfter"/>, but of a window in which something may still be done, instead of a time to wait through.</summary>
    Closes,
}

/// <summary>
/// A service level as data: what is measured, on which calendar, when the clock starts, stops, pauses, and who is notified on the way. Immutable; a running
/// clock keeps the version it started with.
/// </summary>
public sealed record SlaPolicy
{
    public required string Id { get; init; }

    /// <summary>At least 1. A changed policy is a new version.</summary>
    public required int Version { get; init; }
    public required string Name { get; init; }
    public string? Description { get; init; }

    /// <summary>The rule behind it, e.g. <c>12 CFR 1026.19(e)(1)(iii)</c>.</summary>
    public string? Source { get; init; }
    public SlaKind Kind { get; init; }
    public SlaSubject Subject { get; init; }
    public required SlaTarget Target { get; init; }

    /// <summary>Id of the calendar; also gives calendar days and weeks their zone.</summary>
    public required string Calendar { get; init; }
    public ClockDirection Direction { get; init; }

    /// <summary>For backward clocks: the fact of the case that holds the date to count back from.</summary>
    public string? AnchorFact { get; init; }
    public bool Pausable { get; init; } = true;

    /// <summary>How the wait or window ends that the clock measures; null, the default: the clock measures a deadline.</summary>
    public WaitEnd? Wait { get; init; }

    /// <summary>Something must be done by the due time. Else the due time ends a wait or a window, and reaching it is neither a success nor a breach.</summary>
    public bool IsDeadline => Wait is null;

    /// <summary>The due time ends a wait: a rescission period.</summary>
    public bool WaitingPeriod => Wait is WaitEnd.OpensOn or WaitEnd.EndsAfter;

    /// <summary>The due time closes a window in which something may be done: a summary resolution.</summary>
    public bool Window => Wait is WaitEnd.Closes;

    /// <summary>What history calls it: <c>window</c>, <c>wait</c>, or null for a deadline.</summary>
    internal string? WaitKind =>
        Wait is null ? null
        : Window ? "window"
        : "wait";

    /// <summary>When the clock is attached late, do rungs it has already passed act (the highest one) or are they recorded as skipped? Default: act.</summary>
    public bool MissedRungsAct { get; init; } = true;

    /// <summary>Default: its subject was opened.</summary>
    public required ClockCondition Start { get; init; }

    /// <summary>Default: its subject was completed.</summary>
    public required ClockCondition Stop { get; init; }

    /// <summary>Default: its subject was cancelled.</summary>
    public required ClockCondition Cancel { get; init; }

    /// <summary>Together with <see cref="Start"/>: completes the clock and starts a new generation. Default: never.</summary>
    public ClockCondition? Reset { get; init; }

    /// <summary>The clock stands still while its subject waits for one of these reasons.</summary>
    public IReadOnlyList<string> PauseReasons { get; init; } = [];
    public required IReadOnlyList<LadderRung> Ladder { get; init; }

    /// <summary>Target of the generations after the first and where they count from; null when all are alike and count from the reset.</summary>
    public Recurrence? Recurrence { get; init; }

    /// <summary>Whether a condition, the start or the date to count back from depends on facts of the case.</summary>
    internal bool AsksFacts =>
        Start.At is not null || AnchorFact is not null || ((ClockCondition?[])[Start, Stop, Cancel, Reset]).Any(condition => condition is { Where.Count: > 0 });

    /// <summary>The target of a generation.</summary>
    public SlaTarget TargetOf(int generation) => generation > 1 && Recurrence is { } recurrence ? recurrence.Target : Target;

    /// <summary>Reads a policy from its JSON (see definitions/sla). False with every error, each with its JSON path, when it is not one.</summary>
    /// <param name="json">The document.</param>
    /// <param name="calendarExists">Whether there is a calendar of an id.</param>
    /// <param name="policy">The policy, or null.</param>
    /// <param name="errors">The errors found.</param>
    public static bool TryParse(
        string json,
        Func<string, bool> calendarExists,
        [NotNullWhen(true)] out SlaPolicy? policy,
        out IReadOnlyList<DefinitionError> errors
    ) => SlaPolicyJson.TryParse(json, calendarExists, out policy, out errors);

    /// <summary>The policy as JSON that <see cref="TryParse"/> reads back to an equal policy.</summary>
    public string ToJson() => SlaPolicyJson.Write(this);

    /// <summary>A step's own duration without a policy file: an internal target with the default ladder.</summary>
    public static SlaPolicy Inline(SlaTarget target, string calendar) =>
        New("inline", "Step target", SlaKind.Internal, SlaSubject.Task, target, calendar, ClockDirection.Forward);

    /// <summary>
    /// A promise to a customer: due at the promised instant, the anchor of <see cref="Clock.Start"/>. Kept when it is said to be, when its step or with it the
    /// case is completed, or, if it binds no step, when someone reaches the customer.
    /// </summary>
    /// <param name="calendar">The calendar.</param>
    /// <param name="name">The promise.</param>
    /// <param name="step">The step it binds; null: it is a promise to contact the customer.</param>
    public static SlaPolicy Promise(string calendar, string name = "Customer promise", string? step = null)
    {
        var promise = New("promise", name, SlaKind.Promise, SlaSubject.Case, SlaTarget.Zero, calendar, ClockDirection.Backward);
        IReadOnlyList<string> kept = step is null ? [ContactReached] : [$"{StepPrefix}{step}{StepSuffix}", .. promise.Stop.Events];
        return promise with { Stop = promise.Stop with { Events = kept } };
    }

    /// <summary>That someone called or visited the customer and reached them.</summary>
    internal const string ContactReached = "contact.reached";

    /// <summary>The step whose completion an event is (<c>step:NAME.completed</c>), or null.</summary>
    internal static string? StepOf(string name) =>
        name.StartsWith(StepPrefix, StringComparison.Ordinal) && name.EndsWith(StepSuffix, StringComparison.Ordinal)
            ? name[StepPrefix.Length..^StepSuffix.Length]
            : null;

    /// <summary>The step that a pause reason waits for (<c>step:NAME</c>), or null.</summary>
    internal static string? WaitingStepOf(string reason) => reason.StartsWith(StepPrefix, StringComparison.Ordinal) ? reason[StepPrefix.Length..] : null;

    /// <summary>Names of the steps that its events and pause reasons name.</summary>
    internal IEnumerable<string> Steps =>
        new[] { Start, Stop, Cancel, Reset }
            .SelectMany(condition => condition?.Events ?? [])
            .Select(StepOf)
            .Concat(PauseReasons.Select(WaitingStepOf))
            .OfType<string>()
            .Distinct(StringComparer.Ordinal);

    private const string StepPrefix = "step:";
    private const string StepSuffix = ".completed";

    private static SlaPolicy New(string id, string name, SlaKind kind, SlaSubject subject, SlaTarget target, string calendar, ClockDirection direction) =>
        new()
        {
            Id = id,
            Version = 1,
            Name = name,
            Kind = kind,
            Subject = subject,
            Target = target,
            Calendar = calendar,
            Direction = direction,
            AnchorFact = direction == ClockDirection.Backward ? id : null,
            Start = ClockCondition.On(subject, "opened"),
            Stop = ClockCondition.On(subject, "completed"),
            Cancel = ClockCondition.On(subject, "cancelled"),
            Ladder = LadderRung.Default(kind),
        };
}

/// <summary>Holds when the change is one of these events and every named fact has one of its values.</summary>
public sealed record ClockCondition(IReadOnlyList<string> Events, IReadOnlyDictionary<string, IReadOnlyList<string>> Where)
{
    /// <summary>
    /// For <see cref="SlaPolicy.Start"/>: the fact that holds the date or instant at which it happened, if that can be earlier than when it became
    /// known.
    /// Default: now.
    /// </summary>
    public string? At { get; init; }

    public bool Holds(SubjectChange change) =>
        Events.Contains(change.Event, StringComparer.Ordinal)
        && Where.All(fact => change.Facts.TryGetValue(fact.Key, out var value) && fact.Value.Contains(value, StringComparer.Ordinal));

    internal static ClockCondition On(SlaSubject subject, string what) =>
        new([$"{(subject == SlaSubject.Task ? "task" : "case")}.{what}"], new Dictionary<string, IReadOnlyList<string>>());
}

/// <summary>Something happened to a task or case that carries clocks, or might.</summary>
/// <param name="At">When it happened.</param>
/// <param name="Event">
/// <c>task.opened</c>, <c>task.completed</c>, <c>task.cancelled</c>, the same for <c>case</c>, <c>case.moved</c> for any other change,
/// <c>step:NAME.completed</c>, <c>event:NAME</c>.
/// </param>
/// <param name="PauseReasons">What the subject waits for after the change.</param>
/// <param name="Facts">Facts of the case, as text (jurisdiction, product …).</param>
public sealed record SubjectChange(Instant At, string Event, IReadOnlySet<string> PauseReasons, IReadOnlyDictionary<string, string> Facts)
{
    /// <summary>A set of pause reasons. Letter case doesn't matter: a reason written another way must not let a clock run on.</summary>
    public static HashSet<string> Reasons(IEnumerable<string> reasons) => new(reasons, StringComparer.OrdinalIgnoreCase);
}

/// <summary>How a recurring clock continues: a status letter every 30 days, for example.</summary>
/// <param name="Target">Target of the generations after the first.</param>
/// <param name="FromDue">Count from the due time of the generation before instead of from the reset.</param>
public sealed record Recurrence(SlaTarget Target, bool FromDue);
