using System.Text;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Tests.Runtime;

/// <summary>Runs that belong to a case are marked, with those they start, so that lists of the others are short.</summary>
public sealed class OwnedRunTests
{
    [Theory]
    [InlineData("Elsa.DispatchWorkflow")]
    [InlineData("Elsa.ExecuteWorkflow")]
    public async Task A_case_owns_the_runs_that_it_starts(string activity)
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "leaf", """{ "id": "line", "type": "Elsa.WriteLine" }""");
        await PublishAsync(world, "branch", Start(activity, "leaf"));
        await PublishAsync(world, "trunk", Start(activity, "branch"));
        await world.StartAsync("trunk", "REF-1");
        await SweepAsync(world);
        (await CountAsync("owned")).ShouldBe(3);
        (await CountAsync("not owned")).ShouldBe(0);

        (await world.Runtime.StartAsync(new("trunk", []), "test")).ShouldBeOfType<StartResult.Started>();
        await SweepAsync(world);
        (await CountAsync("owned")).ShouldBe(3);
        (await CountAsync("not owned")).ShouldBe(3);

        Task<long> CountAsync(string which) => world.ScalarAsync<long>($"select count(*) from workflow_instance where {which}");
    }

    private static string Start(string activity, string definition) =>
        $$"""
            { "id": "start", "type": "{{activity}}",
              "workflowDefinitionId": { "typeName": "String", "expression": { "type": "Literal", "value": "{{definition}}" } },
              "waitForCompletion": { "typeName": "Boolean", "expression": { "type": "Literal", "value": true } } }
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

    private static async Task SweepAsync(World world)
    {
        do
        {
            world.Clock.Advance(Duration.FromSeconds(3));
        } while (await world.Runtime.Stimuli.SweepAsync(100) > 0);
    }
}
