using System.Data;
using System.Data.Common;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows.Tasks;

/// <summary>
/// The clock that decides how urgent a task or case is: of the running clocks of the task and its case (of the case and its tasks), a breached one before one
/// at risk before one on time; then statutory before promise before internal; then the earliest due. On time, only the due time counts. A paused clock
/// counts if it was late before. This is the one place that says so.
/// </summary>
/// <param name="Name">Name of its policy, or of the promise.</param>
/// <param name="Kind">Whose deadline it is.</param>
/// <param name="Urgency">How urgent it is now.</param>
/// <param name="DueAt">When it is due, or was (UTC).</param>
/// <param name="OfCase">Whether it is a clock of the case itself, rather than of a task.</param>
public sealed record WorstClock(string Name, SlaKind Kind, Urgency Urgency, DateTime DueAt, bool OfCase)
{
    /// <summary>Columns of the joins.</summary>
    internal const string Columns = "w.name clock_name, w.kind clock_kind, w.urgency, w.due_at clock_due_at, w.of_case, w.next_due_at";

    private const string KeepText = """
        with k as materialized (select task_id, kind, risk_at, late_at from sla_clock where instance_id = $1 and late_at is not null),
            kept as (
                update task t set risk_at = n.risk_at, due_at = n.due_at, statutory_at = n.statutory_at
                from (
                    select o.id, min(k.risk_at) risk_at, min(k.late_at) due_at, min(k.late_at) filter (where k.kind = 'statutory') statutory_at
                    from task o left join k on k.task_id is null or k.task_id = o.id
                    where o.instance_id = $1 and o.ended_at is null group by o.id) n
                where t.id = n.id and (t.risk_at, t.due_at, t.statutory_at) is distinct from (n.risk_at, n.due_at, n.statutory_at))
        update journey_case c set risk_at = n.risk_at, due_at = n.due_at from (select min(risk_at) risk_at, min(late_at) due_at from k) n
        where c.id = $1 and (c.risk_at, c.due_at) is distinct from (n.risk_at, n.due_at)
        """;

    /// <summary>The worst clock of a row of <c>task</c> named <c>t</c>; for an ended task, the worst of its own.</summary>
    /// <param name="now">SQL of now.</param>
    internal static string OfTask(string now) =>
        Join(
            """
            k.instance_id = t.instance_id and case when t.ended_at is null then k.late_at is not null and (k.task_id is null or k.task_id = t.id)
                else k.task_id = t.id and k.due_at is not null end
            """,
            now
        );

    /// <summary>The worst clock of a row of <c>journey_case</c> named <c>c</c> and its tasks; none for an ended case.</summary>
    /// <param name="now">SQL of now.</param>
    internal static string OfCaseRow(string now) => Join("k.instance_id = c.id and k.late_at is not null", now);

    /// <summary>
    /// The due time that decides for a new task of the case <paramref name="case"/> with the clocks it has so far.
    /// </summary>
    /// <param name="instant"><c>risk_at</c> or <c>late_at</c>.</param>
    /// <param name="own">SQL of that of the task's own clocks.</param>
    /// <param name="case">SQL of the case.</param>
    /// <param name="only">Condition on the clocks.</param>
    internal static string Earliest(string instant, string own, string @case, string only = "true") =>
        $"least({own}, (select min({instant}) from sla_clock where instance_id = {@case} and task_id is null and {only}))";

    /// <summary>
    /// Keeps with the open tasks of a case and the case itself from when they are at risk and late, once all clocks are written. What a new case has is
    /// known (<see cref="NewCaseUrgency"/>), so that it needs no statement.
    /// </summary>
    internal static void Keep(InstanceTransaction transaction, Guid @case, Guid? task, Guid clock, Urgent? urgent)
    {
        if (NewCaseUrgency.Of(transaction, @case) is { } opening)
            opening.Set(clock, task, urgent);
        else
            transaction.WriteLast(KeepText, @case);
    }

