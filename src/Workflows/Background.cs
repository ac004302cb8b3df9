using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows;

/// <summary>
/// What a host does beside answering requests: delivers what its bursts queued, and exchanges wake-ups with the other hosts. All of it only saves latency; the
/// jobs find whatever it missed.
/// </summary>
public sealed partial class Background(WorkflowRuntime runtime, ServiceLevelCatalog serviceLevels, TimeProvider time, ILogger<Background> log)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(
            runtime.Stimuli.DeliverAsync(stoppingToken),
            runtime.Changes.SendAsync(runtime.Database, stoppingToken),
            HearAsync(stoppingToken),
            ReloadAsync(stoppingToken)
        );

    private async Task HearAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(Pause, time);
        do
        {
            try
            {
                // What changed while nobody listened is read anew.
                Everything();
                await runtime.Changes.HearAsync(runtime.Database, cancel);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
            {
                NotHeard(log, e);
            }
        } while (await timer.WaitForNextTickAsync(cancel));
    }

    private readonly SemaphoreSlim _stale = new(0);
    private volatile bool _settings;

    private void Everything()
    {
        _settings = true;
        _stale.Release();
    }

    private async Task ReloadAsync(CancellationToken cancel)
    {
        using var listening = runtime.Changes.Listen(change =>
        {
            if (change.Kind == ChangeKind.Settings)
                Everything();
            else if (change.Kind == ChangeKind.Definition)
                _stale.Release();
        });
        using var timer = new PeriodicTimer(Pause, time);
        while (true)
        {
            await _stale.WaitAsync(cancel);
            try
            {
                if (_settings)
                {
                    _settings = false;
                    await serviceLevels.LoadAsync(cancel);
                }

                await runtime.Definitions.LoadPublishedAsync(cancel);
            }
            catch (Exception e) when (e is NpgsqlException or DefinitionUnavailableException or TimeoutException or IOException)
            {
                NotHeard(log, e);
                Everything();
                await timer.WaitForNextTickAsync(cancel);
            }
        }
    }

    [LoggerMessage(EventId = 220, Level = LogLevel.Warning, Message = "Wake-ups of other hosts are not heard for now")]
    private static partial void NotHeard(ILogger log, Exception e);
}
