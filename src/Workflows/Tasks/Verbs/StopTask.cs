using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>The owner lays the work aside and keeps the task: InProgress → Reserved. Having worked on it still counts for four eyes.</summary>
public static class StopTask
{
    /// <summary>Stops; the draft is kept.</summary>
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, Person actor, CancellationToken cancel = default)
    {
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.Stop, request, actor, actor.UserName, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsOwner)
            return new TaskResult.Forbidden("Only the owner can stop working on this task.");

        t.Write(
            "update task set state = 'Reserved', revision = revision + 1, changed_by = $2, changed_at = $3 where id = $1",
            t.Task.Id,
            actor.UserName,
            t.Now
        );
        return await t.CommitAsync(
            "task.stopped",
            new(t.Task.Id, TaskState.Reserved, t.Task.Revision + 1, actor.Id, null),
            new { title = t.Task.Title },
            cancel
        );
    }
}
