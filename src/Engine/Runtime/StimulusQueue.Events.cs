using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <content>Events: delivery to waits, and events kept for later waits.</content>
public sealed partial class StimulusQueue
{
    /// <summary>
    /// Publishes an event from outside: resumes its waits and starts the definitions it triggers. An event for one reference or instance that finds
    /// no wait is kept for <see cref="Keeps"/>; the first matching wait takes it.
    /// </summary>
    /// <param name="name">Event name.</param>
    /// <param name="correlationId">Only instances with this reference; null for all.</param>
    /// <param name="payload">Payload of the event.</param>
    /// <param name="actor">Who published it, for history.</param>
    /// <param name="instance">Only this instance; null for all, and to start what the event triggers.</param>
    /// <param name="audience">Which of these instances the publisher may tell; the others aren't told, counted or kept for. Null: all.</param>
    /// <param name="operation">The caller's id for it: with the same one it is published once, and has the same answer for as long as operations are
    /// remembered. Null: each call publishes.</param>
    /// <returns>The instances that received it; null if the operation ID belongs to another request.</returns>
    public async Task<Published?> PublishAsync(
        string name,
        string? correlationId,
        object? payload,
        string actor,
        Guid? instance = null,
        EventAudience? audience = null,
        Operation? operation = null,
        CancellationToken cancel = default
    )
    {
        var now = _runtime.Clock.Now();
        Published published;
        List<Guid> rows;
        try
        {
            await using var connection = await _runtime.Database.OpenConnectionAsync(cancel);
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            (published, rows) = await FanOutAsync(
                connection,
                new OutgoingStimulus.PublishEvent(name, correlationId, instance is { } only ? Ids.Text(only) : null, payload, false),
                null,
                null,
                actor,
                audience,
                now,
                cancel
            );
            await using var batch = connection.CreateBatch();

            // First, so that a second use of the id has done nothing when it fails here.
            if (operation is not null)
                batch.BatchCommands.Add(
                    operation.Remember(JsonSerializer.SerializeToUtf8Bytes(new Answer(published.Told, published.KeptUntil?.ToUnixTimeTicks())), now)
                );
            var history = await NamedChain.LockAsync(connection, $"event:{name}", actor, now, cancel);
            history.Add(
                new(
                    "event.published",
                    "event",
                    name,
                    0,
                    WorkflowData.ToUtf8(
                        new OrderedDictionary<string, object?>
                        {
                            ["correlationId"] = correlationId,
                            ["payload"] = payload,
                            ["told"] = published.Told,
                            ["keptUntil"] = published.KeptUntil?.ToString(),
                        }
                    )
                )
            );
            batch.WriteChain(history);
            await batch.ExecuteNonQueryAsync(cancel);
            await transaction.CommitAsync(cancel);
        }
        catch (PostgresException e) when (operation is not null && e.ConstraintName == Operation.Constraint)
        {
            return await AnswerAsync(operation, cancel);
        }

        await TryDeliverAsync(rows, cancel);
        return published;
    }

    /// <summary>Forgets kept events whose time is over. Returns how many.</summary>
    public async Task<int> PurgeAsync(CancellationToken cancel = default)
    {
        await using var delete = _runtime.Database.Query("delete from kept_event where expires_at <= $1", _runtime.Clock.Now());
        return await delete.ExecuteNonQueryAsync(cancel);
    }

    private async Task<Published?> AnswerAsync(Operation operation, CancellationToken cancel)
    {
        if (await operation.FindAsync(_runtime.Database, cancel) is not { } before || !operation.IsSame(before.RequestHash))
            return null;
        var answer = JsonSerializer.Deserialize<Answer>(before.Answer)!;
        return new(answer.Told, answer.KeptUntil is { } ticks ? Instant.FromUnixTimeTicks(ticks) : null);
    }

    private sealed record Answer(int Told, long? KeptUntil);

    private async Task PublishAsync(Guid id, OrderedDictionary<string, object?> payload, CancellationToken cancel)
    {
        var now = _runtime.Clock.Now();
        List<Guid> told;
        await using (var connection = await _runtime.Database.OpenConnectionAsync(cancel))
        await using (var transaction = await connection.BeginTransactionAsync(cancel))
        {
            await using var delete = new NpgsqlCommand("delete from stimulus where id = $1", connection) { Parameters = { new() { Value = id } } };
            if (await delete.ExecuteNonQueryAsync(cancel) == 0)
                return;
            (_, told) = await FanOutAsync(
                connection,
                new((string)payload["name"]!, (string?)payload["correlationId"], (string?)payload["instanceId"], payload["payload"], false),
                payload.GetValueOrDefault("senderId") is string sender ? Guid.Parse(sender) : null,
                TestBy(payload),
                null,
                null,
                now,
                cancel
            );
            await transaction.CommitAsync(cancel);
        }

        await TryDeliverAsync(told, cancel);
    }

