using Npgsql;

namespace Orchestration.Engine.Storage;

/// <summary>Lock for creating or changing tables: one host at a time, the others wait. Released with the connection if the host dies.</summary>
public sealed class SchemaLock : IAsyncDisposable
{
    // Any number will do that nothing else in the database locks.
    private const long Number = 0x6f72_6368_6573_7472;

    private readonly NpgsqlConnection _connection;

    private SchemaLock(NpgsqlConnection connection) => _connection = connection;

    /// <summary>Waits for it and takes it.</summary>
    /// <param name="database">The database.</param>
    /// <param name="cancel">Ends the wait.</param>
    public static async Task<SchemaLock> TakeAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        var connection = await database.OpenConnectionAsync(cancel);
        try
        {
            await using var take = new NpgsqlCommand($"select pg_advisory_lock({Number})", connection) { CommandTimeout = 0 };
            await take.ExecuteNonQueryAsync(cancel);
            return new(connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives it back. The pool would keep it with the connection; one that is lost has lost it too.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_connection.State == System.Data.ConnectionState.Open)
            {
                await using var release = new NpgsqlCommand($"select pg_advisory_unlock({Number})", _connection);
                await release.ExecuteNonQueryAsync(CancellationToken.None);
            }
        }
        finally
        {
            await _connection.DisposeAsync();
        }
    }
}
