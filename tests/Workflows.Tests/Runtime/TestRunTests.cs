using System.Text;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tests.Tasks;
using Orchestration.Workflows.Tests.Webhooks;

namespace Orchestration.Workflows.Tests.Runtime;

/// <summary>What a test sets off is a test as well: child workflows, their clocks, their ladders and their events.</summary>
public sealed class TestRunTests
{
    [Theory]
    [InlineData("Elsa.DispatchWorkflow", true)]
    [InlineData("Elsa.DispatchWorkflow", false)]
    [InlineData("Elsa.ExecuteWorkflow", true)]
    public async Task Tasks_of_all_runs_below_a_test_are_the_tester_s(string activity, bool waits)
    {
        await using var world = await WorldAsync();
        var analyst = await world.PersonAsync("analyst");
        await PublishAsync(world, "branch", Start(activity, "leaf", waits));
        await PublishAsync(world, "trunk", Start(activity, "branch", waits));

        (await world.Runtime.StartAsync(new("trunk", []) { TestBy = analyst.Id }, "analyst")).ShouldBeOfType<StartResult.Started>();
        await DeliverAsync(world);

        (await TestersAsync(world)).ShouldBe("analyst");
        (await world.ScalarAsync<long>("select count(*) from workflow_instance where test_by is null")).ShouldBe(0);
        (await OpenAsync(world, await world.PersonAsync("adjuster1"))).ShouldBeEmpty();
        (await OpenAsync(world, analyst)).ShouldHaveSingleItem().IsTest.ShouldBeTrue();
    }

    [Fact]
    public async Task A_test_case_tells_only_the_tester_of_clocks_of_child_workflows()
    {
        await using var world = await WorldAsync();
        await PublishAsync(world, "trunk", Start("Elsa.DispatchWorkflow", "leaf", waits: true));
        await TestAsync(world, "trunk");
        await DeliverAsync(world);

        world.Clock.Advance(Duration.FromHours(20));
        await world.Get<Escalate>().RunAsync();

        (await world.ScalarAsync<long>("select count(*) from notification")).ShouldBeGreaterThan(0);
        (await world.ScalarAsync<string>("select string_agg(distinct p.user_name, ',') from notification n join person p on p.id = n.person_id")).ShouldBe(
            "analyst"
        );
    }

    [Fact]
    public async Task The_ladder_of_a_test_sends_no_webhook_and_starts_tests()
    {
        using var receiver = new Receiver();
        await using var world = await WorldAsync();
        var policy = $$"""
            { "id": "watch", "name": "Watch", "subject": "task", "calendar": "24x7", "target": { "amount": "PT10H", "unit": "elapsed" },
              "ladder": [ { "percent": 50, "actions": [
                { "action": "webhook", "url": "{{receiver.Url}}" }, { "action": "startWorkflow", "definition": "leaf" } ] } ] }
            """;
        (
            await SaveServiceLevel.RunAsync(
                world.Get<SettingDocuments>(),
                world.Get<ServiceLevelCatalog>(),
                SettingKind.Sla,
                "watch",
                0,
                JsonNode.Parse(policy)!.AsObject(),
                await world.PersonAsync("admin"),
                world.Clock.Now()
            )
        ).ShouldBeOfType<SaveServiceLevelResult.Saved>();
        await world.PublishAsync("one", ("a", Step.Of("Look", ("slaPolicy", "String", "watch"))));
        await TestAsync(world, "one");

        world.Clock.Advance(Duration.FromHours(6));
        await world.Get<Escalate>().RunAsync();
        await DeliverAsync(world);

        (await world.ScalarAsync<long>("select count(*) from effect")).ShouldBe(0);
        (await world.ScalarAsync<long>("select count(*) from workflow_instance where definition_id = 'leaf'")).ShouldBe(1);
        (await world.ScalarAsync<long>("select count(*) from task where test_by is null")).ShouldBe(0);
    }

