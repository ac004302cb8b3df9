using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Activities;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks;

/// <summary>
/// A supervisor ends a task that is not to be done. The case goes on through the step's outcome <c>Cancelled</c>; a step that models none becomes an incident of the
/// case, from where the step can be run again. A case never ends silently because a task was cancelled.
/// </summary>
public static class CancelTask
{
    /// <summary>Cancels; a reason is required.</summary>
    public static async Task<TaskResult> RunAsync(TaskDesk desk, TaskRequest request, string? reason, Person actor, CancellationToken cancel = default)
    {
        if (string.IsNullOrWhiteSpace(reason))
            return new TaskResult.InvalidRequest("reason", "Say why the task is cancelled.");
        await using var t = await TaskTransaction.OpenAsync(desk, TaskVerb.Cancel, request, actor, actor.UserName, reason, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.MayMoveWork)
            return new TaskResult.Forbidden("Only the team's lead or a supervisor can cancel this task.");

        await t.Instance.AdvanceAsync(
            new Stimulus.Resume(Ids.Text(t.Task.BookmarkId), HumanTask.NotDone(nameof(TaskState.Cancelled), reason, actor.UserName)),
            cancel
        );
        t.End(TaskState.Cancelled, reason);
        return await t.CommitAsync(
            "task.cancelled",
            new(t.Task.Id, TaskState.Cancelled, t.Task.Revision + 1, null, null),
            new { title = t.Task.Title, reason },
            cancel
        );
    }
}
