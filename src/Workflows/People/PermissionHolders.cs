using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>Who has a permission, by a shipped role or one that administrators composed.</summary>
public static class PermissionHolders
{
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
