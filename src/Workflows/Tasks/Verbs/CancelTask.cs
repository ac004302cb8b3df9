using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>
/// A supervisor cancels a task. The case continues with the step's outcome <c>Cancelled</c>; a step without that outcome becomes an incident of the case, from
/// which it can be run again. A case never ends silently because a task was cancelled.
/// </summary>
public static class CancelTask
{
    /// <summary>Cancels; a reason is required.</summary>
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, string? reason, Person actor, CancellationToken cancel = default)
    {
        if (string.IsNullOrWhiteSpace(reason))
            return new TaskResult.InvalidRequest("reason", "Say why the task is cancelled.");
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.Cancel, request, actor, actor.UserName, reason, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.MayMoveWork)
            return new TaskResult.Forbidden("Only the team's lead or a supervisor can cancel this task.");

        await t.Instance.AdvanceAsync(
            new Stimulus.Resume(Ids.Text(t.Task.BookmarkId), TaskBookmark.NotDone(TaskState.Cancelled, reason, actor.UserName)),
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
