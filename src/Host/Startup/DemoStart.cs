using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Demo;
using Orchestration.Workflows.Simulation;

namespace Orchestration.Host.Startup;

/// <summary>What a new development database begins with.</summary>
/// <param name="Cases">Whether it gets demo cases.</param>
/// <param name="Weeks">Weeks of history of a simulated office besides.</param>
internal sealed record DemoSettings(bool Cases, int Weeks)
{
    public static DemoSettings Read(SettingsReader settings) => new(settings.Flag("Demo:Cases"), settings.Number("Demo:Weeks", 0, 0, 52));
}

/// <summary>
/// Makes the demo cases of a new development database and then its history, once the host is ready, so that no start waits for them.
/// </summary>
internal sealed partial class DemoStart(
    DemoSettings settings,
    DemoWorkforce workforce,
    DemoCases cases,
    DemoOffice office,
    DemoDistribution push,
    DemoGuidance guidance,
    IHostEnvironment environment,
    IHostApplicationLifetime host,
    ILogger<DemoStart> log
) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var ready = host.ApplicationStarted.Register(started.SetResult);
        try
        {
            await started.Task.WaitAsync(stoppingToken);
            await workforce.RunAsync(stoppingToken);
            await office.PrepareAsync(settings.Weeks, stoppingToken);
            await guidance.RunAsync(Path.Combine(environment.Definitions(), "guidance"), stoppingToken);
            var made = await cases.RunAsync(stoppingToken);
            if (made > 0)
                Made(log, made);
            if (made > 0)
                await push.SuggestAsync(stoppingToken);
            if (made > 0 && settings.Weeks > 0)
                Filling(log, settings.Weeks);
            if (await office.RunAsync(settings.Weeks, isNew: made > 0, stoppingToken) is { } done)
                Filled(log, settings.Weeks, done.Started, done.Completed);
            if (office.IsIncomplete)
                Incomplete(log);
            if (made > 0)
                await push.OfferAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops; what was made so far stays.
        }
        catch (Exception e)
        {
            // Whatever is wrong with demo data, the host goes on.
            NotMade(log, e);
        }
    }

    [LoggerMessage(EventId = 304, Level = LogLevel.Information, Message = "Started {Made} demo cases")]
    private static partial void Made(ILogger log, int made);

    [LoggerMessage(
        EventId = 307,
        Level = LogLevel.Information,
        Message = "Simulating {Weeks} weeks of office history in the background; pages show how far it is, and jobs are paused until it is done"
    )]
    private static partial void Filling(ILogger log, int weeks);

    [LoggerMessage(
        EventId = 308,
        Level = LogLevel.Information,
        Message = "Simulated {Weeks} weeks of office history: {Started} cases, {Completed} completed tasks"
    )]
    private static partial void Filled(ILogger log, int weeks, int started, int completed);

    [LoggerMessage(
        EventId = 309,
        Level = LogLevel.Warning,
        Message = "The demo office is incomplete because a host stopped while filling it. For all of it, delete the database and start again"
    )]
    private static partial void Incomplete(ILogger log);

    [LoggerMessage(EventId = 305, Level = LogLevel.Warning, Message = "Can't make all of the demo data")]
    private static partial void NotMade(ILogger log, Exception e);
}

internal static class DemoSetup
{
    /// <summary>Only in Development: elsewhere there are no demo people, and cases are real.</summary>
    public static void AddDemo(this WebApplicationBuilder builder, DemoSettings settings)
    {
        if (!settings.Cases || !builder.Environment.IsDevelopment())
            return;
        builder
            .Services.AddSingleton(settings)
            .AddSingleton<DemoWorkforce>()
            .AddSingleton<DemoCases>()
            .AddSingleton(s => ActivatorUtilities.CreateInstance<DemoOffice>(s, s.GetRequiredService<DatabaseConnections>().Application))
            .AddSingleton<DemoDistribution>()
            .AddSingleton<DemoGuidance>()
            .AddHostedService<DemoStart>();
    }

    /// <summary>How far the demo office is, for pages that show it.</summary>
    public static void MapDemoProgress(this WebApplication app) =>
        app.MapGet("/demo-progress", () => Html.Page(new DemoProgress())).RequireAuthorization().ExcludeFromDescription();
}
