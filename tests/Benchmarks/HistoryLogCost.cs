using System.Diagnostics;
using System.Globalization;
using System.Text;
using Npgsql;
using NpgsqlTypes;
using Orchestration.Embedded;
using Orchestration.Engine.Storage;
using Orchestration.Proof;

namespace Orchestration.Benchmarks;

/// <summary>
/// What the log of history costs an event, and a database with a large one for the verifier: it says how to run it, and waits.
/// <c>dotnet run -c Release --project tests/Benchmarks -- log [events] [folder]</c>
/// </summary>
internal static class HistoryLogCost
{
    private const int ChainLength = 12;
    private const int TileSize = 256;
    private const int Appended = 100_000;
    private const long Start = 1_780_000_000_000_000;

    public static async Task RunAsync(long events, string folder)
    {
        await using var server = await EmbeddedPostgres.StartAsync(new() { Directory = Path.Combine(folder, "database"), Temporary = true });
        await using var database = Sql.CreateDataSource(server.ConnectionString);
        await new Migrator(typeof(Sql).Assembly, typeof(Workflows.People.Person).Assembly).MigrateAsync(database);
        var (key, kept) = (SigningKey.Create("bench"), new KeptLog(Path.Combine(folder, "kept")));
        var began = Stopwatch.GetTimestamp();
        await SeedAsync(database, kept, events);
        var log = new HistoryLog(database);
        var (size, root) = await log.TreeAsync();
        await kept.AddAsync(SignedHead.Sign(new("bench", size, root, Start + events), key));
        Say($"{size:N0} events were made in {Stopwatch.GetElapsedTime(began).TotalSeconds:N0} s");
        foreach (var table in new[] { "event_default", "log_tile", "log_chain" })
            Say($"{table}: {await ScalarAsync(database, $"select pg_total_relation_size('{table}')") / (double)size:N1} bytes an event");

        await AppendAsync(database, log);
        Say($"verifier database \"{server.ConnectionString}\" --key {key.Public} --kept {Path.Combine(folder, "kept")}");
        Say("Press Enter to stop.");
        Console.ReadLine();
    }

    /// <summary>Events in small transactions, as verbs write them, then one run of the job over all of them.</summary>
    private static async Task AppendAsync(NpgsqlDataSource database, HistoryLog log)
    {
        for (var i = 0; i < Appended / 100; i++)
        {
            await using var connection = await database.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            var history = await NamedChain.LockAsync(connection, $"append:{i}", "bench", NodaTime.Instant.FromUnixTimeTicks(Start * 10));
            for (var e = 0; e < 100; e++)
                history.Add(new("task.claimed", "task", "t", e, """{"note":"something that someone did"}"""u8.ToArray()));
            await using var batch = connection.CreateBatch();
            batch.WriteChain(history);
            await batch.ExecuteNonQueryAsync();
            await transaction.CommitAsync();
        }

        var began = Stopwatch.GetTimestamp();
        var appended = await log.AppendAsync();
        Say($"appending {appended:N0} events took {Stopwatch.GetElapsedTime(began).TotalMicroseconds / appended:N1} µs each");
        began = Stopwatch.GetTimestamp();
        await log.TreeAsync();
        Say($"the root of the tree took {Stopwatch.GetElapsedTime(began).TotalMilliseconds:N0} ms");
    }

