using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>An effect to be done.</summary>
/// <param name="Id">Also the idempotency key the receiver sees.</param>
/// <param name="Kind">Which deliverer does it.</param>
/// <param name="InstanceId">Instance that asked for it, or null when no instance did.</param>
/// <param name="Payload">Its data.</param>
/// <param name="Attempts">How often it was tried before.</param>
public sealed record DueEffect(Guid Id, string Kind, Guid? InstanceId, OrderedDictionary<string, object?> Payload, int Attempts);

/// <summary>What became of a try.</summary>
public abstract record EffectOutcome
{
    private EffectOutcome() { }

    /// <summary>It is done.</summary>
    /// <param name="Answer">What its bookmark is resumed with.</param>
    public sealed record Done(OrderedDictionary<string, object?> Answer) : EffectOutcome;

    /// <summary>It is no longer needed: it is removed, and history says why.</summary>
    public sealed record Dropped(string Reason) : EffectOutcome;

    /// <summary>Not now: it is tried again then, and this does not count as a failure.</summary>
    public sealed record Later(Instant At) : EffectOutcome;
}

/// <summary>An effect that a host took.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">Which deliverer does it.</param>
/// <param name="LeasedUntil">End of the lease. It also identifies the lease.</param>
public sealed record LeasedEffect(Guid Id, string Kind, Instant LeasedUntil);

/// <summary>How a try went.</summary>
public abstract record EffectTry
{
    private EffectTry() { }

    /// <summary>It is done, or no longer needed.</summary>
    public sealed record Done : EffectTry;

    /// <summary>It is due again then.</summary>
    public sealed record Again(Instant At, string Error) : EffectTry;

    /// <summary>It was the last try.</summary>
    public sealed record GivenUp(string Error) : EffectTry;

    /// <summary>There was nothing to try: someone else did it, or a later lease counts.</summary>
    public sealed record Gone : EffectTry;
}

/// <summary>Does one kind of effect. Throws to be tried again.</summary>
public delegate Task<EffectOutcome> DoEffect(DueEffect effect, CancellationToken cancel);

/// <summary>
/// Does to the outside world what committed transactions asked for, at least once: an effect is leased by moving its due time on, done outside any
/// transaction, and removed in the transaction that
/// resumes whoever waits for its answer. One that keeps failing becomes an incident of the activity that waits for it; one that nobody waits for is kept
/// as dead, for people to retry or discard.
/// </summary>
public sealed partial class Effects(WorkflowRuntime runtime, ILogger<Effects> log)
{
    /// <summary>How long a host may work on an effect before another one takes it.</summary>
    private static readonly Duration Lease = Duration.FromMinutes(2);

    /// <summary>
    /// Attempts before an effect fails for good, unless its kind says otherwise. With the pauses between them: about a quarter of an hour.
    /// </summary>
    public const int DefaultTries = 10;

    /// <summary>Attempts if nothing waits for it and its receiver may be down overnight: about twelve hours.</summary>
    public const int PatientTries = 17;

    /// <summary>Name of the chain of history of effects that belong to no instance.</summary>
    internal const string Chain = "effects";

    private readonly Dictionary<string, (DoEffect Do, int Tries)> _kinds = [];

    /// <summary>Registers how a kind is done and how often it is tried. At start only.</summary>
    public void Register(string kind, DoEffect how, int tries = DefaultTries) => _kinds.Add(kind, (how, tries));

    /// <summary>An effect outside a burst, for the batch of the transaction that causes it.</summary>
    /// <param name="id">Its id and idempotency key.</param>
    /// <param name="kind">A registered kind.</param>
    /// <param name="instance">Instance whose history tells of it, or null.</param>
    /// <param name="payload">Its data.</param>
    /// <param name="now">Now; it is due immediately.</param>
    public static NpgsqlBatchCommand Insert(Guid id, string kind, Guid? instance, OrderedDictionary<string, object?> payload, Instant now) =>
        Sql.Command(
            "insert into effect (id, kind, instance_id, payload, state, due_at, created_at) values ($1, $2, $3, $4, 'pending', $5, $5)",
            id,
            kind,
            instance,
            new Json(WorkflowData.ToUtf8(payload)),
            now
        );

    /// <summary>
    /// Leases due effects for this host, oldest first: no other host takes them before the lease ends. Try each once with <see cref="TryAsync"/>.
    /// </summary>
    public Task<IReadOnlyList<LeasedEffect>> LeaseAsync(int limit, CancellationToken cancel = default) => LeaseAsync(limit, null, cancel);

