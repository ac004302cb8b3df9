using NodaTime;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>
/// Moves clocks. Pure: state, calendar and time in; state and ledger rows out. An operation that does not fit the state (pausing an
/// unpausable or ended clock, stopping twice) changes nothing. A time before the clock's last change counts as that change's time,
/// because hosts' clocks differ a little. The calendar must be the one the clock was computed with, except for <see cref="Recompute"/>.
/// </summary>
public static class Clock
{
    /// <summary>Starts a clock.</summary>
    /// <param name="policy">The policy to measure by.</param>
    /// <param name="calendar">The policy's calendar.</param>
    /// <param name="startedAt">When it started; earlier than now if it is attached late, in which case it may be breached immediately.</param>
    /// <param name="cause">The event that started it.</param>
    /// <param name="anchor">For backward clocks: the date to count back from.</param>
    /// <param name="generation">1, or one more than the clock before.</param>
    public static ClockState Start(
        SlaPolicy policy,
        BusinessCalendar calendar,
        Instant startedAt,
        Instant now,
        string cause,
        Instant? anchor = null,
        int generation = 1
    )
    {
        var target = policy.TargetOf(generation);
        var due =
            policy.Direction == ClockDirection.Forward
                ? DueTimes.Compute(startedAt, target, ClockDirection.Forward, calendar, policy.Wait)
                : DueTimes.Compute(
                    anchor ?? throw new ArgumentNullException(nameof(anchor), "a backward clock counts back from a date"),
                    target,
                    ClockDirection.Backward,
                    calendar
                );
        var state = new ClockState
        {
            Policy = policy,
            CalendarFingerprint = calendar.Fingerprint,
            Generation = generation,
            Status = ClockStatus.Running,
            StartedAt = startedAt,
            AnchorAt = anchor,
            OriginalDueAt = due,
            DueAt = due,
            Segments = [new ClockSegment(startedAt, null, true, cause, Duration.Zero)],
            Used = Duration.Zero,
            Total = TotalOf(target, policy.Direction, Duration.Zero, startedAt, due, calendar),
        };
        state = MarkBreach(state, now);
        return policy.MissedRungsAct ? state : Ladder.SkipPassed(state, calendar, now);
    }

    /// <summary>
    /// Evaluates a policy after a change of its subject, in the order of ServiceNow: attach; else stop, reset, cancel, pause, resume. Null when there is no
    /// clock and none starts.
    /// </summary>
    /// <param name="policy">The policy to start from; a running clock uses its own.</param>
    /// <param name="active">The live clock of that policy on that subject, or null.</param>
    /// <param name="change">What happened.</param>
    /// <param name="calendar">The policy's calendar.</param>
    /// <param name="anchor">For backward clocks: the date to count back from; without it none starts.</param>
    /// <param name="startedAt">When the start of a clock happened, if that was before it became known; null: at the change.</param>
    public static ClockChange? Evaluate(
        SlaPolicy policy,
        ClockState? active,
        SubjectChange change,
        BusinessCalendar calendar,
        Instant now,
        Instant? anchor = null,
        Instant? startedAt = null
    )
    {
        if (active is null || active.Ended)
        {
            if (!policy.Start.Holds(change) || policy.Stop.Holds(change) || (policy.Direction == ClockDirection.Backward && anchor is null))
            {
                return null;
            }

            var started = Start(policy, calendar, startedAt ?? change.At, now, change.Event, anchor);
            return PauseReason(started, change) is { } atOnce ? Pause(started, calendar, change.At, atOnce) : new ClockChange(started, []);
        }

        policy = active.Policy;
        if (policy.Stop.Holds(change))
        {
            return Stop(active, calendar, change.At);
        }

        if (policy.Reset is { } reset && reset.Holds(change) && policy.Start.Holds(change))
        {
            return Reset(active, calendar, startedAt ?? change.At, now, change.Event, anchor);
        }

        if (policy.Cancel.Holds(change))
        {
            return Cancel(active, calendar, change.At);
        }

        return PauseReason(active, change) is { } reason ? Pause(active, calendar, change.At, reason) : Resume(active, calendar, change.At, change.Event);
    }

    /// <summary>
    /// Pauses: no due time and no rungs until <see cref="Resume"/>. A clock that is already paused for another reason starts a new period. A wait or
    /// window that is over stays over.
    /// </summary>
    public static ClockChange Pause(ClockState state, BusinessCalendar calendar, Instant now, string reason)
    {
        if (
            state.Ended
            || !state.Policy.Pausable
            || (state.Status == ClockStatus.Paused && state.Segments[^1].Cause == reason)
            || (state is { Status: ClockStatus.Running, Policy.IsDeadline: false, DueAt: { } over } && Instant.Max(now, state.Segments[^1].From) >= over)
        )
        {
            return new ClockChange(state, []);
        }

        var (closed, at) = CloseSegment(MarkBreach(state, now), calendar, now);
        var paused = closed with
        {
            Status = ClockStatus.Paused,
            DueAt = null,
            Segments = [.. closed.Segments, new ClockSegment(at, null, false, reason, Duration.Zero)],
        };
        return new ClockChange(paused, ClockLedger.Rows(closed, closed.Segments[^1], calendar));
    }

