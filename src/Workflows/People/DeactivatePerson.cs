using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>
/// Takes a person's access away: they can no longer sign in, and their sessions end, on other hosts within <see cref="FindPerson.Freshness"/>. The person
/// stays, because history and their finished work name them.
/// </summary>
public sealed class DeactivatePerson(NpgsqlDataSource database, FindPerson people, Changes changes)
{
    /// <returns>Whether there was an active person with this id.</returns>
    public async Task<bool> TryAsync(Guid person, string actor, Instant now, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person, actor, now, cancel);
        await using var change = new NpgsqlBatch(connection);
        change.Add("update person set active = false, security_stamp = gen_random_uuid(), updated_at = $2 where id = $1 and active", person, now);
        if (await change.ExecuteNonQueryAsync(cancel) == 0)
            return false;

        await using var batch = new NpgsqlBatch(connection);
        history.Add("person.deactivated");
        history.WriteTo(batch);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        people.Forget(person);
        changes.Publish([new(ChangeKind.Settings, person)]);
        return true;
    }
}
