using System.Security.Cryptography.X509Certificates;
using Npgsql;

namespace Orchestration.Proof;

/// <summary>What a check of a database looked at and found.</summary>
/// <param name="Events">Events read.</param>
/// <param name="Entries">Entries of the log read.</param>
/// <param name="Heads">Tree heads compared.</param>
/// <param name="Findings">Differences, the first few thousand.</param>
public sealed record HistoryCheckResult(long Events, long Entries, int Heads, IReadOnlyList<Finding> Findings);

/// <summary>
/// Checks all history of a database: each event against its hash, payload and chain, each against the log, and the log against tree heads and entries held
/// outside. Reads everything once in one snapshot, with memory that doesn't grow with it.
/// </summary>
public sealed class HistoryCheck(NpgsqlDataSource database, IReadOnlyList<VerifierKey> keys, KeptLog? kept)
{
    /// <summary>More findings than that aren't kept.</summary>
    public const int MostFindings = 1000;

    private const int TileSize = 256;
    private readonly List<Finding> _findings = [];
    private readonly HashSet<(Guid, int, FindingKind)> _named = [];
    private const int ProgressEvery = 100_000;
    private long _events;
    private long _entries;

    /// <summary>Is told from time to time how many events were read. Default: no one is.</summary>
    public Func<long, CancellationToken, Task>? Progress { get; init; }

