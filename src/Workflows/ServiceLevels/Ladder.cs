using NodaTime;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>The decision of a ladder at an instant.</summary>
/// <param name="State">The clock with the breach and the rungs recorded; store it in the transaction that acts.</param>
/// <param name="Acts">The rung that acts now, or null.</param>
/// <param name="Recorded">Rungs recorded now: the one that acts, and lower ones that are skipped.</param>
/// <param name="BreachedNow">The due time was reached and not yet recorded as missed.</param>
/// <param name="NextAt">When to look again; null when nothing is left to happen.</param>
public sealed record LadderDecision(ClockState State, LadderRung? Acts, IReadOnlyList<RungRecord> Recorded, bool BreachedNow, Instant? NextAt);

/// <summary>
/// Decides which rung of a clock acts when. Each rung is handled once per generation, because the clock's state lists the handled rungs.
/// A paused clock has no rungs due; resuming never repeats one. Pure.
/// </summary>
public static class Ladder
{
    /// <summary>Rungs that are still to be dealt with, with their instants, in order. Empty unless the clock runs.</summary>
    public static IReadOnlyList<(LadderRung Rung, Instant DueAt)> Rungs(ClockState state, BusinessCalendar calendar)
    {
        if (state.Status != ClockStatus.Running)
        {
            return [];
        }

        return
        [
            .. state
                .Policy.Ladder.Where(rung => state.Rungs.All(record => record.Rung != rung.Key))
                .Select(rung => (Rung: rung, DueAt: DueAt(state, rung, calendar)))
                .OrderBy(rung => rung.DueAt),
        ];
    }

    /// <summary>When to look at a clock next: its next rung or its due time. Null when it does not run or nothing is left to happen.</summary>
    public static Instant? NextAt(ClockState state, BusinessCalendar calendar)
    {
        var rungs = Rungs(state, calendar);
        var breach = Clock.IsOpenDeadline(state) ? state.DueAt : null;
        return rungs.Count == 0 ? breach
            : breach is { } due ? Instant.Min(rungs[0].DueAt, due)
            : rungs[0].DueAt;
    }

    /// <summary>Marks the breach and picks the rung that acts: of those passed, the last one; the others are recorded as skipped.</summary>
    public static LadderDecision Decide(ClockState state, BusinessCalendar calendar, Instant now)
    {
        var marked = Clock.MarkBreach(state, now);
        var passed = Rungs(marked, calendar).Where(rung => rung.DueAt <= now).ToList();
        var records = passed.Select((rung, index) => new RungRecord(rung.Rung.Key, rung.DueAt, now, Acted: index == passed.Count - 1)).ToList();
        var decided = records.Count == 0 ? marked : marked with { Rungs = [.. marked.Rungs, .. records] };
        return new LadderDecision(decided, passed.Count == 0 ? null : passed[^1].Rung, records, marked.Breached && !state.Breached, NextAt(decided, calendar));
    }

    /// <summary>Records every passed rung as skipped, for a clock that is attached late and whose policy says so.</summary>
    internal static ClockState SkipPassed(ClockState state, BusinessCalendar calendar, Instant now)
    {
        var skipped = Rungs(state, calendar).Where(rung => rung.DueAt <= now).Select(rung => new RungRecord(rung.Rung.Key, rung.DueAt, now, Acted: false));
        return state with { Rungs = [.. state.Rungs, .. skipped] };
    }

    /// <summary>A rung after the years that calendars cover is due at their end.</summary>
    private static Instant DueAt(ClockState state, LadderRung rung, BusinessCalendar calendar)
    {
        try
        {
            return ComputeDueAt(state, rung, calendar);
        }
        catch (ArgumentOutOfRangeException)
        {
            return BusinessCalendar.End;
        }
    }

    private static Instant ComputeDueAt(ClockState state, LadderRung rung, BusinessCalendar calendar)
    {
        var due = state.DueAt!.Value;
        if (rung.Before is { } before)
        {
            return DueTimes.Compute(due, before, ClockDirection.Backward, calendar);
        }

        if (rung.After is { } after)
        {
            return DueTimes.Compute(due, after, ClockDirection.Forward, calendar);
        }

        return At(state, rung.Percent!.Value, calendar);
    }

    /// <summary>When so much of a running clock is used.</summary>
    internal static Instant At(ClockState state, int percent, BusinessCalendar calendar)
    {
        var due = state.DueAt!.Value;
        if (percent == 100)
        {
            return due;
        }

        var from = state.Segments[^1].From;

        // Whole microseconds, upwards: the database keeps no more, and a rung must not look due before it is.
        var wanted = Duration.FromNanoseconds((long)(((Int128)state.Total.ToInt64Nanoseconds() * percent + 99_999) / 100_000 * 1000)) - state.Used;
        var at = wanted > Duration.Zero ? DueTimes.AddUsed(from, wanted, state.Target.Unit, calendar) : from;
        return percent < 100 ? Instant.Min(at, due) : Instant.Max(at, due);
    }
}
