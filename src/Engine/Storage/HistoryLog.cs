using System.Data;
using Npgsql;
using Orchestration.Proof;

namespace Orchestration.Engine.Storage;

/// <summary>
/// The Merkle log over all history. It follows what was committed: events are taken in the order of their transactions, and only when no older transaction
/// can still commit any, so nothing is missed and the order never changes.
/// </summary>
public sealed class HistoryLog(NpgsqlDataSource database)
{
    private const int TileSize = 256;
    private const int HashSize = 32;

    /// <summary>Transactions looked at in one step; more when they wrote no history.</summary>
    private const long FirstStep = 2_000;

    private const string NotYetThere = """
        and not exists (
            select from log_chain c join log_tile t on t.level = 0 and t.number = c.tile, unnest(t.chains, t.sequences) u(chain, sequence)
            where c.chain_id = e.chain_id and u.chain = e.chain_id and u.sequence = e.sequence)
        """;

    private const long LargestStep = 50_000_000;

    /// <summary>Appends what was committed since. Any number of hosts may call it; one works at a time. Returns how many events were appended.</summary>
    public async Task<long> AppendAsync(CancellationToken cancel = default)
    {
        var (total, step) = (0L, FirstStep);
        while (true)
        {
            var (appended, more) = await StepAsync(step, cancel);
            total += appended;
            if (!more)
                return total;
            step = appended == 0 ? Math.Min(step * 10, LargestStep) : FirstStep;
        }
    }

    /// <summary>The tree as it is now: size and root.</summary>
    public async Task<(long Size, byte[] Root)> TreeAsync(CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
        await using var query = new NpgsqlCommand("select size from log_state", connection);
        var size = (long)(await query.ExecuteScalarAsync(cancel))!;
        var nodes = await NodesAsync(connection, [new(0, size)], cancel);
        return (size, MerkleTree.Root(new(0, size), nodes));
    }

    /// <summary>Entries of the log from a position on, in order.</summary>
    public async Task<IReadOnlyList<LogEntry>> EntriesAsync(long from, long until, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            "select number, hashes, chains, sequences from log_tile where level = 0 and number between $1 and $2 order by number",
            from / TileSize,
            (until - 1) / TileSize
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var entries = new List<LogEntry>();
        while (await reader.ReadAsync(cancel))
        {
            var tile = Tile.Read(reader);
            for (var i = 0; i < tile.Chains.Count; i++)
            {
                if ((reader.GetInt64(0) * TileSize) + i is var position && position >= from && position < until)
                    entries.Add(new(tile.Chains[i], tile.Sequences[i], tile.Hashes[i]));
            }
        }

        return entries;
    }

    /// <summary>Where the events of a chain are in the tree of a size, and what proves each: by sequence.</summary>
    public async Task<IReadOnlyDictionary<int, (long Position, IReadOnlyList<byte[]> Proof)>> ProveAsync(
        Guid chain,
        long size,
        CancellationToken cancel = default
    )
    {
        var positions = new List<(int Sequence, long Position)>();
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using (
            var query = new NpgsqlCommand(
                """
                select u.sequence, t.number * 256 + u.ordinal - 1
                from log_chain c join log_tile t on t.level = 0 and t.number = c.tile, unnest(t.chains, t.sequences) with ordinality u(chain, sequence, ordinal)
                where c.chain_id = $1 and u.chain = $1
                """,
                connection
            )
        )
        {
            query.Parameters.Add(new() { Value = chain });
            await using var reader = await query.ExecuteReaderAsync(cancel);
            while (await reader.ReadAsync(cancel))
            {
                if (reader.GetInt64(1) < size)
                    positions.Add((reader.GetInt32(0), reader.GetInt64(1)));
            }
        }

        var paths = positions.ToDictionary(p => p.Sequence, p => (p.Position, Path: MerkleTree.Inclusion(p.Position, size)));
        var nodes = await NodesAsync(connection, [.. paths.Values.SelectMany(p => p.Path).Distinct()], cancel);
        return paths.ToDictionary(p => p.Key, p => (p.Value.Position, (IReadOnlyList<byte[]>)[.. p.Value.Path.Select(range => MerkleTree.Root(range, nodes))]));
    }

