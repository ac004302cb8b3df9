using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace Orchestration.Engine.Storage;

/// <summary>One numbered SQL file. Never changes once it is released.</summary>
/// <param name="Checksum">SHA-256 of the text with LF line ends, in lower-case hexadecimal digits.</param>
public sealed record Migration(int Number, string Name, string Sql, string Checksum);

/// <summary>The database and this program don't match; the message says which of the two to change.</summary>
public sealed class MigrationException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Brings a database to the schema of this program: every <c>Storage/Migrations/NNNN_name.sql</c> embedded in the given assemblies,
/// in the order of their numbers over all of them, each in a transaction of its own. There is no way back.
/// </summary>
public sealed partial class Migrator
{
    private const int OldestServer = 15;

    /// <summary>Reads the migrations of the assemblies.</summary>
    /// <exception cref="MigrationException">A file is misnamed or two have the same number.</exception>
    public Migrator(params IEnumerable<Assembly> assemblies)
        : this(assemblies.SelectMany(Embedded)) { }

    internal Migrator(IEnumerable<Migration> migrations)
    {
        Migrations = [.. migrations.OrderBy(migration => migration.Number)];
        if (Migrations.GroupBy(migration => migration.Number).FirstOrDefault(number => number.Count() > 1) is { } twice)
        {
            throw new MigrationException($"Migration {twice.Key:0000} exists twice: {string.Join(", ", twice.Select(migration => migration.Name))}.");
        }
    }

    /// <summary>All migrations of this program, by number.</summary>
    public IReadOnlyList<Migration> Migrations { get; }

    /// <summary>Applies missing migrations. Any number of hosts can do so concurrently: one works, the others wait and find it done.</summary>
    /// <returns>What this call applied, by number.</returns>
    /// <exception cref="MigrationException">The database is newer than this program, or a migration has changed since it was applied.
    /// Nothing was changed.</exception>
    public async Task<IReadOnlyList<Migration>> MigrateAsync(NpgsqlDataSource database, CancellationToken cancellation = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        if (connection.PostgreSqlVersion.Major < OldestServer)
        {
            throw new MigrationException($"The server is PostgreSQL {connection.PostgreSqlVersion}; {OldestServer} or newer is needed.");
        }

        await using var alone = await SchemaLock.TakeAsync(database, cancellation);
        var pending = Pending(await AppliedAsync(connection, cancellation));
        foreach (var migration in pending)
            await ApplyAsync(connection, migration, cancellation);
        return pending;
    }

    /// <summary>Checks that the database has exactly the migrations of this program, for a role that can't apply any.</summary>
    /// <exception cref="MigrationException">It doesn't.</exception>
    public async Task CheckAsync(NpgsqlDataSource database, CancellationToken cancellation = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var find = new NpgsqlCommand("select to_regclass('schema_migration') is not null", connection);
        var exists = (bool)(await find.ExecuteScalarAsync(cancellation))!;
        if (Pending(exists ? await ReadAppliedAsync(connection, cancellation) : []) is [var first, ..])
        {
            throw new MigrationException(
                $"The database lacks migration {first.Number:0000}_{first.Name}, and its role can't change tables. "
                    + "Run this program with the argument migrate and ConnectionStrings:Owner, or set ConnectionStrings:Owner for this host."
            );
        }
    }

    internal static Migration Read(string file, string text)
    {
        if (FileName().Match(file) is not { Success: true } name)
        {
            throw new MigrationException($"{file} is no name of a migration; it must be like 0042_add_task.sql.");
        }

        // A checkout may have changed the line endings.
        var sql = text.ReplaceLineEndings("\n");
        var checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));
        return new(int.Parse(name.Groups[1].ValueSpan, CultureInfo.InvariantCulture), name.Groups[2].Value, sql, checksum);
    }

    private static IEnumerable<Migration> Embedded(Assembly assembly)
    {
        const string folder = ".Storage.Migrations.";
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.Contains(folder, StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            yield return Read(resource[(resource.IndexOf(folder, StringComparison.Ordinal) + folder.Length)..], reader.ReadToEnd());
        }
    }

    private List<Migration> Pending(Dictionary<int, (string Name, string Checksum)> applied)
    {
        var newest = Migrations.Count == 0 ? 0 : Migrations[^1].Number;
        foreach (var (number, (name, checksum)) in applied.OrderBy(row => row.Key))
        {
            var known = Migrations.FirstOrDefault(migration => migration.Number == number);
            if (known is null)
            {
                throw new MigrationException(
                    number > newest
                        ? $"The database is newer than this program: it has migration {number:0000}_{name}, this program knows up to {newest:0000}. "
                            + "Start the newer program, or restore an older database."
                        : $"The database has migration {number:0000}_{name}, which this program does not know: another edition of it made the database."
                );
            }

            if (known.Checksum != checksum)
            {
                throw new MigrationException(
                    $"Migration {number:0000}_{known.Name} has changed since it was applied to this database. "
                        + "Restore the file and put the change into a new migration. If this is a development database that may be lost, "
                        + "drop it (an embedded one: delete the folder of Embedded:Directory) and start again."
                );
            }
        }

        var last = applied.Count == 0 ? 0 : applied.Keys.Max();
        var pending = Migrations.Where(migration => !applied.ContainsKey(migration.Number)).ToList();
        if (pending.FirstOrDefault(migration => migration.Number < last) is { } late)
        {
            throw new MigrationException(
                $"Migration {late.Number:0000}_{late.Name} comes too late: {last:0000} is applied already, and every database must take the same way. "
                    + "Give it a higher number."
            );
        }

        return pending;
    }

    private static async Task<Dictionary<int, (string Name, string Checksum)>> AppliedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await ExecuteAsync(
            connection,
            """
            create table if not exists schema_migration (
                number     integer     primary key,
                name       text        not null,
                checksum   text        not null,
                applied_at timestamptz not null default now()
            )
            """,
            cancellation
        );
        return await ReadAppliedAsync(connection, cancellation);
    }

    private static async Task<Dictionary<int, (string Name, string Checksum)>> ReadAppliedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var applied = new Dictionary<int, (string, string)>();
        await using var query = new NpgsqlCommand("select number, name, checksum from schema_migration", connection);
        await using var rows = await query.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            applied.Add(rows.GetInt32(0), (rows.GetString(1), rows.GetString(2)));
        }

        return applied;
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        try
        {
            await ExecuteAsync(connection, migration.Sql, cancellation);
        }
        catch (PostgresException failure) when (failure.MessageText.Contains("extension", StringComparison.Ordinal))
        {
            throw new MigrationException(
                $"Migration {migration.Number:0000}_{migration.Name} needs an extension that the server doesn't have: {failure.MessageText}. "
                    + "Install PostgreSQL's contrib modules (Debian: they come with postgresql), or let an administrator create the extension in "
                    + "this database. Nothing was changed.",
                failure
            );
        }
        catch (PostgresException failure)
        {
            throw new MigrationException($"Migration {migration.Number:0000}_{migration.Name} failed and left nothing behind: {failure.MessageText}", failure);
        }

        await using var note = new NpgsqlCommand("insert into schema_migration (number, name, checksum) values ($1, $2, $3)", connection);
        note.Parameters.AddWithValue(migration.Number);
        note.Parameters.AddWithValue(migration.Name);
        note.Parameters.AddWithValue(migration.Checksum);
        await note.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    // Waiting for the lock and rewriting a large table both take as long as they take.
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    [GeneratedRegex("^([0-9]{4})_([a-z0-9_]+)[.]sql$")]
    private static partial Regex FileName();
}
