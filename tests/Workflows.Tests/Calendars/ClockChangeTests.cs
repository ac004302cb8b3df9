using NodaTime;
using NodaTime.Text;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows.Tests.Calendars;

/// <summary>
/// SLA units and quiet hours on the days of a clock change. New York skips 2:00 to 3:00 on Sun 14 Mar 2027 and repeats 1:00 to 2:00 on Sun 1 Nov 2026;
/// Beirut's clocks skip midnight on Sun 28 Mar 2027.
/// </summary>
public sealed class ClockChangeTests
{
    private const string Always = """{ "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "open": "00:00", "close": "24:00" }""";
    private const string Nights = """{ "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "open": "22:00", "close": "06:00" }""";
    private const string Early = """{ "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "open": "01:30", "close": "03:30" }""";

    [Theory]
    // An elapsed day has 24 hours, whatever the clocks say.
    [InlineData(Always, "P1D", "elapsed", "2027-03-13T12:00-05", "2027-03-14T13:00-04")]
    [InlineData(Always, "P1D", "elapsed", "2026-10-31T12:00-04", "2026-11-01T11:00-05")]
    // Working time of a day that has 23 or 25 hours.
    [InlineData(Always, "PT24H", "workingTime", "2027-03-14T00:00-05", "2027-03-15T01:00-04")]
    [InlineData(Always, "PT24H", "workingTime", "2026-11-01T00:00-04", "2026-11-01T23:00-05")]
    // A night shift from 22:00 to 6:00 has seven hours in one night and nine in the other.
    [InlineData(Nights, "PT8H", "workingTime", "2027-03-13T22:00-05", "2027-03-14T23:00-04")]
    [InlineData(Nights, "PT8H", "workingTime", "2026-10-31T22:00-04", "2026-11-01T05:00-05")]
    // An opening at 1:30 begins at the first 1:30; 1:30 to 3:30 is one hour in March and three in November.
    [InlineData(Early, "PT2H", "workingTime", "2027-03-14T00:00-05", "2027-03-15T02:30-04")]
    [InlineData(Early, "PT3H", "workingTime", "2026-11-01T00:00-04", "2026-11-01T03:30-05")]
    // Days end at the close or at midnight of the clock on the wall.
    [InlineData(Early, "1", "businessDays", "2027-03-13T12:00-05", "2027-03-14T03:30-04")]
    [InlineData(Early, "1", "businessDays", "2026-10-31T12:00-04", "2026-11-01T03:30-05")]
    [InlineData(Always, "1", "calendarDays", "2027-03-13T12:00-05", "2027-03-15T00:00-04")]
    [InlineData(Always, "1", "calendarDays", "2026-10-31T12:00-04", "2026-11-02T00:00-05")]
    [InlineData(Always, "1", "weeks", "2027-03-09T12:00-05", "2027-03-17T00:00-04")]
    public void A_target_is_due(string hours, string amount, string unit, string start, string due)
    {
        var calendar = Calendar("America/New_York", hours);
        SlaTarget.TryParse(amount, unit, out var target, out var reason).ShouldBeTrue(reason);
        DueTimes.Compute(At(start), target, ClockDirection.Forward, calendar).ShouldBe(At(due));
    }

    [Theory]
    [InlineData("P1D", "elapsed", "2027-03-14T13:00-04", "2027-03-13T12:00-05")]
    [InlineData("PT24H", "workingTime", "2027-03-15T01:00-04", "2027-03-14T00:00-05")]
    [InlineData("1", "calendarDays", "2027-03-14T12:00-04", "2027-03-14T00:00-05")]
    [InlineData("1", "calendarDays", "2026-11-01T12:00-05", "2026-11-01T00:00-04")]
    public void A_target_counted_back_is_due(string amount, string unit, string date, string due)
    {
        SlaTarget.TryParse(amount, unit, out var target, out var reason).ShouldBeTrue(reason);
        DueTimes.Compute(At(date), target, ClockDirection.Backward, Calendar("America/New_York", Always)).ShouldBe(At(due));
    }

    [Fact]
    public void A_day_whose_midnight_is_skipped_ends_when_the_next_one_begins()
    {
        var beirut = Calendar("Asia/Beirut", Always);
        DueTimes.Compute(At("2027-03-26T12:00+02"), SlaTarget.CalendarDays(1), ClockDirection.Forward, beirut).ShouldBe(At("2027-03-28T01:00+03"));
        beirut.Between(At("2027-03-27T00:00+02"), At("2027-03-29T00:00+03")).ShouldBe(Duration.FromHours(47));
    }

    [Theory]
    // The end is skipped: quiet hours end right after the gap.
    [InlineData("22:00", "02:30", "2027-03-13T23:00-05", "2027-03-14T03:00-04")]
    [InlineData("22:00", "02:30", "2027-03-14T01:59-05", "2027-03-14T03:00-04")]
    [InlineData("22:00", "02:30", "2027-03-14T03:00-04", null)]
    // The begin is skipped.
    [InlineData("02:30", "06:00", "2027-03-14T01:59-05", null)]
    [InlineData("02:30", "06:00", "2027-03-14T03:00-04", "2027-03-14T06:00-04")]
    // All of it is skipped.
    [InlineData("02:15", "02:45", "2027-03-14T03:00-04", null)]
    // The end is repeated: quiet until the second 1:30.
    [InlineData("22:00", "01:30", "2026-10-31T23:00-04", "2026-11-01T01:30-05")]
    [InlineData("22:00", "01:30", "2026-11-01T01:45-04", "2026-11-01T01:30-05")]
    [InlineData("22:00", "01:30", "2026-11-01T01:10-05", "2026-11-01T01:30-05")]
    [InlineData("22:00", "01:30", "2026-11-01T01:30-05", null)]
    // The begin is repeated: quiet from the first 1:30.
    [InlineData("01:30", "06:00", "2026-11-01T01:29-04", null)]
    [InlineData("01:30", "06:00", "2026-11-01T01:30-04", "2026-11-01T06:00-05")]
    [InlineData("01:30", "06:00", "2026-11-01T01:10-05", "2026-11-01T06:00-05")]
    // Other days.
    [InlineData("22:00", "07:00", "2026-06-01T21:59-04", null)]
    [InlineData("22:00", "07:00", "2026-06-01T22:00-04", "2026-06-02T07:00-04")]
    [InlineData("22:00", "07:00", "2026-06-02T06:59-04", "2026-06-02T07:00-04")]
    [InlineData("22:00", "07:00", "2026-06-02T07:00-04", null)]
    [InlineData("12:00", "13:00", "2026-06-02T12:30-04", "2026-06-02T13:00-04")]
    public void Quiet_hours_end(string from, string to, string now, string? until)
    {
        var preferences = NotificationPreferences.Default with { QuietFrom = Time(from), QuietTo = Time(to), TimeZone = "America/New_York" };
        preferences.QuietUntil(At(now)).ShouldBe(until is null ? null : At(until));
    }

    private static BusinessCalendar Calendar(string zone, string hours) =>
        Shipped.Parse($$"""{ "id": "c", "name": "C", "zone": "{{zone}}", "hours": [ {{hours}} ], "holidays": [] }""");

    private static LocalTime Time(string text) => LocalTimePattern.CreateWithInvariantCulture("HH:mm").Parse(text).Value;

    private static Instant At(string text) => OffsetDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mmo<g>").Parse(text).Value.ToInstant();
}
