using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>How signing in went.</summary>
public abstract record SignInAnswer
{
    private SignInAnswer() { }

    /// <summary>The name, the password or the code is wrong, or the person has to wait. It doesn't say which.</summary>
    public sealed record Refused : SignInAnswer;

    /// <summary>A session began.</summary>
    /// <param name="Person">Whose.</param>
    /// <param name="Stamp">Their stamp.</param>
    /// <param name="Session">Its ID.</param>
    public sealed record SignedIn(Guid Person, Guid Stamp, Guid Session) : SignInAnswer;

    /// <summary>The password is right; a code of the person's app is needed too.</summary>
    public sealed record CodeNeeded(Guid Person, Guid Stamp) : SignInAnswer;

    /// <summary>The password is right; the person has to set up an app first, because their roles need it.</summary>
    public sealed record SetUpNeeded(Guid Person, Guid Stamp) : SignInAnswer;
}

/// <summary>
/// Checks a password, and a code where one is needed. The answer is the same whether the person is unknown, inactive or slowed down, or the password is
/// wrong, and takes comparably long.
/// Failures are counted in the database, so that they count on every host: by person and address, so that a stranger's guesses slow down the stranger and not
/// the person; and over all addresses from which the person has never signed in, so that many strangers get no further than one.
/// </summary>
public sealed class SignIn(NpgsqlDataSource database, SecondFactors factors)
{
    /// <summary>Failures in a row after which an address has to wait.</summary>
    public const int FailuresAllowed = 5;

    /// <summary>Failures from unknown addresses after which all of these have to wait.</summary>
    public const int StrangersFailuresAllowed = 50;

    /// <summary>How long it has to wait first; doubled with every further failure, up to <see cref="LongestLockout"/>.</summary>
    public static readonly Duration Lockout = Duration.FromMinutes(5);

    /// <summary>Longest wait of an address.</summary>
    public static readonly Duration LongestLockout = Duration.FromHours(1);

    /// <summary>How long an address is known after it was last used.</summary>
    private static readonly Duration Known = Duration.FromDays(90);

    /// <summary>
    /// SQL: until when a row of <c>person</c> named <c>p</c> can't sign in from at least one address; null if they can from everywhere.
    /// </summary>
    /// <param name="now">SQL of now.</param>
    internal static string LockedUntil(string now) =>
        $"""
            (select max(l.until) from (select p.locked_until until union all select o.blocked_until from sign_in_origin o where o.person_id = p.id) l
                where l.until > {now})
            """;

    /// <summary>Signs in with a password.</summary>
    /// <param name="userName">User name, in any case.</param>
    /// <param name="password">Password.</param>
    /// <param name="code">Code of their app, or a recovery code; null: none was given yet.</param>
    /// <param name="from">From where.</param>
    /// <returns>SignedIn, Refused, CodeNeeded or SetUpNeeded.</returns>
    public async Task<SignInAnswer> TryAsync(string userName, string password, string? code, SignInFrom from, Instant now, CancellationToken cancel = default)
    {
        // No name has a NUL, and the database would not even take the question.
        var (id, name, hash) = userName.Contains('\0') ? default : await FindHashAsync(userName, cancel);

        // Outside the transaction: it takes tens of milliseconds by design.
        var right = Passwords.Verify(hash, password);
        return id is null || name is null || hash is null
            ? new SignInAnswer.Refused()
            : await AttemptAsync(id.Value, name, hash, null, right, code, from, now, cancel);
    }

    /// <summary>Signs in with a code, after the password was right.</summary>
    /// <param name="person">Who.</param>
    /// <param name="stamp">Their stamp when the password was right.</param>
    /// <param name="code">Code of their app, or a recovery code.</param>
    /// <param name="from">From where.</param>
    /// <returns>SignedIn or Refused.</returns>
    public async Task<SignInAnswer> FinishAsync(Guid person, Guid stamp, string code, SignInFrom from, Instant now, CancellationToken cancel = default) =>
        await NameAsync(person, cancel) is { } name ? await AttemptAsync(person, name, null, stamp, true, code, from, now, cancel) : new SignInAnswer.Refused();

