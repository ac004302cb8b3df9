using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Npgsql;

namespace Orchestration.Embedded;

/// <summary>
/// A PostgreSQL server that belongs to this process and never outlives it. It listens on a free port of 127.0.0.1 only, with a
/// password that is kept beside the cluster, and runs as an unprivileged user when this process is root.
/// </summary>
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    // The shell stands between us and the server and waits for the end of its standard input, which comes when we close it and
    // also when we are killed. Only the server keeps the standard output, so that its end tells us of the server's.
    // A terminal's Ctrl+C must reach us and not the server, hence a session of its own where the system has the command for it.
    // A shell starts background commands with SIGINT ignored: a server of a few milliseconds' age misses the first.
    private const string Keeper = """
        log=$1 remove=$2
        shift 2
        exec 2>"$log"
        trap '' INT TERM HUP
        if command -v setsid >/dev/null; then set -- setsid "$@"; fi
        "$@" </dev/null &
        server=$!
        exec >&-
        while read -r _; do :; done
        kill -INT "$server"
        { sleep 1; kill -INT "$server"; } 2>/dev/null &
        again=$!
        wait "$server"
        kill "$again" 2>/dev/null
        if [ -n "$remove" ]; then rm -rf "$remove"; fi
        """;

    private const string User = "orchestration";
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(60);

    private readonly FileStream _hold;
    private readonly Process _keeper;

    private EmbeddedPostgres(FileStream hold, Process keeper, Task stopped, string directory, int major, string connectionString)
    {
        (_hold, _keeper, Stopped) = (hold, keeper, stopped);
        (Directory, Major, ConnectionString) = (directory, major, connectionString);
    }

    /// <summary>Where the cluster is; differs from the option when an unprivileged server cannot reach that.</summary>
    public string Directory { get; }

    /// <summary>The server's major version, 15 or newer.</summary>
    public int Major { get; }

    /// <summary>Connects to the database of the options as its owner.</summary>
    public string ConnectionString { get; }

    /// <summary>Completes when the server has ended, for whatever reason.</summary>
    public Task Stopped { get; }

    /// <summary>Starts the server and returns when it accepts connections. Makes the cluster and the database when missing.</summary>
    /// <exception cref="EmbeddedPostgresException">No server on this machine, a directory that another process uses or that cannot be
    /// used, or a cluster of another major version.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(EmbeddedPostgresOptions options, CancellationToken cancellation = default)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new EmbeddedPostgresException(
                "The embedded PostgreSQL runs on Linux and macOS. On Windows start a server yourself and set ConnectionStrings:Orchestration."
            );
        }

        var account = await ServerAccount.ForAsync(options.Directory, cancellation);
        string home;
        FileStream hold;
        try
        {
            home = await account.OpenAsync(options.Directory, cancellation);
            hold = Hold(home);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new EmbeddedPostgresException(
                $"{Environment.UserName} may not use {options.Directory} ({denied.Message}). Run the host as its owner, or set Embedded:Directory."
            );
        }

        try
        {
            await File.WriteAllTextAsync(Path.Combine(home, "host.pid"), Environment.ProcessId.ToString(CultureInfo.InvariantCulture), cancellation);
            await PreviousServerEndedAsync(home, cancellation);

            var version = Path.Combine(home, "cluster", "PG_VERSION");
            int? major = File.Exists(version) ? int.Parse((await File.ReadAllTextAsync(version, cancellation)).Trim(), CultureInfo.InvariantCulture) : null;
            var binaries = await PostgresBinaries.FindAsync(home, major, options, account, cancellation);
            if (major is null)
            {
                options.Progress?.Invoke($"Creating a PostgreSQL {binaries.Major} cluster in {home}");
                await InitializeAsync(home, options, binaries, account, cancellation);
            }

            return await StartAsync(options, home, hold, binaries, account, cancellation);
        }
        catch
        {
            await hold.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the server: connections are cut, everything is written, nothing needs recovery at the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(_keeper);
        await _hold.DisposeAsync();
    }

    // The lock goes with the process that holds it, however it ends.
    private static FileStream Hold(string home)
    {
        try
        {
            return new FileStream(Path.Combine(home, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            var host = Path.Combine(home, "host.pid");
            var process = File.Exists(host) ? File.ReadAllText(host) : "unknown";
            var server = ReadPidFile(home) is var (pid, port) ? $"process {pid} on port {port}" : "still starting";
            throw new EmbeddedPostgresException(
                $"{home} is in use by another host, process {process}; its PostgreSQL is {server}. "
                    + "Stop that host, or set Embedded:Directory or ConnectionStrings:Orchestration for this one."
            );
        }
    }

    private static (int Pid, string Port)? ReadPidFile(string home)
    {
        try
        {
            var lines = File.ReadAllLines(Path.Combine(home, "cluster", "postmaster.pid"));
            return lines.Length > 3 && int.TryParse(lines[0], CultureInfo.InvariantCulture, out var pid) ? (pid, lines[3]) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    // Holding the lock, we know that a server of this cluster has lost its host and is on its way out. The file may also be left
    // over from a power cut: the server sees by itself that the process is gone, but not that its number now names another one.
    private static async Task PreviousServerEndedAsync(string home, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(StopPatience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (ReadPidFile(home) is var (pid, port))
        {
            if (!IsRunning(pid))
            {
                return;
            }

            if (!Serves(pid, Path.Combine(home, "cluster")))
            {
                File.Delete(Path.Combine(home, "cluster", "postmaster.pid"));
                return;
            }

            try
            {
                await timer.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new EmbeddedPostgresException(
                    $"The PostgreSQL that an earlier host started in {home} is still running: process {pid} on port {port}. Stop it with: kill -INT {pid}"
                );
            }
        }
    }

    private static bool IsRunning(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static bool Serves(int pid, string cluster)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return OperatingSystem.IsLinux()
                ? File.ReadAllText($"/proc/{pid}/cmdline").Contains(cluster, StringComparison.Ordinal)
                : process.ProcessName.StartsWith("postgres", StringComparison.Ordinal);
        }
        catch (Exception gone) when (gone is ArgumentException or IOException)
        {
            return false;
        }
    }

    // Made under another name first: a host killed here leaves rubbish that the next one removes, never half a cluster.
    [UnsupportedOSPlatform("windows")]
    private static async Task InitializeAsync(
        string home,
        EmbeddedPostgresOptions options,
        PostgresBinaries binaries,
        ServerAccount account,
        CancellationToken cancellation
    )
    {
        foreach (var rubbish in System.IO.Directory.GetDirectories(home, "cluster-*"))
        {
            System.IO.Directory.Delete(rubbish, recursive: true);
        }

        var password = Path.Combine(home, "password");
        await File.WriteAllTextAsync(password, RandomNumberGenerator.GetHexString(40), cancellation);
        File.SetUnixFileMode(password, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await account.OwnAsync(password, cancellation);

        // A cluster that may be lost is not worth the wait for the disk; any other is worth knowing that the disk is sound.
        var care = options.Settings.TryGetValue("fsync", out var sync) && sync == "off" ? "--no-sync" : "--data-checksums";
        var draft = Path.Combine(home, $"cluster-{Environment.ProcessId}");
        var (exit, output) = await account.RunAsync(
            Path.Combine(binaries.Directory, "initdb"),
            [
                "-D",
                draft,
                "-U",
                User,
                $"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                OperatingSystem.IsLinux() ? "--locale=C.UTF-8" : "--locale=C",
                care,
            ],
            cancellation
        );
        if (exit != 0)
        {
            throw new EmbeddedPostgresException($"No PostgreSQL cluster could be made in {home}: {output}");
        }

        System.IO.Directory.Move(draft, Path.Combine(home, "cluster"));
    }

    [UnsupportedOSPlatform("windows")]
    private static async Task<EmbeddedPostgres> StartAsync(
        EmbeddedPostgresOptions options,
        string home,
        FileStream hold,
        PostgresBinaries binaries,
        ServerAccount account,
        CancellationToken cancellation
    )
    {
        var log = Path.Combine(home, "server.log");
        var password = await File.ReadAllTextAsync(Path.Combine(home, "password"), cancellation);
        const int attempts = 5;
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort();
            var settings = new Dictionary<string, string>
            {
                ["listen_addresses"] = "127.0.0.1",
                ["port"] = port.ToString(CultureInfo.InvariantCulture),
                ["unix_socket_directories"] = "",
                ["timezone"] = "UTC",
                ["log_timezone"] = "UTC",
            };
            foreach (var (name, value) in options.Settings)
            {
                settings[name] = value;
            }

            var keeper = account.Start(
                "/bin/sh",
                [
                    "-c",
                    Keeper,
                    "keeper",
                    log,
                    options.Temporary ? home : "",
                    Path.Combine(binaries.Directory, "postgres"),
                    "-D",
                    Path.Combine(home, "cluster"),
                    .. settings.SelectMany(setting => new[] { "-c", $"{setting.Key}={setting.Value}" }),
                ]
            );
            var stopped = keeper.StandardOutput.ReadToEndAsync(CancellationToken.None);
            var connection = new NpgsqlConnectionStringBuilder
            {
                Host = "127.0.0.1",
                Port = port,
                Username = User,
                Password = password,
                Database = options.Database,
            };
            try
            {
                if (await ReadyAsync(connection, stopped, cancellation))
                {
                    return new EmbeddedPostgres(hold, keeper, stopped, home, binaries.Major, connection.ConnectionString);
                }
            }
            catch
            {
                await StopAsync(keeper);
                throw;
            }

            // The log first: stopping the keeper removes a temporary directory.
            var said = await File.ReadAllTextAsync(log, cancellation);
            var portTaken = said.Contains("Address already in use", StringComparison.Ordinal);
            if (!portTaken || attempt == attempts)
            {
                await StopAsync(keeper);
                throw new EmbeddedPostgresException($"PostgreSQL did not start in {home}. Its log says:\n{said}");
            }

            options.Progress?.Invoke($"Port {port} is in use; trying the next one");
            keeper.Kill();
            keeper.Dispose();
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    // There is no time limit: a server that recovers from a crash may need long, and one that fails ends.
    private static async Task<bool> ReadyAsync(NpgsqlConnectionStringBuilder target, Task stopped, CancellationToken cancellation)
    {
        var administration = new NpgsqlConnectionStringBuilder(target.ConnectionString) { Database = "postgres", Pooling = false };
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            if (stopped.IsCompleted)
            {
                return false;
            }

            try
            {
                await using var connection = new NpgsqlConnection(administration.ConnectionString);
                await connection.OpenAsync(cancellation);
                await using var find = new NpgsqlCommand("select 1 from pg_database where datname = $1", connection);
                find.Parameters.AddWithValue(target.Database!);
                if (await find.ExecuteScalarAsync(cancellation) is null)
                {
                    await using var create = new NpgsqlCommand(
                        $"create database \"{target.Database!.Replace("\"", "\"\"", StringComparison.Ordinal)}\"",
                        connection
                    );
                    await create.ExecuteNonQueryAsync(cancellation);
                }

                return true;
            }
            catch (NpgsqlException notYet)
                when (notYet.InnerException is SocketException or IOException || notYet.SqlState == PostgresErrorCodes.CannotConnectNow) { }
        }

        return false;
    }

    private static async Task StopAsync(Process keeper)
    {
        keeper.StandardInput.Close();
        using var patience = new CancellationTokenSource(StopPatience);
        try
        {
            await keeper.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            keeper.Kill(entireProcessTree: true);
        }

        keeper.Dispose();
    }
}
