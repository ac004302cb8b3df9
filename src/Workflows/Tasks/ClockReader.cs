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
        Sql.Command("select id, state from sla_clock where task_id = $1 and status in ('Running', 'Paused') order by created_at, id", task);

    /// <summary>Reads rows of id and state.</summary>
    public static async Task<IReadOnlyList<StoredClock>> ReadAsync(DbDataReader r, CancellationToken cancel)
    {
        var clocks = new List<StoredClock>();
        while (await r.ReadAsync(cancel))
            clocks.Add(new(r.GetGuid(0), ClockJson.Read(r.Utf8(1))));
        return clocks;
    }
}