    /// <summary>
    /// Runs on: the due time is computed again from what is left of the target. Whole days that passed under the pause are added to a clock that counts days.
    /// </summary>
    public static ClockChange Resume(ClockState state, BusinessCalendar calendar, Instant now, string cause)
    {
        if (state.Status != ClockStatus.Paused)
        {
            return new ClockChange(state, []);
        }

        var (closed, at) = CloseSegment(state, calendar, now);
        var due = DueOnResume(closed, at, calendar);
        var running = closed with
        {
            Status = ClockStatus.Running,
            DueAt = due,
            Segments = [.. closed.Segments, new ClockSegment(at, null, true, cause, Duration.Zero)],
            Total = TotalOf(closed.Target, closed.Policy.Direction, closed.Used, at, due, calendar),
        };
        return new ClockChange(MarkBreach(running, at), ClockLedger.Rows(closed, closed.Segments[^1], calendar));
    }

    /// <summary>The goal was reached. Breached if that was at or after the due time.</summary>
    public static ClockChange Stop(ClockState state, BusinessCalendar calendar, Instant now) => End(state, calendar, now, ClockStatus.Completed);

    /// <summary>The goal is given up, perhaps before its due time: the clock is breached.</summary>
    public static ClockChange Miss(ClockState state, BusinessCalendar calendar, Instant now)
    {
        var change = End(state, calendar, now, ClockStatus.Completed);
        return ReferenceEquals(change.State, state)
            ? change
            : change with
            {
                State = change.State with { BreachedAt = change.State.BreachedAt ?? state.DueAt ?? state.OriginalDueAt },
            };
    }

    /// <summary>
    /// Counts back from a later date: the customer agreed to it. The original due time stays, and rungs that acted don't act again. A clock that ended, was
    /// missed or counts forward stays as it is.
    /// </summary>
    public static ClockChange Postpone(ClockState state, BusinessCalendar calendar, Instant now, Instant anchor)
    {
        var current = MarkBreach(state, now);
        if (!IsOpenDeadline(current) || current.Policy.Direction != ClockDirection.Backward)
            return new ClockChange(state, []);
        var due = DueTimes.Compute(anchor, current.Target, ClockDirection.Backward, calendar);
        return new ClockChange(
            current with
            {
                AnchorAt = anchor,
                DueAt = due,
                Total = TotalOf(current.Target, ClockDirection.Backward, current.Used, current.Segments[^1].From, due, calendar),
            },
            []
        );
    }

    /// <summary>The goal no longer matters.</summary>
    public static ClockChange Cancel(ClockState state, BusinessCalendar calendar, Instant now) => End(state, calendar, now, ClockStatus.Cancelled);

    /// <summary>Completes the clock and starts its next generation, from the time of the reset or, if the policy says so, from the old due time.</summary>
    public static ClockChange Reset(ClockState state, BusinessCalendar calendar, Instant at, Instant now, string cause, Instant? anchor = null)
    {
        if (state.Ended)
        {
            return new ClockChange(state, []);
        }

        var completed = Stop(state, calendar, at);
        var from = state.Policy.Recurrence is { FromDue: true } ? completed.State.DueAt ?? completed.State.OriginalDueAt : completed.State.EndedAt!.Value;
        return completed with { Next = Start(state.Policy, calendar, from, now, cause, anchor ?? state.AnchorAt, state.Generation + 1) };
    }

    /// <summary>
    /// Sets the breach flag when the due time is reached, unless it only ends a wait: the due instant itself is too late, as the end of a slot is closed.
    /// </summary>
    public static ClockState MarkBreach(ClockState state, Instant now) =>
        IsOpenDeadline(state) && state.DueAt is { } due && now >= due ? state with { BreachedAt = due } : state;

