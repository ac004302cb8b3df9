using System.Text;
using System.Text.Json;
using Npgsql;

namespace Orchestration.Proof;

/// <summary>Where chains ended when their last event was written, in the order of their ids.</summary>
internal sealed class ChainHeads(NpgsqlDataReader reader)
{
    /// <summary>Heads of instances and of named chains.</summary>
    public const string Query = """
        select id, event_sequence, event_head, null from workflow_instance union all select id, event_sequence, event_head, name from event_chain order by 1
        """;

    private bool _any;

    /// <summary>Goes to the first head.</summary>
    public async Task BeginAsync(CancellationToken cancel) => _any = await reader.ReadAsync(cancel);

    /// <summary>The head of a chain, or null; says which chains before it have no events although their head counts some. Null: to the end.</summary>
    public async Task<(int Sequence, byte[] Leaf)?> FindAsync(Guid? chain, Action<Finding> add, CancellationToken cancel)
    {
        for (; _any; _any = await reader.ReadAsync(cancel))
        {
            var order = chain is { } id ? EventOrder.Compare(reader.GetGuid(0), id) : -1;
            if (order > 0)
                break;
            var head = (Sequence: reader.GetInt32(1), reader.GetFieldValue<byte[]>(2));
            if (!reader.IsDBNull(3) && EventHash.ChainOf(reader.GetString(3)) != reader.GetGuid(0))
                add(new(FindingKind.Changed, new(reader.GetGuid(0), 0, null), "The chain has another name than the one it was made with."));
            if (order == 0)
            {
                _any = await reader.ReadAsync(cancel);
                return head;
            }

            if (head.Sequence > 0)
                add(new(FindingKind.Missing, new(reader.GetGuid(0), 0, null), $"All {head.Sequence} events are gone."));
        }

        return null;
    }
}

/// <summary>The order of chains in the database: that of their bytes.</summary>
internal static class EventOrder
{
    public static int Compare(Guid one, Guid other)
    {
        Span<byte> a = stackalloc byte[16];
        Span<byte> b = stackalloc byte[16];
        one.TryWriteBytes(a, bigEndian: true, out _);
        other.TryWriteBytes(b, bigEndian: true, out _);
        return a.SequenceCompareTo(b);
    }
}

/// <summary>Checks the events of one chain, in order.</summary>
internal sealed class ChainCheck(Guid id, Action<Finding> add)
{
    private const string Erased = "history.erased";
    private readonly HashSet<int> _gone = [];
    private readonly HashSet<int> _noted = [];
    private byte[] _previous = EventHash.Genesis;
    private int _last;

    public Guid Id => id;

    /// <summary>Checks the event a reader is at. Returns the leaf it says it has.</summary>
    public byte[] Check(NpgsqlDataReader r)
    {
        var sequence = r.GetInt32(1);
        var place = new EventPlace(id, sequence, null);
        if (sequence <= _last)
            add(new(FindingKind.NotInLog, place, "There are two events with this number: one was added."));
        for (var missing = _last + 1; missing < sequence; missing++)
            add(new(FindingKind.Missing, new(id, missing, null), "The event is gone."));
        var (commitment, leaf, salt) = (Bytes(r, 11), r.GetFieldValue<byte[]>(12), Bytes(r, 13));
        var payload = r.IsDBNull(14) ? null : r.GetString(14);
        CheckPayload(place, r.GetString(4), commitment, salt, payload);
        var header = new EventHeader(
            id,
            sequence,
            r.GetInt64(2),
            r.GetString(3),
            r.GetString(4),
            r.GetString(5),
            r.GetString(6),
            r.GetInt64(7),
            Text(r, 8),
            Text(r, 9),
            Text(r, 10)
        );

        // After a gap the leaf before is unknown: the log says whether this one is right.
        if (sequence == _last + 1 && !CaseProof.Same(EventHash.Leaf(header, _previous, commitment), leaf))
            add(new(FindingKind.Changed, place, "The event was changed."));
        (_previous, _last) = (leaf, sequence);
        return leaf;
    }

    /// <summary>Compares the end of the chain with its head.</summary>
    public async Task EndAsync(ChainHeads heads, CancellationToken cancel)
    {
        if (_last == 0)
            return;
        foreach (var sequence in _gone.Except(_noted).Order())
            add(new(FindingKind.Payload, new(id, sequence, null), "The payload is gone, and no erasure is recorded."));
        if (await heads.FindAsync(id, add, cancel) is not var (sequenceOfHead, leafOfHead))
            return;
        if (sequenceOfHead > _last)
            add(new(FindingKind.Missing, new(id, _last + 1, null), $"The last events are gone: there were {sequenceOfHead}."));
        else if (sequenceOfHead < _last)
            add(new(FindingKind.NotInLog, new(id, _last, null), $"The event was added: the chain had {sequenceOfHead}."));
        else if (!CaseProof.Same(_previous, leafOfHead))
            add(new(FindingKind.Changed, new(id, 0, null), "The chain's head isn't its last event."));
    }

    private void CheckPayload(EventPlace place, string action, byte[]? commitment, byte[]? salt, string? payload)
    {
        if (payload is null && commitment is not null)
            _gone.Add(place.Sequence);
        else if (payload is not null && (salt is null || !CaseProof.Same(EventHash.Commit(salt, Encoding.UTF8.GetBytes(payload)), commitment)))
            add(new(FindingKind.Payload, place, "The payload isn't the one that was recorded."));
        if (action != Erased || payload is null)
            return;
        try
        {
            using var note = JsonDocument.Parse(payload);
            foreach (var sequence in note.RootElement.GetProperty("sequences").EnumerateArray())
                _noted.Add(sequence.GetInt32());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            add(new(FindingKind.Payload, place, "The record of an erasure can't be read."));
        }
    }

    private static byte[]? Bytes(NpgsqlDataReader r, int column) => r.IsDBNull(column) ? null : r.GetFieldValue<byte[]>(column);

    private static string? Text(NpgsqlDataReader r, int column) => r.IsDBNull(column) ? null : r.GetString(column);
}
