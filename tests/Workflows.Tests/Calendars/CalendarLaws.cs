using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Orchestration.Workflows.Tests.Calendars;

/// <summary>The laws of a calendar, over random calendars, zones, clock changes and instants.</summary>
public sealed class CalendarLaws
{
    [Fact]
    public void Between_an_instant_and_what_was_added_to_it_lies_what_was_added() =>
        Laws.Hold(Cases(), test => test.Calendar.Calendar.Between(test.X, test.Calendar.Calendar.Add(test.X, test.A)).ShouldBe(test.A));

    [Fact]
    public void Adding_twice_is_adding_the_sum() =>
        Laws.Hold(
            Cases(),
            test =>
            {
                var calendar = test.Calendar.Calendar;
                calendar.Add(calendar.Add(test.X, test.A), test.B).ShouldBe(calendar.Add(test.X, test.A + test.B));
            }
        );

    [Fact]
    public void Adding_is_monotone_in_both_arguments() =>
        Laws.Hold(
            Cases(),
            test =>
            {
                var calendar = test.Calendar.Calendar;
                calendar.Add(test.X, test.A).ShouldBeLessThanOrEqualTo(calendar.Add(test.X + test.B, test.A));
                calendar.Add(test.X, test.A).ShouldBeLessThan(calendar.Add(test.X, test.A + test.B));
                calendar.Add(test.X, Duration.Zero).ShouldBeLessThanOrEqualTo(calendar.Add(test.X, test.A));
            }
        );

    [Fact]
    public void Subtracting_is_the_mirror_image_of_adding() =>
        Laws.Hold(
            Cases(),
            test =>
            {
                var calendar = test.Calendar.Calendar;
                var before = calendar.Subtract(test.X, test.A);
                calendar.Between(before, test.X).ShouldBe(test.A);
                calendar.Subtract(before, test.B).ShouldBe(calendar.Subtract(test.X, test.A + test.B));
                calendar.Subtract(test.X - test.B, test.A).ShouldBeLessThanOrEqualTo(before);
                calendar.Add(before, test.A).ShouldBeLessThanOrEqualTo(test.X);
                calendar.Add(test.X, -test.A).ShouldBe(before);
            }
        );

    [Fact]
    public void Working_time_adds_up_and_has_a_sign() =>
        Laws.Hold(
            Cases(),
            test =>
            {
                var calendar = test.Calendar.Calendar;
                var (y, z) = (test.X + test.B, test.X + test.B + test.A);
                (calendar.Between(test.X, y) + calendar.Between(y, z)).ShouldBe(calendar.Between(test.X, z));
                calendar.Between(y, test.X).ShouldBe(-calendar.Between(test.X, y));
                calendar.Between(test.X, y).ShouldBeInRange(Duration.Zero, test.B);
            }
        );

    [Fact]
    public void The_next_opening_is_open_and_nothing_before_it_is() =>
        Laws.Hold(
            Cases(),
            test =>
            {
                var calendar = test.Calendar.Calendar;
                var opening = calendar.NextOpening(test.X);
                calendar.IsOpen(opening).ShouldBeTrue();
                calendar.Between(test.X, opening).ShouldBe(Duration.Zero);
                calendar.Add(test.X, Duration.Zero).ShouldBe(opening);
                var closing = calendar.PreviousClosing(test.X);
                calendar.Between(closing, test.X).ShouldBe(Duration.Zero);
                calendar.IsOpen(closing - Duration.Epsilon).ShouldBeTrue();
            }
        );

    [Fact]
    public void Openings_follow_one_another_and_sum_up_to_the_working_time() =>
        Laws.Hold(
            Cases(),
            test =>
            {
                var calendar = test.Calendar.Calendar;
                var until = test.X + test.B;
                var openings = calendar.Openings(test.X, until).ToList();
                openings.Zip(openings.Skip(1)).ShouldAllBe(pair => pair.First.Open.End <= pair.Second.Open.Start && pair.First.Day <= pair.Second.Day);
                openings.Aggregate(Duration.Zero, (sum, opening) => sum + opening.Open.Duration).ShouldBe(calendar.Between(test.X, until));
            }
        );

