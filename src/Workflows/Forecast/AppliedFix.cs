using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Forecast;

/// <summary>A fix that was applied to a clock.</summary>
/// <param name="Kind">What was done.</param>
/// <param name="Person">Who got the task, was lent or works longer.</param>
/// <param name="Until">End of a loan or of overtime; the new date.</param>
/// <param name="Before">Probability that the clock is missed without it; null: the forecast couldn't say.</param>
/// <param name="After">The same with it.</param>
/// <param name="ByName">Who applied it.</param>
/// <param name="At">When.</param>
public sealed record PastFix(FixKind Kind, Guid? Person, string? Team, Instant? Until, double? Before, double? After, string ByName, Instant At);

/// <summary>What fixes promised, and what came of it.</summary>
/// <param name="Applied">Fixes that were applied in the time.</param>
/// <param name="Settled">Clocks with a fix that ended in the time and weren't cancelled.</param>
/// <param name="Before">How many of these were expected to be missed without the fixes.</param>
/// <param name="Promised">How many with them.</param>
/// <param name="Missed">How many were missed.</param>
public sealed record FixOutcomes(int Applied, int Settled, double Before, double Promised, int Missed);

/// <summary>
/// What is kept of a fix in the transaction that applies it: a row, for what came of it later, and an event in the history of what it changes (a case or a
/// person), with the deadline it is for and what was forecast.
/// </summary>
internal sealed class AppliedFix(FixOrder order, ClockFacts clock, Fix? promise, string? person, Person actor, byte[] request)
{
    /// <summary>Name of the constraint that a second use of the operation breaks.</summary>
    public const string Constraint = "forecast_fix_operation";

    /// <summary>Of a case.</summary>
    public void WriteTo(InstanceTransaction t)
    {
        t.Write(Insert(t.Now));
        var action = order.Kind == FixKind.AskDate ? "promise.date-asked" : "fix.applied";
        t.Record(new(action, "clock", Ids.Text(clock.Id), 0, JsonSerializer.SerializeToUtf8Bytes(Told, TaskJson.Options)));
    }

    /// <summary>The row.</summary>
    public NpgsqlBatchCommand Insert(Instant now) =>
        Sql.Command(
            """
            insert into forecast_fix (id, clock_id, kind, task_id, person_id, team_key, from_at, until_at, before, after, others, applied_by, applied_at,
                operation, request) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """,
            Ids.New(now),
            clock.Id,
            order.Kind.ToString(),
            order.Task,
            order.Person,
            order.Team,
            order.From,
            order.Until,
            (float?)promise?.Before,
            (float?)promise?.After,
            (float?)promise?.Others,
            actor.UserName,
            now,
            order.OperationId,
            request
        );

    /// <summary>For history.</summary>
    public object Told =>
        new
        {
            title = clock.Name,
            clock = Ids.Text(clock.Id),
            reference = clock.Reference,
            kind = order.Kind.ToString(),
            forTask = order.Task is { } task ? Ids.Text(task) : null,
            who = person,
            toTeam = order.Team,
            from = order.From?.ToString(),
            until = order.Until?.ToString(),
            due = order.Kind is FixKind.AskDate or FixKind.NewDate ? order.Until?.ToString() : null,
            before = Rounded(promise?.Before),
            after = Rounded(promise?.After),
            others = Rounded(promise?.Others),
            worse = promise?.Worse.Select(one => new
            {
                clock = Ids.Text(one.Clock),
                before = Rounded(one.Before),
                after = Rounded(one.After),
            }),
        };

    private static double? Rounded(double? value) => value is { } known ? Math.Round(known, 3) : null;

    /// <summary>The same operation earlier: whether it was the same request; null: there was none.</summary>
    public static async Task<bool?> EarlierAsync(NpgsqlDataSource database, Person actor, string operation, byte[] request, CancellationToken cancel)
    {
        await using var query = database.Query(
            "select request = $3 from forecast_fix where applied_by = $1 and operation = $2",
            actor.UserName,
            operation,
            request
        );
        return await query.ExecuteScalarAsync(cancel) as bool?;
    }
}

/// <summary>Reads which fixes were applied, and what came of them.</summary>
public static class AppliedFixes
{
    /// <summary>Those of some clocks, the newest first.</summary>
    public static async Task<ILookup<Guid, PastFix>> OfAsync(NpgsqlDataSource database, IReadOnlyCollection<Guid> clocks, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select f.clock_id, f.kind, f.person_id, f.team_key, f.until_at, f.before::float8, f.after::float8, coalesce(p.display_name, f.applied_by),
                f.applied_at
            from forecast_fix f left join person p on p.user_name = f.applied_by where f.clock_id = any($1) order by f.applied_at desc, f.id desc
            """,
            clocks.ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var fixes = new List<(Guid Clock, PastFix Fix)>();
        while (await r.ReadAsync(cancel))
            fixes.Add(
                (
                    r.GetGuid(0),
                    new(
                        Enum.Parse<FixKind>(r.GetString(1)),
                        r.GuidOrNull(2),
                        r.Text(3),
                        r.InstantOrNull(4),
                        r.IsDBNull(5) ? null : r.GetDouble(5),
                        r.IsDBNull(6) ? null : r.GetDouble(6),
                        r.GetString(7),
                        r.Instant(8)
                    )
                )
            );
        return fixes.ToLookup(one => one.Clock, one => one.Fix);
    }

    /// <summary>
    /// What came of fixes whose clocks ended since an instant. Of a clock with several, the last one counts. A question to a customer is no fix yet.
    /// </summary>
    internal static async Task<FixOutcomes> OutcomesAsync(NpgsqlDataSource database, Instant since, CancellationToken cancel)
    {
        await using var query = database.Query(
            """
            select (select count(*)::int from forecast_fix where applied_at >= $1 and kind <> 'AskDate'), count(*)::int, coalesce(sum(l.before), 0)::float8,
                coalesce(sum(l.after), 0)::float8, count(*) filter (where l.breached)::int
            from (select distinct on (clock_id) before, after, breached from forecast_fix
                where settled_at >= $1 and breached is not null and before is not null and kind <> 'AskDate' order by clock_id, applied_at desc, id desc) l
            """,
            since
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        await r.ReadAsync(cancel);
        return new(r.GetInt32(0), r.GetInt32(1), r.GetDouble(2), r.GetDouble(3), r.GetInt32(4));
    }
}
