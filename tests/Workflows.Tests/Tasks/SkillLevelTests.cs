using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Tasks;

/// <summary>Steps that ask for a skill at a level. In fraud, adjuster1 has level 2 and senior1 level 4; adjuster2 doesn't have it.</summary>
public sealed class SkillLevelTests
{
    [Fact]
    public async Task A_required_level_is_refused_in_words_and_met_by_a_higher_one()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Step.Of("Look", ("requiredSkills", "List<String>", new[] { "fraud:3" }))));
        var desk = await Desk.AtAsync(world, await world.StartAsync("one"));

        (await ClaimTask.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("adjuster1")))
            .ShouldBeOfType<TaskResult.Forbidden>()
            .Reason.ShouldBe("This task requires the skill 'fraud' at level 3. Daniel Brandt has level 2.");
        (await ClaimTask.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("adjuster2")))
            .ShouldBeOfType<TaskResult.Forbidden>()
            .Reason.ShouldBe("This task requires the skill 'fraud' at level 3. Sofia Rossi doesn't have it.");
        (await Assignees.ReadAsync(world.Database, desk.Task, world.Clock.GetCurrentInstant())).Select(a => a.UserName).ShouldBe(["senior1"]);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("senior1")));
    }

    [Fact]
    public async Task A_preferred_level_puts_those_who_have_it_first()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Step.Of("Look", ("preferredSkills", "List<String>", new[] { "fraud:4" }))));
        var desk = await Desk.AtAsync(world, await world.StartAsync("one"));

        (await ClaimTask.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("adjuster1")))
            .ShouldBeOfType<TaskResult.Forbidden>()
            .Reason.ShouldStartWith("Colleagues with the preferred skills (fraud:4) come first");
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("senior1")));
    }
}
