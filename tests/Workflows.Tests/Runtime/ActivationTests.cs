using System.Text;
using System.Text.Json.Nodes;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;

namespace Orchestration.Workflows.Tests.Runtime;

/// <summary>Elsa's activation strategies hold however many hosts start at once: each host here has its own pool of connections and its own caches.</summary>
public sealed class ActivationTests
{
    private const string Singleton = "Elsa.Workflows.Runtime.ActivationValidators.SingletonStrategy, Elsa.Workflows.Runtime";
    private const string Correlation = "Elsa.Workflows.Runtime.ActivationValidators.CorrelationStrategy, Elsa.Workflows.Runtime";
    private const string CorrelatedSingleton = "Elsa.Workflows.Runtime.ActivationValidators.CorrelatedSingletonStrategy, Elsa.Workflows.Runtime";
    private const string Always = "Elsa.Workflows.ActivationValidators.AllowAlwaysStrategy, Elsa.Workflows.Core";
    private const string Wait = """{"id":"wait","type":"Elsa.Event","eventName":{"typeName":"String","expression":{"type":"Literal","value":"go"}}}""";

    [Theory]
    [InlineData(Always, 40)]
    [InlineData(Singleton, 1)]
    [InlineData(Correlation, 4)]
    [InlineData(CorrelatedSingleton, 8)]
    public async Task Concurrent_starts_on_two_hosts_leave_as_many_as_the_strategy_allows(string strategy, int running)
    {
        await using var world = await World.CreateAsync();
        await using var second = new SecondHost(world);
        await PublishAsync(world, "a", strategy);
        await PublishAsync(world, "b", strategy);

        // Two definitions, four references, five starts each; both hosts at once.
        var starts = new List<Task<StartResult>>();
        foreach (var definition in strategy == Singleton ? new[] { "a" } : ["a", "b"])
        {
            for (var i = 0; i < 20; i++)
                starts.Add((i % 2 == 0 ? world.Runtime : second.Runtime).StartAsync(new(definition, []) { CorrelationId = $"ref-{i % 4}" }, "test"));
        }

        var results = await Task.WhenAll(starts);

        results.Count(r => r is StartResult.Started).ShouldBe(running);
        results.Count(r => r is StartResult.AlreadyRunning).ShouldBe(starts.Count - running);
        (await world.ScalarAsync<int>("select count(*) from workflow_instance")).ShouldBe(running);
        (await world.ScalarAsync<int>("select count(*) from event where sequence = 1 and entity = 'activity'")).ShouldBe(running);
    }

    [Fact]
    public async Task Correlation_sees_runs_of_definitions_with_another_strategy()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "free", Always);
        await PublishAsync(world, "bound", Correlation);

        await StartedAsync(world, "free", "ref-1");

        (await world.Runtime.StartAsync(new("bound", []) { CorrelationId = "ref-1" }, "test")).ShouldBeOfType<StartResult.AlreadyRunning>();
        await StartedAsync(world, "bound", "ref-2");
        await StartedAsync(world, "free", "ref-2");

        // Nothing can share a reference that is not there.
        await StartedAsync(world, "bound", null);
        await StartedAsync(world, "bound", null);
    }

    [Fact]
    public async Task The_reference_that_counts_is_the_one_a_run_has_now()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(
            world,
            "a",
            CorrelatedSingleton,
            """{"id":"c","type":"Elsa.Correlate","correlationId":{"typeName":"String","expression":{"type":"Literal","value":"later"}}},"""
        );

        await StartedAsync(world, "a", "first");
        await StartedAsync(world, "a", "first");

        (await world.Runtime.StartAsync(new("a", []) { CorrelationId = "later" }, "test")).ShouldBeOfType<StartResult.AlreadyRunning>();
    }

    [Fact]
    public async Task A_run_that_would_end_at_once_is_refused_as_well_and_an_ended_one_makes_room()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "a", Singleton);
        var running = await StartedAsync(world, "a", null);
        await PublishAsync(world, "a", Singleton, wait: "");

        (await world.Runtime.StartAsync(new("a", []), "test")).ShouldBeOfType<StartResult.AlreadyRunning>();
        (await world.Runtime.CancelAsync(running, "", "test")).ShouldBeTrue();
        await StartedAsync(world, "a", null);
        await StartedAsync(world, "a", null);
    }

    [Fact]
    public async Task A_faulted_run_is_not_retried_beside_another()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "a", Singleton, """{"id":"bad","type":"Elsa.Fault"},""");
        var faulted = await StartedAsync(world, "a", null);
        await PublishAsync(world, "a", Singleton);
        var running = await StartedAsync(world, "a", null);
        Alteration[] retry = [new Alteration.ScheduleActivity("wait", null)];

        (await Alterations.RunAsync(world.Runtime, faulted, retry, "test")).Refused.ShouldNotBeNull().ShouldContain("activation strategy");
        await world.Runtime.CancelAsync(running, "", "test");
        (await Alterations.RunAsync(world.Runtime, faulted, retry, "test")).Refused.ShouldBeNull();

        (await world.Runtime.StartAsync(new("a", []), "test")).ShouldBeOfType<StartResult.AlreadyRunning>();
    }

    [Fact]
    public async Task The_same_request_again_gives_the_case_it_opened()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "a", Singleton);
        var request = new CaseRequest("a", "REF-1", "C-1", "Marta Novak", new JsonObject(), "key-1");
        var person = await world.PersonAsync("frontoffice");

        var first = (await StartCase.RunAsync(world.Runtime, request, person)).ShouldBeOfType<StartCaseResult.Started>();

        (await StartCase.RunAsync(world.Runtime, request, person)).ShouldBe(first);
        (
            await StartCase.RunAsync(world.Runtime, request with { Reference = "REF-2", IdempotencyKey = "key-2" }, person)
        ).ShouldBeOfType<StartCaseResult.AlreadyRunning>();
    }

    private static async Task<Guid> StartedAsync(World world, string definition, string? reference) =>
        (await world.Runtime.StartAsync(new(definition, []) { CorrelationId = reference }, "test")).ShouldBeOfType<StartResult.Started>().InstanceId;

    private static async Task PublishAsync(World world, string id, string strategy, string before = "", string wait = Wait)
    {
        var document = $$$"""
            {"definitionId":"{{{id}}}","name":"{{{id}}}","options":{"activationStrategyType":"{{{strategy}}}"},
            "root":{"id":"root","type":"Elsa.Sequence","activities":[{{{(before + wait).TrimEnd(',')}}}]}}
            """;
        (
            await world.Runtime.Definitions.PublishAsync(new(id, Encoding.UTF8.GetBytes(document), "designer"), "test", world.Clock.Now())
        ).ShouldBeOfType<PublishResult.Published>();
    }
}
