using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks;

/// <summary>A person a task can be assigned to, with the number of tasks they own.</summary>
/// <param name="IsAvailable">Whether they are there and can be given work.</param>
public sealed record Assignee(string UserName, string DisplayName, int OpenTasks, bool IsAvailable)
{
    /// <summary>Their id.</summary>
    public Guid Id { get; init; }
}

/// <summary>Who could be given a task, or one of several.</summary>
/// <param name="People">Those people, who fits best first.</param>
/// <param name="AreOverrides">No one is eligible for the task: these are people whom only someone who steers all teams can assign it to.</param>
/// <param name="HasOwner">Whether someone has one of the tasks.</param>
public sealed record AssigneeChoice(IReadOnlyList<Assignee> People, bool AreOverrides, bool HasOwner);

/// <summary>Who could be given a task.</summary>
public static class Assignees
{
    private const int MostOverrides = 500;

    /// <summary>Whether someone can assign a task that no one is eligible for, to anyone whom the four-eyes rule doesn't exclude.</summary>
    public static bool MayOverride(Person actor) => actor.May(Permissions.SteerTeams);

    /// <summary>Who someone can give these open tasks to. Null: they don't steer the team of one of them, or it has ended.</summary>
    public static async Task<AssigneeChoice?> ChoiceAsync(
        NpgsqlDataSource database,
        IReadOnlyCollection<Guid> tasks,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        Guid[] asked = [.. tasks.Distinct()];
        var (steered, owned) = await SteeredAsync(database, asked, actor, cancel);
        if (steered < asked.Length)
            return null;
        var people = await ReadAsync(database, asked, now, cancel);
        var overrides = people.Count == 0 && asked is [var only] ? await OverridesAsync(database, only, actor, now, cancel) : [];
        return new(people.Count > 0 ? people : overrides, overrides.Count > 0, owned > 0);
    }

    /// <summary>Whom someone can assign a task to that no one is eligible for.</summary>
    public static async Task<IReadOnlyList<Assignee>> OverridesAsync(
        NpgsqlDataSource database,
        Guid task,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    ) => MayOverride(actor) ? await OverrideAsync(database, task, now, cancel) : [];

    /// <summary>Those people, least busy first; no one when someone is eligible for the task.</summary>
    public static async Task<IReadOnlyList<Assignee>> OverrideAsync(NpgsqlDataSource database, Guid task, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"""
            select {Columns}
            from task t join person p on p.active join person r on r.id = {Eligibility.OfRow("p", "$2").Receiver}
            left join presence a on a.person_id = p.id cross join lateral ({Open}) w
            where t.id = $1 and r.id is distinct from t.owner_id and {Eligibility.OfRow("r", "$2").MayBeGivenUnclaimable}
            order by w.open, lower(p.display_name) limit {MostOverrides}
            """,
            task,
            now
        );
        return await ReadAsync(query, cancel);
    }

    /// <summary>
    /// The people a task can be assigned or delegated to: its candidates and their substitutes. An absent person is included if their substitute is
    /// eligible. The owner isn't. Who fits best comes first: who has the preferred skills, then who is available, then the least busy.
    /// </summary>
    public static Task<IReadOnlyList<Assignee>> ReadAsync(NpgsqlDataSource database, Guid task, Instant now, CancellationToken cancel = default) =>
        ReadAsync(database, [task], now, cancel);

    /// <summary>The people that one of these tasks can be given to: first those that most of them can.</summary>
    private static async Task<IReadOnlyList<Assignee>> ReadAsync(NpgsqlDataSource database, Guid[] tasks, Instant now, CancellationToken cancel)
    {
        var receiver = Eligibility.OfRow("r", "$2");
        await using var query = database.Query(
            $"""
            with able as materialized (
                select p.id, count(*) tasks, count(*) filter (where t.preferred_skills <> '{"{}"}' and t.preferred_skills <@ {receiver.Skills}) preferred
                from task t
                cross join lateral (
                    select t.test_by id where t.test_by is not null
                    union select m.person_id from team_member m where m.team_key = t.team
                    union select n.id from person n where {Eligibility.OfRow("n", "$2").IsNamed}
                    union select s.substitute_id from substitution s where {Eligibility.IsInForce("s", "$2")}) known
                join person p on p.id = known.id
                join person r on r.id = {Eligibility.OfRow("p", "$2").Receiver}
                where t.id = any($1) and r.id is distinct from t.owner_id and {receiver.MayBeGiven}
                group by p.id)
            select {Columns}
            from able join person p on p.id = able.id left join presence a on a.person_id = p.id cross join lateral ({Open}) w
            order by able.tasks desc, able.preferred desc, {IsAvailable} desc, w.open, lower(p.display_name)
            """,
            tasks,
            now
        );
        return await ReadAsync(query, cancel);
    }

    private const string IsAvailable = "coalesce(a.state = 'Available', false)";

    private const string Columns = $"p.user_name, p.display_name, w.open, {IsAvailable}, p.id";

    private const string Open = "select count(*)::int open from task w where w.owner_id = p.id and w.ended_at is null and w.test_by is null";

    private static async Task<(int Steered, int Owned)> SteeredAsync(NpgsqlDataSource database, Guid[] tasks, Person actor, CancellationToken cancel)
    {
        await using var query = database.Query(
            "select count(*)::int, count(t.owner_id)::int from task t where t.id = any($1) and t.ended_at is null and ($2 or t.team = any($3))",
            tasks,
            actor.May(Permissions.SteerTeams),
            actor.Leads.ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        await r.ReadAsync(cancel);
        return (r.GetInt32(0), r.GetInt32(1));
    }

    private static async Task<IReadOnlyList<Assignee>> ReadAsync(NpgsqlCommand query, CancellationToken cancel)
    {
        await using var r = await query.ExecuteReaderAsync(cancel);
        var people = new List<Assignee>();
        while (await r.ReadAsync(cancel))
            people.Add(new(r.GetString(0), r.GetString(1), r.GetInt32(2), r.GetBoolean(3)) { Id = r.GetGuid(4) });
        return people;
    }
}
