using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Quartz;

namespace Orchestration.Workflows.Jobs;

/// <summary>The recurring jobs, on Quartz with its clustered PostgreSQL store: any number of hosts, one run of each tick.</summary>
public static class JobSetup
{
    private const string EverySecond = "* * * * * ?";

    /// <summary>Adds the scheduler and the jobs.</summary>
    public static void AddJobs(this IHostApplicationBuilder builder, string connectionString)
    {
        builder.AddQuartz(q =>
        {
            q.ConfigureScheduler(o => o.InstanceName = "orchestration");
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
            q.ScheduleJob<EscalateJob>(t => t.WithIdentity("escalate").WithCronSchedule(EverySecond));
            q.ScheduleJob<TimersJob>(t => t.WithIdentity("timers").WithCronSchedule(EverySecond));
            q.ScheduleJob<ResumeSuspendedJob>(t => t.WithIdentity("resume-suspended").WithCronSchedule(EverySecond));
            q.ScheduleJob<StimuliJob>(t => t.WithIdentity("stimuli").WithCronSchedule(EverySecond));
            q.ScheduleJob<EffectsJob>(t => t.WithIdentity("effects").WithCronSchedule(EverySecond));
            q.ScheduleJob<HousekeepingJob>(t => t.WithIdentity("housekeeping").WithCronSchedule("0 7 3 * * ?"));
        });
        builder.AddQuartzHostedService(o => o.WaitForJobsToComplete = true);
        builder.Services.Configure<QuartzOptions>(o => o.Scheduling.IgnoreDuplicates = true);
    }
}
