using System.Diagnostics.CodeAnalysis;
using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Workflows.Calendars;

/// <summary>
/// Opening hours of an office: a time zone, weekly hours and holidays by rule. Immutable and thread safe; every year is computed once, when
/// it is first needed. Covers the years <see cref="FirstYear"/> to <see cref="LastYear"/>; every method throws
/// <see cref="ArgumentOutOfRangeException"/> when its argument or result lies outside them.
/// <para>Laws, for every calendar and across clock changes: <c>Between(x, Add(x, d)) = d</c>; <c>Add(Add(x, a), b) = Add(x, a + b)</c> for
/// a, b &gt; 0; <c>Add</c> never decreases in either argument.</para>
/// </summary>
public sealed class BusinessCalendar
{
    public const int FirstYear = 1900;
    public const int LastYear = 2199;

    /// <summary>The end of the last year.</summary>
    internal static readonly Instant End = Instant.FromUtc(LastYear + 1, 1, 1, 0, 0);

    private readonly OpeningSlot[][] week;
    private readonly IReadOnlyList<HolidayRule> rules;

    // A year computed twice by two threads is the same year: no lock needed.
    private readonly CalendarYear?[] years = new CalendarYear?[LastYear - FirstYear + 1];

    internal BusinessCalendar(string id, string name, string fingerprint, DateTimeZone zone, OpeningSlot[][] week, IReadOnlyList<HolidayRule> rules)
    {
        (Id, Name, Fingerprint, Zone) = (id, name, fingerprint, zone);
        (this.week, this.rules) = (week, rules);
    }

    public string Id { get; }

    public string Name { get; }

    /// <summary>SHA-256 of the definition, 64 hex digits: tells whether a clock was computed with this very calendar.</summary>
    public string Fingerprint { get; }

    public DateTimeZone Zone { get; }

    /// <summary>Reads a calendar from its JSON (see definitions/calendars). False with every error, each with its JSON path, when it is not one.</summary>
    public static bool TryParse(string json, [NotNullWhen(true)] out BusinessCalendar? calendar, out IReadOnlyList<DefinitionError> errors) =>
        CalendarJson.TryParse(json, out calendar, out errors);

    /// <summary>Whether an instant leaves room for the longest target on either side. Use it to validate user input.</summary>
    public static bool Covers(Instant instant) => instant > Instant.FromUtc(FirstYear + 40, 1, 1, 0, 0) && instant < Instant.FromUtc(LastYear - 40, 1, 1, 0, 0);

    /// <summary>Whether an instant is within opening hours. The start of a slot is inclusive, its end exclusive.</summary>
    public bool IsOpen(Instant at) => NextOpening(at) == at;

    /// <summary>The instant itself if it is open, otherwise the start of the next opening.</summary>
    public Instant NextOpening(Instant at)
    {
        var x = CalendarYear.ToNanoseconds(at);
        var (year, index) = FirstEndingAfter(x, at);
        return ToInstant(Math.Max(x, year.Begins[index]));
    }

    /// <summary>
    /// The instant itself when work was done up to it, else the end of the last opening before it. Mirror image of <see cref="NextOpening"/>.
    /// </summary>
    public Instant PreviousClosing(Instant at)
    {
        var x = CalendarYear.ToNanoseconds(at);
        for (var number = at.InZone(Zone).Year; ; number--)
        {
            var year = Year(number);
            var index = year.FirstEndingAfter(x);
            if (index < year.Begins.Length && year.Begins[index] < x)
            {
                return at;
            }

            if (index > 0)
            {
                return ToInstant(year.Ends[index - 1]);
            }
        }
    }

    /// <summary>
    /// The earliest instant at which this much working time has passed. A start outside hours counts from the next opening; a result at the exact
    /// end of a slot stays there. Zero gives <see cref="NextOpening"/>; a negative amount is <see cref="Subtract"/> of its opposite.
    /// </summary>
    public Instant Add(Instant start, Duration working)
    {
        if (working <= Duration.Zero)
        {
            return working == Duration.Zero ? NextOpening(start) : Subtract(start, -working);
        }

        var (number, open) = Position(start);
        open += working.ToInt64Nanoseconds();
        while (open > Year(number).Total)
        {
            open -= Year(number++).Total;
        }

        return ToInstant(Year(number).EarliestAt(open));
    }

