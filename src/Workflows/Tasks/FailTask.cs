using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Activities;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks;

/// <summary>
/// The owner tried and can not do it: InProgress → Failed. The case goes on by the step's outcome <c>Failed</c>; a step that models none becomes an incident of the case, from where it can be run again.
/// </summary>
public static class FailTask
{
    /// <summary>Fails; a reason is required.</summary>
    public static async Task<TaskResult> RunAsync(TaskDesk desk, TaskRequest request, string? reason, Person actor, CancellationToken cancel = default)
    {
        if (string.IsNullOrWhiteSpace(reason))
            return new TaskResult.InvalidRequest("reason", "Say why it can not be done.");
        await using var t = await TaskTransaction.OpenAsync(desk, TaskVerb.Fail, request, actor, actor.UserName, reason, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsOwner)
            return new TaskResult.Forbidden("Only the owner can say that this task can not be done.");

        await t.Instance.AdvanceAsync(
            new Stimulus.Resume(Ids.Text(t.Task.BookmarkId), HumanTask.NotDone(nameof(TaskState.Failed), reason, actor.UserName)),
            cancel
        );
        t.End(TaskState.Failed, reason, workers: t.Workers);
        return await t.CommitAsync(
            "task.failed",
            new(t.Task.Id, TaskState.Failed, t.Task.Revision + 1, actor.Id, null),
            new { title = t.Task.Title, reason },
            cancel
        );
    }
}
