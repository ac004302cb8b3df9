using Npgsql;

namespace Orchestration.Engine.Storage;

/// <summary>
/// The two roles in the database: the owner of the tables changes the schema, the application's role works with the data and can only read and add to
/// history. What the latter may do is in <c>grant_application</c>.
/// </summary>
public static class DatabaseRoles
{
    private const string RoleExists = "42710";

    /// <summary>Whether the role of these connections can change the schema.</summary>
    public static async Task<bool> CanMigrateAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var query = database.Query("select coalesce(has_schema_privilege('public', 'create'), false)");
        return (bool)(await query.ExecuteScalarAsync(cancel))!;
    }

    /// <summary>
    /// Gives the application's role what it needs, and takes away all else. Makes the role, with the password of the connection string, if the server
    /// doesn't have it. Does nothing if it is the owner itself. Any number of hosts can do so concurrently.
    /// </summary>
    /// <param name="owner">Connections of the owner of the tables, whose schema is up to date.</param>
    /// <param name="application">Connection string of the application.</param>
    /// <exception cref="MigrationException">The connection string names no role, or the role can't be made.</exception>
    public static async Task GrantAsync(NpgsqlDataSource owner, string application, CancellationToken cancel = default)
    {
        var settings = new NpgsqlConnectionStringBuilder(application);
        if (settings.Username is not { Length: > 0 } role)
            throw new MigrationException("The application's connection string must name its role (Username).");

        await using var alone = await SchemaLock.TakeAsync(owner, cancel);
        await using var find = owner.Query(
            "select current_user = $1, exists (select from pg_roles where rolname = $1), format('create role %I login password %L', $1, $2)",
            role,
            settings.Password
        );
        bool isOwner,
            exists;
        string create;
        await using (var reader = await find.ExecuteReaderAsync(cancel))
        {
            await reader.ReadAsync(cancel);
            (isOwner, exists, create) = (reader.GetBoolean(0), reader.GetBoolean(1), reader.GetString(2));
        }

        if (isOwner)
            return;
        if (!exists)
            await CreateAsync(owner, role, create, cancel);
        await using var connection = await owner.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add("select protect_history()");
        batch.Add("select grant_application($1)", role);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
    }

    /// <summary>What the role of these connections can do that the application doesn't need, as the end of a sentence; null: nothing.</summary>
    public static async Task<string?> ExcessAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select current_user::text, concat_ws(', ',
                (select 'is a superuser' from pg_roles where rolname = current_user and rolsuper),
                (select 'can create roles' from pg_roles where rolname = current_user and rolcreaterole),
                (select 'can create databases' from pg_roles where rolname = current_user and rolcreatedb),
                (select 'owns the tables of history' from pg_class where oid = 'event'::regclass and pg_has_role(relowner, 'member')),
                (select 'can change tables' where has_schema_privilege('public', 'create')),
                (select 'can change history' from history_tables() t
                    where has_table_privilege(t, 'update') or has_table_privilege(t, 'delete') or has_table_privilege(t, 'truncate') limit 1))
            """
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        await reader.ReadAsync(cancel);
        return reader.GetString(1) is { Length: > 0 } excess ? $"{reader.GetString(0)} {excess}" : null;
    }

    private static async Task CreateAsync(NpgsqlDataSource owner, string role, string sql, CancellationToken cancel)
    {
        try
        {
            await using var create = owner.CreateCommand(sql);
            await create.ExecuteNonQueryAsync(cancel);
        }
        catch (PostgresException e) when (e.SqlState is RoleExists or PostgresErrorCodes.UniqueViolation)
        {
            // Roles belong to the server: a host of another database was first.
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new MigrationException($"The database role {role} doesn't exist, and the owner can't create it. Create it with a login and a password.", e);
        }
    }
}
