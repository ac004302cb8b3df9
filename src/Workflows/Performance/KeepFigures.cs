using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;

namespace Orchestration.Workflows.Performance;

/// <summary>
/// Follows history and keeps the figures of performance. Each event counts once: the cursor and the figures change in one transaction, under one
/// lock. Events of a transaction that commits late are not missed: only transactions below the oldest that still runs are asked for. What a chain of
/// history adds depends on nothing but the chain, so that figures that were kept up and figures that are computed anew are equal.
/// </summary>
public sealed class KeepFigures(NpgsqlDataSource database, IClock clock)
{
    private const int Chains = 400;

    /// <summary>So many transactions at a time when there is much to catch up with.</summary>
    private const long Window = 200_000;

    /// <summary>Catches up until nothing is left. Returns how many chains of history were counted.</summary>
    public async Task<int> RunAsync(CancellationToken stop = default)
    {
        var total = 0;
        while (!stop.IsCancellationRequested)
        {
            var (counted, isCurrent) = await StepAsync(Window, stop);
            total += counted;
            if (isCurrent)
                break;
        }

        return total;
    }

    /// <summary>Computes all figures anew, from the first event.</summary>
    public async Task RebuildAsync(CancellationToken cancel = default)
    {
        await using (var connection = await database.OpenConnectionAsync(cancel))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            await LockAsync(connection, cancel);
            await ForgetAsync(connection, await ZoneAsync(cancel), cancel);
            await transaction.CommitAsync(cancel);
        }

        await RunAsync(cancel);
    }

    /// <summary>One transaction's worth. Says whether nothing is left.</summary>
    /// <param name="window">How many transactions of history to look at.</param>
    internal async Task<(int Counted, bool IsCurrent)> StepAsync(long window, CancellationToken cancel = default)
    {
        var zone = await ZoneAsync(cancel);
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var cursor = await LockAsync(connection, cancel);

        // A restored database counts transactions from the beginning again; and another zone has other days.
        if (cursor is null || cursor.Zone != zone || cursor.Xact > cursor.Horizon)
            cursor = await ForgetAsync(connection, zone, cancel);
        var figures = await ChainFigures.LoadAsync(connection, DateTimeZoneProviders.Tzdb[zone], cancel);
        List<Guid> chains;
        bool isCurrent;
        if (cursor.Rebuilt is { } after)
        {
            chains = await ReadAsync(connection, "select distinct chain_id from event where chain_id > $1 order by chain_id limit $2", [after, Chains], cancel);
            await figures.CountAsync(chains, 0, cancel);
            var isLast = chains.Count < Chains;
            isCurrent = false;
            await WriteAsync(
                connection,
                isLast
                    ? "update performance_cursor set rebuilt = null, xact = rebuild_xact, rebuild_xact = null"
                    : "update performance_cursor set rebuilt = $1",
                isLast ? [] : [chains[^1]],
                cancel
            );
        }
        else
        {
            var until = Math.Min(cursor.Horizon, cursor.Xact + window);
            chains = await ReadAsync(connection, "select distinct chain_id from event where xact >= $1 and xact < $2", [cursor.Xact, until], cancel);
            foreach (var some in chains.Chunk(Chains))
                await figures.CountAsync(some, cursor.Xact, cancel);
            isCurrent = until == cursor.Horizon;
            await WriteAsync(
                connection,
                "update performance_cursor set xact = $1, current_at = case when $2 then $3 else current_at end",
                [until, isCurrent, clock.GetCurrentInstant()],
                cancel
            );
        }

        await transaction.CommitAsync(cancel);
        return (chains.Count, isCurrent);
    }

    /// <summary>The organisation's zone: that of the defaults for notifications.</summary>
    private async Task<string> ZoneAsync(CancellationToken cancel)
    {
        var zone = (await NotificationPreferences.DefaultsAsync(database, cancel)).TimeZone;
        return DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) is null ? NotificationPreferences.Default.TimeZone : zone;
    }

    private static async Task<Cursor?> LockAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        // Two statements: the second sees what whoever held the lock before has committed, and every transaction below its horizon has ended.
        await WriteAsync(connection, "select pg_advisory_xact_lock(hashtext('performance figures'))", [], cancel);
        await using var command = new NpgsqlCommand(
            "select xact, rebuilt, zone, pg_snapshot_xmin(pg_current_snapshot())::text::bigint from performance_cursor",
            connection
        );
        await using var r = await command.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? new(r.GetInt64(0), r.GuidOrNull(1), r.GetString(2), r.GetInt64(3)) : null;
    }

    /// <summary>Forgets every figure. Until they are there again, pages show what is counted so far.</summary>
    private static async Task<Cursor> ForgetAsync(NpgsqlConnection connection, string zone, CancellationToken cancel)
    {
        foreach (var table in new[] { "performance_day", "performance_chain", "step_fact", "work_spell", "presence_day", "performance_cursor" })
            await WriteAsync(connection, $"delete from {table}", [], cancel);
        await using var command = new NpgsqlCommand(
            """
            insert into performance_cursor (xact, rebuilt, rebuild_xact, zone)
                select h.xact, '00000000-0000-0000-0000-000000000000', h.xact, $1 from (select pg_snapshot_xmin(pg_current_snapshot())::text::bigint xact) h
            returning xact
            """,
            connection
        );
        command.Parameters.Add(Sql.Parameter(zone));
        var horizon = (long)(await command.ExecuteScalarAsync(cancel))!;
        return new(horizon, Guid.Empty, zone, horizon);
    }

    private static async Task<List<Guid>> ReadAsync(NpgsqlConnection connection, string sql, object?[] values, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(sql, values);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var ids = new List<Guid>();
        while (await r.ReadAsync(cancel))
            ids.Add(r.GetGuid(0));
        return ids;
    }

    private static async Task WriteAsync(NpgsqlConnection connection, string sql, object?[] values, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(sql, values);
        await batch.ExecuteNonQueryAsync(cancel);
    }

    private sealed record Cursor(long Xact, Guid? Rebuilt, string Zone, long Horizon);
}
