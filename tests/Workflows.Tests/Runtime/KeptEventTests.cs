using System.Text;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Tests.Runtime;

/// <summary>An event for a reference or an instance that nobody waits for yet is kept for a while, and taken once by whoever begins to wait.</summary>
public sealed class KeptEventTests
{
    [Fact]
    public async Task An_event_that_comes_before_its_wait_is_not_lost()
    {
        await using var world = await World.CreateAsync();
        await PublishDefinitionAsync(world, "claim", "task", "paper");

        (await StartAsync(world.Runtime, "claim", "REF-1")).ShouldBe(1);
        var early = (await world.Runtime.Stimuli.PublishAsync("paper", "REF-1", new OrderedDictionary<string, object?> { ["page"] = 7 }, "test"))!;
        early.ShouldBe(new(0, world.Clock.GetCurrentInstant() + Duration.FromMinutes(10)));
        await ResumeTaskAsync(world, world.Runtime);
        await world.Runtime.Stimuli.SweepAsync(10);
        world.Clock.Advance(Duration.FromSeconds(3));
        await world.Runtime.Stimuli.SweepAsync(10);

        (await FinishedAsync(world)).ShouldBe(1);
        (await world.ScalarAsync<string>("select state -> 'output' ->> 'Got' from workflow_instance")).ShouldBe("7.0");
        (await world.ScalarAsync<int>("select count(*) from kept_event")).ShouldBe(0);
        (await world.ScalarAsync<int>("select count(*) from stimulus")).ShouldBe(0);
    }

    [Fact]
    public async Task It_is_taken_once_and_only_by_whom_it_is_for_and_only_while_it_is_kept()
    {
        await using var world = await World.CreateAsync();
        await PublishDefinitionAsync(world, "claim", "paper");
        var stimuli = world.Runtime.Stimuli;
        await stimuli.PublishAsync("paper", "REF-1", null, "test");
        await stimuli.PublishAsync("other", "REF-2", null, "test");
        await stimuli.PublishAsync("paper", null, null, "test");

        await StartAsync(world.Runtime, "claim", "REF-2");
        await StartAsync(world.Runtime, "claim", null);
        await StartAsync(world.Runtime, "claim", "REF-1");
        await StartAsync(world.Runtime, "claim", "REF-1");
        await SettleAsync(world);
        (await FinishedAsync(world)).ShouldBe(1);

        // Two of them serve two waits, the oldest first.
        await stimuli.PublishAsync("paper", "REF-3", new OrderedDictionary<string, object?> { ["page"] = 1 }, "test");
        world.Clock.Advance(Duration.FromSeconds(1));
        await stimuli.PublishAsync("paper", "REF-3", new OrderedDictionary<string, object?> { ["page"] = 2 }, "test");
        await StartAsync(world.Runtime, "claim", "REF-3");
        await SettleAsync(world);
        (await world.ScalarAsync<string>("select state -> 'output' ->> 'Got' from workflow_instance where correlation_id = 'REF-3'")).ShouldBe("1.0");
        await StartAsync(world.Runtime, "claim", "REF-3");
        await SettleAsync(world);
        (await FinishedAsync(world)).ShouldBe(3);

        await stimuli.PublishAsync("paper", "REF-4", null, "test");
        world.Clock.Advance(StimulusQueue.Keeps);
        await StartAsync(world.Runtime, "claim", "REF-4");
        await SettleAsync(world);
        (await FinishedAsync(world)).ShouldBe(3);
        (await stimuli.PurgeAsync()).ShouldBe(2);
    }

    [Fact]
    public async Task An_event_for_one_instance_waits_for_that_instance()
    {
        await using var world = await World.CreateAsync();
        await PublishDefinitionAsync(world, "claim", "task", "paper");
        await StartAsync(world.Runtime, "claim", "REF-1");
        await StartAsync(world.Runtime, "claim", "REF-1");
        var instance = await world.ScalarAsync<Guid>("select id from workflow_instance order by id limit 1");

        await world.Runtime.Stimuli.PublishAsync("paper", null, null, "test", instance);
        await ResumeTaskAsync(world, world.Runtime);
        await ResumeTaskAsync(world, world.Runtime);
        await SettleAsync(world);

        (await world.ScalarAsync<Guid>("select id from workflow_instance where status = 'Finished'")).ShouldBe(instance);
    }

