using Dapper;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Distribution;

/// <summary>From a trigger to an offer and its end, on a real database.</summary>
public sealed class PushTests
{
    [Fact]
    public async Task A_task_that_opens_is_offered_to_someone_who_is_available_and_they_claim_it_by_accepting()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster2");
        var @case = await world.StartAsync("one");
        (await push.RunAsync()).ShouldBe(1);
        var (person, offer) = await push.OnlyOfferAsync();
        person.UserName.ShouldBe("adjuster2");
        var done = (await push.Answers.AcceptAsync(offer, "op", person)).ShouldBeOfType<AnswerResult.Done>();
        done.Task.OwnerId.ShouldBe(person.Id);
        (await push.Answers.AcceptAsync(offer, "op", person)).ShouldBeOfType<AnswerResult.Done>().Task.ShouldBe(done.Task);
        (await world.OpenTaskAsync(@case)).OwnerId.ShouldBe(person.Id);
        (await world.ActionsAsync(@case)).ShouldBe(["case.started", "task.opened", "task.offered", "task.claimed"], ignoreOrder: true);
        (await push.RunAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Whoever_accepts_and_has_room_for_more_is_offered_the_next_task()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await world.ScalarAsync<int>(
            """
            insert into person_capacity (person_id, live, deferred) select id, 0, 1000 from person where user_name = 'adjuster1'
            on conflict (person_id) do update set deferred = 1000 returning deferred
            """
        );
        await push.AvailableAsync("adjuster1");
        await world.StartAsync("one", "REF-1");
        await world.StartAsync("one", "REF-2");
        (await push.RunAsync()).ShouldBe(1, "one offer at a time");
        var (person, offer) = await push.OnlyOfferAsync();
        (await push.Answers.AcceptAsync(offer, "op", person)).ShouldBeOfType<AnswerResult.Done>();
        (await push.RunAsync()).ShouldBe(1);
        (await push.OnlyOfferAsync()).Item1.Id.ShouldBe(person.Id);
    }