    /// <summary>
    /// Begins what an instance waits for at once, on this host, because someone waits for the instance. What fails is left to the job. Returns when it has
    /// begun.
    /// </summary>
    /// <param name="instance">The instance.</param>
    /// <param name="stopping">The host stops.</param>
    public async Task BeginAsync(Guid instance, CancellationToken stopping)
    {
        foreach (var effect in await LeaseAsync(20, instance, stopping))
            _ = DoAsync(effect);

        async Task DoAsync(LeasedEffect effect)
        {
            try
            {
                await TryAsync(effect.Id, effect.LeasedUntil, stopping);
            }
            catch (Exception e) when (e is NpgsqlException or OperationCanceledException)
            {
                Failed(log, effect.Id, 0, e);
            }
        }
    }

    private async Task<IReadOnlyList<LeasedEffect>> LeaseAsync(int limit, Guid? instance, CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        var until = now + Lease;
        var leased = new List<LeasedEffect>();
        await using var lease = runtime.Database.Query(
            $"""
            update effect e set due_at = $3
            from (
                select id from effect
                where state = 'pending' and due_at <= $1 {(instance is null ? "and $4::uuid is null" : "and instance_id = $4 and bookmark_id is not null")}
                order by due_at limit $2 for update skip locked
            ) d
            where e.id = d.id
            returning e.id, e.kind
            """,
            now,
            limit,
            until,
            instance
        );
        await using var r = await lease.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
            leased.Add(new(r.GetGuid(0), r.GetString(1), until));
        return leased;
    }

