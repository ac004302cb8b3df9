using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>
/// The owner can't do the task: InProgress → Failed. The case continues with the step's outcome <c>Failed</c>; a step without that outcome becomes an incident
/// of the case, from which it can be run again.
/// </summary>
public static class FailTask
{
    /// <summary>Fails; a reason is required.</summary>
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, string? reason, Person actor, CancellationToken cancel = default)
    {
        if (string.IsNullOrWhiteSpace(reason))
            return new TaskResult.InvalidRequest("reason", "Say why it can't be done.");
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.Fail, request, actor, actor.UserName, reason, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsOwner)
            return new TaskResult.Forbidden("Only the owner can mark this task as failed.");

        await t.Instance.AdvanceAsync(new Stimulus.Resume(Ids.Text(t.Task.BookmarkId), TaskBookmark.NotDone(TaskState.Failed, reason, actor.UserName)), cancel);
        t.End(TaskState.Failed, reason, workers: t.Workers);
        return await t.CommitAsync(
            "task.failed",
            new(t.Task.Id, TaskState.Failed, t.Task.Revision + 1, actor.Id, null),
            new { title = t.Task.Title, reason },
            cancel
        );
    }
}
