using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>
/// Exchanges refresh tokens. Each is single-use. A reused token was copied, and since it is unknown who is the thief, the session ends for both (RFC 9700,
/// 4.14.2). Two windows that ask at the same moment, or a client that never got its answer, are not thieves: for <see cref="Grace"/> the token before the
/// newest brings the newest again.
/// </summary>
public sealed class RefreshSession(NpgsqlDataSource database, FindPerson people)
{
    /// <summary>How long the token before the newest is forgiven.</summary>
    public static readonly Duration Grace = Duration.FromSeconds(30);

    /// <summary>The number of the token to give out, or null: the session has ended, perhaps just now.</summary>
    /// <param name="person">Whose session.</param>
    /// <param name="session">Which.</param>
    /// <param name="number">Number of the token that is exchanged; the first of a session has 0.</param>
    /// <param name="expires">When the new token expires.</param>
    public async Task<int?> TryAsync(Person person, Guid session, int number, Instant expires, Instant now, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);

        // Its lock puts exchanges of the session in order, and ends of it.
        var history = await PersonHistory.LockAsync(connection, person.Id, person.UserName, now, cancel);
        await using var read = new NpgsqlBatch(connection);
        read.Add(
            "select number, renewed_at, exists (select from ended_session where id = $1) from (select $1::uuid as id) s left join refresh_session using (id)",
            session
        );
        int newest;
        Instant renewed;
        await using (var reader = await read.ExecuteReaderAsync(cancel))
        {
            await reader.ReadAsync(cancel);
            if (reader.GetBoolean(2))
                return null;
            (newest, renewed) = reader.IsDBNull(0) ? (0, now) : (reader.GetInt32(0), reader.Instant(1));
        }

        if (number == newest - 1 && now - renewed <= Grace)
            return newest;

        await using var write = new NpgsqlBatch(connection);
        if (number == newest)
        {
            write.Add(
                """
                insert into refresh_session (id, person_id, number, renewed_at, expires_at) values ($1, $2, $3, $4, $5)
                on conflict (id) do update set number = excluded.number, renewed_at = excluded.renewed_at, expires_at = excluded.expires_at
                """,
                session,
                person.Id,
                newest + 1,
                now,
                expires
            );
        }
        else
        {
            write.Add("insert into ended_session (id, person_id, expires_at) values ($1, $2, $3)", session, person.Id, expires);
            history.Add("person.session-ended", new { reason = "A refresh token was used twice" });
            history.WriteTo(write);
        }

        await write.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        if (number == newest)
            return newest + 1;
        people.Forget(person.Id);
        return null;
    }
}
