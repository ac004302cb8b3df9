using Dapper;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.ServiceLevels;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Distribution;

/// <summary>Who is offered what, and what happens when no one can be.</summary>
public sealed class PushRuleTests
{
    [Fact]
    public async Task When_everyone_with_the_preferred_skill_has_declined_the_next_best_is_offered_it_and_may_take_it()
    {
        await using var world = await World.CreateAsync();
        var push = await PreferringAsync(world);
        await push.AvailableAsync("adjuster1", "adjuster2", "senior1");
        var @case = await world.StartAsync("prefers");
        for (var i = 0; i < 2; i++)
        {
            await push.RunAsync();
            var (skilled, declined) = await push.OnlyOfferAsync();
            skilled.UserName.ShouldBeOneOf("adjuster2", "senior1");
            await push.Answers.DeclineAsync(declined, "No time", skilled);
        }

        await push.RunAsync();
        var (next, offer) = await push.OnlyOfferAsync();
        next.UserName.ShouldBe("adjuster1");
        (await push.Answers.AcceptAsync(offer, "op", next)).ShouldBeOfType<AnswerResult.Done>();
        (await world.OpenTaskAsync(@case)).OwnerId.ShouldBe(next.Id);
    }

    [Fact]
    public async Task Who_let_an_offer_expire_does_not_keep_others_from_the_task_any_more()
    {
        await using var world = await World.CreateAsync();
        var push = await PreferringAsync(world);
        await using (var connection = await world.Database.OpenConnectionAsync())
            await connection.ExecuteAsync("update person set active = false where user_name = 'senior1'");
        await push.AvailableAsync("adjuster1", "adjuster2");
        await world.StartAsync("prefers");
        await push.RunAsync();
        (await push.OnlyOfferAsync()).Person.UserName.ShouldBe("adjuster2");
        world.Clock.Advance(Duration.FromMinutes(3));
        await push.RunAsync();
        (await push.OnlyOfferAsync()).Person.UserName.ShouldBe("adjuster1");
        await push.RunAsync(all: true);
        (await push.OnlyOfferAsync()).Person.UserName.ShouldBe("adjuster1", "the offer stands");
    }