    /// <summary>What proves that the tree of one size is the beginning of the tree of another.</summary>
    public async Task<IReadOnlyList<byte[]>> ProveGrowthAsync(long old, long size, CancellationToken cancel = default)
    {
        if (old == 0 || old == size)
            return [];
        var ranges = MerkleTree.Consistency(old, size);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var nodes = await NodesAsync(connection, ranges, cancel);
        return [.. ranges.Select(range => MerkleTree.Root(range, nodes))];
    }

    private async Task<(int Appended, bool More)> StepAsync(long step, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        long size,
            from,
            until,
            end;
        bool restored;
        await using (
            var state = new NpgsqlCommand(
                "select size, horizon, pg_snapshot_xmin(pg_current_snapshot())::text::bigint, restored from log_state for update",
                connection
            )
        )
        await using (var reader = await state.ExecuteReaderAsync(cancel))
        {
            await reader.ReadAsync(cancel);
            (size, from, end) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
            (until, restored) = (Math.Min(from + step, end), reader.GetBoolean(3));
        }

        if (end < from)
        {
            // A copy of the database in another server: its transactions are counted anew.
            await using var restart = new NpgsqlCommand("update log_state set horizon = 0, restored = true", connection);
            await restart.ExecuteNonQueryAsync(cancel);
            await transaction.CommitAsync(cancel);
            return (0, true);
        }

        if (until == from)
            return (0, false);
        var entries = new List<LogEntry>();
        await using (
            var query = new NpgsqlCommand(
                $"""
                select e.chain_id, e.sequence, e.leaf from event e where e.xact >= $1 and e.xact < $2 {(restored ? NotYetThere : "")}
                order by e.xact, e.chain_id, e.sequence
                """,
                connection
            )
        )
        {
            query.Parameters.Add(new() { Value = from });
            query.Parameters.Add(new() { Value = until });
            await using var reader = await query.ExecuteReaderAsync(cancel);
            while (await reader.ReadAsync(cancel))
                entries.Add(new(reader.GetGuid(0), reader.GetInt32(1), reader.GetFieldValue<byte[]>(2)));
        }

        await WriteAsync(connection, size, entries, until, cancel);
        await transaction.CommitAsync(cancel);
        return (entries.Count, until < end);
    }

