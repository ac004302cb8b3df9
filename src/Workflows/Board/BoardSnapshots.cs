using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Board;

/// <summary>Keeps what the board shows at each full hour, so that trends need no history.</summary>
public static class BoardSnapshots
{
    /// <summary>How long a snapshot is kept.</summary>
    public static readonly Duration Kept = Duration.FromDays(35);

    /// <summary>
    /// Keeps the counts of now for the hour that began last, unless they are kept already, and deletes old ones. Returns how many steps there are.
    /// </summary>
    public static async Task<int> TakeAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel = default)
    {
        await using var batch = database.CreateBatch();
        batch.Add(
            """
            insert into board_snapshot (at, team, definition_id, activity_id, open, waiting, suspended, at_risk, overdue)
            select $1, team, definition_id, activity_id, count(*), count(*) filter (where owner_id is null and suspended_reason is null),
                count(suspended_reason), count(*) filter (where order_at > $2 and risk_at <= $2), count(*) filter (where order_at <= $2)
            from task where team is not null and ended_at is null and test_by is null group by team, definition_id, activity_id
            on conflict do nothing
            """,
            BoardDay.Hour(now),
            now
        );
        batch.Add("delete from board_snapshot where at < $1", now - Kept);
        await batch.ExecuteNonQueryAsync(cancel);
        return (int)batch.BatchCommands[0].RecordsAffected;
    }
}
