using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>A certified ability.</summary>
/// <param name="Key">E.g. <c>fraud</c>.</param>
/// <param name="Level">1 (learning) to 5 (teaches it).</param>
/// <param name="CertifiedUntil">First day on which it no longer counts; null: it does not expire.</param>
/// <param name="CertificateNumber">Number on the certificate; null: none.</param>
/// <param name="CertificateIssuer">Who issued it; null: unknown.</param>
/// <param name="CertifiedBy">Who certified the person; null: unknown.</param>
/// <param name="CertifiedAt">On which day; null: unknown.</param>
/// <param name="Evidence">On what: a course, an exam, reviewed work; null: nothing is recorded.</param>
public sealed record Skill(
    string Key,
    int Level,
    DateOnly? CertifiedUntil = null,
    string? CertificateNumber = null,
    string? CertificateIssuer = null,
    string? CertifiedBy = null,
    DateOnly? CertifiedAt = null,
    string? Evidence = null
);

/// <summary>What administrators say about a person: one to be added, or what an existing one is changed to.</summary>
public sealed record NewPerson(string UserName, string DisplayName, string? Email, IReadOnlyList<string> Roles)
{
    /// <summary>Teams to work in. They exist.</summary>
    public IReadOnlyList<string> Teams { get; init; } = [];

    /// <summary>Teams to lead. They exist.</summary>
    public IReadOnlyList<string> Leads { get; init; } = [];

    /// <summary>Abilities.</summary>
    public IReadOnlyList<Skill> Skills { get; init; } = [];
}

/// <summary>Adds a person with their teams and skills, and records it in history.</summary>
public sealed class AddPerson(NpgsqlDataSource database)
{
    /// <param name="person">Who.</param>
    /// <param name="passwordHash">Of <see cref="Passwords.Hash"/>; null: they can't sign in before they choose a password.</param>
    /// <param name="actor">User name of the person who adds them.</param>
    /// <returns>The new person's ID, or null if the user name is taken.</returns>
    public async Task<Guid?> TryAsync(NewPerson person, string? passwordHash, string actor, Instant now, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var id = Ids.New(now);
        await using var insert = new NpgsqlBatch(connection);
        insert.BatchCommands.Add(Insert(id, person, passwordHash, now));
        if (await insert.ExecuteNonQueryAsync(cancel) == 0)
            return null;

        var history = await PersonHistory.LockAsync(connection, id, actor, now, cancel);
        history.Add("person.added", person);
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("insert into team_member (team_key, person_id, joined_at) select key, $2, $3 from unnest($1::text[]) key", person.Teams.ToArray(), id, now);
        batch.Add("update team set lead_id = $2 where key = any($1)", person.Leads.ToArray(), id);

        // A seed may come with skills of its own; people at work take theirs from the catalogue.
        batch.Add(
            "insert into skill (key, title, created_at) select key, key, $2 from unnest($1::text[]) key on conflict do nothing",
            person.Skills.Select(s => s.Key).ToArray(),
            now
        );
        batch.BatchCommands.Add(InsertSkills(id, person.Skills));
        history.WriteTo(batch);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return id;
    }

    /// <summary>The row of a person. Inserts nothing if the user name is taken.</summary>
    internal static NpgsqlBatchCommand Insert(Guid id, NewPerson person, string? passwordHash, Instant now) =>
        Sql.Command(
            """
            insert into person (id, user_name, display_name, email, roles, password_hash, security_stamp, created_at, updated_at)
            values ($1, $2, $3, $4, $5, $6, gen_random_uuid(), $7, $7)
            on conflict (lower(user_name)) do nothing
            """,
            id,
            person.UserName,
            person.DisplayName,
            person.Email,
            person.Roles.ToArray(),
            passwordHash,
            now
        );

    /// <summary>The skills of a person who has none yet.</summary>
    internal static NpgsqlBatchCommand InsertSkills(Guid person, IReadOnlyList<Skill> skills) =>
        Sql.Command(
            """
            insert into person_skill (person_id, skill, level, certified_until, certificate_number, certificate_issuer, certified_by, certified_at, evidence)
                select $1, * from unnest($2::text[], $3::int[], $4::date[], $5::text[], $6::text[], $7::text[], $8::date[], $9::text[])
            """,
            person,
            skills.Select(s => s.Key).ToArray(),
            skills.Select(s => s.Level).ToArray(),
            skills.Select(s => s.CertifiedUntil).ToArray(),
            skills.Select(s => s.CertificateNumber).ToArray(),
            skills.Select(s => s.CertificateIssuer).ToArray(),
            skills.Select(s => s.CertifiedBy).ToArray(),
            skills.Select(s => s.CertifiedAt).ToArray(),
            skills.Select(s => s.Evidence ?? "").ToArray()
        );
}
