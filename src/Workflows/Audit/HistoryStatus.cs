using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Proof;

namespace Orchestration.Workflows.Audit;

/// <summary>A check of all history.</summary>
/// <param name="Started">When it began.</param>
/// <param name="Ended">When it ended; null: it runs, or its host died.</param>
/// <param name="Actor">Who asked for it.</param>
/// <param name="Events">Events read.</param>
/// <param name="Entries">Entries of the log read.</param>
/// <param name="Findings">What differs.</param>
public sealed record PastCheck(Instant Started, Instant? Ended, string Actor, long Events, long Entries, IReadOnlyList<Finding> Findings);

/// <summary>A copy of a tree head outside the database.</summary>
/// <param name="Place">Where.</param>
/// <param name="HeldAt">Since when; of a timestamp, by the authority's clock.</param>
/// <param name="Timestamp">The token of a timestamp authority, or null.</param>
public sealed record HeadCopy(string Place, Instant HeldAt, byte[]? Timestamp)
{
    /// <summary>The copies of one head.</summary>
    public static async Task<IReadOnlyList<HeadCopy>> ListAsync(NpgsqlDataSource database, KeptHead head, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            "select place, held_at, receipt from log_head_copy where size = $1 and at = $2 order by place",
            head.Size,
            head.At
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var copies = new List<HeadCopy>();
        while (await reader.ReadAsync(cancel))
            copies.Add(new(reader.GetString(0), reader.Instant(1), reader.IsDBNull(2) ? null : reader.GetFieldValue<byte[]>(2)));
        return copies;
    }
}

/// <summary>A tree head and where it is held.</summary>
/// <param name="Size">Events it covers.</param>
/// <param name="At">When it was signed.</param>
/// <param name="Copies">Where it is held outside the database, without tokens.</param>
/// <param name="Stamps">Timestamps of it, without tokens.</param>
public sealed record HeldHead(long Size, Instant At, IReadOnlyList<HeadCopy> Copies, IReadOnlyList<HeadCopy> Stamps);

/// <summary>A host that holds heads in a place.</summary>
/// <param name="Name">Its name.</param>
/// <param name="SeenAt">When it last looked whether there is a new head.</param>
public sealed record HoldingHost(string Name, Instant SeenAt);

/// <summary>A place that holds heads.</summary>
/// <param name="Place">Its name.</param>
/// <param name="Hosts">The hosts that hold heads there.</param>
/// <param name="Since">Since when it lacks the newest head; null: it has it.</param>
/// <param name="Error">Why the last try failed; null: none did yet.</param>
/// <param name="LastHeld">When it last got a head; null: never.</param>
public sealed record PlaceStatus(string Place, IReadOnlyList<HoldingHost> Hosts, Instant? Since, string? Error, Instant? LastHeld);

/// <summary>A statutory clock that is overdue.</summary>
/// <param name="Case">Its case.</param>
/// <param name="Reference">Reference of the case.</param>
/// <param name="Customer">Name of the customer.</param>
/// <param name="Name">What the clock is called.</param>
/// <param name="DueAt">When it was due.</param>
public sealed record OverdueClock(Guid Case, string Reference, string Customer, string Name, Instant DueAt)
{
    /// <summary>Most that are read.</summary>
    public const int Most = 100;

    /// <summary>Those that run past their due time, the longest overdue first.</summary>
    public static async Task<IReadOnlyList<OverdueClock>> ListAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"""
            select c.id, c.reference, c.customer_name, k.name, k.late_at from journey_case c join sla_clock k on k.instance_id = c.id
            where c.due_at <= $1 and c.test_by is null and k.kind = 'statutory' and k.status = 'Running' and k.late_at <= $1
            order by k.late_at, k.id limit {Most}
            """,
            now
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var clocks = new List<OverdueClock>();
        while (await r.ReadAsync(cancel))
            clocks.Add(new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.Instant(4)));
        return clocks;
    }
}

/// <summary>What the page of history's proof shows.</summary>
/// <param name="Size">Events in the log.</param>
/// <param name="Heads">The newest signed heads.</param>
/// <param name="Places">Places of all hosts.</param>
/// <param name="Checks">The newest checks.</param>
public sealed record HistoryStatus(long Size, IReadOnlyList<HeldHead> Heads, IReadOnlyList<PlaceStatus> Places, IReadOnlyList<PastCheck> Checks)
{
    /// <summary>Places that lack the newest head.</summary>
    public IReadOnlyList<PlaceStatus> Behind => [.. Places.Where(place => place.Since is not null)];

    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    /// <summary>Reads it, in one round trip.</summary>
    public static async Task<HistoryStatus> ReadAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add("select size from log_state");
        batch.Add(
            $"""
            select h.size, h.at, c.place, c.held_at, c.receipt is not null
            from (select size, at from log_head {KeptHead.NewestFirst} limit 10) h left join log_head_copy c on c.size = h.size and c.at = h.at
            order by h.size desc, h.at desc, c.place
            """
        );
        batch.Add(
            """
            select h.place, array_agg(h.host order by h.host), array_agg(h.seen_at order by h.host), p.behind_since, p.error,
                (select c.held_at from log_head_copy c where c.place = h.place order by c.size desc, c.at desc limit 1)
            from log_place_host h left join log_place p on p.place = h.place group by h.place, p.place order by h.place
            """
        );
        batch.Add("select started_at, ended_at, actor, events, entries, findings::text from log_check order by started_at desc limit 10");
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        var size = await reader.ReadAsync(cancel) ? reader.GetInt64(0) : 0;
        await reader.NextResultAsync(cancel);
        var heads = new List<HeldHead>();
        while (await reader.ReadAsync(cancel))
        {
            if (heads is not [.., var last] || last.Size != reader.GetInt64(0) || last.At != reader.Instant(1))
                heads.Add(new(reader.GetInt64(0), reader.Instant(1), [], []));
            if (reader.IsDBNull(2))
                continue;
            var copy = new HeadCopy(reader.GetString(2), reader.Instant(3), null);
            heads[^1] = reader.GetBoolean(4)
                ? heads[^1] with
                {
                    Stamps = [.. heads[^1].Stamps, copy],
                }
                : heads[^1] with
                {
                    Copies = [.. heads[^1].Copies, copy],
                };
        }

        await reader.NextResultAsync(cancel);
        var places = new List<PlaceStatus>();
        while (await reader.ReadAsync(cancel))
        {
            var hosts = reader
                .GetFieldValue<string[]>(1)
                .Zip(reader.GetFieldValue<DateTime[]>(2), (name, seen) => new HoldingHost(name, Instant.FromDateTimeUtc(seen)));
            places.Add(new(reader.GetString(0), [.. hosts], reader.InstantOrNull(3), reader.Text(4), reader.InstantOrNull(5)));
        }

        await reader.NextResultAsync(cancel);
        var checks = new List<PastCheck>();
        while (await reader.ReadAsync(cancel))
        {
            var findings = reader.Text(5) is { } text ? JsonSerializer.Deserialize<List<Finding>>(text, Json)! : [];
            checks.Add(new(reader.Instant(0), reader.InstantOrNull(1), reader.GetString(2), reader.GetInt64(3), reader.GetInt64(4), findings));
        }

        return new(size, heads, places, checks);
    }
}
