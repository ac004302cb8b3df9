using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Orchestration.Host.Startup;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Jobs;

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
        var traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource("Microsoft.AspNetCore", "Npgsql").AddOtlpExporter().Build();
        var metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter("Microsoft.AspNetCore.*", "Npgsql", JobMetrics.MeterName, DistributionMetrics.MeterName, "System.Runtime")
            .AddOtlpExporter()
            .Build();

        // Created by the container, so that buffered data is sent when the host stops.
        builder.Services.AddSingleton(_ => traces).AddSingleton(_ => metrics);
        builder.Services.AddHostedService(s => new Held(s.GetRequiredService<TracerProvider>(), s.GetRequiredService<MeterProvider>()));
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
