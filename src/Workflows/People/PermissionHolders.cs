using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>Who has a permission, by a shipped role or one that administrators composed.</summary>
public static class PermissionHolders
{
    /// <summary>SQL that is true for a row of <c>person</c> who has a permission.</summary>
    /// <param name="alias">Alias of the row.</param>
    /// <param name="permission">One of <see cref="Permissions"/>.</param>
    internal static string Has(string alias, string permission)
    {
        var roles = Roles.All.Where(role => Permissions.Of(role).Contains(permission)).Select(role => $"'{role}'");
        return $"""
            ({alias}.roles && array[{string.Join(", ", roles)}]::text[]
                or exists (select from custom_role c where c.key = any({alias}.roles) and '{permission}' = any(c.permissions)))
            """;
    }

    /// <summary>
    /// Whether someone works in the front office: they keep customers and see every case, by whatever roles. Those who steer the teams may do that too; it
    /// isn't their work unless they have the role.
    /// </summary>
    public static bool IsFrontOffice(Person person) =>
        person.Is(Roles.FrontOffice) || person.May(Permissions.KeepCustomers) && person.May(Permissions.SeeAllWork) && !person.May(Permissions.SteerTeams);

    /// <summary>SQL of <see cref="IsFrontOffice(Person)"/> for a row of <c>person</c>.</summary>
    internal static string FrontOffice(string alias) =>
        $"""
            ('{Roles.FrontOffice}' = any({alias}.roles) or {Has(alias, Permissions.KeepCustomers)}
                and {Has(alias, Permissions.SeeAllWork)} and not {Has(alias, Permissions.SteerTeams)})
            """;

    /// <summary>The ids of active people, in the transaction of the connection.</summary>
    /// <param name="but">Someone to leave out.</param>
    public static async Task<IReadOnlyList<Guid>> ListAsync(
        NpgsqlConnection connection,
        string permission,
        Guid? but = null,
        CancellationToken cancel = default
    )
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select p.id from person p
            where p.active and p.id is distinct from $3
                and (p.roles && $1 or exists (select from custom_role c where c.key = any(p.roles) and $2 = any(c.permissions)))
            order by p.id
            """,
            Roles.All.Where(role => Permissions.Of(role).Contains(permission)).ToArray(),
            permission,
            but
        );
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        var ids = new List<Guid>();
        while (await reader.ReadAsync(cancel))
            ids.Add(reader.GetGuid(0));
        return ids;
    }
}
