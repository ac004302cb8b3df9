using System.Data;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Distribution;

/// <summary>The people and the open tasks of a team, as a decision about them needs to know.</summary>
/// <param name="People">Its active members, and people whom its open tasks name.</param>
/// <param name="Work">Its tasks that are ready and offered to no one.</param>
internal sealed record TeamSnapshot(IReadOnlyList<Worker> People, IReadOnlyList<Work> Work)
{
    private static readonly Duration UsualShift = Duration.FromHours(8);

    /// <summary>Whom an open task of a team could concern. An array, so that the planner expects few of them.</summary>
    private static readonly string Concerned = $"""
        array(select m.person_id from team_member m where m.team_key = $1
            union select n.id from task t join person n on n.user_name = any(t.candidates)
                where t.team = $1 and {WaitingWork.Ready} and cardinality(t.candidates) > 0)
        """;

    /// <summary>
    /// Reads the people, and locks the presence of those who are available until the transaction ends, so that no other team decides about them. Someone who is
    /// locked elsewhere is not among the locked.
    /// </summary>
    /// <param name="connection">A connection in a transaction.</param>
    /// <param name="team">Key of the team.</param>
    /// <param name="policy">Its policy.</param>
    /// <param name="now">When.</param>
    public static async Task<(IReadOnlyList<Worker> People, HashSet<Guid> Locked)> LockAsync(
        NpgsqlConnection connection,
        string team,
        DistributionPolicy policy,
        Instant now,
        CancellationToken cancel
    )
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            $"""
            select p.person_id from presence p where p.state = 'Available' and p.person_id = any({Concerned})
                order by p.person_id for no key update skip locked
            """,
            team
        );
        batch.BatchCommands.Add(SelectPeople(team, policy, now));
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var locked = new HashSet<Guid>();
        while (await r.ReadAsync(cancel))
            locked.Add(r.GetGuid(0));
        await r.NextResultAsync(cancel);
        return (await PeopleAsync(r, policy, now, cancel), locked);
    }

    /// <summary>Reads the people.</summary>
    /// <param name="connection">Its connection.</param>
    /// <param name="team">Key of the team.</param>
    /// <param name="policy">Its policy.</param>
    /// <param name="now">When.</param>
    public static async Task<IReadOnlyList<Worker>> PeopleAsync(
        NpgsqlConnection connection,
        string team,
        DistributionPolicy policy,
        Instant now,
        CancellationToken cancel
    )
    {
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(SelectPeople(team, policy, now));
        await using var r = await batch.ExecuteReaderAsync(cancel);
        return await PeopleAsync(r, policy, now, cancel);
    }

    private static NpgsqlBatchCommand SelectPeople(string team, DistributionPolicy policy, Instant now) =>
        Sql.Command(
            $"""
            select p.id, p.display_name, coalesce(s.state, 'OffShift') presence, coalesce(s.given_at, s.since, $2) idle_since,
                l.live, l.deferred, l.live_capacity, l.deferred_capacity,
                array(select m.team_key from team_member m where m.person_id = p.id) teams,
                h.from_at shift_start, h.until_at shift_end,
                case when $3 > 0 then {Load.LiveMinutes("p.id", "coalesce(h.from_at, $2 - interval '8 hours')", "$2")} end live_minutes,
                (select min(h.from_at) from shift h where h.person_id = p.id and h.kind = 'Work' and h.from_at > $2) next_shift,
                (select count(*)::int from task_offer o where o.person_id = p.id and o.state = 'Open') offers,
                array(select k.skill from person_skill k where k.person_id = p.id order by k.skill) skills,
                array(select k.level from person_skill k where k.person_id = p.id order by k.skill) levels,
                array(select coalesce(k.certified_until::timestamptz, 'infinity') from person_skill k where k.person_id = p.id order by k.skill) certified
            from person p left join presence s on s.person_id = p.id
            cross join lateral {Load.Of("p.id")} l
            left join lateral (select min(h.from_at) from_at, max(h.until_at) until_at from shift h
                where h.person_id = p.id and h.kind = 'Work' and h.from_at <= $2 and h.until_at > $2) h on true
            where p.active and p.id = any({Concerned})
            """,
            team,
            now,
            policy.DeferredShare
        );

    private static async Task<IReadOnlyList<Worker>> PeopleAsync(NpgsqlDataReader r, DistributionPolicy policy, Instant now, CancellationToken cancel)
    {
        var people = new List<Worker>();
        while (await r.ReadAsync(cancel))
            people.Add(Person(r, policy, now));
        return people;
    }

    private static Worker Person(NpgsqlDataReader r, DistributionPolicy policy, Instant now)
    {
        var (live, deferred) = (r.GetInt32("live_capacity"), r.GetInt32("deferred_capacity"));
        var levels = r.GetFieldValue<int[]>("levels");
        var certified = r.GetFieldValue<DateTime[]>("certified");
        return new()
        {
            Id = r.GetGuid("id"),
            Name = r.GetString("display_name"),
            Presence = r.GetString("presence"),
            IdleSince = r.Instant("idle_since"),
            Teams = r.GetFieldValue<string[]>("teams"),
            ShiftEnd = r.InstantOrNull("shift_end"),
            NextShift = r.InstantOrNull("next_shift"),
            FreeLive = live - r.GetInt32("live"),
            LiveTime = LiveTime(r, policy, now),
            FreeDeferred = deferred - r.GetInt32("deferred"),
            Slots = policy.OffersAtATime - r.GetInt32("offers"),
            LiveCapacity = live,
            DeferredCapacity = deferred,
            Capacity = Math.Max(1, live + deferred),
            Skills = r.GetFieldValue<string[]>("skills")
                .Select((skill, i) => (skill, Held: new WorkerSkill(levels[i], certified[i] == DateTime.MaxValue ? null : certified[i].ToInstant())))
                .ToDictionary(one => one.skill, one => one.Held),
        };
    }

    /// <summary>What is left of the shift's time for live work, or of the last 8 hours' for someone without a shift.</summary>
    private static Duration? LiveTime(NpgsqlDataReader r, DistributionPolicy policy, Instant now)
    {
        if (r.IsDBNull("live_minutes"))
            return null;
        var shift = (r.InstantOrNull("shift_end") ?? now) - (r.InstantOrNull("shift_start") ?? now - UsualShift);
        return shift * (100 - policy.DeferredShare) / 100 - Duration.FromMinutes(r.GetDouble("live_minutes"));
    }
}
