using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Tasks.Reviews;

/// <summary>
/// The reviewer requests changes: InReview → InProgress, back to the owner. The proposal becomes their draft, and the reason becomes a comment.
/// </summary>
public static class RequestChanges
{
    /// <summary>Asks for changes; a reason is required.</summary>
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, string? reason, Person actor, CancellationToken cancel = default)
    {
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > 5000)
            return new TaskResult.InvalidRequest("reason", "Describe the changes in at most 5,000 characters.");
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.RequestChanges, request, actor, actor.UserName, reason, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsReviewer)
            return new TaskResult.Forbidden("Only the reviewer can ask for changes: take the review first.");

        t.Write(
            """
            update task set state = 'InProgress', draft = data, data = null, proposed_outcome = null, reviewer_id = null, revision = revision + 1,
                changed_by = $2, changed_at = $3
            where id = $1
            """,
            t.Task.Id,
            actor.UserName,
            t.Now
        );
        t.Write(
            "insert into task_comment (id, task_id, author, body, created_at) values ($1, $2, $3, $4, $5)",
            Ids.New(t.Now),
            t.Task.Id,
            actor.UserName,
            $"Changes requested: {reason}",
            t.Now
        );
        Notify.Write(
            t.Instance,
            t.Task.OwnerId!.Value,
            "task.changes-requested",
            $"Changes requested: {t.Task.Title}",
            $"{actor.DisplayName}: {reason}",
            t.Task.Id
        );
        return await t.CommitAsync(
            "task.changes-requested",
            new(t.Task.Id, TaskState.InProgress, t.Task.Revision + 1, t.Task.OwnerId, null),
            new { title = t.Task.Title, reason },
            cancel
        );
    }
}
