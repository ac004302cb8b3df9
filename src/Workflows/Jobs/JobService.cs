using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Jobs;

/// <summary>Fulfils wishes about jobs that the host that took them did not: it died just then.</summary>
internal sealed partial class JobWishes(JobDesk desk, TimeProvider time, ILogger<JobWishes> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await desk.FulfilAsync(stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException or Quartz.SchedulerException)
            {
                NotFulfilled(log, e);
            }
        }
    }

    [LoggerMessage(EventId = 231, Level = LogLevel.Warning, Message = "What was wished of jobs is not done yet; it will be tried again")]
    private static partial void NotFulfilled(ILogger log, Exception e);
}

/// <summary>Quartz makes its tables when it starts, and two at once can get into each other's way: while this host starts it holds the lock of the migrations.</summary>
internal sealed class JobSchema(NpgsqlDataSource database) : IHostedLifecycleService
{
    private SchemaLock? _lock;

    public async Task StartingAsync(CancellationToken cancellationToken) => _lock = await SchemaLock.TakeAsync(database, cancellationToken);

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        if (_lock is { } taken)
            await taken.DisposeAsync();
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
