using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>
/// Completes a task because its work was done on another page: an article was approved there, say. Whoever did it becomes its owner, whatever state the task is
/// in. Callers have checked that the person may do that work.
/// </summary>
internal static class CompleteElsewhere
{
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, string outcome, Person actor, CancellationToken cancel = default)
    {
        // Cancel is the verb that every live state allows.
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.Cancel, request, actor, actor.UserName, outcome, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        await t.Instance.AdvanceAsync(new Stimulus.Resume(Ids.Text(t.Task.BookmarkId), TaskBookmark.Completed(outcome, [], actor.UserName)), cancel);
        t.Write(
            """
            update task set state = 'Completed', outcome = $2, data = '{}', draft = null, owner_id = $3, on_behalf_of = null, ended_by = $4, ended_at = $5,
                actors = array(select distinct unnest(actors || $3)), started_at = coalesce(started_at, $5), reviewer_id = null, proposed_outcome = null,
                suspended_from = null, suspended_reason = null, suspended_until = null, revision = revision + 1, changed_by = $4, changed_at = $5
            where id = $1
            """,
            t.Task.Id,
            outcome,
            actor.Id,
            actor.UserName,
            t.Now
        );
        if (t.Task.SuspendedFrom is not null)
            t.Write(TaskTransaction.ForgetResumeDeadline, t.Task.Id);
        return await t.CommitAsync(
            "task.completed",
            new(t.Task.Id, TaskState.Completed, t.Task.Revision + 1, actor.Id, outcome),
            new { title = t.Task.Title, outcome },
            cancel
        );
    }
}
