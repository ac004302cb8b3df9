using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.OwnView;

namespace Orchestration.Workflows.PromiseLedger;

/// <summary>When a case is usually through the last stage that its customer knows, such as the payment.</summary>
/// <param name="Title">The stage, in the customer's words.</param>
/// <param name="Usually">Half of the others were through it by then.</param>
/// <param name="Likely">Eight of ten were.</param>
/// <param name="Samples">How many others were at the same step as long, and came there.</param>
public sealed record LastStageForecast(LocalText Title, Instant Usually, Instant Likely, int Samples);

/// <summary>
/// Looks at finished cases that were where this one is. Nothing is said when fewer than half of them came to the last stage, such as those that are about to be
/// declined, or when too few did.
/// </summary>
public static class LastStage
{
    private const double LeastShare = 0.5;
    private const int Most = 500;

    /// <summary>The forecast; null: there is none, or the case is there or over. The caller has checked that the person can see the case.</summary>
    public static async Task<LastStageForecast?> OfAsync(ClockRuntime clocks, Guid @case, CancellationToken cancel = default)
    {
        var (runtime, now) = (clocks.Runtime, clocks.Runtime.Clock.Now());
        string? version;
        await using (var running = runtime.Database.Query("select definition_version_id from workflow_instance where id = $1 and status = 'Running'", @case))
            version = await running.ExecuteScalarAsync(cancel) as string;
        if (version is null || await StagesAsync(runtime, version, cancel) is not [.., var last])
            return null;

        await using var query = runtime.Database.Query(
            """
            with here as (select c.journey, t.activity_id, t.created_at from task t join journey_case c on c.id = t.instance_id where c.id = $1
                and not exists (select from task s where s.instance_id = $1 and s.activity_id = any($2))
                order by t.ended_at is null desc, t.created_at desc limit 1)
            select h.created_at, a.opened_at, (select max(b.ended_at) from step_fact b where b.chain_id = a.chain_id and b.step = any($2)
                and b.ended_as = 'Completed' and b.ended_at > a.opened_at)
            from here h join step_fact a on a.journey = h.journey and a.step = h.activity_id join workflow_instance i on i.id = a.chain_id
            where a.opened_at >= $3 and a.chain_id <> $1 and i.status = 'Finished' order by a.opened_at desc limit $4
            """,
            @case,
            last.Steps.ToArray(),
            now - MakePromise.Back,
            Most
        );
        var calendar = FutureShifts.OfficeCalendar(clocks.ServiceLevels);
        var (there, all, since) = (new List<double>(), 0, now);
        await using (var r = await query.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
            {
                (since, all) = (r.Instant(0), all + 1);
                if (r.InstantOrNull(2) is { } reached)
                    there.Add(MakePromise.Minutes(calendar, r.Instant(1), reached));
            }
        }

        return there.Count >= LeastShare * all && PromiseChance.Left(there, MakePromise.Minutes(calendar, since, now)) is var (half, most, alive)
            ? new(last.Title, MakePromise.After(calendar, now, half), MakePromise.After(calendar, now, most), alive)
            : null;
    }

    /// <summary>Stages with steps. A version that no longer compiles has none.</summary>
    private static async Task<List<CustomerStage>> StagesAsync(WorkflowRuntime runtime, string version, CancellationToken cancel)
    {
        try
        {
            return [.. CustomerStages.Of(await runtime.Definitions.GetVersionAsync(version, cancel)).Stages.Where(stage => stage.Steps.Count > 0)];
        }
        catch (DefinitionUnavailableException)
        {
            return [];
        }
    }
}
