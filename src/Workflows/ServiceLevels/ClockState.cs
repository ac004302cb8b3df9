using System.Text.Json.Serialization;
using NodaTime;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>State of a clock. Breached is a separate flag, not a state.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ClockStatus>))]
public enum ClockStatus
{
    Running,
    Paused,
    Completed,
    Cancelled,
}

/// <summary>What became of a promise to a customer.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PromiseOutcome>))]
public enum PromiseOutcome
{
    /// <summary>We did what we said; late if that was at or after the due time.</summary>
    Kept,

    /// <summary>We didn't, or won't.</summary>
    Broken,

    /// <summary>The customer no longer needs it.</summary>
    Withdrawn,
}

/// <summary>
/// One clock of a task or case, with everything needed to compute it again: the policy as it was, and every stretch it ran or stood still.
/// Immutable; <see cref="Clock"/> moves it. Stored as JSON by <see cref="ClockJson"/>.
/// </summary>
public sealed record ClockState
{
    /// <summary>The policy version the clock started with.</summary>
    public required SlaPolicy Policy { get; init; }

    /// <summary><see cref="BusinessCalendar.Fingerprint"/> of the calendar it was last computed with.</summary>
    public required string CalendarFingerprint { get; init; }

    /// <summary>1 for the first clock, one more after every reset.</summary>
    public required int Generation { get; init; }
    public required ClockStatus Status { get; init; }
    public required Instant StartedAt { get; init; }

    /// <summary>The date a backward clock counts back from.</summary>
    public Instant? AnchorAt { get; init; }

    /// <summary>The due time at the start. Kept permanently.</summary>
    public required Instant OriginalDueAt { get; init; }

    /// <summary>Null while paused; for an ended clock, the due time at its end.</summary>
    public Instant? DueAt { get; init; }

    /// <summary>The due time that was missed. Never reset: a completed clock stays breached.</summary>
    public Instant? BreachedAt { get; init; }
    public Instant? EndedAt { get; init; }

    /// <summary>For a promise: what someone said became of it. Null if its step or its case ended it, and for other clocks.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PromiseOutcome? Settled { get; init; }

    /// <summary>Stretches in order, each beginning where the one before ended; the last is open while the clock lives.</summary>
    public required IReadOnlyList<ClockSegment> Segments { get; init; }

    /// <summary>Time used by the stretches that ended, as <see cref="Total"/> measures it.</summary>
    public required Duration Used { get; init; }

    /// <summary>The length of 100 %: open time for workingTime and businessDays, wall time for the other units.</summary>
    public required Duration Total { get; init; }

    /// <summary>Rungs of this generation that acted or were skipped. None acts again.</summary>
    public IReadOnlyList<RungRecord> Rungs { get; init; } = [];

    public bool Breached => BreachedAt is not null;

    public bool Ended => EndedAt is not null;

    public SlaTarget Target => Policy.TargetOf(Generation);

    public Instant? PausedSince => Status == ClockStatus.Paused ? Segments[^1].From : null;
}

/// <summary>A stretch in which a clock ran or stood still.</summary>
/// <param name="From">Its start.</param>
/// <param name="To">Its end, or null while it lasts.</param>
/// <param name="Running">Whether the clock ran; else it was paused.</param>
/// <param name="Cause">Why it began: the event, or the reason of the pause.</param>
/// <param name="Used">Time it used; zero while it lasts and for pauses.</param>
public sealed record ClockSegment(Instant From, Instant? To, bool Running, string Cause, Duration Used);

/// <summary>What became of a rung.</summary>
/// <param name="Rung"><see cref="LadderRung.Key"/>.</param>
/// <param name="DueAt">When it was due.</param>
/// <param name="At">When it was dealt with.</param>
/// <param name="Acted">It acted; else it was skipped, because a higher one was passed too or the clock was attached late.</param>
public sealed record RungRecord(string Rung, Instant DueAt, Instant At, bool Acted);

/// <summary>Kind of a period in a clock's life.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LedgerKind>))]
public enum LedgerKind
{
    Ran,
    Paused,
    OutsideHours,
}

/// <summary>One row of a clock's ledger. Rows of a generation follow one another without gap.</summary>
/// <param name="Generation">Of the clock.</param>
/// <param name="From">Start.</param>
/// <param name="To">End, after the start.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Cause">Why: the event that began the stretch, the reason of the pause, the holiday.</param>
/// <param name="Counted">Time it used: its length when the clock ran, else zero.</param>
public sealed record LedgerRow(int Generation, Instant From, Instant To, LedgerKind Kind, string Cause, Duration Counted);

/// <summary>What moving a clock came to.</summary>
/// <param name="State">The clock afterwards; the same object when nothing changed.</param>
/// <param name="Rows">Ledger rows that became final.</param>
/// <param name="Next">The new generation after a reset, or null.</param>
public sealed record ClockChange(ClockState State, IReadOnlyList<LedgerRow> Rows, ClockState? Next = null);

/// <summary>A clock with the id it is stored under.</summary>
public sealed record StoredClock(Guid Id, ClockState State);

/// <summary>A stored clock that can't be read, or whose calendar is gone. It is left alone, and ended with its task or case.</summary>
public sealed record UnreadableClock(Guid Id, string Policy);

/// <summary>The live clocks of a task or case.</summary>
public sealed record LiveClocks(IReadOnlyList<StoredClock> Clocks, IReadOnlyList<UnreadableClock> Unreadable)
{
    /// <summary>There is none.</summary>
    public static LiveClocks None { get; } = new([], []);
}
