using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>Changes to an instance from outside: retry, go back, schedule, restart, cancel activities.</summary>
internal sealed partial class BurstRun
{
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

    /// <summary>
    /// Leaves a wait for an activity that came before it, in the nearest container of both. Null when there is no such container, or it knows no way
    /// back.
    /// </summary>
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
    public void Leave(ActivityExecution child) => Cancel(child);

    public BurstResult ScheduleAlteration(ActivityNode node, ActivityExecution owner)
    {
        Reopen();
        _queue.Enqueue(new WorkItem(node, owner));
        State.Callbacks.Add(new CompletionCallback(owner, node.NodeId, Activity.ChildDone, null));
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
}
