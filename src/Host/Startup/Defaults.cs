using Microsoft.AspNetCore.Server.Kestrel.Core;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Host.Startup;

internal static class Defaults
{
    /// <summary>Largest request. An endpoint that takes files says how much it takes.</summary>
    private const long LargestRequest = 1024 * 1024;

    /// <summary>What every part of the host relies on: the clock, limits, where it listens, how it stops.</summary>
    public static void AddDefaults(this WebApplicationBuilder builder)
    {
        // Not in appsettings.json, where it would beat ASPNETCORE_URLS.
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
