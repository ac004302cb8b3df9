using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Tasks;

public sealed class TaskLifeTests
{
    private static readonly string One = Step.Of("Check the cover");
    private static readonly string Second = Step.Of("Approve", Step.Outcomes("Approve", "Decline"), Step.Excluding("a"));

    [Fact]
    public async Task Stopped_work_is_still_the_owner_s_and_still_counts_for_four_eyes()
    {
        await using var world = await World.CreateAsync();
        var (id, desk, adjuster) = await ClaimedAsync(world, ("a", One), ("b", Second));
        await desk.DoneAsync(StartTask.RunAsync(world.Tasks, desk.Next, adjuster));
        (await desk.DoneAsync(StopTask.RunAsync(world.Tasks, desk.Next, adjuster))).ShouldBe(new(desk.Task, TaskState.Reserved, 4, adjuster.Id, null));
        await desk.DoneAsync(ReleaseTask.RunAsync(world.Tasks, desk.Next, null, adjuster));
        var other = await world.PersonAsync("adjuster2");
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, other));
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], other));

        var next = await Desk.AtAsync(world, id);
        foreach (var person in new[] { adjuster, other })
            (await ClaimTask.RunAsync(world.Tasks, next.Next, person)).ShouldBeOfType<TaskResult.ExcludedByFourEyes>();
    }

    [Fact]
    public async Task A_delegate_becomes_the_owner_and_both_count_for_four_eyes()
    {
        await using var world = await World.CreateAsync();
        var (id, desk, adjuster) = await ClaimedAsync(world, ("a", One), ("b", Second));
        var other = await world.PersonAsync("adjuster2");
        (await DelegateTask.RunAsync(world.Tasks, desk.Next, "adjuster2", null, other)).ShouldBeOfType<TaskResult.Forbidden>();
        (await DelegateTask.RunAsync(world.Tasks, desk.Next, "closer1", null, adjuster)).ShouldBeOfType<TaskResult.Forbidden>();
        (await DelegateTask.RunAsync(world.Tasks, desk.Next, "adjuster1", null, adjuster)).ShouldBeOfType<TaskResult.InvalidRequest>();
        (await DelegateTask.RunAsync(world.Tasks, desk.Next, "nobody", null, adjuster)).ShouldBeOfType<TaskResult.InvalidRequest>().Field.ShouldBe("person");

        (await desk.DoneAsync(DelegateTask.RunAsync(world.Tasks, desk.Next, "adjuster2", "you know them", adjuster))).OwnerId.ShouldBe(other.Id);
        (await world.OpenTaskAsync(id)).DelegatedBy.ShouldBe("Daniel Brandt");
        (await world.ScalarAsync<int>("select count(*) from notification where person_id = @Id and kind = 'task.delegated'", new { other.Id })).ShouldBe(1);
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], other));
        var next = await Desk.AtAsync(world, id);
        foreach (var person in new[] { adjuster, other })
            (await ClaimTask.RunAsync(world.Tasks, next.Next, person)).ShouldBeOfType<TaskResult.ExcludedByFourEyes>();
    }

    [Fact]
    public async Task A_return_opens_the_step_of_its_own_branch_and_leaves_the_same_step_beside_it_alone()
    {
        await using var world = await World.CreateAsync();
        var id = await StartTwoBranchesAsync(world);
        var (one, two) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("adjuster2"));
        var open = (
            await TaskList.ReadAsync(world.Database, new() { View = "all", CaseId = id }, await world.PersonAsync("supervisor"), world.Clock.Now())
        ).Items;
        var (mine, theirs) = (new Desk(world, open[0].Id, 1), new Desk(world, open[1].Id, 1));
        await theirs.DoneAsync(ClaimTask.RunAsync(world.Tasks, theirs.Next, two));
        (await SaveDraft.RunAsync(world.Database, theirs.Task, null, new JsonObject { ["typed"] = "by two" }, two)).ShouldBeTrue();

        await mine.DoneAsync(ClaimTask.RunAsync(world.Tasks, mine.Next, one));
        await mine.DoneAsync(CompleteTask.RunAsync(world.Tasks, mine.Next, null, new JsonObject { ["typed"] = "by one" }, one));
        var second = await Desk.AtAsync(world, id, "b");
        await second.DoneAsync(ClaimTask.RunAsync(world.Tasks, second.Next, one));
        await second.DoneAsync(ReturnTask.RunAsync(world.Tasks, second.Next, "a", "incomplete", null, one));

        (await world.ScalarAsync<string>("select draft::text from task where id = @Task", new { theirs.Task })).ShouldBe("""{"typed":"by two"}""");
        (await world.ScalarAsync<int>("select count(*)::int from task_comment where task_id = @Task", new { theirs.Task })).ShouldBe(0);
        (
            await world.ScalarAsync<string>("select draft::text from task where activity_id = 'a' and ended_at is null and id <> @Task", new { theirs.Task })
        ).ShouldBe("""{"typed":"by one"}""");
    }

    [Fact]
    public async Task Whoever_forwards_a_task_gives_up_their_own_eligibility()
    {
        await using var world = await World.CreateAsync();
        var (id, desk, adjuster) = await ClaimedAsync(world, ("a", One));
        (await ForwardTask.RunAsync(world.Tasks, desk.Next, "no-such-team", null, null, adjuster))
            .ShouldBeOfType<TaskResult.InvalidRequest>()
            .Field.ShouldBe("team");
        (await ForwardTask.RunAsync(world.Tasks, desk.Next, "claims-payments", "adjuster2", null, adjuster)).ShouldBeOfType<TaskResult.InvalidRequest>();

        (await desk.DoneAsync(ForwardTask.RunAsync(world.Tasks, desk.Next, null, "closer1", "a lawyer should look", adjuster))).State.ShouldBe(TaskState.Ready);
        (await ClaimTask.RunAsync(world.Tasks, desk.Next, adjuster)).ShouldBeOfType<TaskResult.Forbidden>();
        (await TaskList.ReadAsync(world.Database, new() { View = "open" }, adjuster, world.Clock.Now())).Items.ShouldBeEmpty();
        var closer = await world.PersonAsync("closer1");
        (await TaskList.ReadAsync(world.Database, new() { View = "open" }, closer, world.Clock.Now())).Items.Single().Id.ShouldBe(desk.Task);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, closer));

        await desk.DoneAsync(ForwardTask.RunAsync(world.Tasks, desk.Next, "claims-payments", null, null, closer));
        (await world.OpenTaskAsync(id)).Team.ShouldBe("claims-payments");
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("adjuster2")));
    }

    [Fact]
    public async Task A_suspended_task_stands_still_with_its_clock_and_comes_back_by_itself()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var (id, desk, adjuster) = await ClaimedAsync(world, ("a", Step.Of("Check", ("slaPolicy", "String", "claims-coverage-check"))));
        var due = (await world.OpenTaskAsync(id)).DueAt.ShouldNotBeNull();
        var until = world.Clock.Now() + Duration.FromDays(14);

        (await desk.DoneAsync(SuspendTask.RunAsync(world.Tasks, desk.Next, "waitingForCustomer", until, "photos", adjuster))).State.ShouldBe(
            TaskState.Suspended
        );
        var waiting = await world.OpenTaskAsync(id);
        (waiting.DueAt, waiting.SuspendedReason, waiting.OwnerId).ShouldBe((null, "waitingForCustomer", adjuster.Id));
        (await world.ScalarAsync<string>("select status from sla_clock")).ShouldBe("Paused");
        (await CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], adjuster)).ShouldBeOfType<TaskResult.WrongState>();

        var sweep = world.Get<ResumeSuspended>();
        (await sweep.SweepAsync(10)).ShouldBe(0);
        world.Clock.Set(until);
        (await Task.WhenAll(sweep.SweepAsync(10), sweep.SweepAsync(10))).Sum().ShouldBe(1);
        (await sweep.SweepAsync(10)).ShouldBe(0);
        var back = await world.OpenTaskAsync(id);
        (back.State, back.OwnerId, back.SuspendedReason).ShouldBe((TaskState.Reserved, adjuster.Id, null));
        back.DueAt.ShouldNotBeNull().ShouldBeGreaterThan(due);
        (await world.ScalarAsync<string>("select status from sla_clock")).ShouldBe("Running");
        (await world.ActionsAsync(id)).TakeLast(4).ShouldBe(["sla.paused", "task.suspended", "sla.resumed", "task.resumed"]);
        (await world.ScalarAsync<int>("select count(*) from notification where person_id = @Id and kind = 'task.resumed'", new { adjuster.Id })).ShouldBe(1);
        (await world.ScalarAsync<int>("select count(*) from deadline where kind = 'task-resume'")).ShouldBe(0);
    }

    [Fact]
    public async Task A_reason_the_policy_does_not_know_stops_no_clock_and_a_suspended_task_is_resumed_by_hand()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var (id, desk, adjuster) = await ClaimedAsync(world, ("a", Step.Of("Check", ("slaPolicy", "String", "claims-coverage-check"))));
        var due = (await world.OpenTaskAsync(id)).DueAt;
        (await SuspendTask.RunAsync(world.Tasks, desk.Next, " ", null, null, adjuster)).ShouldBeOfType<TaskResult.InvalidRequest>();
        (await SuspendTask.RunAsync(world.Tasks, desk.Next, "lunch", world.Clock.Now(), null, adjuster))
            .ShouldBeOfType<TaskResult.InvalidRequest>()
            .Field.ShouldBe("until");

        await desk.DoneAsync(SuspendTask.RunAsync(world.Tasks, desk.Next, "lunch", world.Clock.Now() + Duration.FromHours(1), null, adjuster));
        (await world.OpenTaskAsync(id)).DueAt.ShouldBe(due);
        (await ResumeTask.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("adjuster2"))).ShouldBeOfType<TaskResult.Forbidden>();
        (await desk.DoneAsync(ResumeTask.RunAsync(world.Tasks, desk.Next, adjuster))).State.ShouldBe(TaskState.Reserved);
        (await world.ScalarAsync<int>("select count(*) from deadline where kind = 'task-resume'")).ShouldBe(0);
    }

    [Fact]
    public async Task The_ladder_does_not_take_a_suspended_task_out_of_its_wait()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var (id, desk, adjuster) = await ClaimedAsync(world, ("a", Step.Of("Check", ("slaDuration", "String", "PT8H"), ("slaUnit", "String", "elapsed"))));
        await desk.DoneAsync(SuspendTask.RunAsync(world.Tasks, desk.Next, "waitingForCustomer", null, null, adjuster));
        world.Clock.Advance(Duration.FromHours(9));
        (await world.Get<Escalate>().SweepAsync(10)).ShouldBe(1);
        var task = await world.OpenTaskAsync(id);
        (task.State, task.OwnerId, task.Breached, task.Priority).ShouldBe((TaskState.Suspended, adjuster.Id, true, (short)2));
    }

    [Fact]
    public async Task A_step_is_skipped_by_its_own_outcome_and_only_where_it_allows_that()
    {
        await using var world = await World.CreateAsync();
        var (id, desk, adjuster) = await ClaimedAsync(
            world,
            ("a", Step.Of("Inspect", Step.Outcomes("Done", "NotNeeded"), ("skipOutcome", "String", "NotNeeded"))),
            ("b", One)
        );
        (await SkipTask.RunAsync(world.Tasks, desk.Next, "", adjuster)).ShouldBeOfType<TaskResult.InvalidRequest>();
        (await desk.DoneAsync(SkipTask.RunAsync(world.Tasks, desk.Next, "small loss", adjuster))).ShouldBe(
            new(desk.Task, TaskState.Skipped, 3, adjuster.Id, "NotNeeded")
        );
        var next = await Desk.AtAsync(world, id, "b");
        (await SkipTask.RunAsync(world.Tasks, next.Next, "small loss", await world.PersonAsync("supervisor")))
            .ShouldBeOfType<TaskResult.Forbidden>()
            .Reason.ShouldContain("skipped");
    }

    [Fact]
    public async Task What_can_not_be_done_fails_by_the_step_s_outcome_or_becomes_an_incident()
    {
        await using var world = await World.CreateAsync();
        var (id, desk, adjuster) = await ClaimedAsync(world, ("a", Step.Of("Call", Step.Outcomes("Done", "Failed"))), ("b", One));
        (await FailTask.RunAsync(world.Tasks, desk.Next, "no answer", adjuster)).ShouldBeOfType<TaskResult.WrongState>();
        await desk.DoneAsync(StartTask.RunAsync(world.Tasks, desk.Next, adjuster));
        (await desk.DoneAsync(FailTask.RunAsync(world.Tasks, desk.Next, "no answer", adjuster))).State.ShouldBe(TaskState.Failed);

        var next = await Desk.AtAsync(world, id, "b");
        await next.DoneAsync(ClaimTask.RunAsync(world.Tasks, next.Next, adjuster));
        await next.DoneAsync(StartTask.RunAsync(world.Tasks, next.Next, adjuster));
        await next.DoneAsync(FailTask.RunAsync(world.Tasks, next.Next, "file is lost", adjuster));
        (await CaseQueries.FindAsync(world.Runtime, id, await world.PersonAsync("supervisor")))!.Incidents.Single().Message.ShouldContain("file is lost");
    }

    [Fact]
    public async Task The_priority_is_changed_by_whoever_steers_the_team()
    {
        await using var world = await World.CreateAsync();
        var (id, desk, adjuster) = await ClaimedAsync(world, ("a", One));
        (await PrioritizeTask.RunAsync(world.Tasks, desk.Next, 1, null, adjuster)).ShouldBeOfType<TaskResult.Forbidden>();
        var lead = await world.PersonAsync("senior1");
        (await PrioritizeTask.RunAsync(world.Tasks, desk.Next, 6, null, lead)).ShouldBeOfType<TaskResult.InvalidRequest>();
        await desk.DoneAsync(PrioritizeTask.RunAsync(world.Tasks, desk.Next, 1, "VIP", lead));
        (await world.OpenTaskAsync(id)).Priority.ShouldBe((short)1);
    }

    [Fact]
    public async Task A_case_goes_back_to_an_earlier_step_which_opens_anew_with_what_was_entered()
    {
        await using var world = await World.CreateAsync();
        var (id, desk, adjuster) = await ClaimedAsync(world, ("a", One), ("b", Second), ("c", One));
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, new JsonObject { ["amount"] = 12 }, adjuster));
        var (second, lead) = (await Desk.AtAsync(world, id, "b"), await world.PersonAsync("senior1"));
        await second.DoneAsync(ClaimTask.RunAsync(world.Tasks, second.Next, lead));
        (await ReturnTask.RunAsync(world.Tasks, second.Next, "c", "incomplete", null, lead)).ShouldBeOfType<TaskResult.InvalidRequest>().Field.ShouldBe("step");
        (await ReturnTask.RunAsync(world.Tasks, second.Next, "b", "incomplete", null, lead)).ShouldBeOfType<TaskResult.InvalidRequest>();
        (await ReturnTask.RunAsync(world.Tasks, second.Next, "a", "because", null, lead)).ShouldBeOfType<TaskResult.InvalidRequest>().Field.ShouldBe("reason");
        (
            await ReturnTask.RunAsync(world.Tasks, second.Next, "a", "incomplete", null, await world.PersonAsync("adjuster2"))
        ).ShouldBeOfType<TaskResult.Forbidden>();

        (await second.DoneAsync(ReturnTask.RunAsync(world.Tasks, second.Next, "a", "incomplete", "the invoice", lead))).State.ShouldBe(TaskState.Cancelled);
        var again = await world.OpenTaskAsync(id);
        (again.StepId, again.State).ShouldBe(("a", TaskState.Ready));
        again.Draft!["amount"]!.GetValue<int>().ShouldBe(12);
        (await world.ScalarAsync<string>("select body from task_comment where task_id = @Id", new { again.Id })).ShouldBe(
            "Returned from “Approve”: incomplete. the invoice"
        );
        (await world.ScalarAsync<int>("select count(*) from notification where person_id = @Id and kind = 'task.returned'", new { adjuster.Id })).ShouldBe(1);

        // Its way forward runs anew, and everybody who worked on any of it still counts.
        var first = await Desk.AtAsync(world, id);
        await first.DoneAsync(ClaimTask.RunAsync(world.Tasks, first.Next, await world.PersonAsync("adjuster2")));
        await first.DoneAsync(CompleteTask.RunAsync(world.Tasks, first.Next, null, [], await world.PersonAsync("adjuster2")));
        var third = await Desk.AtAsync(world, id, "b");
        (await ClaimTask.RunAsync(world.Tasks, third.Next, adjuster)).ShouldBeOfType<TaskResult.ExcludedByFourEyes>();
        await third.DoneAsync(ClaimTask.RunAsync(world.Tasks, third.Next, lead));
        await third.DoneAsync(CompleteTask.RunAsync(world.Tasks, third.Next, "Approve", [], lead));
        (await world.OpenTaskAsync(id)).StepId.ShouldBe("c");
    }

    [Fact]
    public async Task A_return_brings_back_what_was_entered_in_its_own_branch()
    {
        await using var world = await World.CreateAsync();
        var id = await StartTwoBranchesAsync(world);
        var (one, two, lead) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("adjuster2"), await world.PersonAsync("senior1"));
        var open = (await TaskList.ReadAsync(world.Database, new() { View = "all", CaseId = id }, lead, world.Clock.Now())).Items;
        await EnterAsync(open[0].Id, one);
        var second = await Desk.AtAsync(world, id, "b");
        world.Clock.Advance(Duration.FromMinutes(1));
        await EnterAsync(open[1].Id, two);

        await second.DoneAsync(ClaimTask.RunAsync(world.Tasks, second.Next, lead));
        await second.DoneAsync(ReturnTask.RunAsync(world.Tasks, second.Next, "a", "incomplete", null, lead));
        (await world.OpenTaskAsync(id, "a")).Draft!["by"]!.GetValue<string>().ShouldBe("adjuster1");
        (await world.ScalarAsync<string>("select p.user_name from notification n join person p on p.id = n.person_id where n.kind = 'task.returned'")).ShouldBe(
            "adjuster1"
        );

        async Task EnterAsync(Guid task, Person person)
        {
            var desk = new Desk(world, task, 1);
            await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, person));
            await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, new JsonObject { ["by"] = person.UserName }, person));
        }
    }

    [Fact]
    public async Task Bulk_answers_per_item_and_never_fails_as_a_whole()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", One));
        var tasks = new List<TaskDetail>();
        for (var i = 0; i < 3; i++)
            tasks.Add(await world.OpenTaskAsync(await world.StartAsync("one", $"REF-{i}")));
        var adjuster = await world.PersonAsync("adjuster1");
        await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(tasks[1].Id, 1, "before"), await world.PersonAsync("adjuster2")));
        BulkItem[] items =
        [
            new(tasks[0].Id, 1),
            new(tasks[1].Id, 1),
            new(Orchestration.Engine.Storage.Ids.New(world.Clock.GetCurrentInstant()), 1),
            new(tasks[2].Id, 1),
        ];

        for (var again = 0; again < 2; again++)
        {
            var answers = await BulkTasks.RunAsync(items, "bulk", request => ClaimTask.RunAsync(world.Tasks, request, adjuster));
            answers.Select(a => a.Id).ShouldBe(items.Select(i => i.Id));
            answers
                .Select(a => a.Result.GetType())
                .ShouldBe([typeof(TaskResult.Done), typeof(TaskResult.StaleRevision), typeof(TaskResult.NotFound), typeof(TaskResult.Done)]);
        }

        (await world.ScalarAsync<int>("select count(*) from event where action = 'task.claimed'")).ShouldBe(3);
    }

    [Fact]
    public async Task Every_verb_on_a_task_that_ended_says_how_it_ended()
    {
        await using var world = await World.CreateAsync();
        var (_, desk, adjuster) = await ClaimedAsync(world, ("a", One));
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], adjuster));
        foreach (var verb in Enum.GetValues<TaskVerb>())
            (await AskAsync(world, verb, desk.Next, adjuster)).ShouldBeOfType<TaskResult.AlreadyEnded>(verb.ToString()).EndedBy.ShouldBe("adjuster1");
    }

    /// <summary>Sends a verb with the minimum it needs.</summary>
    private static Task<TaskResult> AskAsync(World world, TaskVerb verb, TaskRequest request, Person actor) =>
        verb switch
        {
            TaskVerb.Claim => ClaimTask.RunAsync(world.Tasks, request, actor),
            TaskVerb.TakeOver => TakeOverTask.RunAsync(world.Tasks, request, actor),
            TaskVerb.Start => StartTask.RunAsync(world.Tasks, request, actor),
            TaskVerb.Stop => StopTask.RunAsync(world.Tasks, request, actor),
            TaskVerb.Release => ReleaseTask.RunAsync(world.Tasks, request, null, actor),
            TaskVerb.Assign => AssignTask.RunAsync(world.Tasks, request, "adjuster2", null, actor),
            TaskVerb.Delegate => DelegateTask.RunAsync(world.Tasks, request, "adjuster2", null, actor),
            TaskVerb.Forward => ForwardTask.RunAsync(world.Tasks, request, "claims-payments", null, null, actor),
            TaskVerb.Suspend => SuspendTask.RunAsync(world.Tasks, request, "waitingForCustomer", null, null, actor),
            TaskVerb.Resume => ResumeTask.RunAsync(world.Tasks, request, actor),
            TaskVerb.Prioritize => PrioritizeTask.RunAsync(world.Tasks, request, 2, null, actor),
            TaskVerb.Comment => Workflows.Tasks.Notes.CommentOnTask.RunAsync(world.Tasks, request, "Hello", actor),
            TaskVerb.Attach => Workflows.Tasks.Notes.AttachToTask.RunAsync(world.Tasks, request, "note.txt", "text/plain", "hello"u8.ToArray(), actor),
            TaskVerb.RequestReview => Workflows.Tasks.Reviews.RequestReview.RunAsync(world.Tasks, request, null, [], null, actor),
            TaskVerb.StartReview => Workflows.Tasks.Reviews.StartReview.RunAsync(world.Tasks, request, actor),
            TaskVerb.ApproveReview => Workflows.Tasks.Reviews.ApproveReview.RunAsync(world.Tasks, request, actor),
            TaskVerb.RequestChanges => Workflows.Tasks.Reviews.RequestChanges.RunAsync(world.Tasks, request, "more", actor),
            TaskVerb.Complete => CompleteTask.RunAsync(world.Tasks, request, null, [], actor),
            TaskVerb.Skip => SkipTask.RunAsync(world.Tasks, request, "small", actor),
            TaskVerb.Return => ReturnTask.RunAsync(world.Tasks, request, "a", "incomplete", null, actor),
            TaskVerb.Fail => FailTask.RunAsync(world.Tasks, request, "no answer", actor),
            _ => CancelTask.RunAsync(world.Tasks, request, "duplicate", actor),
        };

    private static async Task<(Guid Case, Desk Desk, Person Adjuster)> ClaimedAsync(World world, params (string, string)[] steps)
    {
        await world.PublishAsync("journey", steps);
        var id = await world.StartAsync("journey");
        var adjuster = await world.PersonAsync("adjuster1");
        var desk = await Desk.AtAsync(world, id);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, adjuster));
        return (id, desk, adjuster);
    }

    /// <summary>A case whose two branches have the same two steps, a and b.</summary>
    private static async Task<Guid> StartTwoBranchesAsync(World world)
    {
        (
            await world.Runtime.Definitions.PublishAsync(
                new(
                    "each",
                    System.Text.Encoding.UTF8.GetBytes(
                        $$"""
                        { "definitionId": "each", "name": "each", "root": { "id": "root", "type": "Elsa.ParallelForEach", "version": 1,
                          "items": { "typeName": "Object", "expression": { "type": "JavaScript", "value": "['one', 'two']" } },
                          "body": { "id": "body", "type": "Elsa.Sequence", "version": 1, "activities": [
                            { "id": "a", "type": "Orchestration.HumanTask", "version": 1, {{One}} },
                              { "id": "b", "type": "Orchestration.HumanTask", "version": 1, {{Step.Of(
                            "Approve"
                        )}} } ] } } }
                        """
                    ),
                    "designer"
                ),
                "test",
                world.Clock.Now()
            )
        ).ShouldBeOfType<PublishResult.Published>();
        return await world.StartAsync("each");
    }
}
