using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Benchmarks;

/// <summary>
/// What the server could do if the host cost nothing: the statements of a start and of claim + complete, with the values of a real case, sent by pgbench to
/// the same database. The reads are the statements that the product sent.
/// </summary>
internal sealed partial class Limit
{
    private readonly string _connectionString;
    private readonly string _pgbench;
    private readonly IReadOnlyList<(string Name, string Value)> _values;
    private readonly string _folder;

    private Limit(string connectionString, string pgbench, IReadOnlyList<(string Name, string Value)> values, string folder) =>
        (_connectionString, _pgbench, _values, _folder) = (connectionString, pgbench, values, folder);

    /// <summary>Takes the values from a case whose first step was done. Null when this machine has no pgbench.</summary>
    /// <param name="sent">The batches of a start, a claim and a complete, as they were sent.</param>
    public static async Task<Limit?> FindAsync(string connectionString, NpgsqlDataSource database, IReadOnlyList<string> sent)
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
        await using (var query = database.Query(await File.ReadAllTextAsync(Script("sample.sql"))))
        await using (var reader = await query.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
                values.Add((reader.GetString(0), reader.GetString(1)));
        }

        var limit = new Limit(connectionString, pgbench, values, Directory.CreateTempSubdirectory("orchestration-limit-").FullName);
        var reads = sent.Where(batch => batch.StartsWith("begin", StringComparison.Ordinal)).ToList();
        var writes = sent.Where(batch => batch.Contains("insert into event", StringComparison.Ordinal)).ToList();
        foreach (var script in (string[])["start.sql", "claim-complete.sql"])
        {
            var text = (await File.ReadAllTextAsync(Script(script)))
                .Replace("@start-beside@", Beside(writes[0]), StringComparison.Ordinal)
                .Replace("@claim@", Reads(reads[0], "c"), StringComparison.Ordinal)
                .Replace("@claim-beside@", Beside(writes[1]), StringComparison.Ordinal)
                .Replace("@complete@", Reads(reads[1], "d"), StringComparison.Ordinal)
                .Replace("@complete-beside@", Beside(writes[2]), StringComparison.Ordinal);
            await File.WriteAllTextAsync(Path.Combine(limit._folder, script), text);
        }

        return limit;
    }

    /// <summary>Runs a script, each client with numbers of its own from <paramref name="from"/> on. Returns how often a second it ran.</summary>
    public async Task<double> RunAsync(string script, int clients, int seconds, long from, long share)
    {
        var server = new NpgsqlConnectionStringBuilder(_connectionString);

        // Each connection plans a statement once, where the product's have done so long ago.
        var start = new ProcessStartInfo(_pgbench)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PGPASSWORD"] = server.Password, ["PGOPTIONS"] = "-c jit=off -c plan_cache_mode=force_generic_plan" },
        };
        string[] arguments =
        [
            .. (string[])["-h", server.Host!, "-p", $"{server.Port}", "-U", server.Username!, "-n", "-M", "prepared"],
            .. (string[])["-c", $"{clients}", "-j", $"{Math.Min(clients, 2)}", "-T", $"{seconds}", "-f", Path.Combine(_folder, script)],
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (
            var (name, value) in _values
                .Append(("i", "0"))
                .Append(("offset", from.ToString(CultureInfo.InvariantCulture)))
                .Append(("share", share.ToString(CultureInfo.InvariantCulture)))
        )
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

    /// <summary>
    /// The first batch of a verb as pgbench takes it: without its first statement, which opens the transaction, and with the values of the script.
    /// </summary>
    private static string Reads(string batch, string verb)
    {
        var task = "cast('3' || lpad(to_hex(cast(:k as bigint)), 31, '0') as uuid)";
        var statements = batch.Split(";\n").Skip(1).Select(statement => statement.TrimEnd(';', '\n', ' '));
        return string.Join(
                ";\n",
                statements.Select(sql =>
                    sql.Contains("from operation", StringComparison.Ordinal) ? Fill(sql, "'bench'", $"'{verb}-' || :k")
                    : sql.Contains(" plain", StringComparison.Ordinal) ? Fill(sql, task, "now()", "cast(:person as uuid)")
                    : Fill(sql, task)
                )
            ) + ";";
    }

    /// <summary>What a batch writes beside the case itself: its customer, its words for searches, whether it is open and who sees it.</summary>
    private static string Beside(string batch)
    {
        const string Case = "cast('1' || lpad(to_hex(cast(:k as bigint)), 31, '0') as uuid)";
        return string.Concat(
            batch
                .Split(";\n")
                .Select(statement => statement.TrimEnd(';', '\n', ' '))
                .Select(sql =>
                    sql.Contains("insert into customer ", StringComparison.Ordinal) ? Fill(sql, Case, "'C'", "'Customer'", "'bench'", "now()")
                    : sql.Contains("insert into case_search", StringComparison.Ordinal) || sql.Contains("update case_search", StringComparison.Ordinal)
                        ? Fill(sql, Case)
                    : !sql.Contains("insert into case_viewer", StringComparison.Ordinal) ? null
                    : sql.Contains("stands_in = true", StringComparison.Ordinal) ? Fill(sql, Case, "'bench'", "true")
                    : Fill(sql, Case, "'team' || chr(58) || 'bench'", "'bench'")
                )
                .OfType<string>()
                .Select(sql => $"{sql};\n")
        );
    }

    private static string Fill(string sql, params string[] values) =>
        Parameter().Replace(sql, match => values[int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) - 1]);

    private static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "Limit", name);

    [GeneratedRegex(@"^tps = ([0-9.]+)", RegexOptions.Multiline)]
    private static partial Regex Rate();

    [GeneratedRegex(@"\$([0-9]+)")]
    private static partial Regex Parameter();
}
