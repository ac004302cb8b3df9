using NodaTime;
using Orchestration.Testing;
using Orchestration.Workflows.Retention;

namespace Orchestration.Workflows.Tests.Retention;

public sealed class PolicyTests
{
    private static readonly Dictionary<string, string> None = [];

    [Theory]
    [InlineData("claims", "US-CA", null, "claims-us-ca", "2031-01-01")]
    [InlineData("claims", "US-AK", null, "claims-us", "2031-03-06")]
    [InlineData("claims", "USX", null, "claims", "2032-03-06")]
    [InlineData("claims", null, null, "claims", "2032-03-06")]
    [InlineData("complaint", "GB", "product=Investment", "complaint-investment", "2031-02-02")]
    [InlineData("complaint", "GB", "product=Claim", "complaint-gb", "2029-02-02")]
    [InlineData("mortgage-origination", "US-CA", "fundingOutcome=Funded", "mortgage-closed", "2031-03-06")]
    [InlineData("mortgage-origination", "US-CA", null, "mortgage", "2029-03-06")]
    public async Task The_shipped_policy_keeps_cases_as_long_as_the_law_of_their_place_says(
        string journey,
        string? jurisdiction,
        string? fact,
        string rule,
        string until
    )
    {
        var policy = Read(await File.ReadAllTextAsync(Repository.Path("definitions/retention/policy.json")));
        var facts = new Dictionary<string, string>(None);
        if (jurisdiction is not null)
            facts["jurisdiction"] = jurisdiction;
        if (fact?.Split('=') is [var name, var value])
            facts[name] = value;
        var found = policy.For(journey, facts).ShouldNotBeNull();
        found.Key.ShouldBe(rule);
        var end = found.RemoveAt(Instant.FromUtc(2026, 2, 1, 12, 0), Instant.FromUtc(2026, 3, 5, 12, 0), policy.Zone);
        $"{end.InUtc().Date:uuuu'-'MM'-'dd}".ShouldBe(until);
    }

    [Fact]
    public void A_day_is_the_day_of_the_zone_and_nothing_goes_before_it_has_ended()
    {
        var policy = Read(Document("""{ "key": "a", "journey": "j", "from": "end-of-year", "years": 0, "why": "x" }""", "America/Los_Angeles"));
        var rule = policy.Rules[0];
        var closed = Instant.FromUtc(2027, 1, 1, 5, 0);
        rule.RemoveAt(closed, closed, policy.Zone).ShouldBe(Instant.FromUtc(2027, 1, 1, 8, 0));
        var old = Read(Document("""{ "key": "a", "journey": "j", "from": "started", "months": 1, "why": "x" }""")).Rules[0];
        old.RemoveAt(Instant.FromUtc(2020, 1, 1, 0, 0), closed, DateTimeZone.Utc).ShouldBe(closed);
        policy.For("other", None).ShouldBeNull();
    }

    [Fact]
    public void A_policy_that_is_wrong_is_refused_with_every_place_and_reason()
    {
        RetentionPolicy
            .TryParse(
                """
                { "timeZone": "Mars", "jurisdictionFact": "jurisdiction", "runningCases": "hurry", "rules": [
                    { "key": "a", "journey": "j", "from": "closed", "years": 3, "why": "x" },
                    { "key": "a", "journey": "k", "from": "later", "years": 300, "why": "x", "wy": 1 },
                    { "key": "b", "journey": "j", "from": "closed", "years": 4, "why": "x" },
                    { "key": "c", "journey": "l", "from": "closed", "why": "x" } ] }
                """,
                out _,
                out var errors
            )
            .ShouldBeFalse();
        errors
            .Select(e => e.Path)
            .Order(StringComparer.Ordinal)
            .ShouldBe(["$.rules[1].from", "$.rules[1].wy", "$.rules[1].years", "$.rules[2].journey", "$.rules[3].years", "$.runningCases", "$.timeZone"]);
    }

    internal static string Document(string rules, string zone = "UTC", string running = "wait") =>
        $$"""{ "timeZone": "{{zone}}", "jurisdictionFact": "jurisdiction", "runningCases": "{{running}}", "rules": [ {{rules}} ] }""";

    private static RetentionPolicy Read(string text)
    {
        RetentionPolicy.TryParse(text, out var policy, out var errors).ShouldBeTrue(string.Join("; ", errors));
        return policy!;
    }
}
