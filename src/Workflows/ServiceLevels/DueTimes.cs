using NodaTime;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>Which way a clock counts.</summary>
public enum ClockDirection
{
    /// <summary>From an event to a due time after it.</summary>
    Forward,

    /// <summary>From a date back to a due time before it ("at least 3 business days before closing").</summary>
    Backward,
}

/// <summary>Target and anchor in, due time out.</summary>
public static class DueTimes
{
    /// <summary>
    /// When a target is due. Days never count the day of the anchor; a forward target of days is due at the close of the last open day (midnight
    /// for calendar days), a backward one at the close of the day that leaves so many whole days before the anchor's day. A wait may end earlier on its last
    /// day: when it opens (midnight at its begin for calendar days).
    /// </summary>
    /// <param name="anchor">The event (forward) or the date (backward).</param>
    /// <param name="target">How much time.</param>
    /// <param name="direction">Which way.</param>
    /// <param name="calendar">Hours, holidays and zone.</param>
    /// <param name="wait">How a wait ends; null for a deadline.</param>
    public static Instant Compute(Instant anchor, SlaTarget target, ClockDirection direction, BusinessCalendar calendar, WaitEnd? wait = null) =>
        (target.Unit, direction) switch
        {
            (SlaUnit.Elapsed, ClockDirection.Forward) => anchor + target.Time,
            (SlaUnit.Elapsed, _) => anchor - target.Time,
            (SlaUnit.WorkingTime, ClockDirection.Forward) => calendar.Add(anchor, target.Time),
            (SlaUnit.WorkingTime, _) => calendar.Subtract(anchor, target.Time),
            (_, ClockDirection.Forward) => AddDays(anchor, Days(target), target.Unit, calendar, wait),
            (SlaUnit.BusinessDays, _) => calendar.SubtractBusinessDays(anchor, target.Count),
            _ => calendar.EndOfDay(anchor.InZone(calendar.Zone).Date.PlusDays(-Days(target))),
        };

    /// <summary>Whether a target is over within the 40 years that <see cref="BusinessCalendar.Covers"/> leaves room for.</summary>
    public static bool Fits(SlaTarget target, BusinessCalendar calendar)
    {
        if (!CountsOpenTime(target.Unit))
            return true;
        var start = Instant.FromUtc(2000, 1, 1, 0, 0);
        try
        {
            return Compute(start, target, ClockDirection.Forward, calendar) < Instant.FromUtc(2040, 1, 1, 0, 0);
        }
        catch (ArgumentOutOfRangeException)
        {
            return false;
        }
    }

    /// <summary>
    /// When so many days, of a unit that counts days, are over, or the last of them opens; 0 means the end, or the opening, of the day of the start.
    /// </summary>
    internal static Instant AddDays(Instant start, int days, SlaUnit unit, BusinessCalendar calendar, WaitEnd? wait) =>
        (unit, wait) switch
        {
            (SlaUnit.BusinessDays, WaitEnd.OpensOn) => calendar.OpeningOfBusinessDay(start, days),
            (SlaUnit.BusinessDays, _) => calendar.AddBusinessDays(start, days),
            (_, WaitEnd.OpensOn) => calendar.EndOfDay(start.InZone(calendar.Zone).Date.PlusDays(days - 1)),
            _ => calendar.EndOfDay(start.InZone(calendar.Zone).Date.PlusDays(days)),
        };

    /// <summary>How many days, of a unit that counts days, lie after the day of one instant, up to and including the day of another.</summary>
    internal static int DaysBetween(Instant from, Instant to, SlaUnit unit, BusinessCalendar calendar) =>
        unit == SlaUnit.BusinessDays
            ? calendar.BusinessDaysBetween(calendar.BusinessDate(from), calendar.BusinessDate(to))
            : Period.DaysBetween(from.InZone(calendar.Zone).Date, to.InZone(calendar.Zone).Date);

    /// <summary>The days of a target that counts days: a week has seven calendar days.</summary>
    internal static int Days(SlaTarget target) => target.Unit == SlaUnit.Weeks ? target.Count * 7 : target.Count;

    /// <summary>Time used between two instants, as percentages are measured: open time for units of a calendar's openings, wall time for the others.</summary>
    internal static Duration Used(Instant from, Instant to, SlaUnit unit, BusinessCalendar calendar) =>
        CountsOpenTime(unit) ? calendar.Between(from, to) : to - from;

    /// <summary>When so much time, as <see cref="Used"/> measures it, is used up.</summary>
    internal static Instant AddUsed(Instant from, Duration time, SlaUnit unit, BusinessCalendar calendar) =>
        CountsOpenTime(unit) ? calendar.Add(from, time) : from + time;

    internal static bool CountsOpenTime(SlaUnit unit) => unit is SlaUnit.WorkingTime or SlaUnit.BusinessDays;
}
