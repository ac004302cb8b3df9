using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>
/// The owner has another candidate do it: the delegate becomes the owner, the delegator stays on record. Reserved or InProgress → Reserved. Both count for four
/// eyes.
/// </summary>
public static class DelegateTask
{
    /// <summary>Delegates and notifies the delegate. If that person is away, their substitute gets the task.</summary>
    /// <param name="person">User name of the delegate.</param>
    /// <param name="reason">Why, for the delegate and for history; optional.</param>
    /// <param name="actor">The owner.</param>
    public static async Task<TaskResult> RunAsync(
        TaskRuntime tasks,
        TaskRequest request,
        string? person,
        string? reason,
        Person actor,
        CancellationToken cancel = default
    )
    {
        if (string.IsNullOrWhiteSpace(person))
            return new TaskResult.InvalidRequest("person", "Enter the user name of the new owner.");
        await using var t = await TaskTransaction.OpenAsync(tasks, TaskVerb.Delegate, request, actor, person, $"{person}\n{reason}", cancel: cancel);
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsOwner)
            return new TaskResult.Forbidden("Only the owner can delegate this task.");
        if (t.Subject.Id == actor.Id)
            return new TaskResult.InvalidRequest("person", "You already own this task.");
        if (t.CheckEligibility() is { } ineligible)
            return ineligible;

        var away = t.Subject.InPlaceOf;
        t.Write(
            """
            update task set state = 'Reserved', owner_id = $2, on_behalf_of = $5, delegated_by = $6,
                actors = array(select distinct unnest(actors || $7::uuid[])), claimed_at = $3, revision = revision + 1,
                changed_by = $4, changed_at = $3
            where id = $1
            """,
            t.Task.Id,
            t.Subject.Id,
            t.Now,
            actor.UserName,
            away?.Id ?? t.OnBehalfOf,
            actor.Id,
            t.Workers
        );
        Notify.Write(
            t.Instance,
            t.Subject.Id,
            "task.delegated",
            $"{actor.DisplayName} delegated to you: {t.Task.Title}",
            away is { } absent ? $"You're covering for {absent.Name}. {reason}".Trim() : reason ?? "",
            t.Task.Id
        );
        return await t.CommitAsync(
            "task.delegated",
            new(t.Task.Id, TaskState.Reserved, t.Task.Revision + 1, t.Subject.Id, null),
            new
            {
                title = t.Task.Title,
                owner = t.Subject.UserName,
                previous = actor.Id,
                onBehalfOf = away?.Id,
                reason,
            },
            cancel
        );
    }
}
