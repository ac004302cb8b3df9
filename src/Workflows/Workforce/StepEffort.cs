using System.Data;
using System.Data.Common;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Workforce;

/// <summary>How long a step takes, as learned from those that were completed in the last 90 days.</summary>
/// <param name="DefinitionId">The journey.</param>
/// <param name="StepId">The step.</param>
/// <param name="Median">Half of them took no longer, in minutes.</param>
/// <param name="Quarter">A quarter took no longer, in minutes.</param>
/// <param name="ThreeQuarters">Three quarters took no longer, in minutes.</param>
/// <param name="Samples">How many were completed.</param>
/// <param name="ComputedAt">When that was computed.</param>
public sealed record StepEffort(string DefinitionId, string StepId, int Median, int Quarter, int ThreeQuarters, int Samples, Instant ComputedAt)
{
    /// <summary>Fewer say too little: a task opens without an effort then.</summary>
    public const int LeastSamples = 5;

    /// <summary>SQL of the learned effort for a definition and an activity; null while too few were completed.</summary>
    public static string Learned(string definition, string activity) =>
        $"""
            (select e.median from step_effort e where e.definition_id = {definition} and e.activity_id = {activity}
                and e.samples >= {LeastSamples})
            """;

    /// <summary>Join of the learned effort of a row of <c>task</c> named <c>t</c>, if enough were completed.</summary>
    internal static readonly string UsualOfTask =
        $"left join step_effort u on u.definition_id = t.definition_id and u.activity_id = t.activity_id and u.samples >= {LeastSamples}";

    /// <summary>Its columns.</summary>
    internal const string UsualColumns = "u.definition_id usual_of, u.activity_id usual_step, u.median, u.quarter, u.three_quarters, u.samples, u.computed_at";

    internal static StepEffort? ReadUsual(DbDataReader r) =>
        r.Text("usual_of") is { } definition
            ? new(
                definition,
                r.GetString("usual_step"),
                r.GetInt32("median"),
                r.GetInt32("quarter"),
                r.GetInt32("three_quarters"),
                r.GetInt32("samples"),
                r.Instant("computed_at")
            )
            : null;

    /// <summary>Learned efforts, of one journey or all.</summary>
    public static async Task<IReadOnlyList<StepEffort>> ListAsync(
        NpgsqlDataSource database,
        string? definition,
        string? step = null,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            """
            select definition_id, activity_id, median, quarter, three_quarters, samples, computed_at from step_effort
            where ($1::text is null or definition_id = $1) and ($2::text is null or activity_id = $2) order by definition_id, activity_id limit 5000
            """,
            definition,
            step
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var efforts = new List<StepEffort>();
        while (await r.ReadAsync(cancel))
            efforts.Add(new(r.GetString(0), r.GetString(1), r.GetInt32(2), r.GetInt32(3), r.GetInt32(4), r.GetInt32(5), r.Instant(6)));
        return efforts;
    }

    /// <summary>
    /// Learns again: from start (or from claiming, if no one pressed Start) to completion, pauses included, at least a minute. Steps that nobody completed
    /// in the last 90 days are forgotten. Test cases don't count. Returns how many steps there are.
    /// </summary>
    internal static async Task<int> LearnAsync(NpgsqlDataSource database, Instant now, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            insert into step_effort (definition_id, activity_id, median, quarter, three_quarters, samples, computed_at)
            select s.definition_id, s.activity_id, round(s.parts[2]), round(s.parts[1]), round(s.parts[3]), s.samples, $1 from (
                select definition_id, activity_id, count(*) samples, percentile_cont(array[0.25, 0.5, 0.75]) within group (order by
                    greatest(1, extract(epoch from ended_at
                        - case when started_at < ended_at then started_at else coalesce(claimed_at, started_at) end) / 60)::float8) parts
                from task where state = 'Completed' and ended_at > $1 - interval '90 days' and started_at is not null and test_by is null
                group by definition_id, activity_id) s
            on conflict (definition_id, activity_id) do update set median = excluded.median, quarter = excluded.quarter,
                three_quarters = excluded.three_quarters, samples = excluded.samples, computed_at = excluded.computed_at
            """,
            now
        );
        batch.Add("delete from step_effort where computed_at < $1", now);
        var written = await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return written;
    }
}
