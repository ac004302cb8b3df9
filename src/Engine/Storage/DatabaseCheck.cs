using NodaTime;
using Npgsql;

namespace Orchestration.Engine.Storage;

/// <summary>Whether a host and its database fit together right now.</summary>
public static class DatabaseCheck
{
    /// <summary>
    /// How far a host's clock may be from the database's. Deadlines are written by one host and swept by another, so clocks that disagree would move them.
    /// </summary>
    public static readonly Duration ClockTolerance = Duration.FromSeconds(1);

    /// <returns>The problem, as a sentence, or null.</returns>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    public static async Task<string?> RunAsync(NpgsqlDataSource database, Migrator migrator, IClock clock, CancellationToken cancel = default)
    {
        await using var query = database.Query("select clock_timestamp(), (select max(number) from schema_migration)");
        var sent = clock.Now();
        await using var reader = await query.ExecuteReaderAsync(cancel);
        await reader.ReadAsync(cancel);
        var received = clock.Now();

        // The database read its clock between the two, so only a value outside of them is a difference.
        var theirs = reader.Instant(0);
        var apart =
            theirs < sent ? sent - theirs
            : theirs > received ? theirs - received
            : Duration.Zero;
        if (apart > ClockTolerance)
            return $"This host's clock and the database's are {apart.TotalSeconds:0.0} s apart; {ClockTolerance.TotalSeconds:0} s is allowed.";

        var known = migrator.Migrations.Count == 0 ? 0 : migrator.Migrations[^1].Number;
        var applied = reader.IsDBNull(1) ? 0 : reader.GetInt32(1);
        return applied == known ? null : $"The database is at migration {applied:0000}, this program at {known:0000}.";
    }
}
