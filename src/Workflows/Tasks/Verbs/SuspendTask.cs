using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>
/// The task waits for something: Ready, Reserved or InProgress → Suspended. Clocks whose policies know the reason stand still; statutory ones run on. It
/// resumes manually, or automatically on a date.
/// </summary>
public static class SuspendTask
{
    private static readonly Duration Longest = Duration.FromDays(366);

    /// <summary>Suspends.</summary>
    /// <param name="reason">The pause reason: one that policies name, such as <c>waitingForCustomer</c>, in any letter case, or a short text.</param>
    /// <param name="until">When it resumes on its own; null: only manually.</param>
    /// <param name="note">More about it; optional.</param>
    /// <param name="actor">The owner, or someone who can move the team's work.</param>
    public static async Task<TaskResult> RunAsync(
        TaskRuntime tasks,
        TaskRequest request,
        string? reason,
        Instant? until,
        string? note,
        Person actor,
        CancellationToken cancel = default
    )
    {
        reason = reason?.Trim();
        if (string.IsNullOrEmpty(reason) || reason.Length > 200)
            return new TaskResult.InvalidRequest("reason", "Say what the task is waiting for, in at most 200 characters.");
        await using var t = await TaskTransaction.OpenAsync(
            tasks,
            TaskVerb.Suspend,
            request,
            actor,
            actor.UserName,
            $"{reason}\n{until}\n{note}",
            cancel: cancel
        );
        if (t.Refusal is { } refusal)
            return refusal;
        if (!t.IsOwner && !t.MayMoveWork)
            return new TaskResult.Forbidden("Only the owner, the team's lead or a supervisor can suspend this task.");
        if (until is { } at && (at <= t.Now || at > t.Now + Longest))
            return new TaskResult.InvalidRequest("until", "The date must be in the future, within a year.");

        t.WaitsFor = reason;
        until = until?.Truncated();
        t.Write(
            """
            update task set state = 'Suspended', suspended_from = $2, suspended_reason = $3, suspended_until = $4, revision = revision + 1,
                changed_by = $5, changed_at = $6
            where id = $1
            """,
            t.Task.Id,
            t.Task.State.ToString(),
            reason,
            until,
            actor.UserName,
            t.Now
        );
        if (until is { } resume)
            t.Write(
                "insert into deadline (id, kind, due_at, instance_id, subject_id) values ($1, $2, $3, $4, $5)",
                Ids.New(t.Now),
                TaskTransaction.ResumeDeadline,
                resume,
                t.Task.InstanceId,
                t.Task.Id
            );
        return await t.CommitAsync(
            "task.suspended",
            new(t.Task.Id, TaskState.Suspended, t.Task.Revision + 1, t.Task.OwnerId, null),
            new
            {
                title = t.Task.Title,
                reason,
                until = until?.ToString(),
                note,
            },
            cancel
        );
    }
}
