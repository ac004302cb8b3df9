using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>The pure heart: definition, state, stimulus and now in; new state and everything to write out.</summary>
public static class Burst
{
    /// <summary>A new instance that has not run yet.</summary>
    public static InstanceState NewInstance(CompiledWorkflow workflow, string instanceId, BurstContext context) =>
        new()
        {
            Id = instanceId,
            DefinitionId = workflow.DefinitionId,
            DefinitionVersionId = workflow.Id,
            DefinitionVersion = workflow.Version,
            CreatedAt = context.Now,
            UpdatedAt = context.Now,
        };

    /// <summary>
    /// Moves the instance by one stimulus until every branch waits or ends. No I/O, no wall clock, no randomness.
    /// A stimulus that no longer fits changes nothing and says why in <see cref="BurstResult.Refused"/>.
    /// </summary>
    /// <exception cref="InvalidDataException">The state does not belong to this definition version.</exception>
    public static BurstResult Advance(CompiledWorkflow workflow, InstanceState state, Stimulus stimulus, BurstContext context)
    {
        Bind(workflow, state);

        return stimulus switch
        {
            Stimulus.Start start => state.ExecutionList.Count > 0 || state.Status == WorkflowStatus.Finished
                ? Refuse(state, "The instance has been started before.")
                : new BurstRun(workflow, state, context, start.Caller).Start(start),

            Stimulus.Resume resume => RefuseUnlessWaiting(state, resume.BookmarkId, out var resumed)
                ?? new BurstRun(workflow, state, context, resume.Caller ?? resumed!.Caller).Resume(resumed!, resume.Input),
            Stimulus.Fail fail => RefuseUnlessWaiting(state, fail.BookmarkId, out var failed)
                ?? new BurstRun(workflow, state, context, failed!.Caller).Fail(failed!, fail.Error),

            Stimulus.Cancel cancel => state.Status == WorkflowStatus.Finished && !(cancel.GivesUp && state.SubStatus == WorkflowSubStatus.Faulted)
                ? Refuse(state, $"The instance has ended: {state.SubStatus}.")
                : new BurstRun(workflow, state, context).Cancel(),

            // One that was given up keeps its faulted activities.
            Stimulus.Retry when state.SubStatus == WorkflowSubStatus.Cancelled => Refuse(state, $"The instance has ended: {state.SubStatus}."),
            Stimulus.Retry retry => state.ExecutionList.Find(x => x.Id == retry.ActivityInstanceId && x.Status == ActivityStatus.Faulted) is { } faulted
                ? new BurstRun(workflow, state, context).Retry(faulted)
                : Refuse(state, "There is no such faulted activity."),

            Stimulus.GoBack back => GoBack(workflow, state, back, context),
            Stimulus.ModifyVariable modify => ModifyVariable(workflow, state, modify, context),
            Stimulus.ScheduleActivity schedule => ScheduleActivity(workflow, state, schedule, context),
            Stimulus.CancelActivity cancel => CancelActivity(workflow, state, cancel, context),
            Stimulus.Migrate migrate => Migrate(workflow, state, migrate, context),
            _ => throw new ArgumentException($"Unknown stimulus {stimulus.GetType()}.", nameof(stimulus)),
        };
    }

    private static BurstResult? RefuseUnlessWaiting(InstanceState state, string bookmarkId, out Bookmark? bookmark)
    {
        bookmark = state.Bookmarks.Find(x => x.Id == bookmarkId);
        return state.Status == WorkflowStatus.Finished ? Refuse(state, $"The instance has ended: {state.SubStatus}.")
            : bookmark is null ? Refuse(state, "There is no such bookmark.")
            : null;
    }

    private static BurstResult GoBack(CompiledWorkflow workflow, InstanceState state, Stimulus.GoBack back, BurstContext context)
    {
        if (state.Status == WorkflowStatus.Finished)
            return Refuse(state, $"The instance has ended: {state.SubStatus}.");
        if (state.Bookmarks.Find(x => x.Id == back.BookmarkId) is not { } bookmark)
            return Refuse(state, "There is no such bookmark.");
        if (workflow.FindActivity(back.ActivityId) is not { Parent: not null } node)
            return Refuse(state, "There is no such activity.");

        return new BurstRun(workflow, state, context).GoBack(bookmark, node)
            ?? Refuse(state, $"'{node.Name ?? node.Id}' does not come before '{bookmark.ActivityId}' on its way.");
    }

    private static BurstResult ModifyVariable(CompiledWorkflow workflow, InstanceState state, Stimulus.ModifyVariable modify, BurstContext context)
    {
        var (execution, variable) = FindVariable(workflow, state, modify.VariableId);

        if (variable is null)
            return Refuse(state, $"There is no variable '{modify.VariableId}'.");

        if (execution is null)
            return Refuse(state, $"What '{variable.Name}' belongs to is not running.");

        try
        {
            var block = execution.FindLocal(variable.Id) ?? execution.Declare(variable.Id, variable.Name, variable, null);
            block.Value = variable.Type.Convert(modify.Value);
        }
        catch (ExpressionException exception)
        {
            return Refuse(state, $"'{variable.Name}' cannot have that value: {exception.Message}");
        }

        state.UpdatedAt = context.Now;
        return new BurstResult { State = state };
    }

