using System.Data.Common;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows.Tasks;

/// <summary>Reads stored clocks.</summary>
internal static class ClockReader
{
    /// <summary>Live clocks of a task, oldest first.</summary>
    public static NpgsqlBatchCommand SelectOfTask(Guid task) =>
        Sql.Command("select id, state, policy from sla_clock where task_id = $1 and status in ('Running', 'Paused') order by created_at, id", task);

    /// <summary>Reads rows of id, state and policy.</summary>
    public static async Task<LiveClocks> ReadLiveAsync(DbDataReader r, CancellationToken cancel)
    {
        var (clocks, unreadable) = (new List<StoredClock>(), new List<UnreadableClock>());
        while (await r.ReadAsync(cancel))
        {
            if (ClockJson.TryRead(r.Utf8(1), out var state))
                clocks.Add(new(r.GetGuid(0), state));
            else
                unreadable.Add(new(r.GetGuid(0), r.GetString(2)));
        }

        return new(clocks, unreadable);
    }

    /// <summary>Reads rows of id and state; leaves out those that can't be read.</summary>
    public static async Task<IReadOnlyList<StoredClock>> ReadAsync(DbDataReader r, CancellationToken cancel)
    {
        var clocks = new List<StoredClock>();
        while (await r.ReadAsync(cancel))
        {
            if (ClockJson.TryRead(r.Utf8(1), out var state))
                clocks.Add(new(r.GetGuid(0), state));
        }

        return clocks;
    }
}
