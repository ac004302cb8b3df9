using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Proof;

namespace Orchestration.Workflows.People;

/// <summary>
/// A change of a person and its events are one transaction. The person's chain of history is its lock: holding it allows changing the person.
/// </summary>
internal sealed class PersonHistory
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly Guid _person;
    private readonly HistoryAppend _history;

    private PersonHistory(Guid person, HistoryAppend history) => (_person, _history) = (person, history);

    /// <summary>Name of a person's chain.</summary>
    public static string ChainOf(Guid person) => $"person:{person:N}";

    /// <summary>Locks the person's chain, made when it is their first event.</summary>
    public static async Task<PersonHistory> LockAsync(NpgsqlConnection connection, Guid person, string actor, Instant now, CancellationToken cancel)
    {
        var name = ChainOf(person);
        var chain = Ids.Named(name);
        await using var batch = connection.CreateBatch();
        batch.Add(
            "insert into event_chain (id, name, event_sequence, event_head) values ($1, $2, 0, $3) on conflict do nothing",
            chain,
            name,
            EventHash.Genesis
        );
        batch.Add("select event_sequence, event_head from event_chain where id = $1 for update", chain);
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        await reader.ReadAsync(cancel);
        return new(person, new HistoryAppend(chain, reader.GetInt32(0), reader.GetFieldValue<byte[]>(1), now, actor));
    }

    /// <summary>Locks the chains of several people, in the order of their chains.</summary>
    public static async Task<Dictionary<Guid, PersonHistory>> LockAsync(
        NpgsqlConnection connection,
        IEnumerable<Guid> people,
        string actor,
        Instant now,
        CancellationToken cancel
    )
    {
        var chains = people.Distinct().ToDictionary(person => Ids.Named(ChainOf(person)));
        var ids = chains.Keys.ToArray();
        await using var batch = connection.CreateBatch();
        batch.Add(
            "insert into event_chain (id, name, event_sequence, event_head) select id, name, 0, $3 from unnest($1::uuid[], $2::text[]) c(id, name) "
                + "order by id on conflict do nothing",
            ids,
            ids.Select(id => ChainOf(chains[id])).ToArray(),
            EventHash.Genesis
        );
        batch.Add("select id, event_sequence, event_head from event_chain where id = any($1) order by id for update", (object)ids);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var histories = new Dictionary<Guid, PersonHistory>();
        while (await r.ReadAsync(cancel))
        {
            var person = chains[r.GetGuid(0)];
            histories[person] = new(person, new HistoryAppend(r.GetGuid(0), r.GetInt32(1), r.GetFieldValue<byte[]>(2), now, actor));
        }

        return histories;
    }

    /// <summary>Whether there is anything to write.</summary>
    public bool HasEvents => _history.Count > 0;

    /// <summary>Adds an event. Names and addresses belong into the payload, where they can be erased.</summary>
    public void Add(string action, object? payload = null) =>
        _history.Add(new(action, "person", _person.ToString("N"), 0, payload is null ? null : JsonSerializer.SerializeToUtf8Bytes(payload, Json)));

    public void WriteTo(NpgsqlBatch batch)
    {
        _history.WriteTo(batch);
        batch.Add("update event_chain set event_sequence = $2, event_head = $3 where id = $1", _history.Chain, _history.Sequence, _history.Head);
    }
}
