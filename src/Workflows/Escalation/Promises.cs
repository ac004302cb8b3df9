using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Escalation;

/// <summary>A promise to make.</summary>
/// <param name="What">What the customer was told, 1 to 200 characters.</param>
/// <param name="DueAt">By when.</param>
/// <param name="Channel">How the customer was told, or null.</param>
/// <param name="Step">Id of the step that keeps it when it is completed; null: it is a promise to contact the customer.</param>
/// <param name="OperationId">Chosen by the caller: the same id with the same promise makes it once. Null: each call makes one.</param>
public sealed record PromiseRequest(string What, Instant DueAt, string? Channel = null, string? Step = null, string? OperationId = null)
{
    /// <summary>Why it is made although it is likely to be broken, or null.</summary>
    public string? Reason { get; init; }

    /// <summary>How likely it is to be kept, or null: nobody can say.</summary>
    public PromiseOdds? Odds { get; init; }
}

/// <summary>What says how likely a promise is to be kept.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OddsBasis>))]
public enum OddsBasis
{
    /// <summary>The forecast of the office, for the open task of its step.</summary>
    Forecast,

    /// <summary>How long cases took from the same step to the end of the promised one.</summary>
    Steps,

    /// <summary>How many promises that bind no step were kept.</summary>
    Promises,
}

/// <summary>How likely a promise is to be kept.</summary>
/// <param name="Chance">From 0 to 1.</param>
/// <param name="LikelyAt">Four of five would be done by then; null: not known.</param>
/// <param name="Basis">What says so.</param>
/// <param name="Samples">Of how many it was computed.</param>
public sealed record PromiseOdds(double Chance, Instant? LikelyAt, OddsBasis Basis, int Samples);

/// <summary>How making or settling a promise went.</summary>
public abstract record PromiseResult
{
    private PromiseResult() { }

    /// <summary>Done; the clock that measures it.</summary>
    public sealed record Done(Guid ClockId) : PromiseResult;

    /// <summary>There is no such case or promise.</summary>
    public sealed record NotFound : PromiseResult;

    /// <summary>The case has ended, or the promise is settled.</summary>
    public sealed record Ended : PromiseResult;

    /// <summary>The journey of the case has no such step.</summary>
    public sealed record NoSuchStep : PromiseResult;

    /// <summary>The date it is to be moved to isn't later than now and than the one it has.</summary>
    public sealed record NotLater : PromiseResult;

    /// <summary>It is likely to be broken, and nobody said why it is made all the same.</summary>
    public sealed record Unlikely(PromiseOdds Odds) : PromiseResult;

    /// <summary>The operation id was used for another request.</summary>
    public sealed record OperationReused : PromiseResult;
}

/// <summary>Where a promise stands.</summary>
public enum PromiseState
{
    Open,

    /// <summary>Open, and its time has passed.</summary>
    Overdue,
    Kept,
    KeptLate,
    Broken,
    Withdrawn,
}

/// <summary>
/// What a customer was told, as a clock of the case: due at the promised instant, with the ladder of every clock. It is kept when someone says so, when the
/// step it binds or with it the case is completed, or, if it binds none, when someone calls or visits the customer and reaches them. Someone can also settle it
/// as broken or withdrawn. When the case ends without it, it is withdrawn, or broken if its time has passed.
/// </summary>
public static class Promises
{
    /// <summary>Calendar whose zone a promise is explained in when the journey has none.</summary>
    public const string DefaultCalendar = "24x7";

    /// <summary>Where a promise stands.</summary>
    public static PromiseState StateOf(ClockState promise, Instant now) =>
        promise switch
        {
            { Ended: false } => Clock.MarkBreach(promise, now).Breached ? PromiseState.Overdue : PromiseState.Open,
            { Settled: PromiseOutcome.Broken } => PromiseState.Broken,
            { Status: ClockStatus.Cancelled, Settled: null, Breached: true } => PromiseState.Broken,
            { Status: ClockStatus.Cancelled } => PromiseState.Withdrawn,
            _ => promise.Breached ? PromiseState.KeptLate : PromiseState.Kept,
        };

    /// <summary>The step that keeps it when it is completed, or null.</summary>
    public static string? StepOf(ClockState promise) => promise.Policy.Stop.Events.Select(SlaPolicy.StepOf).FirstOrDefault(step => step is not null);

    /// <summary>Makes a promise. Its history says who told the customer.</summary>
    public static async Task<PromiseResult> MakeAsync(ClockRuntime clocks, Guid @case, PromiseRequest request, Person actor, CancellationToken cancel = default)
    {
        var operation = request.OperationId is { } key
            ? Operation.Of(
                actor.UserName,
                key,
                "promise",
                Ids.Text(@case),
                request.What,
                request.DueAt.ToString(),
                request.Channel,
                request.Step,
                request.Reason
            )
            : null;
        if (await EarlierAsync(clocks, operation, cancel) is { } earlier)
            return earlier;
        try
        {
            return await MakeAsync(clocks, @case, request, operation, actor, cancel);
        }
        catch (PostgresException e) when (e.ConstraintName == Operation.Constraint)
        {
            // The same form was sent twice, and the other request was first.
            return await EarlierAsync(clocks, operation, cancel)
                ?? throw new InvalidOperationException("The operation broke its constraint but isn't stored.", e);
        }
    }

