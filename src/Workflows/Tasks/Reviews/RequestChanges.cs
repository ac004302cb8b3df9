using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Tasks.Reviews;

/// <summary>
/// The reviewer requests changes: InReview → InProgress, back to the owner, or → Ready if the owner was deactivated. The proposal becomes the draft, and
/// the reason becomes a comment.
/// </summary>
public static class RequestChanges
{
    /// <summary>Asks for changes; a reason is required.</summary>
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, string? reason, Person actor, CancellationToken cancel = default)
    {
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > 5000)
            return new TaskResult.InvalidRequest("reason", "Describe the changes in at most 5,000 characters.");
        await using var t = await TaskTransaction.OpenAsync(
            tasks,
            TaskVerb.RequestChanges,
            request,
            actor,
            actor.UserName,
            reason,
            also: Sql.Command("select p.id from task t join person p on p.id = t.owner_id and p.active where t.id = $1", request.TaskId),
            cancel: cancel
        );
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsReviewer)
            return new TaskResult.Forbidden("Only the reviewer can ask for changes: take the review first.");

        // An owner who was deactivated in the meantime can't go on: the candidates can.
        var owner = t.Also?[0] as Guid?;
        var state = owner is null ? TaskState.Ready : TaskState.InProgress;
        t.Write(
            """
            update task set state = $4, draft = data, data = null, proposed_outcome = null, reviewer_id = null, owner_id = $5,
                on_behalf_of = case when $5::uuid is not null then on_behalf_of end, delegated_by = case when $5::uuid is not null then delegated_by end,
                claimed_at = case when $5::uuid is not null then claimed_at end, revision = revision + 1, changed_by = $2, changed_at = $3
            where id = $1
            """,
            t.Task.Id,
            actor.UserName,
            t.Now,
            state.ToString(),
            owner
        );
        t.Write(
            "insert into task_comment (id, task_id, author, body, created_at) values ($1, $2, $3, $4, $5)",
            Ids.New(t.Now),
            t.Task.Id,
            actor.UserName,
            $"Changes requested: {reason}",
            t.Now
        );
        if (owner is { } person)
            Notify.Write(t.Instance, person, "task.changes-requested", $"Changes requested: {t.Task.Title}", $"{actor.DisplayName}: {reason}", t.Task.Id);
        return await t.CommitAsync(
            "task.changes-requested",
            new(t.Task.Id, state, t.Task.Revision + 1, owner, null),
            new
            {
                title = t.Task.Title,
                reason,
                ready = owner is null ? true : (bool?)null,
            },
            cancel
        );
    }
}
