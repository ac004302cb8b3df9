using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>
/// Checks a password. The answer is the same whether the person is unknown, inactive or slowed down, or the password is wrong, and takes comparably long.
/// Failures are counted in the database, so that they count on every host: by person and address, so that a stranger's guesses slow down the stranger and not
/// the person; and over all addresses from which the person has never signed in, so that many strangers get no further than one.
/// </summary>
public sealed class SignIn(NpgsqlDataSource database)
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

    /// <summary>The person's id and stamp, or null: refused.</summary>
    /// <param name="userName">User name, in any case.</param>
    /// <param name="password">Password.</param>
    /// <param name="now">Now.</param>
    /// <param name="origin">Address, or network, from which it is tried.</param>
    public async Task<(Guid Person, Guid Stamp)?> TryAsync(
        string userName,
        string password,
        Instant now,
        string origin = "",
        CancellationToken cancel = default
    )
    {
        // No name has a NUL, and the database would not even take the question.
        var (id, name, hash) = userName.Contains('\0') ? default : await FindHashAsync(userName, cancel);

        // Outside the transaction: it takes tens of milliseconds by design.
        var right = Passwords.Verify(hash, password);
        if (id is null || name is null)
            return null;

        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, id.Value, name, now, cancel);

        // Read under the lock: of many guesses at once, only as many count as are allowed. Further attempts are not even counted, so that history does not grow
        // with an attack. A hash that changed in the meantime was not the one compared.
        await using var read = new NpgsqlBatch(connection);
        read.Add(
            """
            select p.security_stamp, coalesce(o.failures, 0), o.succeeded_at is not null, p.failed_sign_ins from person p
                left join sign_in_origin o on o.person_id = p.id and o.origin = $4
            where p.id = $1 and p.active and p.password_hash = $2 and (o.blocked_until is null or o.blocked_until <= $3)
                and (o.succeeded_at is not null or p.locked_until is null or p.locked_until <= $3)
            for update of p
            """,
            id,
            hash,
            now,
            origin
        );
        Guid stamp;
        int failures;
        bool isKnown;
        int strangers;
        await using (var reader = await read.ExecuteReaderAsync(cancel))
        {
            if (!await reader.ReadAsync(cancel))
                return null;
            (stamp, failures, isKnown, strangers) = (reader.GetGuid(0), reader.GetInt32(1), reader.GetBoolean(2), reader.GetInt32(3));
        }

        await using var write = new NpgsqlBatch(connection);
        if (right)
        {
            history.Add("person.signed-in");
            write.Add(
                """
                insert into sign_in_origin (person_id, origin, failures, succeeded_at, changed_at) values ($1, $2, 0, $3, $3)
                on conflict (person_id, origin) do update set failures = 0, blocked_until = null, succeeded_at = $3, changed_at = $3
                """,
                id,
                origin,
                now
            );
            write.Add("delete from ended_session where expires_at <= $1", now);
            write.Add("delete from refresh_session where expires_at <= $1", now);
        }
        else
        {
            failures++;
            Instant? until = failures < FailuresAllowed ? null : now + Wait(failures);
            history.Add(
                until is null ? "person.sign-in-failed" : "person.locked-out",
                new
                {
                    failures,
                    until = until?.ToString(),
                    origin,
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
            if (!isKnown && strangers + 1 < StrangersFailuresAllowed)
                write.Add("update person set failed_sign_ins = $2 where id = $1", id, strangers + 1);
            else if (!isKnown)
                write.Add("update person set failed_sign_ins = 0, locked_until = $2 where id = $1", id, now + Lockout);
        }

        history.WriteTo(write);
        await write.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return right ? (id.Value, stamp) : null;
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

    private async Task<(Guid? Id, string? UserName, string? Hash)> FindHashAsync(string userName, CancellationToken cancel)
    {
        await using var query = database.Query("select id, user_name, password_hash from person where lower(user_name) = lower($1) and active", userName);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? (reader.GetGuid(0), reader.GetString(1), reader.Text(2)) : (null, null, null);
    }
}
