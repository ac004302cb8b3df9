using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Diagnostics;
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
        services.AddSingleton<StudioFiles>();
        services.AddSingleton<InputOptions>();
        services.AddSingleton<ElsaAccess>().AddSingleton<IAuthorizationHandler>(s => s.GetRequiredService<ElsaAccess>());
        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, ApiKeys>(ApiKeys.SchemeName, null);
        var authorization = services.AddAuthorizationBuilder();
        foreach (var right in ElsaAccess.All)
            authorization.AddPolicy(right, policy => policy.RequireAuthenticatedUser().AddRequirements(new ElsaAccess.Right(right)));
        services.AddSingleton<InstanceWatchers>().AddHostedService(s => s.GetRequiredService<InstanceWatchers>());
        services.AddSignalR();
    }

    public static void MapElsaApi(this WebApplication app)
    {
        var api = app.MapGroup("/elsa/api").ExcludeFromDescription().AddEndpointFilter(Plain).AddEndpointFilter(JsonBody.RefuseBad);
        RuntimeEndpoints.MapIdentity(api);
        var rights = api.MapGroup("").RequireAuthorization(ElsaAccess.Read).AddEndpointFilter(NeedsToken);
        DefinitionEndpoints.Map(rights);
        TransferEndpoints.Map(rights);
        BulkEndpoints.Map(rights);
        DescriptorEndpoints.Map(rights);
        ExecuteEndpoints.Map(rights);
        InstanceEndpoints.Map(rights);
        ActivityExecutionEndpoints.Map(rights);
        AlterationEndpoints.Map(rights);
        RuntimeEndpoints.Map(rights);
        app.MapHub<InstanceHub>("/elsa/hubs/workflow-instance")
            .RequireAuthorization(ElsaAccess.Read)
            .WithMetadata(new LastsUntilGone())
            .ExcludeFromDescription();
    }

    /// <summary>Elsa's empty answers stay empty.</summary>
    private static ValueTask<object?> Plain(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (context.HttpContext.Features.Get<IStatusCodePagesFeature>() is { } pages)
            pages.Enabled = false;
        return next(context);
    }

    /// <summary>A cookie is not enough: a browser sends it by itself, and some of Elsa's GETs start runs.</summary>
    private static async ValueTask<object?> NeedsToken(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        context.HttpContext.User.Identity is PersonIdentity { AuthenticationType: not BearerTokenDefaults.AuthenticationScheme }
            ? Results.Unauthorized()
            : await next(context);
}
