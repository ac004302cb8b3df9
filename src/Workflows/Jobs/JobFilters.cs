using Hangfire.Client;
using Hangfire.States;
using Hangfire.Storage;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Jobs;

/// <summary>
/// Creates a recurring job only if something is due and the job isn't paused. At rest a tick costs one small query, and Hangfire's tables hold only
/// real runs.
/// </summary>
internal sealed class StartWhenDue(NpgsqlDataSource database, IClock clock) : IClientFilter
{
    public void OnCreating(CreatingContext context)
    {
        if (!context.Parameters.TryGetValue("RecurringJobId", out var name) || JobCatalog.Find((string)name) is not { Waiting: { } waiting } job)
            return;
        try
        {
            using var query = database.Query(
                $"select not exists (select from job_pause where job = $2) and exists (select from {waiting})",
                clock.Now(),
                job.Name
            );
            context.Canceled = query.ExecuteScalar() is false;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            // The run itself reports the error. Throwing here would make Hangfire disable the job after five attempts.
        }
    }

    public void OnCreated(CreatedContext context) { }
}

/// <summary>How long Hangfire keeps finished jobs.</summary>
internal sealed class Retention : IApplyStateFilter
{
    private static readonly TimeSpan Succeeded = TimeSpan.FromHours(1);
    private static readonly TimeSpan FailedSweep = TimeSpan.FromDays(1);
    private static readonly TimeSpan Failed = TimeSpan.FromDays(90);

    public void OnStateApplied(ApplyStateContext context, IWriteOnlyTransaction transaction)
    {
        if (context.NewState.IsFinal)
            context.JobExpirationTimeout = Succeeded;
        else if (context.NewState is FailedState)
            transaction.ExpireJob(context.BackgroundJob.Id, context.BackgroundJob.Job.Type == typeof(Sweeps) ? FailedSweep : Failed);
    }

    public void OnStateUnapplied(ApplyStateContext context, IWriteOnlyTransaction transaction) { }
}
