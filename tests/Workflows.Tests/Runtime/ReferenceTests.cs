using NodaTime;
using Orchestration.Workflows.Cases;

namespace Orchestration.Workflows.Tests.Runtime;

/// <summary>Generated references.</summary>
public sealed class ReferenceTests
{
    [Theory]
    [InlineData("CLM-{yyyy}-{000000}", "CLM-2026-|6|")]
    [InlineData("{yy}{MM}/{000}.x", "2606/|3|.x")]
    [InlineData("{000000000}", "|9|")]
    public void A_rule_says_what_is_around_its_counter(string text, string expected)
    {
        var rule = ReferenceRule.Parse(text, out _)!;
        var (before, after) = rule.On(new LocalDate(2026, 6, 1));
        $"{before}|{rule.Digits}|{after}".ShouldBe(expected);
    }

    [Theory]
    [InlineData("CLM-{yyyy}", "exactly one counter")]
    [InlineData("{000}-{000}", "exactly one counter")]
    [InlineData("{00}", "exactly one counter")]
    [InlineData("CLM {000}", "letters, digits")]
    [InlineData("{dd}-{000}", "letters, digits")]
    [InlineData("CLM-CLM-CLM-CLM-CLM-CLM-CLM-CLM-CLM-CLM-CLM-CLM-CLM-CLM-{000}", "at most 60")]
    public void A_rule_that_gives_no_reference_is_refused(string text, string reason)
    {
        ReferenceRule.Parse(text, out var why).ShouldBeNull();
        why.ShouldContain(reason);
    }

    [Fact]
    public async Task Hosts_never_give_out_the_same_reference_and_skip_those_that_are_taken()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishAsync("one", ("a", Tasks.Step.Of("Look")));
        await world.StartAsync("one", "CLM-2026-000002");
        await using var other = await world.AnotherHostAsync();

        var given = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => NextAsync(i % 2 == 0 ? world : other, "claims")));

        given.Order(StringComparer.Ordinal).ShouldBe(Enumerable.Range(1, 21).Where(n => n != 2).Select(n => $"CLM-2026-{n:D6}"));
        (await NextAsync(world, "one")).ShouldBe("ONE-2026-000001");
        world.Clock.Advance(Duration.FromDays(250));
        (await NextAsync(world, "claims")).ShouldBe("CLM-2027-000001");
    }

    [Fact]
    public async Task A_start_without_a_reference_that_is_repeated_opens_one_case()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Tasks.Step.Of("Look")));
        var request = new CaseRequest("one", null, "C-1", "Marta Novak", [], "key-1");
        var actor = await world.PersonAsync("frontoffice");

        var first = (await StartCase.RunAsync(world.Runtime, request, actor)).ShouldBeOfType<StartCaseResult.Started>();
        var again = (await StartCase.RunAsync(world.Runtime, request, actor)).ShouldBeOfType<StartCaseResult.Started>();

        again.CaseId.ShouldBe(first.CaseId);
        (await CaseQueries.FindAsync(world.Runtime, first.CaseId, actor))!.Case.Reference.ShouldBe("ONE-2026-000001");
        (await world.ScalarAsync<long>("select count(*) from journey_case")).ShouldBe(1);
    }

    private static async Task<string> NextAsync(World world, string journey) =>
        await CaseReferences.NextAsync(world.Runtime, (await world.Runtime.Definitions.FindPublishedAsync(journey))!, isTest: false);
}
