using System.Text.Json;
using NodaTime;
using Npgsql;
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
public sealed record RecomputeAnswer(int Looked, int Touched, bool Stored, IReadOnlyList<Recomputation> Changes)
{
    /// <summary>Clocks that can't be read and were left as they are, the first 500.</summary>
    public IReadOnlyList<SkippedClock> Skipped { get; init; } = [];

    /// <summary>Both together.</summary>
    internal RecomputeAnswer Plus(RecomputeAnswer next) =>
        this with
        {
            Looked = Looked + next.Looked,
            Touched = Touched + next.Touched,
            Changes = [.. Changes.Concat(next.Changes).Take(RecomputeClocks.MostListed)],
            Skipped = [.. Skipped.Concat(next.Skipped).Take(RecomputeClocks.MostListed)],
        };
}

/// <summary>
/// Computes running clocks again after a calendar or policy changed. Nothing else does: a clock keeps the policy and the calendar it was computed with until a
/// person who has seen the preview asks for this. Each clock is recomputed in its own transaction on its case, and the case's history records the
/// difference.
/// </summary>
public static class RecomputeClocks
{
    /// <summary>Most changes an answer lists.</summary>
    public const int MostListed = 500;

    private const int MostAtOnce = 200;

    private static bool Exists(ServiceLevelCatalog catalog, RecomputeScope scope) =>
        (scope.Calendar is not { } calendar || catalog.Calendars.ContainsKey(calendar))
        && (scope.Policy is not { } policy || catalog.Policies.ContainsKey(policy));

    /// <summary>How many clocks a calendar or policy may concern: all that run or stand still.</summary>
    internal static async Task<int> CountAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var query = database.Query("select count(*)::int from sla_clock where status in ('Running', 'Paused')");
        return (int)(await query.ExecuteScalarAsync(cancel))!;
    }

    /// <summary>Whether the calendar or policy exists and may concern more than 200 clocks, so that computing them is work for the background.</summary>
    public static async Task<bool> IsLongAsync(ClockRuntime clocks, RecomputeScope scope, CancellationToken cancel = default) =>
        scope.Clock is null && Exists(clocks.ServiceLevels, scope) && await CountAsync(clocks.Runtime.Database, cancel) > MostAtOnce;

    /// <summary>Previews or stores. Null when the calendar, policy or clock does not exist.</summary>
    /// <param name="scope">Which clocks.</param>
    /// <param name="reason">Why, for history.</param>
    /// <param name="store">False: only report what would change.</param>
    /// <param name="actor">The person who asks; a supervisor or administrator.</param>
    /// <param name="cancel">Stops between clocks; stored changes are kept.</param>
    public static async Task<RecomputeAnswer?> RunAsync(
        ClockRuntime clocks,
        RecomputeScope scope,
        string? reason,
        bool store,
        Person actor,
        CancellationToken cancel = default
    )
    {
        if (!Exists(clocks.ServiceLevels, scope))
            return null;
        if (scope.Clock is { } id)
        {
            var one = await ClockQueries.FindAsync(clocks.Runtime.Database, id, actor, clocks.Runtime.Clock.Now(), cancel);
            return one.Rows == 0 ? null : await OfAsync(clocks, scope, one.Clocks, one.Lost, reason, store, actor, cancel);
        }

        const int Page = 500;
        var sum = new RecomputeAnswer(0, 0, store, []);
        Guid? after = Guid.Empty;
        while (after is { } last)
        {
            (var answer, _, after) = await StepAsync(clocks, scope, reason, store, actor, last, Page, cancel);
            sum = sum.Plus(answer);
        }

        return sum;
    }

    /// <summary>One step over the clocks of a calendar or policy, in the order of their ids.</summary>
    /// <param name="scope">A calendar or policy.</param>
    /// <param name="reason">Why, for history.</param>
    /// <param name="store">False: only report what would change.</param>
    /// <param name="actor">The person who asks.</param>
    /// <param name="after">The clock to go on after.</param>
    /// <param name="limit">Clocks to look at.</param>
    /// <param name="cancel">Stops between clocks; stored changes are kept.</param>
    /// <returns>The result, the number of clocks looked at in and out of scope, and where to continue (null at the end).</returns>
    internal static async Task<(RecomputeAnswer Answer, int Scanned, Guid? Next)> StepAsync(
        ClockRuntime clocks,
        RecomputeScope scope,
        string? reason,
        bool store,
        Person actor,
        Guid after,
        int limit,
        CancellationToken cancel = default
    )
    {
        var page = await ClockQueries.LiveAsync(clocks.Runtime.Database, after, limit, cancel);
        var inScope = page.Clocks.Where(clock => scope.Policy is { } policy ? clock.State.Policy.Id == policy : clock.State.Policy.Calendar == scope.Calendar);

        // What a clock that can't be read counts on is not known: a calendar may be its own.
        var lost = page.Lost.Where(clock => scope.Policy is not { } policy || clock.Policy == policy).ToList();
        var answer = await OfAsync(clocks, scope, inScope, lost, reason, store, actor, cancel);
        return (answer, page.Rows, page.Rows == limit ? page.Last : null);
    }

    private static async Task<RecomputeAnswer> OfAsync(
        ClockRuntime clocks,
        RecomputeScope scope,
        IEnumerable<PlacedClock> placed,
        IReadOnlyList<LostClock> lost,
        string? reason,
        bool store,
        Person actor,
        CancellationToken cancel
    )
    {
        var changes = new List<Recomputation>();
        var (looked, touched) = (0, 0);
        foreach (var clock in placed)
        {
            looked++;
            if (Again(clocks.ServiceLevels, scope, clock.State, clocks.Runtime.Clock.Now()) is not { } again)
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

        if (store && lost.Count > 0)
            await ClockRows.ReportAsync(clocks.Runtime.Database, [.. lost.Select(clock => clock.Id)], clocks.Runtime.Clock.Now(), cancel);
        return new(looked, touched, store, changes) { Skipped = [.. lost.Select(clock => clock.Skipped)] };
    }

    private static ClockChange? Again(ServiceLevelCatalog catalog, RecomputeScope scope, ClockState state, Instant now)
    {
        var policy =
            scope.Calendar is null && catalog.Policies.TryGetValue(state.Policy.Id, out var inForce) && inForce.Direction == state.Policy.Direction
                ? inForce
                : state.Policy;
        return catalog.Calendars.TryGetValue(policy.Calendar, out var calendar) ? Clock.Recompute(state, policy, calendar, now) : null;
    }

    /// <summary>Recomputes under the lock, because the clock may have moved since it was listed.</summary>
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
        if (!ClockJson.TryRead(transaction.Reads.Utf8(0), out var state))
            return null;
        var clock = listed with { State = state };
        await transaction.DoneReadingAsync();
        var before = clock.State;
        if ((before.Ended && scope.Clock is null) || Again(clocks.ServiceLevels, scope, before, transaction.Now) is not { } again)
            return null;
        var differs = Differs(before, again.State);
        if (!differs && before.CalendarFingerprint == again.State.CalendarFingerprint)
            return null;

        // A clock that the change doesn't affect only records the new calendar; its due time, ledger and history stay as they are.
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
            transaction.Announce(new(ChangeKind.Task, task));

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
