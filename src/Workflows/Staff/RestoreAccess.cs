using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Staff;

/// <summary>Lets people in again: who was deactivated, who is locked out after failed sign-ins, and who lost their authenticator app.</summary>
public static class RestoreAccess
{
    /// <summary>
    /// Reactivates a person with the teams, roles, skills and password they had. Work that returned stays where it is, and absences that ended stay ended.
    /// </summary>
    /// <param name="id">Who.</param>
    /// <param name="revision">Revision the caller last saw.</param>
    /// <param name="actor">User name of the administrator.</param>
    /// <returns>Done, NotFound, Stale or Refused.</returns>
    public static async Task<StaffResult> ReactivateAsync(WorkflowRuntime runtime, Guid id, int revision, string actor, CancellationToken cancel = default)
    {
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        if (await PersonDetails.SomeAsync(t.Connection, [id], [], t.Now, cancel) is not [var person])
            return new StaffResult.NotFound();
        if (person.Active)
            return new StaffResult.Refused($"{person.DisplayName} is active.");
        if (person.Revision != revision)
            return new StaffResult.Stale(person.Revision);
        await t.LockAsync([id], cancel);
        t.Writes.Add(
            """
            update person set active = true, deactivated_by = null, deactivated_at = null, failed_sign_ins = 0, locked_until = null, revision = revision + 1,
                updated_at = $2 where id = $1
            """,
            id,
            t.Now
        );
        t.Record(id, "person.reactivated", revision + 1);
        t.AccessChanged(id);
        await t.CommitAsync(cancel);
        return new StaffResult.Done();
    }

    /// <summary>Ends a lock-out before its time.</summary>
    /// <param name="id">Who.</param>
    /// <param name="actor">User name of the administrator.</param>
    /// <returns>Done, NotFound, or Refused: not locked out.</returns>
    public static async Task<StaffResult> UnlockAsync(WorkflowRuntime runtime, Guid id, string actor, CancellationToken cancel = default)
    {
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        if (await PersonDetails.SomeAsync(t.Connection, [id], [], t.Now, cancel) is not [var person])
            return new StaffResult.NotFound();
        if (person.LockedUntil is null)
            return new StaffResult.Refused($"{person.DisplayName} isn't locked out.");
        await t.LockAsync([id], cancel);
        t.Writes.Add("update person set failed_sign_ins = 0, locked_until = null where id = $1", id);
        t.Record(id, "person.unlocked", person.Revision);
        await t.CommitAsync(cancel);
        return new StaffResult.Done();
    }

    /// <summary>
    /// Takes a person's second factor and recovery codes away, and ends their sessions. If their roles need one, they set up another when they sign in.
    /// </summary>
    /// <param name="id">Who.</param>
    /// <param name="actor">User name of the administrator.</param>
    /// <returns>Done, NotFound, or Refused: there is none.</returns>
    public static async Task<StaffResult> ResetSecondFactorAsync(WorkflowRuntime runtime, Guid id, string actor, CancellationToken cancel = default)
    {
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        if (await PersonDetails.SomeAsync(t.Connection, [id], [], t.Now, cancel) is not [var person])
            return new StaffResult.NotFound();
        if (!person.HasSecondFactor)
            return new StaffResult.Refused($"{person.DisplayName} has no second factor.");
        await t.LockAsync([id], cancel);
        SecondFactors.Remove(t.Writes, id);
        t.Writes.Add("update person set security_stamp = gen_random_uuid(), updated_at = $2 where id = $1", id, t.Now);
        t.Record(id, "person.second-factor-reset", person.Revision);
        t.Tell(
            id,
            person.UserName,
            "person.second-factor-reset",
            "Your second factor was reset",
            "An administrator removed your authenticator app and recovery codes. Set up an app again under Sign-in and security."
        );
        t.AccessChanged(id);
        await t.CommitAsync(cancel);
        return new StaffResult.Done();
    }
}
