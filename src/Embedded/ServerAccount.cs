using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.Versioning;

namespace Orchestration.Embedded;

/// <summary>
/// Whom the server runs as: PostgreSQL refuses root. <paramref name="Name"/> is null where that is simply who we are.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed record ServerAccount(string? Name)
{
    /// <summary>The owner of an existing cluster; for a new one <c>postgres</c>, or where that is unknown <c>nobody</c>.</summary>
    public static async Task<ServerAccount> ForAsync(string directory, CancellationToken cancellation)
    {
        var self = new ServerAccount((string?)null);
        if (!Environment.IsPrivilegedProcess)
        {
            return self;
        }

        if (Directory.Exists(directory))
        {
            var (_, listing) = await self.RunAsync("ls", ["-ldL", Path.GetFullPath(directory)], cancellation);
            if (listing.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, var owner, ..] && owner != "root")
            {
                return new(owner);
            }
        }

        var (exit, _) = await self.RunAsync("id", ["-u", "postgres"], cancellation);
        return new(exit == 0 ? "postgres" : "nobody");
    }

    /// <summary>
    /// Makes the directory, private to this account, and returns where it really is. Below a folder that this account may not
    /// enter, such as root's home, that is a link to a directory of <c>/var/lib/orchestration</c>.
    /// </summary>
    public async Task<string> OpenAsync(string directory, CancellationToken cancellation)
    {
        directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        var link = new DirectoryInfo(directory);
        if (link.LinkTarget is not null)
        {
            directory = link.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        }

        Directory.CreateDirectory(directory);
        if (!File.Exists(Path.Combine(directory, "lock")) && Directory.EnumerateFileSystemEntries(directory).Any())
        {
            throw new EmbeddedPostgresException($"{directory} holds other files than a cluster of ours. Set Embedded:Directory to a directory of its own.");
        }

        await SecureAsync(directory, cancellation);
        if (await CanEnterAsync(directory, cancellation))
        {
            return directory;
        }

        if (Directory.EnumerateFileSystemEntries(directory).Any())
        {
            throw new EmbeddedPostgresException(
                $"User {Name} runs PostgreSQL and may not enter {directory}, or a folder above it. Move the cluster, or set Embedded:Directory."
            );
        }

        var elsewhere = Enumerable.Range(1, int.MaxValue).Select(number => $"/var/lib/orchestration/postgres-{number}").First(path => !Path.Exists(path));
        Directory.CreateDirectory(elsewhere);
        await SecureAsync(elsewhere, cancellation);
        Directory.Delete(directory);
        Directory.CreateSymbolicLink(directory, elsewhere);
        return elsewhere;
    }

    /// <summary>Gives a file, or a folder with all in it, to this account.</summary>
    public async Task OwnAsync(string path, CancellationToken cancellation)
    {
        if (Name is not null)
        {
            var (exit, output) = await new ServerAccount((string?)null).RunAsync("chown", ["-R", Name, path], cancellation);
            if (exit != 0)
            {
                throw new EmbeddedPostgresException($"{path} could not be given to user {Name}, who runs PostgreSQL: {output}");
            }
        }
    }

    /// <summary>Runs a command as this account to its end.</summary>
    /// <returns>The exit code, 127 when there is no such command, and all that it wrote.</returns>
    public async Task<(int Exit, string Output)> RunAsync(string command, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        try
        {
            using var process = Start("/bin/sh", ["-c", "exec \"$0\" \"$@\" 2>&1 </dev/null", command, .. arguments]);
            try
            {
                var output = await process.StandardOutput.ReadToEndAsync(cancellation);
                await process.WaitForExitAsync(cancellation);
                return (process.ExitCode, output.Trim());
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
        }
        catch (Win32Exception missing)
        {
            return (127, missing.Message);
        }
    }

    /// <summary>Starts a command as this account, with pipes as its standard input and output.</summary>
    public Process Start(string command, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            // Ours may be one that the account must not enter.
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (Name is not null)
        {
            start.UserName = Name;
        }

        return Process.Start(start)!;
    }

    private async Task<bool> CanEnterAsync(string directory, CancellationToken cancellation) =>
        (await RunAsync("test", ["-x", directory, "-a", "-w", directory], cancellation)).Exit == 0;

    private async Task SecureAsync(string directory, CancellationToken cancellation)
    {
        File.SetUnixFileMode(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (!File.Exists(Path.Combine(directory, "lock")))
        {
            await OwnAsync(directory, cancellation);
        }
    }
}
