using NodaTime;

namespace Orchestration.Engine.Storage;

/// <summary>Ids of rows: UUIDv7, so that they sort by the clock they were made with and inserts stay at the right edge of an index.</summary>
public static class Ids
{
    /// <summary>A new id. The time part is <paramref name="now"/> (milliseconds); the rest is random.</summary>
    public static Guid New(Instant now) => Guid.CreateVersion7(now.ToDateTimeOffset());

    /// <summary>As the engine and Elsa's API write it: 32 hex digits.</summary>
    public static string Text(Guid id) => id.ToString("N");

    /// <summary>An ID derived from a name; the same name gives the same ID everywhere: RFC 9562 version 8 over SHA-256.</summary>
    public static Guid Named(string name)
    {
        Span<byte> hash = stackalloc byte[32];
        System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name), hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
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
