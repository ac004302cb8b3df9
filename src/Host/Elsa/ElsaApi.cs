using Orchestration.Host.Elsa.Definitions;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Elsa.Instances;
using Orchestration.Host.Elsa.Studio;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;

namespace Orchestration.Host.Elsa;

/// <summary>Elsa's REST and SignalR contract, as far as Studio and Elsa's API client use it.</summary>
internal static class ElsaApi
{
    public static void AddElsa(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton(
            new ApiSurface("/elsa")
            {
                Hubs = "/elsa/hubs",
                TakesApiKeys = true,
                Invalid = (field, reason) => ElsaJson.Problem(StatusCodes.Status400BadRequest, (field, $"'{field}' {reason}.")),
            }
        );
        services.AddSingleton<StudioFiles>();
        services.AddSingleton<InputOptions>();
        services.AddScoped<RunAccess>();
        services.AddSingleton<InstanceWatchers>().AddHostedService(s => s.GetRequiredService<InstanceWatchers>());
        services.AddSignalR();
    }

    public static void MapElsaApi(this WebApplication app)
    {
        var api = app.MapGroup("/elsa/api")
            .ExcludeFromDescription()
            .AddEndpointFilter(DesignerRequests.KeepEmpty)
            .AddEndpointFilter(DesignerRequests.RefuseUnreadable);
        RuntimeEndpoints.MapIdentity(api);
        RuntimeEndpoints.MapEvents(api);
        var rights = api.MapGroup("").RequireAuthorization(JourneyAccess.Read).AddEndpointFilter(DesignerRequests.RequireToken);
        WorkflowDefinitionEndpoints.Map(rights);
        TransferEndpoints.Map(rights);
        BulkActionEndpoints.Map(rights);
        DescriptorEndpoints.Map(rights);
        ExecuteEndpoints.Map(rights);
        InstanceEndpoints.Map(rights);
        ActivityExecutionEndpoints.Map(rights);
        AlterationEndpoints.Map(rights);
        RuntimeEndpoints.Map(rights);
        app.MapHub<InstanceHub>("/elsa/hubs/workflow-instance")
            .RequireAuthorization(JourneyAccess.Read)
            .WithMetadata(new LongLivedEndpoint())
            .ExcludeFromDescription();
    }
}
