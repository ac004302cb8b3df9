using System.Text.Json.Serialization;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Distribution;

/// <summary>A version of a team's policy that is or was in force.</summary>
/// <param name="Version">From 1.</param>
/// <param name="Author">User name of who wrote it; null: unknown.</param>
/// <param name="Publisher">User name of who published it.</param>
/// <param name="PublishedAt">When.</param>
/// <param name="Document">JSON, as it was written.</param>
public sealed record DistributionVersion(int Version, string? Author, string Publisher, Instant PublishedAt, string Document)
{
    private const int Most = 100;

    /// <summary>Names of these two, for pages.</summary>
    [JsonIgnore]
    public (string? Author, string Publisher) Names { get; init; }

    /// <summary>The versions of a team's policy, the newest first; the first is in force.</summary>
    public static async Task<IReadOnlyList<DistributionVersion>> ListAsync(NpgsqlDataSource database, string team, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select v.*, coalesce((select p.display_name from person p where p.user_name = v.author), v.author),
                coalesce((select p.display_name from person p where p.user_name = v.publisher), v.publisher)
            from (
                select d.version, (select e.payload ->> 'proposedBy' from event_chain c join event e on e.chain_id = c.id and e.revision = d.version
                    where c.name = 'distribution:' || d.name and e.action = 'distribution.changed' limit 1) author, d.changed_by publisher, d.changed_at,
                    d.document
                from setting_document d where d.kind = 'distribution' and d.name = $1) v
            order by v.version desc limit $2
            """,
            team,
            Most
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var versions = new List<DistributionVersion>();
        while (await r.ReadAsync(cancel))
            versions.Add(new(r.GetInt32(0), r.Text(1), r.GetString(2), r.Instant(3), r.GetString(4)) { Names = (r.Text(5), r.GetString(6)) });
        return versions;
    }
}
