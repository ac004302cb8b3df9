using NodaTime;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using SlaClock = Orchestration.Workflows.ServiceLevels.Clock;

namespace Orchestration.Host.ServiceLevels;

/// <summary>A clock in a list.</summary>
/// <param name="Kind">Internal, Promise or Statutory.</param>
/// <param name="Source">The rule behind it.</param>
/// <param name="WaitingPeriod">Its due time ends a wait and is no deadline.</param>
/// <param name="Window">Its due time closes a window in which something may be done and is no deadline.</param>
/// <param name="Over">The wait or window is over.</param>
/// <param name="PercentUsed">Above 100 when late.</param>
/// <param name="Problem">Why nobody watches the clock: it can't be read, or its calendar is gone. Then only names, status and due time are known.</param>
public sealed record ClockSummary(
    Guid Id,
    Guid CaseId,
    Guid? TaskId,
    string? Task,
    string Policy,
    int PolicyVersion,
    string Name,
    SlaKind Kind,
    string? Source,
    bool WaitingPeriod,
    bool Window,
    bool Over,
    int Generation,
    ClockStatus Status,
    DateTime StartedAt,
    DateTime OriginalDueAt,
    DateTime? DueAt,
    bool Breached,
    double PercentUsed,
    DateTime? PausedSince,
    string? PausedFor,
    DateTime? EndedAt,
    string? Problem
)
{
    internal static IReadOnlyList<ClockSummary> Of(ClockList clocks, ServiceLevelCatalog catalog, Instant now) =>
        [.. clocks.Clocks.Select(clock => Of(clock, catalog, now)).Concat(clocks.Lost.Select(Of)).OrderBy(clock => clock.StartedAt)];

    /// <summary>Why the calendar of a clock can't say when it is due, or null.</summary>
    internal static string? ProblemOf(ClockState state, ServiceLevelCatalog catalog) =>
        catalog.FindCalendarOf(state) is null ? $"Calendar '{state.Policy.Calendar}' can't be read." : null;

    private static ClockSummary Of(LostClock clock) =>
        new(
            clock.Id,
            clock.CaseId,
            clock.TaskId,
            clock.Title,
            clock.Policy,
            0,
            clock.Name,
            clock.Kind,
            null,
            WaitingPeriod: false,
            Window: false,
            Over: false,
            clock.Generation,
            clock.Status,
            clock.StartedAt.ToDateTimeUtc(),
            (clock.DueAt ?? clock.StartedAt).ToDateTimeUtc(),
            clock.DueAt?.ToDateTimeUtc(),
            clock.Breached,
            0,
            null,
            null,
            null,
            "The clock can't be read."
        );

    internal static ClockSummary Of(PlacedClock clock, ServiceLevelCatalog catalog, Instant now)
    {
        var state = clock.State;
        var policy = state.Policy;
        return new(
            clock.Id,
            clock.CaseId,
            clock.TaskId,
            clock.Title,
            policy.Id,
            policy.Version,
            policy.Name,
            policy.Kind,
            policy.Source,
            policy.WaitingPeriod,
            policy.Window,
            SlaClock.IsOver(state, now),
            state.Generation,
            state.Status,
            state.StartedAt.ToDateTimeUtc(),
            state.OriginalDueAt.ToDateTimeUtc(),
            state.DueAt?.ToDateTimeUtc(),
            state.Breached || SlaClock.MarkBreach(state, now).Breached,
            catalog.FindCalendarOf(state) is { } calendar ? Math.Round(SlaClock.PercentUsed(state, calendar, now), 1) : 0,
            state.PausedSince?.ToDateTimeUtc(),
            state.Status == ClockStatus.Paused ? state.Segments[^1].Cause : null,
            state.EndedAt?.ToDateTimeUtc(),
            ProblemOf(state, catalog)
        );
    }
}

/// <summary>An interval of a clock's ledger.</summary>
/// <param name="Counted">Seconds used of the clock.</param>
public sealed record ClockLedgerLine(int Generation, DateTime From, DateTime To, LedgerKind Kind, string Cause, double Counted);

/// <summary>A rung of a clock's ladder: handled or upcoming.</summary>
/// <param name="Rung">Its position: 75%, due-PT4H workingTime …</param>
/// <param name="At">When it was handled; null if it is upcoming.</param>
/// <param name="Acted">False: skipped, because a higher one was passed too.</param>
public sealed record ClockRung(string Rung, DateTime DueAt, DateTime? At, bool? Acted);

/// <summary>A clock and how it came to its due time.</summary>
/// <param name="Steps">The computation, one sentence a step, in the calendar's local time.</param>
/// <param name="Calendar">Calendar and zone it counts in.</param>
/// <param name="CalendarChanged">The calendar has a newer version than the one this clock was computed with: recompute it to see the difference.</param>
/// <param name="PolicyChanged">The policy has a newer version than the one this clock started with.</param>
/// <param name="RemainingSeconds">
/// Time left as the percentage measures it; negative when late, null while paused, ended, or for a wait or window that is over.
/// </param>
public sealed record ClockDetail(
    ClockSummary Clock,
    string? Reference,
    string? Description,
    string Target,
    string Calendar,
    bool CalendarChanged,
    bool PolicyChanged,
    DateTime? BreachedAt,
    double? RemainingSeconds,
    IReadOnlyList<string> Steps,
    IReadOnlyList<ClockLedgerLine> Ledger,
    IReadOnlyList<ClockRung> Ladder
)
{
    internal static ClockDetail Of(PlacedClock clock, ServiceLevelCatalog catalog, Instant now)
    {
        var state = clock.State;
        var calendar = catalog.CalendarOf(state);
        var marked = SlaClock.MarkBreach(state, now);
        var explained = ClockLedger.Explain(marked, calendar, now);
        return new(
            ClockSummary.Of(clock, catalog, now),
            clock.Reference,
            state.Policy.Description,
            state.Target.ToString(),
            $"{calendar.Name} ({calendar.Zone.Id})",
            catalog.Calendars.TryGetValue(state.Policy.Calendar, out var inForce) && inForce.Fingerprint != state.CalendarFingerprint,
            catalog.Policies.TryGetValue(state.Policy.Id, out var policy) && policy.Version != state.Policy.Version,
            marked.BreachedAt?.ToDateTimeUtc(),
            explained.Remaining?.TotalSeconds,
            explained.Steps,
            [
                .. explained.Ledger.Select(row => new ClockLedgerLine(
                    row.Generation,
                    row.From.ToDateTimeUtc(),
                    row.To.ToDateTimeUtc(),
                    row.Kind,
                    row.Cause,
                    row.Counted.TotalSeconds
                )),
            ],
            [
                .. state.Rungs.Select(rung => new ClockRung(rung.Rung, rung.DueAt.ToDateTimeUtc(), rung.At.ToDateTimeUtc(), rung.Acted)),
                .. ToCome(state, calendar),
            ]
        );
    }

    private static IEnumerable<ClockRung> ToCome(ClockState state, BusinessCalendar calendar) =>
        Workflows.ServiceLevels.Ladder.Rungs(state, calendar).Select(rung => new ClockRung(rung.Rung.Key, rung.DueAt.ToDateTimeUtc(), null, null));
}
