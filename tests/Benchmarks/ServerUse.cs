using System.Globalization;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Benchmarks;

/// <summary>
/// What the database server has used until now: CPU of all its processes in milliseconds as Linux tells (0 elsewhere), bytes of WAL, and what
/// pg_stat_statements counted: statements and buffers read.
/// </summary>
internal sealed record ServerUse(double Cpu, double Wal, double Statements, double Buffers)
{
    private const double MillisecondsPerTick = 10;

    /// <summary>Reads it. The extension pg_stat_statements must be there.</summary>
    public static async Task<ServerUse> NowAsync(NpgsqlDataSource database)
    {
        await using var query = database.Query(
            """
            select pg_backend_pid(), pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8, coalesce(sum(calls), 0)::float8,
                coalesce(sum(shared_blks_hit + shared_blks_read), 0)::float8
            from pg_stat_statements where query not like '%pg_stat_statements%'
            """
        );
        await using var r = await query.ExecuteReaderAsync();
        await r.ReadAsync();
        return new(OperatingSystem.IsLinux() ? Milliseconds(r.GetInt32(0)) : 0, r.GetDouble(1), r.GetDouble(2), r.GetDouble(3));
    }

    public ServerUse Since(ServerUse before) => new(Cpu - before.Cpu, Wal - before.Wal, Statements - before.Statements, Buffers - before.Buffers);

    public double CpuSince(ServerUse before) => Cpu - before.Cpu;

    /// <summary>CPU of the server's processes, those that ended included: the main process counts them.</summary>
    private static double Milliseconds(int session)
    {
        var main = Stat($"{session}")![1];
        var ticks = Stat(main)!.Skip(11).Take(4).Sum(Number);
        foreach (var folder in Directory.GetDirectories("/proc").Select(f => Path.GetFileName(f)).Where(name => name.All(char.IsAsciiDigit)))
        {
            if (Stat(folder) is { } stat && stat[1] == main)
                ticks += stat.Skip(11).Take(2).Sum(Number);
        }

        return ticks * MillisecondsPerTick;

        static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>The fields of /proc/PID/stat from the state on; null when the process is gone.</summary>
    private static string[]? Stat(string process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
