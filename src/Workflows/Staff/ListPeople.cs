using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Staff;

/// <summary>A person in a list.</summary>
public sealed record PersonRow(
    Guid Id,
    string UserName,
    string DisplayName,
    string? Email,
    IReadOnlyList<string> Roles,
    IReadOnlyList<string> Teams,
    IReadOnlyList<string> Leads,
    IReadOnlyList<string> Skills,
    bool Active,
    Instant? LockedUntil,
    bool HasPassword
);

/// <summary>Which people a list shows.</summary>
/// <param name="Search">Part of a name, user name or address; null: all.</param>
/// <param name="Role">Who have this role; null: all.</param>
/// <param name="Team">Key of a team they work in or lead; null: all.</param>
/// <param name="State">One of <see cref="States"/>; null: all.</param>
/// <param name="Page">Which page, from 1.</param>
/// <param name="Size">People on a page.</param>
public sealed record PeopleFilter(string? Search = null, string? Role = null, string? Team = null, string? State = null, int Page = 1, int Size = 50)
{
    /// <summary>Who can sign in, who is locked out, who has not chosen a password yet, and who was deactivated.</summary>
    public static readonly IReadOnlyList<string> States = ["active", "locked", "no-password", "deactivated"];
}

/// <summary>A page of people.</summary>
/// <param name="Items">People, by display name.</param>
/// <param name="Total">All that the filter lets through.</param>
/// <param name="Page">Which page this is, from 1.</param>
/// <param name="Pages">How many pages there are; at least 1.</param>
public sealed record PersonList(IReadOnlyList<PersonRow> Items, int Total, int Page, int Pages);

/// <summary>Lists people for administrators.</summary>
public static class ListPeople
{
    /// <summary>A page of them.</summary>
    public static async Task<PersonList> ReadAsync(NpgsqlDataSource database, PeopleFilter filter, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"""
            select p.id, p.user_name, p.display_name, p.email, p.roles,
                   array(select t.title from team t join team_member m on m.team_key = t.key and m.person_id = p.id order by t.title),
                   array(select t.title from team t where t.lead_id = p.id order by t.title),
                   array(select skill from person_skill where person_id = p.id order by skill),
                   p.active, {SignIn.LockedUntil("$2")}, p.password_hash is not null, p.total
            from (
                select p.*, count(*) over ()::int total from person p
                where ($1 = '' or strpos(lower(concat_ws(' ', p.display_name, p.user_name, p.email)), lower($1)) > 0)
                    and ($3::text is null or $3 = any(p.roles))
                    and ($4::text is null or exists (select from team_member m where m.team_key = $4 and m.person_id = p.id)
                        or exists (select from team t where t.key = $4 and t.lead_id = p.id))
                    and case $5::text when 'active' then p.active when 'deactivated' then not p.active
                        when 'locked' then p.active and {SignIn.LockedUntil("$2")} is not null
                        when 'no-password' then p.active and p.password_hash is null else true end
                order by lower(p.display_name), p.id
                offset $6 limit $7) p
            order by lower(p.display_name), p.id
            """,
            filter.Search?.Replace("\0", "").Trim() ?? "",
            now,
            filter.Role,
            filter.Team,
            filter.State,
            (filter.Page - 1) * filter.Size,
            filter.Size
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var rows = new List<PersonRow>();
        var total = 0;
        while (await reader.ReadAsync(cancel))
        {
            total = reader.GetInt32(11);
            rows.Add(
                new(
                    reader.GetGuid(0),
                    reader.GetString(1),
                    reader.GetString(2),
                    reader.Text(3),
                    reader.GetFieldValue<string[]>(4),
                    reader.GetFieldValue<string[]>(5),
                    reader.GetFieldValue<string[]>(6),
                    reader.GetFieldValue<string[]>(7),
                    reader.GetBoolean(8),
                    reader.InstantOrNull(9),
                    reader.GetBoolean(10)
                )
            );
        }

        // Beyond the last page, after people were removed from the list, it starts again.
        return rows.Count == 0 && filter.Page > 1
            ? await ReadAsync(database, filter with { Page = 1 }, now, cancel)
            : new(rows, total, filter.Page, Math.Max(1, (total + filter.Size - 1) / filter.Size));
    }
}
