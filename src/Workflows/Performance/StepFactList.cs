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
    /// <summary>Those that ended in any way.</summary>
    All,

    /// <summary>Those whose clocks weren't all met.</summary>
    Late,

    /// <summary>Those that were sent back, or whose review asked for changes.</summary>
    Redone,

    /// <summary>Completed ones, those that took longest from opening to completion first.</summary>
    Slowest,

    /// <summary>Those that opened in the period, ended or not.</summary>
    Opened,

    /// <summary>Completed ones, the newest first.</summary>
    Completed,

    /// <summary>Completed ones, those that waited longest first.</summary>
    Waiting,

    /// <summary>Completed ones, those that took most work first.</summary>
    Working,

    /// <summary>Completed ones, those that were suspended longest first.</summary>
    Suspended,

    /// <summary>Completed ones, those that were begun most often first.</summary>
    Touches,

    /// <summary>Completed ones whose effort was expected, those that exceeded it most first.</summary>
    Effort,

    /// <summary>Those that were open at the end of the period, the oldest first.</summary>
    Open,
}

/// <summary>The tasks behind the figures.</summary>
public static class StepFactList
{
    /// <summary>Visits of a query: those that ended in the period, unless the filter says otherwise.</summary>
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
        var (isCompleted, order) = filter switch
        {
            FactFilter.Slowest => (true, "f.ended_at - f.opened_at desc"),
            FactFilter.Waiting => (true, "f.waiting desc"),
            FactFilter.Working => (true, "f.working desc"),
            FactFilter.Suspended => (true, "f.suspended desc"),
            FactFilter.Touches => (true, "f.touches desc"),
            FactFilter.Effort => (true, "f.working - f.expected desc"),
            FactFilter.Open => (false, "f.opened_at"),
            _ => (filter is FactFilter.Completed or FactFilter.Redone, $"f.{time} desc"),
        };
        await using var command = database.Query(
            $"""
            select f.task_id, f.journey, f.step, f.title, f.team, p.display_name, c.reference, f.opened_at, f.ended_at, f.ended_as, f.outcome, f.waiting,
                f.working, f.suspended, f.touches, f.returned, f.changes, f.on_time
            from step_fact f left join person p on p.id = f.person_id left join journey_case c on c.id = f.case_id
            where {(
                filter == FactFilter.Open
                    ? "$1::timestamptz is not null and f.opened_at < $2 and (f.ended_at is null or f.ended_at >= $2)"
                    : $"f.{time} >= $1 and f.{time} < $2"
            )} and ($3::text is null or f.journey = $3) and ($4::text is null or f.step = $4)
                and ($5::text[] is null or f.team = any($5)) and ($6::uuid is null or f.person_id = $6) and {(filter switch
            {
                FactFilter.Late => "f.on_time = false",
                FactFilter.Redone => "(f.returned or f.changes > 0)",
                FactFilter.Effort => "f.expected is not null",
                _ => "true",
            })} and {(isCompleted ? "f.ended_as = 'Completed'" : "true")}
            order by {order}, f.task_id limit $7
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
