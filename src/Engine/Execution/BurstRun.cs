using NodaTime;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>
/// One burst while it runs: a queue of activities to run, first in, first out across branches, until it is empty.
/// Follows the order in which Elsa runs, signals, cancels and records; a comment marks every difference.
/// </summary>
internal sealed partial class BurstRun
{
    private readonly Queue<WorkItem> _queue = new();
    private readonly HashSet<string>? _bookmarksBefore;
    private readonly ActivityScope _scope;
    private Bookmark? _resumed;
    private ActivityExecution? _left;
    private bool _resume;
    private readonly BurstRun _outermost;
    private int _steps;
    private bool _hasTransientOutputs;
    private bool _containerEnded;
    private bool _completesEarly;

    /// <param name="workflow">The definition.</param>
    /// <param name="state">The instance, which the run changes.</param>
    /// <param name="context">What a burst may know of the world.</param>
    /// <param name="caller">The HTTP request that this burst works for, or null.</param>
    public BurstRun(CompiledWorkflow workflow, InstanceState state, BurstContext context, string? caller = null)
    {
        Workflow = workflow;
        State = state;
        Context = context;
        Ids = new BurstIds(context.Now, context.Seed);
        Result = new BurstResult { State = state, Caller = caller ?? context.Caller };
        _outermost = context.Outer?._outermost ?? this;
        _scope = new ActivityScope(this);

        if (state.Bookmarks.Count > 0)
            _bookmarksBefore = [.. state.Bookmarks.Select(x => x.Id)];

        _completesEarly = state.ExecutionList.Exists(static x => x.OwesCompletion);
    }

    public CompiledWorkflow Workflow { get; }
    public InstanceState State { get; }
    public BurstContext Context { get; }
    public BurstIds Ids { get; }
    public BurstResult Result { get; }

    /// <summary>The common budget of all expressions, including those of workflows executed in this burst.</summary>
    public ScriptBudget ScriptBudget => field ??= _outermost == this ? new() : _outermost.ScriptBudget;

    public OrderedDictionary<string, object?> WorkflowInput { get; private set; } = [];
    public string? TriggerActivityId { get; private set; }
    public bool IsCancelling { get; private set; }
    public object? LastResult { get; private set; }

    /// <summary>Outcomes that a script set; read by the activity that runs the script.</summary>
    public string[]? ScriptOutcomes { get; set; }

    /// <summary>Outcomes a Complete gave the workflow-as-activity around it.</summary>
    public string[]? CompositeOutcomes { get; set; }

    /// <summary>This run was started or resumed by an HTTP request that can still be answered.</summary>
    public bool HasHttpRequest { get; set; }

    /// <summary>Whether a client waits for WriteHttpResponse.</summary>
    public bool CanAnswerHttp => HasHttpRequest || Context.HasHttpRequest || Result.Caller is not null || TryGetInput(StimulusInput.HttpRequest, out _);

    public FlowchartMode FlowchartMode => Workflow.Options.FlowchartMode ?? Context.FlowchartMode;

    public BurstResult Start(Stimulus.Start start)
    {
        WorkflowInput = start.Input;
        TriggerActivityId = start.TriggerActivityId;
        State.CorrelationId = start.CorrelationId ?? State.CorrelationId;

        if (start.TriggerPayload is not null)
            WorkflowInput.TryAdd(StimulusInput.EventPayload, start.TriggerPayload);

        SetSubStatus(WorkflowSubStatus.Executing);
        _queue.Enqueue(new WorkItem(Workflow.Root, null));
        return RunToEnd();
    }

    public BurstResult Resume(Bookmark bookmark, OrderedDictionary<string, object?> input)
    {
        var execution = ExecutionOf(bookmark);
        WorkflowInput = input;
        _resumed = bookmark;
        _resume = true;
        SetSubStatus(WorkflowSubStatus.Executing);
        _queue.Enqueue(new WorkItem(execution.Node, null) { Existing = execution });
        return RunToEnd();
    }

    public BurstResult Fail(Bookmark bookmark, string error)
    {
        var execution = ExecutionOf(bookmark);
        SetSubStatus(WorkflowSubStatus.Executing);
        Burn(bookmark, BurnReason.Resumed);
        Fault(execution, new EngineException(error));
        return RunToEnd();
    }

