using Npgsql;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>Finds where instances wait.</summary>
public static class BookmarkQueries
{
    /// <summary>The bookmark that waits for a stimulus, or null. Of several, the oldest.</summary>
    /// <param name="database">Database.</param>
    /// <param name="hash">See <see cref="StimulusHash"/>.</param>
    public static async Task<(Guid Instance, string Bookmark)?> FindAsync(NpgsqlDataSource database, string hash, CancellationToken cancel = default)
    {
        await using var query = database.Query("select instance_id, id from bookmark where hash = $1 order by created_at, id limit 1", hash);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? (reader.GetGuid(0), Ids.Text(reader.GetGuid(1))) : null;
    }
}
