using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks;

/// <summary>A person a task can be assigned to, with the number of tasks they own.</summary>
public sealed record Assignee(string UserName, string DisplayName, int OpenTasks)
{
    /// <summary>Their id.</summary>
    public Guid Id { get; init; }
}

/// <summary>Who could be given a task.</summary>
public static class Assignees
{
    private const int MostOverrides = 500;

    /// <summary>Whether someone can assign a task that no one is eligible for, to anyone whom the four-eyes rule doesn't exclude.</summary>
    public static bool MayOverride(Person actor) => actor.May(Permissions.SteerTeams);

    /// <summary>Those people, least busy first; no one when someone is eligible for the task.</summary>
    public static async Task<IReadOnlyList<Assignee>> OverrideAsync(NpgsqlDataSource database, Guid task, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"""
            select p.user_name, p.display_name, (select count(*)::int from task w where w.owner_id = p.id and w.ended_at is null) open, t.id, p.id
            from task t join person p on p.active join person r on r.id = {Eligibility.OfRow("p", "$2").Receiver}
            where t.id = $1 and r.id is distinct from t.owner_id and {Eligibility.OfRow("r", "$2").MayBeGivenUnclaimable}
            order by open, lower(p.display_name) limit {MostOverrides}
            """,
            task,
            now
        );
        return [.. (await ReadAsync(query, cancel))[task]];
    }

    /// <summary>
    /// The people a task can be assigned or delegated to, least busy first: its candidates and their substitutes. An absent person is
    /// included if their substitute is eligible. The owner isn't.
    /// </summary>
    public static async Task<IReadOnlyList<Assignee>> ReadAsync(NpgsqlDataSource database, Guid task, Instant now, CancellationToken cancel = default) =>
        [.. (await ReadAsync(database, [task], now, cancel))[task]];

    /// <summary>The same for the tasks of a list.</summary>
    public static async Task<ILookup<Guid, Assignee>> ReadAsync(NpgsqlDataSource database, Guid[] tasks, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"""
            with able as materialized (
                select t.id task, p.id
                from task t
                cross join lateral (
                    select t.test_by id where t.test_by is not null
                    union select m.person_id from team_member m where m.team_key = t.team
                    union select n.id from person n where {Eligibility.OfRow("n", "$2").IsNamed}
                    union select s.substitute_id from substitution s where {Eligibility.IsInForce("s", "$2")}) known
                join person p on p.id = known.id
                join person r on r.id = {Eligibility.OfRow("p", "$2").Receiver}
                where t.id = any($1) and r.id is distinct from t.owner_id and {Eligibility.OfRow("r", "$2").MayBeGiven})
            select p.user_name, p.display_name, p.open, able.task, p.id
            from able join (
                select p.id, p.user_name, p.display_name,
                    (select count(*)::int from task w where w.owner_id = p.id and w.ended_at is null and w.test_by is null) open
                from person p where p.id in (select id from able)) p on p.id = able.id
            order by p.open, lower(p.display_name)
            """,
            tasks,
            now
        );
        return await ReadAsync(query, cancel);
    }

    private static async Task<ILookup<Guid, Assignee>> ReadAsync(NpgsqlCommand query, CancellationToken cancel)
    {
        await using var r = await query.ExecuteReaderAsync(cancel);
        var people = new List<(Guid Task, Assignee Assignee)>();
        while (await r.ReadAsync(cancel))
            people.Add((r.GetGuid(3), new(r.GetString(0), r.GetString(1), r.GetInt32(2)) { Id = r.GetGuid(4) }));
        return people.ToLookup(one => one.Task, one => one.Assignee);
    }
}
