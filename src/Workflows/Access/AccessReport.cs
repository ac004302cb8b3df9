using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Workflows.Access;

/// <summary>Why a person may do something.</summary>
/// <param name="Permission">Its key.</param>
/// <param name="By">Titles of the roles that give it.</param>
public sealed record Grant(string Permission, IReadOnlyList<string> By);

/// <summary>What a person may do, whatever their teams.</summary>
/// <param name="Id">Who.</param>
/// <param name="UserName">Their user name.</param>
/// <param name="DisplayName">Their name.</param>
/// <param name="Roles">Titles of their roles.</param>
/// <param name="Grants">What they may do, in the order of <see cref="Permissions.All"/>.</param>
/// <param name="Conflicts">Rules of <see cref="DutyRule"/> that they break.</param>
public sealed record PersonAccessRow(
    Guid Id,
    string UserName,
    string DisplayName,
    IReadOnlyList<string> Roles,
    IReadOnlyList<Grant> Grants,
    IReadOnlyList<DutyRule> Conflicts
)
{
    /// <summary>What gives them the permission; null: nothing does.</summary>
    public Grant? Of(string permission) => Grants.FirstOrDefault(grant => grant.Permission == permission);
}

/// <summary>Which people a report has.</summary>
/// <param name="Search">Part of a name or user name; null: all.</param>
/// <param name="Permission">Who may do this; null: all.</param>
/// <param name="Role">Key of a role they have; null: all.</param>
/// <param name="OnlyConflicts">Only those who break a rule.</param>
public sealed record RightsFilter(string? Search = null, string? Permission = null, string? Role = null, bool OnlyConflicts = false);

/// <summary>Who can do what: active people, what they may do, by which role, and which duties should be apart.</summary>
public static class AccessReport
{
    /// <summary>Active people by name.</summary>
    public static async Task<IReadOnlyList<PersonAccessRow>> ReadAsync(NpgsqlDataSource database, RightsFilter filter, CancellationToken cancel = default)
    {
        var roles = (await CustomRoles.ListAsync(database, cancel)).ToDictionary(role => role.Key);
        await using var query = database.Query(
            """
            select id, user_name, display_name, roles from person
            where active and ($1 = '' or strpos(lower(display_name || ' ' || user_name), lower($1)) > 0) and ($2::text is null or $2 = any(roles))
            order by lower(display_name), id
            """,
            filter.Search?.Replace("\0", "").Trim() ?? "",
            filter.Role
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var rows = new List<PersonAccessRow>();
        while (await r.ReadAsync(cancel))
        {
            var own = r.GetFieldValue<string[]>(3).Select(roles.GetValueOrDefault).OfType<RoleDetails>().ToList();
            var grants = Permissions
                .All.Select(permission => new Grant(
                    permission.Key,
                    [.. own.Where(role => role.Permissions.Contains(permission.Key)).Select(role => role.Title)]
                ))
                .Where(grant => grant.By.Count > 0)
                .ToList();
            var conflicts = DutyRule.BrokenBy(grants.Select(grant => grant.Permission).ToHashSet()).ToList();
            if ((filter.Permission is null || grants.Exists(grant => grant.Permission == filter.Permission)) && (!filter.OnlyConflicts || conflicts.Count > 0))
                rows.Add(new(r.GetGuid(0), r.GetString(1), r.GetString(2), [.. own.Select(role => role.Title)], grants, conflicts));
        }

        return rows;
    }
}
