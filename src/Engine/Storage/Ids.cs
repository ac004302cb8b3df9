using NodaTime;
using Orchestration.Proof;

namespace Orchestration.Engine.Storage;

/// <summary>Ids of rows: UUIDv7, so that they sort by the clock they were made with and inserts stay at the right edge of an index.</summary>
public static class Ids
{
    /// <summary>A new id. The time part is <paramref name="now"/> (milliseconds); the rest is random.</summary>
    public static Guid New(Instant now) => Guid.CreateVersion7(now.ToDateTimeOffset());

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
