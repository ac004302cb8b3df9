using NodaTime;
using Npgsql;

namespace Orchestration.Engine.Storage;

/// <summary>The monthly partitions of history.</summary>
public static class Partitions
{
    /// <summary>
    /// Creates the partitions of this month and the next two. Rows without one go to the default partition, so a late call loses nothing.
    /// </summary>
    public static async Task EnsureAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel = default)
    {
        var today = now.InUtc().Date;
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using var batch = connection.CreateBatch();

        // Several hosts start concurrently.
        batch.Add("select pg_advisory_xact_lock(hashtext('event partitions'))");
        for (var ahead = 0; ahead < 3; ahead++)
            batch.Add("select create_event_partition($1)", today.PlusMonths(ahead).ToDateOnly());
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
    }
}
