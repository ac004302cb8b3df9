using Hangfire;
using Hangfire.PostgreSql;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Jobs;

/// <summary>
/// Starts a recurring job within a second of its first due row. One statement a second asks for all jobs at once; a job that is paused, or that runs on
/// some host already, is left alone.
/// </summary>
internal sealed partial class JobWatch(NpgsqlDataSource database, IRecurringJobManagerV2 jobs, IClock clock, TimeProvider time, ILogger<JobWatch> log)
    : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly IReadOnlyList<JobDescription> Watched = [.. JobCatalog.All.Where(job => job.Waiting is not null)];

    private static readonly string Statement = string.Join(
        "\nunion all\n",
        Watched.Select(
            (job, i) =>
                $"""
                    select '{job.Name}' job where case when exists (select from {job.Waiting})
                        then not exists (select from job_pause where job = '{job.Name}') and pg_try_advisory_xact_lock({JobLock.Key(job.Name)}) end
                    """
        )
    );

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        var away = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                foreach (var job in await DueAsync(stoppingToken))
                    jobs.TriggerJob(job);
                away = false;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or BackgroundJobClientException or PostgreSqlDistributedLockException)
            {
                if (!away)
                    LogAway(log, e);
                away = true;
            }
        }
    }

    private async Task<List<string>> DueAsync(CancellationToken stop)
    {
        await using var query = database.Query(Statement, clock.Now());
        await using var reader = await query.ExecuteReaderAsync(stop);
        var due = new List<string>();
        while (await reader.ReadAsync(stop))
            due.Add(reader.GetString(0));
        return due;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Can't look for due jobs; trying again every second.")]
    private static partial void LogAway(ILogger log, Exception e);
}
