using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows.Tasks;

/// <summary>
/// From when a case that is being started, and its first tasks, are at risk and late: all of its clocks start in the same transaction, so the rows are
/// inserted with the right times instead of being updated once more.
/// </summary>
internal sealed class NewCaseUrgency
{
    private readonly Dictionary<Guid, (Guid? Task, Urgent? Urgent)> _clocks = [];
    private readonly List<(Guid Task, NpgsqlBatchCommand Insert, int LateAt)> _tasks = [];

    /// <summary>That of the instance, or null when this transaction doesn't create it.</summary>
    public static NewCaseUrgency? Of(InstanceTransaction transaction, Guid instance) =>
        transaction.IsNew && transaction.InstanceId == instance ? (NewCaseUrgency)(transaction.Kept ??= new NewCaseUrgency()) : null;

    /// <summary>A clock of a task, or of the case, started or changed.</summary>
    public void Set(Guid clock, Guid? task, Urgent? urgent)
    {
        _clocks[clock] = (task, urgent);
        foreach (var (id, insert, at) in _tasks)
            Write(id, insert, at);
    }

    /// <summary>A task is inserted by a command whose parameter at this position is its <c>due_at</c>, and the next one its <c>risk_at</c>.</summary>
    public void Add(Guid task, NpgsqlBatchCommand insert, int lateAt) => _tasks.Add((task, insert, lateAt));

    /// <summary>Of the case: the earliest of all its clocks.</summary>
    public (Instant? RiskAt, Instant? LateAt) OfCase() => Earliest(_clocks.Values.Select(c => c.Urgent));

    private void Write(Guid task, NpgsqlBatchCommand insert, int lateAt)
    {
        var (risk, late) = Earliest(_clocks.Values.Where(c => c.Task is null || c.Task == task).Select(c => c.Urgent));
        insert.Parameters[lateAt] = Sql.Parameter(late);
        insert.Parameters[lateAt + 1] = Sql.Parameter(risk);
    }

    private static (Instant? RiskAt, Instant? LateAt) Earliest(IEnumerable<Urgent?> urgent)
    {
        var known = urgent.OfType<Urgent>().ToList();
        return known.Count == 0 ? (null, null) : (known.Min(u => u.RiskAt), known.Min(u => u.LateAt));
    }
}
