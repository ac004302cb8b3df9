using FsCheck;
using FsCheck.Fluent;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Reviews;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Calendars;

namespace Orchestration.Workflows.Tests.Tasks;

/// <summary>Random sequences of verbs by random people on a task in the real database, against a small model that restates the rules.</summary>
public sealed class TaskLaws
{
    // Two adjusters, their lead (who also supervises), and an outsider.
    private static readonly string[] People = ["adjuster1", "adjuster2", "senior1", "closer1"];
    private static readonly TaskVerb[] Verbs = Enum.GetValues<TaskVerb>();

    /// <summary>One request.</summary>
    /// <param name="Verb">What.</param>
    /// <param name="By">The actor.</param>
    /// <param name="Whom">The subject, if the verb has one.</param>
    /// <param name="How">0: with a revision that is out of date; 1: the last request once more; else as it should be.</param>
    private sealed record Ask(TaskVerb Verb, int By, int Whom, int How);

    [Fact]
    public async Task Whatever_is_asked_in_whatever_order_the_task_does_what_the_model_does()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Step.Of("Check", Step.Outcomes("Done", "Skip", "Cancelled", "Failed"), ("skipOutcome", "String", "Skip"))));
        var people = new List<Person>();
        foreach (var name in People)
            people.Add(await world.PersonAsync(name));
        var cases = 0;

        // Owner's and lead's verbs are asked by whoever may more often than not, so that sequences get somewhere.
        var ask =
            from verb in Gen.Elements(Verbs)
            from @by in Gen.Frequency((3, Gen.Constant(0)), (2, Gen.Constant(1)), (3, Gen.Constant(2)), (1, Gen.Constant(3)))
            from whom in Gen.Choose(0, 3)
            from how in Gen.Choose(0, 19)
            select new Ask(verb, @by, whom, how);
        Laws.Hold(ask.ArrayOf(40), asks => RunAsync(world, people, asks, ++cases).GetAwaiter().GetResult(), oneOf: 20);
    }

    private static async Task RunAsync(World world, List<Person> people, Ask[] asks, int number)
    {
        var instance = await world.StartAsync("one", $"REF-{number}");
        var id = (await world.OpenTaskAsync(instance)).Id;
        var model = new Model();
        var told = new List<string> { "task.opened", "case.started" };
        (TaskRequest Request, Ask Ask, TaskAnswer Answer)? last = null;

        for (var i = 0; i < asks.Length; i++)
        {
            var ask = asks[i];
            if (ask.How == 1 && last is { } before)
            {
                (await world.DoneAsync(DoAsync(world, before.Ask, before.Request, people))).ShouldBe(before.Answer);
                continue;
            }

            var stale = ask.How == 0;
            var request = new TaskRequest(id, model.Revision - (stale ? 1 : 0), $"{number}-{i}");
            var result = await DoAsync(world, ask, request, people);
            var (state, ended) = (model.State, model.State.IsTerminal());
            if (!stale && model.Do(ask.Verb, ask.By, ask.Whom) is { } action)
            {
                var answer = result.ShouldBeOfType<TaskResult.Done>($"{i}: {ask} in {state}").Answer;
                answer.ShouldBe(
                    new(id, model.State, model.Revision, model.Owner is { } owner ? people[owner].Id : null, model.Outcome),
                    $"{i}: {ask} in {state}"
                );
                TaskLifeCycle.Allows(state, ask.Verb).ShouldBeTrue();
                if (TaskLifeCycle.LeadsTo(ask.Verb) is { Count: > 0 } to)
                    to.ShouldContain(model.State);
                told.Add(action);
                last = (request, ask, answer);
            }
            else
            {
                result.ShouldNotBeOfType<TaskResult.Done>($"{i}: {ask} in {state}");
                if (!model.Concerns(ask.By))
                    result.ShouldBeOfType<TaskResult.NotFound>($"{i}: {ask} in {state}");
                else if (ended)
                    result.ShouldBeOfType<TaskResult.AlreadyEnded>().State.ShouldBe(state);
            }
        }

        // History tells the same story, the row says the same, and a task that ended did so once and left nothing waiting.
        (await world.ActionsAsync(instance)).ShouldBe(told);
        told.Count(a => a is "task.completed" or "task.skipped" or "task.failed" or "task.cancelled").ShouldBe(model.State.IsTerminal() ? 1 : 0);
        (await world.ScalarAsync<string>("select state from task where id = @id", new { id })).ShouldBe(model.State.ToString());
        (await world.ScalarAsync<int>("select revision from task where id = @id", new { id })).ShouldBe(model.Revision);
        (await world.ScalarAsync<int>("select count(*) from bookmark where instance_id = @instance", new { instance })).ShouldBe(
            model.State.IsTerminal() ? 0 : 1
        );
        (await world.ScalarAsync<string>("select sub_status from workflow_instance where id = @instance", new { instance })).ShouldBe(
            model.State.IsTerminal() ? "Finished" : "Suspended"
        );
    }

    private static Task<TaskResult> DoAsync(World world, Ask ask, TaskRequest request, List<Person> people)
    {
        var (desk, me, whom) = (world.Tasks, people[ask.By], People[ask.Whom]);
        return ask.Verb switch
        {
            TaskVerb.Claim => ClaimTask.RunAsync(desk, request, me),
            TaskVerb.TakeOver => TakeOverTask.RunAsync(desk, request, me),
            TaskVerb.Start => StartTask.RunAsync(desk, request, me),
            TaskVerb.Stop => StopTask.RunAsync(desk, request, me),
            TaskVerb.Release => ReleaseTask.RunAsync(desk, request, null, me),
            TaskVerb.Assign => AssignTask.RunAsync(desk, request, whom, null, me),
            TaskVerb.Delegate => DelegateTask.RunAsync(desk, request, whom, null, me),
            TaskVerb.Forward => ForwardTask.RunAsync(desk, request, null, whom, null, me),
            TaskVerb.Suspend => SuspendTask.RunAsync(desk, request, "waitingForCustomer", null, null, me),
            TaskVerb.Resume => ResumeTask.RunAsync(desk, request, me),
            TaskVerb.Prioritize => PrioritizeTask.RunAsync(desk, request, 1 + ask.Whom, null, me),
            TaskVerb.Comment => CommentOnTask.RunAsync(desk, request, "Well", me),
            TaskVerb.Attach => AttachToTask.RunAsync(desk, request, "a.txt", null, "text"u8.ToArray(), me),
            TaskVerb.RequestReview => RequestReview.RunAsync(desk, request, "Done", [], null, me),
            TaskVerb.StartReview => StartReview.RunAsync(desk, request, me),
            TaskVerb.ApproveReview => ApproveReview.RunAsync(desk, request, me),
            TaskVerb.RequestChanges => RequestChanges.RunAsync(desk, request, "more", me),
            TaskVerb.Complete => CompleteTask.RunAsync(desk, request, "Done", [], me),
            TaskVerb.Skip => SkipTask.RunAsync(desk, request, "small", me),
            TaskVerb.Return => ReturnTask.RunAsync(desk, request, "a", "incomplete", null, me),
            TaskVerb.Fail => FailTask.RunAsync(desk, request, "no answer", me),
            _ => CancelTask.RunAsync(desk, request, "duplicate", me),
        };
    }

    /// <summary>The rules, in the words of docs/tasks.md.</summary>
    private sealed class Model
    {
        private const int Lead = 2;
        private readonly HashSet<int> _candidates = [0, 1, 2];
        private readonly HashSet<int> _gaveUp = [],
            _worked = [];
        private TaskState _back;
        private int? _reviewer;

        public TaskState State { get; private set; } = TaskState.Ready;
        public int Revision { get; private set; } = 1;
        public int? Owner { get; private set; }
        public string? Outcome { get; private set; }

        private bool Open => State is TaskState.Ready;
        private bool Owned => State is TaskState.Reserved or TaskState.InProgress;
        private bool AtWork => Open || Owned;

        /// <summary>The verb according to history, or null if it was refused.</summary>
        public string? Do(TaskVerb verb, int me, int whom)
        {
            var mine = Owner == me;
            var steer = me == Lead || mine;
            return verb switch
            {
                TaskVerb.Claim when Open && MayTake(me) => Go("task.claimed", TaskState.Reserved, me),
                TaskVerb.Start when mine && (State is TaskState.Reserved or TaskState.ReadyForReview) => Worked(
                    me,
                    Go("task.started", TaskState.InProgress, me),
                    reviewer: null
                ),
                TaskVerb.Stop when mine && State == TaskState.InProgress => Go("task.stopped", TaskState.Reserved, me),
                TaskVerb.Release when steer && Owned => Go("task.released", TaskState.Ready, null),
                TaskVerb.Release when State == TaskState.InReview && (me == Lead || _reviewer == me) => Review(
                    "task.review-released",
                    TaskState.ReadyForReview,
                    null
                ),
                TaskVerb.Assign when me == Lead && AtWork && _candidates.Contains(whom) => Go("task.assigned", TaskState.Reserved, whom),
                TaskVerb.Delegate when mine && Owned && whom != me && MayTake(whom) => Worked(me, Go("task.delegated", TaskState.Reserved, whom)),
                TaskVerb.Forward when AtWork && whom != me && (steer || (Open && MayTake(me))) => Forward(me, whom, gives: mine || (Open && MayTake(me))),
                TaskVerb.Suspend when steer && AtWork => Suspend(),
                TaskVerb.Resume when steer && State == TaskState.Suspended => Go("task.resumed", _back, Owner),
                TaskVerb.Prioritize when me == Lead && !State.IsTerminal() => Go("task.prioritized", State, Owner),
                TaskVerb.Comment when !State.IsTerminal() && Concerns(me) => "task.commented",
                TaskVerb.Attach when !State.IsTerminal() && Concerns(me) => "task.attached",
                TaskVerb.RequestReview when mine && Owned => Worked(me, Go("task.review-requested", TaskState.ReadyForReview, me), reviewer: null),
                TaskVerb.StartReview when State == TaskState.ReadyForReview && MayReview(me) => Review("task.review-started", TaskState.InReview, me),
                TaskVerb.ApproveReview when State == TaskState.InReview && _reviewer == me => End("task.completed", TaskState.Completed, "Done", Owner),
                TaskVerb.RequestChanges when State == TaskState.InReview && _reviewer == me => Review("task.changes-requested", TaskState.InProgress, null),
                TaskVerb.Complete when mine && Owned => End("task.completed", TaskState.Completed, "Done", me),
                TaskVerb.Skip when steer && (AtWork || State == TaskState.Suspended) => End("task.skipped", TaskState.Skipped, "Skip", Owner),
                TaskVerb.Fail when mine && State == TaskState.InProgress => End("task.failed", TaskState.Failed, null, me),
                TaskVerb.Cancel when me == Lead && !State.IsTerminal() => End("task.cancelled", TaskState.Cancelled, null, null),
                _ => null,
            };
        }

        private bool MayTake(int who) => _candidates.Contains(who) && !_gaveUp.Contains(who);

        private bool MayReview(int who) => Owner != who && !_worked.Contains(who) && (who == Lead || MayTake(who));

        public bool Concerns(int who) => who == Lead || _candidates.Contains(who) || _worked.Contains(who);

        private string Go(string action, TaskState state, int? owner)
        {
            (State, Owner) = (state, owner);
            Revision++;
            return action;
        }

        private string Worked(int who, string action)
        {
            _worked.Add(who);
            return action;
        }

        private string Worked(int who, string action, int? reviewer)
        {
            _reviewer = reviewer;
            return Worked(who, action);
        }

        private string Review(string action, TaskState state, int? reviewer)
        {
            _reviewer = reviewer;
            return Go(action, state, Owner);
        }

        private string Suspend()
        {
            _back = State;
            return Go("task.suspended", TaskState.Suspended, Owner);
        }

        private string Forward(int me, int whom, bool gives)
        {
            if (gives)
                _gaveUp.Add(me);
            _gaveUp.Remove(whom);
            _candidates.Add(whom);
            return Go("task.forwarded", TaskState.Ready, null);
        }

        private string End(string action, TaskState state, string? outcome, int? owner)
        {
            Outcome = outcome;
            return Go(action, state, owner);
        }
    }
}
