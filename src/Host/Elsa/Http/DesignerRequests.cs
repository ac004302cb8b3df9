using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Diagnostics;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;

namespace Orchestration.Host.Elsa.Http;

/// <summary>What all requests to the designer's API have in common.</summary>
internal static class DesignerRequests
{
    /// <summary>The revision an editor started from. The page distinguishes edits in two open windows.</summary>
    public static DefinitionEdit Editing(HttpContext context, int? revision) =>
        new(JourneyAccess.Actor(context.User), revision, context.Request.Headers["X-Designer-Page"] is [{ Length: > 0 and <= 64 } page] ? page : null);

    /// <summary>Answers 400 with the reason when the request could not be read, before the endpoint runs.</summary>
    public static async ValueTask<object?> RefuseUnreadable(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var request = context.HttpContext.Request;
        if (request.Path.Value!.Contains('\0') || request.Query.Any(q => q.Key.Contains('\0') || q.Value.Any(v => v!.Contains('\0'))))
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, "The address can't contain the null character (U+0000).");
        return context.Arguments.OfType<JsonBody>().FirstOrDefault()?.Error is { } error
            ? ElsaJson.Problem(StatusCodes.Status400BadRequest, ("model", error))
            : await next(context);
    }

    /// <summary>Elsa's empty answers stay empty.</summary>
    public static ValueTask<object?> KeepEmpty(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (context.HttpContext.Features.Get<IStatusCodePagesFeature>() is { } pages)
            pages.Enabled = false;
        return next(context);
    }

    /// <summary>A cookie isn't enough: a browser sends it automatically, and some of Elsa's GETs start runs.</summary>
    public static async ValueTask<object?> RequireToken(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        context.HttpContext.User.Identity is PersonIdentity { AuthenticationType: not BearerTokenDefaults.AuthenticationScheme }
            ? Results.Unauthorized()
            : await next(context);
}
