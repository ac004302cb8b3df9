using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.Tests.Calendars;

public sealed class CalendarParsingTests
{
    private const string Hours = """ "hours": [ { "days": ["mon"], "open": "08:00", "close": "16:00" } ] """;

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once()
    {
        var errors = ErrorsOf(
            """
            { "id": "", "zone": "Mars/Olympus", "nmae": "typo",
              "hours": [ { "days": ["mon", "funday"], "open": "8", "close": "16:00" }, { "days": [], "open": "09:00", "close": "09:00" } ],
              "holidays": [ { "name": "A", "rule": "fixed", "month": 2, "day": 30 }, { "rule": "weekly" }, 5,
                            { "name": "B", "rule": "nthWeekday", "month": 13, "weekday": "mon", "n": 6 },
                            { "name": "C", "rule": "dates", "dates": ["2026-02-30", "2026-01-01", "2026-01-01"] },
                            { "name": "D", "rule": "fixed", "month": 5, "day": 1, "from": 2030, "to": 2020, "except": [1] },
                            { "name": "E", "rule": "easter", "offset": 1, "observed": "sometimes", "hours": [ { "open": "08:00", "close": "12:00" },
                              { "open": "11:00", "close": "13:00" } ] } ] }
            """
        );
        errors.ShouldBe(
            [
                "$.id",
                "$.name",
                "$.zone",
                "$.nmae",
                "$.hours[0].days[1]",
                "$.hours[0].open",
                "$.hours[1].days",
                "$.hours[1].close",
                "$.hours",
                "$.holidays[0].day",
                "$.holidays[1].name",
                "$.holidays[1].rule",
                "$.holidays[2]",
                "$.holidays[3].month",
                "$.holidays[3].n",
                "$.holidays[4].dates[0]",
                "$.holidays[4].dates[2]",
                "$.holidays[5].to",
                "$.holidays[5].except[0]",
                "$.holidays[6].observed",
                "$.holidays[6].hours",
            ],
            ignoreOrder: true
        );
    }

    [Theory]
    [InlineData("""{ "days": ["mon"], "open": "08:00", "close": "12:00" }, { "days": ["mon"], "open": "11:59", "close": "16:00" }""", "within a day")]
    [InlineData("""{ "days": ["mon"], "open": "22:00", "close": "06:00" }, { "days": ["tue"], "open": "05:00", "close": "09:00" }""", "past midnight")]
    [InlineData(
        """{ "days": ["sun"], "open": "22:00", "close": "06:00" }, { "days": ["mon"], "open": "05:00", "close": "09:00" }""",
        "from Sunday into Monday"
    )]
    [InlineData("""{ "days": ["mon", "mon"], "open": "22:00", "close": "23:00" }""", "the same day twice")]
    [InlineData("""{ "days": ["mon"], "open": "00:00", "close": "00:00" }, { "days": ["mon"], "open": "12:00", "close": "13:00" }""", "within a whole day")]
    public void Overlapping_slots_are_refused(string hours, string where) =>
        Errors($$"""{ "id": "x", "name": "x", "zone": "Etc/UTC", "hours": [ {{hours}} ] }""").ShouldContain(reason => reason.Contains("overlap"), where);

    [Fact]
    public void Slots_that_touch_do_not_overlap() =>
        Errors(
                """
                { "id": "x", "name": "x", "zone": "Etc/UTC", "hours": [ { "days": ["sun", "mon"], "open": "16:00", "close": "00:00" }, { "days": ["mon"],
                  "open": "00:00", "close": "16:00" } ] }
                """
            )
            .ShouldBeEmpty();

    [Theory]
    [InlineData("""{ "id": "x", "name": "x", "zone": "Etc/UTC", "hours": [] }""")]
    [InlineData("""{ "id": "x", "name": "x", "zone": "Etc/UTC", "hours": [ { "days": [], "open": "08:00", "close": "09:00" } ] }""")]
    public void A_calendar_without_any_opening_is_refused(string json) => Errors(json).ShouldContain("the calendar has no open hours");

    [Fact]
    public void Holidays_may_not_close_a_whole_year()
    {
        var mondays = string.Join(", ", Enumerable.Range(0, 53).Select(week => $"\"{Shipped.Date("2030-01-07").PlusWeeks(week):uuuu-MM-dd}\""));
        Errors(
                $$"""
                { "id": "x", "name": "x", "zone": "Etc/UTC", {{Hours}}, "holidays": [ { "name": "Closed", "rule": "dates", "dates": [ {{mondays}} ] } ] }
                """
            )
            .ShouldBe(["leave no open hours in 2030"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{ \"id\": ")]
    [InlineData("{ \"id\": \"a\", \"id\": \"b\" }")]
    public void What_is_no_calendar_at_all_is_an_error_and_not_an_exception(string json) => ErrorsOf(json).ShouldBe(["$"]);

    [Fact]
    public void The_fingerprint_tells_one_calendar_from_another()
    {
        var one = Shipped.Parse($$"""{ "id": "x", "name": "x", "zone": "Etc/UTC", {{Hours}} }""");
        var same = Shipped.Parse($$"""{ "id": "x", "name": "x", "zone": "Etc/UTC", {{Hours}} }""");
        var other = Shipped.Parse($$"""{ "id": "x", "name": "x", "zone": "Europe/London", {{Hours}} }""");
        one.Fingerprint.ShouldBe(same.Fingerprint);
        one.Fingerprint.ShouldNotBe(other.Fingerprint);
    }

    [Fact]
    public void Every_shipped_calendar_is_valid_and_named_as_its_file()
    {
        var files = Directory.GetFiles(Shipped.Folder("calendars"), "*.json");
        files.Length.ShouldBeGreaterThanOrEqualTo(10);
        files.ShouldAllBe(file => Shipped.Parse(File.ReadAllText(file)).Id == Path.GetFileNameWithoutExtension(file));
    }

    private static List<string> ErrorsOf(string json)
    {
        BusinessCalendar.TryParse(json, out var calendar, out var errors).ShouldBeFalse();
        calendar.ShouldBeNull();
        return [.. errors.Select(error => error.Path)];
    }

    private static List<string> Errors(string json)
    {
        BusinessCalendar.TryParse(json, out _, out var errors).ShouldBe(errors.Count == 0);
        return [.. errors.Select(error => error.Reason)];
    }
}