    /// <summary>
    /// One row per instance that waits for the event and per definition that it starts: these are counted. And one for each other instance it is
    /// addressed to by its reference or id, for its <see cref="BurstObserver"/>; the sender's own has seen it in its burst. What a test publishes reaches
    /// only tests of the same person, and starts tests. Takes no instance lock.
    /// </summary>
    private async Task<(Published Published, List<Guid> Rows)> FanOutAsync(
        NpgsqlConnection connection,
        OutgoingStimulus.PublishEvent e,
        Guid? sender,
        Guid? testBy,
        string? actor,
        EventAudience? audience,
        Instant now,
        CancellationToken cancel
    )
    {
        var hash = StimulusHash.Event(e.EventName);
        var input = new OrderedDictionary<string, object?> { [StimulusInput.EventPayload] = e.Payload };
        await using var find = connection.CreateBatch();
        find.Add("select lock_events($1)", (object)new[] { hash });
        find.Add(
            """
            select b.id, b.instance_id from bookmark b join workflow_instance i on i.id = b.instance_id
            where b.hash = $1 and ($2::text is null or i.correlation_id = $2) and ($3::uuid is null or i.id = $3) and ($4::uuid is null or i.test_by = $4)
            order by b.created_at, b.id
            """,
            hash,
            e.CorrelationId,
            e.InstanceId is { } only ? Guid.Parse(only) : null,
            testBy
        );
        find.Add(
            "select definition_id, activity_id from workflow_trigger where hash = $1 and $2::uuid is null",
            hash,
            e.InstanceId is { } some ? Guid.Parse(some) : null
        );
        var observed = _runtime.BurstWrites.Observer is not null && (e.CorrelationId ?? e.InstanceId) is not null;
        if (observed)
        {
            find.Add(
                """
                select i.id from workflow_instance i
                where i.status = 'Running' and i.parent_id is null and i.id is distinct from $4 and ($2::text is null or i.correlation_id = $2)
                    and ($3::uuid is null or i.id = $3) and ($5::uuid is null or i.test_by = $5)
                    and not exists (select from bookmark b where b.instance_id = i.id and b.hash = $1)
                """,
                hash,
                e.CorrelationId,
                e.InstanceId is { } one ? Guid.Parse(one) : null,
                sender,
                testBy
            );
        }

        var rows = new List<(string Kind, Guid Instance, OrderedDictionary<string, object?> Payload)>();
        await using (var reader = await find.ExecuteReaderAsync(cancel))
        {
            await reader.NextResultAsync(cancel);
            while (await reader.ReadAsync(cancel))
                rows.Add(("resume", reader.GetGuid(1), new() { ["bookmarkId"] = Ids.Text(reader.GetGuid(0)), ["input"] = input }));
            await reader.NextResultAsync(cancel);
            while (await reader.ReadAsync(cancel))
            {
                rows.Add(
                    (
                        "start",
                        Ids.New(now),
                        new()
                        {
                            ["definitionId"] = reader.GetString(0),
                            ["correlationId"] = e.CorrelationId,
                            ["input"] = input,
                            ["triggerActivityId"] = reader.GetString(1),
                            ["triggerHash"] = hash,
                            ["triggerPayload"] = e.Payload,
                            ["testBy"] = testBy?.ToString(),
                        }
                    )
                );
            }

            if (observed)
                await reader.NextResultAsync(cancel);
            while (observed && await reader.ReadAsync(cancel))
                rows.Add(("tell", reader.GetGuid(0), new() { ["name"] = e.EventName, ["payload"] = e.Payload }));
        }

        // Who may not tell everyone keeps an event only for instances that are there already and that they may tell.
        Guid?[] keepers =
            e.InstanceId is { } addressed ? [Guid.Parse(addressed)]
            : testBy is null ? [null]
            : [];
        if (audience is not null)
        {
            var known = rows.Where(r => r.Kind != "start").Select(r => r.Instance).Concat(keepers.OfType<Guid>()).ToHashSet();
            var allowed = await audience(connection, known, cancel);
            rows.RemoveAll(r => r.Kind != "start" && !allowed.Contains(r.Instance));
            keepers = [.. allowed.Select(id => (Guid?)id)];
        }

        var told = rows.Count(r => r.Kind != "tell");
        if (actor is not null)
        {
            foreach (var row in rows)
                row.Payload["actor"] = actor;
        }

        var ids = rows.ConvertAll(_ => Ids.New(now));
        if (rows.Count > 0)
        {
            await using var insert = connection.CreateBatch();
            insert.Add(
                """
                insert into stimulus (id, kind, instance_id, payload, due_at, created_at) select s.*, $1, $2
                from unnest($3::uuid[], $4::text[], $5::uuid[], $6::json[]) s
                """,
                now + Grace,
                now,
                ids.ToArray(),
                rows.ConvertAll(r => r.Kind).ToArray(),
                rows.ConvertAll(r => r.Instance).ToArray(),
                new JsonTexts(rows.ConvertAll(r => System.Text.Encoding.UTF8.GetString(WorkflowData.ToUtf8(r.Payload))).ToArray())
            );
            await insert.ExecuteNonQueryAsync(cancel);
        }

        if (told > 0 || (e.CorrelationId ?? e.InstanceId) is null || keepers.Length == 0)
            return (new(told, null), ids);
        var until = now + Keeps;
        await using var keep = connection.CreateBatch();
        foreach (var keeper in keepers)
        {
            keep.Add(
                """
                insert into kept_event (id, hash, correlation_id, instance_id, payload, actor, created_at, expires_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8)
                """,
                Ids.New(now),
                hash,
                e.CorrelationId,
                keeper,
                new Json(WorkflowData.ToUtf8(input)),
                actor,
                now,
                until
            );
        }

        await keep.ExecuteNonQueryAsync(cancel);
        return (new(told, until), ids);
    }

