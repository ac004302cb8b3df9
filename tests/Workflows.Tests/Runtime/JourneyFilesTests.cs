using Orchestration.Engine.Definitions;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Tests.Runtime;

/// <summary>What a start of a host makes of the shipped files.</summary>
public sealed class JourneyFilesTests
{
    [Fact]
    public async Task A_journey_that_was_out_of_use_for_a_while_is_no_new_version_at_the_next_start()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var definitions = world.Get<DefinitionStore>();

        (await definitions.RetractAsync("claims", "analyst", world.Clock.Now())).ShouldBeOfType<EditResult.Saved>();
        await world.LoadShippedAsync();
        (await definitions.FindAsync("claims", VersionOptions.Latest))!.ShouldSatisfyAllConditions(
            v => v.Version.ShouldBe(1),
            v => v.IsPublished.ShouldBeFalse("a start does not undo what a person did")
        );

        (await definitions.PublishLatestAsync("claims", new("analyst"), world.Clock.Now())).Result.ShouldBeOfType<EditResult.Saved>();
        await world.LoadShippedAsync();
        (await definitions.FindAsync("claims", VersionOptions.Latest))!.ShouldSatisfyAllConditions(
            v => v.Version.ShouldBe(1),
            v => v.IsPublished.ShouldBeTrue()
        );
    }
}
