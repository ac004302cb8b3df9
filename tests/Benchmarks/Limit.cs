using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Benchmarks;

/// <summary>
/// What the server could do if the host cost nothing: the statements of a start and of claim + complete, with the values of a real case, sent by pgbench to
/// the same database. Goal: the product does at least
/// half of it.
/// </summary>
internal sealed partial class Limit(string connectionString, string pgbench, IReadOnlyList<(string Name, string Value)> values)
{
    private static readonly string[] Scripts = ["start.sql", "claim-complete.sql"];
    private int _runs;

    /// <summary>Takes the values from a case whose first step was done. Null when this machine has no pgbench.</summary>
    public static async Task<Limit?> FindAsync(string connectionString, NpgsqlDataSource database)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Concat(
                Directory.Exists("/usr/lib/postgresql")
                    ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(d => Path.Combine(d, "bin"))
                    : []
            );
        if (folders.Select(f => Path.Combine(f, "pgbench")).FirstOrDefault(File.Exists) is not { } pgbench)
            return null;
        var values = new List<(string, string)>();
        await using var query = database.Query(await File.ReadAllTextAsync(Script("sample.sql")));
        await using var reader = await query.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            values.Add((reader.GetString(0), reader.GetString(1)));
        return new(connectionString, pgbench, values);
    }

    /// <summary>Starts a second, and pairs of claim and complete on what those made.</summary>
    public async Task<(double Starts, double Pairs)> MeasureAsync(int clients, int seconds)
    {
        var offset = ++_runs * 10_000_000_000L;
        var rates = new List<double>();
        foreach (var script in Scripts)
            rates.Add(await RunAsync(script, clients, seconds, offset));
        return (rates[0], rates[1]);
    }

    private async Task<double> RunAsync(string script, int clients, int seconds, long offset)
    {
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        var start = new ProcessStartInfo(pgbench)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PGPASSWORD"] = server.Password },
        };
        foreach (
            var argument in new[]
            {
                "-h",
                server.Host!,
                "-p",
                $"{server.Port}",
                "-U",
                server.Username!,
                "-n",
                "-M",
                "prepared",
                "-c",
                $"{clients}",
                "-j",
                $"{Math.Min(clients, 2)}",
                "-T",
                $"{seconds}",
                "-f",
                Script(script),
            }
        )
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in values.Append(("i", "0")).Append(("offset", offset.ToString(CultureInfo.InvariantCulture))))
        {
            start.ArgumentList.Add("-D");
            start.ArgumentList.Add($"{name}={value}");
        }

        start.ArgumentList.Add(server.Database!);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0 && Rate().Match(await output) is { Success: true } found
            ? double.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"pgbench: {await errors}");
    }

    private static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "Limit", name);

    [GeneratedRegex(@"^tps = ([0-9.]+)", RegexOptions.Multiline)]
    private static partial Regex Rate();
}
