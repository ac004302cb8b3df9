using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>
/// Stimuli that cross instances. A burst writes them as rows; the host that wrote them delivers them right after commit, and the sweeper whatever
/// is left (<see cref="SweepAsync"/>). Each delivery removes its row in the transaction of its burst, so a stimulus acts exactly once.
/// </summary>
public sealed partial class StimulusQueue
{
    /// <summary>How long an event without a wait is kept: 10 minutes, as in Elsa.</summary>
    public static readonly Duration Keeps = Duration.FromMinutes(10);

    /// <summary>How long the sweeper leaves a new row to the host that wrote it.</summary>
    private static readonly Duration Grace = Duration.FromSeconds(2);

    /// <summary>How many stimuli of one transaction its host delivers by itself. The sweeper, which lets all take turns, has the rest.</summary>
    private const int AtOnce = 64;

    /// <summary>How many ends of children one transaction tells their parent.</summary>
    private const int EndsAtOnce = 200;

    private const int Workers = 4;
    private const int SweepWorkers = 8;

    // Round robin: the first of each queue, the second of each … Within a queue the same by sender. Queues and senders are found one after the other
    // in the index, so that a queue of 100,000 costs no more than one of ten.
    private const string Next = """
        with recursive queues as (
            (select queue from stimulus where due_at <= $1 order by queue limit 1)
            union all
            select (select s.queue from stimulus s where s.queue > q.queue and s.due_at <= $1 order by s.queue limit 1)
            from queues q where q.queue is not null),
        picked as (
            select s.id, q.queue, row_number() over (partition by q.queue order by s.place, senders.sender) as turn
            from queues q
            cross join lateral (
                with recursive senders as (
                    (select sender from stimulus where queue = q.queue and due_at <= $1 order by sender limit 1)
                    union all
                    select (select s.sender from stimulus s where s.queue = q.queue and s.sender > p.sender and s.due_at <= $1 order by s.sender limit 1)
                    from senders p where p.sender is not null)
                select sender from senders where sender is not null limit $2) senders
            cross join lateral (
                select first.id, row_number() over (order by first.due_at, first.number) as place
                from (select id, due_at, number from stimulus where queue = q.queue and sender = senders.sender and due_at <= $1
                    order by due_at, number limit $2) first) s
            where q.queue is not null)
        select s.id, s.kind, s.instance_id, s.payload
        from (select id, queue, turn from picked order by turn, queue limit $2) p join stimulus s using (id) order by p.turn, p.queue
        """;

    private readonly WorkflowRuntime _runtime;
    private readonly ILogger _log;
    private readonly LogLimit _said = new();
    private readonly Channel<Guid>[] _mine = [.. Enumerable.Range(0, Workers).Select(_ => Channel.CreateUnbounded<Guid>())];

    // Parents whose children ended. They have a worker of their own: a parent of thousands keeps it busy, and nobody else.
    private readonly Channel<Guid> _parents = Channel.CreateUnbounded<Guid>();
    private readonly ConcurrentDictionary<Guid, bool> _waitingParents = new();

    internal StimulusQueue(WorkflowRuntime runtime, ILogger log) => (_runtime, _log) = (runtime, log);

    private sealed record Due(Guid Id, string Kind, Guid? Target, OrderedDictionary<string, object?> Payload)
    {
        public static Due Read(NpgsqlDataReader row) =>
            new(row.GetGuid(0), row.GetString(1), row.GuidOrNull(2), (OrderedDictionary<string, object?>)WorkflowData.FromUtf8(row.Utf8(3))!);

        /// <summary>Who published the event from outside, for history; what instances tell each other is the system's.</summary>
        public string Actor => Payload.GetValueOrDefault("actor") as string ?? "system";
    }

    /// <summary>Delivers what this host's bursts wrote, until cancelled. What one instance sends is delivered in its order.</summary>
    public Task DeliverAsync(CancellationToken cancel) =>
        Task.WhenAll([TellParentsAsync(cancel), .. _mine.Select(queue => DeliverAsync(queue.Reader, cancel))]);

