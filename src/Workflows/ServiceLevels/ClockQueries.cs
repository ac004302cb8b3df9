using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>Reading clocks.</summary>
public static class ClockQueries
{
    /// <summary>Clocks of a task, ended ones too, in the order they began.</summary>
    public static async Task<IReadOnlyList<StoredClock>> OfTaskAsync(NpgsqlDataSource database, Guid task, CancellationToken cancel = default)
    {
        await using var query = database.Query("select id, state from sla_clock where task_id = $1 order by created_at, id", task);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await TaskClocks.ReadAsync(reader, cancel);
    }

    /// <summary>Clocks of a case itself, ended ones and earlier generations too, in the order they began.</summary>
    public static async Task<IReadOnlyList<StoredClock>> OfCaseAsync(NpgsqlDataSource database, Guid @case, CancellationToken cancel = default)
    {
        await using var query = database.Query("select id, state from sla_clock where instance_id = $1 and task_id is null order by created_at, id", @case);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await TaskClocks.ReadAsync(reader, cancel);
    }
}
