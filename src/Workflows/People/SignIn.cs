using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>
/// Checks a password. The answer is the same whether the person is unknown, inactive or locked out, or the password is wrong, and takes comparably long. The
/// count of failures is in the database, so that a lockout holds on every host.
/// </summary>
public sealed class SignIn(NpgsqlDataSource database)
{
    /// <summary>Failures in a row after which a person is locked out.</summary>
    public const int FailuresAllowed = 5;

    /// <summary>How long a lockout lasts.</summary>
    public static readonly Duration Lockout = Duration.FromMinutes(5);

    /// <summary>The person's id and stamp, or null: refused.</summary>
    public async Task<(Guid Person, Guid Stamp)?> TryAsync(string userName, string password, Instant now, CancellationToken cancel = default)
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

        // Read under the lock: of many guesses at once, only as many count as the lockout allows. A locked-out person's further attempts are not even counted,
        // so that history does not grow with an attack. A hash that changed in the meantime was not the one compared.
        await using var read = new NpgsqlBatch(connection);
        read.Add(
            """
            select failed_sign_ins, security_stamp from person where id = $1 and active and password_hash = $2
                and (locked_until is null or locked_until <= $3) for update
            """,
            id,
            hash,
            now
        );
        int failures;
        Guid stamp;
        await using (var reader = await read.ExecuteReaderAsync(cancel))
        {
            if (!await reader.ReadAsync(cancel))
                return null;
            (failures, stamp) = (reader.GetInt32(0), reader.GetGuid(1));
        }

        await using var write = new NpgsqlBatch(connection);
        if (right)
        {
            history.Add("person.signed-in");
            write.Add("update person set failed_sign_ins = 0, locked_until = null where id = $1", id);
            write.Add("delete from ended_session where expires_at <= $1", now);
            write.Add("delete from refresh_session where expires_at <= $1", now);
        }
        else if (failures + 1 < FailuresAllowed)
        {
            history.Add("person.sign-in-failed", new { failures = failures + 1 });
            write.Add("update person set failed_sign_ins = $2, locked_until = null where id = $1", id, failures + 1);
        }
        else
        {
            history.Add("person.locked-out", new { until = (now + Lockout).ToString() });
            write.Add("update person set failed_sign_ins = 0, locked_until = $2 where id = $1", id, now + Lockout);
        }

        history.WriteTo(write);
        await write.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return right ? (id.Value, stamp) : null;
    }

    private async Task<(Guid? Id, string? UserName, string? Hash)> FindHashAsync(string userName, CancellationToken cancel)
    {
        await using var query = database.Query("select id, user_name, password_hash from person where lower(user_name) = lower($1) and active", userName);
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? (reader.GetGuid(0), reader.GetString(1), reader.Text(2)) : (null, null, null);
    }
}