    /// <summary>
    /// Delivers rows that are due: starts of all definitions take turns, and for one definition the instances that asked for them. Returns how many were
    /// tried.
    /// </summary>
    public async Task<int> SweepAsync(int limit, CancellationToken cancel = default)
    {
        var due = await NextAsync(limit, cancel);

        // What is for one instance is told in order; it would wait for that instance's lock anyway.
        await Parallel.ForEachAsync(
            due.GroupBy(d => d.Kind is "start" or "publish" ? d.Id : d.Target ?? d.Id),
            new ParallelOptions { MaxDegreeOfParallelism = SweepWorkers, CancellationToken = cancel },
            async (group, stop) =>
            {
                foreach (var (place, each) in group.Index())
                {
                    // The first end of a child took others along.
                    if (place > 0 && each.Kind == "child")
                        await TryDeliverAsync(each.Id, stop);
                    else
                        await TryDeliverAsync(each, stop);
                }
            }
        );
        return due.Count;
    }

    /// <summary>Ids of the rows that are due, in the order in which they are served.</summary>
    internal async Task<IReadOnlyList<Guid>> NextIdsAsync(int limit, CancellationToken cancel = default) =>
        [.. (await NextAsync(limit, cancel)).Select(due => due.Id)];

    private async Task<List<Due>> NextAsync(int limit, CancellationToken cancel)
    {
        var due = new List<Due>();
        await using var query = _runtime.Database.Query(Next, _runtime.Clock.Now(), limit);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
            due.Add(Due.Read(reader));
        return due;
    }

    private async Task DeliverAsync(ChannelReader<Guid> queue, CancellationToken cancel)
    {
        await foreach (var id in queue.ReadAllAsync(cancel))
            await TryDeliverAsync(id, cancel);
    }

    /// <summary>Delivers what an instance sent, without waiting for it.</summary>
    internal void Deliver(Guid sender, IEnumerable<Guid> ids)
    {
        var queue = _mine[(uint)sender.GetHashCode() % Workers].Writer;
        foreach (var id in ids.Take(AtOnce))
            queue.TryWrite(id);
    }

    private async Task TryDeliverAsync(IEnumerable<Guid> ids, CancellationToken cancel)
    {
        foreach (var id in ids.Take(AtOnce))
            await TryDeliverAsync(id, cancel);
    }

