using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Workflows.Demo;

namespace Orchestration.Host.Startup;

/// <summary>Makes the demo cases of a new development database once the host is ready, so that no start waits for them.</summary>
internal sealed partial class DemoStart(DemoWorkforce workforce, DemoCases cases, DemoDistribution push, IHostApplicationLifetime host, ILogger<DemoStart> log)
    : BackgroundService
{
    public const string Setting = "Demo:Cases";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var ready = host.ApplicationStarted.Register(started.SetResult);
        try
        {
            await started.Task.WaitAsync(stoppingToken);
            await workforce.RunAsync(stoppingToken);
            if (await cases.RunAsync(stoppingToken) is > 0 and var made)
            {
                Made(log, made);
                await push.RunAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops; what was made so far stays.
        }
        catch (Exception e) when (e is NpgsqlException or DefinitionUnavailableException or TimeoutException or IOException)
        {
            NotMade(log, e);
        }
    }

    [LoggerMessage(EventId = 304, Level = LogLevel.Information, Message = "Started {Made} demo cases")]
    private static partial void Made(ILogger log, int made);

    [LoggerMessage(EventId = 305, Level = LogLevel.Warning, Message = "Can't start all demo cases")]
    private static partial void NotMade(ILogger log, Exception e);
}

internal static class DemoSetup
{
    /// <summary>Only in Development: elsewhere there are no demo people, and cases are real.</summary>
    public static void AddDemoCases(this WebApplicationBuilder builder, bool wanted)
    {
        if (wanted && builder.Environment.IsDevelopment())
            builder.Services.AddSingleton<DemoWorkforce>().AddSingleton<DemoCases>().AddSingleton<DemoDistribution>().AddHostedService<DemoStart>();
    }
}
