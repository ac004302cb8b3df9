using NodaTime;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.Tests.Calendars;

/// <summary>The calendars under definitions/calendars against dates that others published.</summary>
public sealed class ShippedCalendarTests
{
    // Weekdays on which federal offices were or will be closed by 5 U.S.C. 6103, as the Office of Personnel Management lists them (opm.gov, Federal Holidays).
    [Theory]
    [InlineData(2012, "01-02 01-16 02-20 05-28 07-04 09-03 10-08 11-12 11-22 12-25")]
    [InlineData(2020, "01-01 01-20 02-17 05-25 07-03 09-07 10-12 11-11 11-26 12-25")]
    [InlineData(2021, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31")]
    [InlineData(2022, "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26")]
    [InlineData(2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25")]
    [InlineData(2027, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31")]
    public void Federal_offices_close_on_the_days_the_personnel_office_lists(int year, string days) => Weekdays("us-federal", year).ShouldBe(days);

    // gov.uk/bank-holidays, division England and Wales (github.com/alphagov/calendars and alphagov/frontend, lib/data/bank-holidays.json).
    [Theory]
    [InlineData(2012, "01-02 04-06 04-09 05-07 06-04 06-05 08-27 12-25 12-26")]
    [InlineData(2013, "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26")]
    [InlineData(2014, "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26")]
    [InlineData(2015, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28")]
    [InlineData(2016, "01-01 03-25 03-28 05-02 05-30 08-29 12-26 12-27")]
    [InlineData(2017, "01-02 04-14 04-17 05-01 05-29 08-28 12-25 12-26")]
    [InlineData(2018, "01-01 03-30 04-02 05-07 05-28 08-27 12-25 12-26")]
    [InlineData(2019, "01-01 04-19 04-22 05-06 05-27 08-26 12-25 12-26")]
    [InlineData(2020, "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28")]
    [InlineData(2021, "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28")]
    [InlineData(2022, "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27")]
    [InlineData(2023, "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26")]
    [InlineData(2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28")]
    public void England_and_Wales_close_on_the_bank_holidays_the_government_lists(int year, string days) => Weekdays("england-wales", year).ShouldBe(days);

    [Fact]
    public void A_substitute_day_waits_for_the_next_weekday_that_is_free()
    {
        var calendar = Shipped.Calendar("england-wales");
        calendar.HolidayOn(Shipped.Date("2021-12-27")).ShouldBe("Christmas Day (observed)");
        calendar.HolidayOn(Shipped.Date("2021-12-28")).ShouldBe("Boxing Day (observed)");
        calendar.HolidayOn(Shipped.Date("2022-12-26")).ShouldBe("Boxing Day");
        calendar.HolidayOn(Shipped.Date("2022-12-27")).ShouldBe("Christmas Day (observed)");
    }

    // Dates of Easter Sunday: United States Naval Observatory and the Book of Common Prayer's tables; 1943 and 2038 are the latest possible, 1818 the earliest.
    [Theory]
    [InlineData(1818, "03-22")]
    [InlineData(1943, "04-25")]
    [InlineData(1961, "04-02")]
    [InlineData(2000, "04-23")]
    [InlineData(2008, "03-23")]
    [InlineData(2019, "04-21")]
    [InlineData(2024, "03-31")]
    [InlineData(2026, "04-05")]
    [InlineData(2038, "04-25")]
    public void Easter_is_computed(int year, string date) => HolidayRule.EasterSunday(year).ShouldBe(Shipped.Date($"{year}-{date}"));

    // 12 CFR 1026 and its official interpretations. Days are specific business days unless said otherwise.
    [Theory]
    [InlineData("2026-06-01", 7, "2026-06-09", "comment 19(e)(1)(iii)-2: Loan Estimate mailed Monday 1 June, closing from Tuesday 9 June on")]
    [InlineData("2026-06-04", 3, "2026-06-08", "comment 19(f)(1)(iii): mailed Thursday 4 June, received Monday 8 June")]
    [InlineData("2018-06-01", 3, "2018-06-05", "comment 23(a)(3)-1: consummated Friday 1 June, rescission until midnight of Tuesday 5 June")]
    [InlineData("2026-07-01", 3, "2026-07-06", "ABA Banking Journal, June 2026: Friday 3 July 2026, on which 4 July is observed, is a business day")]
    [InlineData("2021-07-02", 3, "2021-07-06", "BankersOnline, June 2021: Monday 5 July 2021, on which 4 July is observed, is a business day")]
    [InlineData("2021-12-30", 1, "2021-12-31", "New Year's Day 2022 is a Saturday: Friday 31 December counts")]
    [InlineData("2021-06-17", 1, "2021-06-18", "Juneteenth 2021 is a Saturday: Friday 18 June counts")]
    [InlineData("2021-06-18", 1, "2021-06-21", "Juneteenth itself does not")]
    [InlineData("2026-05-22", 2, "2026-05-26", "Saturday counts, Sunday and Memorial Day do not")]
    [InlineData("2020-06-18", 1, "2020-06-19", "Juneteenth is a holiday since 2021 only")]
    public void Specific_business_days_are_counted_as_Regulation_Z_does(string from, int days, string to, string source) =>
        Shipped.Calendar("us-trid-specific").BusinessDay(Shipped.Date(from), days).ShouldBe(Shipped.Date(to), source);

    [Theory]
    [InlineData("2025-03-19", 3, "2025-03-15", "closing Wednesday: Closing Disclosure received by Saturday")]
    [InlineData("2025-03-15", 3, "2025-03-12", "received Saturday: mailed by Wednesday")]
    [InlineData("2025-03-19", 6, "2025-03-12", "both at once")]
    [InlineData("2026-06-11", 3, "2026-06-08", "comment 19(f)(1)(ii)-1: closing Thursday, Closing Disclosure by Monday")]
    [InlineData("2026-06-09", 7, "2026-06-01", "closing Tuesday 9 June: Loan Estimate mailed by Monday 1 June")]
    [InlineData("2026-07-07", 3, "2026-07-02", "Independence Day is a Saturday: Monday, Friday and Thursday count")]
    public void Specific_business_days_are_counted_back_from_closing(string closing, int days, string by, string source) =>
        Shipped.Calendar("us-trid-specific").BusinessDay(Shipped.Date(closing), -days).ShouldBe(Shipped.Date(by), source);

    [Theory]
    [InlineData("2026-06-01T10:00", "2026-06-04T17:00", "comment 19(e)(1)(iii)-1: application on Monday, Loan Estimate by Thursday")]
    [InlineData("2026-07-01T10:00", "2026-07-07T17:00", "the office is closed on Friday 3 July, on which 4 July is observed")]
    [InlineData("2026-06-06T10:00", "2026-06-10T17:00", "received on a Saturday on which the office is closed")]
    public void General_business_days_are_those_on_which_the_office_is_open(string application, string due, string source)
    {
        var calendar = Shipped.Calendar("us-trid-general");
        calendar.Local(calendar.AddBusinessDays(calendar.At(application), 3)).ShouldBe(due, source);
    }

    [Fact]
    public void Alaska_and_California_keep_their_own_holidays()
    {
        Weekdays("us-alaska", 2027)
            .ShouldBe(
                "01-01 01-18 02-15 03-29 05-31 06-18 07-05 09-06 10-18 11-11 11-25 12-24 12-31",
                "Alaska Statutes 44.12.010: Seward's Day and Alaska Day, no Columbus Day"
            );
        Weekdays("us-california", 2027)
            .ShouldBe(
                "01-01 01-18 02-15 03-31 05-31 07-05 09-06 11-11 11-25 11-26",
                "Government Code 6700: a Saturday holiday has no observed Friday but Veterans Day"
            );
        Weekdays("us-california", 2028).ShouldBe("01-17 02-21 03-31 05-29 07-04 09-04 11-10 11-23 11-24 12-25");
    }

    private static string Weekdays(string calendar, int year) =>
        string.Join(
            ' ',
            Shipped
                .Calendar(calendar)
                .HolidaysIn(year)
                .Where(day => day.Date.DayOfWeek is not (IsoDayOfWeek.Saturday or IsoDayOfWeek.Sunday))
                .Select(day => $"{day.Date.Month:00}-{day.Date.Day:00}")
        );
}
