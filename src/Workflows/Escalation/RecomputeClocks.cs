using System.Text.Json;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Escalation;

/// <summary>Which clocks to compute again. Exactly one is given.</summary>
/// <param name="Calendar">Live clocks on this calendar, with its version in force and the policy they have.</param>
/// <param name="Policy">Live clocks of this policy, with its version in force.</param>
/// <param name="Clock">This clock, ended or not, with policy and calendar in force.</param>
public sealed record RecomputeScope(string? Calendar = null, string? Policy = null, Guid? Clock = null);

/// <summary>What computing a clock again comes to.</summary>
public sealed record Recomputation(
    Guid ClockId,
    Guid CaseId,
    Guid? TaskId,
    string? Reference,
    string? Title,
    string Policy,
    string Name,
    int FromVersion,
    int ToVersion,
    DateTime? DueAt,
    DateTime? NewDueAt,
    bool Breached,
    bool NewBreached
);

/// <summary>What computing clocks again comes to.</summary>
/// <param name="Looked">Clocks in scope.</param>
/// <param name="Touched">Those whose due time, breach or policy version changes.</param>
/// <param name="Stored">Whether it was done; else it is a preview.</param>
/// <param name="Changes">What changes, the first 500.</param>
public sealed record RecomputeAnswer(int Looked, int Touched, bool Stored, IReadOnlyList<Recomputation> Changes);

/// <summary>
/// Computes running clocks again after a calendar or policy changed. Nothing else does: a clock keeps the policy and the calendar it was computed with until a
/// person, having seen the preview, asks for this. Each clock is a transaction of its own on its case, with the difference in the case's history.
/// </summary>
public static class RecomputeClocks
{
    /// <summary>Most changes an answer lists.</summary>
    public const int MostListed = 500;

    /// <summary>Previews or stores. Null when the calendar, policy or clock does not exist.</summary>
    /// <param name="scope">Which clocks.</param>
    /// <param name="reason">Why, for history.</param>
    /// <param name="store">False: only say what would change.</param>
    /// <param name="actor">Who asks; a supervisor or administrator.</param>
    /// <param name="cancel">Cancels; what was stored until then stays.</param>
    public static async Task<RecomputeAnswer?> RunAsync(
        ClockRuntime clocks,
        RecomputeScope scope,
        string? reason,
        bool store,
        Person actor,
        CancellationToken cancel = default
    )
    {
        var catalog = clocks.ServiceLevels;
        if (
            (scope.Calendar is { } calendar && !catalog.Calendars.ContainsKey(calendar))
            || (scope.Policy is { } policy && !catalog.Policies.ContainsKey(policy))
        )
            return null;
        var changes = new List<Recomputation>();
        var (looked, touched) = (0, 0);
        await foreach (var clock in InScopeAsync(clocks, scope, actor, cancel))
        {
            looked++;
            if (Again(catalog, scope, clock.State, clocks.Runtime.Clock.Now()) is not { } again)
                continue;
            var change =
                store ? await StoreAsync(clocks, scope, clock, reason, actor, cancel)
                : Differs(clock.State, again.State) ? Describe(clock, again.State)
                : null;
            if (change is null)
                continue;
            touched++;
            if (changes.Count < MostListed)
                changes.Add(change);
        }

        return scope.Clock is not null && looked == 0 ? null : new(looked, touched, store, changes);
    }

    private static async IAsyncEnumerable<PlacedClock> InScopeAsync(
        ClockRuntime clocks,
        RecomputeScope scope,
        Person actor,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel
    )
    {
        const int Page = 500;
        if (scope.Clock is { } id)
        {
            if (await ClockQueries.FindAsync(clocks.Runtime.Database, id, actor, clocks.Runtime.Clock.Now(), cancel) is { } one)
                yield return one;
            yield break;
        }

        IReadOnlyList<PlacedClock> page;
        var after = Guid.Empty;
        do
        {
            page = await ClockQueries.LiveAsync(clocks.Runtime.Database, after, Page, cancel);
            foreach (var clock in page)
            {
                if (scope.Policy is { } policy ? clock.State.Policy.Id == policy : clock.State.Policy.Calendar == scope.Calendar)
                    yield return clock;
            }

            after = page.Count > 0 ? page[^1].Id : after;
        } while (page.Count == Page);
    }

