using System.Security.Cryptography;
using System.Text;
using NodaTime;
using Npgsql;
using Orchestration.Proof;

namespace Orchestration.Engine.Storage;

/// <summary>One event to be appended to a chain of history.</summary>
/// <param name="Action">What happened, e.g. <c>Started</c> (activity) or <c>task.claimed</c>.</param>
/// <param name="Entity">Kind of thing it happened to: activity, task, clock, case, definition …</param>
/// <param name="EntityId">Which one.</param>
/// <param name="Revision">The entity's revision after the change, or 0 for entities without one.</param>
/// <param name="Payload">UTF-8 JSON, or null. Personal data belongs here: it can be erased without breaking the chain.</param>
public sealed record HistoryEvent(string Action, string Entity, string EntityId, long Revision, byte[]? Payload)
{
    /// <summary>Activity in the definition, for journal rows.</summary>
    public string? ActivityId { get; init; }

    /// <summary>Its path in the definition.</summary>
    public string? NodeId { get; init; }

    /// <summary>Its Elsa type name.</summary>
    public string? ActivityType { get; init; }
}

/// <summary>Where changes come from that people make: history says it in the payload of what they did.</summary>
public static class HistorySource
{
    /// <summary>Member of a payload that names the source.</summary>
    public const string Member = "source";

    /// <summary>A page.</summary>
    public const string Page = "page";

    /// <summary>A program that calls the API.</summary>
    public const string Api = "api";

    private static readonly AsyncLocal<string?> Flow = new();

    /// <summary>That of the current request, or null outside of one: then it is a job or a workflow.</summary>
    public static string? Current
    {
        get => Flow.Value;
        set => Flow.Value = value;
    }

    /// <summary>The event with its source, if it has one. What the engine does goes without: its rows are many, and say what the workflow did.</summary>
    internal static HistoryEvent Mark(HistoryEvent e)
    {
        if (Current is not { } source || e.ActivityType is not null)
            return e;
        var member = $"\"{Member}\":\"{source}\"}}";
        if (e.Payload is null)
            return e with { Payload = Encoding.UTF8.GetBytes($"{{{member}") };
        return e.Payload is [(byte)'{', .. var inside, (byte)'}']
            ? e with
            {
                Payload = [(byte)'{', .. inside, .. Encoding.UTF8.GetBytes(inside.Length == 0 ? member : $",{member}")],
            }
            : e;
    }
}

/// <summary>
/// The events one transaction appends to one chain, hashed and turned into one statement, however many events there are.
/// </summary>
public sealed class HistoryAppend
{
    /// <summary>The chain.</summary>
    public Guid Chain { get; }

    private readonly Instant _at;
    private readonly string _actor;
    private readonly List<HistoryEvent> _events = [];
    private readonly List<(byte[]? Salt, byte[]? Commitment, byte[] Leaf)> _hashes = [];

    /// <param name="chain">Chain id: the instance's id, or that of an <c>event_chain</c>.</param>
    /// <param name="sequence">Number of events so far.</param>
    /// <param name="head">Leaf of the last one.</param>
    /// <param name="at">Time of all of them.</param>
    /// <param name="actor">Who did all of them.</param>
    public HistoryAppend(Guid chain, int sequence, byte[] head, Instant at, string actor)
    {
        (Chain, Sequence, Head, _at, _actor) = (chain, sequence, head, at, actor);
    }

    /// <summary>Sequence of the last event.</summary>
    public int Sequence { get; private set; }

    /// <summary>Leaf of the last event.</summary>
    public byte[] Head { get; private set; }

    /// <summary>Number of events added.</summary>
    public int Count => _events.Count;

    /// <summary>The events added, in their order.</summary>
    public IReadOnlyList<HistoryEvent> Events => _events;

    /// <summary>Time of all of them.</summary>
    public Instant At => _at;

    /// <summary>Who did all of them.</summary>
    public string Actor => _actor;

    /// <summary>Adds an event at the end.</summary>
    public void Add(HistoryEvent e)
    {
        e = HistorySource.Mark(e);
        Sequence++;
        var salt = e.Payload is null ? null : RandomNumberGenerator.GetBytes(16);
        var commitment = e.Payload is null ? null : EventHash.Commit(salt, e.Payload);
        Head = EventHash.Leaf(Header(e), Head, commitment);
        _events.Add(e);
        _hashes.Add((salt, commitment, Head));
    }

