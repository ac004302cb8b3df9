using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Retention;

namespace Orchestration.Workflows.Tests.Retention;

/// <summary>A change of the policy of retention takes two persons.</summary>
public sealed class ProposalTests
{
    private static readonly string TwoYears = PolicyTests.Document(
        """{ "key": "walk", "journey": "walk", "from": "closed", "years": 2, "why": "Two years are the law" }"""
    );

    [Fact]
    public async Task A_proposal_takes_effect_only_when_someone_else_approves_it()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var (me, other) = (await office.World.PersonAsync("compliance"), await office.World.PersonAsync("admin"));
        var id = await ProposeAsync(office);
        (await office.PolicyAsync()).Version.ShouldBe(1);
        (await office.World.ScalarAsync<long>("select count(*) from notification where kind = 'retention.proposed'")).ShouldBeGreaterThan(0);
        (await office.Proposals.ProposeAsync(1, TwoYears, "Again", other)).ShouldBeOfType<ProposalResult.Refused>();
        (await office.Proposals.ApproveAsync(id, me)).ShouldBeOfType<ProposalResult.Refused>().Reason.ShouldContain("Someone else");

        (await office.Proposals.ApproveAsync(id, other)).ShouldBeOfType<ProposalResult.Saved>().Version.ShouldBe(2);
        var policy = await office.PolicyAsync();
        (policy.Policy.Rules[0].Months, policy.ChangedBy).ShouldBe((24, "admin"));
        policy.RemovesFrom.ShouldBe(office.World.Clock.Now() + Duration.FromDays(1));
        (await office.Proposals.ApproveAsync(id, other)).ShouldBeOfType<ProposalResult.NotFound>();
        (await office.World.ActionsAsync(Ids.Named("retention:policy"))).ShouldBe([
            "retention.proposed",
            "retention.changed",
            "retention.proposed",
            "retention.changed",
        ]);
        (
            await office.World.ScalarAsync<string>(
                "select payload ->> 'proposedBy' from event where chain_id = @chain and sequence = 4",
                new { chain = Ids.Named("retention:policy") }
            )
        ).ShouldBe("compliance");
    }

    [Fact]
    public async Task A_proposal_is_withdrawn_by_its_author_and_refused_by_those_who_decide_only()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var (me, other) = (await office.World.PersonAsync("compliance"), await office.World.PersonAsync("admin"));
        (
            await office.Proposals.RefuseAsync(await ProposeAsync(office), "Wrong", await office.World.PersonAsync("supervisor"))
        ).ShouldBeOfType<ProposalResult.Forbidden>();
        var open = (await office.Proposals.FindOpenAsync())!;
        (await office.Proposals.RefuseAsync(open.Id, " ", me)).ShouldBeOfType<ProposalResult.Invalid>();
        (await office.Proposals.RefuseAsync(open.Id, "Typing error", me)).ShouldBeOfType<ProposalResult.Ended>();
        (await office.Proposals.FindOpenAsync()).ShouldBeNull();
        (await office.Proposals.RefuseAsync(await ProposeAsync(office), "Too short", other)).ShouldBeOfType<ProposalResult.Ended>();
        (await office.PolicyAsync()).Version.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_wrong_or_was_made_from_an_older_version_is_refused()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var me = await office.World.PersonAsync("compliance");
        (await office.Proposals.ProposeAsync(1, "{ }", "", me)).ShouldBeOfType<ProposalResult.Invalid>().Errors.Select(e => e.Path).ShouldContain("$.reason");
        (await office.Proposals.ProposeAsync(0, TwoYears, "Why", me)).ShouldBeOfType<ProposalResult.Stale>().Version.ShouldBe(1);
    }

    private static async Task<Guid> ProposeAsync(RetentionWorld office) =>
        (await office.Proposals.ProposeAsync(1, TwoYears, "Counsel says so", await office.World.PersonAsync("compliance")))
            .ShouldBeOfType<ProposalResult.Proposed>()
            .Id;
}
