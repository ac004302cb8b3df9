using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>
/// The owner begins, or takes back what waits for a review: Reserved or ReadyForReview → InProgress. From here on the person counts as having worked on the
/// step (four eyes).
/// </summary>
public static class StartTask
{
    /// <summary>Starts for the owner.</summary>
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, Person actor, CancellationToken cancel = default)
    {
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.Start, request, actor, actor.UserName, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsOwner)
            return new TaskResult.Forbidden("Only the owner can start this task.");
        if (t.Subject.Exclusion is { } excluded)
            return excluded;

        t.Write(
            """
            update task set state = 'InProgress', started_at = coalesce(started_at, $3), actors = array(select distinct unnest(actors || $2::uuid[])),
                revision = revision + 1, changed_by = $4, changed_at = $3,
                draft = case when proposed_outcome is null then draft else data end, data = null, proposed_outcome = null, reviewer_id = null
            where id = $1
            """,
            t.Task.Id,
            t.Workers,
            t.Now,
            actor.UserName
        );
        return await t.CommitAsync(
            "task.started",
            new(t.Task.Id, TaskState.InProgress, t.Task.Revision + 1, actor.Id, null),
            new { title = t.Task.Title },
            cancel
        );
    }
}
