using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>
/// The substitute of an absent owner takes over their task: Reserved or InProgress → Reserved. Draft and history stay; both people count for four eyes.
/// </summary>
public static class TakeOverTask
{
    /// <summary>Takes over for the actor.</summary>
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, Person actor, CancellationToken cancel = default)
    {
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.TakeOver, request, actor, actor.UserName, cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (t.IsOwner || t.Subject.StandsInFor is not { } absent || absent.Id != t.Task.OwnerId)
            return new TaskResult.Forbidden("Only the substitute of an owner who is away can take this task over.");
        if (t.CheckEligibility() is { } ineligible)
            return ineligible;

        t.Write(
            """
            update task set state = 'Reserved', owner_id = $2, on_behalf_of = $5, claimed_at = $3, revision = revision + 1, changed_by = $4,
                changed_at = $3 where id = $1
            """,
            t.Task.Id,
            actor.Id,
            t.Now,
            actor.UserName,
            absent.Id
        );
        Notify.Write(t.Instance, absent.Id, "task.taken-over", $"{actor.DisplayName} took over: {t.Task.Title}", "They're your substitute.", t.Task.Id);
        return await t.CommitAsync(
            "task.taken-over",
            new(t.Task.Id, TaskState.Reserved, t.Task.Revision + 1, actor.Id, null),
            new
            {
                title = t.Task.Title,
                owner = actor.UserName,
                previous = absent.Id,
                onBehalfOf = absent.Id,
            },
            cancel
        );
    }
}
