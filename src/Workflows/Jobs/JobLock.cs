using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Jobs;

/// <summary>
/// A lock that only one host can hold. The database releases it as soon as the connection is lost, so a dead host leaves nothing locked.
/// </summary>
internal sealed class JobLock : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private JobLock(NpgsqlConnection connection, NpgsqlTransaction transaction) => (_connection, _transaction) = (connection, transaction);

    /// <summary>SQL of the key of that lock.</summary>
    public static string Key(string name) => $"hashtextextended('job {name}', 0)";

    /// <summary>Takes it, or returns null when someone else has it.</summary>
    public static async Task<JobLock?> TryTakeAsync(NpgsqlDataSource database, string name)
    {
        var connection = await database.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        await using var take = connection.CreateBatch();
        take.Add($"select pg_try_advisory_xact_lock({Key(name)})");

        // The lock may be held for long. A select that came last would keep its snapshot, and with it every dead row of the database, until then.
        take.Add("set local idle_in_transaction_session_timeout = 0");
        if ((bool)(await take.ExecuteScalarAsync())!)
            return new(connection, transaction);
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
