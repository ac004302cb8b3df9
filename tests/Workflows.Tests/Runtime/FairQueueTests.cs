using System.Text;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.Extensions.Logging;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Testing;
using Orchestration.Workflows.Cases;

namespace Orchestration.Workflows.Tests.Runtime;

/// <summary>Workflows that start many others: nobody waits behind them, and there is a limit.</summary>
public sealed class FairQueueTests
{
    private const string Line =
        """{ "id": "line", "type": "Elsa.WriteLine", "text": { "typeName": "String", "expression": { "type": "Literal", "value": "x" } } }""";

    [Fact]
    public async Task Definitions_take_turns_and_for_one_definition_the_instances_that_asked()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "a", Line);
        await PublishAsync(world, "b", Line);
        await PublishAsync(world, "many-a", Bulk("a", waits: false));
        await PublishAsync(world, "one-b", Dispatch("b", waits: false));
        var first = await StartAsync(world, "many-a", 5);
        world.Clock.Advance(Duration.FromSeconds(1));
        var second = await StartAsync(world, "many-a", 2);
        world.Clock.Advance(Duration.FromSeconds(1));
        var third = await StartAsync(world, "one-b");
        world.Clock.Advance(Duration.FromSeconds(10));
        (await world.ScalarAsync<int>("select count(*) from stimulus")).ShouldBe(8);

        string[] expected = [$"a {first} 0", $"b {third} -", $"a {second} 0", $"a {first} 1", $"a {second} 1", $"a {first} 2", $"a {first} 3", $"a {first} 4"];
        (await OrderAsync(world, 100)).ShouldBe(expected);
        (await OrderAsync(world, 3)).ShouldBe(expected[..3]);

        (await world.Runtime.Stimuli.SweepAsync(3)).ShouldBe(3);
        (await OrderAsync(world, 100)).ShouldBe([$"a {first} 1", $"a {second} 1", .. expected[5..]]);
        (await world.Runtime.Stimuli.SweepAsync(100)).ShouldBe(5);
        (await world.Runtime.Stimuli.SweepAsync(100)).ShouldBe(0);
        (await world.ScalarAsync<int>("select count(*) from workflow_instance where definition_id in ('a', 'b') and status = 'Finished'")).ShouldBe(8);
    }

    [Fact]
    public async Task Rows_that_are_put_off_do_not_hide_others_of_their_queue()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "a", Line);
        await PublishAsync(world, "one-a", Dispatch("a", waits: false));
        for (var i = 0; i < 4; i++)
            await StartAsync(world, "one-a");
        await world.ScalarAsync<int>("update stimulus set due_at = due_at + interval '1 hour' where number <= 3");
        world.Clock.Advance(Duration.FromSeconds(10));

        (await world.Runtime.Stimuli.SweepAsync(2)).ShouldBe(1);
    }

    [Fact]
    public async Task A_step_that_starts_too_many_workflows_starts_none_and_says_so()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "a", Line);
        await PublishAsync(world, "many-a", Bulk("a", waits: false));

        var refused = await StartAsync(world, "many-a", 10_001);

        (await IncidentAsync(world, refused)).ShouldBe("This step has 10,001 items; the limit is 10,000 (setting FanOut:Items).");
        (await world.ScalarAsync<int>("select count(*) from stimulus")).ShouldBe(0);
        await StartAsync(world, "many-a", 10_000);
        (await world.ScalarAsync<int>("select count(*) from stimulus")).ShouldBe(10_000);
    }

    [Fact]
    public async Task Branches_with_steps_for_people_have_a_limit_of_their_own()
    {
        await using var world = await World.CreateAsync();
        world.Runtime.FanOut = new() { HumanSteps = 3 };
        await PublishAsync(world, "people", ForEach("""{ "id": "body", "type": "Elsa.Sequence", "activities": [ """ + Human + " ] }"));
        await PublishAsync(world, "machine", ForEach(Line));

        (await IncidentAsync(world, await StartAsync(world, "people", 4))).ShouldBe(
            "This step has 4 items for people to work on; the limit is 3 (setting FanOut:HumanSteps)."
        );
        (await world.ScalarAsync<int>("select count(*) from task")).ShouldBe(0);
        await StartAsync(world, "people", 3);
        (await world.ScalarAsync<int>("select count(*) from task")).ShouldBe(3);
        (await StateAsync(world, await StartAsync(world, "machine", 4))).SubStatus.ToString().ShouldBe("Finished");
        new FanOutLimits().HumanSteps.ShouldBe(1_000);
    }

    [Fact]
    public async Task Retracting_a_workflow_withdraws_its_waiting_starts_and_tells_the_steps_that_wait_for_them()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "a", Line);
        await PublishAsync(world, "b", Line);
        await PublishAsync(world, "many-a", Bulk("a", waits: true));
        await PublishAsync(world, "one-a", Dispatch("a", waits: true));
        await PublishAsync(world, "one-b", Dispatch("b", waits: true));
        var many = await StartAsync(world, "many-a", 5);
        var one = await StartAsync(world, "one-a");
        var other = await StartAsync(world, "one-b");

        (await world.Runtime.Definitions.RetractAsync("a", "test", world.Clock.Now())).ShouldBeOfType<EditResult.Saved>();

        (await world.ScalarAsync<int>("select count(*) from stimulus where kind = 'start'")).ShouldBe(1, "that of b");
        await SweepAsync(world);
        (await IncidentAsync(world, many)).ShouldBe("Workflow a was retracted before 5 of its runs started.");
        (await IncidentAsync(world, one)).ShouldBe("Workflow a was retracted before its run started.");
        (await StateAsync(world, other)).SubStatus.ToString().ShouldBe("Finished");
        (await world.ScalarAsync<int>("select count(*) from workflow_instance where definition_id = 'a'")).ShouldBe(0);
    }

    [Fact]
    public async Task A_refused_start_is_told_to_the_step_that_waits_for_it()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "a", Line);
        await PublishAsync(world, "one-a", Dispatch("a", waits: true));
        var waiting = await StartAsync(world, "one-a");

        // As if another host had retracted it just now.
        await world.ScalarAsync<int>("update workflow_definition set is_published = false where definition_id = 'a'");
        await SweepAsync(world);

        (await IncidentAsync(world, waiting)).ShouldBe("No published version of workflow definition with ID a found.");
        (await world.ScalarAsync<int>("select count(*) from stimulus")).ShouldBe(0);
    }

    [Fact]
    public async Task A_start_that_two_hosts_find_refused_at_once_is_logged_once()
    {
        await using var world = await World.CreateAsync();
        await using var second = await world.AnotherHostAsync();
        using var lines = new LogLines();
        foreach (var host in (World[])[world, second])
            host.Get<ILoggerFactory>().AddProvider(lines);
        await PublishAsync(world, "a", Line);
        await PublishAsync(world, "one-a", Dispatch("a", waits: false));
        await StartAsync(world, "one-a");
        await world.ScalarAsync<int>("update workflow_definition set is_published = false where definition_id = 'a'");
        world.Clock.Advance(Duration.FromSeconds(3));

        // Both have read the row when they may delete it.
        await using (var connection = await world.Database.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await connection.ExecuteAsync("select from stimulus for update");
            var sweeps = Task.WhenAll(world.Runtime.Stimuli.SweepAsync(10), second.Runtime.Stimuli.SweepAsync(10));
            while (await world.ScalarAsync<int>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") < 2)
                sweeps.IsCompleted.ShouldBeFalse();
            await transaction.CommitAsync();
            await sweeps;
        }

        lines.Written.ShouldHaveSingleItem().ShouldStartWith("A start of a was refused: No published version");
    }

    [Fact]
    public async Task The_ends_of_many_children_reach_their_parent()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "a", Line);
        await PublishAsync(world, "many-a", Bulk("a", waits: true));
        var parent = await StartAsync(world, "many-a", 450);

        await SweepAsync(world);

        (await StateAsync(world, parent)).SubStatus.ToString().ShouldBe("Finished");
        (await world.ScalarAsync<int>("select count(*) from workflow_instance where parent_id = @parent and sub_status = 'Finished'", new { parent })).ShouldBe(
            450
        );
        (await world.ScalarAsync<int>("select count(*) from stimulus")).ShouldBe(0);
    }

    [Fact]
    public async Task A_child_that_is_cancelled_before_it_started_never_starts()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "a", Line);
        await PublishAsync(world, "one-a", Dispatch("a", waits: true));
        var parent = await StartAsync(world, "one-a");
        (await world.Runtime.CancelAsync(parent, "not needed", "test")).ShouldBeTrue();

        // The start is later in the order than the end that its parent sent to it.
        await world.ScalarAsync<int>("update stimulus set due_at = due_at + interval '1 minute' where kind = 'start'");
        await SweepAsync(world);
        world.Clock.Advance(Duration.FromMinutes(2));
        await SweepAsync(world);

        (await world.ScalarAsync<int>("select count(*) from workflow_instance where definition_id = 'a'")).ShouldBe(0);
        (await world.ScalarAsync<int>("select count(*) from stimulus")).ShouldBe(0);
    }

    [Theory]
    [InlineData("state that can't be read", "update workflow_instance set state = '{}' where parent_id is null")]
    [InlineData("version that can't be loaded", "update workflow_definition set document = '{ \"root\": 7 }' where definition_id = 'two'")]
    [InlineData("child's state that can't be read", "update workflow_instance set state = '{}' where parent_id is not null")]
    [InlineData("child's version that can't be loaded", "update workflow_definition set document = '{ \"root\": 7 }' where definition_id = 'a'")]
    public async Task A_case_that_is_cancelled_takes_its_children_along_although_it_or_they_can_not_be_read(string why, string damage)
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "a", Human);
        await PublishAsync(world, "b", Human);
        var other = Dispatch("b", waits: true).Replace("start", "other", StringComparison.Ordinal);
        await PublishAsync(world, "two", $$"""{ "id": "both", "type": "Elsa.Parallel", "activities": [{{Dispatch("a", waits: true)}}, {{other}}] }""");
        var parent = await StartAsync(world, "two");
        await world.ScalarAsync<int>("update stimulus set due_at = due_at + interval '1 hour' where queue = 'b'");
        await SweepAsync(world);
        (await world.ScalarAsync<string>("select state from task")).ShouldBe("Ready");
        await world.ScalarAsync<int>(damage);
        await using var restarted = await world.AnotherHostAsync();

        (await CancelCase.RunAsync(restarted.Runtime, parent, why, await world.PersonAsync("supervisor"))).ShouldBe(CancelCaseResult.Cancelled);
        (await CancelCase.RunAsync(restarted.Runtime, parent, why, await world.PersonAsync("supervisor"))).ShouldBe(CancelCaseResult.Ended);
        await SweepAsync(world);

        (await world.ScalarAsync<string>("select state from task")).ShouldBe("Cancelled");
        (await world.ScalarAsync<string>("select string_agg(definition_id || ' ' || sub_status, ', ' order by id) from workflow_instance")).ShouldBe(
            "two Cancelled, a Cancelled"
        );
        (await world.ScalarAsync<int>("select count(*) from stimulus")).ShouldBe(0, "no start of b is left");
    }

    [Fact]
    public void Messages_of_one_kind_are_logged_once_a_minute_with_the_number_of_the_others()
    {
        var limit = new LogLimit();
        var now = Instant.FromUtc(2026, 6, 1, 9, 0);

        limit.Admit("a", now).ShouldBe(0);
        limit.Admit("a", now + Duration.FromSeconds(1)).ShouldBeNull();
        limit.Admit("a", now + Duration.FromSeconds(59)).ShouldBeNull();
        limit.Admit("b", now + Duration.FromSeconds(59)).ShouldBe(0, "another kind");
        limit.Admit("a", now + Duration.FromSeconds(60)).ShouldBe(2);
        limit.Admit("a", now + Duration.FromSeconds(61)).ShouldBeNull();
    }

    private const string Human = """
        { "id": "work", "type": "Orchestration.HumanTask", "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Work" } },
          "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-adjusting" } } }
        """;

    private static string Bulk(string definition, bool waits) =>
        $$"""
            { "id": "start", "type": "Elsa.BulkDispatchWorkflows",
              "workflowDefinitionId": { "typeName": "String", "expression": { "type": "Literal", "value": "{{definition}}" } },
              "items": { "typeName": "Object", "expression": { "type": "JavaScript", "value": "Array.from({ length: getInput('count') }, (_, i) => i)" } },
              "waitForCompletion": { "typeName": "Boolean", "expression": { "type": "Literal", "value": {{(waits ? "true" : "false")}} } } }
            """;

    private static string Dispatch(string definition, bool waits) =>
        $$"""
            { "id": "start", "type": "Elsa.DispatchWorkflow",
              "workflowDefinitionId": { "typeName": "String", "expression": { "type": "Literal", "value": "{{definition}}" } },
              "waitForCompletion": { "typeName": "Boolean", "expression": { "type": "Literal", "value": {{(waits ? "true" : "false")}} } } }
            """;

    private static string ForEach(string body) =>
        $$"""
            { "id": "each", "type": "Elsa.ParallelForEach", "body": {{body}},
              "items": { "typeName": "Object", "expression": { "type": "JavaScript", "value": "Array.from({ length: getInput('count') }, (_, i) => i)" } } }
            """;

    private static async Task PublishAsync(World world, string id, string activity)
    {
        var document = $$"""
            { "definitionId": "{{id}}", "name": "{{id}}", "root": { "id": "root", "type": "Elsa.Sequence", "activities": [ {{activity}} ] } }
            """;
        (
            await world.Runtime.Definitions.PublishAsync(new(id, Encoding.UTF8.GetBytes(document), "designer"), "test", world.Clock.Now())
        ).ShouldBeOfType<PublishResult.Published>();
    }

    private static async Task<Guid> StartAsync(World world, string definition, int count = 0) =>
        (await world.Runtime.StartAsync(new(definition, new() { ["count"] = count }), "test")).ShouldBeOfType<StartResult.Started>().InstanceId;

    private static async Task SweepAsync(World world)
    {
        world.Clock.Advance(Duration.FromSeconds(3));
        while (await world.Runtime.Stimuli.SweepAsync(100) > 0)
            world.Clock.Advance(Duration.FromSeconds(3));
    }

    private static async Task<IReadOnlyList<string>> OrderAsync(World world, int limit)
    {
        var order = new List<string>();
        foreach (var id in await world.Runtime.Stimuli.NextIdsAsync(limit))
        {
            var row = await world.ScalarAsync<string>(
                "select concat_ws(' ', queue, sender, coalesce(payload -> 'input' ->> 'Item', '-')) from stimulus where id = @id",
                new { id }
            );
            order.Add(row);
        }

        return order;
    }

    private static async Task<(JsonObject State, object SubStatus)> StateAsync(World world, Guid id)
    {
        var state = JsonNode.Parse(await world.ScalarAsync<string>("select state::text from workflow_instance where id = @id", new { id }))!.AsObject();
        return (state, await world.ScalarAsync<string>("select sub_status from workflow_instance where id = @id", new { id }));
    }

    private static async Task<string> IncidentAsync(World world, Guid id)
    {
        var (state, _) = await StateAsync(world, id);
        return (string)state["incidents"]!.AsArray().ShouldHaveSingleItem()!["message"]!;
    }
}
