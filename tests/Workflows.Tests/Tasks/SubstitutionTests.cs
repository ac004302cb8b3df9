using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Tasks;

public sealed class SubstitutionTests
{
    private static readonly string One = Step.Of("Check", Step.Outcomes("Done"));
    private static readonly string Second = Step.Of("Approve", Step.Excluding("a"));

    [Fact]
    public async Task The_substitute_of_somebody_who_is_away_takes_over_claims_and_receives()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("two", ("a", One), ("b", Second));
        var id = await world.StartAsync("two");
        var (away, standIn, supervisor) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("closer1"), await world.PersonAsync("supervisor"));
        var desk = await Desk.AtAsync(world, id);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, away));
        (await TakeOverTask.RunAsync(world.Tasks, desk.Next, standIn)).ShouldBeOfType<TaskResult.NotFound>();
        (await TaskDetail.FindAsync(world.Runtime, desk.Task, standIn)).ShouldBeNull();

        await ArrangeAsync(world, away, "closer1", days: 10);
        var open = (await TaskList.ReadAsync(world.Database, new() { View = "open" }, standIn, world.Clock.Now())).Items;
        open.Single().ShouldSatisfyAllConditions(t => t.Id.ShouldBe(desk.Task), t => t.State.ShouldBe(TaskState.Reserved));
        (await TaskDetail.FindAsync(world.Runtime, desk.Task, standIn))!.May.ShouldContain("takeOver");
        (await desk.DoneAsync(TakeOverTask.RunAsync(world.Tasks, desk.Next, standIn))).OwnerId.ShouldBe(standIn.Id);
        (await world.OpenTaskAsync(id)).OnBehalfOf.ShouldBe("Daniel Brandt");

        // New assignments go to the substitute, and open tasks of the absent person's team are theirs to claim.
        await desk.DoneAsync(AssignTask.RunAsync(world.Tasks, desk.Next, "adjuster2", null, supervisor));
        (await desk.DoneAsync(AssignTask.RunAsync(world.Tasks, desk.Next, "adjuster1", null, supervisor))).OwnerId.ShouldBe(standIn.Id);
        await desk.DoneAsync(ReleaseTask.RunAsync(world.Tasks, desk.Next, null, standIn));
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, standIn));
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], standIn));

        // Four-eyes rule: work on someone's behalf counts for both.
        var next = await Desk.AtAsync(world, id, "b");
        foreach (var person in new[] { away, standIn })
            (await ClaimTask.RunAsync(world.Tasks, next.Next, person)).ShouldBeOfType<TaskResult.ExcludedByFourEyes>();
    }

    [Fact]
    public async Task A_substitution_begins_and_ends_at_its_dates()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", One));
        var desk = await Desk.AtAsync(world, await world.StartAsync("one"));
        var (away, standIn) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("closer1"));
        var substitutions = world.Get<Substitutions>();
        var (from, until) = (world.Clock.Now() + Duration.FromDays(1), world.Clock.Now() + Duration.FromDays(2));
        var id = (await substitutions.ArrangeAsync(null, "closer1", from, until, "leave", away)).ShouldBeOfType<SubstitutionResult.Arranged>().Id;

        (await ClaimTask.RunAsync(world.Tasks, desk.Next, standIn)).ShouldBeOfType<TaskResult.NotFound>();
        world.Clock.Set(from);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, standIn));
        await desk.DoneAsync(ReleaseTask.RunAsync(world.Tasks, desk.Next, null, standIn));
        world.Clock.Set(until);
        (await ClaimTask.RunAsync(world.Tasks, desk.Next, standIn)).ShouldBeOfType<TaskResult.NotFound>();
        (await substitutions.ListAsync(away)).ShouldBeEmpty();
        (await substitutions.EndAsync(id, away)).ShouldBeFalse();
    }

    [Fact]
    public async Task Arranging_is_checked()
    {
        await using var world = await World.CreateAsync();
        var (adjuster, other, substitutions, now) = (
            await world.PersonAsync("adjuster1"),
            await world.PersonAsync("adjuster2"),
            world.Get<Substitutions>(),
            world.Clock.Now()
        );
        var day = Duration.FromDays(1);
        (await substitutions.ArrangeAsync(null, "adjuster2", now, now, null, adjuster)).ShouldBeOfType<SubstitutionResult.Invalid>().Field.ShouldBe("until");
        (await substitutions.ArrangeAsync(null, "adjuster2", now, now + (day * 400), null, adjuster))
            .ShouldBeOfType<SubstitutionResult.Invalid>()
            .Field.ShouldBe("until");
        (await substitutions.ArrangeAsync(null, "nobody", now, now + day, null, adjuster))
            .ShouldBeOfType<SubstitutionResult.Invalid>()
            .Field.ShouldBe("substitute");
        (await substitutions.ArrangeAsync(null, "adjuster1", now, now + day, null, adjuster))
            .ShouldBeOfType<SubstitutionResult.Invalid>()
            .Field.ShouldBe("substitute");
        (await substitutions.ArrangeAsync("adjuster1", "adjuster2", now, now + day, null, other)).ShouldBeOfType<SubstitutionResult.Forbidden>();
        var made = (
            await substitutions.ArrangeAsync("adjuster1", "adjuster2", now, now + day, null, await world.PersonAsync("supervisor"))
        ).ShouldBeOfType<SubstitutionResult.Arranged>();
        (await substitutions.ArrangeAsync(null, "closer1", now + (day / 2), now + (day * 2), null, adjuster))
            .ShouldBeOfType<SubstitutionResult.Overlaps>()
            .With.Id.ShouldBe(made.Id);
        (await substitutions.EndAsync(made.Id, other)).ShouldBeFalse();
        (await substitutions.EndAsync(made.Id, adjuster)).ShouldBeTrue();
        (await substitutions.ArrangeAsync(null, "closer1", now + (day / 2), now + (day * 2), null, adjuster)).ShouldBeOfType<SubstitutionResult.Arranged>();
        (await world.ScalarAsync<int>("select count(*) from event where action in ('person.away', 'person.back')")).ShouldBe(3);
    }

    private static async Task ArrangeAsync(World world, Person away, string substitute, int days) =>
        (
            await world.Get<Substitutions>().ArrangeAsync(null, substitute, null, world.Clock.Now() + Duration.FromDays(days), "leave", away)
        ).ShouldBeOfType<SubstitutionResult.Arranged>();
}
