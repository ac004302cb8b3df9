using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Activities;

namespace Orchestration.Engine.Tests.Activities;

public class CronScheduleTests
{
    [Theory]
    [InlineData("0 0 * * * *", "2026-01-01T08:30:00Z", "2026-01-01T09:00:00Z")]
    [InlineData("*/15 * * * *", "2026-01-01T08:30:00Z", "2026-01-01T08:45:00Z")]
    [InlineData("0 30 9 ? * MON-FRI", "2026-01-02T09:30:00Z", "2026-01-05T09:30:00Z")]
    [InlineData("0 0 0 L * *", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z")]
    [InlineData("0 0 0 LW * *", "2026-02-01T00:00:00Z", "2026-02-27T00:00:00Z")]
    [InlineData("0 0 0 1W * *", "2026-07-30T00:00:00Z", "2026-08-03T00:00:00Z")]
    [InlineData("0 0 12 * * 5#3", "2026-01-01T00:00:00Z", "2026-01-16T12:00:00Z")]
    [InlineData("0 0 12 * * 1L", "2026-01-01T00:00:00Z", "2026-01-26T12:00:00Z")]
    [InlineData("0 0 0 29 FEB *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("0 0 22-2 * * *", "2026-01-01T02:30:00Z", "2026-01-01T22:00:00Z")]
    [InlineData("@daily", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")]
    [InlineData("TZ=Europe/Berlin 0 0 8 * * *", "2026-06-30T12:00:00Z", "2026-07-01T06:00:00Z")]
    // The clock skips 02:00–03:00 on 29 March: what was due then is due right after it.
    [InlineData("TZ=Europe/Berlin 0 30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z")]
    // The clock shows 02:30 twice on 25 October: a fixed time counts once …
    [InlineData("TZ=Europe/Berlin 0 30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("TZ=Europe/Berlin 0 30 2 * * *", "2026-10-25T01:05:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("TZ=America/New_York 0 30 1 * * *", "2026-11-01T06:10:00Z", "2026-11-02T06:30:00Z")]
    // … a repetition within a skipped hour happens once, right after it …
    [InlineData("TZ=America/New_York 0 */30 2 * * *", "2027-03-13T12:00:00Z", "2027-03-14T07:00:00Z")]
    [InlineData("TZ=America/New_York 0 * 2 * * *", "2027-03-14T06:59:00Z", "2027-03-14T07:00:00Z")]
    [InlineData("TZ=America/New_York 0 15,45 2 * * *", "2027-03-13T12:00:00Z", "2027-03-14T07:00:00Z")]
    // … and one in a repeated hour goes on.
    [InlineData("TZ=Europe/Berlin 0 */30 * * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z")]
    public void The_next_time_is(string expression, string after, string expected) =>
        CronSchedule.Parse(expression).NextAfter(At(after)).ShouldBe(At(expected));

    [Theory]
    [InlineData("BadCronExpression")]
    [InlineData("")]
    [InlineData("60 * * * * *")]
    [InlineData("* * * * * * * *")]
    [InlineData("0 0 0 30 2 *")]
    [InlineData("0 0 30 2 *")]
    [InlineData("0 0 31 4,6,9,11 *")]
    [InlineData("TZ=Europe/Berlin 0 0 30 2 *")]
    [InlineData("TZ=../../etc/passwd 0 0 8 * * *")]
    [InlineData("TZ=Europe/Berlin")]
    [InlineData("@never")]
    [InlineData("H H * * *")]
    [InlineData("0 0 0 * * MONDAYS")]
    [InlineData("0 */0 * * * *")]
    [InlineData("TZ=Mars/Olympus 0 0 8 * * *")]
    public void What_is_no_schedule_is_refused_in_words(string expression) =>
        Should.Throw<FormatException>(() => CronSchedule.Parse(expression)).Message.ShouldNotBeNullOrWhiteSpace();

    private static Instant At(string text) => InstantPattern.General.Parse(text).Value;
}
