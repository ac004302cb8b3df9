using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
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

    private readonly WorkflowRuntime _runtime;
    private readonly ILogger _log;
    private readonly Channel<Guid> _mine = Channel.CreateUnbounded<Guid>();

    internal StimulusQueue(WorkflowRuntime runtime, ILogger log) => (_runtime, _log) = (runtime, log);

    /// <summary>Delivers what this host's bursts wrote, until cancelled.</summary>
    public async Task DeliverAsync(CancellationToken cancel)
    {
        await foreach (var id in _mine.Reader.ReadAllAsync(cancel))
            await TryDeliverAsync(id, cancel);
    }

    /// <summary>Delivers rows that are due. Returns how many were tried.</summary>
    public async Task<int> SweepAsync(int limit, CancellationToken cancel = default)
    {
        var due = new List<Guid>();
        await using (var query = _runtime.Database.Query("select id from stimulus where due_at <= $1 order by due_at limit $2", _runtime.Clock.Now(), limit))
        await using (var reader = await query.ExecuteReaderAsync(cancel))
        {
            while (await reader.ReadAsync(cancel))
                due.Add(reader.GetGuid(0));
        }

        foreach (var id in due)
            await TryDeliverAsync(id, cancel);
        return due.Count;
    }

    internal void Deliver(IEnumerable<Guid> ids)
    {
        foreach (var id in ids)
            _mine.Writer.TryWrite(id);
    }

    internal static Guid Enqueue(NpgsqlBatch batch, string sender, OutgoingStimulus stimulus, Instant now)
    {
        var id = Ids.New(now);
        var (kind, target, payload) = Encode(sender, stimulus);
        batch.Add(
            "insert into stimulus (id, kind, instance_id, payload, due_at, created_at) values ($1, $2, $3, $4, $5, $6)",
            id,
            kind,
            target,
            new Json(WorkflowData.ToUtf8(payload)),
            now + Grace,
            now
        );
        return id;
    }

    private static (string Kind, Guid? Target, OrderedDictionary<string, object?> Payload) Encode(string sender, OutgoingStimulus stimulus) =>
        stimulus switch
        {
            OutgoingStimulus.PublishEvent e => (
                "publish",
                null,
                new()
                {
                    ["name"] = e.EventName,
                    ["correlationId"] = e.CorrelationId,
                    ["instanceId"] = e.InstanceId,
                    ["payload"] = e.Payload,
                    ["senderId"] = sender,
                }
            ),
            OutgoingStimulus.StartInstance s => (
                "start",
                Guid.Parse(s.InstanceId),
                new()
                {
                    ["definitionId"] = s.DefinitionId,
                    ["correlationId"] = s.CorrelationId,
                    ["input"] = s.Input,
                    ["parentId"] = sender,
                    ["parentBookmarkId"] = s.ParentBookmarkId,
                }
            ),
            OutgoingStimulus.ChildEnded c => (
                "child",
                Guid.Parse(c.ParentInstanceId),
                new() { ["bookmarkId"] = c.ParentBookmarkId, ["input"] = c.ToResume().Input }
            ),
            OutgoingStimulus.CancelInstance c => ("cancel", Guid.Parse(c.InstanceId), new() { ["reason"] = c.Reason }),
            _ => throw new InvalidOperationException($"No encoding for {stimulus.GetType().Name}."),
        };

    private async Task TryDeliverAsync(Guid id, CancellationToken cancel)
    {
        try
        {
            await DeliverAsync(id, cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // One bad row (its definition can no longer be loaded, the connection broke) must not stop the others.
            NotDelivered(_log, id, e);
            await PostponeAsync("stimulus", id, e, cancel);
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
            NotDelivered(_log, id, e);
        }
    }

    private async Task DeliverAsync(Guid id, CancellationToken cancel)
    {
        string kind;
        Guid? target;
        OrderedDictionary<string, object?> payload;
        await using (var query = _runtime.Database.Query("select kind, instance_id, payload from stimulus where id = $1", id))
        await using (var reader = await query.ExecuteReaderAsync(cancel))
        {
            if (!await reader.ReadAsync(cancel))
                return;
            (kind, target, payload) = (reader.GetString(0), reader.GuidOrNull(1), (OrderedDictionary<string, object?>)WorkflowData.FromUtf8(reader.Utf8(2))!);
        }

        switch (kind)
        {
            case "publish":
                await PublishAsync(id, payload, cancel);
                break;
            case "start":
                await StartAsync(id, target!.Value, payload, cancel);
                break;
            case "alter":
                await AlterationPlans.RunAsync(_runtime, id, Guid.Parse((string)payload["job"]!), target!.Value, cancel);
                break;
            default:
                await AdvanceAsync(id, kind, target!.Value, payload, cancel);
                break;
        }
    }

    private async Task AdvanceAsync(Guid id, string kind, Guid instance, OrderedDictionary<string, object?> payload, CancellationToken cancel)
    {
        // The delete runs under the instance's lock: the transaction that deletes the row owns the delivery.
        await using var transaction = await InstanceTransaction.OpenAsync(
            _runtime,
            Sender(payload),
            ("$1", instance),
            reads: [Sql.Command("delete from stimulus where id = $1 returning id", id)],
            cancel: cancel
        );
        await transaction.NextResultAsync(cancel);
        if (!await transaction.Reads.ReadAsync(cancel))
            return;
        await transaction.DoneReadingAsync();
        if (transaction.InstanceId is not null && transaction.IsRunning)
        {
            if (kind == "tell")
                await transaction.TellAsync((string)payload["name"]!, payload["payload"], cancel);
            else if (kind == "cancel")
                await transaction.AdvanceAsync(new Stimulus.Cancel((string)payload["reason"]!), cancel);
            else if (transaction.State.Bookmarks.Exists(b => b.Id == (string)payload["bookmarkId"]!))
                await transaction.AdvanceAsync(
                    new Stimulus.Resume((string)payload["bookmarkId"]!, (OrderedDictionary<string, object?>)payload["input"]!),
                    cancel
                );
        }

        await transaction.CommitAsync(cancel);
    }

    /// <summary>Who published the event from outside, for history; what instances tell each other is the system's.</summary>
    private static string Sender(OrderedDictionary<string, object?> payload) => payload.GetValueOrDefault("actor") as string ?? "system";

    private async Task StartAsync(Guid id, Guid instance, OrderedDictionary<string, object?> payload, CancellationToken cancel)
    {
        try
        {
            var result = await _runtime.StartAsync(
                new((string)payload["definitionId"]!, (OrderedDictionary<string, object?>?)payload["input"] ?? [])
                {
                    InstanceId = instance,
                    CorrelationId = (string?)payload["correlationId"],
                    TriggerActivityId = (string?)payload.GetValueOrDefault("triggerActivityId"),
                    TriggerHash = (string?)payload.GetValueOrDefault("triggerHash"),
                    TriggerPayload = payload.GetValueOrDefault("triggerPayload"),
                    Parent = payload.GetValueOrDefault("parentBookmarkId") is string bookmark ? ((string)payload["parentId"]!, bookmark) : null,
                    AlsoWrite = t => t.Write("delete from stimulus where id = $1", id),
                },
                Sender(payload),
                cancel
            );
            if (result is StartResult.Started)
                return;
            NotStarted(_log, id, result);
        }
        catch (PostgresException e) when (e.ConstraintName == "workflow_instance_pkey")
        {
            // Started before: only the row was left.
        }

        await using var delete = _runtime.Database.Query("delete from stimulus where id = $1", id);
        await delete.ExecuteNonQueryAsync(cancel);
    }

    [LoggerMessage(EventId = 120, Level = LogLevel.Warning, Message = "Stimulus {Id} was not delivered and will be tried again")]
    private static partial void NotDelivered(ILogger log, Guid id, Exception e);

    [LoggerMessage(EventId = 121, Level = LogLevel.Warning, Message = "Stimulus {Id} started nothing: {Result}")]
    private static partial void NotStarted(ILogger log, Guid id, StartResult result);
}