    /// <summary>
    /// The latest instant from which so much working time passes until the end. Zero gives <see cref="PreviousClosing"/>; mirror image of <see cref="Add"/>.
    /// </summary>
    public Instant Subtract(Instant end, Duration working)
    {
        if (working <= Duration.Zero)
        {
            return working == Duration.Zero ? PreviousClosing(end) : Add(end, -working);
        }

        var (number, open) = Position(end);
        open -= working.ToInt64Nanoseconds();
        while (open < 0)
        {
            open += Year(--number).Total;
        }

        while (open >= Year(number).Total)
        {
            open -= Year(number++).Total;
        }

        return ToInstant(Year(number).LatestAt(open));
    }

    /// <summary>Working time from one instant to another; negative when the second is earlier.</summary>
    public Duration Between(Instant from, Instant to)
    {
        var ((first, before), (last, after)) = (Position(from), Position(to));
        var open = after - before;
        for (; first < last; first++)
        {
            open += Year(first).Total;
        }

        for (; first > last; first--)
        {
            open -= Year(first - 1).Total;
        }

        return Duration.FromNanoseconds(open);
    }

    /// <summary>
    /// The close of the n-th open day after the business day of the start; for 0 the close of that day, or of the next open one when it is over
    /// or closed. The day of the event never counts, whatever its hour (12 CFR 1026.19(e), DISP 1.5: "after", "following").
    /// </summary>
    public Instant AddBusinessDays(Instant start, int days)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(days);
        var date = BusinessDate(start);
        if (days > 0)
        {
            return CloseOf(BusinessDay(date, days));
        }