    [Fact]
    public async Task A_preferred_skill_that_is_relaxed_is_followed_by_an_offer()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await LadderActionTests.SaveAsync(world, """{ "percent": 90, "actions": [{ "action": "relaxSkills" }] }""");
        await world.PublishAsync(
            "relaxes",
            ("a", Step.Of("Look", ("slaPolicy", "String", "watch"), ("preferredSkills", "List<String>", new[] { "motor-claims" })))
        );
        await push.AvailableAsync("adjuster1");
        await world.StartAsync("relaxes");
        await push.RunAsync();
        (await push.OpenOffersAsync()).ShouldBeEmpty();
        (await world.Get<UnassignableWork>().OfTeamAsync(PushWorld.Team))
            .ShouldHaveSingleItem()
            .Reason.Text.ShouldBe("No one with the preferred skills (motor-claims) is on shift");
        world.Clock.Advance(Duration.FromHours(9));
        await world.Get<Escalate>().RunAsync();
        await push.RunAsync();
        (await push.OnlyOfferAsync()).Person.UserName.ShouldBe("adjuster1");
    }

    [Fact]
    public async Task Live_work_is_offered_until_its_share_of_the_shift_is_spent()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("call", ("a", Step.Of("Call back", ("workKind", "String", "live"), ("effort", "Int32", 60))));
        var push = await PushWorld.AtAsync(world, "offer");
        await push.PublishAsync("""{ "deferredShare": 75 }""");
        await push.AvailableAsync("adjuster1");
        await using (var connection = await world.Database.OpenConnectionAsync())
            await connection.ExecuteAsync(
                """
                insert into shift select gen_random_uuid(), id, @now, @now + interval '8 hours', 'Work', 'test', @now from person
                    where user_name = 'adjuster1'
                """,
                new { now = world.Clock.Now().ToDateTimeUtc() }
            );

        // Two of eight hours are for live work: two calls of an hour.
        for (var call = 1; call <= 2; call++)
        {
            var @case = await world.StartAsync("call", $"CALL-{call}");
            await push.RunAsync();
            var (person, offer) = await push.OnlyOfferAsync();
            await push.Answers.AcceptAsync(offer, "op", person);
            var desk = await Desk.AtAsync(world, @case);
            world.Clock.Advance(Duration.FromHours(1));
            await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], person));
        }

        await world.StartAsync("call", "CALL-3");
        await push.RunAsync();
        (await push.OpenOffersAsync()).ShouldBeEmpty();
        (await push.NobodyAsync()).ShouldBe("Everyone in the team has spent the time for live work of their shift");
        await world.StartAsync("one");
        await push.RunAsync();
        (await world.ScalarAsync<string>("select work_kind from task_offer where state = 'Open'")).ShouldBe("deferred", "the rest of the shift is for that");
    }

    [Fact]
    public async Task Without_a_share_live_work_is_offered_at_any_time()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("call", ("a", Step.Of("Call back", ("workKind", "String", "live"))));
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1");
        await world.StartAsync("call");
        await push.RunAsync();
        (await world.ScalarAsync<string>("select work_kind from task_offer where state = 'Open'")).ShouldBe("live");
    }

    [Fact]
    public async Task Work_that_no_one_can_be_given_is_seen_at_once_whatever_asked_for_a_decision()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "pull");
        for (var i = 0; i < 5; i++)
            await world.StartAsync("one", $"REF-{i}");
        var unassignable = world.Get<UnassignableWork>();
        (await unassignable.OfTeamAsync(PushWorld.Team)).ShouldBeEmpty("the team pulls its work");
        (
            await world.Get<DistributionPolicies>().SetModeAsync(PushWorld.Team, "offer", await world.PersonAsync("supervisor"))
        ).ShouldBeOfType<PolicyResult.Done>();
        await push.RunAsync();
        var found = await unassignable.OfTeamAsync(PushWorld.Team);
        found.Count.ShouldBe(5);
        found.Select(one => one.Reason.Text).Distinct().ShouldBe(["No one in the team is on shift"]);
        (await unassignable.OfTaskAsync(PushWorld.Team, found[0].TaskId))!.Code.ShouldBe("off-shift");

        await push.AvailableAsync("adjuster1");
        (await unassignable.OfTeamAsync(PushWorld.Team)).ShouldBeEmpty("the reason doesn't outlive its cause");
    }

    [Fact]
    public async Task A_policy_that_cannot_be_read_stops_pushing_and_says_so()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.PublishAsync("""{ "offerSeconds": 60 }""");
        await world.ScalarAsync<int>(
            """update setting_document set document = '{ "calendar": "gone" }' where kind = 'distribution' and is_latest returning version"""
        );
        await push.AvailableAsync("adjuster1");
        await world.StartAsync("one");
        (await push.RunAsync()).ShouldBe(0);
        (await push.OpenOffersAsync()).ShouldBeEmpty();
        (await world.Get<DistributionPolicies>().FindAsync(PushWorld.Team))!.Problem.ShouldBe(
            "Version 1 of the policy can't be read: $.calendar names no calendar: 'gone'."
        );
        (await world.Get<UnassignableWork>().OfTeamAsync(PushWorld.Team)).ShouldHaveSingleItem().Reason.Code.ShouldBe("policy");
    }

    [Fact]
    public async Task A_task_that_is_withdrawn_from_its_owner_frees_them_for_another()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "assign");
        await push.AvailableAsync("adjuster1");
        var first = await world.StartAsync("one", "REF-1");
        await push.RunAsync();
        await world.StartAsync("one", "REF-2");
        await push.RunAsync();
        (await world.ScalarAsync<int>("select count(*)::int from task where state = 'Reserved'")).ShouldBe(1);
        (await CancelCase.RunAsync(world.Runtime, first, "mistake", await world.PersonAsync("supervisor"))).ShouldBe(CancelCaseResult.Cancelled);
        (await push.RunAsync()).ShouldBe(1);
        (await world.ScalarAsync<int>("select count(*)::int from task where state = 'Reserved'")).ShouldBe(1);
    }

    [Fact]
    public async Task A_task_that_the_ladder_takes_from_someone_frees_them_for_another()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await LadderActionTests.SaveAsync(world, """{ "percent": 50, "actions": [{ "action": "reassign", "to": "lead" }] }""");
        await world.PublishAsync("late", ("a", Step.Of("Look", ("slaPolicy", "String", "watch"))));
        var desk = await Desk.AtAsync(world, await world.StartAsync("late"));
        var person = await world.PersonAsync("adjuster1");
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, person));
        await push.RunAsync();
        world.Clock.Advance(Duration.FromHours(5));
        await world.Get<Escalate>().RunAsync();
        (await world.ScalarAsync<string>("select trigger from distribution_request where person_id = @Id", new { person.Id })).ShouldBe("capacity-freed");
    }

    [Fact]
    public async Task A_host_whose_clock_is_ahead_ends_no_offer_early()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await using var ahead = await world.AnotherHostAsync(Duration.FromMinutes(5));
        await push.AvailableAsync("adjuster1");
        await world.StartAsync("one");
        await push.RunAsync();
        var (_, offer) = await push.OnlyOfferAsync();
        await ahead.Get<EndOffers>().SweepAsync();
        (await push.OnlyOfferAsync()).Offer.ShouldBe(offer);
        world.Clock.Advance(Duration.FromMinutes(3));
        await ahead.Get<EndOffers>().SweepAsync();
        (await push.OpenOffersAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_certificate_that_is_withdrawn_takes_the_offer_back_says_so_and_tells_the_person()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await world.PublishAsync("skilled", ("a", Step.Of("Look", ("requiredSkills", "List<String>", new[] { "motor-claims" }))));
        await push.AvailableAsync("adjuster2");
        await world.StartAsync("skilled");
        await push.RunAsync();
        var (person, offer) = await push.OnlyOfferAsync();
        await world.ScalarAsync<int>("delete from person_skill where person_id = @Id and skill = 'motor-claims' returning 1", new { person.Id });
        await push.RunAsync();
        (await world.ScalarAsync<string>("select state || ': ' || reason from task_offer where id = @offer", new { offer })).ShouldBe(
            "Withdrawn: Sofia Rossi isn't certified for the task any more."
        );
        (await world.ScalarAsync<string>("select title || '. ' || body from notification where person_id = @Id", new { person.Id })).ShouldBe(
            "Look isn't offered to you any more. You aren't certified for it any more."
        );
    }

    private static async Task<PushWorld> PreferringAsync(World world)
    {
        var push = await PushWorld.AtAsync(world, "offer");
        await world.PublishAsync("prefers", ("a", Step.Of("Look", ("preferredSkills", "List<String>", new[] { "motor-claims" }))));
        return push;
    }
}
