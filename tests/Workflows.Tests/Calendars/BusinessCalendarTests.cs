using NodaTime;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.Tests.Calendars;

public sealed class BusinessCalendarTests
{
    private static readonly BusinessCalendar Office = Shipped.Parse(
        """
        { "id": "office", "name": "Office", "zone": "America/New_York",
          "hours": [ { "days": ["mon", "tue", "wed", "thu", "fri"], "open": "08:00", "close": "16:00" } ],
          "holidays": [ { "name": "Christmas Day", "rule": "fixed", "month": 12, "day": 25 },
                        { "name": "Christmas Eve", "rule": "fixed", "month": 12, "day": 24, "hours": [ { "open": "08:00", "close": "12:00" } ] },
                        { "name": "Stocktaking", "rule": "dates", "dates": ["2026-06-06"], "hours": [ { "open": "10:00", "close": "11:00" } ] } ] }
        """
    );

    [Theory]
    [InlineData("2026-06-03T20:30", "2026-06-04T08:00", "after hours it is the next opening")]
    [InlineData("2026-06-03T16:00", "2026-06-04T08:00", "the end of a slot is not open")]
    [InlineData("2026-06-03T08:00", "2026-06-03T08:00", "the begin of a slot is open")]
    [InlineData("2026-06-03T12:00", "2026-06-03T12:00", "an open instant is its own opening")]
    [InlineData("2026-06-06T12:00", "2026-06-08T08:00", "the weekend is skipped")]
    public void A_start_outside_hours_begins_at_the_next_opening(string at, string opening, string why) =>
        Office.Local(Office.NextOpening(Office.At(at))).ShouldBe(opening, why);

    [Theory]
    [InlineData("2026-06-03T20:30", 8, "2026-06-04T16:00", "a due time at the exact end of a slot stays there")]
    [InlineData("2026-06-03T10:00", 6, "2026-06-03T16:00", "a due time at the exact end of a slot stays there")]
    [InlineData("2026-06-03T10:00", 7, "2026-06-04T09:00", "the night does not count")]
    [InlineData("2026-06-05T10:00", 7, "2026-06-06T11:00", "an explicit date may open a Saturday")]
    [InlineData("2026-12-23T15:00", 6, "2026-12-28T09:00", "a half day has its own hours, Christmas none, Saturday none")]
    public void Working_time_is_added_over_open_hours_only(string start, int hours, string due, string why) =>
        Office.Local(Office.Add(Office.At(start), Duration.FromHours(hours))).ShouldBe(due, why);

    [Fact]
    public void Adding_works_backward_too()
    {
        var end = Office.At("2026-12-28T09:00");
        Office.Local(Office.Subtract(end, Duration.FromHours(6))).ShouldBe("2026-12-23T15:00");
        Office.Local(Office.Subtract(Office.At("2026-12-28T08:00"), Duration.FromHours(4))).ShouldBe("2026-12-24T08:00");
        Office.Local(Office.PreviousClosing(Office.At("2026-12-28T08:00"))).ShouldBe("2026-12-24T12:00");
        Office.Add(end, -Duration.FromHours(6)).ShouldBe(Office.Subtract(end, Duration.FromHours(6)));
    }

    [Fact]
    public void The_day_of_the_event_never_counts_among_business_days()
    {
        Office.Local(Office.AddBusinessDays(Office.At("2026-06-01T07:00"), 1)).ShouldBe("2026-06-02T16:00");
        Office.Local(Office.AddBusinessDays(Office.At("2026-06-01T20:00"), 1)).ShouldBe("2026-06-02T16:00");
        Office.Local(Office.AddBusinessDays(Office.At("2026-06-07T12:00"), 1)).ShouldBe("2026-06-08T16:00");
        Office.Local(Office.AddBusinessDays(Office.At("2026-06-08T12:00"), 0)).ShouldBe("2026-06-08T16:00");
        Office.Local(Office.AddBusinessDays(Office.At("2026-06-08T16:00"), 0)).ShouldBe("2026-06-09T16:00");
        Office.Local(Office.SubtractBusinessDays(Office.At("2026-06-08T12:00"), 1)).ShouldBe("2026-06-06T11:00");
    }

