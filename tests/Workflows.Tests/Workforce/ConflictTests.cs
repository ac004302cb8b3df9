using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Distribution;
using Orchestration.Workflows.Tests.Tasks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Tests.Workforce;

/// <summary>Conflicts of interest keep people from the work of a customer, however it comes to them.</summary>
public sealed class ConflictTests
{
    private const string Customer = "C-1";

    [Fact]
    public async Task Who_has_a_conflict_can_neither_claim_nor_be_assigned_nor_be_offered_the_customers_work()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        var adjuster = await world.PersonAsync("adjuster1");
        await DeclareAsync(world, adjuster);
        await push.AvailableAsync("adjuster1");
        var task = await world.OpenTaskAsync(await world.StartAsync("one"));

        Reason(await ClaimTask.RunAsync(world.Tasks, Next(task), adjuster)).ShouldContain("has a conflict of interest");
        Reason(await AssignTask.RunAsync(world.Tasks, Next(task), "adjuster1", null, await world.PersonAsync("supervisor"))).ShouldContain("conflict");
        (await world.Get<PushTask>().RunAsync(task.Id, "adjuster1", await world.PersonAsync("supervisor"))).ShouldBeOfType<TaskResult.Forbidden>();
        (await Assignees.ReadAsync(world.Database, task.Id, world.Clock.Now())).ShouldNotContain(one => one.UserName == "adjuster1");
        (await TaskList.ReadAsync(world.Database, new() { View = "open" }, adjuster, world.Clock.Now())).Items.ShouldBeEmpty();
        await push.RunAsync();
        (await push.OpenOffersAsync()).ShouldBeEmpty();
        (await world.ScalarAsync<bool>("select bool_or(document::text like '%Excluded%') from distribution_decision")).ShouldBeTrue("and the decision says so");
    }

    [Fact]
    public async Task A_conflict_with_another_customer_keeps_no_one_from_this_ones_work()
    {
        await using var world = await World.CreateAsync();
        await PushWorld.AtAsync(world, "pull");
        var adjuster = await world.PersonAsync("adjuster1");
        await DeclareAsync(world, adjuster, "C-2");
        var task = await world.OpenTaskAsync(await world.StartAsync("one"));

        (await ClaimTask.RunAsync(world.Tasks, Next(task), adjuster)).ShouldBeOfType<TaskResult.Done>();
    }

    [Fact]
    public async Task An_offer_is_withdrawn_when_a_conflict_is_declared_and_lifting_it_brings_the_work_back()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "offer");
        var adjuster = await world.PersonAsync("adjuster1");
        await push.AvailableAsync("adjuster1");
        await world.StartAsync("one");
        await push.RunAsync();
        var (_, offer) = await push.OnlyOfferAsync();

        var conflict = await DeclareAsync(world, adjuster);
        (await push.Answers.AcceptAsync(offer, "op", adjuster)).ShouldBeOfType<AnswerResult.Refused>();
        await push.RunAsync();
        (await push.OpenOffersAsync()).ShouldBeEmpty();
        (await push.Answers.AcceptAsync(offer, "op", adjuster)).ShouldBeOfType<AnswerResult.Over>().State.ShouldBe(OfferState.Withdrawn);

        (
            await Conflicts.LiftAsync(world.Runtime, adjuster.Id, conflict, "They sold the house", await world.PersonAsync("supervisor"))
        ).ShouldBeOfType<ConflictResult.Done>();
        await push.RunAsync();
        (await push.OnlyOfferAsync()).Person.Id.ShouldBe(adjuster.Id);
    }

    [Fact]
    public async Task A_task_that_they_already_have_must_be_done_by_someone_else()
    {
        await using var world = await World.CreateAsync();
        await PushWorld.AtAsync(world, "pull");
        var adjuster = await world.PersonAsync("adjuster1");
        var @case = await world.StartAsync("one");
        await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, Next(await world.OpenTaskAsync(@case)), adjuster));
        await DeclareAsync(world, adjuster);
        (await Conflicts.OfAsync(world.Database, adjuster.Id)).ShouldHaveSingleItem().OpenTasks.ShouldBe(1);

        Reason(await CompleteTask.RunAsync(world.Tasks, Next(await world.OpenTaskAsync(@case)), null, [], adjuster)).ShouldContain("conflict");

        var supervisor = await world.PersonAsync("supervisor");
        await world.DoneAsync(AssignTask.RunAsync(world.Tasks, Next(await world.OpenTaskAsync(@case)), "adjuster2", null, supervisor));
        (await Conflicts.OfAsync(world.Database, adjuster.Id)).ShouldHaveSingleItem().OpenTasks.ShouldBe(0);
    }

    [Fact]
    public async Task A_conflict_is_kept_with_who_declared_and_who_lifted_it_and_why()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var (adjuster, senior, supervisor) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("senior1"), await world.PersonAsync("supervisor"));
        var conflict = await DeclareAsync(world, adjuster);
        (await Conflicts.DeclareAsync(world.Runtime, adjuster.Id, Customer, "Again", supervisor)).ShouldBeOfType<ConflictResult.Exists>();
        (await Conflicts.LiftAsync(world.Runtime, adjuster.Id, conflict, " ", supervisor))
            .ShouldBeOfType<ConflictResult.Invalid>()
            .Errors.Keys.ShouldBe(["reason"]);
        (await Conflicts.LiftAsync(world.Runtime, adjuster.Id, conflict, "Divorced", senior)).ShouldBeOfType<ConflictResult.Done>();
        (await Conflicts.LiftAsync(world.Runtime, adjuster.Id, conflict, "Divorced", senior)).ShouldBeOfType<ConflictResult.NotFound>();

        var kept = (await Conflicts.OfAsync(world.Database, adjuster.Id)).ShouldHaveSingleItem();
        (kept.DeclaredBy, kept.Reason, kept.LiftedBy, kept.LiftReason).ShouldBe(("supervisor", "Married to the customer", "senior1", "Divorced"));
        (await world.ScalarAsync<string>("select string_agg(action, ' ' order by sequence) from event where action like 'person.conflict%'")).ShouldBe(
            "person.conflict-declared person.conflict-lifted"
        );

        // Nobody's own business, and nobody else's than of those who steer the person.
        (await Conflicts.DeclareAsync(world.Runtime, adjuster.Id, "C-9", "x", await world.PersonAsync("closer1"))).ShouldBeOfType<ConflictResult.NotFound>();
        var own = (await Conflicts.DeclareAsync(world.Runtime, supervisor.Id, Customer, "Is the customer", supervisor)).ShouldBeOfType<ConflictResult.Done>();
        (await Conflicts.LiftAsync(world.Runtime, supervisor.Id, own.Id, "I say so", supervisor)).ShouldBeOfType<ConflictResult.OwnConflict>();
        (await Conflicts.DeclareAsync(world.Runtime, adjuster.Id, " ", new string('x', 501), supervisor))
            .ShouldBeOfType<ConflictResult.Invalid>()
            .Errors.Keys.ShouldBe(["customerId", "reason"]);
    }

    private static TaskRequest Next(TaskDetail task) => new(task.Id, task.Revision, $"op-{task.Revision}-{task.Id:N}");

    private static string Reason(TaskResult result) => result.ShouldBeOfType<TaskResult.Forbidden>().Reason;

    private static async Task<Guid> DeclareAsync(World world, Person person, string customer = Customer) =>
        (await Conflicts.DeclareAsync(world.Runtime, person.Id, customer, "Married to the customer", await world.PersonAsync("supervisor")))
            .ShouldBeOfType<ConflictResult.Done>()
            .Id;
}
