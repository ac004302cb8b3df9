using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Distribution.Matching;

namespace Orchestration.Workflows.Tests.Distribution;

/// <summary>Policies as documents, and how they come into force.</summary>
public sealed class PolicyTests
{
    [Fact]
    public void Writing_and_reading_gives_the_same_policy()
    {
        var policy = new DistributionPolicy
        {
            Calendar = "24x7",
            LateShare = 33,
            Shadow = true,
            Affinity = 7,
            AssignUnanswered = true,
        };
        Parse(DistributionPolicyJson.Write(policy)).ShouldBe([]);
        DistributionPolicyJson.TryParse(DistributionPolicyJson.Write(policy), 0, _ => true, out var read, out _).ShouldBeTrue();
        DistributionPolicyJson.Write(read!).ShouldBe(DistributionPolicyJson.Write(policy));
        (read!.LateShare, read.AssignUnanswered).ShouldBe((33, true));
    }

    [Fact]
    public void Everything_that_is_wrong_is_reported_at_once() =>
        Parse(
                """
                { "calendar": "nowhere", "weights": { "affinity": 101, "luck": 3 }, "values": [1, 2], "lateTiers": [{ "afterMinutes": 5, "percent": 10 }],
                  "lateShare": 0, "offerSeconds": 1, "unanswered": "maybe", "typo": true }
                """
            )
            .ShouldBe(
                ["$.calendar", "$.weights.affinity", "$.lateShare", "$.offerSeconds", "$.unanswered", "$.values", "$.lateTiers", "$.weights.luck", "$.typo"],
                ignoreOrder: true
            );

    [Fact]
    public async Task A_draft_is_published_by_someone_else_and_not_over_a_newer_one()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var policies = world.Get<DistributionPolicies>();
        var (author, second) = (await world.PersonAsync("supervisor"), await world.PersonAsync("senior1"));
        (await policies.SaveDraftAsync("claims-adjusting", 0, "{}", await world.PersonAsync("adjuster1"))).ShouldBeOfType<PolicyResult.Forbidden>();
        (await policies.SaveDraftAsync("nowhere", 0, "{}", author)).ShouldBeOfType<PolicyResult.NotFound>();
        (await policies.SaveDraftAsync("claims-adjusting", 0, """{ "offerSeconds": 0 }""", author)).ShouldBeOfType<PolicyResult.Invalid>();
        (await policies.SaveDraftAsync("claims-adjusting", 0, """{ "offerSeconds": 60 }""", author)).ShouldBe(new PolicyResult.Done(1));
        (await policies.SaveDraftAsync("claims-adjusting", 0, "{}", second)).ShouldBe(new PolicyResult.Stale(1));
        (await policies.PublishAsync("claims-adjusting", 1, withoutReplay: true, author)).ShouldBeOfType<PolicyResult.Forbidden>();
        (await policies.PublishAsync("claims-adjusting", 2, withoutReplay: true, second)).ShouldBe(new PolicyResult.Stale(1));
        (await policies.PublishAsync("claims-adjusting", 1, withoutReplay: true, second)).ShouldBe(new PolicyResult.Done(1));
        var now = (await policies.FindAsync("claims-adjusting"))!;
        (now.Policy.Version, now.Policy.OfferTimeout.TotalSeconds, now.Draft).ShouldBe((1, 60, null));
    }

    [Fact]
    public async Task A_draft_is_published_with_the_replay_that_whoever_publishes_it_sees()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var policies = world.Get<DistributionPolicies>();
        var (author, second) = (await world.PersonAsync("supervisor"), await world.PersonAsync("senior1"));
        await policies.SaveDraftAsync("claims-adjusting", 0, """{ "offerSeconds": 60 }""", author);
        (await policies.PublishAsync("claims-adjusting", 1, withoutReplay: false, second))
            .ShouldBeOfType<PolicyResult.Invalid>()
            .Errors[0]
            .Path.ShouldBe("$.withoutReplay");

        async Task ReplayAsync(string document)
        {
            var policy = policies.Check(document, 0).Policy!;
            var report = await world.Get<Replay>().RunAsync("claims-adjusting", policy, NodaTime.Duration.FromDays(7));
            await policies.KeepReplayAsync("claims-adjusting", policy, 7, report);
        }

        await ReplayAsync("""{ "offerSeconds": 90 }""");
        (await policies.FindAsync("claims-adjusting"))!.Draft!.Replay.ShouldBeNull("it is of another policy");
        await ReplayAsync("""{ "offerSeconds": 60 }""");
        (await policies.FindAsync("claims-adjusting"))!.Draft!.Replay!.Days.ShouldBe(7);
        await policies.SaveDraftAsync("claims-adjusting", 1, """{ "offerSeconds": 61 }""", author);
        (await policies.FindAsync("claims-adjusting"))!.Draft!.Replay.ShouldBeNull("the draft has changed since");
        await ReplayAsync("""{ "offerSeconds": 61 }""");
        (await policies.PublishAsync("claims-adjusting", 2, withoutReplay: false, second)).ShouldBe(new PolicyResult.Done(1));

        var version = (await DistributionVersion.ListAsync(world.Database, "claims-adjusting")).ShouldHaveSingleItem();
        (version.Version, version.Author, version.Publisher, version.Document).ShouldBe((1, "supervisor", "senior1", """{ "offerSeconds": 61 }"""));
    }

    [Fact]
    public async Task A_policy_without_a_calendar_counts_the_hours_of_the_office()
    {
        await using var world = await World.CreateAsync();
        var policies = world.Get<DistributionPolicies>();
        (await policies.FindAsync("claims-adjusting"))!.Policy.Calendar.ShouldBeNull("there is no calendar");
        await world.LoadShippedAsync();
        (await policies.FindAsync("claims-adjusting"))!.Policy.Calendar.ShouldBe("claims-office");
        policies.Check("""{ "calendar": "24x7" }""", 0).Policy!.Calendar.ShouldBe("24x7");
    }

    private static string[] Parse(string json) =>
        DistributionPolicyJson.TryParse(json, 1, name => name == "24x7", out _, out var errors) ? [] : [.. errors.Select(error => error.Path)];
}
