using Dapper;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Tests.Distribution;

/// <summary>Any number of hosts decide at once: one offer a task, one task a slot of capacity.</summary>
public sealed class ExactlyOnceTests
{
    private const string Doubles = """
        select count(*)::int from (select task_id from task_offer where state = 'Open' group by task_id having count(*) > 1
            union all select person_id from task_offer where state = 'Open' group by person_id having count(*) > 1) d
        """;

    [Fact]
    public async Task Two_hosts_give_each_task_once_and_nobody_more_than_they_can_take()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await using var other = await world.AnotherHostAsync();
        var policies = world.Get<DistributionPolicies>();
        // Both teams have the same two adjusters: each of them can be offered one task, whichever team's it is.
        await world.PublishAsync("pay", ("a", Tests.Tasks.Step.Of("Pay", ("team", "String", "claims-payments"))));
        await policies.SetModeAsync("claims-payments", "offer", await world.PersonAsync("supervisor"));
        await push.AvailableAsync("adjuster1", "adjuster2");
        for (var i = 0; i < 12; i++)
            await world.StartAsync(i % 2 == 0 ? "one" : "pay", $"REF-{i}");

        var accepted = 0;
        for (var round = 0; round < 40 && accepted < 12; round++)
        {
            await Task.WhenAll(
                Task.Run(() => world.Get<DistributeWork>().RunAsync(all: true)),
                Task.Run(() => other.Get<DistributeWork>().RunAsync(all: true))
            );
            (await world.ScalarAsync<int>(Doubles)).ShouldBe(0);
            foreach (var (person, offer) in await push.OpenOffersAsync())
            {
                var who = await world.PersonAsync(await world.ScalarAsync<string>("select user_name from person where id = @person", new { person }));
                var answers = await Task.WhenAll(
                    Task.Run(() => world.Get<AnswerOffer>().AcceptAsync(offer, "a", who)),
                    Task.Run(() => other.Get<AnswerOffer>().AcceptAsync(offer, "b", who))
                );
                answers.ShouldAllBe(answer => answer is AnswerResult.Done);
                accepted++;
                await FinishAsync(world, offer);
            }
        }

        accepted.ShouldBe(12);
        (await world.ScalarAsync<int>("select count(*)::int from task_offer where state = 'Accepted'")).ShouldBe(12);
        (await world.ScalarAsync<int>("select count(*)::int from event where action = 'task.offered'")).ShouldBe(12);
        (await world.ScalarAsync<int>("select count(*)::int from event where action = 'task.claimed'")).ShouldBe(12);
    }

    [Fact]
    public async Task Tasks_of_one_case_that_are_offered_together_share_its_history()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1", "adjuster2");
        await world.StartAsync("one");
        await using (var connection = await world.Database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(
                """
                insert into task (id, instance_id, bookmark_id, definition_id, definition_version_id, activity_id, title, outcomes, team, priority, state,
                        created_at, changed_by, changed_at)
                    select gen_random_uuid(), instance_id, gen_random_uuid(), definition_id, definition_version_id, activity_id, title, outcomes, team,
                        priority, state, created_at, changed_by, changed_at from task
                """
            );
        }

        (await push.RunAsync(all: true)).ShouldBe(2);
        (await world.ScalarAsync<int>("select count(distinct sequence)::int from event where action = 'task.offered'")).ShouldBe(2);
        (
            await world.ScalarAsync<bool>(
                "select i.event_head = e.leaf from workflow_instance i join event e on e.chain_id = i.id and e.sequence = i.event_sequence"
            )
        ).ShouldBeTrue();
        (await world.ScalarAsync<int>("select count(*)::int from task_offer o join distribution_decision d on d.id = o.decision_id")).ShouldBe(2);
    }

    [Fact]
    public async Task A_host_that_dies_after_an_offer_leaves_the_request_and_nothing_is_offered_twice()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1", "adjuster2");
        await world.StartAsync("one");
        await push.RunAsync();
        var before = (await push.OpenOffersAsync()).ShouldHaveSingleItem();

        // What such a host leaves: the offer is committed, its request is not deleted.
        await using (var connection = await world.Database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(
                """
                insert into distribution_request (team, task_id, trigger, at) select 'claims-adjusting', task_id, 'task.opened', offered_at from task_offer;
                update distribution_team set turn = 0; update presence set given_at = null
                """
            );
        }

        (await push.RunAsync()).ShouldBe(0);
        (await push.OpenOffersAsync()).ShouldHaveSingleItem().ShouldBe(before);
        (await world.ScalarAsync<int>("select count(*)::int from distribution_request")).ShouldBe(0);
    }

    [Fact]
    public async Task A_team_that_another_host_is_deciding_about_is_left_to_it_and_its_requests_stay()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1");
        await push.RunAsync();
        await world.StartAsync("one");
        await using (var connection = await world.Database.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await connection.ExecuteAsync("select turn from distribution_team where team = 'claims-adjusting' for update");
            (await push.RunAsync()).ShouldBe(0);
            (await world.ScalarAsync<int>("select count(*)::int from distribution_request")).ShouldBe(1);
        }

        (await push.RunAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task A_case_that_is_locked_is_tried_again()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        await push.AvailableAsync("adjuster1");
        var @case = await world.StartAsync("one");
        await using (var connection = await world.Database.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await connection.ExecuteAsync("select id from workflow_instance where id = @case for no key update", new { @case });
            (await push.RunAsync()).ShouldBe(0);
        }

        (await push.RunAsync()).ShouldBe(1);
    }

    /// <summary>Completes the task of an offer, which frees its owner.</summary>
    private static async Task FinishAsync(World world, Guid offer)
    {
        var (id, revision, owner) = await world.RowAsync<(Guid, int, string)>(
            """
            select t.id, t.revision, p.user_name from task_offer o join task t on t.id = o.task_id join person p on p.id = t.owner_id where o.id = @offer
            """,
            new { offer }
        );
        await world.DoneAsync(
            Workflows.Tasks.Verbs.CompleteTask.RunAsync(world.Tasks, new TaskRequest(id, revision, $"done-{id:N}"), null, [], await world.PersonAsync(owner))
        );
    }
}

internal static class Rows
{
    public static async Task<T> RowAsync<T>(this World world, string sql, object parameters)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        return await connection.QuerySingleAsync<T>(sql, parameters);
    }
}
