using System.Text.Json.Nodes;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Tasks;

public sealed class DraftTests
{
    [Fact]
    public async Task A_draft_is_the_owner_s_and_gives_way_only_to_what_somebody_else_changed()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Step.Of("Check", Step.Form("""{ "type": "object", "properties": { "note": { "type": "string" } } }"""))));
        var id = await world.StartAsync("one");
        var desk = await Desk.AtAsync(world, id);
        var (owner, other, supervisor) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("adjuster2"), await world.PersonAsync("supervisor"));
        (await SaveAsync(owner, 1, "not mine yet")).ShouldBeFalse();
        (await SaveDraft.FormAsync(world.Runtime, desk.Task, owner)).IsTheirs.ShouldBeFalse();

        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, owner));
        (await SaveAsync(owner, 2, "first")).ShouldBeTrue();
        (await SaveAsync(other, 2, "not mine")).ShouldBeFalse();
        var (isTheirs, form) = await SaveDraft.FormAsync(world.Runtime, desk.Task, owner);
        isTheirs.ShouldBeTrue();
        form.ShouldNotBeNull().Root.AllProperties.Single().Name.ShouldBe("note");

        // The owner's own changes on another page take nothing away; someone else's changes are shown first.
        await desk.DoneAsync(StartTask.RunAsync(world.Tasks, desk.Next, owner));
        (await SaveAsync(owner, 2, "second")).ShouldBeTrue();
        await desk.DoneAsync(PrioritizeTask.RunAsync(world.Tasks, desk.Next, 1, null, supervisor));
        (await SaveAsync(owner, 3, "third")).ShouldBeFalse();
        (await SaveAsync(owner, 4, "third")).ShouldBeTrue();
        (await SaveAsync(owner, null, "fourth")).ShouldBeTrue();
        (await world.ScalarAsync<string>("select draft->>'note' from task")).ShouldBe("fourth");
        (await world.ScalarAsync<int>("select revision from task")).ShouldBe(4, "a draft is no change");

        await desk.DoneAsync(SuspendTask.RunAsync(world.Tasks, desk.Next, "waitingForCustomer", null, null, owner));
        (await SaveAsync(owner, 5, "while it waits")).ShouldBeFalse();

        Task<bool> SaveAsync(Workflows.People.Person person, int? revision, string note) =>
            SaveDraft.RunAsync(world.Database, desk.Task, revision, new JsonObject { ["note"] = note }, person);
    }
}