    private async Task TryDeliverAsync(Guid id, CancellationToken cancel)
    {
        try
        {
            await using var query = _runtime.Database.Query("select id, kind, instance_id, payload from stimulus where id = $1", id);
            Due due;
            await using (var reader = await query.ExecuteReaderAsync(cancel))
            {
                if (!await reader.ReadAsync(cancel))
                    return;
                due = Due.Read(reader);
            }

            await TryDeliverAsync(due, cancel);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
        {
            // The database is away or slow: the row is due as it was, and the sweeper finds it.
            SayNotDelivered("read", id, e);
        }
    }

    private async Task TryDeliverAsync(Due due, CancellationToken cancel)
    {
        try
        {
            try
            {
                await DeliverAsync(due, cancel);
            }
            catch (Exception e) when (due.Kind == "cancel" && e is InvalidDataException or DefinitionUnavailableException)
            {
                await GiveUpAsync(due, cancel);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // One bad row (its definition can no longer be loaded, the connection broke) must not stop the others.
            SayNotDelivered(due.Kind, due.Id, e);
            await PostponeAsync("stimulus", due.Id, e, cancel);
        }
    }

    /// <summary>Puts a row off after a failure: 2, 4, 8 … seconds, at most an hour.</summary>
    internal async Task PostponeAsync(string table, Guid id, Exception failure, CancellationToken cancel)
    {
        try
        {
            await using var update = _runtime.Database.Query(
                $"update {table} set attempts = attempts + 1, last_error = left($3, 2000), "
                    + "due_at = $2 + make_interval(secs => least(3600, 2 ^ least(attempts + 1, 12))) where id = $1",
                id,
                _runtime.Clock.Now(),
                failure.ToString()
            );
            await update.ExecuteNonQueryAsync(cancel);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
        {
            // The database is away or slow: the row is due as it was, and the sweeper finds it.
            SayNotDelivered(table, id, e);
        }
    }

    private Task DeliverAsync(Due due, CancellationToken cancel) =>
        due.Kind switch
        {
            "publish" => PublishAsync(due.Id, due.Payload, cancel),
            "start" => StartAsync(due, cancel),
            "alter" => AlterationPlans.RunAsync(_runtime, due.Id, Guid.Parse((string)due.Payload["job"]!), due.Target!.Value, cancel),
            _ => AdvanceAsync(due, cancel),
        };

    private async Task AdvanceAsync(Due due, CancellationToken cancel)
    {
        var target = due.Target!.Value;

        // The delete runs under the instance's lock: the transaction that deletes the row owns the delivery. The ends of many children are told at
        // once, because each time a parent of thousands is read and written costs as much as its children together.
        await using var transaction = await InstanceTransaction.OpenAsync(
            _runtime,
            due.Actor,
            ("$1", target),
            reads:
            [
                due.Kind == "child"
                    ? Sql.Command(
                        """
                        with gone as (
                            delete from stimulus where id = $1 or id = any(array(
                                select id from stimulus where instance_id = $2 and kind = 'child' and attempts = 0 order by number limit $3))
                            returning id, kind, instance_id, payload, number)
                        select * from gone order by number
                        """,
                        due.Id,
                        target,
                        EndsAtOnce
                    )
                    : Sql.Command("delete from stimulus where id = $1 returning id, kind, instance_id, payload", due.Id),
            ],
            cancel: cancel
        );
        await transaction.NextResultAsync(cancel);
        var taken = new List<Due>();
        while (await transaction.Reads.ReadAsync(cancel))
            taken.Add(Due.Read((NpgsqlDataReader)transaction.Reads));
        await transaction.DoneReadingAsync();
        if (taken.Count == 0)
            return;
        if (transaction.InstanceId is null && due.Kind == "cancel" && await HasStartedMeanwhileAsync(transaction, target, cancel))
        {
            await transaction.DisposeAsync();
            await AdvanceAsync(due, cancel);
            return;
        }

        if (transaction.InstanceId is not null && transaction.IsRunning)
        {
            foreach (var each in taken)
                await AdvanceAsync(transaction, each.Kind, each.Payload, cancel);
        }

        await transaction.CommitAsync(cancel);
    }

    /// <summary>Cancels an instance that can't be read.</summary>
    private async Task GiveUpAsync(Due due, CancellationToken cancel)
    {
        var gone = Sql.Command("delete from stimulus where id = $1 returning id", due.Id);
        await using var transaction = await InstanceTransaction.OpenAsync(_runtime, due.Actor, ("$1", due.Target!.Value), reads: [gone], cancel: cancel);
        await transaction.NextResultAsync(cancel);
        if (!await transaction.Reads.ReadAsync(cancel))
            return;
        await transaction.DoneReadingAsync();
        if (transaction.IsRunning)
        {
            var reason = JsonSerializer.SerializeToUtf8Bytes(new { reason = due.Payload["reason"] });
            transaction.Record(new("instance.cancelled", "instance", Ids.Text(due.Target!.Value), 0, reason));
            await transaction.GiveUpAsync(cancel);
        }

        await transaction.CommitAsync(cancel);
    }

    private static async Task AdvanceAsync(InstanceTransaction transaction, string kind, OrderedDictionary<string, object?> payload, CancellationToken cancel)
    {
        if (kind == "tell")
            await transaction.TellAsync((string)payload["name"]!, payload["payload"], cancel);
        else if (kind == "cancel")
            await transaction.AdvanceAsync(new Stimulus.Cancel((string)payload["reason"]!), cancel);
        else if (!transaction.State.Bookmarks.Exists(b => b.Id == (string)payload["bookmarkId"]!))
            return;
        else if (kind == "fail")
            await transaction.AdvanceAsync(new Stimulus.Fail((string)payload["bookmarkId"]!, (string)payload["error"]!), cancel);
        else
            await transaction.AdvanceAsync(new Stimulus.Resume((string)payload["bookmarkId"]!, (OrderedDictionary<string, object?>)payload["input"]!), cancel);
    }

    /// <summary>To cancel an instance that still waits for its start is to withdraw the start. True: it has started while that was tried.</summary>
    private static async Task<bool> HasStartedMeanwhileAsync(InstanceTransaction transaction, Guid instance, CancellationToken cancel)
    {
        await using (
            var withdraw = await transaction.QueryAsync(
                Sql.Command("delete from stimulus where instance_id = $1 and kind = 'start' returning id", instance),
                cancel
            )
        )
        {
            if (await withdraw.ReadAsync(cancel))
                return false;
        }

        await using var find = await transaction.QueryAsync(Sql.Command("select from workflow_instance where id = $1", instance), cancel);
        return await find.ReadAsync(cancel);
    }

    private async Task StartAsync(Due due, CancellationToken cancel)
    {
        var (id, payload) = (due.Id, due.Payload);
        var definition = (string)payload["definitionId"]!;
        var bookmark = payload.GetValueOrDefault("parentBookmarkId") as string;
        string? refused = null;
        try
        {
            var result = await _runtime.StartAsync(
                new(definition, (OrderedDictionary<string, object?>?)payload["input"] ?? [])
                {
                    InstanceId = due.Target,
                    CorrelationId = (string?)payload["correlationId"],
                    TriggerActivityId = (string?)payload.GetValueOrDefault("triggerActivityId"),
                    TriggerHash = (string?)payload.GetValueOrDefault("triggerHash"),
                    TriggerPayload = payload.GetValueOrDefault("triggerPayload"),
                    Parent = bookmark is null ? null : ((string)payload["parentId"]!, bookmark),
                    TestBy = TestBy(payload),
                    AlsoWrite = t => t.Write("delete from stimulus where id = $1", id),
                },
                due.Actor,
                cancel
            );
            if (result is StartResult.Started)
                return;

            // No step knows that this start was asked for, as by the ladder of a clock: it stays where people find it, until there is such a workflow.
            if (result is StartResult.NotFound && !payload.ContainsKey("parentId") && !payload.ContainsKey("triggerHash"))
                throw new InvalidOperationException($"There is no published workflow '{definition}' to start.");
            refused =
                result is StartResult.AlreadyRunning
                    ? $"Workflow {definition} was not started: its activation strategy allows no further run now."
                    : $"No published version of workflow definition with ID {definition} found.";
        }
        catch (PostgresException e) when (e.ConstraintName == "workflow_instance_pkey")
        {
            // Started before: only the row was left.
        }

        // The step that waits for the run learns that it won't come.
        await using var delete = _runtime.Database.Query(
            """
            with gone as (delete from stimulus where id = $1 returning id),
                told as (insert into stimulus (id, kind, instance_id, payload, due_at, created_at)
                    select $2, 'fail', $3::uuid, $4::json, $5, $5 from gone where $3::uuid is not null)
            select count(*) from gone
            """,
            id,
            Ids.New(_runtime.Clock.Now()),
            refused is null || bookmark is null ? null : Guid.Parse((string)payload["parentId"]!),
            new Json(WorkflowData.ToUtf8(new OrderedDictionary<string, object?> { ["bookmarkId"] = bookmark, ["error"] = refused })),
            _runtime.Clock.Now()
        );
        var first = (long)(await delete.ExecuteScalarAsync(cancel))! > 0;
        if (first && refused is not null && _said.Admit(refused, _runtime.Clock.Now()) is { } leftOut)
            NotStarted(_log, definition, refused, leftOut);
    }

    private void SayNotDelivered(string kind, Guid id, Exception e)
    {
        if (_said.Admit($"{kind} {e.GetBaseException().GetType().Name}", _runtime.Clock.Now()) is { } leftOut)
            NotDelivered(_log, kind, id, leftOut, e);
    }

    [LoggerMessage(
        EventId = 120,
        Level = LogLevel.Warning,
        Message = "Stimulus {Id} ({Kind}) was not delivered and will be tried again; {LeftOut} more like this were left out since the last"
    )]
    private static partial void NotDelivered(ILogger log, string kind, Guid id, int leftOut, Exception e);

    [LoggerMessage(
        EventId = 121,
        Level = LogLevel.Warning,
        Message = "A start of {Definition} was refused: {Reason} {LeftOut} more like this were left out since the last"
    )]
    private static partial void NotStarted(ILogger log, string definition, string reason, int leftOut);
}