    /// <summary>
    /// Computes the whole clock again from its history, under a policy and calendar that may have changed. Explicit and to be recorded: show it
    /// first, store it after. What rungs did stays done and the original due time stays; with unchanged policy and calendar the result equals the
    /// stored state and its ledger, bit for bit. An ended clock that was breached stays breached.
    /// </summary>
    public static ClockChange Recompute(ClockState state, SlaPolicy policy, BusinessCalendar calendar, Instant now)
    {
        // Pauses that happened stay pauses, even if the new policy would not have allowed them.
        var replayed = policy with
        {
            Pausable = true,
            MissedRungsAct = true,
        };
        var clock = Start(replayed, calendar, state.StartedAt, state.StartedAt, state.Segments[0].Cause, state.AnchorAt, state.Generation);
        List<LedgerRow> rows = [];
        foreach (var segment in state.Segments.Skip(1))
        {
            var change = segment.Running ? Resume(clock, calendar, segment.From, segment.Cause) : Pause(clock, calendar, segment.From, segment.Cause);
            clock = change.State;
            rows.AddRange(change.Rows);
        }

        if (state.EndedAt is { } end)
        {
            var change = End(clock, calendar, end, state.Status);
            clock = change.State with { BreachedAt = change.State.BreachedAt ?? state.BreachedAt };
            rows.AddRange(change.Rows);
        }

        clock = MarkBreach(clock, now) with { Policy = policy, OriginalDueAt = state.OriginalDueAt, Rungs = state.Rungs, Settled = state.Settled };
        return new ClockChange(clock, rows);
    }

    /// <summary>
    /// Percentage of the clock used at an instant, for an ended clock at its end. Above 100 when late; a wait or window that is over is used up, not late.
    /// </summary>
    public static double PercentUsed(ClockState state, BusinessCalendar calendar, Instant now)
    {
        if (IsOver(state, now))
        {
            return 100;
        }

        var used = state.Used;
        if (state.Status == ClockStatus.Running)
        {
            var from = state.Segments[^1].From;
            used += DueTimes.Used(from, Instant.Max(from, now), state.Target.Unit, calendar);
        }

        // A backward clock that starts after its due time has nothing left to use.
        return state.Total > Duration.Zero ? used / state.Total * 100 : 100;
    }

    /// <summary>Whether the clock can still breach.</summary>
    internal static bool IsOpenDeadline(ClockState state) => state is { Status: ClockStatus.Running, Breached: false, Policy.IsDeadline: true };

    /// <summary>Whether the wait or window it measures is over; for an ended clock, whether it was when the clock ended. A deadline is never over.</summary>
    public static bool IsOver(ClockState state, Instant now) => state is { Policy.IsDeadline: false, DueAt: { } due } && (state.EndedAt ?? now) >= due;

    private static ClockChange End(ClockState state, BusinessCalendar calendar, Instant now, ClockStatus status)
    {
        if (state.Ended)
        {
            return new ClockChange(state, []);
        }

        var (closed, at) = CloseSegment(MarkBreach(state, now), calendar, now);
        return new ClockChange(closed with { Status = status, EndedAt = at }, ClockLedger.Rows(closed, closed.Segments[^1], calendar));
    }

    private static (ClockState State, Instant At) CloseSegment(ClockState state, BusinessCalendar calendar, Instant now)
    {
        var last = state.Segments[^1];
        var at = Instant.Max(now, last.From);
        var used = last.Running ? DueTimes.Used(last.From, at, state.Target.Unit, calendar) : Duration.Zero;
        return (state with { Segments = [.. state.Segments.SkipLast(1), last with { To = at, Used = used }], Used = state.Used + used }, at);
    }

    private static Instant DueOnResume(ClockState state, Instant at, BusinessCalendar calendar)
    {
        if (state.BreachedAt is { } missed)
        {
            return missed;
        }

        var target = state.Target;
        if (state.Policy.Direction == ClockDirection.Backward)
        {
            return DueTimes.Compute(state.AnchorAt!.Value, target, ClockDirection.Backward, calendar);
        }

        if (!target.CountsDays)
        {
            return DueTimes.AddUsed(at, target.Time - state.Used, target.Unit, calendar);
        }

        var days = state
            .Segments.Where(segment => segment.Running)
            .Sum(segment => DueTimes.DaysBetween(segment.From, segment.To!.Value, target.Unit, calendar));
        return DueTimes.AddDays(at, Math.Max(0, DueTimes.Days(target) - days), target.Unit, calendar, state.Policy.Wait);
    }

    private static Duration TotalOf(SlaTarget target, ClockDirection direction, Duration used, Instant from, Instant due, BusinessCalendar calendar) =>
        direction == ClockDirection.Forward && !target.CountsDays
            ? target.Time
            : used + Duration.Max(Duration.Zero, DueTimes.Used(from, due, target.Unit, calendar));

    private static string? PauseReason(ClockState state, SubjectChange change) =>
        state.Status == ClockStatus.Paused && change.PauseReasons.Contains(state.Segments[^1].Cause)
            ? state.Segments[^1].Cause
            : state.Policy.PauseReasons.FirstOrDefault(change.PauseReasons.Contains);
}
