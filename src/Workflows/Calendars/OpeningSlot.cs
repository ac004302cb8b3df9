using NodaTime;

namespace Orchestration.Workflows.Calendars;

/// <summary>
/// Opening hours of one day, in minutes from that day's midnight: the begin is open, the end is not. An end past 1440 lies in the
/// next day: an evening shift belongs to the day on which it begins, so a holiday closes the shift that begins on it and not the one before.
/// </summary>
internal readonly record struct OpeningSlot(int Begin, int End)
{
    public const int MinutesPerDay = 24 * 60;

    public LocalDateTime BeginOn(LocalDate date) => At(date, Begin);

    public LocalDateTime EndOn(LocalDate date) => At(date, End);

    private static LocalDateTime At(LocalDate date, int minutes) => date.AtMidnight().PlusMinutes(minutes);
}
