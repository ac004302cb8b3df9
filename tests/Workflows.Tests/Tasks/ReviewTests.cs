using System.Text.Json.Nodes;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Reviews;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Tasks;

public sealed class ReviewTests
{
    private const string Form = """{ "type": "object", "properties": { "amount": { "type": "number" } }, "required": ["amount"] }""";

    [Fact]
    public async Task A_second_pair_of_eyes_asks_for_changes_and_then_approves()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync(
            "one",
            ("a", Step.Of("Decide", Step.Outcomes("Approve", "Decline"), Step.Form(Form), ("requiresReview", "Boolean", true))),
            ("b", Step.Of("Pay", Step.Excluding("a")))
        );
        var id = await world.StartAsync("one");
        var (worker, reviewer) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("adjuster2"));
        var desk = await Desk.AtAsync(world, id);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, worker));

        (await CompleteTask.RunAsync(world.Tasks, desk.Next, "Approve", new JsonObject { ["amount"] = 1 }, worker)).ShouldBeOfType<TaskResult.ReviewRequired>();
        (await RequestReview.RunAsync(world.Tasks, desk.Next, "Approve", [], null, worker)).ShouldBeOfType<TaskResult.InvalidData>();
        (
            await RequestReview.RunAsync(world.Tasks, desk.Next, "Approve", new JsonObject { ["amount"] = 1 }, "adjuster1", worker)
        ).ShouldBeOfType<TaskResult.ExcludedByFourEyes>();
        (
            await desk.DoneAsync(RequestReview.RunAsync(world.Tasks, desk.Next, "Approve", new JsonObject { ["amount"] = 1 }, "adjuster2", worker))
        ).State.ShouldBe(TaskState.ReadyForReview);
        (
            await world.ScalarAsync<int>("select count(*) from notification where person_id = @Id and kind = 'task.review-requested'", new { reviewer.Id })
        ).ShouldBe(1);

        // Who was asked has it among their own tasks, and not a second time among those that anyone can take.
        foreach (var (view, count) in new[] { ("mine", 1), ("open", 0), ("next", 1) })
            (await TaskList.ReadAsync(world.Database, new() { View = view }, reviewer, world.Clock.Now())).Items.Count.ShouldBe(count, view);
        var counts = await TaskList.CountAsync(world.Database, reviewer, world.Clock.Now(), world.Clock.Now());
        (counts.Mine, counts.Open).ShouldBe((1, 0));

        (await StartReview.RunAsync(world.Tasks, desk.Next, worker)).ShouldBeOfType<TaskResult.ExcludedByFourEyes>();
        (await StartReview.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("closer1"))).ShouldBeOfType<TaskResult.NotFound>();
        (await desk.DoneAsync(StartReview.RunAsync(world.Tasks, desk.Next, reviewer))).State.ShouldBe(TaskState.InReview);
        (await ApproveReview.RunAsync(world.Tasks, desk.Next, worker)).ShouldBeOfType<TaskResult.Forbidden>();
        (await desk.DoneAsync(RequestChanges.RunAsync(world.Tasks, desk.Next, "too little", reviewer))).ShouldBe(
            new(desk.Task, TaskState.InProgress, 5, worker.Id, null)
        );
        (await world.OpenTaskAsync(id)).Draft!["amount"]!.GetValue<int>().ShouldBe(1);

        await desk.DoneAsync(RequestReview.RunAsync(world.Tasks, desk.Next, "Decline", new JsonObject { ["amount"] = 0 }, null, worker));
        await desk.DoneAsync(StartReview.RunAsync(world.Tasks, desk.Next, reviewer));
        (await desk.DoneAsync(ApproveReview.RunAsync(world.Tasks, desk.Next, reviewer))).ShouldBe(new(desk.Task, TaskState.Completed, 8, worker.Id, "Decline"));

        // Both had their hands in it.
        var next = await Desk.AtAsync(world, id, "b");
        foreach (var person in new[] { worker, reviewer })
            (await ClaimTask.RunAsync(world.Tasks, next.Next, person)).ShouldBeOfType<TaskResult.ExcludedByFourEyes>();
        (await world.ActionsAsync(id)).ShouldBe([
            "task.opened",
            "case.started",
            "task.claimed",
            "task.review-requested",
            "task.review-started",
            "task.changes-requested",
            "task.review-requested",
            "task.review-started",
            "task.opened",
            "task.completed",
        ]);
    }

    [Fact]
    public async Task A_review_waits_for_whoever_could_do_the_task_but_did_not()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Step.Of("Decide")));
        var desk = await Desk.AtAsync(world, await world.StartAsync("one"));
        var (worker, other) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("adjuster2"));
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, worker));
        await desk.DoneAsync(RequestReview.RunAsync(world.Tasks, desk.Next, null, [], null, worker));

        (await TaskList.ReadAsync(world.Database, new() { View = "open" }, worker, world.Clock.Now())).Items.ShouldBeEmpty();
        (await TaskList.ReadAsync(world.Database, new() { View = "open" }, other, world.Clock.Now())).Items.Single().State.ShouldBe(TaskState.ReadyForReview);
        await desk.DoneAsync(StartReview.RunAsync(world.Tasks, desk.Next, other));
        (await TaskList.ReadAsync(world.Database, new(), other, world.Clock.Now())).Items.Single().State.ShouldBe(TaskState.InReview);
        (await desk.DoneAsync(ReleaseTask.RunAsync(world.Tasks, desk.Next, null, other))).State.ShouldBe(TaskState.ReadyForReview);

        // The worker can take it back while no one reviews it.
        (await desk.DoneAsync(StartTask.RunAsync(world.Tasks, desk.Next, worker))).State.ShouldBe(TaskState.InProgress);
        (await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], worker))).State.ShouldBe(TaskState.Completed);
    }

    [Fact]
    public async Task A_case_that_goes_another_way_takes_its_review_along()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Step.Of("Decide")));
        var id = await world.StartAsync("one");
        var desk = await Desk.AtAsync(world, id);
        var worker = await world.PersonAsync("adjuster1");
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, worker));
        await desk.DoneAsync(RequestReview.RunAsync(world.Tasks, desk.Next, null, [], "adjuster2", worker));
        (await Workflows.Cases.CancelCase.RunAsync(world.Runtime, id, "withdrawn", await world.PersonAsync("supervisor"))).ShouldBe(
            Workflows.Cases.CancelCaseResult.Cancelled
        );
        (await world.ScalarAsync<string>("select state from task")).ShouldBe("Cancelled");
    }
}