    private ActivityExecution ExecutionOf(Bookmark bookmark) =>
        State.ExecutionList.Find(x => x.Id == bookmark.ActivityInstanceId)
        ?? throw new InvalidDataException(
            $"Bookmark {bookmark.Id} belongs to execution {bookmark.ActivityInstanceId}, which is not in the state of instance {State.Id}."
        );

    public BurstResult Cancel()
    {
        IsCancelling = true;

        if (State.Status == WorkflowStatus.Finished)
            Reopen();

        foreach (var bookmark in State.Bookmarks.ToArray())
            Burn(bookmark, BurnReason.Cancelled);

        State.Callbacks.Clear();
        SetSubStatus(WorkflowSubStatus.Cancelled);
        return Finish();
    }

    private BurstResult RunToEnd()
    {
        while (_queue.TryDequeue(out var item))
        {
            if (++_outermost._steps > Context.MaxSteps)
            {
                _queue.Clear();
                AddIncident(item.Node, item.Existing?.Id ?? item.Owner?.Id ?? "", TooManySteps(item.Node), null);
                SetSubStatus(WorkflowSubStatus.Faulted);
                break;
            }

            Invoke(item);
        }

        if (State.Status == WorkflowStatus.Running)
        {
            SetSubStatus(State.ExecutionList.TrueForAll(static x => x.IsEnded) ? WorkflowSubStatus.Finished : WorkflowSubStatus.Suspended);

            if (State is { SubStatus: WorkflowSubStatus.Suspended, Bookmarks.Count: 0 })
                ReportStall();
        }

        return Finish();
    }

    private BurstResult Finish()
    {
        State.UpdatedAt = Context.Now;
        Result.History = _completesEarly ? InOrder() : Result.Journal;
        TellVariables();

        foreach (var execution in State.ExecutionList)
        {
            if (execution.IsTouched)
                Result.Executions.Add(execution);

            execution.IsTouched = false;
            execution.Inputs = null;
            execution.JournalData = null;
            execution.Outputs = null;
        }

        if (_hasTransientOutputs)
            State.ActivityOutputs.RemoveAll(static x => x.IsTransient);

        // Elsa writes the living executions in reverse order, which shows in the order of later cancellations. What ended is kept only as
        // long as something below it lives (a fault in a container that was completed around it).
        var alive = State.ExecutionList;

        foreach (var execution in alive)
        {
            for (var ancestor = execution; !execution.IsEnded && ancestor is { IsNeeded: false }; ancestor = ancestor.Parent)
                ancestor.IsNeeded = true;
        }

        alive.RemoveAll(static x => !x.IsNeeded && x.Parent is not null);
        alive.Reverse();

        foreach (var execution in alive)
        {
            execution.IsNeeded = false;

            if (execution.Children.Count > 1)
                execution.Children.Reverse();
        }

        // A container that ended before what it had just scheduled (a race in token mode) is still told of it: else what comes behind a wait there would
        // be lost.
        State.Callbacks.RemoveAll(x => x.Owner.IsEnded && !alive.Contains(x.Owner));

        if (_containerEnded)
            ForgetOutputs();

        if (Result is { HttpAnswer: not null, Caller: { } answered })
            ForgetCaller(answered);

        foreach (var bookmark in State.Bookmarks)
        {
            if (_bookmarksBefore is null || !_bookmarksBefore.Contains(bookmark.Id))
                Result.Opened.Add(bookmark);
        }

        if (State.Status == WorkflowStatus.Finished && State is { ParentInstanceId: { } parent, ParentBookmarkId: { } parentBookmark })
            Result.Outgoing.Add(
                new OutgoingStimulus.ChildEnded(parent, parentBookmark, State.Id, State.Status.ToString(), State.SubStatus.ToString(), State.Output)
            );

        return Result;
    }

