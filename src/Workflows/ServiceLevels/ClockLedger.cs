using System.Globalization;
using NodaTime;
using NodaTime.Text;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>How a clock came to its due time, for people.</summary>
/// <param name="Steps">The computation, one sentence a step, in the calendar's local time.</param>
/// <param name="Ledger">Every interval up to now, without gap.</param>
/// <param name="PercentUsed">Above 100 when late.</param>
/// <param name="Remaining">Time left as the percentage measures it; negative when late, null while paused, ended, or for a wait or window that is over.</param>
public sealed record ClockExplanation(
    ClockStatus Status,
    Instant StartedAt,
    Instant OriginalDueAt,
    Instant? DueAt,
    bool Breached,
    double PercentUsed,
    Duration? Remaining,
    IReadOnlyList<string> Steps,
    IReadOnlyList<LedgerRow> Ledger
);

/// <summary>
/// The ledger of a clock: every interval it ran, was paused or was outside hours, with its cause. A pure function of the clock's history and its calendar.
/// </summary>
public static class ClockLedger
{
    private static readonly LocalDateTimePattern LocalTime = LocalDateTimePattern.CreateWithInvariantCulture("ddd uuuu-MM-dd HH:mm");
    private static readonly LocalDatePattern Day = LocalDatePattern.CreateWithInvariantCulture("ddd uuuu-MM-dd");

    /// <summary>All rows of a clock so far; the stretch that still lasts is cut at now.</summary>
    public static IReadOnlyList<LedgerRow> Of(ClockState state, BusinessCalendar calendar, Instant now) =>
        [.. state.Segments.SelectMany(segment => Rows(state, segment.To is null ? segment with { To = Instant.Max(now, segment.From) } : segment, calendar))];

    /// <summary>Explains step by step how the clock was computed: target, days counted and skipped, pauses, due time, breach.</summary>
    public static ClockExplanation Explain(ClockState state, BusinessCalendar calendar, Instant now)
    {
        List<string> steps = [$"Policy {state.Policy.Id} version {state.Policy.Version}: {state.Target}, calendar {calendar.Name} ({calendar.Zone.Id})."];
        if (state.CalendarFingerprint != calendar.Fingerprint)
        {
            steps.Add("The calendar has changed since this clock was calculated. Recompute the clock to apply the change.");
        }

        steps.Add(
            state.AnchorAt is { } anchor
                ? $"Counted back from {Local(anchor)}: due {Local(state.OriginalDueAt)}."
                : $"Started {Local(state.StartedAt)} ({state.Segments[0].Cause}): originally due {Local(state.OriginalDueAt)}."
        );
        var until = state.EndedAt ?? state.DueAt ?? now;
        steps.AddRange(CountDays(state, calendar, until));
        if (state is { Policy.Wait: WaitEnd.OpensOn })
        {
            steps.Add("The wait ends when the last day opens.");
        }

        foreach (var pause in state.Segments.Where(segment => !segment.Running))
        {
            steps.Add(
                pause.To is { } to
                    ? $"Paused from {Local(pause.From)} to {Local(to)} ({pause.Cause})."
                    : $"Paused since {Local(pause.From)} ({pause.Cause}): no due time until the clock resumes."
            );
        }

        if (state.DueAt is { } due && due != state.OriginalDueAt)
        {
            steps.Add($"Now due {Local(due)}.");
        }

        var percent = Clock.PercentUsed(state, calendar, now);
        var isOver = Clock.IsOver(state, now);
        steps.Add(
            isOver
                ? $"{(state.Policy.Window ? "The window closed" : "The wait ended")} {Local(state.DueAt!.Value)}."
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"Used {percent:0.#}% ({SlaTarget.Text(state.Total * (percent / 100))} of {SlaTarget.Text(state.Total)})."
                )
        );
        if (state.BreachedAt is { } missed)
        {
            steps.Add($"Breached: the target wasn't met by {Local(missed)}.");
        }

        if (state.EndedAt is { } ended)
        {
            steps.Add($"{state.Status} {Local(ended)}.");
        }

        Duration? remaining =
            !isOver && state is { Status: ClockStatus.Running, DueAt: { } dueAt } ? DueTimes.Used(now, dueAt, state.Target.Unit, calendar) : null;
        return new ClockExplanation(
            state.Status,
            state.StartedAt,
            state.OriginalDueAt,
            state.DueAt,
            state.Breached,
            percent,
            remaining,
            steps,
            Of(state, calendar, now)
        );

        string Local(Instant at) => LocalTime.Format(at.InZone(calendar.Zone).LocalDateTime);
    }

    /// <summary>The rows of a stretch that ended.</summary>
    internal static IReadOnlyList<LedgerRow> Rows(ClockState state, ClockSegment segment, BusinessCalendar calendar)
    {
        var (from, to) = (segment.From, segment.To!.Value);
        List<LedgerRow> rows = [];
        if (!segment.Running)
        {
            Add(from, to, LedgerKind.Paused, segment.Cause);
            return rows;
        }

        if (!DueTimes.CountsOpenTime(state.Target.Unit))
        {
            Add(from, to, LedgerKind.Ran, segment.Cause);
            return rows;
        }

        var end = from;
        foreach (var (open, _) in calendar.Openings(from, to))
        {
            Add(end, open.Start, LedgerKind.OutsideHours, WhyClosed(end, open.Start, calendar));
            Add(open.Start, open.End, LedgerKind.Ran, segment.Cause);
            end = open.End;
        }

        Add(end, to, LedgerKind.OutsideHours, WhyClosed(end, to, calendar));
        return rows;

        void Add(Instant begin, Instant finish, LedgerKind kind, string cause)
        {
            if (begin < finish)
            {
                rows.Add(new LedgerRow(state.Generation, begin, finish, kind, cause, kind == LedgerKind.Ran ? finish - begin : Duration.Zero));
            }
        }
    }

    private static string WhyClosed(Instant from, Instant to, BusinessCalendar calendar)
    {
        var holidays = Dates(from.InZone(calendar.Zone).Date, to.InZone(calendar.Zone).Date).Select(calendar.HolidayOn).OfType<string>().Distinct().ToList();
        return holidays.Count == 0 ? "outside hours" : $"outside hours; {string.Join(", ", holidays)}";
    }

    /// <summary>For clocks that count days: each day with its number, and why the others do not count.</summary>
    private static IEnumerable<string> CountDays(ClockState state, BusinessCalendar calendar, Instant until)
    {
        // A sentence for each of hundreds of days explains nothing.
        const int MostDays = 60;
        var target = state.Target;
        if (target.Unit != SlaUnit.BusinessDays || state.Segments.Count > 1)
        {
            yield break;
        }

        var backward = state.Policy.Direction == ClockDirection.Backward;
        var day = calendar.BusinessDate(backward ? state.AnchorAt!.Value : state.StartedAt);
        yield return $"{Day.Format(day)} is the day it counts {(backward ? "back " : "")}from and does not count itself.";
        for (var (number, listed) = (0, 0); number < target.Count && listed < MostDays; listed++)
        {
            day = day.PlusDays(backward ? -1 : 1);
            yield return calendar.IsBusinessDay(day)
                ? $"{Day.Format(day)} is day {++number}."
                : $"{Day.Format(day)} does not count: {calendar.HolidayOn(day) ?? "closed"}.";
        }
    }

    private static IEnumerable<LocalDate> Dates(LocalDate from, LocalDate to)
    {
        for (var date = from; date <= to; date = date.PlusDays(1))
        {
            yield return date;
        }
    }
}
