using Microsoft.Extensions.Logging;
using NodaTime;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>An effect to be done.</summary>
/// <param name="Id">Also the idempotency key the receiver sees.</param>
/// <param name="Kind">Which deliverer does it.</param>
/// <param name="InstanceId">Instance that asked for it.</param>
/// <param name="Payload">What it needs.</param>
/// <param name="Attempts">How often it was tried before.</param>
public sealed record DueEffect(Guid Id, string Kind, Guid InstanceId, OrderedDictionary<string, object?> Payload, int Attempts);

/// <summary>Does one kind of effect. Returns what its bookmark is resumed with; throws to be tried again.</summary>
public delegate Task<OrderedDictionary<string, object?>> DoEffect(DueEffect effect, CancellationToken cancel);

/// <summary>
/// Does to the outside world what committed bursts asked for, at least once: an effect is leased by moving its due time on, done outside any transaction, and removed in the transaction that
/// resumes whoever waits for its answer. One that keeps failing is kept as dead, for people to look at.
/// </summary>
public sealed partial class Effects(WorkflowRuntime runtime, ILogger<Effects> log)
{
    /// <summary>How long a host may work on an effect before another one takes it.</summary>
    private static readonly Duration Lease = Duration.FromMinutes(2);

    /// <summary>Tries before an effect is given up. With the pauses between them: about half an hour.</summary>
    public const int MaxAttempts = 10;

    private readonly Dictionary<string, DoEffect> _kinds = [];

    /// <summary>Registers how a kind is done. At start only.</summary>
    public void Register(string kind, DoEffect how) => _kinds.Add(kind, how);

    /// <summary>Does what is due. Returns how many were tried.</summary>
    public async Task<int> SweepAsync(int limit, CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        var due = new List<(DueEffect Effect, Guid? Bookmark)>();
        await using (var claim = runtime.Database.Query(
            """
            update effect e set due_at = $3, attempts = attempts + 1
            from (select id from effect where state = 'pending' and due_at <= $1 order by due_at limit $2 for update skip locked) d
            where e.id = d.id
            returning e.id, e.kind, e.instance_id, e.payload, e.attempts, e.bookmark_id
            """,
            now, limit, now + Lease))
        await using (var r = await claim.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
                due.Add((new(r.GetGuid(0), r.GetString(1), r.GetGuid(2), WorkflowData.FromUtf8(r.Utf8(3)) as OrderedDictionary<string, object?> ?? [], r.GetInt32(4) - 1), r.GuidOrNull(5)));
        }

        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancel }, async (one, token) => await TryAsync(one.Effect, one.Bookmark, token));
        return due.Count;
    }

    private async Task TryAsync(DueEffect effect, Guid? bookmark, CancellationToken cancel)
    {
        try
        {
            var how = _kinds.GetValueOrDefault(effect.Kind) ?? throw new InvalidOperationException($"Nothing does effects of kind '{effect.Kind}' here.");
            var answer = await how(effect, cancel);
            await DoneAsync(effect, bookmark, answer, cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            Failed(log, effect.Id, effect.Attempts + 1, e);
            await FailedAsync(effect, e, cancel);
        }
    }

    private async Task DoneAsync(DueEffect effect, Guid? bookmark, OrderedDictionary<string, object?> answer, CancellationToken cancel)
    {
        await using var transaction = await InstanceTransaction.OpenAsync(
            runtime, "system", ("$1", effect.InstanceId), reads: [Sql.Command("delete from effect where id = $1 returning id", effect.Id)], cancel: cancel);
        await transaction.NextResultAsync(cancel);
        if (transaction.InstanceId is null || !await transaction.Reads.ReadAsync(cancel))
            return;
        await transaction.DoneReadingAsync();
        transaction.Record(new("effect.done", "effect", Ids.Text(effect.Id), effect.Attempts + 1, WorkflowData.ToUtf8(new OrderedDictionary<string, object?> { ["kind"] = effect.Kind })));
        if (bookmark is { } waits && transaction.IsRunning && transaction.State.Bookmarks.Exists(b => b.Id == Ids.Text(waits)))
            await transaction.AdvanceAsync(new Stimulus.Resume(Ids.Text(waits), answer), cancel);
        await transaction.CommitAsync(cancel);
    }

    private async Task FailedAsync(DueEffect effect, Exception failure, CancellationToken cancel)
    {
        if (effect.Attempts + 1 < MaxAttempts)
        {
            // 2, 4, 8 … seconds.
            await using var retry = runtime.Database.Query(
                "update effect set due_at = $2, last_error = left($3, 2000) where id = $1", effect.Id, runtime.Clock.Now() + Duration.FromSeconds(1 << Math.Min(effect.Attempts + 1, 9)), failure.ToString());
            await retry.ExecuteNonQueryAsync(cancel);
            return;
        }

        await using var transaction = await InstanceTransaction.OpenAsync(runtime, "system", ("$1", effect.InstanceId), cancel: cancel);
        transaction.Write("update effect set state = 'dead', last_error = left($2, 2000) where id = $1", effect.Id, failure.ToString());
        if (transaction.InstanceId is not null)
            transaction.Record(new("effect.given-up", "effect", Ids.Text(effect.Id), effect.Attempts + 1, WorkflowData.ToUtf8(new OrderedDictionary<string, object?> { ["kind"] = effect.Kind, ["error"] = failure.Message })));
        await transaction.CommitAsync(cancel);
    }

    [LoggerMessage(EventId = 140, Level = LogLevel.Warning, Message = "Effect {Id} failed (attempt {Attempt})")]
    private static partial void Failed(ILogger log, Guid id, int attempt, Exception e);
}
