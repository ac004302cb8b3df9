using System.Text;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Proof;
using Orchestration.Testing;

namespace Orchestration.Engine.Tests.History;

/// <summary>A database with some history, its log, and two tree heads held outside.</summary>
internal sealed class Office(TestDatabase database, SigningKey key, string folder) : IAsyncDisposable
{
    public const string Origin = "office";
    private static readonly Instant Start = Instant.FromUtc(2026, 6, 1, 8, 0);

    private static readonly string[] Tables = ["event", "event_chain", "log_state", "log_tile", "log_chain"];

    public TestDatabase Database => database;

    public NpgsqlDataSource Source => database.DataSource;

    public SigningKey Key => key;

    public string Folder => folder;

    public KeptLog Kept => new(folder);

    public HistoryLog Log => new(Source);

    public static async Task<Office> CreateAsync()
    {
        var database = await TestDatabase.CreateAsync();
        return new(database, SigningKey.Create(Origin), Directory.CreateTempSubdirectory("orchestration-kept-").FullName);
    }

    /// <summary>A copy whose database and folder can be tampered with.</summary>
    public async Task<Office> CopyAsync()
    {
        var copy = Directory.CreateTempSubdirectory("orchestration-kept-").FullName;
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(copy, Path.GetRelativePath(folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        return new(await database.CopyAsync(), key, copy);
    }

    /// <summary>Appends events to a chain, each in a transaction of its own.</summary>
    public async Task WriteAsync(string chain, int from, int count)
    {
        for (var i = from; i < from + count; i++)
        {
            await using var connection = await Source.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            var history = await NamedChain.LockAsync(connection, chain, "alice", Start + Duration.FromMinutes(i));
            history.Add(
                new("task.claimed", "task", $"t{i}", i, Encoding.UTF8.GetBytes($"{{\"note\": \"no. {i}\"}}"))
                {
                    ActivityId = "a",
                    NodeId = "n",
                    ActivityType = "T",
                }
            );
            await using var batch = connection.CreateBatch();
            batch.WriteChain(history);
            await batch.ExecuteNonQueryAsync();
            await transaction.CommitAsync();
        }
    }

    /// <summary>Appends to the log, signs the tree and holds it outside.</summary>
    public async Task<SignedHead> SignAsync(SigningKey? with = null)
    {
        await AppendAsync();
        var (size, root) = await Log.TreeAsync();
        var head = SignedHead.Sign(new(Origin, size, root, size), with ?? key);
        var held = Kept.Count();
        if (held < size)
            await Kept.AddAsync(held, await Log.EntriesAsync(held, size));
        await Kept.AddAsync(head);
        return head;
    }

    /// <summary>Appends all events. A transaction of another database may hold the newest back for a moment. Returns how many were appended.</summary>
    public async Task<long> AppendAsync()
    {
        await using var events = Source.CreateCommand("select count(*) - (select size from log_state) from event");
        var appended = 0L;
        while ((long)(await events.ExecuteScalarAsync())! > 0)
            appended += await Log.AppendAsync();
        return appended;
    }

    public async Task<HistoryCheckResult> CheckAsync() => await new HistoryCheck(Source, [key.Public], Kept).RunAsync();

    /// <summary>As someone with every right would, past all triggers.</summary>
    public async Task TamperAsync(string sql)
    {
        await using var connection = await Source.OpenConnectionAsync();
        await using var command = new NpgsqlCommand($"set session_replication_role = replica; {sql}", connection);
        await command.ExecuteNonQueryAsync();
        await using var reset = new NpgsqlCommand("set session_replication_role = origin", connection);
        await reset.ExecuteNonQueryAsync();
    }

    /// <summary>Remembers the database as it is.</summary>
    public Task SaveAsync() => TamperAsync(string.Concat(Tables.Select(table => $"create table saved_{table} as select * from {table};")));

    /// <summary>Puts it back to what was remembered.</summary>
    public Task RestoreAsync() =>
        TamperAsync($"truncate {string.Join(", ", Tables)};" + string.Concat(Tables.Select(table => $"insert into {table} select * from saved_{table};")));

    public async ValueTask DisposeAsync()
    {
        await database.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
