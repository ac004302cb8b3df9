using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Activities;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks;

/// <summary>The step is left out where it allows that, and the case goes on by the outcome it names for it. By its owner, or whoever may move the team's work; who skips it counts for four eyes.</summary>
public static class SkipTask
{
    /// <summary>Skips; a reason is required.</summary>
    public static async Task<TaskResult> RunAsync(TaskDesk desk, TaskRequest request, string? reason, Person actor, CancellationToken cancel = default)
    {
        if (string.IsNullOrWhiteSpace(reason))
            return new TaskResult.InvalidRequest("reason", "Say why the step is skipped.");
        await using var t = await TaskTransaction.OpenAsync(desk, TaskVerb.Skip, request, actor, actor.UserName, reason, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (t.Task.SkipOutcome is not { } outcome)
            return new TaskResult.Forbidden("This step can not be skipped.");
        if (!t.IsOwner && !t.MayMoveWork)
            return new TaskResult.Forbidden("Only the owner, the team's lead or a supervisor can skip this task.");
        if (t.Subject.ExcludedBy is { } step)
            return new TaskResult.ExcludedByFourEyes(step.Id, step.Title);

        await t.Instance.AdvanceAsync(new Stimulus.Resume(Ids.Text(t.Task.BookmarkId), HumanTask.Completed(outcome, [], actor.UserName)), cancel);
        t.End(TaskState.Skipped, reason, outcome, t.Workers);
        return await t.CommitAsync(
            "task.skipped",
            new(t.Task.Id, TaskState.Skipped, t.Task.Revision + 1, t.Task.OwnerId, outcome),
            new
            {
                title = t.Task.Title,
                outcome,
                reason,
            },
            cancel
        );
    }
}
