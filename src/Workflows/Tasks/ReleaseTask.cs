using Orchestration.Engine.Runtime;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks;

/// <summary>Gives a task back to its candidates: Reserved or InProgress → Ready. By its owner, or by whoever may move the team's work.</summary>
public static class ReleaseTask
{
    /// <summary>Releases; the draft stays for whoever takes it next.</summary>
    public static async Task<TaskResult> RunAsync(TaskDesk desk, TaskRequest request, string? reason, Person actor, CancellationToken cancel = default)
    {
        await using var t = await TaskTransaction.OpenAsync(desk, TaskVerb.Release, request, actor, actor.UserName, reason, cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsOwner && !t.MayMoveWork)
            return new TaskResult.Forbidden("Only the owner, the team's lead or a supervisor can release this task.");
        if (t.Task.Team is null && t.Task.Candidates.Length == 0)
            return new TaskResult.InvalidRequest("taskId", "This task has no candidates to go back to; assign it to somebody instead.");

        t.Write(
            "update task set state = 'Ready', owner_id = null, claimed_at = null, revision = revision + 1, changed_by = $2, changed_at = $3 where id = $1",
            t.Task.Id, actor.UserName, t.Now);
        return await t.CommitAsync("task.released", new(t.Task.Id, TaskState.Ready, t.Task.Revision + 1, null, null), new { title = t.Task.Title, reason }, cancel);
    }
}
