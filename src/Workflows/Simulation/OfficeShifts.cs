using NodaTime;

namespace Orchestration.Workflows.Simulation;

/// <summary>When people of a simulated office work.</summary>
internal static class OfficeShifts
{
    /// <summary>Their intervals of work from one day to another, in order: mornings and afternoons, without weeks of absence.</summary>
    public static IReadOnlyList<Interval> Of(OfficePerson person, OfficeProfile profile, LocalDate from, LocalDate to, int seed)
    {
        var chance = new OfficeChance(HashCode(person.UserName, seed));
        var shifts = new List<Interval>();
        var absent = false;
        for (var day = from; day <= to; day = day.PlusDays(1))
        {
            if (day == from || day.DayOfWeek == IsoDayOfWeek.Monday)
                absent = chance.Is(profile.Absence);
            if (absent || day.DayOfWeek == IsoDayOfWeek.Sunday || person.DaysOff.Contains(day.DayOfWeek))
                continue;
            Add(day, person.FirstHour, 0, person.FirstHour + 4, 0);
            Add(day, person.FirstHour + 4, 45, person.FirstHour + 8, 15);
        }

        return shifts;

        void Add(LocalDate day, int hour, int minute, int endHour, int endMinute) => shifts.Add(new(At(day, hour, minute), At(day, endHour, endMinute)));

        Instant At(LocalDate day, int hour, int minute) => day.At(new(hour, minute)).InZoneLeniently(profile.Zone).ToInstant();
    }

    /// <summary>The same on every machine and in every run, unlike that of a string.</summary>
    private static int HashCode(string text, int seed) => text.Aggregate(seed, (hash, letter) => unchecked(hash * 31 + letter));
}
