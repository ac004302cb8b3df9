using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Workforce;

/// <summary>A change of a person's presence.</summary>
/// <param name="At">When.</param>
/// <param name="State">What they have done since then; never Engaged.</param>
/// <param name="Reason">What they were away for; or empty.</param>
/// <param name="Cause">What set it.</param>
/// <param name="ChangedBy">User name of who set it, or <c>system</c>.</param>
public sealed record PresenceEvent(Instant At, PresenceState State, string Reason, PresenceCause Cause, string ChangedBy);

/// <summary>Someone of a team: what they do now and how much they have to do.</summary>
/// <param name="Id">Who.</param>
/// <param name="UserName">Their user name.</param>
/// <param name="DisplayName">Their name.</param>
/// <param name="Presence">What they do now.</param>
/// <param name="Live">Weight of their live work.</param>
/// <param name="LiveCapacity">Weight of live work that they can have.</param>
/// <param name="Deferred">Weight of their deferred work.</param>
/// <param name="DeferredCapacity">Weight of deferred work that they can have.</param>
/// <param name="Tasks">Open tasks they own.</param>
/// <param name="Overdue">Of these, those whose due time has passed.</param>
public sealed record TeamPerson(
    Guid Id,
    string UserName,
    string DisplayName,
    PresenceStatus Presence,
    int Live,
    int LiveCapacity,
    int Deferred,
    int DeferredCapacity,
    int Tasks,
    int Overdue
)
{
    /// <summary>Of their open tasks, those that are with the teams asked for.</summary>
    public int TeamTasks { get; init; }

    /// <summary>Of these, those whose due time has passed.</summary>
    public int TeamOverdue { get; init; }

    /// <summary>Whether they work in one of the teams asked for; others only own tasks of them.</summary>
    public bool IsMember { get; init; }
}

/// <summary>How much someone has to do.</summary>
/// <param name="Weight">Weight of the work that they have, live and deferred.</param>
/// <param name="Capacity">Weight of the work that they can have.</param>
public sealed record PersonLoad(int Weight, int Capacity);

/// <summary>A task that someone is working on.</summary>
/// <param name="Person">Who.</param>
/// <param name="Id">The task.</param>
/// <param name="Title">Its title.</param>
/// <param name="Reference">Of its case.</param>
/// <param name="Since">When work on it began.</param>
public sealed record TaskInHand(Guid Person, Guid Id, string Title, string? Reference, Instant Since);

/// <summary>Reads presence.</summary>
public static class PresenceQueries
{
    private const string Worked = "k.ended_at is null and k.test_by is null";

    /// <summary>
    /// SQL: the state as others see it, of the person with this id and their row of <c>presence</c>, if any. The one place that says who is engaged: who is
    /// available and owns a task in progress or reviews one. Not <c>exists</c>, which the planner turns into a list of all tasks in progress. Isn't
    /// asked of people who aren't there, whose row may be missing.
    /// </summary>
    public static string Shown(string person, string presence) =>
        $"""
            case {presence}.state when 'Available' then
                    coalesce((select 'Engaged' from task k where k.owner_id = {person} and k.state = 'InProgress' and {Worked} limit 1),
                        (select 'Engaged' from task k where k.reviewer_id = {person} and k.state = 'InReview' and {Worked} limit 1), 'Available')
                else coalesce({presence}.state, 'OffShift') end
            """;

    private static readonly string Columns = $"""
        {Shown("p.id", "a")}, coalesce(a.reason, ''), coalesce(a.cause, 'Shift'), coalesce(a.changed_by, 'system'), a.since, a.until_at,
            (select max(s.until_at) from shift s where s.person_id = p.id and s.from_at <= $1 and s.until_at > $1)
        """;

    /// <summary>A person's presence; null if there is no such person.</summary>
    public static async Task<PresenceStatus?> OfAsync(NpgsqlDataSource database, Guid person, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query($"select {Columns} from person p left join presence a on a.person_id = p.id where p.id = $2", now, person);
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? Read(r, 0) : null;
    }

    /// <summary>A person's latest changes, newest first.</summary>
    public static async Task<IReadOnlyList<PresenceEvent>> ChangesAsync(NpgsqlDataSource database, Guid person, int limit, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            "select at, state, reason, cause, changed_by from presence_change where person_id = $1 order by revision desc limit $2",
            person,
            limit
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var changes = new List<PresenceEvent>();
        while (await r.ReadAsync(cancel))
            changes.Add(
                new(r.Instant(0), Enum.Parse<PresenceState>(r.GetString(1)), r.GetString(2), Enum.Parse<PresenceCause>(r.GetString(3)), r.GetString(4))
            );
        return changes;
    }

    /// <summary>The active people of teams and who else owns open tasks of them: those who can be given work first, then by name.</summary>
    public static async Task<IReadOnlyList<TeamPerson>> OfTeamsAsync(
        NpgsqlDataSource database,
        IEnumerable<string> teams,
        Instant now,
        CancellationToken cancel = default
    ) => (await FirstOfTeamsAsync(database, teams, null, now, cancel)).People;

