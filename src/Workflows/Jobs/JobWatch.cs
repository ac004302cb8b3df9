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

    // Hangfire waits for a lock of its own to start a job, without giving back the thread; that must not hold up the other jobs.
    private readonly Dictionary<string, Task> _starting = new(StringComparer.Ordinal);
    private volatile bool _away;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                foreach (var job in await DueAsync(stoppingToken))
                {
                    if (!_starting.TryGetValue(job, out var before) || before.IsCompleted)
                        _starting[job] = Task.Run(() => Start(job), stoppingToken);
                }
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or BackgroundJobClientException or PostgreSqlDistributedLockException)
            {
                SayAway(e);
            }
        }
    }

    private void Start(string job)
    {
        try
        {
            jobs.TriggerJob(job);
            _away = false;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or BackgroundJobClientException or PostgreSqlDistributedLockException)
        {
            SayAway(e);
        }
    }

    private void SayAway(Exception e)
    {
        if (!_away)
            LogAway(log, e);
        _away = true;
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
