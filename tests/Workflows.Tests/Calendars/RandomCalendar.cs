using System.Collections.Concurrent;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using NodaTime.TimeZones;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.Tests.Calendars;

/// <summary>
/// A calendar made from a number: zone, hours and holidays are random, biased to zones with awkward clock changes, shifts past midnight and
/// half days. It knows its own hours, so that tests can compute answers without the calendar's arithmetic.
/// </summary>
internal sealed class RandomCalendar
{
    private const int Calendars = 50;

    private static readonly ConcurrentDictionary<int, RandomCalendar> Made = [];

    private static readonly string[] Zones =
    [
        "America/New_York",
        "Europe/London",
        "America/Los_Angeles",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Asia/Kathmandu",
        "America/St_Johns",
        "Africa/Casablanca",
        "Africa/Cairo",
        "Pacific/Chatham",
        "America/Sao_Paulo",
        "Asia/Tehran",
        "America/Anchorage",
        "Etc/UTC",
    ];

    private static readonly string[] Weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    private readonly List<(int Begin, int End)>[] hours = [.. Enumerable.Range(0, 7).Select(_ => new List<(int, int)>())];

    private RandomCalendar(int number)
    {
        var random = new Random(number);
        var zone = Zones[random.Next(Zones.Length)];
        var slots = Slots(random);
        var holidays = string.Join(", ", Enumerable.Range(0, random.Next(8)).Select(_ => Holiday(random)));
        Hours = $"\"zone\": \"{zone}\", \"hours\": [ {slots} ]";
        Holidays = holidays;
        Calendar = Shipped.Parse($"{{ \"id\": \"c{number}\", \"name\": \"Random\", {Hours}, \"holidays\": [ {holidays} ] }}");
    }

    public BusinessCalendar Calendar { get; }

    public string Hours { get; }

    public string Holidays { get; }

    public override string ToString() => $"{Hours}, holidays {Holidays}";

    public static Gen<RandomCalendar> Any => Gen.Choose(0, Calendars - 1).Select(number => Made.GetOrAdd(number, key => new RandomCalendar(key)));

    /// <summary>Instants from 2008 to 2030; a third of them near a clock change of the zone, a third at the edge of an opening.</summary>
    public Gen<Instant> Instants =>
        from kind in Gen.Choose(0, 2)
        from seconds in Gen.Choose(1_199_145_600, 1_893_456_000)
        from offset in Gen.Choose(-14_400, 14_400)
        select kind switch
        {
            0 => Instant.FromUnixTimeSeconds(seconds).PlusNanoseconds(offset),
            1 => NearClockChange(Instant.FromUnixTimeSeconds(seconds), offset / 2 * 2),
            _ => Calendar.NextOpening(Calendar.NextOpening(Instant.FromUnixTimeSeconds(seconds)))
                + (offset % 2 == 0 ? Duration.Zero : Duration.FromSeconds(offset)),
        };

    /// <summary>Working time from a nanosecond to some weeks.</summary>
    public static Gen<Duration> Durations =>
        from kind in Gen.Choose(0, 2)
        from amount in Gen.Choose(1, 2_000_000)
        select kind switch
        {
            0 => Duration.FromSeconds(amount),
            1 => Duration.FromMinutes(amount % 10_000 + 1),
            _ => Duration.FromNanoseconds((long)amount),
        };

    /// <summary>Whether the hours say that work is done at an instant; knows no holidays.</summary>
    public bool IsOpenByHours(Instant at)
    {
        // Independent of the calendar: NodaTime's own resolver says where a slot begins and ends.
        var resolver = Resolvers.CreateMappingResolver(Resolvers.ReturnEarlier, Resolvers.ReturnStartOfIntervalAfter);
        var date = at.InZone(Calendar.Zone).Date;
        return new[] { date.PlusDays(-1), date, date.PlusDays(1) }.Any(day =>
            hours[(int)day.DayOfWeek - 1]
                .Any(slot =>
                    Calendar.Zone.ResolveLocal(day.AtMidnight().PlusMinutes(slot.Begin), resolver).ToInstant() <= at
                    && at < Calendar.Zone.ResolveLocal(day.AtMidnight().PlusMinutes(slot.End), resolver).ToInstant()
                )
        );
    }

    private Instant NearClockChange(Instant at, int offset)
    {
        var interval = Calendar.Zone.GetZoneInterval(at);
        return (interval.HasEnd && interval.End < Instant.FromUtc(2040, 1, 1, 0, 0) ? interval.End : at) + Duration.FromSeconds(offset);
    }

    private string Slots(Random random)
    {
        // Cut the week at random quarter hours and open every other piece that is shorter than a day.
        const int Week = 7 * 1440;
        var cuts = Enumerable.Range(0, random.Next(2, 40)).Select(_ => random.Next(Week / 15) * 15).Distinct().Order().ToList();
        List<string> slots = [];
        for (var i = 0; i + 1 < cuts.Count; i += random.Next(1, 3))
        {
            var (begin, end) = (cuts[i], Math.Min(cuts[i + 1], cuts[i] + 1425));
            var day = begin / 1440;
            hours[day].Add((begin % 1440, begin % 1440 + (end - begin)));
            slots.Add($"{{ \"days\": [\"{Weekdays[day]}\"], \"open\": \"{Time(begin)}\", \"close\": \"{Time(end)}\" }}");
        }

        if (slots.Count == 0)
        {
            hours[6].Add((0, 1440));
            slots.Add("""{ "days": ["sun"], "open": "00:00", "close": "24:00" }""");
        }

        return string.Join(", ", slots);
    }

    private static string Holiday(Random random)
    {
        var (month, weekday) = (random.Next(1, 13), Weekdays[random.Next(7)]);
        var rule = random.Next(5) switch
        {
            0 => $"\"rule\": \"fixed\", \"month\": {month}, \"day\": {random.Next(1, 29)}",
            1 => $"\"rule\": \"nthWeekday\", \"month\": {month}, \"weekday\": \"{weekday}\", \"n\": {random.Next(1, 6)}",
            2 => $"\"rule\": \"lastWeekday\", \"month\": {month}, \"weekday\": \"{weekday}\"",
            3 => $"\"rule\": \"easter\", \"offset\": {random.Next(-60, 61)}",
            _ => $"\"rule\": \"dates\", \"dates\": [\"{random.Next(1980, 2030)}-0{random.Next(1, 10)}-{random.Next(10, 29)}\"]",
        };
        var observed = new[] { "none", "before", "after", "nearest", "sundayAfter" }[random.Next(5)];
        var half = random.Next(3) == 0 ? ", \"hours\": [ { \"open\": \"05:00\", \"close\": \"06:30\" }, { \"open\": \"22:00\", \"close\": \"03:00\" } ]" : "";
        return $"{{ \"name\": \"H\", {rule}, \"observed\": \"{observed}\"{half} }}";
    }

    private static string Time(int minutes) => string.Create(CultureInfo.InvariantCulture, $"{minutes % 1440 / 60:00}:{minutes % 60:00}");
}
