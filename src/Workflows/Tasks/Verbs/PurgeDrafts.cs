using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>Deletes drafts some time after their task ended; until then their authors can still copy them.</summary>
public static class PurgeDrafts
{
    /// <summary>How long a draft outlives its task.</summary>
    public static readonly Duration Retention = Duration.FromDays(30);

    /// <summary>Returns how many went.</summary>
    public static async Task<int> RunAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel = default)
    {
        await using var purge = database.Query(
            "update task set draft = null where ended_as in ('Skipped', 'Cancelled', 'Failed') and ended_at < $1 and draft is not null",
            now - Retention
        );
        return await purge.ExecuteNonQueryAsync(cancel);
    }
}
