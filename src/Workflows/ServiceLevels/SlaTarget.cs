using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using NodaTime;
using NodaTime.Text;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>The unit of a target. Always explicit: "1 day" never silently means 24 working hours.</summary>
public enum SlaUnit
{
    /// <summary>Wall time.</summary>
    Elapsed,

    /// <summary>Open hours of a calendar.</summary>
    WorkingTime,

    /// <summary>Open days of a calendar; due at the close of the n-th.</summary>
    BusinessDays,

    /// <summary>Days of the calendar's zone, open or not; due at midnight at the end of the n-th.</summary>
    CalendarDays,

    /// <summary>Seven calendar days each.</summary>
    Weeks,
}

/// <summary>
/// An amount of time in its unit. <see cref="Time"/> is meant for <c>elapsed</c> and <c>workingTime</c>, <see cref="Count"/> for the units that count days or
/// weeks.
/// </summary>
public sealed record SlaTarget
{
    /// <summary>Longest target, in days: ten years.</summary>
    public const int MaxDays = 3660;

    private SlaTarget(SlaUnit unit, Duration time, int count) => (Unit, Time, Count) = (unit, time, count);

    public SlaUnit Unit { get; }

    public Duration Time { get; }

    public int Count { get; }

    /// <summary>Whether the unit counts whole days, so that the day of the event does not count.</summary>
    public bool CountsDays => Unit is SlaUnit.BusinessDays or SlaUnit.CalendarDays or SlaUnit.Weeks;

    /// <summary>No time at all: due at the anchor itself. Only for backward clocks, such as a promise to a customer.</summary>
    public static SlaTarget Zero { get; } = new(SlaUnit.Elapsed, Duration.Zero, 0);

    /// <summary>Wall time in whole seconds, above 0 and at most ten years.</summary>
    public static SlaTarget Elapsed(Duration time) => new(SlaUnit.Elapsed, Checked(time), 0);

    /// <summary>Open hours in whole seconds, above 0 and at most ten years.</summary>
    public static SlaTarget WorkingTime(Duration time) => new(SlaUnit.WorkingTime, Checked(time), 0);

    /// <summary>Open days, 1 to <see cref="MaxDays"/>.</summary>
    public static SlaTarget BusinessDays(int count) => new(SlaUnit.BusinessDays, Duration.Zero, Checked(count, MaxDays));

    /// <summary>Calendar days, 1 to <see cref="MaxDays"/>.</summary>
    public static SlaTarget CalendarDays(int count) => new(SlaUnit.CalendarDays, Duration.Zero, Checked(count, MaxDays));

    /// <summary>Weeks, 1 to a seventh of <see cref="MaxDays"/>.</summary>
    public static SlaTarget Weeks(int count) => new(SlaUnit.Weeks, Duration.Zero, Checked(count, MaxDays / 7));

