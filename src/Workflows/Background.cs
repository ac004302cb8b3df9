using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows;

/// <summary>
/// The background work of a host: delivers what its bursts queued and exchanges change notifications with the other hosts. This only reduces latency;
/// the jobs find whatever it misses.
/// </summary>
public sealed partial class Background(
    WorkflowRuntime runtime,
    ServiceLevelCatalog serviceLevels,
    FormCatalog forms,
    PeopleCatalog people,
    TimeProvider time,
    ILogger<Background> log
) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(
            runtime.Stimuli.DeliverAsync(stoppingToken),
            runtime.Changes.SendAsync(runtime.Database, time, stoppingToken),
            ListenAsync(stoppingToken),
            ReloadAsync(stoppingToken)
        );

    private async Task ListenAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(Pause, time);
        do
        {
            try
            {
                // Changes made while this host wasn't listening.
                Reload(settings: true, definitions: true);
                await runtime.Changes.HearAsync(runtime.Database, cancel);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
            {
                ListenFailed(log, e);
            }
        } while (await timer.WaitForNextTickAsync(cancel));
    }

    private readonly SemaphoreSlim _stale = new(0);
    private volatile bool _settings;
    private volatile bool _definitions;

    private void Reload(bool settings = false, bool definitions = false)
    {
        if (settings)
            _settings = true;
        if (definitions)
            _definitions = true;
        _stale.Release();
    }

    private async Task ReloadAsync(CancellationToken cancel)
    {
        using var listening = runtime.Changes.Listen(change =>
        {
            if (change.Kind is ChangeKind.Settings or ChangeKind.Definition)
                Reload(settings: change.Kind == ChangeKind.Settings, definitions: change.Kind == ChangeKind.Definition);
        });
        using var timer = new PeriodicTimer(Pause, time);
        while (true)
        {
            await _stale.WaitAsync(cancel);

            // Many changes in a row (people being imported, say) need one look.
            while (_stale.Wait(0, CancellationToken.None)) { }
            try
            {
                if (_settings)
                {
                    _settings = false;
                    await serviceLevels.LoadAsync(cancel);
                    await forms.LoadAsync(cancel);
                    await people.LoadAsync(cancel);
                }

                if (_definitions)
                {
                    _definitions = false;
                    await runtime.Definitions.LoadPublishedAsync(cancel);
                }
            }
            catch (Exception e) when (e is NpgsqlException or DefinitionUnavailableException or TimeoutException or IOException)
            {
                ListenFailed(log, e);
                Reload(settings: true, definitions: true);
                await timer.WaitForNextTickAsync(cancel);
            }
        }
    }

    [LoggerMessage(EventId = 220, Level = LogLevel.Warning, Message = "Can't listen to other hosts; retrying")]
    private static partial void ListenFailed(ILogger log, Exception e);
}
