using NodaTime;
using NodaTime.Text;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.Tests.Calendars;

/// <summary>The calendars and other files under definitions/, read from the working copy.</summary>
internal static class Shipped
{
    public static string Folder(string name)
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Orchestration.sln")))
        {
            directory = directory.Parent;
        }

        return Path.Combine(directory.ShouldNotBeNull().FullName, "definitions", name);
    }

    public static BusinessCalendar Calendar(string id) => Parse(File.ReadAllText(Path.Combine(Folder("calendars"), $"{id}.json")));

    public static BusinessCalendar Parse(string json)
    {
        var parsed = BusinessCalendar.TryParse(json, out var calendar, out var errors);
        errors.ShouldBeEmpty();
        parsed.ShouldBeTrue();
        return calendar!;
    }

    public static LocalDate Date(string text) => LocalDatePattern.Iso.Parse(text).Value;

    /// <summary>An instant from a local time (<c>2026-06-01T17:00</c>) in a calendar's zone.</summary>
    public static Instant At(this BusinessCalendar calendar, string local) =>
        LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm").Parse(local).Value.InZoneStrictly(calendar.Zone).ToInstant();

    /// <summary>An instant as local time of a calendar's zone.</summary>
    public static string Local(this BusinessCalendar calendar, Instant at) =>
        LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm").Format(at.InZone(calendar.Zone).LocalDateTime);
}
