using System.Data;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Distribution;

/// <summary>The people and the open tasks of a team, as a decision about them needs to know.</summary>
/// <param name="People">Its active members, and people whom its open tasks name.</param>
/// <param name="Work">Its tasks that are ready and offered to no one.</param>
internal sealed record TeamSnapshot(IReadOnlyList<Worker> People, IReadOnlyList<Work> Work)
{
    /// <summary>Tasks read of each kind that is the same to everyone, the earliest due first, late ones apart. No team gives out more at once.</summary>
    private const int MostAlike = 300;

    /// <summary>Tasks read of each kind beyond what people have room for, as some can be closed to them, or be more urgent than they look.</summary>
    private const int LeastAlike = 10;

    /// <summary>Cases of a customer that are looked at for who knows them.</summary>
    private const int RecentCases = 20;

    private const string Ready = "t.state = 'Ready' and t.ended_at is null and t.test_by is null";

    private const string Unoffered = "not exists (select from task_offer o where o.task_id = t.id and o.state = 'Open')";

    /// <summary>Whom an open task of a team could concern. An array, so that the planner expects few of them.</summary>
    private static readonly string Concerned = $"""
        array(select m.person_id from team_member m where m.team_key = $1
            union select n.id from task t join person n on n.user_name = any(t.candidates) where t.team = $1 and {Ready} and cardinality(t.candidates) > 0)
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
        batch.BatchCommands.Add(SelectPeople(team, now));
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var locked = new HashSet<Guid>();
        while (await r.ReadAsync(cancel))
            locked.Add(r.GetGuid(0));
        await r.NextResultAsync(cancel);
        return (await PeopleAsync(r, policy, cancel), locked);
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
        batch.BatchCommands.Add(SelectPeople(team, now));
        await using var r = await batch.ExecuteReaderAsync(cancel);
        return await PeopleAsync(r, policy, cancel);
    }

    private static NpgsqlBatchCommand SelectPeople(string team, Instant now) =>
        Sql.Command(
            $"""
            select p.id, p.display_name, coalesce(s.state, 'OffShift') presence, coalesce(s.given_at, s.since, $2) idle_since,
                l.live, l.deferred, l.live_capacity, l.deferred_capacity, coalesce(e.deferred_share, 0) deferred_share,
                array(select m.team_key from team_member m where m.person_id = p.id) teams,
                (select max(h.until_at) from shift h where h.person_id = p.id and h.kind = 'Work' and h.from_at <= $2 and h.until_at > $2) shift_end,
                (select min(h.from_at) from shift h where h.person_id = p.id and h.kind = 'Work' and h.from_at > $2) next_shift,
                (select count(*)::int from task_offer o where o.person_id = p.id and o.state = 'Open') offers,
                array(select k.skill from person_skill k where k.person_id = p.id order by k.skill) skills,
                array(select k.level from person_skill k where k.person_id = p.id order by k.skill) levels,
                array(select coalesce(k.certified_until::timestamptz, 'infinity') from person_skill k where k.person_id = p.id order by k.skill) certified
            from person p left join presence s on s.person_id = p.id left join team e on e.key = $1
            cross join lateral {Load.Of("p.id")} l
            where p.active and p.id = any({Concerned})
            """,
            team,
            now
        );

    private static async Task<IReadOnlyList<Worker>> PeopleAsync(NpgsqlDataReader r, DistributionPolicy policy, CancellationToken cancel)
    {
        var people = new List<Worker>();
        while (await r.ReadAsync(cancel))
            people.Add(Person(r, policy));
        return people;
    }

    /// <summary>
    /// Reads the tasks of a team that are ready and offered to no one: of each kind that is the same to everyone, and that someone with room has the skills
    /// for and hasn't given up, the first ones, late ones apart. Others can't be reached in a decision about these people.
    /// </summary>
    /// <param name="connection">Its connection, in a transaction or not.</param>
    /// <param name="team">Key of the team.</param>
    /// <param name="people">Its people; only those with room count.</param>
    /// <param name="policy">Its policy.</param>
    /// <param name="calendar">The policy's calendar, or null.</param>
    /// <param name="now">When.</param>
    /// <param name="asked">Tasks to be read whatever their place and skills are.</param>
    public static async Task<IReadOnlyList<Work>> WorkAsync(
        NpgsqlConnection connection,
        string team,
        IReadOnlyList<Worker> people,
        DistributionPolicy policy,
        BusinessCalendar? calendar,
        Instant now,
        Guid[] asked,
        CancellationToken cancel
    )
    {
        var free = people.Where(person => person.HasRoom).ToList();
        if (free.Count == 0 && asked.Length == 0)
            return [];
        var room = free.Sum(person => (long)Math.Min(person.Slots, MostAlike));
        await using var batch = connection.CreateBatch();
        batch.Add(
            $"""
            select t.id, t.title, t.required_skills, t.preferred_skills, t.work_kind, t.weight, t.effort, t.priority, t.due_at, t.created_at,
                case when t.candidates = '{"{}"}' then '{"{}"}' else array(select n.id from person n where n.user_name = any(t.candidates)) end named,
                {Eligibility.ExcludedPeople} excluded,
                t.gave_up || array(select o.person_id from task_offer o where o.task_id = t.id
                    and (o.state = 'Declined' or o.state = 'Expired' and o.ended_at > $3)) passed,
                t.due_at is not null and exists (select from sla_clock k where k.instance_id = t.instance_id and (k.task_id is null or k.task_id = t.id)
                    and k.kind = 'statutory' and k.late_at = t.due_at) statutory,
                array(select distinct unnest(x.actors) from task x where x.instance_id = t.instance_id and x.id <> t.id) know_case,
                array(select distinct unnest(x.actors) from (
                    select c.id from journey_case c where c.customer_id = (select me.customer_id from journey_case me where me.id = t.instance_id)
                        and c.id <> t.instance_id order by c.created_at desc limit {RecentCases}) c
                    join task x on x.instance_id = c.id where x.changed_at > $4) know_customer
            from task t where t.id = any(array(
                select f.id from (
                    select t.id, row_number() over (partition by hash_record_extended(row(t.required_skills, t.preferred_skills, t.candidates,
                        t.work_kind, t.weight, t.effort, coalesce(t.due_at < $2, false)), 0)
                        order by date_bin(make_interval(secs => $5), t.order_at, $2), t.priority, t.order_at, t.created_at, t.id) place
                    from task t where t.team = $1 and {Ready} and t.required_skills <@ $6 and not t.gave_up @> $9 and {Unoffered}
                ) f where f.place <= $7
                union all select t.id from task t where t.id = any($8) and t.team = $1 and {Ready} and {Unoffered}))
            """,
            team,
            now,
            now - policy.Again,
            now - policy.AffinityWindow,
            policy.SlackStep.TotalSeconds,
            Skills(free, now),
            free.Count == 0 ? 0 : (int)Math.Min(MostAlike, LeastAlike + room),
            asked.Take(MostAlike).ToArray(),
            free.Select(person => person.Id).ToArray()
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var work = new List<Work>();
        while (await r.ReadAsync(cancel))
            work.Add(Task(r, team, calendar, now));
        return work;
    }

    /// <summary>What tasks can ask for that one of these people has, as steps write it: <c>skill</c>, <c>skill:1</c> to their level.</summary>
    private static string[] Skills(IEnumerable<Worker> people, Instant now) =>
        [
            .. people
                .SelectMany(person => person.Skills)
                .Where(skill => !(skill.Value.Until <= now))
                .SelectMany(skill => Enumerable.Range(1, skill.Value.Level).Select(level => $"{skill.Key}:{level}").Prepend(skill.Key))
                .Distinct(),
        ];

    private static Worker Person(NpgsqlDataReader r, DistributionPolicy policy)
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
            // What is ring-fenced for deferred work can't be taken by live work.
            FreeLive = live * (100 - r.GetInt32("deferred_share")) / 100 - r.GetInt32("live"),
            FreeDeferred = deferred - r.GetInt32("deferred"),
            Slots = policy.OffersAtATime - r.GetInt32("offers"),
            Capacity = Math.Max(1, live + deferred),
            Skills = r.GetFieldValue<string[]>("skills")
                .Select((skill, i) => (skill, Held: new WorkerSkill(levels[i], certified[i] == DateTime.MaxValue ? null : certified[i].ToInstant())))
                .ToDictionary(one => one.skill, one => one.Held),
        };
    }

    private static Work Task(NpgsqlDataReader r, string team, BusinessCalendar? calendar, Instant now)
    {
        var effort = r.IsDBNull("effort") ? (Duration?)null : Duration.FromMinutes(r.GetInt32("effort"));
        var due = r.InstantOrNull("due_at");
        return new()
        {
            Id = r.GetGuid("id"),
            Title = r.GetString("title"),
            Team = team,
            Named = r.GetFieldValue<Guid[]>("named"),
            Required = [.. r.GetFieldValue<string[]>("required_skills").Select(SkillNeed.Parse)],
            Preferred = [.. r.GetFieldValue<string[]>("preferred_skills").Select(SkillNeed.Parse)],
            Excluded = r.GetFieldValue<Guid[]>("excluded"),
            Passed = r.GetFieldValue<Guid[]>("passed"),
            Kind = r.GetString("work_kind") == "live" ? WorkKind.Live : WorkKind.Deferred,
            Weight = r.GetInt32("weight"),
            Effort = effort,
            Priority = r.GetInt16("priority"),
            Slack = due is { } at ? (calendar?.Between(now, at) ?? at - now) - (effort ?? Duration.Zero) : null,
            Statutory = r.GetBoolean("statutory"),
            OpenedAt = r.Instant("created_at"),
            KnowCase = r.GetFieldValue<Guid[]>("know_case"),
            KnowCustomer = r.GetFieldValue<Guid[]>("know_customer"),
        };
    }
}