    /// <summary>Settles a promise. Settling it the same way again changes nothing.</summary>
    /// <param name="case">The case.</param>
    /// <param name="clock">The promise.</param>
    /// <param name="outcome">What became of it.</param>
    /// <param name="reason">A note, or null.</param>
    /// <param name="actor">The person who says so.</param>
    public static async Task<PromiseResult> SettleAsync(
        ClockRuntime clocks,
        Guid @case,
        Guid clock,
        PromiseOutcome outcome,
        string? reason,
        Person actor,
        CancellationToken cancel = default
    )
    {
        await using var transaction = await OpenAsync(clocks.Runtime, @case, clock, actor, cancel);
        if (await ReadAsync(transaction, cancel) is not { } state)
            return new PromiseResult.NotFound();
        if (state.Ended)
            return state.Settled == outcome ? new PromiseResult.Done(clock) : new PromiseResult.Ended();
        Settle(clocks.ServiceLevels, transaction, @case, clock, state, outcome, reason);
        transaction.Announce(new(ChangeKind.Instance, @case));
        await transaction.CommitAsync(cancel);
        return new PromiseResult.Done(clock);
    }

    /// <summary>Someone called or visited the customer and reached them: promises to contact them are kept.</summary>
    /// <param name="transaction">Transaction that records the contact, of the case.</param>
    /// <param name="live">Live clocks of promises of the case, read in the transaction.</param>
    internal static void Reached(ServiceLevelCatalog serviceLevels, InstanceTransaction transaction, LiveClocks live)
    {
        foreach (var clock in live.Clocks.Where(clock => clock.State.Policy.Stop.Events.Contains(SlaPolicy.ContactReached)))
        {
            if (serviceLevels.FindCalendarOf(clock.State) is not null)
                Settle(serviceLevels, transaction, transaction.InstanceId!.Value, clock.Id, clock.State, PromiseOutcome.Kept, null);
        }
    }