    [Fact]
    public void An_instant_is_open_when_the_hours_say_so() =>
        Laws.Hold(
            Cases(),
            test =>
            {
                // Days with a holiday, and those next to one, are left to the tests of holidays.
                var date = test.X.InZone(test.Calendar.Calendar.Zone).Date;
                if (new[] { date.PlusDays(-1), date, date.PlusDays(1) }.All(day => test.Calendar.Calendar.HolidayOn(day) is null))
                {
                    test.Calendar.Calendar.IsOpen(test.X).ShouldBe(test.Calendar.IsOpenByHours(test.X));
                }
            }
        );

    [Fact]
    public void Business_days_are_counted_as_they_were_added() =>
        Laws.Hold(
            Cases(),
            test =>
            {
                var calendar = test.Calendar.Calendar;
                var date = calendar.BusinessDate(test.X);
                var due = calendar.AddBusinessDays(test.X, test.N);
                var dueDay = calendar.BusinessDate(due - Duration.Epsilon);
                due.ShouldBeGreaterThan(test.X);
                due.ShouldBe(calendar.CloseOn(dueDay).ShouldNotBeNull(), "due at the close of the n-th day");
                calendar.BusinessDaysBetween(date, dueDay).ShouldBe(test.N);
                calendar.BusinessDaysBetween(dueDay, date).ShouldBe(-test.N);
                calendar.BusinessDay(calendar.BusinessDay(date, test.N), 3).ShouldBe(calendar.BusinessDay(date, test.N + 3));
                calendar.BusinessDay(calendar.BusinessDay(dueDay, test.N), -test.N).ShouldBe(dueDay);
                calendar.BusinessDaysBetween(calendar.BusinessDay(date, -test.N), date).ShouldBe(calendar.IsBusinessDay(date) ? test.N : test.N - 1);
                calendar.AddBusinessDays(test.X, test.N).ShouldBeLessThanOrEqualTo(calendar.AddBusinessDays(test.X + test.A, test.N), "monotone in the start");
                calendar.AddBusinessDays(test.X, 0).ShouldBeGreaterThan(test.X);
                calendar.AddBusinessDays(test.X, 0).ShouldBeLessThan(calendar.AddBusinessDays(test.X, test.N + 1));
            }
        );

    [Fact]
    public void A_further_holiday_never_makes_anything_earlier() =>
        Laws.Hold(
            Cases(),
            test =>
            {
                var (random, calendar) = (test.Calendar, test.Calendar.Calendar);
                var holiday = test.X.InZone(calendar.Zone).Date.PlusDays(test.N % 5);
                var closed = random.Holidays.Length == 0 ? "" : ", ";
                var longer = Shipped.Parse(
                    $$"""
                    { "id": "l", "name": "L", {{random.Hours}}, "holidays": [ {{random.Holidays}}{{closed}} { "name": "Extra", "rule": "dates",
                      "dates": ["{{holiday:uuuu-MM-dd}}"] } ] }
                    """
                );
                longer.Add(test.X, test.A).ShouldBeGreaterThanOrEqualTo(calendar.Add(test.X, test.A));
                longer.Between(test.X, test.X + test.B).ShouldBeLessThanOrEqualTo(calendar.Between(test.X, test.X + test.B));
                longer.IsBusinessDay(holiday).ShouldBeFalse();
            }
        );

    private static Gen<Case> Cases() =>
        from calendar in RandomCalendar.Any
        from x in calendar.Instants
        from a in RandomCalendar.Durations
        from b in RandomCalendar.Durations
        from n in Gen.Choose(1, 60)
        select new Case(calendar, x, a, b, n);

    private sealed record Case(RandomCalendar Calendar, Instant X, Duration A, Duration B, int N);
}
