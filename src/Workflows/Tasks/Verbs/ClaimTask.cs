using Orchestration.Engine.Runtime;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>A candidate, or their substitute, takes an unassigned task: Ready → Reserved. The first one wins.</summary>
public static class ClaimTask
{
    /// <summary>Claims for the actor.</summary>
    public static async Task<TaskResult> RunAsync(TaskRuntime tasks, TaskRequest request, Person actor, CancellationToken cancel = default)
    {
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.Claim, request, actor, actor.UserName, cancel: cancel);
        if ((t.Refusal ?? t.CheckEligibility()) is { } refusal)
            return refusal;
        return await WriteAsync(t, actor, null, cancel);
    }

    /// <summary>Claims in a transaction whose rules were checked.</summary>
    /// <param name="offer">The offer that the actor accepted, or null.</param>
    internal static Task<TaskResult> WriteAsync(TaskTransaction t, Person actor, Guid? offer, CancellationToken cancel)
    {
        t.Write(
            """
            update task set state = 'Reserved', owner_id = $2, on_behalf_of = $5, delegated_by = null, claimed_at = $3, revision = revision + 1,
                changed_by = $4, changed_at = $3 where id = $1
            """,
            t.Task.Id,
            actor.Id,
            t.Now,
            actor.UserName,
            t.OnBehalfOf
        );
        return t.CommitAsync(
            "task.claimed",
            new(t.Task.Id, TaskState.Reserved, t.Task.Revision + 1, actor.Id, null),
            new
            {
                title = t.Task.Title,
                owner = actor.UserName,
                onBehalfOf = t.OnBehalfOf,
                offer,
            },
            cancel
        );
    }
}