    /// <summary>Moves an open promise to a later date that the customer agreed to. Moving it to the same date again changes nothing.</summary>
    /// <param name="due">Later than now and than the date it has.</param>
    /// <param name="reason">A note, or null.</param>
    /// <param name="odds">How likely it is to be kept by then, or null: nobody can say.</param>
    /// <param name="actor">The person who says so.</param>
    /// <param name="also">What else is written in the same transaction.</param>
    public static async Task<PromiseResult> MoveAsync(
        ClockRuntime clocks,
        Guid @case,
        Guid clock,
        Instant due,
        string? reason,
        PromiseOdds? odds,
        Person actor,
        Action<InstanceTransaction>? also = null,
        CancellationToken cancel = default
    )
    {
        due = due.Truncated();
        await using var transaction = await OpenAsync(clocks.Runtime, @case, clock, actor, cancel);
        if (await ReadAsync(transaction, cancel) is not { } state)
            return new PromiseResult.NotFound();
        if (state.DueAt == due)
            return new PromiseResult.Done(clock);
        if (due <= transaction.Now || due < state.DueAt)
            return new PromiseResult.NotLater();
        var change = Clock.Postpone(state, clocks.ServiceLevels.CalendarOf(state), transaction.Now, due);
        if (ReferenceEquals(change.State, state))
            return new PromiseResult.Ended();
        ClockRows.Write(transaction, @case, null, clock, isNew: false, change.State, change.Rows, clocks.ServiceLevels);
        transaction.Write(
            "update promise set moves = moves + 1, chance = $2, basis = $3, likely_at = $4 where clock_id = $1",
            clock,
            (float?)odds?.Chance,
            odds?.Basis.ToString(),
            odds?.LikelyAt
        );
        transaction.Record(
            new(
                "promise.moved",
                "clock",
                Ids.Text(clock),
                state.Generation,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        title = state.Policy.Name,
                        from = state.DueAt?.ToString(),
                        due = due.ToString(),
                        chance = odds is null ? (double?)null : Math.Round(odds.Chance, 2),
                        basis = odds?.Basis,
                        reason,
                    },
                    TaskJson.Options
                )
            )
        );
        also?.Invoke(transaction);
        transaction.Announce(new(ChangeKind.Instance, @case));
        await transaction.CommitAsync(cancel);
        return new PromiseResult.Done(clock);
    }

    private static Task<InstanceTransaction> OpenAsync(WorkflowRuntime runtime, Guid @case, Guid promise, Person actor, CancellationToken cancel) =>
        InstanceTransaction.OpenAsync(
            runtime,
            actor.UserName,
            ("$1", @case),
            reads: [Sql.Command("select state from sla_clock where id = $1 and instance_id = $2 and task_id is null and kind = 'promise'", promise, @case)],
            moves: false,
            cancel: cancel
        );

    /// <summary>The promise of a transaction that was opened for it; null: there is no such case or promise.</summary>
    private static async Task<ClockState?> ReadAsync(InstanceTransaction transaction, CancellationToken cancel)
    {
        await transaction.NextResultAsync(cancel);
        if (transaction.InstanceId is null || !await transaction.Reads.ReadAsync(cancel) || !ClockJson.TryRead(transaction.Reads.Utf8(0), out var state))
            return null;
        await transaction.DoneReadingAsync();
        return state;
    }

    private static void Settle(
        ServiceLevelCatalog serviceLevels,
        InstanceTransaction transaction,
        Guid @case,
        Guid clock,
        ClockState state,
        PromiseOutcome outcome,
        string? reason
    )
    {
        var calendar = serviceLevels.CalendarOf(state);
        var change = outcome switch
        {
            PromiseOutcome.Kept => Clock.Stop(state, calendar, transaction.Now),
            PromiseOutcome.Broken => Clock.Miss(state, calendar, transaction.Now),
            _ => Clock.Cancel(state, calendar, transaction.Now),
        };
        var settled = change.State with { Settled = outcome };
        ClockRows.Write(transaction, @case, null, clock, isNew: false, settled, change.Rows, serviceLevels);
        transaction.Record(
            new(
                StateOf(settled, transaction.Now) switch
                {
                    PromiseState.Broken => "promise.broken",
                    PromiseState.Withdrawn => "promise.withdrawn",
                    PromiseState.KeptLate => "promise.kept-late",
                    _ => "promise.kept",
                },
                "clock",
                Ids.Text(clock),
                state.Generation,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        title = state.Policy.Name,
                        due = state.DueAt?.ToString(),
                        reason,
                    },
                    TaskJson.Options
                )
            )
        );
    }

    private static async Task<PromiseResult> MakeAsync(
        ClockRuntime clocks,
        Guid @case,
        PromiseRequest request,
        Operation? operation,
        Person actor,
        CancellationToken cancel
    )
    {
        await using var transaction = await InstanceTransaction.OpenAsync(clocks.Runtime, actor.UserName, ("$1", @case), moves: false, cancel: cancel);
        if (transaction.InstanceId is null)
            return new PromiseResult.NotFound();
        if (!transaction.IsRunning)
            return new PromiseResult.Ended();
        var node = request.Step is null
            ? null
            : (await clocks.Runtime.Definitions.GetVersionAsync(transaction.DefinitionVersionId, cancel)).FindActivity(request.Step);
        if (request.Step is not null && node?.TypeName != TaskBookmark.Name)
            return new PromiseResult.NoSuchStep();
        if (!clocks.ServiceLevels.Calendars.TryGetValue(DefaultCalendar, out var calendar))
            throw new InvalidOperationException($"Calendar '{DefaultCalendar}' is missing.");

        var id = Ids.New(transaction.Now);
        var clock = Clock.Start(
            SlaPolicy.Promise(DefaultCalendar, request.What, request.Step),
            calendar,
            transaction.Now,
            transaction.Now,
            $"promised by {actor.DisplayName}{(request.Channel is null ? "" : $", {request.Channel}")}",
            request.DueAt
        );
        ClockRows.Write(transaction, @case, null, id, isNew: true, clock, [], clocks.ServiceLevels);
        transaction.Write(
            """
            insert into promise (clock_id, case_id, made_by, team, step, made_at, due_at, chance, basis, likely_at, reason)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            id,
            @case,
            actor.UserName,
            node?.Literal("Team") as string ?? (actor.Teams is [var first, ..] ? first : null),
            request.Step,
            transaction.Now,
            request.DueAt,
            (float?)request.Odds?.Chance,
            request.Odds?.Basis.ToString(),
            request.Odds?.LikelyAt,
            request.Reason
        );
        if (operation is not null)
            transaction.Write(operation.Remember(JsonSerializer.SerializeToUtf8Bytes(id), transaction.Now));
        transaction.Record(
            new(
                "promise.made",
                "clock",
                Ids.Text(id),
                1,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        title = request.What,
                        due = request.DueAt.ToString(),
                        channel = request.Channel,
                        step = request.Step,
                        chance = request.Odds is { } odds ? Math.Round(odds.Chance, 2) : (double?)null,
                        basis = request.Odds?.Basis,
                        reason = request.Reason,
                    },
                    TaskJson.Options
                )
            )
        );
        transaction.Announce(new(ChangeKind.Instance, @case));
        await transaction.CommitAsync(cancel);
        return new PromiseResult.Done(id);
    }

    private static async Task<PromiseResult?> EarlierAsync(ClockRuntime clocks, Operation? operation, CancellationToken cancel) =>
        operation is null || await operation.FindAsync(clocks.Runtime.Database, cancel) is not { } remembered ? null
        : operation.IsSame(remembered.RequestHash) ? new PromiseResult.Done(JsonSerializer.Deserialize<Guid>(remembered.Answer))
        : new PromiseResult.OperationReused();
}