    private static async Task WriteAsync(NpgsqlConnection connection, long size, List<LogEntry> entries, long horizon, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("update log_state set size = $1, horizon = $2", size + entries.Count, horizon);
        if (entries.Count > 0)
        {
            var changed = await AppendAsync(connection, size, entries, cancel);
            foreach (var ((level, number), tile) in changed)
            {
                batch.Add(
                    """
                    insert into log_tile (level, number, hashes, chains, sequences) values ($1, $2, $3, $4, $5)
                    on conflict (level, number) do update set hashes = excluded.hashes, chains = excluded.chains, sequences = excluded.sequences
                    """,
                    (short)level,
                    number,
                    tile.Hashes.SelectMany(h => h).ToArray(),
                    level == 0 ? tile.Chains.ToArray() : null,
                    level == 0 ? tile.Sequences.ToArray() : null
                );
            }

            var chains = entries.Select((e, i) => (e.Chain, Tile: (size + i) / TileSize)).Distinct().ToList();
            batch.Add(
                "insert into log_chain (chain_id, tile) select * from unnest($1::uuid[], $2::bigint[]) on conflict do nothing",
                chains.Select(c => c.Chain).ToArray(),
                chains.Select(c => c.Tile).ToArray()
            );
        }

        await batch.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>The tiles that change by entries at the end: the last of a level, and new ones.</summary>
    private static async Task<Dictionary<(int Level, long Number), Tile>> AppendAsync(
        NpgsqlConnection connection,
        long size,
        List<LogEntry> entries,
        CancellationToken cancel
    )
    {
        var tiles = new Dictionary<(int, long), Tile>();
        var ends = new List<(int Level, long Number)>();
        for (var (level, count) = (0, size); count > 0; (level, count) = (level + 1, count / TileSize))
        {
            if (count % TileSize > 0)
                ends.Add((level, count / TileSize));
        }

        foreach (var (place, tile) in await ReadAsync(connection, ends, cancel))
            tiles[place] = tile;
        var changed = new Dictionary<(int, long), Tile>();
        for (var i = 0; i < entries.Count; i++)
        {
            var tile = At(0, (size + i) / TileSize);
            tile.Chains.Add(entries[i].Chain);
            tile.Sequences.Add(entries[i].Sequence);
            Put(0, (size + i) / TileSize, tile, entries[i].Leaf);
        }

        return changed;

        Tile At(int level, long number)
        {
            if (!tiles.TryGetValue((level, number), out var tile))
                tiles[(level, number)] = tile = new([], [], []);
            return tile;
        }

        void Put(int level, long number, Tile tile, byte[] hash)
        {
            tile.Hashes.Add(hash);
            changed[(level, number)] = tile;
            if (tile.Hashes.Count == TileSize)
                Put(level + 1, number / TileSize, At(level + 1, number / TileSize), tile.Root(0, TileSize));
        }
    }

    /// <summary>The hashes of complete subtrees that some ranges consist of.</summary>
    private static async Task<Func<int, long, byte[]>> NodesAsync(NpgsqlConnection connection, IReadOnlyList<LeafRange> ranges, CancellationToken cancel)
    {
        var places = ranges.SelectMany(MerkleTree.Nodes).Select(node => Place(node.Level, node.Index)).Select(p => (p.Level, p.Number)).Distinct().ToList();
        var tiles = await ReadAsync(connection, places, cancel);
        return (level, index) =>
        {
            var (tileLevel, number, from, count) = Place(level, index);
            return tiles.TryGetValue((tileLevel, number), out var tile) && tile.Hashes.Count >= from + count
                ? tile.Root(from, count)
                : throw new InvalidDataException($"Tile {number} of level {tileLevel} of the log of history is missing.");
        };
    }

    /// <summary>Where the hashes under a complete subtree are: in one tile, since a tile has 2^8 of a level.</summary>
    private static (int Level, long Number, int From, int Count) Place(int level, long index)
    {
        var (tileLevel, height) = Math.DivRem(level, 8);
        var first = index << height;
        return (tileLevel, first / TileSize, (int)(first % TileSize), 1 << height);
    }

    private static async Task<Dictionary<(int Level, long Number), Tile>> ReadAsync(
        NpgsqlConnection connection,
        IReadOnlyList<(int Level, long Number)> places,
        CancellationToken cancel
    )
    {
        var tiles = new Dictionary<(int, long), Tile>();
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select t.number, t.hashes, t.chains, t.sequences, t.level from unnest($1::smallint[], $2::bigint[]) p(level, number)
            join log_tile t on t.level = p.level and t.number = p.number
            """,
            places.Select(p => (short)p.Level).ToArray(),
            places.Select(p => p.Number).ToArray()
        );
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
            tiles[(reader.GetInt16(4), reader.GetInt64(0))] = Tile.Read(reader);
        return tiles;
    }

    private sealed record Tile(List<byte[]> Hashes, List<Guid> Chains, List<int> Sequences)
    {
        public static Tile Read(NpgsqlDataReader reader)
        {
            var bytes = reader.GetFieldValue<byte[]>(1);
            return new(
                [.. Enumerable.Range(0, bytes.Length / HashSize).Select(i => bytes[(i * HashSize)..((i + 1) * HashSize)])],
                reader.IsDBNull(2) ? [] : [.. reader.GetFieldValue<Guid[]>(2)],
                reader.IsDBNull(3) ? [] : [.. reader.GetFieldValue<int[]>(3)]
            );
        }

        public byte[] Root(int from, int count)
        {
            var tree = new GrowingTree();
            for (var i = from; i < from + count; i++)
                tree.Add(Hashes[i]);
            return tree.Root();
        }
    }
}
