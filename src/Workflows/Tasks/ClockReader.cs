using System.Data.Common;
using Npgsql;
using Orchestration.Engine.Runtime;
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
}

/// <summary>Something that happened to a task, for its clocks.</summary>
/// <param name="Task">The task.</param>
/// <param name="Title">Its title, for history.</param>
/// <param name="ActivityId">Its step.</param>
/// <param name="Policies">SLA policies that the step names.</param>
/// <param name="Event">What happened, as history names it: <c>task.claimed</c>.</param>
public sealed record TaskMove(Guid Task, string Title, string ActivityId, string[] Policies, string Event)
{
    /// <summary>The pause reason of the task after the move, or null.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>The task has ended.</summary>
    public bool Ends { get; init; }

    /// <summary>Data that a person entered with it.</summary>
    public OrderedDictionary<string, object?>? SubmittedData { get; init; }
}

/// <summary>Moves the clocks of a task after it moved, in the same transaction. The only call from tasks into a folder above them.</summary>
/// <param name="transaction">Transaction of the task's case.</param>
/// <param name="clocks">Live clocks of the task, read under the case's lock.</param>
/// <param name="move">What happened.</param>
public delegate ValueTask ClocksFollow(InstanceTransaction transaction, LiveClocks clocks, TaskMove move, CancellationToken cancel);

/// <summary>Keeps promises to contact the customer, who was reached, in the same transaction.</summary>
/// <param name="transaction">Transaction of the case.</param>
/// <param name="promises">Live clocks of its promises, read under the case's lock.</param>
public delegate void CustomerReached(InstanceTransaction transaction, LiveClocks promises);