    /// <summary>Whole chains with right hashes, their log and what is held outside, by COPY.</summary>
    private static async Task SeedAsync(NpgsqlDataSource database, KeptLog kept, long events)
    {
        var tiles = new Tiles();
        await using var writes = await database.OpenConnectionAsync();
        await using var heads = await database.OpenConnectionAsync();
        await using var logs = await database.OpenConnectionAsync();
        await using var places = await database.OpenConnectionAsync();
        await using (
            var rows = await writes.BeginBinaryImportAsync(
                "copy event (chain_id, sequence, at, actor, action, entity, entity_id, revision, commitment, leaf, salt, payload, xact) from stdin binary"
            )
        )
        await using (var chains = await heads.BeginBinaryImportAsync("copy event_chain (id, name, event_sequence, event_head) from stdin binary"))
        await using (var level0 = await logs.BeginBinaryImportAsync("copy log_tile (level, number, hashes, chains, sequences) from stdin binary"))
        await using (var where = await places.BeginBinaryImportAsync("copy log_chain (chain_id, tile) from stdin binary"))
        {
            var batch = new List<LogEntry>();
            for (var i = 0L; i < events; )
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"bench:{i}");
                var (chain, previous, sequence) = (Ids.Named(name), EventHash.Genesis, 0);
                for (; sequence < ChainLength && i < events; i++)
                {
                    sequence++;
                    var salt = chain.ToByteArray();
                    var payload = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"note\":\"something that someone did, no. {i}\"}}"));
                    var commitment = EventHash.Commit(salt, payload);
                    var id = chain.ToString("N");
                    previous = EventHash.Leaf(
                        new(chain, sequence, Start + i, "adjuster1", "task.claimed", "task", id, sequence, null, null, null),
                        previous,
                        commitment
                    );
                    await rows.StartRowAsync();
                    await rows.WriteAsync(chain, NpgsqlDbType.Uuid);
                    await rows.WriteAsync(sequence, NpgsqlDbType.Integer);
                    await rows.WriteAsync(DateTime.UnixEpoch.AddMicroseconds(Start + i), NpgsqlDbType.TimestampTz);
                    foreach (var text in new[] { "adjuster1", "task.claimed", "task", id })
                        await rows.WriteAsync(text, NpgsqlDbType.Text);
                    await rows.WriteAsync((long)sequence, NpgsqlDbType.Bigint);
                    foreach (var bytes in new[] { commitment, previous, salt })
                        await rows.WriteAsync(bytes, NpgsqlDbType.Bytea);
                    await rows.WriteAsync(Encoding.UTF8.GetString(payload), NpgsqlDbType.Json);
                    await rows.WriteAsync(1L, NpgsqlDbType.Bigint);
                    batch.Add(new(chain, sequence, previous));
                    tiles.Add(0, previous);
                    if (sequence == 1 || i % TileSize == 0)
                    {
                        await where.StartRowAsync();
                        await where.WriteAsync(chain, NpgsqlDbType.Uuid);
                        await where.WriteAsync(i / TileSize, NpgsqlDbType.Bigint);
                    }

                    if (batch.Count < TileSize && i + 1 < events)
                        continue;
                    await WriteTileAsync(level0, 0, i / TileSize, [.. batch.SelectMany(e => e.Leaf)], batch);
                    await kept.AddAsync(i / TileSize * TileSize, batch);
                    batch.Clear();
                }

                await chains.StartRowAsync();
                await chains.WriteAsync(chain, NpgsqlDbType.Uuid);
                await chains.WriteAsync(name, NpgsqlDbType.Text);
                await chains.WriteAsync(sequence, NpgsqlDbType.Integer);
                await chains.WriteAsync(previous, NpgsqlDbType.Bytea);
            }

            foreach (var (level, number, hashes) in tiles.Uppers())
                await WriteTileAsync(level0, level, number, hashes, null);
            await rows.CompleteAsync();
            await chains.CompleteAsync();
            await level0.CompleteAsync();
            await where.CompleteAsync();
        }

        await using var state = database.CreateCommand("update log_state set size = $1, horizon = pg_snapshot_xmin(pg_current_snapshot())::text::bigint");
        state.Parameters.Add(new() { Value = events });
        await state.ExecuteNonQueryAsync();
        await using var analyze = database.CreateCommand("vacuum analyze");
        analyze.CommandTimeout = 0;
        await analyze.ExecuteNonQueryAsync();
    }

    private static async Task WriteTileAsync(NpgsqlBinaryImporter to, int level, long number, byte[] hashes, List<LogEntry>? entries)
    {
        await to.StartRowAsync();
        await to.WriteAsync((short)level, NpgsqlDbType.Smallint);
        await to.WriteAsync(number, NpgsqlDbType.Bigint);
        await to.WriteAsync(hashes, NpgsqlDbType.Bytea);
        if (entries is null)
        {
            await to.WriteNullAsync();
            await to.WriteNullAsync();
            return;
        }

        await to.WriteAsync(entries.Select(e => e.Chain).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Uuid);
        await to.WriteAsync(entries.Select(e => e.Sequence).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Integer);
    }

    private static async Task<long> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using var query = database.CreateCommand(sql);
        return (long)(await query.ExecuteScalarAsync())!;
    }

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static void Say(string text) => Console.WriteLine(text);

    /// <summary>The tiles above level 0.</summary>
    private sealed class Tiles
    {
        private readonly List<List<byte[]>> _levels = [];

        public void Add(int level, byte[] hash)
        {
            if (level == _levels.Count)
                _levels.Add([]);
            _levels[level].Add(hash);
            if (_levels[level].Count % TileSize > 0)
                return;
            var tree = new GrowingTree();
            foreach (var one in _levels[level].TakeLast(TileSize))
                tree.Add(one);
            if (level == 0)
                _levels[0].Clear();
            Add(level + 1, tree.Root());
        }

        public IEnumerable<(int Level, long Number, byte[] Hashes)> Uppers() =>
            _levels
                .Skip(1)
                .SelectMany((hashes, i) => hashes.Chunk(TileSize).Select((tile, number) => (i + 1, (long)number, tile.SelectMany(h => h).ToArray())));
    }
}
