using NodaTime;

namespace Orchestration.Workflows.Calendars;

/// <summary>
/// The openings of one year of a calendar as instants, with running totals, so that adding and measuring working time is a binary search.
/// Times are nanoseconds since the Unix epoch. An opening belongs to the day on which it starts; the last one of a year may end in the next.
/// </summary>
internal sealed class CalendarYear
{
    private readonly int year;

    /// <summary>Openings in order, without overlaps. <c>Before[i]</c> is the open time of this year before opening i.</summary>
    public readonly long[] Begins,
        Ends,
        Before;

    /// <summary>Day of year of each opening.</summary>
    public readonly int[] DayOf;

    /// <summary>Days of the year with an opening, ascending, and the index of each day's last opening.</summary>
    public readonly int[] OpenDays,
        LastOpening;

    public readonly long Total;
    public readonly IReadOnlyDictionary<LocalDate, (string Name, HolidayRule Rule)> Holidays;

    public CalendarYear(int year, DateTimeZone zone, OpeningSlot[][] week, IReadOnlyList<HolidayRule> rules)
    {
        this.year = year;
        Holidays = HolidayRule.In(year, week, rules);
        List<long> begins = [],
            ends = [];
        List<int> dayOf = [];
        var firstDay = new LocalDate(year, 1, 1);
        var lastEnd = LastEndBefore(firstDay, zone, week, rules);
        for (var date = firstDay; date.Year == year; date = date.PlusDays(1))
        {
            foreach (var slot in SlotsOn(date, week, Holidays))
            {
                // A half day may start before the evening shift of the previous day ends; overlapping time counts once.
                var begin = Math.Max(ToInstant(slot.BeginOn(date), zone), lastEnd);
                var end = ToInstant(slot.EndOn(date), zone);
                if (begin < end)
                {
                    begins.Add(begin);
                    ends.Add(end);
                    dayOf.Add(date.DayOfYear);
                    lastEnd = end;
                }
            }
        }

        (Begins, Ends, DayOf) = ([.. begins], [.. ends], [.. dayOf]);
        Before = new long[Begins.Length];
        for (var i = 0; i < Begins.Length; i++)
        {
            Before[i] = Total;
            Total += Ends[i] - Begins[i];
        }

        LastOpening = [.. Enumerable.Range(0, DayOf.Length).Where(i => i == DayOf.Length - 1 || DayOf[i + 1] != DayOf[i])];
        OpenDays = [.. LastOpening.Select(i => DayOf[i])];
    }

    /// <summary>Index of the first opening that ends after an instant; <c>Begins.Length</c> if there is none.</summary>
    public int FirstEndingAfter(long instant)
    {
        var index = Array.BinarySearch(Ends, instant);
        return index >= 0 ? index + 1 : ~index;
    }

    /// <summary>Open time of this year before an instant.</summary>
    public long OpenBefore(long instant)
    {
        var index = FirstEndingAfter(instant);
        return index == Begins.Length ? Total : Before[index] + Math.Max(0, instant - Begins[index]);
    }

    /// <summary>
    /// The earliest instant at which this much of the year's open time has passed. The amount must be above 0 and at most <see cref="Total"/>.
    /// </summary>
    public long EarliestAt(long open)
    {
        var index = Array.BinarySearch(Before, open);
        index = (index >= 0 ? index : ~index) - 1;
        return Begins[index] + open - Before[index];
    }

    /// <summary>The latest instant at which only so much of this year's open time has passed; the amount is below <see cref="Total"/>.</summary>
    public long LatestAt(long open)
    {
        var index = Array.BinarySearch(Before, open);
        index = index >= 0 ? index : ~index - 1;
        return Begins[index] + open - Before[index];
    }

    /// <summary>The number of open days of this year up to and including a day of the year.</summary>
    public int OpenDaysUpTo(int dayOfYear)
    {
        var index = Array.BinarySearch(OpenDays, dayOfYear);
        return index >= 0 ? index + 1 : ~index;
    }

    public LocalDate DayOfOpening(int index) => new LocalDate(year, 1, 1).PlusDays(DayOf[index] - 1);

    public LocalDate OpenDay(int index) => new LocalDate(year, 1, 1).PlusDays(OpenDays[index] - 1);

    public static IReadOnlyList<OpeningSlot> SlotsOn(
        LocalDate date,
        OpeningSlot[][] week,
        IReadOnlyDictionary<LocalDate, (string Name, HolidayRule Rule)> holidays
    )
    {
        var regular = week[(int)date.DayOfWeek - 1];
        if (!holidays.TryGetValue(date, out var holiday))
        {
            return regular;
        }

        return holiday.Rule.Slots is { } slots && (regular.Length > 0 || holiday.Rule.MayOpenClosedDay) ? slots : [];
    }

    /// <summary>
    /// Local time to instant, never decreasing: a time that a clock change skips is the instant of the change, one that happens twice is its
    /// first occurrence. Begin and end of a slot use the same rule, so that slots which touch stay touching and a slot inside a gap is empty.
    /// </summary>
    public static long ToInstant(LocalDateTime local, DateTimeZone zone)
    {
        var mapping = zone.MapLocal(local);
        return ToNanoseconds(mapping.Count == 0 ? mapping.EarlyInterval.End : mapping.First().ToInstant());
    }

    public static long ToNanoseconds(Instant instant) => (instant - NodaConstants.UnixEpoch).ToInt64Nanoseconds();

    private static long LastEndBefore(LocalDate date, DateTimeZone zone, OpeningSlot[][] week, IReadOnlyList<HolidayRule> rules)
    {
        var dayBefore = date.PlusDays(-1);
        var slots = SlotsOn(dayBefore, week, HolidayRule.In(dayBefore.Year, week, rules));
        return slots.Count == 0 ? long.MinValue : ToInstant(slots[^1].EndOn(dayBefore), zone);
    }
}
