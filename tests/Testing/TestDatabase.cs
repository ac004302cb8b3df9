using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Orchestration.Embedded;
using Orchestration.Engine.Storage;

namespace Orchestration.Testing;

/// <summary>
/// A database of a test's own, with the schema of every product assembly that the test project references. Made from a template in
/// the time of a copy, dropped when disposed.
/// </summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private const string ApplicationRole = "orchestration_app";
    private static readonly Lazy<Task<string>> Template = new(MakeTemplateAsync);

    private readonly EmbeddedPostgres? _server;

    private TestDatabase(string name, NpgsqlConnectionStringBuilder connection, EmbeddedPostgres? server = null)
    {
        (Name, _server) = (name, server);
        ConnectionString = connection.ConnectionString;
        DataSource = NpgsqlDataSource.Create(connection);
    }

    public string Name { get; }

    /// <summary>As the owner of the tables.</summary>
    public string ConnectionString { get; }

    /// <summary>As the application, which has fewer rights.</summary>
    public string ApplicationConnectionString => AsApplication(ConnectionString);

    /// <summary>As the owner of the tables.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <summary>The connection string of the application's role for that of the owner.</summary>
    public static string AsApplication(string owner) =>
        new NpgsqlConnectionStringBuilder(owner) { Username = ApplicationRole, Password = ApplicationRole }.ConnectionString;

    public static async Task<TestDatabase> CreateAsync() => await CreateAsync(await Template.Value);

    /// <summary>A database on a server of its own, which survives a crash: for tests that make it crash.</summary>
    public static async Task<TestDatabase> CreateAloneAsync()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"orchestration-test-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(8)}");

        // What the server has written outlives its processes; only the machine could lose it.
        var settings = new Dictionary<string, string> { ["fsync"] = "off" };
        var server = await EmbeddedPostgres.StartAsync(
            new()
            {
                Directory = folder,
                Temporary = true,
                Settings = settings,
            }
        );
        var database = new TestDatabase("orchestration", new(server.ConnectionString) { IncludeErrorDetail = true }, server);
        await Schema().MigrateAsync(database.DataSource);
        await DatabaseRoles.GrantAsync(database.DataSource, database.ApplicationConnectionString);
        return database;
    }

    /// <summary>A database without any schema.</summary>
    public static async Task<TestDatabase> CreateEmptyAsync() => await CreateAsync("template0");

    /// <summary>A copy as it is now. Closes the connections of this one's <see cref="DataSource"/>; nothing else may be connected.</summary>
    public async Task<TestDatabase> CopyAsync()
    {
        DataSource.Clear();
        return await CreateAsync(Name);
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
        else
            await OnServerAsync($"drop database if exists {Name} with (force)");
    }

    private static async Task<TestDatabase> CreateAsync(string template)
    {
        var name = $"test_{RandomNumberGenerator.GetHexString(16, lowercase: true)}";

        // Nothing has to survive a crash, so the files are copied as they are: half the work of a copy through the log.
        await OnServerAsync($"create database {name} template {template} strategy file_copy");
        return new(name, new NpgsqlConnectionStringBuilder(await TestServer.ConnectionStringAsync()) { Database = name, IncludeErrorDetail = true });
    }

    private static Migrator Schema() =>
        new(
            new[] { "Engine", "Workflows", "Host" }
                .Where(product => File.Exists(Path.Combine(AppContext.BaseDirectory, $"Orchestration.{product}.dll")))
                .Select(product => Assembly.Load($"Orchestration.{product}"))
        );

    // Named after its content, so that on a shared server it is made once and not once per process.
    private static async Task<string> MakeTemplateAsync()
    {
        var migrator = Schema();
        var checksum = SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(migrator.Migrations.Select(migration => migration.Checksum))));
        var name = $"template_{Convert.ToHexStringLower(checksum)[..16]}";

        await using var server = NpgsqlDataSource.Create(await TestServer.ConnectionStringAsync());
        await using var connection = await server.OpenConnectionAsync();
        await RunAsync(connection, "select pg_advisory_lock(4711)");
        try
        {
            await using var find = new NpgsqlCommand($"select 1 from pg_database where datname = '{name}'", connection);
            if (await find.ExecuteScalarAsync() is null)
            {
                await RunAsync(connection, $"drop database if exists {name}_draft with (force)");
                await RunAsync(connection, $"create database {name}_draft template template0");
                await using (
                    var draft = NpgsqlDataSource.Create(
                        new NpgsqlConnectionStringBuilder(await TestServer.ConnectionStringAsync()) { Database = $"{name}_draft", Pooling = false }
                    )
                )
                {
                    await migrator.MigrateAsync(draft);
                    await DatabaseRoles.GrantAsync(draft, AsApplication(await TestServer.ConnectionStringAsync()));
                }

                await RunAsync(connection, $"alter database {name}_draft rename to {name}");
            }
        }
        finally
        {
            await RunAsync(connection, "select pg_advisory_unlock(4711)");
        }

        return name;
    }

    private static async Task OnServerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(await TestServer.ConnectionStringAsync());
        await connection.OpenAsync();
        await RunAsync(connection, sql);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync();
    }
}
