using NodaTime;

namespace Orchestration.Workflows.Calendars;

/// <summary>
/// When a holiday is observed that falls on a day on which the calendar is closed every week. A working day is one that the calendar's week opens and
/// that isn't a holiday itself.
/// </summary>
internal enum Observance
{
    /// <summary>Only on the day itself.</summary>
    None,

    /// <summary>On the last working day before it.</summary>
    Before,

    /// <summary>On the next working day after it (substitute days of England and Wales).</summary>
    After,

    /// <summary>
    /// On the nearest working day, the later of two that are equally near. In an office open Monday to Friday: Saturday on Friday, Sunday on Monday
    /// (5 U.S.C. 6103(b), Executive Order 11582).
    /// </summary>
    Nearest,

    /// <summary>A Sunday on the next working day; no other day moves (California Government Code 6700).</summary>
    SundayAfter,
}

/// <summary>One holiday or half day: which dates it means in a year. <see cref="Slots"/> null closes the day; otherwise they are its hours.</summary>
internal sealed record HolidayRule(
    string Name,
    Func<int, LocalDate?> DateIn,
    IReadOnlyList<LocalDate> Dates,
    Observance Observance,
    int From,
    int To,
    IReadOnlyList<int> Except,
    IReadOnlyList<OpeningSlot>? Slots
)
{
    /// <summary>Explicit dates can open a day that is closed in the week; a computed half day only shortens an open day.</summary>
    public bool MayOpenClosedDay => Dates.Count > 0;

    public IEnumerable<LocalDate> NominalDates(int year)
    {
        if (Dates.Count > 0)
        {
            return Dates.Where(date => date.Year == year);
        }

        return year >= From && year <= To && !Except.Contains(year) && DateIn(year) is { } date ? [date] : [];
    }

    /// <summary>The n-th weekday of a month, counted from its end when n is negative; null when the month has no such day.</summary>
    public static LocalDate? NthWeekday(int year, int month, IsoDayOfWeek weekday, int n)
    {
        var first = new LocalDate(year, month, 1);
        if (n < 0)
        {
            return first.PlusMonths(1).Previous(weekday).PlusWeeks(n + 1);
        }

        var date = first.PlusDays(-1).Next(weekday).PlusWeeks(n - 1);
        return date.Month == month ? date : null;
    }

    /// <summary>Easter Sunday of the Gregorian calendar (Meeus, Jones, Butcher: Astronomical Algorithms, chapter 8).</summary>
    public static LocalDate EasterSunday(int year)
    {
        var a = year % 19;
        var (b, c) = (year / 100, year % 100);
        var (d, e) = (b / 4, b % 4);
        var f = (b + 8) / 25;
        var g = (b - f + 1) / 3;
        var h = ((19 * a) + b - d - g + 15) % 30;
        var (i, k) = (c / 4, c % 4);
        var l = (32 + (2 * e) + (2 * i) - h - k) % 7;
        var m = (a + (11 * h) + (22 * l)) / 451;
        var (month, day) = int.DivRem(h + l - (7 * m) + 114, 31);
        return new LocalDate(year, month, day + 1);
    }

    /// <summary>
    /// The holidays that close or shorten days of one year, by date. A full holiday takes precedence over a half day, an earlier rule over a later
    /// one.
    /// Neighbouring years count too: a New Year's Day on a Saturday is observed on 31 December.
    /// </summary>
    /// <param name="week">The calendar's own week, Monday first. It decides which days are the weekend.</param>
    public static Dictionary<LocalDate, (string Name, HolidayRule Rule)> In(int year, OpeningSlot[][] week, IReadOnlyList<HolidayRule> rules)
    {
        var nominal = rules
            .SelectMany(rule => Enumerable.Range(year - 1, 3).SelectMany(rule.NominalDates).Select(date => (Date: date, Rule: rule)))
            .OrderBy(holiday => holiday.Date)
            .ToList();
        Dictionary<LocalDate, (string Name, HolidayRule Rule)> days = [];
        foreach (var (date, rule) in nominal)
        {
            Put(date, rule.Name, rule);
        }

        foreach (var (date, rule) in nominal.Where(holiday => !IsOpenByWeek(holiday.Date)))
        {
            LocalDate? observed = rule.Observance switch
            {
                Observance.Before => NextFree(date, -1),
                Observance.After => NextFree(date, 1),
                Observance.SundayAfter when date.DayOfWeek == IsoDayOfWeek.Sunday => NextFree(date, 1),
                Observance.Nearest => Nearer(date, NextFree(date, -1), NextFree(date, 1)),
                _ => null,
            };
            if (observed is { } day)
            {
                Put(day, $"{rule.Name} (observed)", rule);
            }
        }

        return days;

        void Put(LocalDate date, string name, HolidayRule rule)
        {
            if (!days.TryGetValue(date, out var present) || (present.Rule.Slots is not null && rule.Slots is null))
            {
                days[date] = (name, rule);
            }
        }

        LocalDate NextFree(LocalDate date, int step)
        {
            do
            {
                date = date.PlusDays(step);
            } while (!IsOpenByWeek(date) || (days.TryGetValue(date, out var taken) && taken.Rule.Slots is null));
            return date;
        }

        bool IsOpenByWeek(LocalDate date) => week[(int)date.DayOfWeek - 1].Length > 0;

        static LocalDate Nearer(LocalDate date, LocalDate before, LocalDate after) =>
            Period.DaysBetween(before, date) < Period.DaysBetween(date, after) ? before : after;
    }
}
