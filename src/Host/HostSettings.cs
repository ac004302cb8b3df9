using Orchestration.Host.Compliance;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Startup;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.PromiseLedger;

namespace Orchestration.Host;

/// <summary>The configuration of the host, read once when it starts: one record a feature.</summary>
internal sealed record HostSettings(
    AddressSettings Addresses,
    TelemetrySettings Telemetry,
    AccessSettings Access,
    SignOnSettings SignOn,
    FirstAdministratorSettings FirstAdministrator,
    WorkflowSettings Workflows,
    WorkflowRequestSettings WorkflowRequests,
    OwnViewSettings OwnView,
    PromiseSettings Promises,
    DemoSettings Demo,
    HistoryKeeping History
)
{
    /// <param name="isDevelopment">Whether the demo must stay simple.</param>
    /// <exception cref="ConfigurationException">Settings are wrong; the message names them all.</exception>
    public static HostSettings Read(IConfiguration configuration, bool isDevelopment = false)
    {
        var reader = new SettingsReader(configuration);
        var settings = new HostSettings(
            AddressSettings.Read(reader),
            TelemetrySettings.Read(reader),
            AccessSettings.Read(reader),
            SignOnSettings.Read(reader, isDevelopment),
            FirstAdministratorSettings.Read(reader),
            WorkflowSettings.Read(reader),
            WorkflowRequestSettings.Read(reader),
            ReadOwnView(reader),
            new(reader.Number("Promises:LeastChance", (int)(100 * new PromiseSettings().LeastChance), 0, 100) / 100.0),
            DemoSettings.Read(reader),
            HistorySettings.Read(reader)
        );
        reader.Check();
        return settings;
    }

    private static OwnViewSettings ReadOwnView(SettingsReader settings) =>
        new(
            settings.Number("OwnView:LinkDays", new OwnViewSettings().LinkDays, 1, OwnViewSettings.MostDays),
            settings.Number("OwnView:RequestsPerMinute", new OwnViewSettings().RequestsPerMinute, 1),
            settings.Number("OwnView:DaysAfterEnd", new OwnViewSettings().DaysAfterEnd, 1, OwnViewSettings.MostDays)
        );
}
