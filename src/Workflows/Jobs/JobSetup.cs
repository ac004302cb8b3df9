using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Quartz;

namespace Orchestration.Workflows.Jobs;

/// <summary>The recurring jobs, on Quartz with its clustered PostgreSQL store: any number of hosts, one run of each tick.</summary>
public static class JobSetup
{
    /// <summary>Adds the scheduler and the jobs.</summary>
    public static void AddJobs(this IHostApplicationBuilder builder, string connectionString)
    {
        builder.AddQuartz(q =>
        {
            q.ConfigureScheduler(o =>
            {
                o.InstanceName = "orchestration";

                // Told that the host stops, jobs end after the batch they are at.
                o.ShutdownJobInterruption = ShutdownJobInterruption.WhenWaitingForJobs;
            });
            q.UseDefaultThreadPool(8);
            q.UsePersistentStore(s =>
            {
                s.UsePostgres(connectionString);
                s.ProvisionSchema();
                s.ConfigureStore(o => o.AcceptEnlistedTransactions = true);
                s.UseClustering(c =>
                {
                    c.CheckinInterval = TimeSpan.FromSeconds(2);
                    c.CheckinMisfireThreshold = TimeSpan.FromSeconds(3);
                });
            });
            q.AddJobListener<JobRuns>();
            Add<EscalateJob>(q, JobCatalog.Escalate);
            Add<TimersJob>(q, JobCatalog.Timers);
            Add<ResumeSuspendedJob>(q, JobCatalog.ResumeSuspended);
            Add<StimuliJob>(q, JobCatalog.Stimuli);
            Add<EffectsJob>(q, JobCatalog.Effects);
            Add<HousekeepingJob>(q, JobCatalog.Housekeeping);
        });

        // Before Quartz: hosts that start at once make its tables one after the other.
        builder.Services.AddHostedService<JobSchema>();
        builder.AddQuartzHostedService(o => (o.WaitForJobsToComplete, o.AwaitApplicationStarted) = (true, false));
        builder.Services.AddHostedService<JobWishes>();
        builder.Services.Configure<QuartzOptions>(o => o.Scheduling.IgnoreDuplicates = true);
        builder.Services.AddSingleton<JobDesk>();
    }

    private static void Add<T>(IQuartzBuilder quartz, JobDescription job)
        where T : class, IJob =>
        quartz.ScheduleJob<T>(
            t => t.WithIdentity(job.Name).WithDescription(job.Description).WithCronSchedule(job.Cron, c => c.InTimeZone(TimeZoneInfo.Utc)),
            j => j.WithIdentity(job.Name).WithDescription(job.Description)
        );
}