    /// <summary>Tells each parent of the ends of its children, as many at once as there are.</summary>
    private async Task TellParentsAsync(CancellationToken cancel)
    {
        await foreach (var parent in _parents.Reader.ReadAllAsync(cancel))
        {
            _waitingParents.TryRemove(parent, out _);
            var ids = new List<Guid>();
            try
            {
                await using var query = _runtime.Database.Query(
                    "select id from stimulus where instance_id = $1 and kind = 'child' and attempts = 0 order by number limit $2",
                    parent,
                    EndsAtOnce + 1
                );
                await using var reader = await query.ExecuteReaderAsync(cancel);
                while (await reader.ReadAsync(cancel))
                    ids.Add(reader.GetGuid(0));
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
            {
                SayNotDelivered("read", parent, e);
                continue;
            }

            if (ids.Count > EndsAtOnce)
                DeliverEnd(parent);
            if (ids.Count > 0)
                await TryDeliverAsync(ids[0], cancel);
        }
    }

    /// <summary>Tells a parent that children of it ended, without waiting for it.</summary>
    internal void DeliverEnd(Guid parent)
    {
        if (_waitingParents.TryAdd(parent, true))
            _parents.Writer.TryWrite(parent);
    }

    /// <summary>
    /// Takes what is kept for the events that a burst of an instance begins to wait for: the oldest of each, as stimuli that are delivered after commit.
    /// </summary>
    /// <returns>Ids the stimuli have if there are any.</returns>
    internal static IReadOnlyList<Guid> TakeKept(NpgsqlBatch batch, Guid instance, string? correlationId, IReadOnlyList<Bookmark> opened, Instant now)
    {
        var waits = opened.Where(static b => b.Name == Activities.Event.TypeName).ToList();
        if (waits.Count == 0)
            return [];
        var ids = waits.ConvertAll(_ => Ids.New(now));
        var hashes = waits.Select(static b => b.Hash).ToArray();
        batch.Add("select lock_events($1)", (object)hashes);
        batch.Add(
            """
            with oldest as (
                select distinct on (hash) id from kept_event
                where expires_at > $2 and hash = any($1)
                    and (instance_id is null and correlation_id = $4 or instance_id = $3 and (correlation_id is null or correlation_id = $4))
                order by hash, created_at, id),
            taken as (delete from kept_event k using oldest o where k.id = o.id returning k.hash, k.payload, k.actor)
            insert into stimulus (id, kind, instance_id, payload, due_at, created_at)
            select w.id, 'resume', $3, json_build_object('bookmarkId', w.bookmark, 'input', t.payload, 'actor', t.actor), $5, $2
            from unnest($6::uuid[], $7::text[], $1::text[]) w(id, bookmark, hash) join taken t on t.hash = w.hash
            """,
            hashes,
            now,
            instance,
            correlationId,
            now + Grace,
            ids.ToArray(),
            waits.Select(static b => b.Id).ToArray()
        );
        return ids;
    }
}

/// <summary>Which of these instances someone may tell of an event.</summary>
public delegate Task<IReadOnlySet<Guid>> EventAudience(NpgsqlConnection connection, IReadOnlySet<Guid> instances, CancellationToken cancel);

/// <summary>What became of an event.</summary>
/// <param name="Told">How many instances it resumed or started.</param>
/// <param name="KeptUntil">Nothing waits for it yet; the first wait that opens until then gets it. Null: not kept.</param>
public sealed record Published(int Told, Instant? KeptUntil);
