using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Escalation;

/// <summary>A stored clock with its case and task.</summary>
/// <param name="Id">The clock.</param>
/// <param name="CaseId">Its case.</param>
/// <param name="TaskId">Its task, or null for a clock of the case itself.</param>
/// <param name="Reference">Business reference of the case.</param>
/// <param name="Title">The task's title, or null.</param>
/// <param name="State">The clock.</param>
public sealed record PlacedClock(Guid Id, Guid CaseId, Guid? TaskId, string? Reference, string? Title, ClockState State)
{
    /// <summary>The same without its place.</summary>
    public StoredClock Stored => new(Id, State);
}

/// <summary>A clock that an operation over many left alone, because it can't be read.</summary>
public sealed record SkippedClock(Guid ClockId, Guid CaseId, string? Reference, string Policy);

/// <summary>A stored clock that can't be read: what its row says all the same.</summary>
/// <param name="Id">The clock.</param>
/// <param name="CaseId">Its case.</param>
/// <param name="TaskId">Its task, or null for a clock of the case itself.</param>
/// <param name="Reference">Business reference of the case.</param>
/// <param name="Title">The task's title, or null.</param>
/// <param name="Policy">Id of its policy.</param>
/// <param name="Name">Name of its policy.</param>
/// <param name="Kind">Whose deadline it is.</param>
/// <param name="Status">Its status when it was last written.</param>
/// <param name="Generation">Its generation.</param>
/// <param name="Breached">Whether its breach was noticed.</param>
/// <param name="StartedAt">When it was stored first.</param>
/// <param name="DueAt">When it was due, as far as known.</param>
public sealed record LostClock(
    Guid Id,
    Guid CaseId,
    Guid? TaskId,
    string? Reference,
    string? Title,
    string Policy,
    string Name,
    SlaKind Kind,
    ClockStatus Status,
    int Generation,
    bool Breached,
    Instant StartedAt,
    Instant? DueAt
)
{
    /// <summary>As an operation over many names it.</summary>
    internal SkippedClock Skipped => new(Id, CaseId, Reference, Policy);
}

/// <summary>Stored clocks, in the order they began.</summary>
/// <param name="Clocks">Those that can be read.</param>
/// <param name="Lost">Those that can't.</param>
public sealed record ClockList(IReadOnlyList<PlacedClock> Clocks, IReadOnlyList<LostClock> Lost)
{
    /// <summary>Id of the last row, or null.</summary>
    internal Guid? Last { get; init; }

    /// <summary>How many rows were read.</summary>
    internal int Rows => Clocks.Count + Lost.Count;
}

/// <summary>Reading clocks. Those that can't be read are told apart, and stop no other.</summary>
public static class ClockQueries
{
    private const string Placed = """
        select k.id, k.instance_id, k.task_id, coalesce(c.reference, i.correlation_id), o.title, k.state, k.policy, k.name, k.kind, k.status, k.generation,
            k.breached, k.created_at, k.due_at
        from sla_clock k join workflow_instance i on i.id = k.instance_id left join journey_case c on c.id = k.instance_id left join task o on o.id = k.task_id
        """;

    private const string InOrder = "order by k.created_at, k.id";

    /// <summary>Clocks of a task, ended ones too.</summary>
    public static async Task<ClockList> OfTaskAsync(NpgsqlDataSource database, Guid task, CancellationToken cancel = default)
    {
        await using var query = database.Query($"{Placed} where k.task_id = $1 {InOrder}", task);
        return await ReadAsync(query, cancel);
    }

    /// <summary>Clocks of a task and those of its case itself, ended ones too.</summary>
    public static async Task<ClockList> OfTaskAndCaseAsync(NpgsqlDataSource database, Guid task, Guid @case, CancellationToken cancel = default)
    {
        await using var query = database.Query($"{Placed} where k.instance_id = $2 and (k.task_id = $1 or k.task_id is null) {InOrder}", task, @case);
        return await ReadAsync(query, cancel);
    }

    /// <summary>
    /// Clocks of the case itself, including ended ones and earlier generations. The caller has checked that the person can see the case.
    /// </summary>
    public static async Task<ClockList> OfCaseAsync(NpgsqlDataSource database, Guid @case, CancellationToken cancel = default)
    {
        await using var query = database.Query($"{Placed} where k.instance_id = $1 and k.task_id is null {InOrder}", @case);
        return await ReadAsync(query, cancel);
    }

    /// <summary>All clocks of a case and of its tasks. The caller has checked that the person can see the case.</summary>
    public static async Task<ClockList> AllOfCaseAsync(NpgsqlDataSource database, Guid @case, CancellationToken cancel = default)
    {
        await using var query = database.Query($"{Placed} where k.instance_id = $1 {InOrder} limit 1000", @case);
        return await ReadAsync(query, cancel);
    }

    /// <summary>The clock; none if it doesn't exist or the person can't see its case.</summary>
    public static async Task<ClockList> FindAsync(NpgsqlDataSource database, Guid id, Person actor, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"{Placed} where k.id = $3 and ($4 or {Eligibility.Of("$1", "$2").SeesRun("k.instance_id")})",
            actor.Id,
            now,
            id,
            Eligibility.SeesAll(actor)
        );
        return await ReadAsync(query, cancel);
    }

    /// <summary>Live clocks by ID, after a given one, for work that visits all of them.</summary>
    internal static async Task<ClockList> LiveAsync(NpgsqlDataSource database, Guid after, int limit, CancellationToken cancel)
    {
        await using var query = database.Query($"{Placed} where k.status in ('Running', 'Paused') and k.id > $1 order by k.id limit $2", after, limit);
        return await ReadAsync(query, cancel);
    }

    private static async Task<ClockList> ReadAsync(NpgsqlCommand query, CancellationToken cancel)
    {
        await using var r = await query.ExecuteReaderAsync(cancel);
        var (clocks, lost, last) = (new List<PlacedClock>(), new List<LostClock>(), (Guid?)null);
        while (await r.ReadAsync(cancel))
        {
            var (id, @case, task, reference, title) = (r.GetGuid(0), r.GetGuid(1), r.GuidOrNull(2), r.Text(3), r.Text(4));
            last = id;
            if (ClockJson.TryRead(r.Utf8(5), out var state))
                clocks.Add(new(id, @case, task, reference, title, state));
            else
                lost.Add(
                    new(
                        id,
                        @case,
                        task,
                        reference,
                        title,
                        r.GetString(6),
                        r.GetString(7),
                        Enum.Parse<SlaKind>(r.GetString(8), ignoreCase: true),
                        Enum.Parse<ClockStatus>(r.GetString(9)),
                        r.GetInt32(10),
                        r.GetBoolean(11),
                        r.Instant(12),
                        r.InstantOrNull(13)
                    )
                );
        }

        return new(clocks, lost) { Last = last };
    }
}
