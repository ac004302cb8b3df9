using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Workforce;

/// <summary>A skill that someone has.</summary>
/// <param name="Skill">Its key.</param>
/// <param name="Level">1 (learning) to 5 (teaches it).</param>
/// <param name="CertifiedUntil">First day on which it no longer counts; null: it doesn't expire.</param>
/// <param name="CertificateNumber">Number on the certificate; null: none.</param>
/// <param name="CertificateIssuer">Who issued it; null: unknown.</param>
/// <param name="CertifiedBy">Who certified the person; null: unknown.</param>
/// <param name="CertifiedAt">On which day; null: unknown.</param>
/// <param name="Evidence">On what: a course, an exam, reviewed work; or empty.</param>
/// <param name="DaysLeft">Days until it expires; 0 or less: it has expired; null: it doesn't expire.</param>
public sealed record HeldSkill(
    string Skill,
    int Level,
    DateOnly? CertifiedUntil,
    string? CertificateNumber,
    string? CertificateIssuer,
    string? CertifiedBy,
    DateOnly? CertifiedAt,
    string Evidence,
    int? DaysLeft
)
{
    /// <summary>Whether it counts for steps that require it.</summary>
    public bool Counts => DaysLeft is not <= 0;

    /// <summary>Whether it counts, and expires within 30 days.</summary>
    public bool ExpiresSoon => DaysLeft is > 0 and <= 30;
}

/// <summary>A row of the matrix.</summary>
/// <param name="Id">Who.</param>
/// <param name="UserName">Their user name.</param>
/// <param name="DisplayName">Their name.</param>
/// <param name="Skills">What they have.</param>
public sealed record SkilledPerson(Guid Id, string UserName, string DisplayName, IReadOnlyList<HeldSkill> Skills);

/// <summary>People and their skills.</summary>
public static class SkillMatrix
{
    /// <summary>The highest level at which open tasks of these teams require each skill; skills that none requires are missing.</summary>
    public static async Task<IReadOnlyDictionary<string, int>> RequiredAsync(
        NpgsqlDataSource database,
        IEnumerable<string> teams,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            """
            select split_part(k, ':', 1), max(coalesce(nullif(split_part(k, ':', 2), ''), '1')::int)
            from task t, unnest(t.required_skills) k where t.ended_at is null and t.team = any($1) and t.test_by is null group by 1
            """,
            (object)teams.ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var levels = new Dictionary<string, int>();
        while (await r.ReadAsync(cancel))
            levels[r.GetString(0)] = r.GetInt32(1);
        return levels;
    }

    /// <summary>The active people of these teams by name, each with their skills.</summary>
    public static async Task<IReadOnlyList<SkilledPerson>> ReadAsync(
        NpgsqlDataSource database,
        IEnumerable<string> teams,
        Instant now,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            """
            select p.id, p.user_name, p.display_name, s.skill, s.level, s.certified_until, s.certificate_number, s.certificate_issuer, s.certified_by,
                s.certified_at, s.evidence, s.certified_until - $1::date
            from person p left join person_skill s on s.person_id = p.id
            where p.active and exists (select from team_member m where m.person_id = p.id and m.team_key = any($2))
            order by lower(p.display_name), p.id, s.skill
            """,
            now,
            teams.ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var people = new List<SkilledPerson>();
        List<HeldSkill> skills = [];
        while (await r.ReadAsync(cancel))
        {
            if (people.Count == 0 || people[^1].Id != r.GetGuid(0))
                people.Add(new(r.GetGuid(0), r.GetString(1), r.GetString(2), skills = []));
            if (!r.IsDBNull(3))
                skills.Add(
                    new(r.GetString(3), r.GetInt32(4), Day(5), r.Text(6), r.Text(7), r.Text(8), Day(9), r.GetString(10), r.IsDBNull(11) ? null : r.GetInt32(11))
                );
        }

        return people;

        DateOnly? Day(int column) => r.IsDBNull(column) ? null : r.GetFieldValue<DateOnly>(column);
    }
}
