using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Performance;

/// <summary>Whether a target was saved.</summary>
public abstract record TargetResult
{
    private TargetResult() { }

    /// <summary>Saved or removed.</summary>
    public sealed record Done : TargetResult;

    /// <summary>Errors by field.</summary>
    public sealed record Invalid(Dictionary<string, string[]> Errors) : TargetResult;

    /// <summary>Someone else changed it; this is its revision now, 0 when it is gone.</summary>
    public sealed record Stale(int Revision) : TargetResult;
}

/// <summary>What a figure should be in a scope.</summary>
/// <param name="Measure">Key of a <see cref="Kpi"/>.</param>
/// <param name="Journey">Only this journey; empty: all.</param>
/// <param name="Step">Only this step of the journey; empty: all.</param>
/// <param name="Team">Only this team; empty: all.</param>
/// <param name="Good">Green from here on: a share from 0 to 1, or seconds.</param>
/// <param name="Fair">Amber from here on, else red.</param>
/// <param name="Revision">Counts changes; 0 for a new one.</param>
public sealed record Target(string Measure, string Journey, string Step, string Team, double Good, double Fair, int Revision)
{
    /// <summary>All of them, those of the narrowest scopes first.</summary>
    public static async Task<IReadOnlyList<Target>> ListAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select measure, journey, step, team, good, fair, revision from performance_target
            order by step = '', team = '', journey = '', measure, journey, step, team limit 2000
            """
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var targets = new List<Target>();
        while (await r.ReadAsync(cancel))
            targets.Add(new(r.GetString(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetDouble(4), r.GetDouble(5), r.GetInt32(6)));
        return targets;
    }

    /// <summary>The target of the narrowest scope that covers another, or null. Expects them in the order of <see cref="ListAsync"/>.</summary>
    public static Target? For(IReadOnlyList<Target> targets, Kpi kpi, string? journey, string? step, string? team) =>
        targets.FirstOrDefault(t =>
            t.Measure == kpi.Key
            && (t.Journey.Length == 0 || t.Journey == journey)
            && (t.Step.Length == 0 || t.Step == step)
            && (t.Team.Length == 0 || t.Team == team)
        );

    /// <summary>Saves a target, with history.</summary>
    /// <param name="runtime">Database and clock.</param>
    /// <param name="target">The target, with the revision it is based on.</param>
    /// <param name="actor">Who sets it.</param>
    public static async Task<TargetResult> SaveAsync(WorkflowRuntime runtime, Target target, Person actor, CancellationToken cancel = default)
    {
        var errors = new Dictionary<string, string[]>();
        if (Kpi.Find(target.Measure) is not { CanHaveTarget: true } kpi)
            return new TargetResult.Invalid(new() { ["measure"] = [$"'{target.Measure}' is not a measure that can have a target"] });
        if (target.Step.Length > 0 && target.Journey.Length == 0)
            errors["journey"] = ["is required: a step belongs to a journey"];
        var most =
            kpi.Unit == KpiUnit.Share
                ? kpi.Key == "effort"
                    ? 10
                    : 1
                : 366d * 86_400;
        foreach (var (field, value) in new[] { ("good", target.Good), ("fair", target.Fair) })
        {
            if (!double.IsFinite(value) || value < 0 || value > most)
                errors[field] = [kpi.Unit == KpiUnit.Share ? $"must be from 0 to {most * 100:0}%" : "must be from 0 to 366 days"];
        }

        if (errors.Count == 0 && (kpi.MoreIsBetter == true ? target.Fair > target.Good : target.Fair < target.Good))
            errors["fair"] = [kpi.MoreIsBetter == true ? "must not be above the value for good" : "must not be below the value for good"];
        if (errors.Count > 0)
            return new TargetResult.Invalid(errors);
        return await WriteAsync(runtime, target, removes: false, actor, cancel);
    }

    /// <summary>Removes a target, with history.</summary>
    public static Task<TargetResult> RemoveAsync(WorkflowRuntime runtime, Target target, Person actor, CancellationToken cancel = default) =>
        WriteAsync(runtime, target, removes: true, actor, cancel);

    private static async Task<TargetResult> WriteAsync(WorkflowRuntime runtime, Target target, bool removes, Person actor, CancellationToken cancel)
    {
        var now = runtime.Clock.GetCurrentInstant();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await NamedChain.LockAsync(connection, "settings", actor.UserName, now, cancel);
        await using (var find = connection.CreateBatch())
        {
            find.Add(
                "select revision from performance_target where measure = $1 and journey = $2 and step = $3 and team = $4",
                target.Measure,
                target.Journey,
                target.Step,
                target.Team
            );
            if ((int?)await find.ExecuteScalarAsync(cancel) is var before && (before ?? 0) != target.Revision)
                return new TargetResult.Stale(before ?? 0);
        }

        await using var batch = connection.CreateBatch();
        if (removes)
            batch.Add(
                "delete from performance_target where measure = $1 and journey = $2 and step = $3 and team = $4",
                target.Measure,
                target.Journey,
                target.Step,
                target.Team
            );
        else
            batch.Add(
                """
                insert into performance_target (measure, journey, step, team, good, fair, changed_by, changed_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
                on conflict (measure, journey, step, team) do update set good = $5, fair = $6, changed_by = $7, changed_at = $8,
                    revision = performance_target.revision + 1
                """,
                target.Measure,
                target.Journey,
                target.Step,
                target.Team,
                target.Good,
                target.Fair,
                actor.UserName,
                now
            );
        history.Add(
            new(
                removes ? "target.removed" : "target.set",
                "settings",
                $"target:{target.Measure}",
                target.Revision + 1,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        target.Journey,
                        target.Step,
                        target.Team,
                        good = removes ? (double?)null : target.Good,
                        fair = removes ? (double?)null : target.Fair,
                    },
                    JsonSerializerOptions.Web
                )
            )
        );
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new TargetResult.Done();
    }
}