    private EventHeader Header(HistoryEvent e) =>
        new(Chain, Sequence, _at.ToUnixTimeTicks() / 10, _actor, e.Action, e.Entity, e.EntityId, e.Revision, e.ActivityId, e.NodeId, e.ActivityType);

    /// <summary>Puts the insert into a batch.</summary>
    public void WriteTo(NpgsqlBatch batch) => WriteAll(batch, [this]);

    /// <summary>Puts the inserts of many chains into a batch, as one statement. They have the same time and actor.</summary>
    public static void WriteAll(NpgsqlBatch batch, IReadOnlyList<HistoryAppend> chains)
    {
        var count = chains.Sum(c => c._events.Count);
        if (count == 0)
            return;

        var (ids, sequences, revisions) = (new Guid[count], new int[count], new long[count]);
        var (actions, entities, entityIds) = (new string[count], new string[count], new string[count]);
        var (activityIds, nodeIds, activityTypes) = (new string?[count], new string?[count], new string?[count]);
        var (commitments, leaves) = (new byte[]?[count], new byte[count][]);
        var (salts, payloads) = (new byte[]?[count], new string?[count]);
        var row = 0;
        foreach (var chain in chains)
        {
            for (var i = 0; i < chain._events.Count; i++, row++)
            {
                var e = chain._events[i];
                (ids[row], sequences[row], revisions[row]) = (chain.Chain, chain.Sequence - chain._events.Count + i + 1, e.Revision);
                (actions[row], entities[row], entityIds[row]) = (e.Action, e.Entity, e.EntityId);
                (activityIds[row], nodeIds[row], activityTypes[row]) = (e.ActivityId, e.NodeId, e.ActivityType);
                (salts[row], commitments[row], leaves[row]) = chain._hashes[i];
                payloads[row] = e.Payload is null ? null : Encoding.UTF8.GetString(e.Payload);
            }
        }

        batch.Add(
            """
            insert into event (at, actor, chain_id, sequence, action, entity, entity_id, revision, activity_id, node_id, activity_type, commitment, leaf,
                salt, payload)
            select $1, $2, * from unnest($3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[],
                $11::text[], $12::bytea[], $13::bytea[], $14::bytea[], $15::json[])
            """,
            chains[0]._at,
            chains[0]._actor,
            ids,
            sequences,
            actions,
            entities,
            entityIds,
            revisions,
            activityIds,
            nodeIds,
            activityTypes,
            commitments,
            leaves,
            salts,
            new JsonTexts(payloads)
        );
    }
}

/// <summary>Chains of history of things that are no instance: a definition, a person, a setting. The chain's row is also the lock of the thing.</summary>
public static class NamedChain
{
    /// <summary>Locks a chain until the transaction ends; makes it when it is new.</summary>
    /// <param name="connection">Connection with an open transaction.</param>
    /// <param name="name">E.g. <c>definition:claims</c>.</param>
    /// <param name="actor">Who acts.</param>
    /// <param name="now">Time of the events.</param>
    public static async Task<HistoryAppend> LockAsync(NpgsqlConnection connection, string name, string actor, Instant now, CancellationToken cancel = default)
    {
        var id = Ids.Named(name);
        await using var batch = connection.CreateBatch();
        batch.Add("insert into event_chain (id, name, event_sequence, event_head) values ($1, $2, 0, $3) on conflict do nothing", id, name, EventHash.Genesis);
        batch.Add("select event_sequence, event_head from event_chain where id = $1 for update", id);
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        await reader.ReadAsync(cancel);
        return new(id, reader.GetInt32(0), reader.GetFieldValue<byte[]>(1), now, actor);
    }

    /// <summary>Writes the events and the chain's new head.</summary>
    public static void WriteChain(this NpgsqlBatch batch, HistoryAppend history)
    {
        history.WriteTo(batch);
        batch.Add("update event_chain set event_sequence = $2, event_head = $3 where id = $1", history.Chain, history.Sequence, history.Head);
    }
}