    /// <summary>Tries a leased effect. Does nothing if the lease has been replaced: another attempt has changed the row since.</summary>
    /// <exception cref="OperationCanceledException">It was broken off. The lease stands, so that whoever holds it can try again; it may be done twice, with
    /// the same idempotency key.</exception>
    public async Task<EffectTry> TryAsync(Guid id, Instant leasedUntil, CancellationToken cancel = default)
    {
        DueEffect effect;
        Guid? bookmark;
        await using (
            var begin = runtime.Database.Query(
                """
                update effect set attempts = attempts + 1 where id = $1 and state = 'pending' and due_at = $2
                returning kind, instance_id, payload, attempts, bookmark_id
                """,
                id,
                leasedUntil
            )
        )
        await using (var r = await begin.ExecuteReaderAsync(cancel))
        {
            if (!await r.ReadAsync(cancel))
                return new EffectTry.Gone();
            effect = new(id, r.GetString(0), r.GuidOrNull(1), WorkflowData.FromUtf8(r.Utf8(2)) as OrderedDictionary<string, object?> ?? [], r.GetInt32(3) - 1);
            bookmark = r.GuidOrNull(4);
        }

        try
        {
            return await TryAsync(effect, bookmark, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await using var giveBack = runtime.Database.Query(
                "update effect set attempts = attempts - 1 where id = $1 and state = 'pending' and due_at = $2",
                id,
                leasedUntil
            );
            await giveBack.ExecuteNonQueryAsync(CancellationToken.None);
            throw;
        }
    }

    private async Task<EffectTry> TryAsync(DueEffect effect, Guid? bookmark, CancellationToken cancel)
    {
        try
        {
            var how = _kinds.GetValueOrDefault(effect.Kind).Do ?? throw new InvalidOperationException($"Nothing does effects of kind '{effect.Kind}' here.");
            switch (await how(effect, cancel))
            {
                case EffectOutcome.Done done:
                    await EndAsync(
                        effect,
                        new("effect.done", "effect", Ids.Text(effect.Id), effect.Attempts + 1, Payload(("kind", effect.Kind))),
                        bookmark is { } waits ? new Stimulus.Resume(Ids.Text(waits), done.Answer) : null,
                        cancel
                    );
                    break;
                case EffectOutcome.Dropped dropped:
                    await EndAsync(
                        effect,
                        new("effect.dropped", "effect", Ids.Text(effect.Id), effect.Attempts + 1, Payload(("kind", effect.Kind), ("reason", dropped.Reason))),
                        null,
                        cancel
                    );
                    break;
                case EffectOutcome.Later later:
                    await using (var wait = runtime.Database.Query("update effect set due_at = $2, attempts = attempts - 1 where id = $1", effect.Id, later.At))
                        await wait.ExecuteNonQueryAsync(cancel);
                    return new EffectTry.Again(later.At, "it is not time yet");
            }

            return new EffectTry.Done();
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            Failed(log, effect.Id, effect.Attempts + 1, e);
            return await FailedAsync(effect, bookmark, e, cancel);
        }
    }

    private async Task<EffectTry> FailedAsync(DueEffect effect, Guid? bookmark, Exception failure, CancellationToken cancel)
    {
        var tries = _kinds.TryGetValue(effect.Kind, out var kind) ? kind.Tries : DefaultTries;
        if (effect.Attempts + 1 >= tries)
        {
            try
            {
                await GiveUpAsync(effect, bookmark, tries, failure, cancel);
                return new EffectTry.GivenUp(failure.Message);
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
            {
                // Its instance can't continue: its version can't be loaded, for example. The effect stays, and must not block the others.
                failure = e;
                Failed(log, effect.Id, effect.Attempts + 1, e);
            }
        }

        // 2, 4, 8 … seconds, at most about two hours.
        var at = runtime.Clock.Now() + Duration.FromSeconds(1 << Math.Min(effect.Attempts + 1, 13));
        await using var retry = runtime.Database.Query(
            "update effect set due_at = $2, last_error = left($3, 8000) where id = $1",
            effect.Id,
            at,
            failure.ToString()
        );
        await retry.ExecuteNonQueryAsync(cancel);
        return new EffectTry.Again(at, failure.Message);
    }

    private Task<bool> GiveUpAsync(DueEffect effect, Guid? bookmark, int tries, Exception failure, CancellationToken cancel)
    {
        var gaveUp = new HistoryEvent(
            "effect.given-up",
            "effect",
            Ids.Text(effect.Id),
            effect.Attempts + 1,
            Payload(("kind", effect.Kind), ("error", failure.Message))
        );
        return bookmark is { } waits
            ? EndAsync(effect, gaveUp, new Stimulus.Fail(Ids.Text(waits), $"Gave up after {tries} tries: {failure.Message}"), cancel)
            : ChangeAsync(
                runtime,
                effect.Id,
                effect.InstanceId,
                "update effect set state = 'dead', last_error = left($2, 8000) where id = $1 and state = 'pending' returning id",
                failure.ToString(),
                gaveUp,
                "system",
                null,
                cancel
            );
    }

    private Task<bool> EndAsync(DueEffect effect, HistoryEvent what, Stimulus? stimulus, CancellationToken cancel) =>
        ChangeAsync(
            runtime,
            effect.Id,
            effect.InstanceId,
            "delete from effect where id = $1 and $2::text is null returning id",
            null,
            what,
            "system",
            stimulus,
            cancel
        );

    /// <summary>
    /// Changes an effect together with its history, under the lock of its instance where it has one. False when the effect is not there (any more) in the
    /// state it was expected in.
    /// </summary>
    internal static async Task<bool> ChangeAsync(
        WorkflowRuntime runtime,
        Guid id,
        Guid? instance,
        string change,
        object? value,
        HistoryEvent what,
        string actor,
        Stimulus? stimulus,
        CancellationToken cancel
    )
    {
        if (instance is { } owner)
        {
            await using var transaction = await InstanceTransaction.OpenAsync(
                runtime,
                actor,
                ("$1", owner),
                reads: [Sql.Command(change, id, value)],
                cancel: cancel
            );
            await transaction.NextResultAsync(cancel);
            if (transaction.InstanceId is null || !await transaction.Reads.ReadAsync(cancel))
                return false;
            await transaction.DoneReadingAsync();
            transaction.Record(what);
            var bookmark = stimulus switch
            {
                Stimulus.Resume resume => resume.BookmarkId,
                Stimulus.Fail fail => fail.BookmarkId,
                _ => null,
            };
            if (stimulus is not null && transaction.IsRunning && transaction.State.Bookmarks.Exists(b => b.Id == bookmark))
                await transaction.AdvanceAsync(stimulus, cancel);
            await transaction.CommitAsync(cancel);
            return true;
        }

        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var database = await connection.BeginTransactionAsync(cancel);
        var history = await NamedChain.LockAsync(connection, Chain, actor, now, cancel);
        await using (var first = connection.CreateBatch())
        {
            first.Add(change, id, value);
            if (await first.ExecuteScalarAsync(cancel) is null)
                return false;
        }

        await using var batch = connection.CreateBatch();
        history.Add(what);
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync(cancel);
        await database.CommitAsync(cancel);
        return true;
    }

    internal static byte[] Payload(params ReadOnlySpan<(string Name, object? Value)> facts)
    {
        var payload = new OrderedDictionary<string, object?>();
        foreach (var (name, value) in facts)
            payload[name] = value;
        return WorkflowData.ToUtf8(payload);
    }

    [LoggerMessage(EventId = 140, Level = LogLevel.Warning, Message = "Effect {Id} failed (attempt {Attempt})")]
    private static partial void Failed(ILogger log, Guid id, int attempt, Exception e);
}
