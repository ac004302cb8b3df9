using Cronos;
using NodaTime;

namespace Orchestration.Engine.Activities;

/// <summary>
/// A cron expression as Cronos reads it: five fields, or six with seconds first, and the usual macros. A leading <c>TZ=Europe/Berlin</c> names the zone,
/// else it is UTC. Day of month and day of week must both match. A time that a clock change skips happens right after it; one that a clock change repeats
/// happens once, unless seconds, minutes or hours repeat by themselves.
/// </summary>
public sealed class CronSchedule
{
    private readonly CronExpression _expression;
    private readonly TimeZoneInfo _systemZone;

    private CronSchedule(CronExpression expression, DateTimeZone zone)
    {
        (_expression, Zone) = (expression, zone);

        if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone.Id, out _systemZone!))
            throw new FormatException($"The time zone '{zone.Id}' is not installed on this system (package tzdata).");
    }

    /// <summary>Zone in which the fields are read.</summary>
    public DateTimeZone Zone { get; }

    /// <summary>Reads an expression.</summary>
    /// <exception cref="FormatException">The expression isn't valid; the message says why.</exception>
    public static CronSchedule Parse(string expression)
    {
        var text = expression.Trim();
        var zone = DateTimeZone.Utc;

        if (text.StartsWith("TZ=", StringComparison.OrdinalIgnoreCase))
        {
            var (id, rest) = text.IndexOf(' ', StringComparison.Ordinal) is >= 0 and var space ? (text[3..space], text[space..].Trim()) : (text[3..], "");
            zone = DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) ?? throw new FormatException($"There is no time zone '{id}'.");
            text = rest;
        }

        var fields = text.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Length;

        if (fields is not (5 or 6) && !text.StartsWith('@'))
            throw new FormatException($"A cron expression has five fields, or six with seconds first; '{expression}' has {fields}.");

        try
        {
            var schedule = new CronSchedule(CronExpression.Parse(text, fields == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard), zone);
            return schedule.NextAfter(Instant.FromUtc(2000, 1, 1, 0, 0)) is null ? throw new FormatException($"'{expression}' never happens.") : schedule;
        }
        catch (MissingSeedException)
        {
            throw new FormatException($"'{expression}' has an H: a time that is drawn at random cannot be used here.");
        }
    }

    /// <summary>The first time after an instant, or null if there is none.</summary>
    public Instant? NextAfter(Instant after) =>
        _expression.GetNextOccurrence(after.ToDateTimeUtc(), _systemZone) is { } next ? Instant.FromDateTimeUtc(next) : null;
}
