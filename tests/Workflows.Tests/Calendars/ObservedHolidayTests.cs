using NodaTime;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.Tests.Calendars;

/// <summary>What is a weekend is up to the calendar's own week.</summary>
public sealed class ObservedHolidayTests
{
    private const string Office = "\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"";
    private const string Gulf = "\"sun\", \"mon\", \"tue\", \"wed\", \"thu\"";
    private const string Shop = "\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\"";

    [Theory]
    [InlineData(Office, "none", "2026-07-04")]
    [InlineData(Office, "before", "2026-07-03 2026-07-04")]
    [InlineData(Office, "after", "2026-07-04 2026-07-06")]
    [InlineData(Office, "nearest", "2026-07-03 2026-07-04")]
    [InlineData(Office, "sundayAfter", "2026-07-04")]
    [InlineData(Gulf, "none", "2026-07-04")]
    [InlineData(Gulf, "before", "2026-07-02 2026-07-04")]
    [InlineData(Gulf, "after", "2026-07-04 2026-07-05")]
    [InlineData(Gulf, "nearest", "2026-07-04 2026-07-05")]
    [InlineData(Gulf, "sundayAfter", "2026-07-04")]
    [InlineData(Shop, "before", "2026-07-04")]
    [InlineData(Shop, "after", "2026-07-04")]
    [InlineData(Shop, "nearest", "2026-07-04")]
    public void A_Saturday_holiday(string days, string observed, string closed) => Closed(days, observed, 2026).ShouldBe(closed);

    [Theory]
    [InlineData(Office, "before", "2027-07-02 2027-07-04")]
    [InlineData(Office, "after", "2027-07-04 2027-07-05")]
    [InlineData(Office, "nearest", "2027-07-04 2027-07-05")]
    [InlineData(Office, "sundayAfter", "2027-07-04 2027-07-05")]
    [InlineData(Gulf, "before", "2027-07-04")]
    [InlineData(Gulf, "sundayAfter", "2027-07-04")]
    [InlineData(Shop, "before", "2027-07-03 2027-07-04")]
    [InlineData(Shop, "after", "2027-07-04 2027-07-05")]
    [InlineData(Shop, "nearest", "2027-07-04 2027-07-05")]
    public void A_Sunday_holiday(string days, string observed, string closed) => Closed(days, observed, 2027).ShouldBe(closed);

    [Theory]
    [InlineData(Office, "nearest", "2025-07-04")]
    [InlineData(Gulf, "before", "2025-07-03 2025-07-04")]
    [InlineData(Gulf, "after", "2025-07-04 2025-07-06")]
    [InlineData(Gulf, "nearest", "2025-07-03 2025-07-04")]
    public void A_Friday_holiday(string days, string observed, string closed) => Closed(days, observed, 2025).ShouldBe(closed);

    [Theory]
    [InlineData(Office, "before", "2021-12-23 2021-12-24 2021-12-25 2021-12-26")]
    [InlineData(Office, "after", "2021-12-25 2021-12-26 2021-12-27 2021-12-28")]
    [InlineData(Office, "nearest", "2021-12-24 2021-12-25 2021-12-26 2021-12-27")]
    [InlineData(Gulf, "after", "2021-12-25 2021-12-26 2021-12-27")]
    public void Two_holidays_in_a_row_do_not_share_a_day(string days, string observed, string closed) =>
        Holidays(
                days,
                2021,
                $$"""
                { "name": "Christmas Day", "rule": "fixed", "month": 12, "day": 25, "observed": "{{observed}}" },
                { "name": "Boxing Day", "rule": "fixed", "month": 12, "day": 26, "observed": "{{observed}}" }
                """
            )
            .ShouldBe(closed);

    [Fact]
    public void A_calendar_that_never_closes_observes_every_holiday_on_its_day() =>
        Closed("\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"", "nearest", 2026).ShouldBe("2026-07-04");

    private static string Closed(string days, string observed, int year) =>
        Holidays(days, year, $$"""{ "name": "Independence Day", "rule": "fixed", "month": 7, "day": 4, "observed": "{{observed}}" }""");

    private static string Holidays(string days, int year, string holidays)
    {
        var calendar = Shipped.Parse(
            $$"""
            { "id": "c", "name": "C", "zone": "Etc/UTC", "hours": [ { "days": [{{days}}], "open": "09:00", "close": "17:00" } ], "holidays": [ {{holidays}} ] }
            """
        );
        calendar.HolidaysIn(year).ShouldAllBe(day => !calendar.IsBusinessDay(day.Date));
        return string.Join(' ', calendar.HolidaysIn(year).Select(day => $"{day.Date:uuuu-MM-dd}"));
    }
}