    /// <summary>Certificates of timestamp authorities that count. Default: none are given, and any authority counts.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Runs the check.</summary>
    public async Task<HistoryCheckResult> RunAsync(CancellationToken cancel = default)
    {
        // What is held outside is looked at first: the database is always ahead of it, also while hosts go on.
        var (heads, held) = (new KeptHeads(kept, keys, Authorities, Add), kept?.Count() ?? 0);
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancel);
        await ExecuteAsync(connection, "set local statement_timeout = 0; set local jit = off", cancel);
        var horizon = await HorizonAsync(connection, cancel);
        await CheckTreeAsync(connection, heads, held, horizon.Size, cancel);
        await CheckEventsAsync(connection, horizon.Transaction, cancel);
        return new(_events, _entries, heads.Count, _findings);
    }

    /// <summary>The entries of the log, in order: against those held outside, and their roots against the signed heads.</summary>
    private async Task CheckTreeAsync(NpgsqlConnection connection, KeptHeads heads, long held, long size, CancellationToken cancel)
    {
        var tree = new GrowingTree();
        var uppers = new List<GrowingTile>();
        await using (var query = Command("select number, hashes, chains, sequences from log_tile where level = 0 order by number", connection))
        await using (var reader = await query.ExecuteReaderAsync(cancel))
        using (var outside = (kept?.ReadEntries() ?? []).GetEnumerator())
        {
            while (await reader.ReadAsync(cancel))
            {
                var (number, hashes) = (reader.GetInt64(0), reader.GetFieldValue<byte[]>(1));
                var (chains, sequences) = (reader.GetFieldValue<Guid[]>(2), reader.GetFieldValue<int[]>(3));
                if (number * TileSize != tree.Size || hashes.Length != chains.Length * 32 || chains.Length != sequences.Length)
                {
                    Add(new(FindingKind.Log, null, $"Tile {number} of the log is damaged, or one before it is missing."));
                    return;
                }

                for (var i = 0; i < chains.Length; i++)
                {
                    var entry = new LogEntry(chains[i], sequences[i], hashes[(i * 32)..((i + 1) * 32)]);
                    if (tree.Size < held && outside.MoveNext())
                        Compare(entry, outside.Current, tree.Size);
                    tree.Add(entry.Leaf);
                    heads.Compare(tree);
                }

                if (chains.Length == TileSize)
                    GrowingTile.Add(uppers, 0, TileRoot(hashes));
            }

            _entries = tree.Size;
            if (tree.Size < held)
                Add(new(FindingKind.Older, null, $"The log has {tree.Size} entries; more are held outside. The database is older than that, or was cut."));
        }

        if (tree.Size != size)
            Add(new(FindingKind.Log, null, $"The log says it has {size} entries, and has {tree.Size}."));
        foreach (var (name, head) in heads.Left)
            Add(
                new(FindingKind.Older, null, $"Tree head {name} covers {head.Head.Size} events; the log has {tree.Size}. The database is older than the head.")
            );
        await CheckUpperTilesAsync(connection, uppers, cancel);
    }

    private void Compare(LogEntry entry, LogEntry held, long position)
    {
        if (entry.Chain == held.Chain && entry.Sequence == held.Sequence && CaseProof.Same(entry.Leaf, held.Leaf))
            return;
        var (row, text) =
            entry.Chain == held.Chain && entry.Sequence == held.Sequence
                ? (new EventPlace(entry.Chain, entry.Sequence, null), "The event's entry in the log isn't the one held outside")
                : (new EventPlace(held.Chain, held.Sequence, null), "The event has lost its place in the log");
        Add(new(FindingKind.Rewritten, row, $"{text} (position {position})."));
    }

    private async Task CheckUpperTilesAsync(NpgsqlConnection connection, List<GrowingTile> uppers, CancellationToken cancel)
    {
        var computed = uppers
            .SelectMany((tile, i) => tile.Tiles().Select((hashes, number) => (Level: i + 1, Number: (long)number, hashes)))
            .ToDictionary(t => (t.Level, t.Number), t => t.hashes);
        await using var query = Command("select level, number, hashes from log_tile where level > 0 order by level, number", connection);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
        {
            var place = ((int)reader.GetInt16(0), reader.GetInt64(1));
            if (!computed.Remove(place, out var hashes) || !CaseProof.Same(hashes, reader.GetFieldValue<byte[]>(2)))
                Add(new(FindingKind.Log, null, $"Tile {place.Item2} of level {place.Item1} of the log is damaged."));
        }

        foreach (var (level, number) in computed.Keys)
            Add(new(FindingKind.Log, null, $"Tile {number} of level {level} of the log is missing."));
    }

    /// <summary>Every event, beside its entry in the log.</summary>
    private async Task CheckEventsAsync(NpgsqlConnection connection, long horizon, CancellationToken cancel)
    {
        // Connections with the same snapshot: their results are read side by side.
        var snapshot = await SnapshotAsync(connection, cancel);
        await using var other = await OpenAsync(snapshot, cancel);
        await using var third = await OpenAsync(snapshot, cancel);
        await using var log = Command(
            """
            select chain, sequence, substr(hashes, (ordinal::int - 1) * 32 + 1, 32)
            from log_tile, unnest(chains, sequences) with ordinality u(chain, sequence, ordinal) where level = 0 order by 1, 2
            """,
            other
        );
        await using var query = Command(
            """
            select e.chain_id, e.sequence, (extract(epoch from e.at) * 1000000)::bigint, e.actor, e.action, e.entity, e.entity_id, e.revision,
                e.activity_id, e.node_id, e.activity_type, e.commitment, e.leaf, e.salt, e.payload::text, e.xact
            from event e order by e.chain_id, e.sequence, e.at
            """,
            connection
        );
        var chain = new ChainCheck(Guid.Empty, Add);
        await using var headQuery = Command(ChainHeads.Query, third);
        await using (var headReader = await headQuery.ExecuteReaderAsync(cancel))
        await using (var entries = await log.ExecuteReaderAsync(cancel))
        await using (var events = await query.ExecuteReaderAsync(cancel))
        {
            var heads = new ChainHeads(headReader);
            await heads.BeginAsync(cancel);
            var (hasEntry, hasEvent) = (await entries.ReadAsync(cancel), await events.ReadAsync(cancel));
            while (hasEntry || hasEvent)
            {
                var order =
                    !hasEntry ? 1
                    : !hasEvent ? -1
                    : Order(entries, events);
                if (hasEvent && order >= 0 && events.GetGuid(0) != chain.Id)
                {
                    await chain.EndAsync(heads, cancel);
                    chain = new(events.GetGuid(0), Add);
                }

                if (order < 0)
                {
                    var place = new EventPlace(entries.GetGuid(0), entries.GetInt32(1), null);
                    Add(new(FindingKind.Missing, place, "The log has this event; the database doesn't."));
                }
                else
                {
                    if (++_events % ProgressEvery == 0 && Progress is { } told)
                        await told(_events, cancel);
                    var leaf = chain.Check(events);
                    var place = new EventPlace(chain.Id, events.GetInt32(1), null);
                    if (order == 0 && !CaseProof.Same(leaf, entries.GetFieldValue<byte[]>(2)))
                        Add(new(FindingKind.Rewritten, place, "The event isn't the one that the log recorded."));
                    else if (order > 0 && events.GetInt64(15) < horizon)
                        Add(new(FindingKind.NotInLog, place, "The event is old enough to be in the log, and isn't: it was added afterwards."));
                }

                if (order <= 0)
                    hasEntry = await entries.ReadAsync(cancel);
                if (order >= 0)
                    hasEvent = await events.ReadAsync(cancel);
            }

            await chain.EndAsync(heads, cancel);
            await heads.FindAsync(null, Add, cancel);
        }

        await NameAsync(cancel);
    }

    private static int Order(NpgsqlDataReader one, NpgsqlDataReader other)
    {
        var chains = EventOrder.Compare(one.GetGuid(0), other.GetGuid(0));
        return chains != 0 ? chains : one.GetInt32(1).CompareTo(other.GetInt32(1));
    }

    private async Task<NpgsqlConnection> OpenAsync(string snapshot, CancellationToken cancel)
    {
        var connection = await database.OpenConnectionAsync(cancel);
        await ExecuteAsync(connection, $"begin isolation level repeatable read read only; set transaction snapshot '{snapshot}'", cancel);
        await ExecuteAsync(connection, "set local statement_timeout = 0; set local jit = off", cancel);
        return connection;
    }

    /// <summary>Gives the chains that were found wanting the names people know them by.</summary>
    private async Task NameAsync(CancellationToken cancel)
    {
        var names = new Dictionary<Guid, string>();
        await using var query = database.CreateCommand(
            """
            select id, name from event_chain where id = any($1)
            union all select id, correlation_id from workflow_instance where id = any($1) and correlation_id is not null
            """
        );
        query.Parameters.Add(new() { Value = _findings.Where(f => f.Place is not null).Select(f => f.Place!.Chain).Distinct().ToArray() });
        await using var reader = await query.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
            names[reader.GetGuid(0)] = reader.GetString(1);
        for (var i = 0; i < _findings.Count; i++)
        {
            if (_findings[i].Place is { } place && names.TryGetValue(place.Chain, out var name))
                _findings[i] = _findings[i] with { Place = place with { Name = name } };
        }
    }

    /// <summary>Each kind of difference is said once of an event.</summary>
    private void Add(Finding finding)
    {
        if (_findings.Count == MostFindings || (finding.Place is { Sequence: > 0 } place && !_named.Add((place.Chain, place.Sequence, finding.Kind))))
            return;
        _findings.Add(finding);
    }

    private static byte[] TileRoot(byte[] hashes)
    {
        var tree = new GrowingTree();
        for (var i = 0; i < hashes.Length; i += 32)
            tree.Add(hashes[i..(i + 32)]);
        return tree.Root();
    }

    private static async Task<(long Size, long Transaction)> HorizonAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var query = new NpgsqlCommand("select size, horizon from log_state", connection);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? (reader.GetInt64(0), reader.GetInt64(1)) : (0, 0);
    }

    private static async Task<string> SnapshotAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var query = new NpgsqlCommand("select pg_export_snapshot()", connection);
        return (string)(await query.ExecuteScalarAsync(cancel))!;
    }

    /// <summary>Without a timeout: of a large history the server sorts for minutes before the first row.</summary>
    private static NpgsqlCommand Command(string sql, NpgsqlConnection connection) => new(sql, connection) { CommandTimeout = 0 };

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>The tiles of a level above 0, as they come to be.</summary>
    private sealed class GrowingTile
    {
        private readonly List<byte[]> _full = [];
        private readonly List<byte[]> _open = [];

        public static void Add(List<GrowingTile> levels, int level, byte[] hash)
        {
            if (level == levels.Count)
                levels.Add(new());
            var tile = levels[level];
            tile._open.Add(hash);
            if (tile._open.Count < TileSize)
                return;
            byte[] hashes = [.. tile._open.SelectMany(h => h)];
            tile._full.Add(hashes);
            tile._open.Clear();
            Add(levels, level + 1, TileRoot(hashes));
        }

        public List<byte[]> Tiles() => _open.Count == 0 ? _full : [.. _full, [.. _open.SelectMany(h => h)]];
    }
}
