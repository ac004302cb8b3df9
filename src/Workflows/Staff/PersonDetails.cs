using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Staff;

/// <summary>Everything administrators see of a person.</summary>
/// <param name="Id">Never changes.</param>
/// <param name="UserName">Used to sign in; never changes.</param>
/// <param name="DisplayName">What others call them.</param>
/// <param name="Email">Where mail reaches them, if anywhere.</param>
/// <param name="Roles">Of <see cref="People.Roles"/>.</param>
/// <param name="Teams">Keys of the teams they work in.</param>
/// <param name="Leads">Keys of the teams they lead.</param>
/// <param name="Skills">Their skills, with certificates.</param>
/// <param name="Active">Whether they can sign in and get work.</param>
/// <param name="DeactivatedBy">User name of who deactivated them.</param>
/// <param name="DeactivatedAt">When.</param>
/// <param name="LockedUntil">End of a lock-out after failed sign-ins.</param>
/// <param name="HasPassword">Whether they have chosen a password.</param>
/// <param name="OpenTasks">Tasks they own.</param>
/// <param name="CreatedAt">When they were added.</param>
/// <param name="Revision">Send it with the next change.</param>
public sealed record PersonDetails(
    Guid Id,
    string UserName,
    string DisplayName,
    string? Email,
    IReadOnlyList<string> Roles,
    IReadOnlyList<string> Teams,
    IReadOnlyList<string> Leads,
    IReadOnlyList<Skill> Skills,
    bool Active,
    string? DeactivatedBy,
    Instant? DeactivatedAt,
    Instant? LockedUntil,
    bool HasPassword,
    int OpenTasks,
    Instant CreatedAt,
    int Revision
)
{
    /// <summary>Whether they set up an authenticator app.</summary>
    public bool HasSecondFactor { get; init; }

    /// <summary>Whether they sign in with an account of an identity provider.</summary>
    public bool HasSingleSignOn { get; init; }

    private static readonly string Select = $"""
        select p.id, p.user_name, p.display_name, p.email, p.roles,
            array(select team_key from team_member where person_id = p.id order by team_key) teams,
            array(select key from team where lead_id = p.id order by key) leads,
            (select json_agg(json_build_object('key', s.skill, 'level', s.level, 'certifiedUntil', s.certified_until,
                'certificateNumber', s.certificate_number, 'certificateIssuer', s.certificate_issuer, 'certifiedBy', s.certified_by,
                'certifiedAt', s.certified_at, 'evidence', nullif(s.evidence, '')) order by s.skill)
                from person_skill s where s.person_id = p.id) skills,
            p.active, p.deactivated_by, p.deactivated_at, {SignIn.LockedUntil("$1")} locked_until,
            p.password_hash is not null has_password,
            (select count(*)::int from task t where t.owner_id = p.id and t.ended_at is null) open_tasks, p.created_at, p.revision,
            exists (select from second_factor f where f.person_id = p.id), exists (select from external_login l where l.person_id = p.id)
        from person p
        """;

    /// <summary>The person with this id, or null.</summary>
    public static async Task<PersonDetails?> FindAsync(NpgsqlDataSource database, Guid id, Instant now, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await ReadAsync(connection, Sql.Command($"{Select} where p.id = $2", now, id), cancel) is [var person] ? person : null;
    }

    /// <summary>Everyone.</summary>
    internal static Task<List<PersonDetails>> AllAsync(NpgsqlConnection connection, Instant now, CancellationToken cancel) =>
        ReadAsync(connection, Sql.Command(Select, now), cancel);

    /// <summary>The people with these ids or user names.</summary>
    internal static Task<List<PersonDetails>> SomeAsync(
        NpgsqlConnection connection,
        IEnumerable<Guid> ids,
        IEnumerable<string> userNames,
        Instant now,
        CancellationToken cancel
    ) =>
        ReadAsync(
            connection,
            Sql.Command(
                $"{Select} where p.id = any($2) or lower(p.user_name) = any($3)",
                now,
                ids.ToArray(),
                userNames.Select(name => name.ToLowerInvariant()).ToArray()
            ),
            cancel
        );

    /// <summary>What can be changed of them.</summary>
    internal NewPerson Data =>
        new(UserName, DisplayName, Email, Roles)
        {
            Teams = Teams,
            Leads = Leads,
            Skills = Skills,
        };

    private static async Task<List<PersonDetails>> ReadAsync(NpgsqlConnection connection, NpgsqlBatchCommand query, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(query);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var people = new List<PersonDetails>();
        while (await r.ReadAsync(cancel))
        {
            people.Add(
                new(
                    r.GetGuid(0),
                    r.GetString(1),
                    r.GetString(2),
                    r.Text(3),
                    r.GetFieldValue<string[]>(4),
                    r.GetFieldValue<string[]>(5),
                    r.GetFieldValue<string[]>(6),
                    r.IsDBNull(7) ? [] : JsonSerializer.Deserialize<Skill[]>(r.Utf8(7), JsonSerializerOptions.Web)!,
                    r.GetBoolean(8),
                    r.Text(9),
                    r.InstantOrNull(10),
                    r.InstantOrNull(11),
                    r.GetBoolean(12),
                    r.GetInt32(13),
                    r.Instant(14),
                    r.GetInt32(15)
                )
                {
                    HasSecondFactor = r.GetBoolean(16),
                    HasSingleSignOn = r.GetBoolean(17),
                }
            );
        }

        return people;
    }
}
