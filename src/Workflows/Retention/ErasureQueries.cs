using System.Text.Json;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Retention;

/// <summary>Reads requests for erasure.</summary>
public static class ErasureQueries
{
    private const string Select = """
        select e.id, e.customer_id, k.name, k.number, e.reason, e.requested_by, e.requested_at, e.state, e.decided_by, e.decided_at, e.note, e.done_at,
            e.receipt::text from erasure_request e left join customer k on k.id = e.customer_id
        """;

    /// <summary>The open ones first, then the newest.</summary>
    public static async Task<IReadOnlyList<ErasureRequest>> ListAsync(NpgsqlDataSource database, int limit, CancellationToken cancel = default)
    {
        await using var query = database.Query($"{Select} order by e.state in ('Done', 'Refused'), e.requested_at desc, e.id desc limit $1", limit);
        return await ReadAsync(query, cancel);
    }

    /// <summary>One, or null.</summary>
    public static async Task<ErasureRequest?> FindAsync(NpgsqlDataSource database, Guid id, CancellationToken cancel = default)
    {
        await using var query = database.Query($"{Select} where e.id = $1", id);
        return await ReadAsync(query, cancel) is [var found, ..] ? found : null;
    }

    /// <summary>The open request of a customer, or null.</summary>
    /// <param name="survivor">The record that is left after merging.</param>
    public static async Task<ErasureRequest?> OpenOfAsync(NpgsqlDataSource database, Guid survivor, CancellationToken cancel = default)
    {
        await using var query = database.Query($"{Select} where e.customer_id = $1 and e.state in ('Requested', 'Waiting')", survivor);
        return await ReadAsync(query, cancel) is [var found, ..] ? found : null;
    }

    private static async Task<IReadOnlyList<ErasureRequest>> ReadAsync(NpgsqlCommand query, CancellationToken cancel)
    {
        await using var r = await query.ExecuteReaderAsync(cancel);
        var requests = new List<ErasureRequest>();
        while (await r.ReadAsync(cancel))
            requests.Add(
                new(
                    r.GetGuid(0),
                    r.GetGuid(1),
                    r.Text(2),
                    r.Text(3),
                    r.GetString(4),
                    r.GetString(5),
                    r.Instant(6),
                    Enum.Parse<ErasureState>(r.GetString(7)),
                    r.Text(8),
                    r.InstantOrNull(9),
                    r.Text(10),
                    r.InstantOrNull(11),
                    r.Text(12) is { } receipt ? JsonSerializer.Deserialize<SignedReceipt>(receipt, JsonSerializerOptions.Web) : null
                )
            );
        return requests;
    }
}
