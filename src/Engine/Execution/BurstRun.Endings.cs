using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>How executions end: completion, cancellation, faults, and the bookmarks that go with them.</summary>
internal sealed partial class BurstRun
{
    /// <summary>Finish: the instance ends immediately, whatever is pending.</summary>
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

        // What it had just scheduled still runs.
        if (_queue.Count > 0 && execution.Node.ChildList.Count > 0 && HasScheduledWorkAtOrBelow(execution))
            OweCompletion(execution);

        execution.Outcomes = outcomes;
        Journal("Completed", execution, null);
        NotifyParent(execution, outcomes);
        BurnAllOf(execution);
        ForgetCallbacksOf(execution);
        execution.EndedAt = Context.Now;

        if (execution.Parent is not null)
            execution.Memory = null;
    }

    /// <summary>A request is answered once: what it set off goes on without it.</summary>
    private void ForgetCaller(string caller)
    {
        for (var i = 0; i < State.Bookmarks.Count; i++)
        {
            if (State.Bookmarks[i].Caller == caller)
                State.Bookmarks[i] = State.Bookmarks[i] with { Caller = null };
        }
    }

    /// <summary>
    /// Something runs in a container that has completed (a race in token mode completes its flowchart first), and in those around it that have.
    /// </summary>
    private void OweCompletion(ActivityExecution container)
    {
        for (var ended = container; ended is { Status: ActivityStatus.Completed }; ended = ended.Parent)
            _completesEarly = ended.OwesCompletion = true;
    }

    /// <summary>The journal with the completion of each container after everything in it, or without it while something in it goes on.</summary>
    private List<JournalEntry> InOrder()
    {
        var history = new List<JournalEntry>(Result.Journal);

        // The innermost first.
        foreach (var container in State.ExecutionList.Where(static x => x.OwesCompletion).OrderByDescending(static x => x.Depth).ToList())
        {
            var entry = history.FindLast(x => x.EventName == "Completed" && ReferenceEquals(x.Execution, container));

            if (entry is not null)
                history.Remove(entry);

            if (State.Status == WorkflowStatus.Running && State.ExecutionList.Exists(x => !x.IsEnded && x.IsBelow(container)))
                continue;

            container.OwesCompletion = false;
            var last = history.FindLastIndex(x => x.Execution.IsBelow(container));
            history.Insert(last < 0 ? history.Count : last + 1, entry ?? new JournalEntry("Completed", container, null, null, null));
        }

        return history;
    }

    private void NotifyParent(ActivityExecution child, string[]? outcomes)
    {
        if (TakeCallback(child) is not { Owner: var parent, Callback: not null } entry)
            return;

        parent.Tag = entry.Tag;
        if (parent.Node.Activity.ReadsInputsAgain)
            EvaluateInputs(parent);
        parent.Node.Activity.ChildCompleted(new ActivityContext(this, parent), child, entry.Callback, entry.Tag, outcomes);
    }

    /// <summary>The parent's callback for the end of this child; it is removed once the child has ended.</summary>
    private CompletionCallback? TakeCallback(ActivityExecution child)
    {
        var index = State.Callbacks.FindIndex(x => ReferenceEquals(x.Owner, child.Parent) && x.ChildNodeId == child.NodeId);

        if (index < 0)
            return null;

        var entry = State.Callbacks[index];
        State.Callbacks.RemoveAt(index);
        return entry;
    }

    private void ForgetCallbacksOf(ActivityExecution owner)
    {
        for (var i = State.Callbacks.Count - 1; i >= 0; i--)
        {
            if (ReferenceEquals(State.Callbacks[i].Owner, owner))
                State.Callbacks.RemoveAt(i);
        }
    }

    /// <summary>The order in which a completing parent cancels: the child first, then its descendants.</summary>
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

    /// <summary>The order of all other cancellations: descendants first.</summary>
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

    private void Withdraw(ActivityExecution execution) => Unschedule(x => ReferenceEquals(x.Existing, execution) || ReferenceEquals(x.Owner, execution));

    private void EndAsCanceled(ActivityExecution execution)
    {
        Withdraw(execution);
        SetStatus(execution, ActivityStatus.Canceled);
        execution.EndedAt = Context.Now;

        // Elsa removes the bookmarks of every execution of this activity; another iteration's wait is not ours to end.
        BurnAllOf(execution);
        ForgetCallbacksOf(execution);
        TakeCallback(execution);
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
        var bookmark = new Bookmark(
            id,
            name,
            hash ?? id,
            execution.Node.Id,
            execution.NodeId,
            execution.Id,
            payload,
            dueAt,
            Context.Now,
            autoBurn,
            Result.Caller
        );
        State.Bookmarks.Add(bookmark);
        return bookmark;
    }

    private void BurnAllOf(ActivityExecution execution)
    {
        for (var i = State.Bookmarks.Count - 1; i >= 0; i--)
        {
            // While it is notified, an activity may remove more than one bookmark.
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

    /// <summary>Whether this activity waits, in this or another execution; the journal's Resumed and Suspended depend on it.</summary>
    private bool IsBookmarked(ActivityExecution execution)
    {
        foreach (var bookmark in State.Bookmarks)
        {
            if (bookmark.ActivityNodeId == execution.NodeId)
                return true;
        }

        return false;
    }

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

    private string TooManySteps(ActivityNode node) =>
        $"Stopped after {Context.MaxSteps} activities without a wait: an endless loop at '{node.Name ?? node.Id}'?";

    /// <summary>Counts a round of a loop that schedules nothing.</summary>
    /// <exception cref="InvalidOperationException">There were too many.</exception>
    public void CountStep(ActivityNode node)
    {
        if (++_outermost._steps > Context.MaxSteps)
            throw new InvalidOperationException(TooManySteps(node));
    }

    /// <summary>Reports an activity that should have run and never will. Elsa says nothing here; everything else continues as in Elsa.</summary>
    public void ReportLost(ActivityNode node, ActivityExecution container, string reason)
    {
        var message = $"'{node.Name ?? node.Id}' can never run: {reason}";

        if (!State.Incidents.Exists(x => x.ActivityNodeId == node.NodeId && x.Message == message))
            AddIncident(node, container.Id, message, null);
    }

    /// <summary>Nothing runs or waits, but the instance hasn't ended: no stimulus can move it.</summary>
    private void ReportStall()
    {
        // A fault the strategy lets be has its own incident, and can be retried.
        if (State.ExecutionList.Exists(static x => x.Status == ActivityStatus.Faulted))
            return;

        var reported = State.Incidents.Count;

        foreach (var execution in State.ExecutionList)
        {
            if (!execution.IsEnded)
                execution.Node.Activity.ReportStall(new ActivityContext(this, execution));
        }

        if (State.Incidents.Count == reported && State.ExecutionList.FindLast(static x => !x.IsEnded) is { } last)
            ReportLost(last.Node, last, "it neither completed nor waits for anything.");
    }
}
