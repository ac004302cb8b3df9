using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>
/// A supervisor or the team's lead assigns a task to a candidate, or to the substitute of an absent one. If no one is eligible, a supervisor can assign it
/// to anyone whom the four-eyes rule doesn't exclude. → Reserved.
/// </summary>
public static class AssignTask
{
    /// <summary>Assigns, and tells the person.</summary>
    /// <param name="assignee">User name of who gets it.</param>
    /// <param name="reason">Why, for history; optional.</param>
    /// <param name="actor">Who assigns.</param>
    /// <param name="also">What else is written in the same transaction.</param>
    public static async Task<TaskResult> RunAsync(
        TaskRuntime tasks,
        TaskRequest request,
        string assignee,
        string? reason,
        Person actor,
        Action<InstanceTransaction>? also = null,
        CancellationToken cancel = default
    )
    {
        if (string.IsNullOrWhiteSpace(assignee))
            return new TaskResult.InvalidRequest("person", "Enter the user name of the new owner.");
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.Assign, request, actor, assignee, $"{assignee}\n{reason}", cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.MayMoveWork)
            return new TaskResult.Forbidden("Only the team's lead or a supervisor can assign this task.");
        if (t.CheckEligibility() is { } ineligible)
            return ineligible;

        t.Write(
            """
            update task set state = 'Reserved', owner_id = $2, on_behalf_of = $5, delegated_by = null, claimed_at = $3, revision = revision + 1,
                changed_by = $4, changed_at = $3 where id = $1
            """,
            t.Task.Id,
            t.Subject.Id,
            t.Now,
            actor.UserName,
            t.Subject.InPlaceOf?.Id ?? t.OnBehalfOf
        );
        if (t.Subject.Id != actor.Id)
            Notify.Write(
                t.Instance,
                t.Subject.Id,
                "task.assigned",
                $"{t.Task.Title} was assigned to you",
                t.Subject.InPlaceOf is { } away ? $"You're covering for {away.Name}. {reason}".Trim() : reason ?? "",
                t.Task.Id
            );
        also?.Invoke(t.Instance);
        return await t.CommitAsync(
            "task.assigned",
            new(t.Task.Id, TaskState.Reserved, t.Task.Revision + 1, t.Subject.Id, null),
            new
            {
                title = t.Task.Title,
                owner = t.Subject.UserName,
                previous = t.Task.OwnerId,
                onBehalfOf = t.Subject.InPlaceOf?.Id,
                reason,
                noOneEligible = t.Subject is { IsEntitled: true, MissingSkill: null } ? null : (bool?)true,
            },
            cancel
        );
    }
}
