using System.Runtime.CompilerServices;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Performance;

/// <summary>One ended visit of a case to a step.</summary>
/// <param name="Task">Its task.</param>
/// <param name="Journey">The journey.</param>
/// <param name="Step">The step.</param>
/// <param name="Title">Title of the task.</param>
/// <param name="Team">Its team; empty for none.</param>
/// <param name="Person">Name of who ended it.</param>
/// <param name="Reference">Reference of the case.</param>
/// <param name="OpenedAt">When it opened.</param>
/// <param name="EndedAt">When it ended; null while it is open.</param>
/// <param name="EndedAs">How: Completed, Skipped, Cancelled, Failed or Returned.</param>
/// <param name="Outcome">With what outcome.</param>
/// <param name="Waiting">Seconds in which no one worked on it.</param>
/// <param name="Working">Seconds in which someone did.</param>
/// <param name="Suspended">Seconds in which it was suspended.</param>
/// <param name="Touches">How often someone began to work on it.</param>
/// <param name="Returned">Whether a later step sent it back.</param>
/// <param name="Changes">Reviews that asked for changes.</param>
/// <param name="OnTime">Whether its clocks were met; null without any.</param>
public sealed record StepFactRow(
    Guid Task,
    string Journey,
    string Step,
    string Title,
    string Team,
    string? Person,
    string? Reference,
    Instant OpenedAt,
    Instant? EndedAt,
    string? EndedAs,
    string? Outcome,
    int Waiting,
    int Working,
    int Suspended,
    int Touches,
    bool Returned,
    int Changes,
    bool? OnTime
);

/// <summary>Which visits a list shows.</summary>
public enum FactFilter
{
    All,

    /// <summary>Those whose clocks weren't all met.</summary>
    Late,

    /// <summary>Those that were sent back, or whose review asked for changes.</summary>
    Redone,

    /// <summary>The longest first.</summary>
    Slowest,

    /// <summary>Those that opened in the period, ended or not.</summary>
    Opened,
}

/// <summary>The tasks behind the figures.</summary>
public static class StepFactList
{
    /// <summary>Ended visits of a query, the newest first (or the slowest).</summary>
    /// <param name="limit">Most rows.</param>
    public static async IAsyncEnumerable<StepFactRow> ReadAsync(
        NpgsqlDataSource database,
        FigureQuery query,
        FactFilter filter,
        DateTimeZone zone,
        int limit,
        [EnumeratorCancellation] CancellationToken cancel = default
    )
    {
        var time = filter == FactFilter.Opened ? "opened_at" : "ended_at";
        await using var command = database.Query(
            $"""
            select f.task_id, f.journey, f.step, f.title, f.team, p.display_name, c.reference, f.opened_at, f.ended_at, f.ended_as, f.outcome, f.waiting,
                f.working, f.suspended, f.touches, f.returned, f.changes, f.on_time
            from step_fact f left join person p on p.id = f.person_id left join journey_case c on c.id = f.case_id
            where f.{time} >= $1 and f.{time} < $2 and ($3::text is null or f.journey = $3) and ($4::text is null or f.step = $4)
                and ($5::text[] is null or f.team = any($5)) and ($6::uuid is null or f.person_id = $6) and {(filter switch
            {
                FactFilter.Late => "f.on_time = false",
                FactFilter.Redone => "(f.returned or f.changes > 0)",
                FactFilter.Slowest => "f.ended_as = 'Completed'",
                _ => "true",
            })}
            order by {(filter == FactFilter.Slowest ? "f.ended_at - f.opened_at desc" : $"f.{time} desc")}, f.task_id limit $7
            """,
            zone.AtStartOfDay(query.From).ToInstant(),
            zone.AtStartOfDay(query.To.PlusDays(1)).ToInstant(),
            query.Journey,
            query.Step,
            query.Teams?.ToArray(),
            query.Person,
            limit
        );
        await using var r = await command.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
            yield return new(
                r.GetGuid(0),
                r.GetString(1),
                r.GetString(2),
                r.GetString(3),
                r.GetString(4),
                r.Text(5),
                r.Text(6),
                r.Instant(7),
                r.InstantOrNull(8),
                r.Text(9),
                r.Text(10),
                r.GetInt32(11),
                r.GetInt32(12),
                r.GetInt32(13),
                r.GetInt32(14),
                r.GetBoolean(15),
                r.GetInt32(16),
                r.IsDBNull(17) ? null : r.GetBoolean(17)
            );
    }
}
