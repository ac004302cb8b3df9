using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>
/// Ends a session: its cookie, access tokens and refresh tokens are refused from now on, on other hosts within <see cref="FindPerson.Freshness"/>.
/// </summary>
public sealed class SignOut(NpgsqlDataSource database, FindPerson people)
{
    /// <param name="person">Whose session.</param>
    /// <param name="session">Which.</param>
    /// <param name="expires">When the last of its tickets expires.</param>
    public async Task EndAsync(Person person, Guid session, Instant expires, Instant now, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person.Id, person.UserName, now, cancel);
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("insert into ended_session (id, person_id, expires_at) values ($1, $2, $3) on conflict do nothing", session, person.Id, expires);
        history.Add("person.signed-out");
        history.WriteTo(batch);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        people.Forget(person.Id);
    }
}
