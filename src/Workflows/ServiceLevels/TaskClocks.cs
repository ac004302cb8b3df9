using System.Data.Common;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>A stored clock.</summary>
public sealed record StoredClock(Guid Id, ClockState State);

/// <summary>Reading and writing clocks.</summary>
internal static class TaskClocks
{
    /// <summary>Live clocks of a task.</summary>
    public static NpgsqlBatchCommand Select(Guid task) => Sql.Command("select id, state from sla_clock where task_id = $1 and status in ('Running', 'Paused')", task);

    /// <summary>Reads what <see cref="Select"/> selects.</summary>
    public static async Task<IReadOnlyList<StoredClock>> ReadAsync(DbDataReader r, CancellationToken cancel)
    {
        var clocks = new List<StoredClock>();
        while (await r.ReadAsync(cancel))
            clocks.Add(new(r.GetGuid(0), ClockJson.Read(r.GetString(1))));
        return clocks;
    }
}
