using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Tasks.Reviews;

/// <summary>
/// A person who could do the task, leads its team or supervises, and hasn't worked on it, takes the review: ReadyForReview → InReview.
/// </summary>
public static class StartReview
{
    /// <summary>Takes the review for the actor.</summary>
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, Person actor, CancellationToken cancel = default)
    {
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.StartReview, request, actor, actor.UserName, cancel: cancel);
        if ((t.Refusal ?? t.CheckEligibility()) is { } refusal)
            return refusal;

        t.Write(
            """
            update task set state = 'InReview', reviewer_id = $2, reviewers = array_remove(reviewers, $2) || $2, revision = revision + 1,
                changed_by = $3, changed_at = $4
            where id = $1
            """,
            t.Task.Id,
            actor.Id,
            actor.UserName,
            t.Now
        );
        return await t.CommitAsync(
            "task.review-started",
            new(t.Task.Id, TaskState.InReview, t.Task.Revision + 1, t.Task.OwnerId, null),
            new { title = t.Task.Title, reviewer = actor.UserName },
            cancel
        );
    }
}
