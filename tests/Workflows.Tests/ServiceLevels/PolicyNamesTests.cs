using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.ServiceLevels;

/// <summary>What a policy names exists when it is saved: a clock whose start is misspelled would never start.</summary>
public sealed class PolicyNamesTests
{
    [Theory]
    [InlineData("task", """ "start": { "events": ["task.claimd"] } """, "$.start.events", "'task.claimd' never happens to a task.")]
    [InlineData("task", """ "stop": { "events": ["step:look.completed"] } """, "$.stop.events", "'step:look.completed' never happens to a task.")]
    [InlineData("case", """ "start": { "events": ["case.open"] } """, "$.start.events", "'case.open' never happens to a case.")]
    [InlineData("case", """ "start": { "events": ["events:Told"] } """, "$.start.events", "'events:Told' never happens to a case.")]
    [InlineData("case", """ "cancel": { "events": ["event:"] } """, "$.cancel.events", "'event:' never happens to a case.")]
    [InlineData("case", """ "stop": { "events": ["step:lok.completed"] } """, "$.stop.events", "no journey of the policy has a step 'lok'")]
    [InlineData("case", """ "pauseReasons": ["step:Look"] """, "$.pauseReasons", "no journey of the policy has a step 'Look'")]
    [InlineData(
        "case",
        """ "start": { "events": ["case.opened"], "where": { "journey": ["one"] } }, "stop": { "events": ["step:other.completed"] } """,
        "$.stop.events",
        "journey 'one' has no step 'other'"
    )]
    [InlineData(
        "case",
        """ "start": { "events": ["case.opened"], "where": { "journey": ["one", "On"] } } """,
        "$.start.where.journey",
        "there is no journey 'On'"
    )]
    [InlineData(
        "task",
        """ "ladder": [{ "percent": 50, "actions": [{ "action": "startWorkflow", "definition": "leter" }] }] """,
        "$.ladder[0].actions[0].definition",
        "there is no workflow 'leter'"
    )]
    public async Task What_names_nothing_is_not_saved(string subject, string part, string path, string reason)
    {
        await using var world = await WorldAsync();
        var error = (await SaveAsync(world, subject, part)).ShouldBeOfType<SaveServiceLevelResult.Invalid>().Errors.ShouldHaveSingleItem();
        error.Path.ShouldBe(path);
        error.Reason.ShouldStartWith(reason);
    }

    [Theory]
    [InlineData("task", """ "start": { "events": ["task.claimed", "task.assigned"], "where": { "journey": ["one"] } } """)]
    [InlineData("case", """ "start": { "events": ["event:FromOutside"] }, "stop": { "events": ["step:look.completed", "case.completed"] } """)]
    [InlineData("case", """ "start": { "events": ["case.opened"], "where": { "journey": ["one", "two"] } }, "pauseReasons": ["step:other", "event:Paid"] """)]
    [InlineData("task", """ "ladder": [{ "percent": 50, "actions": [{ "action": "startWorkflow", "definition": "two" }] }] """)]
    public async Task What_exists_is_saved(string subject, string part)
    {
        await using var world = await WorldAsync();
        (await SaveAsync(world, subject, part)).ShouldBeOfType<SaveServiceLevelResult.Saved>();
    }

    [Fact]
    public async Task A_workflow_that_a_ladder_can_not_start_is_named_among_the_failures_and_starts_when_it_is_published()
    {
        await using var world = await WorldAsync();
        await SaveAsync(world, "task", """ "ladder": [{ "percent": 50, "actions": [{ "action": "startWorkflow", "definition": "two" }] }] """);
        await world.PublishAsync("watched", ("look", Step.Of("Look", ("slaPolicy", "String", "watch"))));
        await world.StartAsync("watched");
        await world.Runtime.Definitions.RetractAsync("two", "admin", world.Clock.Now());

        world.Clock.Advance(Duration.FromHours(6));
        await world.Get<Escalate>().RunAsync();
        await DeliverAsync(world);

        var failing = (await JobQueries.FailingAsync(world.Database, 10)).ShouldHaveSingleItem();
        failing.LastError.ShouldNotBeNull().ShouldContain("There is no published workflow 'two' to start.");
        await world.PublishAsync("two", ("other", Step.Of("Other")));
        world.Clock.Advance(Duration.FromHours(1));
        await DeliverAsync(world);
        (await JobQueries.FailingAsync(world.Database, 10)).ShouldBeEmpty();
        (await world.ScalarAsync<long>("select count(*) from workflow_instance where definition_id = 'two'")).ShouldBe(1);
    }

    private static async Task<World> WorldAsync()
    {
        var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishAsync("one", ("look", Step.Of("Look")));
        await world.PublishAsync("two", ("other", Step.Of("Other")));
        return world;
    }

    private static async Task<SaveServiceLevelResult> SaveAsync(World world, string subject, string part) =>
        await SaveServiceLevel.RunAsync(
            world.Get<SettingDocuments>(),
            world.Get<ServiceLevelCatalog>(),
            SettingKind.Sla,
            "watch",
            0,
            JsonNode
                .Parse(
                    $$"""
                    { "id": "watch", "name": "Watch", "subject": "{{subject}}", "calendar": "24x7",
                      "target": { "amount": "PT10H", "unit": "elapsed" }, {{part}} }
                    """
                )!
                .AsObject(),
            await world.PersonAsync("admin"),
            world.Clock.Now()
        );

    private static async Task DeliverAsync(World world)
    {
        world.Clock.Advance(Duration.FromSeconds(3));
        await world.Runtime.Stimuli.SweepAsync(100);
    }
}