    [Fact]
    public async Task An_event_of_a_test_reaches_no_real_case_and_starts_tests()
    {
        await using var world = await WorldAsync();
        const string Hears = """
            { "id": "told", "type": "Elsa.Event", "customProperties": { "canStartWorkflow": false },
              "eventName": { "typeName": "String", "expression": { "type": "Literal", "value": "Paid" } } }
            """;
        await PublishAsync(world, "waiting", Hears);
        await PublishAsync(world, "started", Hears.Replace("false", "true", StringComparison.Ordinal) + "," + Human("Thank"));
        await PublishAsync(
            world,
            "telling",
            """
            { "id": "tell", "type": "Elsa.PublishEvent",
              "eventName": { "typeName": "String", "expression": { "type": "Literal", "value": "Paid" } } }
            """
        );
        var (real, test) = (await world.StartAsync("waiting"), await TestAsync(world, "waiting"));

        await TestAsync(world, "telling");
        await DeliverAsync(world);

        (await StatusAsync(real)).ShouldBe("Running");
        (await StatusAsync(test)).ShouldBe("Finished");
        (await TestersAsync(world)).ShouldBe("analyst");

        await world.StartAsync("telling", "REF-2");
        await DeliverAsync(world);
        (await StatusAsync(real)).ShouldBe("Finished");
        (await TestersAsync(world)).ShouldBe("analyst,nobody");

        Task<string> StatusAsync(Guid run) => world.ScalarAsync<string>("select status from workflow_instance where id = @run", new { run });
    }

    [Fact]
    public async Task Removing_a_test_case_leaves_no_child_workflow_behind()
    {
        await using var world = await WorldAsync();
        await PublishAsync(world, "branch", Start("Elsa.DispatchWorkflow", "leaf", waits: true));
        await PublishAsync(world, "trunk", Start("Elsa.DispatchWorkflow", "branch", waits: true));
        var test = await TestAsync(world, "trunk");
        await DeliverAsync(world);
        (await world.ScalarAsync<long>("select count(*) from workflow_instance where status = 'Running'")).ShouldBe(3);
        var early = await TestAsync(world, "trunk", "test-2");

        foreach (var id in new[] { test, early })
            (await RemoveTestCase.RunAsync(world.Runtime, id, await world.PersonAsync("analyst"))).ShouldBe(RemoveTestCaseResult.Removed);
        await DeliverAsync(world);

        (await world.ScalarAsync<long>("select count(*) from workflow_instance")).ShouldBe(0);
        (await world.ScalarAsync<long>("select count(*) from task")).ShouldBe(0);
    }

    private static async Task<World> WorldAsync()
    {
        var world = await World.CreateAsync(allowPrivateAddresses: true);
        await world.LoadShippedAsync();
        await PublishAsync(world, "leaf", Human("Look"));
        return world;
    }

    private static string Human(string title) =>
        $$"""
            { "id": "look", "type": "Orchestration.HumanTask",
              {{Step.Of(title, ("slaDuration", "String", "PT8H"), ("slaUnit", "String", "elapsed"))}} }
            """;

    private static string Start(string activity, string definition, bool waits) =>
        $$"""
            { "id": "start", "type": "{{activity}}",
              "workflowDefinitionId": { "typeName": "String", "expression": { "type": "Literal", "value": "{{definition}}" } },
              "waitForCompletion": { "typeName": "Boolean", "expression": { "type": "Literal", "value": {{(waits ? "true" : "false")}} } } }
            """;

    private static async Task PublishAsync(World world, string id, string activities)
    {
        var document = $$"""
            { "definitionId": "{{id}}", "name": "{{id}}", "root": { "id": "root", "type": "Elsa.Sequence", "activities": [ {{activities}} ] } }
            """;
        (
            await world.Runtime.Definitions.PublishAsync(new(id, Encoding.UTF8.GetBytes(document), "designer"), "test", world.Clock.Now())
        ).ShouldBeOfType<PublishResult.Published>();
    }

    private static async Task<Guid> TestAsync(World world, string journey, string key = "test-1") =>
        (
            await StartCase.RunAsync(
                world.Runtime,
                new(journey, null, "C-1", "Marta Novak", [], $"{journey}-{key}") { IsTest = true },
                await world.PersonAsync("analyst")
            )
        )
            .ShouldBeOfType<StartCaseResult.Started>()
            .CaseId;

    private static async Task DeliverAsync(World world)
    {
        do world.Clock.Advance(Duration.FromSeconds(3));
        while (await world.Runtime.Stimuli.SweepAsync(100) > 0);
    }

    /// <summary>Whose tests the tasks are, by name.</summary>
    private static Task<string> TestersAsync(World world) =>
        world.ScalarAsync<string>(
            "select string_agg(distinct coalesce(p.user_name, 'nobody'), ',' order by coalesce(p.user_name, 'nobody')) "
                + "from task t left join person p on p.id = t.test_by"
        );

    private static async Task<IReadOnlyList<TaskSummary>> OpenAsync(World world, Person person) =>
        (await TaskList.ReadAsync(world.Database, new() { View = "open" }, person, world.Clock.Now())).Items;
}
