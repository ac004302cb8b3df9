using NodaTime;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Expressions;

namespace Orchestration.Engine.Execution;

/// <summary>
/// One burst while it runs: a queue of activities to run, first in, first out across branches, until it is empty.
/// Mirrors the order in which Elsa runs, signals, cancels and records things; where it differs a comment says so.
/// </summary>
internal sealed class BurstRun
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

    public BurstRun(CompiledWorkflow workflow, InstanceState state, BurstContext context)
    {
        Workflow = workflow;
        State = state;
        Context = context;
        Ids = new Ids(context.Now, context.Seed);
        Result = new BurstResult { State = state };
        _outermost = context.Outer?._outermost ?? this;
        _scope = new ActivityScope(this);

        if (state.Bookmarks.Count > 0)
            _bookmarksBefore = [.. state.Bookmarks.Select(x => x.Id)];
    }

    public CompiledWorkflow Workflow { get; }
    public InstanceState State { get; }
    public BurstContext Context { get; }
    public Ids Ids { get; }
    public BurstResult Result { get; }
    /// <summary>What all expressions may use together, those of the workflows executed in this burst included.</summary>
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

    /// <summary>Whether WriteHttpResponse has somebody to answer.</summary>
    public bool CanAnswerHttp => HasHttpRequest || Context.HasHttpRequest || TryGetInput(HttpEndpoint.RequestInput, out _);

    public FlowchartMode FlowchartMode => Workflow.Options.FlowchartMode ?? Context.FlowchartMode;

    public BurstResult Start(Stimulus.Start start)
    {
        WorkflowInput = start.Input;
        TriggerActivityId = start.TriggerActivityId;
        State.CorrelationId = start.CorrelationId ?? State.CorrelationId;

        if (start.TriggerPayload is not null)
            WorkflowInput.TryAdd(Event.PayloadInput, start.TriggerPayload);

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

    private ActivityExecution ExecutionOf(Bookmark bookmark) => State.ExecutionList.Find(x => x.Id == bookmark.ActivityInstanceId)
        ?? throw new InvalidDataException($"Bookmark {bookmark.Id} belongs to execution {bookmark.ActivityInstanceId}, which is not in the state of instance {State.Id}.");

    public BurstResult Cancel()
    {
        IsCancelling = true;

        foreach (var bookmark in State.Bookmarks.ToArray())
            Burn(bookmark, BurnReason.Cancelled);

        State.Callbacks.Clear();
        SetSubStatus(WorkflowSubStatus.Cancelled);
        return Finish();
    }

    /// <summary>Runs a faulted execution again, as if it had not run before.</summary>
    public BurstResult Retry(ActivityExecution faulted)
    {
        var faults = faulted.FaultCount;
        State.Incidents.RemoveAll(x => x.ActivityInstanceId == faulted.Id);

        for (var execution = faulted; execution is not null; execution = execution.Parent)
            execution.FaultCount -= faults;

        SetStatus(faulted, ActivityStatus.Running);
        Reopen();
        _queue.Enqueue(new WorkItem(faulted.Node, null) { Existing = faulted });
        return RunToEnd();
    }

    /// <summary>Leaves a wait for an activity that came before it, in the nearest container of both. Null when there is no such container, or it knows no way back.</summary>
    public BurstResult? GoBack(Bookmark bookmark, ActivityNode to)
    {
        var from = State.ExecutionList.Find(x => x.Id == bookmark.ActivityInstanceId);
        while (from is not null && !ReferenceEquals(from.Parent?.Node, to.Parent))
            from = from.Parent;

        if (from?.Parent is not { } owner || !to.Parent!.Activity.ComesBefore(to, from.Node))
            return null;

        _resumed = bookmark;
        _left = owner;
        owner.Node.Activity.GoBack(new ActivityContext(this, owner), from, to);
        (_resumed, _left) = (null, null);
        SetSubStatus(WorkflowSubStatus.Executing);
        return RunToEnd();
    }

    /// <summary>Ends a child and all below it while its container goes back: the container is not told, for it does not go on from there.</summary>
    public void Leave(ActivityExecution child)
    {
        Cancel(child);
        var stale = State.Callbacks.FindIndex(x => ReferenceEquals(x.Owner, child.Parent) && x.ChildNodeId == child.NodeId);
        if (stale >= 0)
            State.Callbacks.RemoveAt(stale);
    }

    public BurstResult ScheduleAlteration(ActivityNode node, ActivityExecution owner)
    {
        Reopen();
        _queue.Enqueue(new WorkItem(node, owner));
        State.Callbacks.Add(new CompletionCallback(owner, node.NodeId, Flowchart.ChildDone, null));
        return RunToEnd();
    }

    /// <summary>Runs a living execution again from its beginning.</summary>
    public BurstResult Restart(ActivityExecution execution)
    {
        Reopen();
        BurnAllOf(execution);
        (execution.Properties, execution.Flow) = (null, null);
        _queue.Enqueue(new WorkItem(execution.Node, null) { Existing = execution });
        return RunToEnd();
    }

    public BurstResult CancelActivities(IReadOnlyList<ActivityExecution> executions)
    {
        SetSubStatus(WorkflowSubStatus.Executing);

        foreach (var execution in executions)
            Cancel(execution);

        return RunToEnd();
    }

    private void Reopen()
    {
        State.Status = WorkflowStatus.Running;
        State.SubStatus = WorkflowSubStatus.Executing;
        State.FinishedAt = null;
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

    private string TooManySteps(ActivityNode node) => $"Stopped after {Context.MaxSteps} activities without a wait: an endless loop at '{node.Name ?? node.Id}'?";

    /// <summary>Counts a round of a loop that schedules nothing.</summary>
    /// <exception cref="InvalidOperationException">There were too many.</exception>
    public void CountStep(ActivityNode node)
    {
        if (++_outermost._steps > Context.MaxSteps)
            throw new InvalidOperationException(TooManySteps(node));
    }

    private BurstResult Finish()
    {
        State.UpdatedAt = Context.Now;

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

        State.Callbacks.RemoveAll(x => x.Owner.IsEnded);

        foreach (var bookmark in State.Bookmarks)
        {
            if (_bookmarksBefore is null || !_bookmarksBefore.Contains(bookmark.Id))
                Result.Opened.Add(bookmark);
        }

        if (State.Status == WorkflowStatus.Finished && State is { ParentInstanceId: { } parent, ParentBookmarkId: { } parentBookmark })
            Result.Outgoing.Add(new OutgoingStimulus.ChildEnded(parent, parentBookmark, State.Id, State.Status.ToString(), State.SubStatus.ToString(), State.Output));

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

    private void Fault(ActivityExecution execution, Exception exception)
    {
        var details = new OrderedDictionary<string, object?> { ["Exception"] = Faults.TypeName(exception), ["Message"] = exception.Message };

        if (exception.InnerException is { } inner)
            details["InnerException"] = Faults.TypeName(inner);

        (execution.JournalData ??= [])["Exception"] = details;
        Journal("Faulted", execution, exception.Message);
        execution.JournalData.Remove("Exception");

        if (execution.IsEnded)
            execution.Parent?.AddChild(execution);

        SetStatus(execution, ActivityStatus.Faulted);
        AddIncident(execution.Node, execution.Id, exception.Message, Faults.Describe(exception));

        for (var ancestor = execution; ancestor is not null; ancestor = ancestor.Parent)
        {
            ancestor.FaultCount++;
            Touch(ancestor);
        }

        if (Workflow.Options.IncidentStrategy == IncidentStrategy.Fault && State.Status == WorkflowStatus.Running)
            SetSubStatus(WorkflowSubStatus.Faulted);
    }

    private void AddIncident(ActivityNode node, string executionId, string message, IncidentException? exception) =>
        State.Incidents.Add(new Incident(node.Id, node.NodeId, executionId, node.TypeName, message, exception, Context.Now));

    /// <summary>Reports an activity that the designer meant to run and that never will. Elsa is silent there; the rest goes on as it does in Elsa.</summary>
    public void ReportLost(ActivityNode node, ActivityExecution container, string reason)
    {
        var message = $"'{node.Name ?? node.Id}' can never run: {reason}";

        if (!State.Incidents.Exists(x => x.ActivityNodeId == node.NodeId && x.Message == message))
            AddIncident(node, container.Id, message, null);
    }

    /// <summary>Nothing runs, nothing is awaited, and yet it has not ended: no stimulus will ever move it.</summary>
    private void ReportStall()
    {
        // A fault the strategy lets be has its own incident, and can be retried.
        if (State.ExecutionList.Exists(static x => x.Status == ActivityStatus.Faulted))
            return;

        var reported = State.Incidents.Count;

        foreach (var execution in State.ExecutionList)
        {
            if (!execution.IsEnded && execution.Node.Activity is Flowchart flowchart)
                flowchart.ReportWaitingForNothing(new ActivityContext(this, execution));
        }

        if (State.Incidents.Count == reported && State.ExecutionList.FindLast(static x => !x.IsEnded) is { } last)
            ReportLost(last.Node, last, "it neither completed nor waits for anything.");
    }

    public void Schedule(ActivityExecution owner, ActivityNode? node, string? callback, object? tag = null, (string, object?)[]? variables = null, bool isLoopBack = false)
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

        State.Callbacks.Add(new CompletionCallback(owner, node.NodeId, callback, tag));
        _queue.Enqueue(new WorkItem(node, owner) { Tag = tag, LoopVariables = variables, IsLoopBack = isLoopBack });
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

    /// <summary>Finish: the instance ends at once, whatever is pending.</summary>
    public void FinishNow()
    {
        State.Callbacks.Clear();
        _queue.Clear();

        foreach (var bookmark in State.Bookmarks.ToArray())
            Burn(bookmark, ReferenceEquals(bookmark, _resumed) ? BurnReason.Resumed : BurnReason.Cancelled);

        SetSubStatus(WorkflowSubStatus.Finished);
    }

    public void Complete(ActivityExecution execution, string[]? outcomes)
    {
        if (execution.Status != ActivityStatus.Running)
            return;

        if (execution.Children.Count > 0)
        {
            foreach (var child in execution.Children.ToArray())
                CancelFromParent(child);
        }

        SetStatus(execution, ActivityStatus.Completed);
        execution.Outcomes = outcomes;
        Journal("Completed", execution, null);
        NotifyParent(execution, outcomes);
        BurnAllOf(execution);
        ForgetCallbacksOf(execution);
        execution.EndedAt = Context.Now;

        if (execution.Parent is not null)
            execution.Memory = null;
    }

    private void NotifyParent(ActivityExecution child, string[]? outcomes)
    {
        if (child.Parent is not { } parent)
            return;

        var callbacks = State.Callbacks;
        var index = 0;

        while (index < callbacks.Count && !(ReferenceEquals(callbacks[index].Owner, parent) && callbacks[index].ChildNodeId == child.NodeId))
            index++;

        if (index == callbacks.Count)
            return;

        var entry = callbacks[index];
        callbacks.RemoveAt(index);

        if (entry.Callback is null)
            return;

        parent.Tag = entry.Tag;
        EvaluateInputs(parent);
        parent.Node.Activity.ChildCompleted(new ActivityContext(this, parent), child, entry.Callback, entry.Tag, outcomes);
    }

    private void ForgetCallbacksOf(ActivityExecution owner)
    {
        for (var i = State.Callbacks.Count - 1; i >= 0; i--)
        {
            if (ReferenceEquals(State.Callbacks[i].Owner, owner))
                State.Callbacks.RemoveAt(i);
        }
    }

    /// <summary>The order in which a completing parent cancels: the child first, then what is below it.</summary>
    private void CancelFromParent(ActivityExecution execution)
    {
        if (execution.IsEnded)
            return;

        EndAsCanceled(execution);

        if (execution.Children.Count > 0)
        {
            foreach (var child in execution.Children.ToArray())
                CancelFromParent(child);
        }
    }

    /// <summary>The order in which everything else cancels: what is below first.</summary>
    public void Cancel(ActivityExecution execution)
    {
        if (execution.IsEnded)
            return;

        Withdraw(execution);

        if (execution.Children.Count > 0)
        {
            foreach (var child in execution.Children.ToArray())
                Cancel(child);
        }

        EndAsCanceled(execution);
    }

    private void Withdraw(ActivityExecution execution) =>
        Unschedule(x => ReferenceEquals(x.Existing, execution) || ReferenceEquals(x.Owner, execution));

    private void EndAsCanceled(ActivityExecution execution)
    {
        Withdraw(execution);
        SetStatus(execution, ActivityStatus.Canceled);
        execution.EndedAt = Context.Now;

        // Elsa removes the bookmarks of every execution of this activity; another iteration's wait is not ours to end.
        BurnAllOf(execution);
        ForgetCallbacksOf(execution);
        Journal("Canceled", execution, null);

        for (var receiver = execution; receiver is not null && !ReferenceEquals(receiver, _left); receiver = receiver.Parent)
            receiver.Node.Activity.ActivityCanceled(new ActivityContext(this, receiver), execution);
    }

    public void RequestBreak(ActivityExecution sender)
    {
        for (var receiver = sender; receiver is not null; receiver = receiver.Parent)
        {
            if (receiver.Node.Activity.BreakRequested(new ActivityContext(this, receiver)))
                return;
        }
    }

    public void RequestCompletion(ActivityExecution sender, string[] outcomes)
    {
        for (var receiver = sender; receiver is not null; receiver = receiver.Parent)
        {
            if (receiver.Node.Activity.CompletionRequested(new ActivityContext(this, receiver), sender, outcomes))
                return;
        }
    }

    public Bookmark OpenBookmark(ActivityExecution execution, string name, string? hash, object? payload, Instant? dueAt, bool autoBurn)
    {
        var id = Ids.Next();
        var bookmark = new Bookmark(id, name, hash ?? id, execution.Node.Id, execution.NodeId, execution.Id, payload, dueAt, Context.Now, autoBurn);
        State.Bookmarks.Add(bookmark);
        return bookmark;
    }

    private void BurnAllOf(ActivityExecution execution)
    {
        for (var i = State.Bookmarks.Count - 1; i >= 0; i--)
        {
            // An activity that burns others while it is told may have removed more than one.
            if (i < State.Bookmarks.Count && State.Bookmarks[i] is { } bookmark && bookmark.ActivityInstanceId == execution.Id)
                Burn(bookmark, ReferenceEquals(bookmark, _resumed) ? BurnReason.Resumed : BurnReason.Cancelled);
        }
    }

    private void Burn(Bookmark bookmark, BurnReason reason)
    {
        if (!State.Bookmarks.Remove(bookmark))
            return;

        if (_bookmarksBefore?.Contains(bookmark.Id) == true)
            Result.Burnt.Add(new BurntBookmark(bookmark, reason));

        if (reason == BurnReason.Resumed)
            return;

        if (State.ExecutionList.Find(x => x.Id == bookmark.ActivityInstanceId) is { } execution)
            execution.Node.Activity.BookmarkBurnt(new ActivityContext(this, execution), bookmark, reason);
    }

    private bool HasBookmark(ActivityExecution execution)
    {
        foreach (var bookmark in State.Bookmarks)
        {
            if (bookmark.ActivityInstanceId == execution.Id)
                return true;
        }

        return false;
    }

    /// <summary>Whether this activity waits, in this or another execution: what the journal calls resumed and suspended goes by that.</summary>
    private bool IsBookmarked(ActivityExecution execution)
    {
        foreach (var bookmark in State.Bookmarks)
        {
            if (bookmark.ActivityNodeId == execution.NodeId)
                return true;
        }

        return false;
    }

    public void SetStatus(ActivityExecution execution, ActivityStatus status)
    {
        if (execution.Status == status)
            return;

        execution.Status = status;
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

    public void EvaluateInputs(ActivityExecution execution)
    {
        if (execution.Inputs is not null)
            return;

        var node = execution.Node;
        var inputs = node.Type.Inputs;

        if (inputs.Count == 0)
        {
            execution.Inputs = [];
            return;
        }

        var values = new object?[inputs.Count];

        for (var i = 0; i < values.Length; i++)
        {
            if (inputs[i].AutoEvaluate && node.Inputs[i] is { } source)
                values[i] = Evaluate(execution, source, inputs[i].Name);
        }

        execution.Inputs = values;
    }

    /// <summary>Value of an input: the one evaluated before the activity ran, or, for inputs that evaluate on demand, a fresh one.</summary>
    public object? Input(ActivityExecution execution, int index)
    {
        var input = execution.Node.Type.Inputs[index];

        if (!input.AutoEvaluate)
            return execution.Node.Inputs[index] is { } source ? Evaluate(execution, source, input.Name) : null;

        EvaluateInputs(execution);
        return execution.Inputs![index];
    }

    private object? Evaluate(ActivityExecution execution, ValueSource source, string inputName)
    {
        try
        {
            return source.Evaluate(_scope.For(execution));
        }
#pragma warning disable CA1031 // Elsa wraps whatever an expression throws, so that the incident names the input.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            throw new InputEvaluationException(inputName, exception);
        }
    }

    public object? Evaluate(ActivityExecution execution, ValueSource source) => source.Evaluate(_scope.For(execution));

    public bool TryGetInput(string name, out object? value)
    {
        if (WorkflowInput.TryGetValue(name, out value))
            return true;

        foreach (var (key, candidate) in WorkflowInput)
        {
            if (string.Equals(key, name, StringComparison.OrdinalIgnoreCase))
            {
                value = candidate;
                return true;
            }
        }

        return false;
    }

    public void SetOutput(ActivityExecution execution, string name, object? value)
    {
        var node = execution.Node;
        var index = node.Type.OutputIndex(name);

        if (index >= 0 && node.OutputTargets[index] is { } target)
            SetBlock(execution, target, value);

        RecordOutput(execution, name, value, index >= 0 && node.Type.Outputs[index].IsTransient);
    }

    /// <summary>Writes to the nearest block with this id; a workflow output of that name gets the value too.</summary>
    public void SetBlock(ActivityExecution execution, string blockId, object? value)
    {
        if (execution.FindBlock(blockId) is { } block)
            block.Value = value;
        else
            execution.Declare(blockId, blockId, null, value);

        foreach (var output in Workflow.Outputs)
        {
            if (output.Name == blockId)
                State.Output[blockId] = value;
        }
    }

    public void RecordOutput(ActivityExecution execution, string name, object? value, bool isTransient = false)
    {
        if (isTransient)
            _hasTransientOutputs = true;
        else
            (execution.Outputs ??= [])[name] = value;

        var container = execution.Parent?.Id ?? State.Id;
        var records = State.ActivityOutputs;
        var index = records.Count - 1;

        while (index >= 0 && !(records[index].NodeId == execution.NodeId && records[index].ContainerId == container && records[index].Name == name))
            index--;

        if (index < 0)
            records.Add(new OutputRecord(container, execution.NodeId, name) { Value = value, IsTransient = isTransient });
        else
            records[index].Value = value;

        if (name == "Result")
            LastResult = value;
    }

    public void Journal(string eventName, ActivityExecution execution, string? message, bool withInputs = true)
    {
        var node = execution.Node;
        OrderedDictionary<string, object?>? inputs = null;

        if (withInputs && execution.Inputs is { Length: > 0 } values)
        {
            inputs = new(values.Length);

            for (var i = 0; i < values.Length; i++)
                inputs[node.Type.Inputs[i].Name] = values[i];
        }

        var payload = execution.JournalData is { Count: > 0 } data ? new OrderedDictionary<string, object?>(data) : null;

        if (eventName == "Completed" && execution.Outcomes is { } outcomes)
            (payload ??= [])["Outcomes"] = outcomes.Select(static x => (object?)x).ToList();

        if (eventName is "Completed" or "Suspended" && execution.Outputs is { } outputs)
            (payload ??= [])["Outputs"] = outputs;

        Result.Journal.Add(new JournalEntry(eventName, execution.Id, execution.Parent?.Id, node.Id, node.NodeId, node.TypeName, node.Version, node.Name, message, null, inputs, payload));
    }

    internal readonly record struct WorkItem(ActivityNode Node, ActivityExecution? Owner)
    {
        public ActivityExecution? Existing { get; init; }
        public object? Tag { get; init; }
        public (string Name, object? Value)[]? LoopVariables { get; init; }
        public bool IsLoopBack { get; init; }
    }
}
