using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Orchestration.Proof;

/// <summary>What the leaf of an event covers, besides the leaf before it and the commitment to its payload.</summary>
/// <param name="Chain">The chain's id: a case, or a thing such as a person.</param>
/// <param name="Sequence">Position in the chain, from 1.</param>
/// <param name="At">When, in microseconds since the epoch.</param>
/// <param name="Actor">Who.</param>
/// <param name="Action">What happened.</param>
/// <param name="Entity">Kind of thing it happened to.</param>
/// <param name="EntityId">Which one.</param>
/// <param name="Revision">The thing's revision afterwards, or 0.</param>
/// <param name="ActivityId">Activity in the definition, for journal rows.</param>
/// <param name="NodeId">Its path in the definition.</param>
/// <param name="ActivityType">Its type.</param>
public readonly record struct EventHeader(
    Guid Chain,
    int Sequence,
    long At,
    string Actor,
    string Action,
    string Entity,
    string EntityId,
    long Revision,
    string? ActivityId,
    string? NodeId,
    string? ActivityType
);

/// <summary>
/// The hash chain of history. A leaf is SHA-256 over 0x00 and the canonical header: every field in fixed order, strings as UTF-8 with a 4-byte big-endian
/// length (-1 for null), integers big-endian, time as microseconds since the epoch, then the previous leaf and the payload commitment. So it is also a leaf
/// of a Merkle tree as RFC 6962 defines it. The commitment is SHA-256 over the 16-byte salt and the payload: the payload can be erased, and the chain stays
/// whole.
/// </summary>
public static class EventHash
{
    /// <summary>Head of a chain without events: 32 zero bytes.</summary>
    public static readonly byte[] Genesis = new byte[32];

    /// <summary>Id of the chain of a name: RFC 9562 version 8 over SHA-256.</summary>
    public static Guid ChainOf(string name)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(name), hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }

    /// <summary>Commitment to a payload.</summary>
    public static byte[] Commit(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> payload)
    {
        var length = salt.Length + payload.Length;
        var text = ArrayPool<byte>.Shared.Rent(length);
        salt.CopyTo(text);
        payload.CopyTo(text.AsSpan(salt.Length));
        var commitment = SHA256.HashData(text.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(text);
        return commitment;
    }

    /// <summary>Leaf of an event.</summary>
    /// <param name="e">Its header.</param>
    /// <param name="previous">Leaf of the event before, or <see cref="Genesis"/>.</param>
    /// <param name="commitment">Commitment to the payload; empty without one.</param>
    public static byte[] Leaf(in EventHeader e, ReadOnlySpan<byte> previous, ReadOnlySpan<byte> commitment)
    {
        Span<byte> buffer = stackalloc byte[1024];
        var header = new HeaderWriter(buffer);
        header.Byte(0);
        header.Id(e.Chain);
        header.Long(e.Sequence);
        header.Long(e.At);
        header.Text(e.Actor);
        header.Text(e.Action);
        header.Text(e.Entity);
        header.Text(e.EntityId);
        header.Long(e.Revision);
        header.Text(e.ActivityId);
        header.Text(e.NodeId);
        header.Text(e.ActivityType);
        header.Bytes(previous);
        header.Bytes(commitment);
        return SHA256.HashData(header.Written);
    }

    private ref struct HeaderWriter(Span<byte> buffer)
    {
        private Span<byte> _buffer = buffer;
        private int _length;

        public readonly ReadOnlySpan<byte> Written => _buffer[.._length];

        public void Byte(byte value) => Take(1)[0] = value;

        public void Long(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);

        public void Id(Guid id) => id.TryWriteBytes(Take(16), bigEndian: true, out _);

        public void Text(string? value)
        {
            if (value is null)
            {
                BinaryPrimitives.WriteInt32BigEndian(Take(4), -1);
                return;
            }

            var count = Encoding.UTF8.GetByteCount(value);
            BinaryPrimitives.WriteInt32BigEndian(Take(4), count);
            Encoding.UTF8.GetBytes(value, Take(count));
        }

        public void Bytes(ReadOnlySpan<byte> value)
        {
            BinaryPrimitives.WriteInt32BigEndian(Take(4), value.Length);
            value.CopyTo(Take(value.Length));
        }

        private Span<byte> Take(int count)
        {
            if (_length + count > _buffer.Length)
            {
                var larger = new byte[Math.Max(_buffer.Length * 2, _length + count)];
                _buffer[.._length].CopyTo(larger);
                _buffer = larger;
            }

            var taken = _buffer.Slice(_length, count);
            _length += count;
            return taken;
        }
    }
}
