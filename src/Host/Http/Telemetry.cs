using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Orchestration.Host.Startup;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.OwnView;

namespace Orchestration.Host.Http;

/// <summary>Where traces and metrics go.</summary>
/// <param name="Endpoint">The collector; null for none.</param>
internal sealed record TelemetrySettings(Uri? Endpoint)
{
    public static TelemetrySettings Read(SettingsReader settings) => new(settings.Address("OTEL_EXPORTER_OTLP_ENDPOINT"));
}

internal static class Telemetry
{
    /// <summary>Traces and metrics to the collector of <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>; without one, none.</summary>
    public static void AddTelemetry(this WebApplicationBuilder builder, TelemetrySettings settings)
    {
        if (settings.Endpoint is null)
            return;

        var resource = ResourceBuilder.CreateDefault().AddService("orchestration", serviceVersion: typeof(Telemetry).Assembly.GetName().Version?.ToString());
        var traces = Traced(Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource)).AddOtlpExporter().Build();
        var metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter("Microsoft.AspNetCore.*", "Npgsql", JobMetrics.MeterName, DistributionMetrics.MeterName, "System.Runtime")
            .AddOtlpExporter()
            .Build();

        // Created by the container, so that buffered data is sent when the host stops.
        builder.Services.AddSingleton(_ => traces).AddSingleton(_ => metrics);
        builder.Services.AddHostedService(s => new Held(s.GetRequiredService<TracerProvider>(), s.GetRequiredService<MeterProvider>()));
    }

    /// <summary>What is traced, without the codes that addresses of guests carry.</summary>
    internal static TracerProviderBuilder Traced(TracerProviderBuilder builder) =>
        builder.AddSource("Microsoft.AspNetCore", "Npgsql").AddProcessor(new WithoutCodes());

    /// <summary>Whoever knows the code of such a path sees a customer's case, or a shared article: a trace has its first segment only.</summary>
    private sealed class WithoutCodes : BaseProcessor<Activity>
    {
        private const string Tag = "url.path";
        private static readonly PathString[] Secret = [MailOwnViewLink.Path, "/g"];

        public override void OnEnd(Activity data)
        {
            if (
                data.GetTagItem(Tag) is string path
                && Array.Find(Secret, secret => new PathString(path).StartsWithSegments(secret)) is { HasValue: true } first
            )
                data.SetTag(Tag, $"{first}/{{code}}");
        }
    }

    private sealed class Held(TracerProvider traces, MeterProvider metrics) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            traces.ForceFlush();
            metrics.ForceFlush();
            return Task.CompletedTask;
        }
    }
}
