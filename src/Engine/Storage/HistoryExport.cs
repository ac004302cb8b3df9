using Npgsql;
using Orchestration.Proof;

namespace Orchestration.Engine.Storage;

/// <summary>Reads the history of one chain with what proves it.</summary>
public static class HistoryExport
{
    /// <summary>The chain's events with their proofs in the tree of a head.</summary>
    /// <param name="database">The database.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="name">What people call it.</param>
    /// <param name="head">The tree head; null when none was signed yet: then nothing is proven.</param>
    /// <param name="shows">Whether the reader may see the payload of an event. A hidden payload takes its salt along; its commitment stays.</param>
    public static async Task<CaseProof> ReadAsync(
        NpgsqlDataSource database,
        Guid chain,
        string name,
        SignedHead? head,
        Func<ProvenEvent, bool> shows,
        CancellationToken cancel = default
    )
    {
        var proofs = await new HistoryLog(database).ProveAsync(chain, head?.Head.Size ?? 0, cancel);
        var events = new List<ProvenEvent>();
        await using var query = database.Query(
            """
            select sequence, (extract(epoch from at) * 1000000)::bigint as micros, actor, action, entity, entity_id, revision, activity_id, node_id,
                activity_type, commitment, salt, payload::text, leaf from event where chain_id = $1 order by sequence, at
            """,
            chain
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            var proof = proofs.TryGetValue(r.GetInt32(0), out var found) ? found : default((long Position, IReadOnlyList<byte[]> Proof)?);
            var e = new ProvenEvent(
                r.GetInt32(0),
                r.GetInt64(1),
                r.GetString(2),
                r.GetString(3),
                r.GetString(4),
                r.GetString(5),
                r.GetInt64(6),
                r.Text(7),
                r.Text(8),
                r.Text(9),
                r.IsDBNull(10) ? null : r.GetFieldValue<byte[]>(10),
                r.IsDBNull(11) ? null : r.GetFieldValue<byte[]>(11),
                r.Text(12),
                r.GetFieldValue<byte[]>(13),
                proof?.Position,
                proof?.Proof ?? []
            );
            events.Add(shows(e) ? e : e with { Salt = null, Payload = null });
        }

        return new(chain, name, head?.ToString(), events);
    }
}