    [Fact]
    public async Task Who_declines_says_why_and_the_next_best_is_offered_it()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1", "adjuster2");
        await world.StartAsync("one");
        await push.RunAsync();
        var (first, offer) = await push.OnlyOfferAsync();
        (await push.Answers.DeclineAsync(offer, " ", first)).ShouldBeOfType<AnswerResult.Invalid>().Field.ShouldBe("reason");
        (await push.Answers.DeclineAsync(offer, "I know the customer", first)).ShouldBeOfType<AnswerResult.Done>();
        await push.RunAsync();
        var (second, next) = await push.OnlyOfferAsync();
        second.Id.ShouldNotBe(first.Id);
        await push.Answers.DeclineAsync(next, "No time", second);
        await push.RunAsync();
        (await push.OpenOffersAsync()).ShouldBeEmpty();
        (await push.NobodyAsync()).ShouldBe("No one else in the team is on shift");
    }

    [Fact]
    public async Task An_offer_that_nobody_answers_goes_to_the_next_best_and_two_in_a_row_make_someone_away()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1");
        await world.StartAsync("one", "REF-1");
        await push.RunAsync();
        var (person, offer) = await push.OnlyOfferAsync();
        world.Clock.Advance(Duration.FromMinutes(3));
        await push.RunAsync();
        var over = (await push.Answers.AcceptAsync(offer, "late", person)).ShouldBeOfType<AnswerResult.Over>();
        (over.State, over.IsOpen).ShouldBe((OfferState.Expired, true));
        await world.StartAsync("one", "REF-2");
        await push.RunAsync();
        (await push.OpenOffersAsync()).Count.ShouldBe(1);
        world.Clock.Advance(Duration.FromMinutes(3));
        await push.RunAsync();
        (await world.ScalarAsync<string>("select state from presence where person_id = @Id", new { person.Id })).ShouldBe("Away");
        (await push.OpenOffersAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_answer_just_after_the_time_still_counts_while_the_offer_stands()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1");
        await world.StartAsync("one");
        await push.RunAsync();
        var (person, offer) = await push.OnlyOfferAsync();
        world.Clock.Advance(Duration.FromMinutes(3));
        (await push.Answers.AcceptAsync(offer, "op", person)).ShouldBeOfType<AnswerResult.Done>();
    }

    [Fact]
    public async Task Someone_elses_offer_is_not_found()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1");
        await world.StartAsync("one");
        await push.RunAsync();
        var (_, offer) = await push.OnlyOfferAsync();
        var other = await world.PersonAsync("adjuster2");
        (await push.Answers.AcceptAsync(offer, "op", other)).ShouldBeOfType<AnswerResult.NotFound>();
        (await push.Answers.DeclineAsync(offer, "No", other)).ShouldBeOfType<AnswerResult.NotFound>();
    }

    [Fact]
    public async Task Assign_gives_the_task_at_once()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "assign");
        await push.AvailableAsync("adjuster1");
        var first = await world.StartAsync("one", "REF-1");
        var second = await world.StartAsync("one", "REF-2");
        await push.RunAsync();
        var owners = new[] { await world.OpenTaskAsync(first), await world.OpenTaskAsync(second) }.Select(task => task.OwnerId).ToList();
        owners.Count(owner => owner is not null).ShouldBe(1, "their capacity is one task of the usual weight");
        (await world.ActionsAsync(first)).Concat(await world.ActionsAsync(second)).Count(action => action == "task.assigned").ShouldBe(1);
        (
            await world.ScalarAsync<int>(
                "select count(*)::int from task t join distribution_decision d on d.task_id = t.id and d.person_id = t.owner_id where t.state = 'Reserved'"
            )
        ).ShouldBe(1, "reserved, with the decision kept");
    }

    [Fact]
    public async Task Nobody_on_shift_is_told_with_the_time_of_the_next_shift()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        var person = await world.PersonAsync("adjuster1");
        var next = world.Clock.Now() + Duration.FromHours(12);
        await using (var connection = await world.Database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(
                "insert into shift values (gen_random_uuid(), @Id, @From, @Until, 'Work', 'test', @From)",
                new
                {
                    person.Id,
                    From = next.ToDateTimeUtc(),
                    Until = (next + Duration.FromHours(8)).ToDateTimeUtc(),
                }
            );
        }

        await world.StartAsync("one");
        await push.RunAsync();
        (await push.NobodyAsync()).ShouldBe("No one in the team is on shift");
        (await world.ScalarAsync<string>("select document -> 'nobody' ->> 'until' from distribution_decision")).ShouldBe(next.ToString());
        await push.RunAsync(all: true);
        (await world.ScalarAsync<int>("select count(*)::int from distribution_decision")).ShouldBe(1, "the same reason is not told twice");
    }

    [Theory]
    [InlineData("update person set active = false where user_name = 'adjuster1'", "was deactivated.")]
    [InlineData("delete from team_member where person_id = (select id from person where user_name = 'adjuster1')", "can't take the task any more.")]
    [InlineData("update presence set state = 'Away'", "isn't available any more.")]
    [InlineData("update team set distribution = 'pull' where key = 'claims-adjusting'", "The team doesn't offer its work any more.")]
    public async Task An_offer_is_withdrawn_when_its_ground_is_gone(string change, string reason)
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1");
        await world.StartAsync("one");
        await push.RunAsync();
        await push.OnlyOfferAsync();
        await using (var connection = await world.Database.OpenConnectionAsync())
            await connection.ExecuteAsync(change);
        await push.RunAsync();
        (await push.OpenOffersAsync()).ShouldBeEmpty();
        var told = await world.ScalarAsync<string>("select reason from task_offer where state = 'Withdrawn'");
        told.ShouldEndWith(reason);
    }

    [Fact]
    public async Task A_task_that_someone_else_claims_is_offered_no_more()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1");
        var @case = await world.StartAsync("one");
        await push.RunAsync();
        var (person, offer) = await push.OnlyOfferAsync();
        var desk = await Desk.AtAsync(world, @case);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("adjuster2")));
        (await Offer.OpenOfAsync(world.Database, person.Id, world.Clock.Now())).ShouldBeEmpty("the card is gone before the offer is");
        (await push.Answers.AcceptAsync(offer, "op", person)).ShouldBeOfType<AnswerResult.Refused>().Why.ShouldBeOfType<TaskResult.WrongState>();
        await push.RunAsync();
        (await push.Answers.AcceptAsync(offer, "op2", person)).ShouldBeOfType<AnswerResult.Over>().Reason.ShouldEndWith(" has the task.");
    }

    [Fact]
    public async Task Four_eyes_hold_for_push_as_for_pull()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("two", ("a", Step.Of("Prepare")), ("b", Step.Of("Approve", Step.Excluding("a"))));
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1");
        var @case = await world.StartAsync("two");
        await push.RunAsync();
        var (person, offer) = await push.OnlyOfferAsync();
        await push.Answers.AcceptAsync(offer, "op", person);
        var desk = await Desk.AtAsync(world, @case);
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], person));
        await push.RunAsync(all: true);
        (await push.OpenOffersAsync()).ShouldBeEmpty();
        (await push.NobodyAsync()).ShouldBe("No one in the team is on shift");
        await push.AvailableAsync("adjuster2");
        await push.RunAsync(all: true);
        (await push.OnlyOfferAsync()).Person.UserName.ShouldBe("adjuster2");
    }

    [Fact]
    public async Task A_released_task_is_offered_again_and_a_shadow_policy_only_records()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.PublishAsync("""{ "shadow": true }""");
        await push.AvailableAsync("adjuster1");
        var @case = await world.StartAsync("one");
        await push.RunAsync();
        await push.RunAsync(all: true);
        (await push.OpenOffersAsync()).ShouldBeEmpty();
        (await world.ScalarAsync<int>("select count(*)::int from distribution_decision where shadow and person_id is not null")).ShouldBe(1);
        await push.PublishAsync("""{ "shadow": false }""");
        await push.RunAsync();
        var (person, offer) = await push.OnlyOfferAsync();
        await push.Answers.AcceptAsync(offer, "op", person);
        await push.AvailableAsync("adjuster2");
        var desk = await Desk.AtAsync(world, @case);
        await desk.DoneAsync(ReleaseTask.RunAsync(world.Tasks, desk.Next, "Too much", person));
        await push.RunAsync();
        (await push.OpenOffersAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_new_policy_withdraws_the_offers_of_the_old_one()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1");
        await world.StartAsync("one");
        await push.RunAsync();
        var (_, before) = await push.OnlyOfferAsync();
        await push.PublishAsync("""{ "offerSeconds": 30 }""");
        await push.RunAsync();
        (await push.OnlyOfferAsync()).Offer.ShouldNotBe(before);
        (await world.ScalarAsync<string>("select reason from task_offer where id = @before", new { before })).ShouldBe("The team has a new policy.");
    }

    [Fact]
    public async Task A_supervisor_pushes_by_hand_whatever_the_mode_is()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "pull");
        var task = (await world.OpenTaskAsync(await world.StartAsync("one"))).Id;
        var supervisor = await world.PersonAsync("supervisor");
        var pushing = world.Get<PushTask>();
        (await pushing.RunAsync(task, "adjuster1", await world.PersonAsync("adjuster2"))).ShouldBeOfType<TaskResult.NotFound>();
        (await pushing.RunAsync(task, "closer1", supervisor)).ShouldBeOfType<TaskResult.Forbidden>();
        await push.AvailableAsync("adjuster1");
        await world.ScalarAsync<int>("update presence set state = 'Away' returning 1");
        (await pushing.RunAsync(task, "adjuster1", supervisor)).ShouldBeOfType<TaskResult.Done>();
        await push.RunAsync();
        var (person, offer) = await push.OnlyOfferAsync();
        (await push.Answers.AcceptAsync(offer, "op", person)).ShouldBeOfType<AnswerResult.Done>().Task.OwnerId.ShouldBe(person.Id);
    }

    [Fact]
    public async Task Suggested_work_comes_with_its_reasons_and_is_not_offered()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "suggest");
        await push.AvailableAsync("adjuster1");
        await world.StartAsync("one");
        await push.RunAsync();
        (await push.OpenOffersAsync()).ShouldBeEmpty();
        var suggestion = (await world.Get<SuggestWork>().ForAsync(await world.PersonAsync("adjuster1"))).ShouldHaveSingleItem();
        (suggestion.Title, suggestion.Case).ShouldBe(("Look", ("REF-1", "Marta Novak")));
        suggestion.Reasons.ShouldNotBeEmpty();
        (await world.Get<SuggestWork>().ForAsync(await world.PersonAsync("closer1"))).ShouldBeEmpty();
    }

    [Fact]
    public async Task Old_decisions_are_deleted()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await world.StartAsync("one");
        await push.RunAsync();
        (await world.Get<DistributeWork>().PurgeAsync()).ShouldBe(0);
        world.Clock.Advance(Duration.FromDays(91));
        (await world.Get<DistributeWork>().PurgeAsync()).ShouldBe(1);
    }
}

