using System.Data.Common;
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
public sealed record PlacedClock(Guid Id, Guid CaseId, Guid? TaskId, string? Reference, string? Title, ClockState State);

/// <summary>A clock that an operation over many left alone, because it can't be read.</summary>
public sealed record SkippedClock(Guid ClockId, Guid CaseId, string? Reference, string Policy);

/// <summary>Clocks by id.</summary>
/// <param name="Clocks">Those that can be read.</param>
/// <param name="Skipped">Those that can't.</param>
/// <param name="Last">Id of the last row, or null.</param>
internal sealed record ClockPage(IReadOnlyList<PlacedClock> Clocks, IReadOnlyList<SkippedClock> Skipped, Guid? Last)
{
    /// <summary>How many rows were read.</summary>
    public int Rows => Clocks.Count + Skipped.Count;
}

/// <summary>Reading clocks. Those that can't be read are left out.</summary>
public static class ClockQueries
{
    private const string Placed = """
        select k.id, k.instance_id, k.task_id, coalesce(c.reference, i.correlation_id), o.title, k.state, k.policy
        from sla_clock k join workflow_instance i on i.id = k.instance_id left join journey_case c on c.id = k.instance_id left join task o on o.id = k.task_id
        """;

    /// <summary>Clocks of a task, ended ones too, in the order they began.</summary>
    public static async Task<IReadOnlyList<StoredClock>> OfTaskAsync(NpgsqlDataSource database, Guid task, CancellationToken cancel = default)
    {
        await using var query = database.Query("select id, state from sla_clock where task_id = $1 order by created_at, id", task);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await ClockReader.ReadAsync(reader, cancel);
    }

    /// <summary>Clocks of a task and those of its case itself, ended ones too, each in the order they began.</summary>
    public static async Task<(IReadOnlyList<StoredClock> OfTask, IReadOnlyList<StoredClock> OfCase)> OfTaskAndCaseAsync(
        NpgsqlDataSource database,
        Guid task,
        Guid @case,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            "select id, state, task_id is not null from sla_clock where instance_id = $2 and (task_id = $1 or task_id is null) order by created_at, id",
            task,
            @case
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var clocks = new List<(StoredClock Clock, bool IsOfTask)>();
        while (await r.ReadAsync(cancel))
        {
            if (ClockJson.TryRead(r.Utf8(1), out var state))
                clocks.Add((new(r.GetGuid(0), state), r.GetBoolean(2)));
        }

        return ([.. clocks.Where(c => c.IsOfTask).Select(c => c.Clock)], [.. clocks.Where(c => !c.IsOfTask).Select(c => c.Clock)]);
    }

    /// <summary>
    /// Clocks of the case itself, including ended ones and earlier generations, in the order they started. The caller has checked that the person can
    /// see the case.
    /// </summary>
    public static async Task<IReadOnlyList<StoredClock>> OfCaseAsync(NpgsqlDataSource database, Guid @case, CancellationToken cancel = default)
    {
        await using var query = database.Query("select id, state from sla_clock where instance_id = $1 and task_id is null order by created_at, id", @case);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await ClockReader.ReadAsync(reader, cancel);
    }

    /// <summary>All clocks of a case and of its tasks, in the order they started. The caller has checked that the person can see the case.</summary>
    public static async Task<IReadOnlyList<PlacedClock>> AllOfCaseAsync(NpgsqlDataSource database, Guid @case, CancellationToken cancel = default)
    {
        await using var query = database.Query($"{Placed} where k.instance_id = $1 order by k.created_at, k.id limit 1000", @case);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return (await ReadAsync(reader, cancel)).Clocks;
    }

    /// <summary>The clock, or null if it doesn't exist or the person can't see its case.</summary>
    public static async Task<PlacedClock?> FindAsync(NpgsqlDataSource database, Guid id, Person actor, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"{Placed} where k.id = $3 and ($4 or {Eligibility.Of("$1", "$2").SeesRun("k.instance_id")})",
            actor.Id,
            now,
            id,
            Eligibility.SeesAll(actor)
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return (await ReadAsync(reader, cancel)).Clocks.SingleOrDefault();
    }

    /// <summary>Live clocks by ID, after a given one, for work that visits all of them.</summary>
    internal static async Task<ClockPage> LiveAsync(NpgsqlDataSource database, Guid after, int limit, CancellationToken cancel)
    {
        await using var query = database.Query($"{Placed} where k.status in ('Running', 'Paused') and k.id > $1 order by k.id limit $2", after, limit);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await ReadAsync(reader, cancel);
    }

    private static async Task<ClockPage> ReadAsync(DbDataReader r, CancellationToken cancel)
    {
        var (clocks, skipped, last) = (new List<PlacedClock>(), new List<SkippedClock>(), (Guid?)null);
        while (await r.ReadAsync(cancel))
        {
            var id = r.GetGuid(0);
            last = id;
            if (ClockJson.TryRead(r.Utf8(5), out var state))
                clocks.Add(new(id, r.GetGuid(1), r.GuidOrNull(2), r.Text(3), r.Text(4), state));
            else
                skipped.Add(new(id, r.GetGuid(1), r.Text(3), r.GetString(6)));
        }

        return new(clocks, skipped, last);
    }
}
