using System.Net.Sockets;
using Npgsql;

namespace Orchestration.Host.Startup;

/// <summary>
/// A host that starts before its database waits for it: it listens, says that it isn't ready, and tries again with growing pauses.
/// </summary>
internal static partial class DatabaseWait
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    /// <summary>Prepares the database as soon as it can be reached. False if the host was told to stop while it waited.</summary>
    /// <param name="app">The host, which doesn't listen yet.</param>
    /// <param name="args">Its arguments, with which another listens at the same addresses meanwhile.</param>
    /// <param name="prepare">What to do; it is repeated when the database goes away.</param>
    public static async Task<bool> WhenDatabaseIsThereAsync(this WebApplication app, string[] args, Func<Task> prepare)
    {
        WebApplication? waiting = null;
        try
        {
            for (var pause = First; ; pause = pause + pause < Longest ? pause + pause : Longest)
            {
                try
                {
                    await prepare();
                    return true;
                }
                catch (NpgsqlException e) when (IsAway(e))
                {
                    NotThere(app.Logger, e.InnerException is SocketException socket ? socket.Message : e.Message, (int)pause.TotalSeconds);
                }

                waiting ??= await ListenAsync(args);
                try
                {
                    await Task.Delay(pause, app.Services.GetRequiredService<TimeProvider>(), waiting.Lifetime.ApplicationStopping);
                }
                catch (OperationCanceledException)
                {
                    return false;
                }
            }
        }
        finally
        {
            if (waiting is not null)
            {
                await waiting.StopAsync();
                await waiting.DisposeAsync();
            }
        }
    }

    /// <summary>Not there yet, or not for us: connections, names, passwords and resources can all be put right without this host.</summary>
    private static bool IsAway(NpgsqlException e) =>
        e is PostgresException refused
            ? refused.IsTransient || refused.SqlState.AsSpan(0, 2) is "08" or "28" or "3D" or "53" or "57"
            : e.IsTransient || e.InnerException is SocketException or IOException or TimeoutException;

    private static async Task<WebApplication> ListenAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddDefaults();
        var waiting = builder.Build();
        waiting.Run(context =>
        {
            var isLive = context.Request.Path == "/health/live";
            context.Response.StatusCode = isLive ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.CacheControl = "no-store";
            if (!isLive)
                context.Response.Headers.RetryAfter = "5";
            object answer = context.Request.Path.StartsWithSegments("/health")
                ? new
                {
                    status = isLive ? "Healthy" : "Unhealthy",
                    checks = isLive
                        ? []
                        : new[]
                        {
                            new
                            {
                                name = "database",
                                status = "Unhealthy",
                                description = "Waiting for the database.",
                            },
                        },
                }
                : new
                {
                    status = StatusCodes.Status503ServiceUnavailable,
                    title = "Starting",
                    detail = "The service is waiting for its database. Try again in a few seconds.",
                };
            return context.Response.WriteAsJsonAsync(answer);
        });
        await waiting.StartAsync();
        return waiting;
    }

    [LoggerMessage(EventId = 303, Level = LogLevel.Warning, Message = "The database can't be reached: {Reason}. Trying again in {Seconds} s")]
    private static partial void NotThere(ILogger log, string reason, int seconds);
}
