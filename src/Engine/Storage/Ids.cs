using System.Buffers.Binary;
using NodaTime;
using Orchestration.Proof;

namespace Orchestration.Engine.Storage;

/// <summary>
/// Ids of rows: UUIDv7, so that they sort by the clock they were made with and inserts stay at the right edge of an index. Those that one
/// process makes within a millisecond sort in the order they were made in.
/// </summary>
public static class Ids
{
    private const int CounterBits = 26;
    private static int made;

    /// <summary>
    /// A new id: <paramref name="now"/> in milliseconds, then a counter of this process (26 bits), then 48 random bits. Guarantee: sorts after
    /// every id that this process made before it for the same millisecond, unless 67 million came between.
    /// Source: RFC 9562, section 6.2, method 1.
    /// </summary>
    public static Guid New(Instant now)
    {
        var count = (uint)Interlocked.Increment(ref made) & ((1u << CounterBits) - 1);
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(now.ToDateTimeOffset()).TryWriteBytes(bytes, bigEndian: true, out _);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], (ushort)(0x7000 | (count >> 14)));
        BinaryPrimitives.WriteUInt16BigEndian(bytes[8..], (ushort)(0x8000 | (count & 0x3FFF)));
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>As the engine and Elsa's API write it: 32 hex digits.</summary>
    public static string Text(Guid id) => id.ToString("N");

    /// <summary>An ID derived from a name; the same name gives the same ID everywhere.</summary>
    public static Guid Named(string name) => EventHash.ChainOf(name);
}

/// <summary>Reading the clock the way the database keeps it.</summary>
public static class Clocks
{
    /// <summary>The clock's instant cut to microseconds, which is what PostgreSQL keeps.</summary>
    public static Instant Now(this IClock clock) => clock.GetCurrentInstant().Truncated();

    /// <summary>Cut to microseconds.</summary>
    public static Instant Truncated(this Instant instant) => Instant.FromUnixTimeTicks(instant.ToUnixTimeTicks() / 10 * 10);

    /// <summary>From a <c>timestamptz</c> column.</summary>
    public static Instant ToInstant(this DateTime utc) => Instant.FromDateTimeUtc(DateTime.SpecifyKind(utc, DateTimeKind.Utc));
}
