using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Benchmarks;

/// <summary>
/// Copies of a case that has just been started: measurements get as many cases as they need, without the time to start each. The ids are made of a number,
/// as in the scripts of <see cref="Limit"/>.
/// </summary>
internal sealed class CaseCopies(NpgsqlDataSource database, Guid template)
{
    private long _next = 1;

    /// <summary>The task of the copy with that number.</summary>
    public static Guid Task(long number) => Guid.ParseExact($"3{number:x31}", "N");

    /// <summary>Numbers that no copy gets. Returns the first.</summary>
    public long Reserve(long count) => (_next += count) - count;

    /// <summary>Adds copies. Returns the number of the first.</summary>
    /// <param name="count">How many.</param>
    /// <param name="closed">Whether they are ended cases, which measurements don't use.</param>
    public async Task<long> AddAsync(int count, bool closed = false)
    {
        var first = Reserve(count);
        await using var query = database.Query("select replace(bookmark_id::text, '-', '') from task where instance_id = $1", template);
        var bookmark = (string)(await query.ExecuteScalarAsync())!;
        var state = $"replace(replace(t.state::text, '{template:N}', '1' || hex), '{bookmark}', '2' || hex)::json";
        await InsertAsync("workflow_instance", "id", ("id", "('1' || hex)::uuid"), ("correlation_id", "'P-' || k"), ("state", state));
        await InsertAsync("journey_case", "id", ("id", "('1' || hex)::uuid"), ("reference", "'P-' || k"));
        await InsertAsync("bookmark", "instance_id", ("id", "('2' || hex)::uuid"), ("instance_id", "('1' || hex)::uuid"), ("hash", "'2' || hex"));
        await InsertAsync(
            "task",
            "instance_id",
            ("id", "('3' || hex)::uuid"),
            ("instance_id", "('1' || hex)::uuid"),
            ("bookmark_id", "('2' || hex)::uuid"),
            ("state", closed ? "'Completed'" : "state"),
            ("outcome", closed ? "'Done'" : "outcome"),
            ("ended_at", closed ? "changed_at" : "ended_at")
        );
        if (closed)
            await InsertAsync("event", "chain_id", ("chain_id", "('1' || hex)::uuid"));
        await Sweeper.OnceAsync(database, "vacuum analyze workflow_instance, journey_case, bookmark, task, event");
        return first;

        async Task InsertAsync(string table, string key, params (string Column, string Sql)[] instead) =>
            await Sweeper.OnceAsync(
                database,
                $"""
                insert into {table} ({await Sweeper.ColumnsAsync(database, table)}) select {await Sweeper.ColumnsAsync(database, table, instead)}
                from {table} t, (select k, lpad(to_hex(k), 31, '0') hex from generate_series({first}::bigint, {first + count - 1}) k) n
                where t.{key} = '{template}'
                """
            );
    }
}