    internal static WorstClock? Read(DbDataReader r) =>
        r.Text("clock_name") is not { } name
            ? null
            : new(
                name,
                Enum.Parse<SlaKind>(r.GetString("clock_kind"), ignoreCase: true),
                Enum.Parse<Urgency>(r.GetString("urgency")),
                r.GetDateTime("clock_due_at"),
                r.GetBoolean("of_case")
            );

    private static string Join(string which, string now) =>
        $"""
            left join lateral (
                select k.name, k.kind, k.task_id is null of_case, coalesce(k.late_at, k.due_at) due_at,
                    case when {IsLate(now)} then '{Urgency.Breached}' when k.risk_at <= {now} then '{Urgency.AtRisk}' else '{Urgency.OnTime}' end urgency,
                    min(k.late_at) filter (where k.late_at > {now}) over () next_due_at
                from sla_clock k where {which}
                order by {WorstFirst(now)} limit 1) w on true
            """;

    /// <summary>Order of rows of <c>sla_clock</c> named <c>k</c>, the worst first.</summary>
    /// <param name="now">SQL of now.</param>
    internal static string WorstFirst(string now) =>
        $"""
            {IsLate(now)} desc, coalesce(k.risk_at <= {now}, false) desc,
            case when k.risk_at <= {now} then array_position(array['statutory', 'promise'], k.kind) end, coalesce(k.late_at, k.due_at), k.id
            """;

    /// <summary>An ended clock is late if it was.</summary>
    private static string IsLate(string now) => $"coalesce(k.late_at <= {now}, k.breached)";
}

/// <summary>
/// From when a case that is being started, and its first tasks, are at risk and late: all of its clocks start in the same transaction, so the rows are
/// inserted with the right times instead of being updated once more.
/// </summary>
internal sealed class NewCaseUrgency
{
    private readonly Dictionary<Guid, (Guid? Task, Urgent? Urgent)> _clocks = [];
    private readonly List<(Guid Task, NpgsqlBatchCommand Insert, int LateAt, int StatutoryAt)> _tasks = [];

    /// <summary>That of the instance, or null when this transaction doesn't create it.</summary>
    public static NewCaseUrgency? Of(InstanceTransaction transaction, Guid instance) =>
        transaction.IsNew && transaction.InstanceId == instance ? (NewCaseUrgency)(transaction.Kept ??= new NewCaseUrgency()) : null;

    /// <summary>A clock of a task, or of the case, started or changed.</summary>
    public void Set(Guid clock, Guid? task, Urgent? urgent)
    {
        _clocks[clock] = (task, urgent);
        foreach (var (id, insert, late, statutory) in _tasks)
            Write(id, insert, late, statutory);
    }

    /// <summary>
    /// A task is inserted by a command whose parameter at the first position is its <c>due_at</c>, the next one its <c>risk_at</c>, and the one at the second
    /// position its <c>statutory_at</c>.
    /// </summary>
    public void Add(Guid task, NpgsqlBatchCommand insert, int lateAt, int statutoryAt) => _tasks.Add((task, insert, lateAt, statutoryAt));

    /// <summary>Of the case: the earliest of all its clocks.</summary>
    public Urgent? OfCase() => Urgent.Earliest(_clocks.Values.Select(c => c.Urgent));

    private void Write(Guid task, NpgsqlBatchCommand insert, int lateAt, int statutoryAt)
    {
        var earliest = Urgent.Earliest(_clocks.Values.Where(c => c.Task is null || c.Task == task).Select(c => c.Urgent));
        insert.Parameters[lateAt] = Sql.Parameter(earliest?.LateAt);
        insert.Parameters[lateAt + 1] = Sql.Parameter(earliest?.RiskAt);
        insert.Parameters[statutoryAt] = Sql.Parameter(earliest?.StatutoryAt);
    }
}
