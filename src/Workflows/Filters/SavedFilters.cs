using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Filters;

/// <summary>A filter and order of a list that a person keeps under a name.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What they call it; unique among those of the list.</param>
/// <param name="Query">The query of the list's address, with its question mark.</param>
public sealed record SavedFilter(Guid Id, string Name, string Query);

/// <summary>The filters that people keep. Each person sees their own only.</summary>
public static class SavedFilters
{
    /// <summary>Longest name.</summary>
    public const int MaxName = 60;

    /// <summary>Longest query.</summary>
    public const int MaxQuery = 1000;

    /// <summary>Most filters of a list.</summary>
    public const int Most = 20;

    /// <summary>Those of a list, by name.</summary>
    public static async Task<IReadOnlyList<SavedFilter>> ListAsync(NpgsqlDataSource database, Person person, string list, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            "select id, name, query from saved_filter where person_id = $1 and list = $2 order by lower(name), id",
            person.Id,
            list
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var filters = new List<SavedFilter>();
        while (await r.ReadAsync(cancel))
            filters.Add(new(r.GetGuid(0), r.GetString(1), r.GetString(2)));
        return filters;
    }

    /// <summary>Keeps a filter; one of the same name is replaced. False if there are <see cref="Most"/> others already.</summary>
    public static async Task<bool> SaveAsync(
        NpgsqlDataSource database,
        Person person,
        string list,
        string name,
        string query,
        Instant now,
        CancellationToken cancel = default
    )
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);

        // The lock also puts two pages that save at the same time in order.
        var history = await PersonHistory.LockAsync(connection, person.Id, person.UserName, now, cancel);
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(
            """
            insert into saved_filter (id, person_id, list, name, query)
            select $1, $2, $3, $4, $5 where (select count(*) from saved_filter where person_id = $2 and list = $3 and name <> $4) < $6
            on conflict (person_id, list, name) do update set query = excluded.query
            """,
            Ids.New(now),
            person.Id,
            list,
            name,
            query,
            Most
        );
        if (await batch.ExecuteNonQueryAsync(cancel) == 0)
            return false;
        await WriteAsync(connection, history, "person.filter-saved", new { list, name }, cancel);
        await transaction.CommitAsync(cancel);
        return true;
    }

    /// <summary>Removes a filter of the person. Does nothing if it isn't theirs.</summary>
    public static async Task RemoveAsync(NpgsqlDataSource database, Person person, Guid id, Instant now, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person.Id, person.UserName, now, cancel);
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("delete from saved_filter where id = $1 and person_id = $2 returning list, name", id, person.Id);
        string list,
            name;
        await using (var r = await batch.ExecuteReaderAsync(cancel))
        {
            if (!await r.ReadAsync(cancel))
                return;
            (list, name) = (r.GetString(0), r.GetString(1));
        }

        await WriteAsync(connection, history, "person.filter-removed", new { list, name }, cancel);
        await transaction.CommitAsync(cancel);
    }

    private static async Task WriteAsync(NpgsqlConnection connection, PersonHistory history, string action, object payload, CancellationToken cancel)
    {
        await using var batch = new NpgsqlBatch(connection);
        history.Add(action, payload);
        history.WriteTo(batch);
        await batch.ExecuteNonQueryAsync(cancel);
    }
}
