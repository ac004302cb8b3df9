using Microsoft.AspNetCore.Server.Kestrel.Core;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Host.Startup;

internal static class Defaults
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
}
