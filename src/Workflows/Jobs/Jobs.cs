using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Quartz;

namespace Orchestration.Workflows.Jobs;

/// <summary>Escalates: acts on the rungs of SLA clocks that are due.</summary>
[DisallowConcurrentExecution]
public sealed class EscalateJob(Escalate escalate) : IJob
{
    /// <inheritdoc/>
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        context.Result = await escalate.RunAsync(cancellationToken);
}

/// <summary>Resumes timers that are due.</summary>
[DisallowConcurrentExecution]
public sealed class TimersJob(Timers timers) : IJob
{
    /// <inheritdoc/>
    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        Sweep.RunAsync(context, timers.SweepAsync, 100, cancellationToken);
}

/// <summary>Resumes suspended tasks whose wait is over.</summary>
[DisallowConcurrentExecution]
public sealed class ResumeSuspendedJob(ResumeSuspended suspended) : IJob
{
    /// <inheritdoc/>
    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        Sweep.RunAsync(context, suspended.SweepAsync, 100, cancellationToken);
}

/// <summary>Delivers stimuli that the host that wrote them did not.</summary>
[DisallowConcurrentExecution]
public sealed class StimuliJob(WorkflowRuntime runtime) : IJob
{
    /// <inheritdoc/>
    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        Sweep.RunAsync(context, runtime.Stimuli.SweepAsync, 100, cancellationToken);
}

/// <summary>Does effects that are due. Several hosts may do so at once: each effect is leased.</summary>
public sealed class EffectsJob(Effects effects) : IJob
{
    /// <summary>What takes long is somebody else's answer: when the host stops it is not waited for, and its lease is given back.</summary>
    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        Sweep.RunAsync(context, (limit, _) => effects.SweepAsync(limit, cancellationToken), 50, cancellationToken);
}

/// <summary>Makes the partitions of history for this month and the next two; purges drafts of ended tasks, figures of jobs, kept events nobody came for and operation ids nobody can retry any more.</summary>
[DisallowConcurrentExecution]
public sealed class HousekeepingJob(NpgsqlDataSource database, WorkflowRuntime runtime, IClock clock) : IJob
{
    /// <inheritdoc/>
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        var now = clock.Now();
        await Partitions.EnsureAsync(database, now, cancellationToken);
        context.Result =
            await Operation.PurgeAsync(database, now, cancellationToken)
            + await runtime.Stimuli.PurgeAsync(cancellationToken)
            + await PurgeDrafts.RunAsync(database, now, cancellationToken)
            + await JobQueries.PurgeAsync(database, now, cancellationToken);
    }
}

internal static class Sweep
{
    /// <summary>Sweeps until nothing is due. When the host stops, the batch under way is finished and no other begun.</summary>
    public static async ValueTask RunAsync(IJobExecutionContext context, Func<int, CancellationToken, Task<int>> sweep, int batch, CancellationToken cancel)
    {
        var total = 0;
        int count;
        do
        {
            count = await sweep(batch, CancellationToken.None);
            total += count;
        } while (count == batch && !cancel.IsCancellationRequested);
        context.Result = total;
    }
}
