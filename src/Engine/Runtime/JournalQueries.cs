using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>A journal row as it was written. Its payload is empty once it was erased.</summary>
/// <param name="Sequence">Position in the instance's history; other events leave gaps.</param>
/// <param name="Inputs">Evaluated inputs, or null.</param>
/// <param name="Payload">Outcomes, exception and what the activity said, or null.</param>
public sealed record JournalRow(
    int Sequence,
    Instant At,
    string EventName,
    string ActivityInstanceId,
    string? ParentActivityInstanceId,
    string ActivityId,
    string NodeId,
    string ActivityType,
    int ActivityTypeVersion,
    string? ActivityName,
    string? Message,
    string? Source,
    JsonObject? Inputs,
    JsonObject? Payload
);

/// <summary>Filter for rows. Empty members don't filter.</summary>
public sealed record JournalFilter
{
    public string[] ActivityIds { get; init; } = [];
    public string[] NodeIds { get; init; } = [];
    public string[] EventNames { get; init; } = [];
    public string[] ExcludedActivityTypes { get; init; } = [];
    public int Skip { get; init; }

    /// <summary>Null: all.</summary>
    public int? Take { get; init; }
}

/// <summary>Reads the journal of an instance from history.</summary>
public static class JournalQueries
{
    /// <summary>Rows in the order in which they were written, with the number of all that fit the filter.</summary>
    public static async Task<(IReadOnlyList<JournalRow> Items, long Total)> ListAsync(
        NpgsqlDataSource database,
        Guid instance,
        JournalFilter filter,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            """
            select e.sequence, e.at, e.action, e.entity_id, e.activity_id, e.node_id, e.activity_type, e.payload, count(*) over ()
            from event e
            where e.chain_id = $1 and e.entity = $2
                and (cardinality($3) = 0 or e.activity_id = any($3)) and (cardinality($4) = 0 or e.node_id = any($4))
                    and (cardinality($5) = 0 or e.action = any($5))
                and not e.activity_type = any($6)
            order by e.sequence offset $7 limit $8
            """,
            instance,
            JournalEvents.Entity,
            filter.ActivityIds,
            filter.NodeIds,
            filter.EventNames,
            filter.ExcludedActivityTypes,
            filter.Skip,
            filter.Take
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var rows = new List<JournalRow>();
        var total = (long)filter.Skip;
        while (await reader.ReadAsync(cancel))
        {
            var payload = reader.IsDBNull(7) ? null : JsonNode.Parse(reader.Utf8(7), documentOptions: new() { MaxDepth = 512 }) as JsonObject;
            rows.Add(
                new(
                    reader.GetInt32(0),
                    reader.Instant(1),
                    reader.GetString(2),
                    reader.GetString(3),
                    Text(payload, "parent"),
                    reader.GetString(4),
                    reader.GetString(5),
                    reader.GetString(6),
                    payload?["version"]?.GetValue<int>() ?? 1,
                    Text(payload, "name"),
                    Text(payload, "message"),
                    Text(payload, "source"),
                    payload?["inputs"] as JsonObject,
                    payload?["payload"] as JsonObject
                )
            );
            total = reader.GetInt64(8);
        }

        return (rows, total);
    }

    /// <summary>The instance in which an activity execution took place, or null.</summary>
    public static async Task<Guid?> InstanceOfAsync(NpgsqlDataSource database, Guid activityInstanceId, CancellationToken cancel = default)
    {
        // An index by execution would be paid for by every row of history. The id tells the millisecond of the burst that began the execution, and
        // history is kept by time.
        if (activityInstanceId.Version != 7)
            return null;
        var at = Instant.FromUnixTimeMilliseconds(Convert.ToInt64(Ids.Text(activityInstanceId)[..12], 16));
        await using var query = database.Query(
            "select chain_id from event where at >= $1 and at < $2 and entity = $3 and entity_id = $4 limit 1",
            at,
            at + Duration.FromMilliseconds(1),
            JournalEvents.Entity,
            Ids.Text(activityInstanceId)
        );
        return (Guid?)await query.ExecuteScalarAsync(cancel);
    }

    private static string? Text(JsonObject? payload, string name) => payload?[name]?.GetValue<string>();
}
