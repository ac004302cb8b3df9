using System.Data;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution.Matching;

namespace Orchestration.Workflows.Forecast;

/// <summary>A task of the past, as it was worked on.</summary>
internal sealed class PastTask
{
    public required Guid Id { get; init; }
    public required string Definition { get; init; }
    public required string Step { get; init; }
    public required string? Team { get; init; }
    public required string[] Required { get; init; }
    public required Guid[] Named { get; init; }
    public required int Priority { get; init; }
    public required string Kind { get; init; }
    public required int Weight { get; init; }
    public required Instant CreatedAt { get; init; }

    /// <summary>When whoever completed it took it.</summary>
    public required Instant? TakenAt { get; init; }
    public required Instant? EndedAt { get; init; }
    public required bool Completed { get; init; }
    public required Guid? Person { get; init; }
    public required Instant? DueAt { get; init; }

    /// <summary>When it waited for someone else, in order.</summary>
    public List<Interval> Waits { get; } = [];

    /// <summary>Minutes worked on it, as far as they were added up.</summary>
    public double Effort { get; set; }

    /// <summary>They aren't known.</summary>
    public bool Unknown { get; set; }

    public Work Sample =>
        new()
        {
            Id = Guid.Empty,
            Team = Team,
            Named = Named,
            Required = [.. Required.Select(SkillNeed.Parse)],
            Kind = Kind == "live" ? WorkKind.Live : WorkKind.Deferred,
            Weight = Weight,
            Priority = Priority,
            OpenedAt = CreatedAt,
        };

    /// <summary>From when to when it was in someone's hands.</summary>
    public IEnumerable<(Instant Begin, Instant End, PastTask Task, bool IsLast)> Stretches()
    {
        if (TakenAt is not { } begin || EndedAt is not { } end)
            yield break;
        foreach (var wait in Waits.Where(wait => wait.Start > begin && wait.End <= end))
        {
            yield return (begin, wait.Start, this, false);
            begin = wait.End;
        }

        yield return (begin, end, this, true);
    }

    /// <summary>Minutes of someone's shifts between two instants; null: no shift says whether they worked.</summary>
    public static double? Worked(List<Interval> shifts, Instant from, Instant to)
    {
        if (to <= from)
            return 0;
        var (minutes, any) = (0.0, false);
        var place = shifts.BinarySearch(new(from, from), ByEnd.Order);
        for (var i = place < 0 ? ~place : place; i < shifts.Count && shifts[i].Start < to; i++)
        {
            any = true;
            minutes += Math.Max(0, (Instant.Min(to, shifts[i].End) - Instant.Max(from, shifts[i].Start)).TotalMinutes);
        }

        // Work outside of shifts counts while it is short.
        return any && minutes > 0 ? minutes
            : (to - from).TotalHours <= 4 ? (to - from).TotalMinutes
            : null;
    }

    /// <summary>Tasks that were created since an instant.</summary>
    public static async Task<List<PastTask>> ReadAsync(NpgsqlConnection connection, Instant from, Instant now, int most, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            $"""
            select t.id, t.definition_id, t.activity_id, t.team, t.required_skills, t.priority, t.work_kind, t.weight, t.created_at, t.ended_at, t.due_at,
                case when t.started_at < t.ended_at then least(t.started_at, coalesce(t.claimed_at, t.started_at)) else t.claimed_at end taken_at,
                t.state = 'Completed' completed, coalesce(t.owner_id, (select p.id from person p where p.user_name = t.ended_by)) person,
                case when t.candidates = '{"{}"}' then '{"{}"}' else array(select n.id from person n where n.user_name = any(t.candidates)) end named
            from task t where t.created_at between $1 and $2 and t.test_by is null order by t.created_at desc limit $3
            """,
            from,
            now,
            most
        );
        batch.Add(
            """
            select e.entity_id, e.action = 'task.suspended', e.at from event e
            where e.at between $1 and $2 and e.entity = 'task' and e.action in ('task.suspended', 'task.resumed') order by e.chain_id, e.sequence
            """,
            from,
            now
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var tasks = new List<PastTask>();
        while (await r.ReadAsync(cancel))
        {
            tasks.Add(
                new()
                {
                    Id = r.GetGuid(0),
                    Definition = r.GetString(1),
                    Step = r.GetString(2),
                    Team = r.Text(3),
                    Required = r.GetFieldValue<string[]>(4),
                    Priority = r.GetInt16(5),
                    Kind = r.GetString(6),
                    Weight = r.GetInt32(7),
                    CreatedAt = r.Instant(8),
                    EndedAt = r.InstantOrNull(9),
                    DueAt = r.InstantOrNull(10),
                    TakenAt = r.InstantOrNull(11),
                    Completed = r.GetBoolean(12),
                    Person = r.GuidOrNull(13),
                    Named = r.GetFieldValue<Guid[]>(14),
                }
            );
        }

        var byId = tasks.ToDictionary(task => task.Id);
        var since = new Dictionary<Guid, Instant>();
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            if (!Guid.TryParse(r.GetString(0), out var id) || !byId.TryGetValue(id, out var task))
                continue;
            if (r.GetBoolean(1))
                since[id] = r.Instant(2);
            else if (since.Remove(id, out var start) && start < r.Instant(2))
                task.Waits.Add(new(start, r.Instant(2)));
        }

        return tasks;
    }

    /// <summary>Shifts of everyone, by person, in order and without overlap.</summary>
    public static async Task<Dictionary<Guid, List<Interval>>> ShiftsAsync(NpgsqlConnection connection, Instant from, Instant until, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            "select person_id, from_at, until_at from shift where kind = 'Work' and until_at > $1 and from_at < $2 order by person_id, from_at",
            from,
            until
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var shifts = new Dictionary<Guid, List<Interval>>();
        while (await r.ReadAsync(cancel))
        {
            if (!shifts.TryGetValue(r.GetGuid(0), out var theirs))
                shifts[r.GetGuid(0)] = theirs = [];
            theirs.Add(new(r.Instant(1), r.Instant(2)));
        }

        return shifts;
    }

    private sealed class ByEnd : IComparer<Interval>
    {
        public static readonly ByEnd Order = new();

        public int Compare(Interval x, Interval y) => x.End.CompareTo(y.End);
    }
}
