using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>A person is out of office, and their substitute receives their work and can take it over.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Person">User name of the absent person.</param>
/// <param name="PersonName">What others call them.</param>
/// <param name="Substitute">User name of the substitute.</param>
/// <param name="SubstituteName">What others call them.</param>
/// <param name="From">From when.</param>
/// <param name="Until">Until when, exclusive.</param>
/// <param name="Reason">Why, or empty.</param>
/// <param name="CreatedBy">Who arranged it.</param>
public sealed record Substitution(
    Guid Id,
    string Person,
    string PersonName,
    string Substitute,
    string SubstituteName,
    Instant From,
    Instant Until,
    string Reason,
    string CreatedBy
);

/// <summary>How arranging a substitution went.</summary>
public abstract record SubstitutionResult
{
    private SubstitutionResult() { }

    public sealed record Arranged(Guid Id) : SubstitutionResult;

    /// <summary>A member of the request is wrong.</summary>
    public sealed record Invalid(string Field, string Reason) : SubstitutionResult;

    /// <summary>The person can't arrange this for others.</summary>
    public sealed record Forbidden : SubstitutionResult;

    /// <summary>The person is represented in a part of that time already.</summary>
    public sealed record Overlaps(Substitution With) : SubstitutionResult;
}

/// <summary>
/// Out of office: arranging, listing and ending substitutions. Each change is in the history of the absent person, whose chain is also the lock.
/// </summary>
public sealed class Substitutions(NpgsqlDataSource database, IClock clock)
{
    private static readonly Duration Longest = Duration.FromDays(366);

    private const string Select = """
        select s.id, p.user_name, p.display_name, u.user_name, u.display_name, s.from_at, s.until_at, s.reason, s.created_by
        from substitution s join person p on p.id = s.person_id join person u on u.id = s.substitute_id
        where s.ended_at is null and s.until_at > $1
        """;

    /// <summary>Current and planned substitutions: a person's own and those in which they are the substitute, or all.</summary>
    /// <param name="of">Whose; null: all.</param>
    public async Task<IReadOnlyList<Substitution>> ListAsync(Person? of, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"{Select} and ($2::uuid is null or $2 in (s.person_id, s.substitute_id)) order by s.from_at, s.id limit 500",
            clock.Now(),
            of?.Id
        );
        return await ReadAsync(query, cancel);
    }

    /// <summary>Arranges one.</summary>
    /// <param name="person">User name of the absent person.</param>
    /// <param name="substitute">User name of the substitute.</param>
    /// <param name="from">From when; the past counts as now.</param>
    /// <param name="until">Until when, exclusive; within a year.</param>
    /// <param name="reason">Why; optional.</param>
    /// <param name="actor">The person, or a supervisor or administrator, or the lead of a team they work in.</param>
    public async Task<SubstitutionResult> ArrangeAsync(
        string? person,
        string? substitute,
        Instant? from,
        Instant? until,
        string? reason,
        Person actor,
        CancellationToken cancel = default
    )
    {
        var now = clock.Now();
        var begin = Instant.Max(from ?? now, now).Truncated();
        if (until is not { } end || end <= begin)
            return new SubstitutionResult.Invalid("until", "Must be after the start, and in the future.");
        if (end > now + Longest)
            return new SubstitutionResult.Invalid("until", "Must be within a year.");
        if (reason?.Length > 500)
            return new SubstitutionResult.Invalid("reason", "The reason is longer than 500 characters.");
        var people = await PeopleAsync([person ?? actor.UserName, substitute ?? ""], cancel);
        if (!people.TryGetValue((person ?? actor.UserName).ToLowerInvariant(), out var away))
            return new SubstitutionResult.Invalid("person", "No person has this user name.");
        if (away != actor.Id && !await TeamQueries.SteersPersonAsync(database, actor, away, cancel))
            return new SubstitutionResult.Forbidden();
        if (!people.TryGetValue((substitute ?? "").ToLowerInvariant(), out var standIn))
            return new SubstitutionResult.Invalid("substitute", "No active person has this user name.");
        if (standIn == away)
            return new SubstitutionResult.Invalid("substitute", "Must be another person.");

        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, away, actor.UserName, now, cancel);
        await using (var check = new NpgsqlCommand($"{Select} and s.person_id = $2 and s.from_at < $4 and s.until_at > $3 limit 1", connection))
        {
            foreach (var value in (object[])[now.ToDateTimeUtc(), away, begin.ToDateTimeUtc(), end.ToDateTimeUtc()])
                check.Parameters.Add(new() { Value = value });
            if (await ReadAsync(check, cancel) is [var other])
                return new SubstitutionResult.Overlaps(other);
        }

        // A substitute who is being deactivated right now is one no longer.
        await using (var present = connection.CreateBatch())
        {
            present.Add("select active from person where id = $1 for share", standIn);
            if (await present.ExecuteScalarAsync(cancel) is not true)
                return new SubstitutionResult.Invalid("substitute", "No active person has this user name.");
        }

        var id = Ids.New(now);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            insert into substitution (id, person_id, substitute_id, from_at, until_at, reason, created_by, created_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            id,
            away,
            standIn,
            begin,
            end.Truncated(),
            reason ?? "",
            actor.UserName,
            now
        );
        history.Add(
            "person.away",
            new
            {
                substitution = Ids.Text(id),
                substitute,
                from = begin.ToString(),
                until = end.ToString(),
                reason,
            }
        );
        history.WriteTo(batch);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new SubstitutionResult.Arranged(id);
    }

    /// <summary>
    /// Ends a substitution early. The substitute keeps the tasks they own by then. False if it doesn't exist, or the person can't end it.
    /// </summary>
    public async Task<bool> EndAsync(Guid id, Person actor, CancellationToken cancel = default)
    {
        var now = clock.Now();
        if (await PersonOfAsync(id, now, cancel) is not { } away || (away != actor.Id && !await TeamQueries.SteersPersonAsync(database, actor, away, cancel)))
            return false;
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, away, actor.UserName, now, cancel);
        await using var change = new NpgsqlBatch(connection);
        change.Add("update substitution set ended_at = $2 where id = $1 and ended_at is null and until_at > $2", id, now);
        if (await change.ExecuteNonQueryAsync(cancel) == 0)
            return false;
        await using var batch = new NpgsqlBatch(connection);
        history.Add("person.back", new { substitution = Ids.Text(id) });
        history.WriteTo(batch);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return true;
    }

    private async Task<Guid?> PersonOfAsync(Guid id, Instant now, CancellationToken cancel)
    {
        await using var query = database.Query("select person_id from substitution where id = $1 and ended_at is null and until_at > $2", id, now);
        return (Guid?)await query.ExecuteScalarAsync(cancel);
    }

    private async Task<Dictionary<string, Guid>> PeopleAsync(string[] userNames, CancellationToken cancel)
    {
        await using var query = database.Query(
            "select lower(user_name), id from person where active and lower(user_name) = any($1)",
            (object)userNames.Select(n => n.ToLowerInvariant()).ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var people = new Dictionary<string, Guid>();
        while (await r.ReadAsync(cancel))
            people[r.GetString(0)] = r.GetGuid(1);
        return people;
    }

    private static async Task<IReadOnlyList<Substitution>> ReadAsync(NpgsqlCommand query, CancellationToken cancel)
    {
        await using var r = await query.ExecuteReaderAsync(cancel);
        var found = new List<Substitution>();
        while (await r.ReadAsync(cancel))
            found.Add(
                new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetString(4), r.Instant(5), r.Instant(6), r.GetString(7), r.GetString(8))
            );
        return found;
    }
}
