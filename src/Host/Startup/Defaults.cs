using Microsoft.AspNetCore.Server.Kestrel.Core;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Host.Startup;

internal static partial class Defaults
{
    /// <summary>Largest request. An endpoint that accepts files sets its own limit.</summary>
    private const long LargestRequest = 1024 * 1024;

    /// <summary>Basics of the host: the clock, limits, addresses, shutdown.</summary>
    public static void AddDefaults(this WebApplicationBuilder builder)
    {
        // Not in appsettings.json, where it would override ASPNETCORE_URLS.
        if (builder.Configuration["urls"] is null && builder.Configuration["http_ports"] is null && builder.Configuration["https_ports"] is null)
            builder.WebHost.UseUrls("http://localhost:8080");

#pragma warning disable RS0030 // This is the composition root.
        builder.Services.AddSingleton<IClock>(SystemClock.Instance);
#pragma warning restore RS0030
        builder.Services.AddSingleton<Changes>();
        builder.Services.Configure<KestrelServerOptions>(o =>
        {
            o.AddServerHeader = false;
            o.Limits.MaxRequestBodySize = LargestRequest;
        });
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(20));
    }

    /// <summary>Says that requests of workflows don't use the environment's proxy: it would resolve names itself, past the check of addresses.</summary>
    public static void WarnOfProxy(this WebApplication app)
    {
        foreach (var name in (string[])["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
        {
            if (app.Configuration[name] is { Length: > 0 })
                ProxyNotUsed(app.Logger, name);
        }
    }

    [LoggerMessage(
        EventId = 302,
        Level = LogLevel.Warning,
        Message = "{Name} is set, but requests of workflows and webhooks don't use a proxy. They are sent directly."
    )]
    private static partial void ProxyNotUsed(ILogger log, string name);
}
