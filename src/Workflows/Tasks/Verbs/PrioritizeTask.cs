using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>Changes the priority of a live task. Allowed for people who can move the team's work.</summary>
public static class PrioritizeTask
{
    /// <summary>Sets the priority.</summary>
    /// <param name="priority">1 (critical) to 5 (planning).</param>
    /// <param name="reason">Why, for history; optional.</param>
    /// <param name="actor">Who changes it.</param>
    /// <param name="also">What else is written in the same transaction.</param>
    public static async Task<TaskResult> RunAsync(
        TaskRuntime tasks,
        TaskRequest request,
        int? priority,
        string? reason,
        Person actor,
        Action<InstanceTransaction>? also = null,
        CancellationToken cancel = default
    )
    {
        if (priority is not (>= 1 and <= 5))
            return new TaskResult.InvalidRequest("priority", "The priority must be 1 (critical) to 5 (planning).");
        await using var t = await TaskTransaction.OpenAsync(
            tasks,
            TaskVerb.Prioritize,
            request,
            actor,
            actor.UserName,
            $"{priority}\n{reason}",
            cancel: cancel
        );
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.MayMoveWork)
            return new TaskResult.Forbidden("Only the team's lead or a supervisor can change the priority.");

        t.Write(
            "update task set priority = $2, revision = revision + 1, changed_by = $3, changed_at = $4 where id = $1",
            t.Task.Id,
            (short)priority.Value,
            actor.UserName,
            t.Now
        );
        also?.Invoke(t.Instance);
        return await t.CommitAsync(
            "task.prioritized",
            new(t.Task.Id, t.Task.State, t.Task.Revision + 1, t.Task.OwnerId, null),
            new
            {
                title = t.Task.Title,
                from = t.Task.Priority,
                to = priority,
                reason,
            },
            cancel
        );
    }
}
