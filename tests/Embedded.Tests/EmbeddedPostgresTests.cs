using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Npgsql;

namespace Orchestration.Embedded.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class EmbeddedPostgresTests(PreparedCluster prepared) : IClassFixture<PreparedCluster>, IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    private EmbeddedPostgresOptions Options => new() { Directory = _directory, Settings = PreparedCluster.Hasty };

    public void Dispose()
    {
        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    [Fact]
    public async Task What_was_written_is_there_after_a_restart()
    {
        await using (var first = await EmbeddedPostgres.StartAsync(Options))
        {
            await QueryAsync(first, "create table note (text text); insert into note values ('kept')");
        }

        await using var second = await EmbeddedPostgres.StartAsync(Options);
        (await QueryAsync(second, "select text from note")).ShouldBe("kept");
        File.ReadAllText(Path.Combine(_directory, "server.log")).ShouldNotContain("not properly shut down");
    }

    [Fact]
    public async Task It_listens_on_the_loopback_address_only_and_asks_for_the_password()
    {
        await prepared.CopyAsync(_directory);
        await using var server = await EmbeddedPostgres.StartAsync(Options);
        (await QueryAsync(server, "show listen_addresses")).ShouldBe("127.0.0.1");
        (await QueryAsync(server, "show unix_socket_directories")).ShouldBe("");

        var guess = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "guess", Pooling = false };
        await using var connection = new NpgsqlConnection(guess.ConnectionString);
        (await Should.ThrowAsync<PostgresException>(() => connection.OpenAsync())).SqlState.ShouldBe(PostgresErrorCodes.InvalidPassword);
        (File.GetUnixFileMode(Path.Combine(_directory, "password")) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)).ShouldBe(UnixFileMode.None);
    }

    [Fact]
    public async Task A_power_cut_loses_nothing_unless_the_settings_say_so()
    {
        await prepared.CopyAsync(_directory);
        await using var server = await EmbeddedPostgres.StartAsync(new() { Directory = _directory });
        (await QueryAsync(server, "select current_setting('fsync') || current_setting('full_page_writes') || current_setting('synchronous_commit')")).ShouldBe(
            "ononon"
        );
    }

    [Fact]
    public async Task A_second_host_on_the_directory_is_told_who_has_it()
    {
        await prepared.CopyAsync(_directory);
        await using var first = await EmbeddedPostgres.StartAsync(Options);
        var refused = await Should.ThrowAsync<EmbeddedPostgresException>(() => EmbeddedPostgres.StartAsync(Options));
        refused.Message.ShouldContain(_directory);
        refused.Message.ShouldContain(Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        refused.Message.ShouldContain($"on port {new NpgsqlConnectionStringBuilder(first.ConnectionString).Port}");
        (await QueryAsync(first, "select 'undisturbed'")).ShouldBe("undisturbed");
    }

    [Fact]
    public async Task A_killed_host_takes_its_server_along_and_the_next_one_starts_at_once()
    {
        await prepared.CopyAsync(_directory);
        using var host = StartHost();
        var connection = (await host.StandardOutput.ReadLineAsync()).ShouldNotBeNull();
        var server = ServerProcess();
        Kill(host);

        await using var next = await EmbeddedPostgres.StartAsync(Options);
        (await QueryAsync(next, "select 'started'")).ShouldBe("started");
        await server.WaitForExitAsync();
        next.ConnectionString.ShouldNotBe(connection);
    }

    [Fact]
    public async Task A_temporary_directory_goes_with_a_killed_host()
    {
        await prepared.CopyAsync(_directory);
        using var host = StartHost("temporary");
        (await host.StandardOutput.ReadLineAsync()).ShouldNotBeNull();
        using var server = ServerProcess();
        using var watcher = new FileSystemWatcher(Path.GetTempPath(), Path.GetFileName(_directory)) { EnableRaisingEvents = true };
        var removed = new TaskCompletionSource();
        watcher.Deleted += (_, _) => removed.TrySetResult();
        Kill(host);

        await server.WaitForExitAsync();
        if (Directory.Exists(_directory))
        {
            await removed.Task.WaitAsync(TimeSpan.FromSeconds(60));
        }
    }

    [Fact]
    public async Task A_killed_server_is_noticed_and_recovers_at_the_next_start()
    {
        await prepared.CopyAsync(_directory);
        await using (var first = await EmbeddedPostgres.StartAsync(Options))
        {
            await QueryAsync(first, "create table note (text text); insert into note values ('kept')");
            using var server = ServerProcess();
            server.Kill();
            await first.Stopped.WaitAsync(TimeSpan.FromSeconds(60));
        }

        File.Exists(PidFile).ShouldBeTrue();
        await using var second = await EmbeddedPostgres.StartAsync(Options);
        (await QueryAsync(second, "select text from note")).ShouldBe("kept");
    }

    [Fact]
    public async Task A_stale_pid_file_that_names_an_innocent_process_does_not_stop_the_start()
    {
        await prepared.CopyAsync(_directory);
        using var innocent = StartHost("innocent");
        File.WriteAllText(PidFile, $"{innocent.Id}\n{_directory}/cluster\n1\n5432\n\n127.0.0.1\n\n");
        await using var server = await EmbeddedPostgres.StartAsync(Options);
        innocent.HasExited.ShouldBeFalse();
        innocent.StandardInput.Close();
        await innocent.WaitForExitAsync();
    }

    [Fact]
    public async Task A_cluster_of_another_major_version_is_refused_with_what_to_do()
    {
        await prepared.CopyAsync(_directory);
        File.WriteAllText(Path.Combine(_directory, "cluster", "PG_VERSION"), "12\n");
        var refused = await Should.ThrowAsync<EmbeddedPostgresException>(() => EmbeddedPostgres.StartAsync(Options));
        refused.Message.ShouldContain($"The cluster in {_directory} was made by PostgreSQL 12");
        refused.Message.ShouldContain("Install PostgreSQL 12");
    }

    [Fact]
    public async Task A_directory_with_other_peoples_files_is_left_alone()
    {
        Directory.CreateDirectory(_directory);
        File.WriteAllText(Path.Combine(_directory, "thesis.txt"), "precious");
        (await Should.ThrowAsync<EmbeddedPostgresException>(() => EmbeddedPostgres.StartAsync(Options))).Message.ShouldContain(_directory);
        Directory.GetFileSystemEntries(_directory).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_server_that_cannot_start_says_why()
    {
        await prepared.CopyAsync(_directory);
        var options = Options with { Settings = new Dictionary<string, string> { ["shared_buffers"] = "plenty" } };
        (await Should.ThrowAsync<EmbeddedPostgresException>(() => EmbeddedPostgres.StartAsync(options))).Message.ShouldContain("shared_buffers");
    }

    [Fact]
    public async Task Half_a_cluster_left_by_a_killed_host_is_made_anew()
    {
        await prepared.CopyAsync(_directory);
        Directory.Move(Path.Combine(_directory, "cluster"), Path.Combine(_directory, "cluster-1"));
        File.Delete(Path.Combine(_directory, "cluster-1", "PG_VERSION"));
        await using var server = await EmbeddedPostgres.StartAsync(Options);
        Directory.Exists(Path.Combine(_directory, "cluster-1")).ShouldBeFalse();
    }

    private string PidFile => Path.Combine(_directory, "cluster", "postmaster.pid");

    // The server's end is waited for by its process: .NET knows the exit of a process that is not its child by its disappearance.
    private Process ServerProcess() => Process.GetProcessById(int.Parse(File.ReadLines(PidFile).First(), CultureInfo.InvariantCulture));

    private static void Kill(Process host)
    {
        host.Kill();
        host.WaitForExit();
    }

    // A host of this cluster in a process of its own: this assembly, started as HostProcess says.
    private Process StartHost(string mode = "") => HostProcess.Start(mode, _directory);

    private static async Task<object?> QueryAsync(EmbeddedPostgres server, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}

/// <summary>A cluster to copy, which takes a tenth of the time of making one.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PreparedCluster : IAsyncLifetime
{
    public static readonly Dictionary<string, string> Hasty = new() { ["fsync"] = "off" };

    private readonly string _directory = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public async ValueTask InitializeAsync() => await (await EmbeddedPostgres.StartAsync(new() { Directory = _directory, Settings = Hasty })).DisposeAsync();

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    // With its owner, whom File.Copy would change.
    public async Task CopyAsync(string directory)
    {
        using var copy = Process.Start("cp", ["-a", _directory, directory]);
        await copy.WaitForExitAsync();
        copy.ExitCode.ShouldBe(0);
    }
}