    /// <summary>The first of them, and how many there are. What people have to do is read for these only.</summary>
    /// <param name="most">How many at most; null: all.</param>
    public static async Task<(IReadOnlyList<TeamPerson> People, int Total)> FirstOfTeamsAsync(
        NpgsqlDataSource database,
        IEnumerable<string> teams,
        int? most,
        Instant now,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            $"""
            with who as materialized (
                select known.id, known.is_member, count(*) over ()::int total from (
                    select p.id, p.display_name, {Shown("p.id", "a")} state, member.yes is_member
                    from person p left join presence a on a.person_id = p.id
                    cross join lateral (select exists (select from team_member m where m.person_id = p.id and m.team_key = any($2)) yes) member
                    where p.active and (member.yes or exists (
                        select from task t where t.owner_id = p.id and t.team = any($2) and t.ended_at is null and t.test_by is null))) known
                order by array_position(array['{string.Join("', '", Enum.GetNames<PresenceState>())}'], known.state), lower(known.display_name), known.id
                limit $3::int)
            select {Columns}, p.id, p.user_name, p.display_name, load.live, load.live_capacity, load.deferred, load.deferred_capacity, own.tasks, own.overdue,
                own.team_tasks, own.team_overdue, who.is_member, who.total
            from who join person p on p.id = who.id left join presence a on a.person_id = p.id
            cross join lateral {Load.Of("p.id")} load
            cross join lateral (select count(*)::int tasks, (count(*) filter (where t.order_at <= $1))::int overdue,
                    (count(*) filter (where t.team = any($2)))::int team_tasks,
                    (count(*) filter (where t.team = any($2) and t.order_at <= $1))::int team_overdue
                from task t where t.owner_id = p.id and t.ended_at is null and t.test_by is null) own
            order by lower(p.display_name), p.id
            """,
            now,
            teams.ToArray(),
            most
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var (people, total) = (new List<TeamPerson>(), 0);
        while (await r.ReadAsync(cancel))
        {
            people.Add(
                new(
                    r.GetGuid(7),
                    r.GetString(8),
                    r.GetString(9),
                    Read(r, 0),
                    r.GetInt32(10),
                    r.GetInt32(11),
                    r.GetInt32(12),
                    r.GetInt32(13),
                    r.GetInt32(14),
                    r.GetInt32(15)
                )
                {
                    TeamTasks = r.GetInt32(16),
                    TeamOverdue = r.GetInt32(17),
                    IsMember = r.GetBoolean(18),
                }
            );
            total = r.GetInt32(19);
        }

        return ([.. people.OrderBy(p => p.Presence.State)], total);
    }

    /// <summary>The members of teams who can be given work now, each once, with the weight of the work that they have and can have.</summary>
    public static async Task<IReadOnlyDictionary<Guid, PersonLoad>> PresentAsync(
        NpgsqlDataSource database,
        IEnumerable<string> teams,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            $"""
            select p.id, load.live + load.deferred, load.live_capacity + load.deferred_capacity
            from person p join presence a on a.person_id = p.id cross join lateral {Load.Of("p.id")} load
            where p.active and a.state = 'Available' and p.id in (select m.person_id from team_member m where m.team_key = any($1))
            """,
            (object)teams.ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var loads = new Dictionary<Guid, PersonLoad>();
        while (await r.ReadAsync(cancel))
            loads.Add(r.GetGuid(0), new(r.GetInt32(1), r.GetInt32(2)));
        return loads;
    }

    /// <summary>What people are working on, the latest begun first.</summary>
    public static async Task<ILookup<Guid, TaskInHand>> InHandAsync(NpgsqlDataSource database, IEnumerable<Guid> people, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"""
            select s.id, k.id, k.title, c.reference, coalesce(k.started_at, k.changed_at)
            from unnest($1::uuid[]) s (id) cross join lateral (
                select * from task k where k.owner_id = s.id and k.state = 'InProgress' and {Worked}
                union all select * from task k where k.reviewer_id = s.id and k.state = 'InReview' and {Worked}) k
            left join journey_case c on c.id = k.instance_id
            order by coalesce(k.started_at, k.changed_at) desc, k.id
            """,
            people.ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var tasks = new List<TaskInHand>();
        while (await r.ReadAsync(cancel))
            tasks.Add(new(r.GetGuid(0), r.GetGuid(1), r.GetString(2), r.Text(3), r.Instant(4)));
        return tasks.ToLookup(task => task.Person);
    }

    private static PresenceStatus Read(NpgsqlDataReader r, int at) =>
        new(
            Enum.Parse<PresenceState>(r.GetString(at)),
            r.GetString(at + 1),
            Enum.Parse<PresenceCause>(r.GetString(at + 2)),
            r.GetString(at + 3),
            r.InstantOrNull(at + 4),
            r.InstantOrNull(at + 5),
            r.InstantOrNull(at + 6)
        );
}