    /// <summary>
    /// Reads an amount (<c>PT8H</c>, <c>PT30M</c>, <c>P2D</c> for elapsed only; a whole number for days and weeks) and a unit as policies and human steps write
    /// them.
    /// </summary>
    /// <param name="amount">ISO 8601 duration or whole number, greater than zero.</param>
    /// <param name="unit">elapsed, workingTime, businessDays, calendarDays or weeks.</param>
    /// <param name="target">The target, or null.</param>
    /// <param name="reason">The error, or null.</param>
    /// <param name="zero">Whether <c>PT0S</c> elapsed, <see cref="Zero"/>, is allowed: for backward clocks only.</param>
    public static bool TryParse(
        string amount,
        string unit,
        [NotNullWhen(true)] out SlaTarget? target,
        [NotNullWhen(false)] out string? reason,
        bool zero = false
    )
    {
        target = null;
        reason = null;
        if (!Units.TryGetValue(unit, out var parsedUnit))
        {
            reason = $"unit '{unit}' must be one of {string.Join(", ", Units.Keys)}";
        }
        else if (parsedUnit is SlaUnit.Elapsed or SlaUnit.WorkingTime)
        {
            var period = PeriodPattern.NormalizingIso.Parse(amount);
            if (!period.Success || !IsWholeSeconds(period.Value) || (parsedUnit == SlaUnit.WorkingTime && (period.Value.Days != 0 || period.Value.Weeks != 0)))
            {
                reason =
                    parsedUnit == SlaUnit.Elapsed
                        ? $"'{amount}' must be a duration such as PT8H, PT30M or P2D"
                        : $"'{amount}' must be hours and minutes such as PT8H or PT30M; for open days use the unit businessDays";
            }
            else if (
                period.Value.ToDuration() is var time
                && (time < Duration.Zero || time > Duration.FromDays(MaxDays) || (time == Duration.Zero && !(zero && parsedUnit == SlaUnit.Elapsed)))
            )
            {
                reason = $"'{amount}' must be greater than zero and at most {MaxDays} days";
            }
            else
            {
                target = new SlaTarget(parsedUnit, time, 0);
            }
        }
        else if (
            !int.TryParse(amount, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count < 1
            || count > (parsedUnit == SlaUnit.Weeks ? MaxDays / 7 : MaxDays)
        )
        {
            reason = $"'{amount}' must be a whole number of {unit}, at least 1 and at most ten years";
        }
        else
        {
            target = new SlaTarget(parsedUnit, Duration.Zero, count);
        }

        return target is not null;
    }

    /// <summary>The amount as <see cref="TryParse"/> reads it.</summary>
    public string Amount =>
        CountsDays ? Count.ToString(CultureInfo.InvariantCulture)
        : Time == Duration.Zero ? "PT0S"
        : PeriodPattern.Roundtrip.Format(
            new PeriodBuilder
            {
                Hours = (long)Math.Floor(Time.TotalHours),
                Minutes = Time.Minutes,
                Seconds = Time.Seconds,
            }.Build()
        );

    /// <summary>The unit as <see cref="TryParse"/> reads it.</summary>
    public string UnitName => Units.First(unit => unit.Value == Unit).Key;

    /// <summary>For people: <c>10 business days</c>, <c>4 h 30 min working time</c>.</summary>
    public override string ToString() =>
        Unit switch
        {
            SlaUnit.Elapsed => $"{Text(Time)} elapsed",
            SlaUnit.WorkingTime => $"{Text(Time)} working time",
            SlaUnit.BusinessDays => $"{Count} business {(Count == 1 ? "day" : "days")}",
            SlaUnit.CalendarDays => $"{Count} calendar {(Count == 1 ? "day" : "days")}",
            _ => $"{Count} {(Count == 1 ? "week" : "weeks")}",
        };

    /// <summary>A duration for people: <c>2 d 4 h 30 min</c>.</summary>
    internal static string Text(Duration duration)
    {
        var parts = new[] { (Value: (long)duration.Days, Name: "d"), (duration.Hours, "h"), (duration.Minutes, "min"), (duration.Seconds, "s") };
        var text = string.Join(
            ' ',
            parts.Where(part => part.Value != 0).Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Value} {part.Name}"))
        );
        return text.Length == 0 ? "0 s" : text;
    }

    internal static readonly IReadOnlyDictionary<string, SlaUnit> Units = new Dictionary<string, SlaUnit>
    {
        ["elapsed"] = SlaUnit.Elapsed,
        ["workingTime"] = SlaUnit.WorkingTime,
        ["businessDays"] = SlaUnit.BusinessDays,
        ["calendarDays"] = SlaUnit.CalendarDays,
        ["weeks"] = SlaUnit.Weeks,
    };

    /// <summary>Whole seconds at most, no years and months (they have no length), and small enough to add up.</summary>
    private static bool IsWholeSeconds(Period period) =>
        period is { Years: 0, Months: 0, Milliseconds: 0, Ticks: 0, Nanoseconds: 0, Weeks: >= 0 and <= MaxDays, Days: >= 0 and <= MaxDays }
        && period is { Hours: >= 0 and <= 1_000_000, Minutes: >= 0 and <= 100_000_000, Seconds: >= 0 and <= 1_000_000_000 };

    private static Duration Checked(Duration time) =>
        time > Duration.Zero && time <= Duration.FromDays(MaxDays) && time.SubsecondNanoseconds == 0
            ? time
            : throw new ArgumentOutOfRangeException(nameof(time), time, "must be whole seconds, greater than zero and at most ten years");

    private static int Checked(int count, int max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, max);
        return count;
    }
}