        var today = CloseOf(BusinessDay(date.PlusDays(-1), 1));
        return today > start ? today : CloseOf(BusinessDay(date, 1));
    }

    /// <summary>
    /// The opening of the n-th open day after the business day of the start; for 0 of that day, or of the next open one when it is closed. The day of the event
    /// never counts.
    /// </summary>
    public Instant OpeningOfBusinessDay(Instant start, int days)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(days);
        var date = BusinessDate(start);
        var day = days > 0 ? BusinessDay(date, days) : BusinessDay(date.PlusDays(-1), 1);
        var year = Year(day.Year);
        var index = Array.BinarySearch(year.OpenDays, day.DayOfYear);
        return ToInstant(year.Begins[index == 0 ? 0 : year.LastOpening[index - 1] + 1]);
    }

    /// <summary>
    /// The close of the n-th open day before the business day of an instant: the last moment that leaves n whole open days before that day, n ≥ 1.
    /// </summary>
    public Instant SubtractBusinessDays(Instant anchor, int days)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(days, 1);
        return CloseOf(BusinessDay(BusinessDate(anchor), -days));
    }

    /// <summary>The n-th open day after a date; before it when n is negative. The date itself never counts. Not 0.</summary>
    public LocalDate BusinessDay(LocalDate date, int days)
    {
        ArgumentOutOfRangeException.ThrowIfZero(days);
        var number = date.Year;

        // Index of the wanted open day, counted from the first open day of the year.
        var index = days > 0 ? Year(number).OpenDaysUpTo(date.DayOfYear) + days - 1 : Year(number).OpenDaysUpTo(date.DayOfYear - 1) + days;
        while (index < 0)
        {
            index += Year(--number).OpenDays.Length;
        }

        while (index >= Year(number).OpenDays.Length)
        {
            index -= Year(number++).OpenDays.Length;
        }

        return Year(number).OpenDay(index);
    }

    /// <summary>How many open days lie after one date, up to and including another; negative when the second is earlier.</summary>
    public int BusinessDaysBetween(LocalDate after, LocalDate upTo)
    {
        if (upTo < after)
        {
            return -BusinessDaysBetween(upTo, after);
        }

        var days = Year(upTo.Year).OpenDaysUpTo(upTo.DayOfYear) - Year(after.Year).OpenDaysUpTo(after.DayOfYear);
        for (var number = after.Year; number < upTo.Year; number++)
        {
            days += Year(number).OpenDays.Length;
        }

        return days;
    }

    /// <summary>
    /// The day an instant belongs to: the day on which the opening around it began (an evening shift past midnight is still yesterday's), else its local date.
    /// </summary>
    public LocalDate BusinessDate(Instant at)
    {
        var x = CalendarYear.ToNanoseconds(at);
        var (year, index) = FirstEndingAfter(x, at);
        return year.Begins[index] <= x ? year.DayOfOpening(index) : at.InZone(Zone).Date;
    }

    public bool IsBusinessDay(LocalDate date) => Array.BinarySearch(Year(date.Year).OpenDays, date.DayOfYear) >= 0;

    /// <summary>The end of the last opening that starts on a date; null if the date is closed.</summary>
    public Instant? CloseOn(LocalDate date)
    {
        var year = Year(date.Year);
        var index = Array.BinarySearch(year.OpenDays, date.DayOfYear);
        return index < 0 ? null : ToInstant(year.Ends[year.LastOpening[index]]);
    }

    /// <summary>Name of the holiday or half day on a date, or null. An observed day is named as such.</summary>
    public string? HolidayOn(LocalDate date) => Year(date.Year).Holidays.TryGetValue(date, out var holiday) ? holiday.Name : null;

    /// <summary>The holidays and half days of a year by date, for people to check.</summary>
    public IReadOnlyList<(LocalDate Date, string Name, bool HalfDay)> HolidaysIn(int year) =>
        [
            .. Year(year)
                .Holidays.Where(day => day.Key.Year == year)
                .OrderBy(day => day.Key)
                .Select(day => (day.Key, day.Value.Name, day.Value.Rule.Slots is not null)),
        ];

    /// <summary>The openings between two instants in order, cut to them, each with the day it belongs to.</summary>
    public IEnumerable<(Interval Open, LocalDate Day)> Openings(Instant from, Instant to)
    {
        var (begin, end) = (CalendarYear.ToNanoseconds(from), CalendarYear.ToNanoseconds(to));
        for (var number = from.InZone(Zone).Year - 1; number <= to.InZone(Zone).Year; number++)
        {
            var year = Year(number);
            for (var i = year.FirstEndingAfter(begin); i < year.Begins.Length && year.Begins[i] < end; i++)
            {
                var open = new Interval(ToInstant(Math.Max(begin, year.Begins[i])), ToInstant(Math.Min(end, year.Ends[i])));
                yield return (open, year.DayOfOpening(i));
            }
        }
    }

    /// <summary>Midnight at the end of a date in the calendar's zone (its first instant after a clock change that skips midnight).</summary>
    public Instant EndOfDay(LocalDate date) => Zone.AtStartOfDay(date.PlusDays(1)).ToInstant();

    internal CalendarYear Year(int number)
    {
        if (number is < FirstYear or > LastYear)
        {
            throw new ArgumentOutOfRangeException(nameof(number), number, $"Calendars cover the years {FirstYear} to {LastYear}.");
        }

        return years[number - FirstYear] ??= new CalendarYear(number, Zone, week, rules);
    }

    private Instant CloseOf(LocalDate openDay) => CloseOn(openDay)!.Value;

    /// <summary>Open time before an instant, counted from the start of the previous year (whose last opening may still be open).</summary>
    private (int Year, long Open) Position(Instant at)
    {
        var x = CalendarYear.ToNanoseconds(at);
        var number = at.InZone(Zone).Year;
        return (number - 1, Year(number - 1).OpenBefore(x) + Year(number).OpenBefore(x));
    }

    private (CalendarYear Year, int Index) FirstEndingAfter(long instant, Instant at)
    {
        for (var number = at.InZone(Zone).Year - 1; ; number++)
        {
            var year = Year(number);
            var index = year.FirstEndingAfter(instant);
            if (index < year.Begins.Length)
            {
                return (year, index);
            }
        }
    }

    private static Instant ToInstant(long nanoseconds) => NodaConstants.UnixEpoch + Duration.FromNanoseconds(nanoseconds);
}
