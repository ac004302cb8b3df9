using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace Orchestration.Host.Http;

/// <summary>Says of an endpoint that it isn't there for people without the right to it.</summary>
internal sealed class HiddenWithoutRight : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler _usual = new();

    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (!authorizeResult.Forbidden || context.GetEndpoint()?.Metadata.GetMetadata<Mark>() is null)
            return _usual.HandleAsync(next, context, policy, authorizeResult);
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    /// <summary>Marks endpoints.</summary>
    public sealed record Mark;
}

internal static class Hiding
{
    /// <summary>Someone without the right gets 404, as for a deep link to something they may not see.</summary>
    public static TBuilder HideWithoutRight<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder => endpoints.WithMetadata(new HiddenWithoutRight.Mark());
}
