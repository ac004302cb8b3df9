using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>A person as administrators see them.</summary>
public sealed record PersonRow(
    Guid Id,
    string UserName,
    string DisplayName,
    string? Email,
    IReadOnlyList<string> Roles,
    IReadOnlyList<string> Teams,
    IReadOnlyList<string> Skills,
    bool Active,
    Instant? LockedUntil
);

/// <summary>All people, by display name.</summary>
public sealed class ListPeople(NpgsqlDataSource database)
{
    /// <param name="search">Part of a name, user name or address; null: all.</param>
    /// <param name="now">Now: a lockout that is over is not shown.</param>
    public async Task<IReadOnlyList<PersonRow>> ReadAsync(string? search, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select p.id, p.user_name, p.display_name, p.email, p.roles,
                   array(select t.title from team t left join team_member m on m.team_key = t.key and m.person_id = p.id where m.person_id is not null
                       or t.lead_id = p.id order by t.title),
                   array(select skill from person_skill where person_id = p.id order by skill),
                   p.active, case when p.locked_until > $2 then p.locked_until end
            from person p
            where $1 = '' or strpos(lower(concat_ws(' ', p.display_name, p.user_name, p.email)), lower($1)) > 0
            order by lower(p.display_name), p.id
            """,
            search?.Replace("\0", "") ?? "",
            now
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var rows = new List<PersonRow>();
        while (await reader.ReadAsync(cancel))
        {
            rows.Add(
                new(
                    reader.GetGuid(0),
                    reader.GetString(1),
                    reader.GetString(2),
                    reader.Text(3),
                    reader.GetFieldValue<string[]>(4),
                    reader.GetFieldValue<string[]>(5),
                    reader.GetFieldValue<string[]>(6),
                    reader.GetBoolean(7),
                    reader.InstantOrNull(8)
                )
            );
        }

        return rows;
    }
}