    private static ClockChange? Again(ServiceLevelCatalog catalog, RecomputeScope scope, ClockState state, Instant now)
    {
        var policy =
            scope.Calendar is null && catalog.Policies.TryGetValue(state.Policy.Id, out var inForce) && inForce.Direction == state.Policy.Direction
                ? inForce
                : state.Policy;
        return catalog.Calendars.TryGetValue(policy.Calendar, out var calendar) ? Clock.Recompute(state, policy, calendar, now) : null;
    }

    /// <summary>Once more under the lock, because the clock may have moved since it was listed.</summary>
    private static async Task<Recomputation?> StoreAsync(
        ClockRuntime clocks,
        RecomputeScope scope,
        PlacedClock listed,
        string? reason,
        Person actor,
        CancellationToken cancel
    )
    {
        await using var transaction = await InstanceTransaction.OpenAsync(
            clocks.Runtime,
            actor.UserName,
            ("$1", listed.CaseId),
            reads: [Sql.Command("select state from sla_clock where id = $1", listed.Id)],
            moves: false,
            cancel: cancel
        );
        await transaction.NextResultAsync(cancel);
        if (transaction.InstanceId is null || !await transaction.Reads.ReadAsync(cancel))
            return null;
        var clock = listed with { State = ClockJson.Read(transaction.Reads.GetString(0)) };
        await transaction.DoneReadingAsync();
        var before = clock.State;
        if ((before.Ended && scope.Clock is null) || Again(clocks.ServiceLevels, scope, before, transaction.Now) is not { } again)
            return null;
        var differs = Differs(before, again.State);
        if (!differs && before.CalendarFingerprint == again.State.CalendarFingerprint)
            return null;

        // A clock the change does not touch only takes note of the new calendar; its due time, ledger and history stay as they are.
        ClockRows.Write(transaction, clock.CaseId, clock.TaskId, clock.Id, isNew: false, again.State, [], clocks.ServiceLevels);
        if (!differs)
        {
            await transaction.CommitAsync(cancel);
            return null;
        }

        transaction.Write("delete from sla_ledger where clock_id = $1", clock.Id);
        if (again.Rows.Count > 0)
            transaction.Write(ClockRows.Ledger(clock.Id, again.Rows));
        if (clock.TaskId is { } task)
        {
            transaction.Write(
                """
                update task set due_at = (select min(due_at) from sla_clock where task_id = $1 and status = 'Running'),
                    breached = exists (select from sla_clock where task_id = $1 and breached)
                where id = $1 and ended_at is null
                """,
                task
            );
            transaction.Announce(new(ChangeKind.Task, task));
        }

        var change = Describe(clock, again.State);
        transaction.Record(
            new(
                "sla.recomputed",
                "clock",
                Ids.Text(clock.Id),
                before.Generation,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        policy = change.Policy,
                        name = change.Name,
                        fromVersion = change.FromVersion,
                        toVersion = change.ToVersion,
                        calendar = again.State.CalendarFingerprint,
                        previous = before.DueAt?.ToString(),
                        due = again.State.DueAt?.ToString(),
                        breached = again.State.Breached,
                        reason,
                    },
                    TaskJson.Options
                )
            )
        );
        if (again.State is { Ended: false, BreachedAt: { } missed } && !before.Breached)
        {
            transaction.Record(
                new(
                    "sla.breached",
                    "clock",
                    Ids.Text(clock.Id),
                    before.Generation,
                    JsonSerializer.SerializeToUtf8Bytes(
                        new
                        {
                            policy = change.Policy,
                            name = clock.Title is null ? change.Name : null,
                            due = missed.ToString(),
                            task = clock.Title,
                        },
                        TaskJson.Options
                    )
                )
            );
        }

        transaction.Announce(new(ChangeKind.Instance, clock.CaseId));
        await transaction.CommitAsync(cancel);
        return change;
    }

    private static bool Differs(ClockState before, ClockState after) =>
        before.DueAt != after.DueAt
        || before.BreachedAt != after.BreachedAt
        || before.Used != after.Used
        || before.Total != after.Total
        || before.Policy.Version != after.Policy.Version;

    private static Recomputation Describe(PlacedClock clock, ClockState after) =>
        new(
            clock.Id,
            clock.CaseId,
            clock.TaskId,
            clock.Reference,
            clock.Title,
            after.Policy.Id,
            after.Policy.Name,
            clock.State.Policy.Version,
            after.Policy.Version,
            clock.State.DueAt?.ToDateTimeUtc(),
            after.DueAt?.ToDateTimeUtc(),
            clock.State.Breached,
            after.Breached
        );
}
