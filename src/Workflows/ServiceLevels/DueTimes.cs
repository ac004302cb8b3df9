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
    /// for calendar days), a backward one at the close of the day that leaves so many whole days before the anchor's day.
    /// </summary>
    /// <param name="anchor">The event (forward) or the date (backward).</param>
    /// <param name="target">How much time.</param>
    /// <param name="direction">Which way.</param>
    /// <param name="calendar">Hours, holidays and zone.</param>
    public static Instant Compute(Instant anchor, SlaTarget target, ClockDirection direction, BusinessCalendar calendar) => (target.Unit, direction) switch
    {
        (SlaUnit.Elapsed, ClockDirection.Forward) => anchor + target.Time,
        (SlaUnit.Elapsed, _) => anchor - target.Time,
        (SlaUnit.WorkingTime, ClockDirection.Forward) => calendar.Add(anchor, target.Time),
        (SlaUnit.WorkingTime, _) => calendar.Subtract(anchor, target.Time),
        (SlaUnit.BusinessDays, ClockDirection.Forward) => calendar.AddBusinessDays(anchor, target.Count),
        (SlaUnit.BusinessDays, _) => calendar.SubtractBusinessDays(anchor, target.Count),
        (_, ClockDirection.Forward) => calendar.EndOfDay(anchor.InZone(calendar.Zone).Date.PlusDays(Days(target))),
        _ => calendar.EndOfDay(anchor.InZone(calendar.Zone).Date.PlusDays(-Days(target))),
    };

    /// <summary>Calendar days of a target that counts calendar days or weeks.</summary>
    internal static int Days(SlaTarget target) => target.Unit == SlaUnit.Weeks ? target.Count * 7 : target.Count;
}
