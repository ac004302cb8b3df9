using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Documents;

namespace Orchestration.Workflows.Calendars;

/// <summary>Reads a calendar's JSON and reports all its errors together.</summary>
internal static class CalendarJson
{
    private static readonly Dictionary<string, IsoDayOfWeek> Weekdays = new()
    {
        ["mon"] = IsoDayOfWeek.Monday,
        ["tue"] = IsoDayOfWeek.Tuesday,
        ["wed"] = IsoDayOfWeek.Wednesday,
        ["thu"] = IsoDayOfWeek.Thursday,
        ["fri"] = IsoDayOfWeek.Friday,
        ["sat"] = IsoDayOfWeek.Saturday,
        ["sun"] = IsoDayOfWeek.Sunday,
    };

    private static readonly Dictionary<string, Observance> Observances = new()
    {
        ["none"] = Observance.None,
        ["before"] = Observance.Before,
        ["after"] = Observance.After,
        ["nearest"] = Observance.Nearest,
        ["sundayAfter"] = Observance.SundayAfter,
    };

    private enum Rule
    {
        Fixed,
        NthWeekday,
        LastWeekday,
        Easter,
        Dates,
    }

    private static readonly Dictionary<string, Rule> Rules = new()
    {
        ["fixed"] = Rule.Fixed,
        ["nthWeekday"] = Rule.NthWeekday,
        ["lastWeekday"] = Rule.LastWeekday,
        ["easter"] = Rule.Easter,
        ["dates"] = Rule.Dates,
    };

    public static bool TryParse(string json, [NotNullWhen(true)] out BusinessCalendar? calendar, out IReadOnlyList<DefinitionError> errors)
    {
        List<DefinitionError> found = [];
        calendar = DocumentReader.Open(json, found) is { } reader ? Read(reader, json) : null;
        if (found.Count > 0)
        {
            calendar = null;
        }

        errors = found;
        return calendar is not null;
    }

