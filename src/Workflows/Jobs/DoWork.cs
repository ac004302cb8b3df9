using System.Globalization;
using Hangfire;
using Hangfire.States;
using Hangfire.Storage;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Jobs;

/// <summary>
/// Runs the verb of an order on some of its tasks, and says for each why it was refused; null: it was done. The host has the verbs and the words.
/// </summary>
public delegate Task<IReadOnlyList<(Guid Id, string? Refused)>> RunBulk(WorkOrder.Bulk order, IReadOnlyList<BulkItem> items, string operationId, Person actor);

/// <summary>
/// Performs background work step by step. Each item has its own operation ID and each step stores where to continue, so a job that runs again, on any
/// host, processes every item once.
/// </summary>
[AutomaticRetry(Attempts = 5, DelaysInSeconds = [2, 10, 30, 60, 120])]
public sealed class DoWork(BackgroundWork work, WorkflowRuntime runtime, ClockRuntime clocks, KeepHistory history, FindPerson people, RunBulk runBulk)
{
    private const int Step = 20;
    private const int MostListed = 500;

    /// <summary>Starts or continues the work.</summary>
    /// <exception cref="OperationCanceledException">The host is stopping: the step in progress was finished, and another host continues.</exception>
    [JobDisplayName("Background work {0}")]
    public async Task<string> RunAsync(Guid id, CancellationToken stop)
    {
        await using var alone = await JobLock.TryTakeAsync(runtime.Database, $"work {id:N}");
        if (alone is null)
        {
            // Hangfire gave this job to a second host while the first, only slow, still holds the lock. If the first dies now, no job is left for the rest.
            work.LookAgain(id);
            return "Already running";
        }

        if (await work.FindAsync(id, stop) is not { State: not WorkState.Done } status)
            return "Nothing left to do";
        if (await people.OfIdAsync(status.RequestedBy, runtime.Clock.Now(), stop) is not { } actor)
        {
            await work.MoveAsync(id, WorkState.Failed, "system", "The person who requested this was deactivated.", stop);
            return "Stopped: the person who requested this was deactivated";
        }

        await work.MoveAsync(id, WorkState.Running, actor.UserName, null, stop);
        var more = true;
        while (more)
        {
            stop.ThrowIfCancellationRequested();
            (status, more) = status.Order switch
            {
                WorkOrder.Bulk bulk => await BulkAsync(status, bulk, actor),
                WorkOrder.Migrate migrate => await MigrateAsync(status, migrate, actor),
                WorkOrder.Recompute recompute => await RecomputeAsync(status, recompute, actor),
                WorkOrder.CheckHistory => await CheckAsync(status, actor),
                _ => throw new InvalidOperationException($"Nothing does {status.Order.GetType().Name}."),
            };
            await work.SaveAsync(status, CancellationToken.None);
        }

        await work.MoveAsync(id, WorkState.Done, actor.UserName, null, CancellationToken.None);
        return $"{status.Done} done, {status.Refused} refused";
    }

    private async Task<(WorkStatus, bool More)> BulkAsync(WorkStatus status, WorkOrder.Bulk bulk, Person actor)
    {
        var (items, next) = Slice(bulk.Items, status.Position);
        return Counted(status, await runBulk(bulk, items, Operation(status), actor), next);
    }

    private async Task<(WorkStatus, bool More)> MigrateAsync(WorkStatus status, WorkOrder.Migrate migrate, Person actor)
    {
        var (instances, next) = Slice(migrate.Instances, status.Position);
        var answers = await MigrateCases.RunAsync(
            runtime,
            new(migrate.DefinitionId, migrate.ToVersion) { Instances = [.. instances] },
            Operation(status),
            migrate.Reason,
            Viewer.Of(actor, otherRuns: true),
            migrate.MayAlterCases
        );
        return Counted(status, [.. answers.Select(a => (a.Instance, a.Refused))], next);
    }

    private async Task<(WorkStatus, bool More)> RecomputeAsync(WorkStatus status, WorkOrder.Recompute recompute, Person actor)
    {
        var after = status.Position is { } position ? Guid.ParseExact(position, "N") : Guid.Empty;
        var (answer, scanned, next) = await RecomputeClocks.StepAsync(
            clocks,
            new(recompute.Calendar, recompute.Policy),
            recompute.Reason,
            recompute.Store,
            actor,
            after,
            Step
        );
        var sum = status.Result?.Recomputed is { } before ? before.Plus(answer) : answer;
        status = status with { Done = Math.Min(status.Total, status.Done + scanned), Result = new([], sum), Position = next?.ToString("N") ?? status.Position };
        return (next is null ? status with { Done = status.Total } : status, next is not null);
    }

    /// <summary>All at once: a check sees one snapshot, so one that was broken off begins anew.</summary>
    private async Task<(WorkStatus, bool More)> CheckAsync(WorkStatus status, Person actor)
    {
        var result = await history.CheckAsync(
            actor.UserName,
            events => work.SaveAsync(status with { Done = (int)Math.Min(status.Total, events) }, CancellationToken.None)
        );
        return (status with { Done = status.Total, Result = new([], Findings: result.Findings.Count) }, false);
    }

    private static string Operation(WorkStatus status) => $"work:{status.Id:N}";

    private static (List<T> Items, int? Next) Slice<T>(IReadOnlyList<T> all, string? position)
    {
        var first = position is null ? 0 : int.Parse(position, CultureInfo.InvariantCulture);
        var items = all.Skip(first).Take(Step).ToList();
        return (items, first + items.Count < all.Count ? first + items.Count : null);
    }

    private static (WorkStatus, bool More) Counted(WorkStatus status, IReadOnlyList<(Guid Id, string? Refused)> answers, int? next)
    {
        var refused = answers.Where(a => a.Refused is not null).Select(a => new RefusedItem(a.Id, a.Refused!)).ToList();
        return (
            status with
            {
                Done = status.Done + answers.Count - refused.Count,
                Refused = status.Refused + refused.Count,
                Position = (next ?? status.Total).ToString(CultureInfo.InvariantCulture),
                Result = new([.. (status.Result?.Refused ?? []).Concat(refused).Take(MostListed)]),
            },
            next is not null
        );
    }
}

/// <summary>Work whose job failed for good, or was deleted by an administrator, has ended for the person who asked for it too.</summary>
internal sealed class EndOfWork(IServiceProvider services) : IApplyStateFilter
{
    public void OnStateApplied(ApplyStateContext context, IWriteOnlyTransaction transaction)
    {
        if (context.BackgroundJob.Job.Type != typeof(DoWork))
            return;
        var error = context.NewState switch
        {
            FailedState failed => failed.Exception.Message,
            DeletedState => "An administrator deleted the job.",
            _ => null,
        };
        if (error is not null)
            services
                .GetRequiredService<BackgroundWork>()
                .MoveAsync((Guid)context.BackgroundJob.Job.Args[0], WorkState.Failed, "system", error, CancellationToken.None)
                .GetAwaiter()
                .GetResult();
    }

    public void OnStateUnapplied(ApplyStateContext context, IWriteOnlyTransaction transaction) { }
}