    /// <summary>Signs in someone whose identity is proven: by an identity provider, or because they have just set up their app.</summary>
    /// <param name="person">Who.</param>
    /// <param name="stamp">Their stamp when that was proven; null: whatever it is.</param>
    /// <param name="method">Name of the provider, or <c>code</c>.</param>
    /// <param name="from">From where.</param>
    /// <returns>SignedIn or Refused.</returns>
    public async Task<SignInAnswer> BeginAsync(Guid person, Guid? stamp, string method, SignInFrom from, Instant now, CancellationToken cancel = default)
    {
        if (await NameAsync(person, cancel) is not { } name)
            return new SignInAnswer.Refused();
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person, name, now, cancel);
        await using var read = connection.CreateBatch();
        read.Add("select security_stamp from person where id = $1 and active and ($2::uuid is null or security_stamp = $2) for update", person, stamp);
        if (await read.ExecuteScalarAsync(cancel) is not Guid current)
            return new SignInAnswer.Refused();
        await using var write = connection.CreateBatch();
        var session = Succeed(write, history, person, current, method, from, now);
        history.WriteTo(write);
        await write.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new SignInAnswer.SignedIn(person, current, session);
    }

    private async Task<SignInAnswer> AttemptAsync(
        Guid id,
        string name,
        string? hash,
        Guid? stamp,
        bool right,
        string? code,
        SignInFrom from,
        Instant now,
        CancellationToken cancel
    )
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, id, name, now, cancel);

        // Read under the lock: of many guesses at once, only as many count as are allowed. Further attempts are not even counted, so that history does not grow
        // with an attack. A hash that changed in the meantime was not the one compared.
        await using var read = new NpgsqlBatch(connection);
        read.Add(
            """
            select p.security_stamp, coalesce(o.failures, 0), o.succeeded_at is not null, p.failed_sign_ins, p.roles, f.secret, coalesce(f.used_step, 0)
            from person p left join sign_in_origin o on o.person_id = p.id and o.origin = $5 left join second_factor f on f.person_id = p.id
            where p.id = $1 and p.active and ($2::text is null or p.password_hash = $2) and ($3::uuid is null or p.security_stamp = $3)
                and (o.blocked_until is null or o.blocked_until <= $4)
                and (o.succeeded_at is not null or p.locked_until is null or p.locked_until <= $4)
            for update of p
            """,
            id,
            hash,
            stamp,
            now,
            from.Origin
        );
        Attempt attempt;
        await using (var r = await read.ExecuteReaderAsync(cancel))
        {
            if (!await r.ReadAsync(cancel))
                return new SignInAnswer.Refused();
            attempt = new(r.GetGuid(0), r.GetInt32(1), r.GetBoolean(2), r.GetInt32(3), r.GetFieldValue<string[]>(4), r.Text(5), r.GetInt64(6));
        }

        // Nothing is written before the code: a password that is right must not forget the codes that were wrong.
        if (right && attempt.Secret is not null && code is null)
            return new SignInAnswer.CodeNeeded(id, attempt.Stamp);
        if (right && attempt.Secret is null && factors.IsRequiredFor(attempt.Roles))
            return new SignInAnswer.SetUpNeeded(id, attempt.Stamp);
        var method =
            !right ? null
            : attempt.Secret is null ? "password"
            : await factors.UseAsync(connection, id, attempt.Secret, attempt.UsedStep, code!, now, cancel);
        await using var write = new NpgsqlBatch(connection);
        SignInAnswer result = new SignInAnswer.Refused();
        if (method is not null)
            result = new SignInAnswer.SignedIn(id, attempt.Stamp, Succeed(write, history, id, attempt.Stamp, method, from, now));
        else
            Fail(write, history, id, attempt, right, from.Origin, now);
        history.WriteTo(write);
        await write.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return result;
    }

    /// <summary>Records a success: failures are forgotten, and the session begins.</summary>
    private static Guid Succeed(NpgsqlBatch write, PersonHistory history, Guid id, Guid stamp, string method, SignInFrom from, Instant now)
    {
        var session = Ids.New(now);
        history.Add("person.signed-in", new { method, from.Origin });
        write.Add(
            """
            insert into sign_in_origin (person_id, origin, failures, succeeded_at, changed_at) values ($1, $2, 0, $3, $3)
            on conflict (person_id, origin) do update set failures = 0, blocked_until = null, succeeded_at = $3, changed_at = $3
            """,
            id,
            from.Origin,
            now
        );
        write.Add("delete from ended_session where expires_at <= $1", now);
        write.Add("delete from refresh_session where expires_at <= $1", now);
        PersonSessions.Start(write, session, id, stamp, method, from, now);
        return session;
    }

    /// <summary>Counts a failure of a password or a code.</summary>
    private static void Fail(NpgsqlBatch write, PersonHistory history, Guid id, Attempt attempt, bool passwordWasRight, string origin, Instant now)
    {
        var failures = attempt.Failures + 1;
        Instant? until = failures < FailuresAllowed ? null : now + Wait(failures);
        history.Add(
            until is null ? "person.sign-in-failed" : "person.locked-out",
            new
            {
                failures,
                until = until?.ToString(),
                origin,
                wrong = passwordWasRight ? "code" : "password",
            }
        );
        write.Add(
            """
            insert into sign_in_origin (person_id, origin, failures, blocked_until, changed_at) values ($1, $2, $3, $4, $5)
            on conflict (person_id, origin) do update set failures = $3, blocked_until = $4, changed_at = $5
            """,
            id,
            origin,
            failures,
            until,
            now
        );
        if (!attempt.IsKnown && attempt.Strangers + 1 < StrangersFailuresAllowed)
            write.Add("update person set failed_sign_ins = $2 where id = $1", id, attempt.Strangers + 1);
        else if (!attempt.IsKnown)
            write.Add("update person set failed_sign_ins = 0, locked_until = $2 where id = $1", id, now + Lockout);
    }

    /// <summary>Forgets failures of yesterday and addresses that were not used for long.</summary>
    internal static async Task<int> PurgeAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel)
    {
        await using var delete = database.Query(
            "delete from sign_in_origin where changed_at < $1 and (succeeded_at is null or changed_at < $2)",
            now - Duration.FromDays(1),
            now - Known
        );
        return await delete.ExecuteNonQueryAsync(cancel);
    }

    private static Duration Wait(int failures) => Duration.Min(LongestLockout, Lockout * Math.Pow(2, Math.Min(failures - FailuresAllowed, 10)));

    private async Task<string?> NameAsync(Guid person, CancellationToken cancel)
    {
        await using var query = database.Query("select user_name from person where id = $1", person);
        return (string?)await query.ExecuteScalarAsync(cancel);
    }

    private async Task<(Guid? Id, string? UserName, string? Hash)> FindHashAsync(string userName, CancellationToken cancel)
    {
        await using var query = database.Query("select id, user_name, password_hash from person where lower(user_name) = lower($1) and active", userName);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? (reader.GetGuid(0), reader.GetString(1), reader.Text(2)) : (null, null, null);
    }

    private sealed record Attempt(Guid Stamp, int Failures, bool IsKnown, int Strangers, string[] Roles, string? Secret, long UsedStep);
}