    private void Invoke(WorkItem item)
    {
        var node = item.Node;
        var execution = item.Existing ?? Create(item);
        Touch(execution);
        Journal(IsBookmarked(execution) ? "Resumed" : "Started", execution, null, withInputs: false);

        try
        {
            if (!_resume || node.Activity.ReadsInputsAgain)
                EvaluateInputs(execution);
            SetStatus(execution, ActivityStatus.Running);
            var context = new ActivityContext(this, execution);

            if (_resume)
            {
                _resume = false;
                node.Activity.Resume(context, _resumed!);
            }
            else
            {
                node.Activity.Execute(context);

                if (node.Activity.CompletesByItself && !HasBookmark(execution))
                    Complete(execution, null);
            }

            if (_resumed is { AutoBurn: true } resumed)
                Burn(resumed, BurnReason.Resumed);

            if (execution.Status == ActivityStatus.Running && IsBookmarked(execution))
                Journal("Suspended", execution, null);
        }
#pragma warning disable CA1031 // Whatever an activity throws is its fault, and nothing else of the burst may be lost.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Fault(execution, exception);
        }
    }

    private ActivityExecution Create(WorkItem item)
    {
        var execution = new ActivityExecution(Ids.Next(), item.Node, item.Owner, Context.Now) { Tag = item.Tag, IsLoopBack = item.IsLoopBack };
        State.ExecutionList.Add(execution);
        item.Owner?.AddChild(execution);

        if (item.LoopVariables is { } variables)
        {
            execution.LoopVariables = [.. variables];

            // As Elsa: the value lives in the nearest container (the body itself if it is one), or wherever an outer loop already put it.
            var container = execution;

            while (!container.Node.Type.OwnsVariables && container.Parent is not null)
                container = container.Parent;

            foreach (var (name, value) in variables)
            {
                var id = LoopVariableId(name);

                if (container.FindBlock(id) is { } block)
                    block.Value = value;
                else
                    container.Declare(id, name, null, value);
            }
        }

        return execution;
    }

    internal static string LoopVariableId(string name) => char.ToLowerInvariant(name[0]) + name[1..] + "Variable";

    public void Schedule(
        ActivityExecution owner,
        ActivityNode? node,
        string? callback,
        object? tag = null,
        (string, object?)[]? variables = null,
        bool isLoopBack = false
    )
    {
        if (node is null)
        {
            if (callback is null)
            {
                Complete(owner, null);
                return;
            }

            owner.Tag = tag;
            owner.Node.Activity.ChildCompleted(new ActivityContext(this, owner), owner, callback, tag, null);
            return;
        }

        OweCompletion(owner);
        State.Callbacks.Add(new CompletionCallback(owner, node.NodeId, callback, tag));
        _queue.Enqueue(
            new WorkItem(node, owner)
            {
                Tag = tag,
                LoopVariables = variables,
                IsLoopBack = isLoopBack,
            }
        );
    }

    public bool IsScheduled(ActivityExecution owner, ActivityNode node)
    {
        foreach (var item in _queue)
        {
            if (ReferenceEquals(item.Owner, owner) && ReferenceEquals(item.Node, node))
                return true;
        }

        return false;
    }

    public bool HasScheduledWorkAtOrBelow(ActivityExecution owner)
    {
        foreach (var item in _queue)
        {
            if (item.Owner is { } itemOwner && (ReferenceEquals(itemOwner, owner) || itemOwner.IsBelow(owner)))
                return true;
        }

        return false;
    }

    public void Unschedule(Predicate<WorkItem> match)
    {
        if (_queue.Count == 0)
            return;

        var items = _queue.ToArray();
        _queue.Clear();

        foreach (var item in items)
        {
            if (!match(item))
                _queue.Enqueue(item);
        }
    }

    public void SetStatus(ActivityExecution execution, ActivityStatus status)
    {
        if (execution.Status == status)
            return;

        execution.Status = status;
        _containerEnded |= execution.IsEnded && execution.Node.ChildList.Count > 0;
        Touch(execution);

        if (execution is { IsEnded: true, Parent: { } parent } && parent.Children.Count > 0)
            parent.Children.Remove(execution);
    }

    private static void Touch(ActivityExecution execution) => execution.IsTouched = true;

    private void SetSubStatus(WorkflowSubStatus subStatus)
    {
        if (State.Status == WorkflowStatus.Finished)
            throw new InvalidOperationException($"Cannot transition from {State.SubStatus} to {subStatus}");

        State.SubStatus = subStatus;
        State.UpdatedAt = Context.Now;

        if (subStatus is WorkflowSubStatus.Finished or WorkflowSubStatus.Faulted or WorkflowSubStatus.Cancelled)
        {
            State.Status = WorkflowStatus.Finished;
            State.FinishedAt = Context.Now;
        }
    }

    internal readonly record struct WorkItem(ActivityNode Node, ActivityExecution? Owner)
    {
        public ActivityExecution? Existing { get; init; }
        public object? Tag { get; init; }
        public (string Name, object? Value)[]? LoopVariables { get; init; }
        public bool IsLoopBack { get; init; }
    }
}
