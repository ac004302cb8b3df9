using System.Globalization;
using NodaTime;

namespace Orchestration.Engine.Activities;

/// <summary>
/// A cron expression: five fields, or six with seconds first; names, ranges, lists, steps, <c>?</c>, <c>L</c>, <c>W</c>, <c>#</c> and the usual macros. A
/// leading
/// <c>TZ=Europe/Berlin</c> names the zone, else it is UTC. Day of month and day of week must both match, as in Cronos. A time that a clock change skips
/// happens right after it; one that
/// a clock change repeats happens once, unless seconds, minutes or hours are given by <c>*</c> or a step: then every repetition counts.
/// </summary>
public sealed class CronSchedule
{
    private static readonly string[] Months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    private static readonly string[] Days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    private readonly ulong _seconds,
        _minutes,
        _hours,
        _daysOfMonth,
        _months,
        _daysOfWeek;
    private readonly bool _isInterval;
    private readonly int _lastDayOffset = -1;
    private readonly bool _lastWeekday;
    private readonly int _nearestWeekday;
    private readonly int _nthOfWeekday;
    private readonly bool _lastOfWeekday;

    private CronSchedule(string[] fields, DateTimeZone zone)
    {
        Zone = zone;
        _seconds = ParseField("seconds", fields[0], 0, 59, null, out var s);
        _minutes = ParseField("minutes", fields[1], 0, 59, null, out var m);
        _hours = ParseField("hours", fields[2], 0, 23, null, out var h);
        _isInterval = s || m || h;
        _months = ParseField("months", fields[4], 1, 12, Months, out _);

        var day = fields[3].ToUpperInvariant();

        if (day.StartsWith('L'))
        {
            _daysOfMonth = ulong.MaxValue;
            _lastWeekday = day.EndsWith('W');
            day = day[1..^(_lastWeekday ? 1 : 0)];
            _lastDayOffset =
                day.Length == 0 ? 0
                : day[0] == '-' && int.TryParse(day[1..], NumberStyles.None, CultureInfo.InvariantCulture, out var offset) && offset <= 30 ? offset
                : throw Invalid("days of month", fields[3]);
        }
        else if (day.EndsWith('W'))
        {
            _daysOfMonth = ulong.MaxValue;
            _nearestWeekday =
                int.TryParse(day[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var nearest) && nearest is >= 1 and <= 31
                    ? nearest
                    : throw Invalid("days of month", fields[3]);
        }
        else
        {
            _daysOfMonth = ParseField("days of month", day, 1, 31, null, out _);
        }

        var week = fields[5].ToUpperInvariant();

        if (week.IndexOf('#') is > 0 and var hash)
        {
            _nthOfWeekday =
                int.TryParse(week[(hash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var nth) && nth is >= 1 and <= 5
                    ? nth
                    : throw Invalid("days of week", fields[5]);
            week = week[..hash];
        }
        else if (week.Length > 1 && week.EndsWith('L'))
        {
            _lastOfWeekday = true;
            week = week[..^1];
        }

        _daysOfWeek = ParseField("days of week", week, 0, 7, Days, out _);

        // Sunday is 0 and 7.
        if ((_daysOfWeek & (1UL << 7)) != 0)
            _daysOfWeek |= 1;
    }

    /// <summary>Zone in which the fields are read.</summary>
    public DateTimeZone Zone { get; }

    /// <summary>Reads an expression.</summary>
    /// <exception cref="FormatException">What is wrong with it, in words.</exception>
    public static CronSchedule Parse(string expression)
    {
        var text = expression.Trim();
        var zone = DateTimeZone.Utc;

        if (text.StartsWith("TZ=", StringComparison.OrdinalIgnoreCase))
        {
            var space = text.IndexOf(' ', StringComparison.Ordinal);
            var id = space < 0 ? text[3..] : text[3..space];
            zone = DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) ?? throw new FormatException($"There is no time zone '{id}'.");
            text = space < 0 ? "" : text[space..].Trim();
        }

        text = text.ToUpperInvariant() switch
        {
            "@EVERY_SECOND" => "* * * * * *",
            "@EVERY_MINUTE" => "0 * * * * *",
            "@HOURLY" => "0 0 * * * *",
            "@DAILY" or "@MIDNIGHT" => "0 0 0 * * *",
            "@WEEKLY" => "0 0 0 * * 0",
            "@MONTHLY" => "0 0 0 1 * *",
            "@YEARLY" or "@ANNUALLY" => "0 0 0 1 1 *",
            _ => text,
        };

        var fields = text.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

        var schedule = fields.Length switch
        {
            5 => new CronSchedule(["0", .. fields], zone),
            6 => new CronSchedule(fields, zone),
            _ => throw new FormatException($"A cron expression has five fields, or six with seconds first; '{expression}' has {fields.Length}."),
        };

        return schedule.NextAfter(Instant.FromUtc(2000, 1, 1, 0, 0)) is null ? throw new FormatException($"'{expression}' never happens.") : schedule;
    }

    /// <summary>The first time after an instant, or null when there is none within 50 years.</summary>
    public Instant? NextAfter(Instant after)
    {
        var limit = after + Duration.FromDays(366 * 50);
        LocalDateTime? covered = null;

        for (var interval = Zone.GetZoneInterval(after); ; interval = Zone.GetZoneInterval(interval.End))
        {
            var first = covered is null ? after.WithOffset(interval.WallOffset).LocalDateTime.PlusNanoseconds(1) : interval.IsoLocalStart;
            var end = interval.HasEnd && interval.End < limit ? interval.IsoLocalEnd : limit.WithOffset(interval.WallOffset).LocalDateTime;

            if (covered is { } until)
            {
                // Skipped by a clock change: right after it, unless the expression repeats by itself.
                if (until < first && !_isInterval && NextLocal(until, first) is not null)
                    return interval.Start;

                // Repeated by a clock change: counted once, unless the expression repeats by itself.
                if (until > first && !_isInterval)
                    first = until;
            }

            if (NextLocal(first, end) is { } local)
                return local.WithOffset(interval.WallOffset).ToInstant();

            if (!interval.HasEnd || interval.End >= limit)
                return null;

            covered = end;
        }
    }

    private LocalDateTime? NextLocal(LocalDateTime from, LocalDateTime end)
    {
        for (var date = from.Date; date <= end.Date; date = date.PlusDays(1))
        {
            if ((_months & (1UL << date.Month)) == 0)
            {
                date = new LocalDate(date.Year, date.Month, 1).PlusMonths(1).PlusDays(-1);
                continue;
            }

            if (!MatchesDay(date))
                continue;

            var time = NextTime(date == from.Date ? from.TimeOfDay : LocalTime.Midnight);

            if (time is { } found)
                return date + found < end ? date + found : null;
        }

        return null;
    }

    private LocalTime? NextTime(LocalTime from)
    {
        // Whole seconds; a fraction counts as the next one.
        var start = from.Hour * 3600 + from.Minute * 60 + from.Second + (from.NanosecondOfSecond > 0 ? 1 : 0);

        for (var hour = start / 3600; hour < 24; hour++)
        {
            if ((_hours & (1UL << hour)) == 0)
                continue;

            for (var minute = hour == start / 3600 ? start / 60 % 60 : 0; minute < 60; minute++)
            {
                if ((_minutes & (1UL << minute)) == 0)
                    continue;

                for (var second = hour * 60 + minute == start / 60 ? start % 60 : 0; second < 60; second++)
                {
                    if ((_seconds & (1UL << second)) != 0)
                        return new LocalTime(hour, minute, second);
                }
            }
        }

        return null;
    }

    private bool MatchesDay(LocalDate date)
    {
        var weekday = (int)date.DayOfWeek % 7;

        if ((_daysOfMonth & (1UL << date.Day)) == 0 || (_daysOfWeek & (1UL << weekday)) == 0)
            return false;

        var last = date.Calendar.GetDaysInMonth(date.Year, date.Month);

        if (_lastDayOffset >= 0 && date.Day != (_lastWeekday ? NearestWeekday(date, last - _lastDayOffset, last) : last - _lastDayOffset))
            return false;

        if (_nearestWeekday > 0 && (_nearestWeekday > last || date.Day != NearestWeekday(date, _nearestWeekday, last)))
            return false;

        if (_nthOfWeekday > 0 && (date.Day - 1) / 7 + 1 != _nthOfWeekday)
            return false;

        return !_lastOfWeekday || date.Day + 7 > last;
    }

    private static int NearestWeekday(LocalDate month, int day, int last)
    {
        if (day < 1)
            return 0;

        return new LocalDate(month.Year, month.Month, day).DayOfWeek switch
        {
            IsoDayOfWeek.Saturday => day == 1 ? 3 : day - 1,
            IsoDayOfWeek.Sunday => day == last ? day - 2 : day + 1,
            _ => day,
        };
    }

    private static ulong ParseField(string name, string field, int min, int max, string[]? names, out bool isInterval)
    {
        var bits = 0UL;
        isInterval = false;

        foreach (var part in field.Split(','))
        {
            var text = part;
            var step = 1;

            if (part.IndexOf('/') is >= 0 and var slash)
            {
                text = part[..slash];
                step =
                    int.TryParse(part[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var given) && given >= 1 && given <= max
                        ? given
                        : throw Invalid(name, field);
                isInterval = true;
            }

            int low,
                high;

            if (text is "*" or "?")
            {
                (low, high) = (min, names == Days ? 6 : max);
                isInterval |= text == "*";
            }
            else if (text.IndexOf('-') is > 0 and var dash)
            {
                low = Value(text[..dash]);
                high = Value(text[(dash + 1)..]);
            }
            else
            {
                low = Value(text);
                high =
                    step > 1 || part.Contains('/', StringComparison.Ordinal)
                        ? names == Days
                            ? 6
                            : max
                        : low;
            }

            // A range may run over the end: FRI-MON, 22-2.
            var size = (names == Days ? 6 : max) - min + 1;

            if (high < low)
                high += size;

            for (var value = low; value <= high; value += step)
                bits |= 1UL << (value > max ? value - size : value);
        }

        return bits == 0 ? throw Invalid(name, field) : bits;

        int Value(string text)
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
                return number;

            var index = names is null ? -1 : Array.FindIndex(names, x => string.Equals(x, text, StringComparison.OrdinalIgnoreCase));
            return index < 0 ? throw Invalid(name, field) : index + min;
        }
    }

    private static FormatException Invalid(string name, string field) => new($"'{field}' is not valid for the {name} of a cron expression.");
}
