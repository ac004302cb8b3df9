using Microsoft.AspNetCore.Http;
using NodaTime;
using NodaTime.Text;
using Orchestration.Host.Performance;

namespace Orchestration.Host.Tests.Performance;

/// <summary>Which time a period is compared with. Today is Wednesday, 2026-06-03.</summary>
public sealed class PeriodTests
{
    [Theory]
    [InlineData("2026-06-01", "2026-06-03", "2026-05-25", "2026-05-27")] // Monday to today
    [InlineData("2026-06-01", "2026-06-07", "2026-05-25", "2026-05-27")] // a week that has just begun
    [InlineData("2026-05-25", "2026-05-31", "2026-05-18", "2026-05-24")] // a whole week
    [InlineData("2026-06-02", "2026-06-02", "2026-05-26", "2026-05-26")] // one day
    [InlineData("2026-05-01", "2026-05-31", "2026-03-27", "2026-04-26")] // a month: five weeks earlier
    [InlineData("2026-05-18", "2026-06-03", "2026-04-27", "2026-05-13")]
    public void A_period_is_compared_with_as_many_days_of_the_same_weekdays(string from, string to, string expectedFrom, string expectedTo)
    {
        var errors = new Dictionary<string, string[]>();
        var query = new QueryCollection(new Dictionary<string, Microsoft.Extensions.Primitives.StringValues> { ["from"] = from, ["to"] = to });
        var filter = PerformanceFilter.Read(query, new LocalDate(2026, 6, 3), errors);
        errors.ShouldBeEmpty();
        var before = filter.Before();
        (LocalDatePattern.Iso.Format(before.From), LocalDatePattern.Iso.Format(before.To)).ShouldBe((expectedFrom, expectedTo));
        before.From.DayOfWeek.ShouldBe(filter.From.DayOfWeek);
        before.IsOfWholeWeeks.ShouldBe(before.From.DayOfWeek == IsoDayOfWeek.Monday && before.To.DayOfWeek == IsoDayOfWeek.Sunday);
    }
}
