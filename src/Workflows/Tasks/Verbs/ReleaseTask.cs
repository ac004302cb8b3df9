using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>
/// Returns a task to its candidates: Reserved or InProgress → Ready, by its owner or someone who can move the team's work. A review goes back to its
/// candidates the same way: InReview → ReadyForReview.
/// </summary>
public static class ReleaseTask
{
    /// <summary>Releases; the draft is kept for the next owner.</summary>
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, string? reason, Person actor, CancellationToken cancel = default)
    {
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.Release, request, actor, actor.UserName, reason, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        var review = t.Task.State == TaskState.InReview;
        if (!t.MayMoveWork && !(review ? t.IsReviewer : t.IsOwner))
            return new TaskResult.Forbidden($"Only the {(review ? "reviewer" : "owner")}, the team's lead or a supervisor can release this task.");
        if (!review && t.Task.Team is null && t.Task.Candidates.Length == 0)
            return new TaskResult.InvalidRequest("taskId", "This task has no candidates. Assign it to someone instead.");

        var state = review ? TaskState.ReadyForReview : TaskState.Ready;
        if (review)
            t.Write(
                "update task set state = 'ReadyForReview', reviewer_id = null, revision = revision + 1, changed_by = $2, changed_at = $3 where id = $1",
                t.Task.Id,
                actor.UserName,
                t.Now
            );
        else
            t.Write(
                """
                update task set state = 'Ready', owner_id = null, on_behalf_of = null, delegated_by = null, claimed_at = null, revision = revision + 1,
                    changed_by = $2, changed_at = $3 where id = $1
                """,
                t.Task.Id,
                actor.UserName,
                t.Now
            );
        return await t.CommitAsync(
            review ? "task.review-released" : "task.released",
            new(t.Task.Id, state, t.Task.Revision + 1, review ? t.Task.OwnerId : null, null),
            new { title = t.Task.Title, reason },
            cancel
        );
    }
}
