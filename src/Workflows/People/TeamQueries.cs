using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>A team with its people.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Lead">Display name of who leads it.</param>
/// <param name="Members">Who works in it, by name.</param>
public sealed record Team(string Key, string Title, string? Lead, IReadOnlyList<TeamMember> Members)
{
    /// <summary>It gets no new work: its members finish what it has.</summary>
    public bool IsRetired { get; init; }

    /// <summary><c>front</c>: it answers customers; <c>back</c>: it works through what waits.</summary>
    public string Office { get; init; } = "back";

    /// <summary>Zone of its day, by its tz database id; null: the reader's.</summary>
    public string? TimeZone { get; init; }
}

/// <summary>A member of a team.</summary>
public sealed record TeamMember(Guid Id, string UserName, string DisplayName);

/// <summary>Reads teams and display names.</summary>
public static class TeamQueries
{
    /// <summary>All teams, by title.</summary>
    public static async Task<IReadOnlyList<Team>> ListAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select t.key, t.title, l.display_name, p.id, p.user_name, p.display_name, t.retired_at is not null, t.office,
                t.time_zone
            from team t
            left join person l on l.id = t.lead_id and l.active
            left join (team_member m join person p on p.id = m.person_id and p.active) on m.team_key = t.key
            order by lower(t.title), t.key, lower(p.display_name)
            """
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var teams = new List<Team>();
        List<TeamMember> members = [];
        while (await r.ReadAsync(cancel))
        {
            if (teams.Count == 0 || teams[^1].Key != r.GetString(0))
                teams.Add(
                    new(r.GetString(0), r.GetString(1), r.Text(2), members = [])
                    {
                        IsRetired = r.GetBoolean(6),
                        Office = r.GetString(7),
                        TimeZone = r.Text(8),
                    }
                );
            if (r.GuidOrNull(3) is { } id)
                members.Add(new(id, r.GetString(4), r.GetString(5)));
        }

        return teams;
    }

    /// <summary>User names and names of everyone there ever was, by name.</summary>
    public static async Task<IReadOnlyList<(string UserName, string Name)>> EveryoneAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var query = database.Query("select user_name, display_name from person order by lower(display_name), user_name");
        await using var r = await query.ExecuteReaderAsync(cancel);
        var everyone = new List<(string, string)>();
        while (await r.ReadAsync(cancel))
            everyone.Add((r.GetString(0), r.GetString(1)));
        return everyone;
    }

    /// <summary>Whether a person may move this team's work: its lead, supervisors and administrators.</summary>
    public static bool Steers(Person person, string team) => person.May(Permissions.SteerTeams) || person.Leads.Contains(team);

    /// <summary>Whether someone may plan and steer another person's day: supervisors, administrators, and the lead of a team they work in.</summary>
    public static async Task<bool> SteersPersonAsync(NpgsqlDataSource database, Person actor, Guid person, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select exists (select from person where id = $1)
                and ($3 or exists (select from team_member m join team l on l.key = m.team_key where m.person_id = $1 and l.lead_id = $2))
            """,
            person,
            actor.Id,
            actor.May(Permissions.SteerTeams)
        );
        return (bool)(await query.ExecuteScalarAsync(cancel))!;
    }

    /// <summary>The person with this user name, whatever its case; also one who is deactivated.</summary>
    public static async Task<TeamMember?> PersonAsync(NpgsqlDataSource database, string userName, CancellationToken cancel = default)
    {
        await using var query = database.Query("select id, user_name, display_name from person where lower(user_name) = lower($1)", userName);
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? new(r.GetGuid(0), r.GetString(1), r.GetString(2)) : null;
    }

    /// <summary>Display names by user name, and by ID as history writes it. Unknown names (<c>system</c>) aren't in the answer.</summary>
    /// <param name="people">User names and ids, in any mix.</param>
    public static async Task<IReadOnlyDictionary<string, string>> NamesAsync(
        NpgsqlDataSource database,
        IEnumerable<string> people,
        CancellationToken cancel = default
    )
    {
        var keys = people.ToHashSet();
        var ids = keys.Select(key => Guid.TryParse(key, out var id) ? id : Guid.Empty).Where(id => id != Guid.Empty).ToArray();
        var names = new Dictionary<string, string>();
        if (keys.Count == 0)
            return names;
        await using var query = database.Query("select id, user_name, display_name from person where user_name = any($1) or id = any($2)", keys.ToArray(), ids);
        await using var r = await query.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
            names[r.GetGuid(0).ToString()] = names[r.GetString(1)] = r.GetString(2);
        return names;
    }
}
