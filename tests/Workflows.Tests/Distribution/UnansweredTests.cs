using Dapper;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Tests.Distribution;

/// <summary>Offers of a policy that assigns the task when nobody answers in time.</summary>
public sealed class UnansweredTests
{
    private const string Assigns = """{ "offerSeconds": 60, "unanswered": "assign" }""";

    [Fact]
    public async Task The_task_is_theirs_when_the_time_runs_out_and_it_does_not_count_as_missed()
    {
        await using var world = await World.CreateAsync();
        var (push, @case, person, offer) = await OfferedAsync(world);
        (await Offer.OpenOfAsync(world.Database, person.Id, world.Clock.Now())).ShouldHaveSingleItem().Assigns.ShouldBeTrue("they are told");
        await push.RunAsync();
        (await world.OpenTaskAsync(@case)).State.ShouldBe(TaskState.Ready, "there is still time");

        world.Clock.Advance(Duration.FromMinutes(1));
        await push.RunAsync();
        await push.RunAsync();

        var task = await world.OpenTaskAsync(@case);
        (task.State, task.OwnerId).ShouldBe((TaskState.Reserved, person.Id));
        (await world.ActionsAsync(@case)).ShouldBe(["case.started", "task.opened", "task.offered", "task.assigned"], ignoreOrder: true);
        (await world.ScalarAsync<string>("select payload ->> 'reason' from event where action = 'task.assigned' and payload ->> 'offer' is not null")).ShouldBe(
            "The offer wasn't answered in time."
        );
        (await world.ScalarAsync<string>("select body from notification where person_id = @Id and kind = 'task.assigned'", new { person.Id })).ShouldBe(
            "You didn't answer its offer in time."
        );
        (await world.ScalarAsync<int>("select missed_offers from presence where person_id = @Id", new { person.Id })).ShouldBe(0);
        (await push.Answers.AcceptAsync(offer, "late", person)).ShouldBeOfType<AnswerResult.Done>("it is what they asked for").Task.OwnerId.ShouldBe(person.Id);
        (await push.Answers.DeclineAsync(offer, "No time", person))
            .ShouldBeOfType<AnswerResult.Over>()
            .Reason.ShouldBe("It was assigned to you when the time to answer ran out.");
        var figures = await DistributionQueries.FiguresAsync(world.Database, PushWorld.Team, world.Clock.Now() - Duration.FromDays(1));
        (figures.Accepted, figures.SecondsToAccept).ShouldBe((1, null), "nobody answered");
    }

    [Theory]
    [InlineData("update presence set state = 'Away'", "isn't available any more.")]
    [InlineData("update task set gave_up = array(select id from person where user_name = 'adjuster1') where state = 'Ready'", "can't take the task any more.")]
    [InlineData("insert into person_capacity (person_id, live, deferred) select id, 0, 50 from person where user_name = 'adjuster1'", "is at capacity.")]
    public async Task Who_cannot_have_it_any_more_does_not_get_it_and_the_offer_says_why(string change, string reason)
    {
        await using var world = await World.CreateAsync();
        var (push, @case, person, offer) = await OfferedAsync(world);
        world.Clock.Advance(Duration.FromMinutes(2));
        await using (var connection = await world.Database.OpenConnectionAsync())
            await connection.ExecuteAsync(change);

        await push.RunAsync();

        (await world.OpenTaskAsync(@case)).State.ShouldBe(TaskState.Ready);
        (await world.ScalarAsync<string>("select state || ': ' || reason from task_offer where id = @offer", new { offer })).ShouldBe(
            $"Withdrawn: {person.DisplayName} {reason}"
        );
        (await world.ActionsAsync(@case)).ShouldContain("task.offer-withdrawn");
        (await world.ScalarAsync<int>("select missed_offers from presence where person_id = @Id", new { person.Id })).ShouldBe(0);
    }

    [Fact]
    public async Task A_task_pushed_by_hand_is_not_assigned_without_an_answer()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.PublishAsync(Assigns);
        var task = (await world.OpenTaskAsync(await world.StartAsync("one"))).Id;
        await world.Get<PushTask>().RunAsync(task, "adjuster1", await world.PersonAsync("supervisor"));
        world.Clock.Advance(Duration.FromMinutes(11));
        await push.RunAsync();
        (await world.ScalarAsync<string>("select state from task_offer")).ShouldBe("Expired");
    }

    [Fact]
    public async Task Two_hosts_and_an_answer_at_the_last_moment_give_the_task_once()
    {
        await using var world = await World.CreateAsync();
        await using var other = await world.AnotherHostAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.PublishAsync(Assigns);
        await push.AvailableAsync("adjuster1");
        await world.ScalarAsync<int>(
            "insert into person_capacity (person_id, live, deferred) select id, 0, 9000 from person where user_name = 'adjuster1' returning deferred"
        );
        for (var round = 1; round <= 10; round++)
        {
            await world.StartAsync("one", $"REF-{round}");
            await push.RunAsync();
            var (person, offer) = await push.OnlyOfferAsync();
            world.Clock.Advance(Duration.FromMinutes(1));
            var answers = round % 2 == 0;

            var answer = Task.Run(() =>
                answers ? other.Get<AnswerOffer>().AcceptAsync(offer, "last", person) : other.Get<AnswerOffer>().DeclineAsync(offer, "Busy", person)
            );
            await Task.WhenAll(answer, Task.Run(() => world.Get<EndOffers>().SweepAsync()), Task.Run(() => other.Get<EndOffers>().SweepAsync()));
            await world.Get<EndOffers>().SweepAsync();

            var (state, owner, gave) = await world.RowAsync<(string, Guid?, int)>(
                """
                select t.state, t.owner_id, (select count(*)::int from event e where e.chain_id = t.instance_id
                    and e.action in ('task.claimed', 'task.assigned'))
                from task_offer o join task t on t.id = o.task_id where o.id = @offer
                """,
                new { offer }
            );
            if (await answer is AnswerResult.Done && !answers)
                (state, owner, gave).ShouldBe(("Ready", null, 0), "declined in time");
            else
                (state, owner, gave).ShouldBe(("Reserved", person.Id, 1));
        }
    }

    private static async Task<(PushWorld Push, Guid Case, Person Person, Guid Offer)> OfferedAsync(World world)
    {
        var push = await PushWorld.AtAsync(world, "offer");
        await push.PublishAsync(Assigns);
        await push.AvailableAsync("adjuster1");
        var @case = await world.StartAsync("one");
        await push.RunAsync();
        var (person, offer) = await push.OnlyOfferAsync();
        return (push, @case, person, offer);
    }
}