/// <summary>A team that pushes the work of the journey <c>one</c>.</summary>
internal sealed class PushWorld(World world)
{
    public const string Team = "claims-adjusting";

    public AnswerOffer Answers => world.Get<AnswerOffer>();

    public static async Task<PushWorld> AtAsync(World world, string mode)
    {
        await world.LoadShippedAsync();
        await world.PublishAsync("one", ("a", Step.Of("Look")));
        (await world.Get<DistributionPolicies>().SetModeAsync(Team, mode, await world.PersonAsync("supervisor"))).ShouldBeOfType<PolicyResult.Done>();
        return new(world);
    }

    public async Task AvailableAsync(params string[] people)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into presence (person_id, state, cause, changed_by, since) select id, 'Available', 'Person', user_name, @now from person
                where user_name = any(@people)
            on conflict (person_id) do update set state = 'Available', missed_offers = 0
            """,
            new { people, now = world.Clock.Now().ToDateTimeUtc() }
        );
        await connection.ExecuteAsync(
            "insert into distribution_request (team, trigger, at) values (@Team, 'available', @now)",
            new { Team, now = world.Clock.Now().ToDateTimeUtc() }
        );
    }

    public Task<int> RunAsync(bool all = false) => world.Get<DistributeWork>().RunAsync(all);

    public async Task<IReadOnlyList<(Guid Person, Guid Offer)>> OpenOffersAsync()
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        return [.. await connection.QueryAsync<(Guid, Guid)>("select person_id, id from task_offer where state = 'Open'")];
    }

    public async Task<(Person Person, Guid Offer)> OnlyOfferAsync()
    {
        var (id, offer) = (await OpenOffersAsync()).ShouldHaveSingleItem();
        return (await world.PersonAsync(await world.ScalarAsync<string>("select user_name from person where id = @id", new { id })), offer);
    }

    public Task<string> NobodyAsync() =>
        world.ScalarAsync<string>(
            "select document -> 'nobody' ->> 'text' from distribution_decision where person_id is null order by at desc, id desc limit 1"
        );

    public async Task PublishAsync(string document)
    {
        var policies = world.Get<DistributionPolicies>();
        var draft = (await policies.SaveDraftAsync(Team, 0, document, await world.PersonAsync("supervisor"))).ShouldBeOfType<PolicyResult.Done>();
        (await policies.PublishAsync(Team, draft.Revision, withoutReplay: true, await world.PersonAsync("senior1"))).ShouldBeOfType<PolicyResult.Done>();
    }
}