    /// <summary>The workflow's own variables first, then those of containers at work, the latest first.</summary>
    private static (ActivityExecution?, VariableDefinition?) FindVariable(CompiledWorkflow workflow, InstanceState state, string id)
    {
        var own = workflow.Variables.FirstOrDefault(x => x.Id == id) ?? workflow.Variables.FirstOrDefault(x => x.Name == id);

        if (own is not null)
            return (state.ExecutionList.Find(x => x.Parent is null), own);

        foreach (var execution in state.ExecutionList)
        {
            if (Array.Find(execution.Node.Variables, x => x.Id == id) is { } variable && !execution.IsEnded)
                return (execution, variable);
        }

        return (null, workflow.Nodes.SelectMany(x => x.Variables).FirstOrDefault(x => x.Id == id));
    }

    private static BurstResult ScheduleActivity(CompiledWorkflow workflow, InstanceState state, Stimulus.ScheduleActivity schedule, BurstContext context)
    {
        if (HasEnded(state) is { } ended)
            return ended;

        if (schedule.ActivityInstanceId is { } executionId && state.ExecutionList.Find(x => x.Id == executionId && !x.IsEnded) is { } execution)
        {
            if (execution.Status == ActivityStatus.Faulted)
                return new BurstRun(workflow, state, context).Retry(execution);

            return execution.Parent is null || execution.Children.Count > 0
                ? Refuse(state, $"'{NameOf(execution.Node)}' is at work with activities of its own; name one of them.")
                : new BurstRun(workflow, state, context).Restart(execution);
        }

        if (schedule.ActivityId is null)
            return Refuse(state, "That execution is not running.");

        if (workflow.FindActivity(schedule.ActivityId) is not { Parent: { } parent } node)
            return Refuse(state, $"There is no activity '{schedule.ActivityId}'.");

        // Only if its container is running can its successors run as designed.
        return state.ExecutionList.Find(x => !x.IsEnded && ReferenceEquals(x.Node, parent)) is { } owner
            ? new BurstRun(workflow, state, context).ScheduleAlteration(node, owner)
            : Refuse(state, $"'{NameOf(parent)}', which '{NameOf(node)}' is part of, is not running.");
    }

    /// <summary>
    /// Whether an activity comes before another one on its way, so that a case that waits at the later one can go back to it
    /// (<see cref="Stimulus.GoBack"/>).
    /// </summary>
    /// <param name="workflow">The definition.</param>
    /// <param name="earlier">Id of the activity to go back to.</param>
    /// <param name="later">Id of the activity that waits.</param>
    public static bool ComesBefore(CompiledWorkflow workflow, string earlier, string later)
    {
        if (workflow.FindActivity(earlier) is not { Parent: { } container } to)
            return false;
        var from = workflow.FindActivity(later);
        while (from is not null && !ReferenceEquals(from.Parent, container))
            from = from.Parent;
        return from is not null && container.Activity.ComesBefore(to, from);
    }

    private static BurstResult CancelActivity(CompiledWorkflow workflow, InstanceState state, Stimulus.CancelActivity cancel, BurstContext context)
    {
        if (state.Status == WorkflowStatus.Finished)
            return Refuse(state, $"The instance has ended: {state.SubStatus}.");

        var executions = state.ExecutionList.FindAll(x => !x.IsEnded && (cancel.ActivityInstanceId is { } id ? x.Id == id : x.Node.Id == cancel.ActivityId));

        if (executions.Count == 0)
            return Refuse(state, cancel.ActivityInstanceId is null ? $"Activity '{cancel.ActivityId}' is not running." : "That execution is not running.");

        return executions.Exists(x => x.Parent is null)
            ? Refuse(state, "That is the whole workflow; cancel the instance instead.")
            : new BurstRun(workflow, state, context).CancelActivities(executions);
    }

    private static BurstResult Migrate(CompiledWorkflow workflow, InstanceState state, Stimulus.Migrate migrate, BurstContext context)
    {
        if (HasEnded(state) is { } ended)
            return ended;

        var plan = InstanceMigration.Apply(state, workflow, migrate.To, migrate.Completed);

        if (!plan.IsPossible)
            return Refuse(state, string.Join(" ", plan.Obstacles));

        state.UpdatedAt = context.Now;
        return new BurstResult { State = state };
    }

    /// <summary>A faulted instance can be repaired and continue; a finished or cancelled one can't.</summary>
    private static BurstResult? HasEnded(InstanceState state) =>
        state is { Status: WorkflowStatus.Finished, SubStatus: not WorkflowSubStatus.Faulted }
            ? Refuse(state, $"The instance has ended: {state.SubStatus}.")
            : null;

    private static string NameOf(ActivityNode node) => node.Name ?? node.Id;

    private static BurstResult Refuse(InstanceState state, string reason) => new() { State = state, Refused = reason };

    /// <summary>Connects a state read from storage to its definition, and restores variables that aren't stored.</summary>
    private static void Bind(CompiledWorkflow workflow, InstanceState state)
    {
        foreach (var execution in state.ExecutionList)
        {
            execution.Node =
                workflow.FindNode(execution.NodeId)
                ?? throw new InvalidDataException(
                    $"Instance {state.Id} runs activity {execution.NodeId}, which version {workflow.Id} of its definition does not have."
                );

            foreach (var variable in execution.Node.Variables)
                BindVariable(execution, variable);

            execution.Node.Activity.BindMemory(execution);
        }
    }

    internal static void BindVariable(ActivityExecution execution, VariableDefinition variable)
    {
        if (execution.FindLocal(variable.Id) is not { } block)
        {
            execution.Declare(variable.Id, variable.Name, variable, variable.Default);
        }
        else if (block.Definition is null)
        {
            execution.Memory!.Remove(block);
            execution.Declare(variable.Id, variable.Name, variable, block.Value);
        }
    }
}