    [Fact]
    public void An_evening_shift_belongs_to_the_day_on_which_it_begins()
    {
        var centre = Shipped.Calendar("operations-centre");
        centre.IsOpen(centre.At("2026-06-02T00:30")).ShouldBeTrue();
        centre.BusinessDate(centre.At("2026-06-02T00:30")).ShouldBe(Shipped.Date("2026-06-01"));
        centre.BusinessDate(centre.At("2026-06-02T01:00")).ShouldBe(Shipped.Date("2026-06-02"));
        centre.Local(centre.AddBusinessDays(centre.At("2026-06-02T00:30"), 1)).ShouldBe("2026-06-03T01:00");

        // Thanksgiving 2026 is 26 November: Wednesday's shift runs to its end, Thursday's never begins.
        centre.IsOpen(centre.At("2026-11-26T00:59")).ShouldBeTrue();
        centre.IsOpen(centre.At("2026-11-26T20:00")).ShouldBeFalse();
        centre.Local(centre.NextOpening(centre.At("2026-11-26T01:00"))).ShouldBe("2026-11-27T07:00");
    }

    [Fact]
    public void A_night_shift_over_a_clock_change_is_as_long_as_it_really_was()
    {
        var nights = Shipped.Parse(
            """
            { "id": "n", "name": "Nights", "zone": "Europe/London", "hours": [ { "days": ["sat"], "open": "22:00", "close": "06:00" } ] }
            """
        );
        nights.Between(nights.At("2026-03-28T20:00"), nights.At("2026-03-29T20:00")).ShouldBe(Duration.FromHours(7), "clocks go forward");
        nights.Between(nights.At("2026-10-24T20:00"), nights.At("2026-10-25T20:00")).ShouldBe(Duration.FromHours(9), "clocks go back");
        nights.Between(nights.At("2026-06-06T20:00"), nights.At("2026-06-07T20:00")).ShouldBe(Duration.FromHours(8));
    }

    [Fact]
    public void A_slot_inside_the_hour_that_a_clock_change_skips_is_not_open_that_day()
    {
        var early = Shipped.Parse(
            """
            { "id": "e", "name": "Early", "zone": "Europe/London", "hours": [ { "days": ["sun"], "open": "01:10", "close": "01:50" } ] }
            """
        );
        early.IsBusinessDay(Shipped.Date("2026-03-29")).ShouldBeFalse();
        early.IsBusinessDay(Shipped.Date("2026-04-05")).ShouldBeTrue();
    }

    [Fact]
    public void A_day_the_zone_left_out_is_no_business_day()
    {
        // Samoa went from Thursday 29 to Saturday 31 December 2011.
        var apia = Shipped.Parse(
            """
            { "id": "a", "name": "Apia", "zone": "Pacific/Apia", "hours": [ { "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
              "open": "00:00", "close": "24:00" } ] }
            """
        );
        apia.IsBusinessDay(Shipped.Date("2011-12-30")).ShouldBeFalse();
        apia.BusinessDay(Shipped.Date("2011-12-29"), 1).ShouldBe(Shipped.Date("2011-12-31"));
        var start = apia.At("2011-12-29T12:00");
        apia.Add(start, Duration.FromDays(3)).ShouldBe(start + Duration.FromDays(3), "around the clock is wall time");
    }

    [Fact]
    public void Around_the_clock_is_wall_time()
    {
        var always = Shipped.Calendar("24x7");
        var start = Instant.FromUtc(2026, 3, 1, 12, 34, 56);
        always.Add(start, Duration.FromDays(500)).ShouldBe(start + Duration.FromDays(500));
        always.Subtract(start, Duration.FromDays(500)).ShouldBe(start - Duration.FromDays(500));
        always.Between(start, start + Duration.FromDays(500)).ShouldBe(Duration.FromDays(500));
    }

    [Fact]
    public void Openings_are_listed_with_the_day_they_belong_to()
    {
        var centre = Shipped.Calendar("operations-centre");
        var openings = centre.Openings(centre.At("2026-06-01T23:00"), centre.At("2026-06-02T08:00")).ToList();
        openings
            .Select(opening => $"{centre.Local(opening.Open.Start)}–{centre.Local(opening.Open.End)} {opening.Day.Day}")
            .ShouldBe(["2026-06-01T23:00–2026-06-02T01:00 1", "2026-06-02T07:00–2026-06-02T08:00 2"]);
    }

    [Fact]
    public void Years_beyond_the_calendar_are_an_error_and_not_a_hang()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => Office.Add(Instant.FromUtc(2198, 1, 1, 0, 0), Duration.FromDays(3660)));
        Should.Throw<ArgumentOutOfRangeException>(() => Office.Subtract(Instant.FromUtc(1903, 1, 1, 0, 0), Duration.FromDays(3660)));
        BusinessCalendar.Covers(Instant.FromUtc(1850, 1, 1, 0, 0)).ShouldBeFalse();
        BusinessCalendar.Covers(Instant.FromUtc(2026, 1, 1, 0, 0)).ShouldBeTrue();
    }
}
