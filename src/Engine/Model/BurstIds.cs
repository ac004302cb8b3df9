using System.Globalization;
using NodaTime;

namespace Orchestration.Engine.Model;

/// <summary>
/// Ids and random numbers of one burst: the same instant and seed give the same ones, so that a burst can be replayed.
/// Ids are UUIDv7 in the order in which they were asked for.
/// </summary>
internal sealed class BurstIds(Instant now, ulong seed)
{
    private readonly long _milliseconds = now.ToUnixTimeMilliseconds();
    private ulong _random = seed;
    private uint _counter;

    /// <summary>Next id as 32 hex digits.</summary>
    public string Next()
    {
        var (high, low) = NextBits();
        return string.Create(
            32,
            (high, low),
            static (span, bits) =>
            {
                bits.high.TryFormat(span, out _, "x16", CultureInfo.InvariantCulture);
                bits.low.TryFormat(span[16..], out _, "x16", CultureInfo.InvariantCulture);
            }
        );
    }

    public Guid NextGuid()
    {
        var (high, low) = NextBits();
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes, high);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], low);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Next number in [0, 1).</summary>
    public double NextDouble() => (NextRandom() >> 11) * (1.0 / (1UL << 53));

    public ulong NextRandom()
    {
        // SplitMix64 (Steele, Lea, Flood 2014).
        var z = _random += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private (ulong High, ulong Low) NextBits()
    {
        // 48 bits of time, version 7, 12 bits that count, variant, 62 random bits. More than 4,096 ids in a burst borrow from the next millisecond.
        var counter = _counter++;
        var high = ((ulong)(_milliseconds + (counter >> 12)) << 16) | 0x7000 | (counter & 0xFFF);
        var low = (NextRandom() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000;
        return (high, low);
    }
}