    private static BusinessCalendar? Read(DocumentReader reader, string json)
    {
        var id = reader.Text("id", maxLength: 100);
        var name = reader.Text("name");
        _ = reader.Text("description", required: false, maxLength: 2000);
        _ = reader.Text("source", required: false, maxLength: 2000);
        var zoneId = reader.Text("zone");
        var zone = zoneId is null ? null : DateTimeZoneProviders.Tzdb.GetZoneOrNull(zoneId);
        if (zoneId is not null && zone is null)
        {
            reader.Error("zone", $"'{zoneId}' is not a time zone of the IANA database");
        }

        var week = ReadWeek(reader);
        var rules = reader.Objects("holidays", required: false).Select(ReadHoliday).OfType<HolidayRule>().ToList();
        reader.NoOthers();
        if (week is null)
        {
            return null;
        }

        if (YearWithoutOpening(week, rules) is { } year)
        {
            reader.Error("holidays", $"leave no open hours in {year}");
            return null;
        }

        var fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)));
        return id is null || name is null || zone is null ? null : new BusinessCalendar(id, name, fingerprint, zone, week, rules);
    }

    private static OpeningSlot[][]? ReadWeek(DocumentReader reader)
    {
        var days = Enumerable.Range(0, 7).Select(_ => new List<(OpeningSlot Slot, string Path)>()).ToArray();
        var hours = reader.Objects("hours", required: true, max: 100);
        foreach (var entry in hours)
        {
            var weekdays = entry.Texts("days", required: true, max: 7);
            if (weekdays.Count == 0 && entry.Has("days"))
            {
                entry.Error("days", "must name at least one day");
            }

            var slot = ReadSlot(entry);
            entry.NoOthers();
            foreach (var (day, member) in weekdays)
            {
                if (!Weekdays.TryGetValue(day, out var weekday))
                {
                    entry.Error(member, $"'{day}' must be one of {string.Join(", ", Weekdays.Keys)}");
                }
                else if (slot is { } valid)
                {
                    days[(int)weekday - 1].Add((valid, entry.Path));
                }
            }
        }

        if (hours.Count == 0 || (days.All(day => day.Count == 0) && hours.TrueForAll(entry => entry.Has("days"))))
        {
            reader.Error("hours", "the calendar has no open hours");
            return null;
        }

        ReportOverlaps(reader, days);
        return [.. days.Select(day => day.Select(entry => entry.Slot).OrderBy(slot => slot.Begin).ToArray())];
    }

    private static void ReportOverlaps(DocumentReader reader, List<(OpeningSlot Slot, string Path)>[] days)
    {
        const int Week = 7 * OpeningSlot.MinutesPerDay;
        var slots = days.SelectMany(
                (day, index) =>
                    day.Select(entry =>
                        (
                            Begin: (index * OpeningSlot.MinutesPerDay) + entry.Slot.Begin,
                            End: (index * OpeningSlot.MinutesPerDay) + entry.Slot.End,
                            Day: index,
                            entry.Path
                        )
                    )
            )
            .OrderBy(slot => slot.Begin)
            .ToList();
        for (var i = 0; i < slots.Count; i++)
        {
            // The last slot of the week meets the first one of the next.
            var next = i + 1 < slots.Count ? slots[i + 1] : slots[0] with { Begin = slots[0].Begin + Week };
            if (slots[i].End > next.Begin)
            {
                reader.Error(
                    null,
                    $"the hours of {Weekdays.Keys.ElementAt(slots[i].Day)} ({slots[i].Path}) overlap those of {Weekdays.Keys.ElementAt(next.Day)} ({next.Path})"
                );
            }
        }
    }

    private static OpeningSlot? ReadSlot(DocumentReader reader)
    {
        var begin = ReadTime(reader, "open");
        var end = ReadTime(reader, "close");
        if (begin is null || end is null)
        {
            return null;
        }

        if (begin == OpeningSlot.MinutesPerDay)
        {
            reader.Error("open", "must be before 24:00");
            return null;
        }

        if (begin == end && begin != 0)
        {
            reader.Error("close", "must differ from open; a whole day is 00:00 to 24:00");
            return null;
        }

        return new OpeningSlot(begin.Value, end > begin ? end.Value : end.Value + OpeningSlot.MinutesPerDay);
    }

    private static int? ReadTime(DocumentReader reader, string member)
    {
        var text = reader.Text(member);
        if (text is null)
        {
            return null;
        }

        if (text == "24:00")
        {
            return OpeningSlot.MinutesPerDay;
        }

        var parsed = LocalTimePattern.CreateWithInvariantCulture("HH:mm").Parse(text);
        if (parsed.Success)
        {
            return (parsed.Value.Hour * 60) + parsed.Value.Minute;
        }

        reader.Error(member, $"'{text}' must be a time of day in the format HH:mm, 00:00 to 24:00");
        return null;
    }

    private static HolidayRule? ReadHoliday(DocumentReader reader)
    {
        var name = reader.Text("name");
        var rule = reader.Choice("rule", Rules);
        var observance = reader.Choice("observed", Observances, required: false) ?? Observance.None;
        var from = reader.Int("from", BusinessCalendar.FirstYear, BusinessCalendar.LastYear, required: false) ?? int.MinValue;
        var to = reader.Int("to", BusinessCalendar.FirstYear, BusinessCalendar.LastYear, required: false) ?? int.MaxValue;
        var except = reader.Ints("except", BusinessCalendar.FirstYear, BusinessCalendar.LastYear, required: false);
        var slots = ReadHalfDay(reader);
        if (from > to)
        {
            reader.Error("to", "must not be before from");
        }

        IReadOnlyList<LocalDate> dates = [];
        Func<int, LocalDate?>? dateIn = null;
        switch (rule)
        {
            case Rule.Fixed:
                var month = reader.Int("month", 1, 12);
                var day = reader.Int("day", 1, 31);
                if (month is { } m && day is { } d)
                {
                    if (d > CalendarSystem.Iso.GetDaysInMonth(2000, m))
                    {
                        reader.Error("day", $"month {m} has no day {d}");
                    }

                    // 29 February exists in leap years only.
                    dateIn = year => d <= CalendarSystem.Iso.GetDaysInMonth(year, m) ? new LocalDate(year, m, d) : null;
                }

                break;
            case Rule.NthWeekday or Rule.LastWeekday:
                var n = rule == Rule.LastWeekday ? -1 : reader.Int("n", 1, 5);
                var weekday = reader.Choice("weekday", Weekdays);
                var inMonth = reader.Int("month", 1, 12);
                var plus = reader.Int("offset", -31, 31, required: false) ?? 0;
                if (n is { } nth && weekday is { } dayOfWeek && inMonth is { } of)
                {
                    dateIn = year => HolidayRule.NthWeekday(year, of, dayOfWeek, nth)?.PlusDays(plus);
                }

                break;
            case Rule.Easter:
                var offset = reader.Int("offset", -100, 100) ?? 0;
                dateIn = year => HolidayRule.EasterSunday(year).PlusDays(offset);
                break;
            case Rule.Dates:
                dates = ReadDates(reader);
                dateIn = _ => null;
                break;
        }

        reader.NoOthers();
        return name is null || dateIn is null ? null : new HolidayRule(name, dateIn, dates, observance, from, to, except, slots);
    }

    private static List<LocalDate> ReadDates(DocumentReader reader)
    {
        List<LocalDate> dates = [];
        var texts = reader.Texts("dates", required: true);
        if (texts.Count == 0 && reader.Has("dates"))
        {
            reader.Error("dates", "must name at least one date");
        }

        foreach (var (text, member) in texts)
        {
            var parsed = LocalDatePattern.Iso.Parse(text);
            if (!parsed.Success)
            {
                reader.Error(member, $"'{text}' must be a date as yyyy-MM-dd");
            }
            else if (dates.Contains(parsed.Value))
            {
                reader.Error(member, $"{text} is listed twice");
            }
            else
            {
                dates.Add(parsed.Value);
            }
        }

        return dates;
    }

    private static List<OpeningSlot>? ReadHalfDay(DocumentReader reader)
    {
        if (!reader.Has("hours"))
        {
            return null;
        }

        List<OpeningSlot> slots = [];
        foreach (var entry in reader.Objects("hours", required: false, max: 20))
        {
            if (ReadSlot(entry) is { } slot)
            {
                slots.Add(slot);
            }

            entry.NoOthers();
        }

        slots.Sort((left, right) => left.Begin.CompareTo(right.Begin));
        if (slots.Zip(slots.Skip(1)).Any(pair => pair.First.End > pair.Second.Begin))
        {
            reader.Error("hours", "overlap");
        }

        if (slots.Count == 0)
        {
            reader.Error("hours", "must have at least one slot; leave them out to close the day");
        }

        return slots;
    }

    private static int? YearWithoutOpening(OpeningSlot[][] week, IReadOnlyList<HolidayRule> rules)
    {
        for (var year = BusinessCalendar.FirstYear; year <= BusinessCalendar.LastYear; year++)
        {
            // Every weekday comes at least 51 times a year; no few rules can close them all.
            if (rules.Sum(rule => rule.Dates.Count == 0 ? 4 : 2 * rule.Dates.Count(date => Math.Abs(date.Year - year) <= 1)) < 51)
            {
                continue;
            }

            var holidays = HolidayRule.In(year, week, rules);
            var date = new LocalDate(year, 1, 1);
            while (date.Year == year && CalendarYear.SlotsOn(date, week, holidays).Count == 0)
            {
                date = date.PlusDays(1);
            }

            if (date.Year != year)
            {
                return year;
            }
        }

        return null;
    }
}
