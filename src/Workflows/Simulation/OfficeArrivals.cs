using System.Text.Json.Nodes;
using NodaTime;

namespace Orchestration.Workflows.Simulation;

/// <summary>A customer's request, as it arrives.</summary>
internal sealed record OfficeArrival(Instant At, int Number, string Journey, (string Id, string Name) Customer, JsonObject Input);

/// <summary>What customers ask for, and when.</summary>
internal static class OfficeArrivals
{
    /// <summary>All arrivals from the beginning of a day until an instant, in order.</summary>
    public static IReadOnlyList<OfficeArrival> Of(OfficeProfile profile, LocalDate from, Instant until, int seed)
    {
        var chance = new OfficeChance(unchecked(seed * 31 + 7));
        var last = until.InZone(profile.Zone).Date;
        var times = new List<(Instant At, string Journey)>();
        foreach (var journey in profile.Journeys)
        {
            for (var day = from; day <= last; day = day.PlusDays(1))
            {
                var factor = profile.Peaks.Where(peak => peak.Journey == journey.Journey && IsIn(peak, day)).Aggregate(1.0, (all, peak) => all * peak.Factor);
                var expected = journey.PerWeek * journey.ByDay[(int)day.DayOfWeek - 1] / journey.ByDay.Sum() * journey.ByMonth[day.Month - 1] * factor;
                for (var left = chance.Exponential(1); left < expected; left += chance.Exponential(1))
                {
                    var minute = chance.Weighted(journey.ByHour) * 60 + chance.Number(60);
                    var at = day.At(LocalTime.FromMinutesSinceMidnight(minute)).InZoneLeniently(profile.Zone).ToInstant();
                    times.Add((at, journey.Journey));
                }
            }
        }

        var arrivals = new List<OfficeArrival>();
        foreach (var (at, journey) in times.OrderBy(time => time.At).ThenBy(time => time.Journey, StringComparer.Ordinal))
        {
            if (at < until)
                arrivals.Add(new(at, arrivals.Count, journey, OfficePlan.Customer(chance), OfficePlan.Input(journey, chance, at.InZone(profile.Zone).Date)));
        }

        return arrivals;

        bool IsIn(Peak peak, LocalDate day)
        {
            var before = Period.DaysBetween(day, last);
            return before <= peak.DaysBeforeEnd && before > peak.DaysBeforeEnd - peak.Days;
        }
    }
}
