using System.Diagnostics;
using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Board;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Performance;
using Orchestration.Workflows.ProcessMining;
using Orchestration.Workflows.Retention;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Jobs;

/// <summary>
/// The recurring jobs: each handles due rows until none are left. Only one host runs a job at a time; a tick that finds it running ends immediately.
/// When the host stops, the batch in progress is
/// finished and no other is started.
/// </summary>
/// <remarks>A run that fails is not tried again: the next tick does the same.</remarks>
[AutomaticRetry(Attempts = 0)]
public sealed class Sweeps(
    WorkflowRuntime runtime,
    Escalate escalate,
    Timers timers,
    ResumeSuspended suspended,
    Effects effects,
    BackgroundWork work,
    ReturnWork returns,
    DistributeWork distribution,
    Presence presence,
    ForecastOffice forecast,
    KeepFigures figures,
    WeeklyDigest digest,
    KeepHistory history,
    HoldHeads heads,
    KeepRetention retention,
    Erasures erasures,
    WriteLogs logs,
    RunSearches searches,
    LogSchedules schedules,
    ArticleTasks articles,
    EndOfCase ends,
    IBackgroundJobClient jobs,
    JobMetrics metrics
)
{
    private const int Batch = 100;
    private const int StimuliBatch = 400;

    /// <summary>Runs escalations that are due.</summary>
    public Task EscalateAsync(CancellationToken stop) => RunAsync(JobCatalog.Escalate, () => escalate.RunAsync(stop));

    /// <summary>Resumes and starts timers that are due.</summary>
    public Task TimersAsync(CancellationToken stop) =>
        RunAsync(JobCatalog.Timers, () => UntilNothingAsync(() => timers.SweepAsync(Batch, CancellationToken.None), stop));

    /// <summary>Resumes suspended tasks whose wait is over.</summary>
    public Task ResumeSuspendedAsync(CancellationToken stop) =>
        RunAsync(JobCatalog.ResumeSuspended, () => UntilNothingAsync(() => suspended.SweepAsync(Batch, CancellationToken.None), stop));

    /// <summary>Delivers stimuli that the host that wrote them did not.</summary>
    public Task StimuliAsync(CancellationToken stop) =>
        RunAsync(JobCatalog.Stimuli, () => UntilNothingAsync(() => runtime.Stimuli.SweepAsync(StimuliBatch, CancellationToken.None), stop, StimuliBatch));

    /// <summary>Starts a job for each effect that is due.</summary>
    public Task EffectsAsync(CancellationToken stop) => RunAsync(JobCatalog.Effects, () => UntilNothingAsync(StartEffectsAsync, stop));

    /// <summary>Starts background work that was left behind.</summary>
    public Task BackgroundWorkAsync(CancellationToken stop) => RunAsync(JobCatalog.BackgroundWork, () => work.EnqueueLostAsync(stop));

    /// <summary>Offers work to people, and ends offers that are over.</summary>
    public Task DistributeAsync(CancellationToken stop) => RunAsync(JobCatalog.Distribute, () => distribution.RunAsync(all: true, stop));

    /// <summary>Returns work of deactivated people.</summary>
    public Task ReturnWorkAsync(CancellationToken stop) =>
        RunAsync(JobCatalog.ReturnWork, () => UntilNothingAsync(() => returns.SweepAsync(Batch, CancellationToken.None), stop));

    /// <summary>Turns shifts, absences, ends of breaks and silence into presence.</summary>
    public Task PresenceAsync(CancellationToken stop) =>
        RunAsync(JobCatalog.Presence, () => UntilNothingAsync(() => presence.SweepAsync(Batch, CancellationToken.None), stop));

    /// <summary>Adds what happened to the figures of performance.</summary>
    public Task FiguresAsync(CancellationToken stop) => RunAsync(JobCatalog.Figures, () => figures.RunAsync(stop));

    /// <summary>Sends the weekly digests that are due.</summary>
    public Task WeeklyDigestAsync(CancellationToken stop) => RunAsync(JobCatalog.WeeklyDigest, () => digest.RunAsync(stop));

    /// <summary>Announces that certificates expire.</summary>
    public Task SkillRemindersAsync(CancellationToken stop) => RunAsync(JobCatalog.SkillReminders, () => SkillReminders.RunAsync(runtime, stop));

    /// <summary>Learns how long steps take.</summary>
    public Task StepEffortAsync(CancellationToken stop) =>
        RunAsync(JobCatalog.StepEffort, () => StepEffort.LearnAsync(runtime.Database, runtime.Clock.Now(), stop));

    /// <summary>Keeps what the board of teams shows.</summary>
    public Task BoardSnapshotsAsync(CancellationToken stop) =>
        RunAsync(JobCatalog.BoardSnapshots, () => BoardSnapshots.TakeAsync(runtime.Database, runtime.Clock.Now(), stop));

    /// <summary>Forecasts deadlines, and records what became of earlier forecasts.</summary>
    public Task ForecastAsync(CancellationToken stop) => RunAsync(JobCatalog.Forecast, () => forecast.PublishAsync(cancel: stop));

    /// <summary>Ends loans between teams that are over.</summary>
    public Task LoansAsync(CancellationToken stop) =>
        RunAsync(JobCatalog.Loans, () => UntilNothingAsync(() => LendPerson.SweepAsync(runtime, Batch, CancellationToken.None), stop));

    /// <summary>Appends history to its log, and signs it.</summary>
    public Task HistoryLogAsync(CancellationToken stop) => RunAsync(JobCatalog.HistoryLog, async () => (int)await history.RunAsync(stop));

    /// <summary>Holds the newest tree head outside.</summary>
    public Task HistoryHeadsAsync(CancellationToken stop) => RunAsync(JobCatalog.HistoryHeads, () => heads.RunAsync(stop));

    /// <summary>Checks all history.</summary>
    public Task HistoryCheckAsync(CancellationToken stop) =>
        RunAsync(JobCatalog.HistoryCheck, async () => (await history.CheckAsync("system", cancel: stop)).Findings.Count);

    /// <summary>Looks for unusual access.</summary>
    public Task AccessReviewAsync(CancellationToken stop) => RunAsync(JobCatalog.AccessReview, () => ReviewAccess.RunAsync(runtime, stop));

    /// <summary>Runs saved searches over history.</summary>
    public Task SavedSearchesAsync(CancellationToken stop) => RunAsync(JobCatalog.SavedSearches, () => searches.RunAsync(stop));

    /// <summary>Sees to customers' links of cases that ended.</summary>
    public Task EndedCasesAsync(CancellationToken stop) =>
        RunAsync(JobCatalog.EndedCases, () => UntilNothingAsync(() => ends.SweepAsync(Batch, CancellationToken.None), stop));

    /// <summary>Opens and ends the tasks of those who own guidance.</summary>
    public Task GuidanceTasksAsync(CancellationToken stop) =>
        RunAsync(JobCatalog.GuidanceTasks, () => UntilNothingAsync(() => articles.SweepAsync(Batch, CancellationToken.None), stop));

    /// <summary>Removes cases whose time is over, and erases what waited for a case to end.</summary>
    public Task RetentionAsync(CancellationToken stop) =>
        RunAsync(JobCatalog.Retention, async () => await retention.RunAsync(stop) + await erasures.RunWaitingAsync(stop));

    /// <summary>Writes files of logs that are due.</summary>
    public Task LogExportsAsync(CancellationToken stop) =>
        RunAsync(JobCatalog.LogExports, async () => await schedules.RunAsync(stop) + await logs.RunAsync(stop));

    /// <summary>
    /// Creates the history partitions for this month and the next two. Deletes drafts of ended tasks, expired kept events, expired operation IDs, old
    /// replies to HTTP requests, old background work, old decisions about who gets a task and old forecasts.
    /// </summary>
    public Task HousekeepingAsync(CancellationToken stop) =>
        RunAsync(
            JobCatalog.Housekeeping,
            async () =>
            {
                var now = runtime.Clock.Now();
                await Partitions.EnsureAsync(runtime.Database, now, stop);
                return await Operation.PurgeAsync(runtime.Database, now, stop)
                    + await runtime.Stimuli.PurgeAsync(stop)
                    + await PurgeDrafts.RunAsync(runtime.Database, now, stop)
                    + await SignIn.PurgeAsync(runtime.Database, now, stop)
                    + await PersonSessions.PurgeAsync(runtime.Database, now, stop)
                    + await HttpReplies.PurgeAsync(runtime.Database, now, stop)
                    + await BackgroundWork.PurgeAsync(runtime.Database, now, stop)
                    + await distribution.PurgeAsync(stop)
                    + await ForecastHistory.PurgeAsync(runtime.Database, now, stop);
            }
        );

    private async Task<int> StartEffectsAsync()
    {
        var leased = await effects.LeaseAsync(Batch, CancellationToken.None);
        foreach (var effect in leased)
        {
            var until = effect.LeasedUntil.ToUnixTimeTicks();
            jobs.Create(
                Job.FromExpression<DeliverEffect>(d => d.RunAsync(effect.Kind, effect.Id, until, CancellationToken.None)),
                new EnqueuedState(JobQueues.Work)
            );
        }

        return leased.Count;
    }

    private async Task<string> RunAsync(JobDescription job, Func<Task<int>> run)
    {
        await using var alone = await JobLock.TryTakeAsync(runtime.Database, job.Name);
        if (alone is null)
            return "Already running";
        var began = Stopwatch.GetTimestamp();
        var rows = 0;
        var failed = true;
        try
        {
            rows = await run();
            failed = false;
        }
        finally
        {
            metrics.Ran(job.Name, rows, failed, Stopwatch.GetElapsedTime(began));
        }

        return $"{rows} rows";
    }

    private static async Task<int> UntilNothingAsync(Func<Task<int>> sweep, CancellationToken stop, int batch = Batch)
    {
        var total = 0;
        int count;
        do
        {
            count = await sweep();
            total += count;
        } while (count == batch && !stop.IsCancellationRequested);
        return total;
    }
}