    [Fact]
    public async Task However_publishing_on_one_host_and_waiting_on_another_meet_each_wait_gets_its_event_once()
    {
        await using var world = await World.CreateAsync();
        await using var second = new SecondHost(world);
        await PublishDefinitionAsync(world, "claim", "paper");
        await second.Runtime.Definitions.LoadPublishedAsync();

        await Task.WhenAll(
            Enumerable
                .Range(0, 60)
                .Select(async i =>
                {
                    var reference = $"REF-{i}";
                    await Task.WhenAll(StartAsync(world.Runtime, "claim", reference), second.Runtime.Stimuli.PublishAsync("paper", reference, null, "test"));
                })
        );
        await SettleAsync(world);

        (await FinishedAsync(world)).ShouldBe(60);
        (await world.ScalarAsync<int>("select count(*) from event where action = 'Resumed'")).ShouldBe(60);
        (await world.ScalarAsync<int>("select count(*) from kept_event")).ShouldBe(0);
        (await world.ScalarAsync<int>("select count(*) from stimulus")).ShouldBe(0);
    }

    [Fact]
    public async Task One_operation_publishes_once_on_however_many_hosts_it_is_tried()
    {
        await using var world = await World.CreateAsync();
        await using var second = new SecondHost(world);
        await PublishDefinitionAsync(world, "claim", "paper", "paper");
        await StartAsync(world.Runtime, "claim", "REF-1");
        var operation = Operation.Of("frontoffice", "op-1", "event", "paper", "REF-1");

        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(i => (i % 2 == 0 ? world.Runtime : second.Runtime).Stimuli.PublishAsync("paper", "REF-1", null, "frontoffice", operation: operation))
        );

        answers.ShouldAllBe(answer => answer == new Published(1, null));
        (await FinishedAsync(world)).ShouldBe(0, "the second wait has had no event");
        (await world.ScalarAsync<int>("select count(*) from event where action = 'event.published'")).ShouldBe(1);
        (
            await world.Runtime.Stimuli.PublishAsync(
                "paper",
                "REF-2",
                null,
                "frontoffice",
                operation: Operation.Of("frontoffice", "op-1", "event", "paper", "REF-2")
            )
        ).ShouldBeNull();

        (
            await world.Runtime.Stimuli.PublishAsync(
                "paper",
                "REF-1",
                null,
                "frontoffice",
                operation: Operation.Of("frontoffice", "op-2", "event", "paper", "REF-1")
            )
        )!.Told.ShouldBe(1);
        (await FinishedAsync(world)).ShouldBe(1);
    }

    /// <summary>Delivers what the hosts' own deliverers, which do not run here, would have.</summary>
    private static async Task SettleAsync(World world)
    {
        world.Clock.Advance(Duration.FromSeconds(3));
        while (await world.Runtime.Stimuli.SweepAsync(100) > 0) { }
    }

    private static async Task<int> StartAsync(WorkflowRuntime runtime, string definition, string? reference) =>
        await runtime.StartAsync(new(definition, []) { CorrelationId = reference }, "test") is StartResult.Started ? 1 : 0;

    private static async Task ResumeTaskAsync(World world, WorkflowRuntime runtime)
    {
        var instance = await world.ScalarAsync<Guid>("select instance_id from bookmark where name = 'Elsa.RunTask' order by created_at, id limit 1");
        var bookmark = await world.ScalarAsync<Guid>("select id from bookmark where name = 'Elsa.RunTask' order by created_at, id limit 1");
        (await runtime.ResumeAsync(instance, Ids.Text(bookmark), new() { ["RunTaskInput"] = null }, "test")).ShouldNotBeNull();
    }

    private static Task<int> FinishedAsync(World world) => world.ScalarAsync<int>("select count(*) from workflow_instance where sub_status = 'Finished'");

    /// <summary>A sequence of waits: <c>task</c> is one for a task, everything else for an event of that name, whose <c>page</c> becomes the output.</summary>
    private static async Task PublishDefinitionAsync(World world, string id, params string[] waits)
    {
        var activities = waits.SelectMany(
            (wait, i) =>
                wait == "task"
                    ? new[] { $$$$"""{"id":"a{{{{i}}}}","type":"Elsa.RunTask","taskName":{"typeName":"String","expression":{"type":"Literal","value":"t"}}}""" }
                    :
                    [
                        $$$$"""
                            {"id":"a{{{{i}}}}","type":"Elsa.Event","eventName":{"typeName":"String","expression":{"type":"Literal","value":"{{{{wait}}}}"}}}
                            """,
                        $$$$"""
                            {"id":"o{{{{i}}}}","type":"Elsa.SetOutput","outputName":{"typeName":"String","expression":{"type":"Literal","value":"Got"}},
                            "outputValue":{"typeName":"Object","expression":{"type":"JavaScript","value":"getLastResult()?.page ?? null"}}}
                            """,
                    ]
        );
        var document = $$$$"""
            {"definitionId":"{{{{id}}}}","name":"{{{{id}}}}","root":{"id":"root","type":"Elsa.Sequence","activities":[{{{{string.Join(',', activities)}}}}]}}
            """;
        (
            await world.Runtime.Definitions.PublishAsync(new(id, Encoding.UTF8.GetBytes(document), "designer"), "test", world.Clock.Now())
        ).ShouldBeOfType<PublishResult.Published>();
    }
}
