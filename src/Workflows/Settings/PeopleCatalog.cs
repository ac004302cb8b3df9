using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Settings;

/// <summary>
/// The names of teams, active people and skills, in this host's memory: a burst can't wait for the database to check what it computed. Replaced as a
/// whole when people or teams change, on other hosts within a second.
/// </summary>
public sealed class PeopleCatalog(NpgsqlDataSource database, IClock clock)
{
    private volatile Snapshot _snapshot = new([], [], [], [], []);

    /// <summary>Whether there is such a team.</summary>
    public bool HasTeam(string key) => _snapshot.Teams.Contains(key);

    /// <summary>Whether a team is retired: running journeys still send work to it, but no new version can name it.</summary>
    public bool IsRetired(string team) => _snapshot.Retired.Contains(team);

    /// <summary>Whether the work of a team is not only pulled.</summary>
    public bool Pushes(string? team) => team is not null && _snapshot.Pushing.Contains(team);

    /// <summary>Whether an active person has this user name, in any letter case.</summary>
    public bool HasPerson(string userName) => _snapshot.People.Contains(userName);

    /// <summary>Whether the catalogue has this skill, retired or not.</summary>
    public bool HasSkill(string skill) => _snapshot.Skills.Contains(skill);

    /// <summary>Whether a skill is retired: running journeys still require it, but no new version can name it.</summary>
    public bool IsRetiredSkill(string skill) => _snapshot.RetiredSkills.Contains(skill);

    /// <summary>Whether an active person has what a step asks for, <c>skill</c> or <c>skill:3</c>, with a certificate that is valid now.</summary>
    public bool IsHeld(string skill) => _snapshot.Held.Contains(skill);

    /// <summary>Reads all names again.</summary>
    public async Task LoadAsync(CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select 't', key from team
            union all select 'r', key from team where retired_at is not null
            union all select 'd', key from team where distribution <> 'pull'
            union all select 'p', user_name from person where active
            union all select 's', key from skill
            union all select 'x', key from skill where retired_at is not null
            union all select distinct 'h', s.skill || l from person_skill s join person p on p.id = s.person_id
                cross join unnest((array['', ':1', ':2', ':3', ':4', ':5'])[1 : s.level + 1]) l
                where p.active and (s.certified_until is null or s.certified_until > $1::date)
            """,
            clock.Now()
        );
        var next = new Snapshot([], new(StringComparer.OrdinalIgnoreCase), [], [], []);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
        {
            var names = reader.GetString(0) switch
            {
                "t" => next.Teams,
                "r" => next.Retired,
                "p" => next.People,
                "d" => next.Pushing,
                "x" => next.RetiredSkills,
                "h" => next.Held,
                _ => next.Skills,
            };
            names.Add(reader.GetString(1));
        }

        _snapshot = next;
    }

    private sealed record Snapshot(HashSet<string> Teams, HashSet<string> People, HashSet<string> Skills, HashSet<string> Retired, HashSet<string> Pushing)
    {
        public HashSet<string> RetiredSkills { get; } = new(StringComparer.Ordinal);
        public HashSet<string> Held { get; } = new(StringComparer.Ordinal);
    }
}
