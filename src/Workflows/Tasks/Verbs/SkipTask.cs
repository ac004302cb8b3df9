using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>
/// Skips a step that allows it; the case continues with the outcome it names for that. Allowed for the owner and people who can move the team's work;
/// skipping
/// counts for four eyes.
/// </summary>
public static class SkipTask
{
    /// <summary>Skips; a reason is required.</summary>
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, string? reason, Person actor, CancellationToken cancel = default)
    {
        if (string.IsNullOrWhiteSpace(reason))
            return new TaskResult.InvalidRequest("reason", "Say why the step is skipped.");
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.Skip, request, actor, actor.UserName, reason, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (t.Task.SkipOutcome is not { } outcome)
            return new TaskResult.Forbidden("This step can't be skipped.");
        if (!t.IsOwner && !t.MayMoveWork)
            return new TaskResult.Forbidden("Only the owner, the team's lead or a supervisor can skip this task.");
        if (t.Subject.Exclusion is { } excluded)
            return excluded;

        await t.Instance.AdvanceAsync(new Stimulus.Resume(Ids.Text(t.Task.BookmarkId), TaskBookmark.Completed(outcome, [], actor.UserName)), cancel);
        t.End(TaskState.Skipped, reason, outcome, t.Workers);
        return await t.CommitAsync(
            "task.skipped",
            new(t.Task.Id, TaskState.Skipped, t.Task.Revision + 1, t.Task.OwnerId, outcome),
            new
            {
                title = t.Task.Title,
                outcome,
                reason,
            },
            cancel
        );
    }
}
