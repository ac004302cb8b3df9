using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace Orchestration.Host.Elsa;

/// <summary>The designer: our page with Elsa Studio's elements in it, its files, and the token its calls carry.</summary>
internal static class StudioPage
{
    /// <summary>
    /// Nothing but this host is ever asked. WebAssembly needs to be compiled, Studio styles its elements inline and Monaco starts its worker from a blob; no
    /// script of the page is inline.
    /// </summary>
    private const string ContentSecurityPolicy =
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        + "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

    public static void MapStudio(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/studio/{**name}", ["GET", "HEAD"], Get).AllowAnonymous().ExcludeFromDescription();
        app.MapPost("/studio/session", OpenSession).ExcludeFromDescription().DisableAntiforgery();
    }

    private static async Task Get(HttpContext context, StudioFiles files, string? name)
    {
        if (files.Find(name ?? "") is { } file)
        {
            await StudioFiles.SendAsync(context, file);
            return;
        }

        switch (name)
        {
            case "studio.js":
                await SendOwnAsync(context, "studio.js", "text/javascript");
                break;
            case "studio.css":
                await SendOwnAsync(context, "studio.css", "text/css");
                break;
            case null or "definitions" or "instances":
            case { } when name.Split('/') is ["definitions" or "instances", { Length: > 0 }]:
                context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
                await SendOwnAsync(context, "studio.html", "text/html; charset=utf-8");
                break;
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                break;
        }
    }

    private static async Task SendOwnAsync(HttpContext context, string name, string contentType)
    {
        await using var content = typeof(StudioPage).Assembly.GetManifestResourceStream(name)!;
        var response = context.Response;
        response.ContentType = contentType;
        response.ContentLength = content.Length;
        response.Headers.CacheControl = "no-cache";
        response.Headers.XContentTypeOptions = "nosniff";
        if (!HttpMethods.IsHead(context.Request.Method))
            await content.CopyToAsync(response.Body, context.RequestAborted);
    }

    /// <summary>
    /// A token for the person of the cookie. It also names the open page, by which the server tells the edits of two pages apart. A cookie alone never reaches
    /// the API, so no other site can make a browser call it.
    /// </summary>
    private static async Task<IResult> OpenSession(HttpContext context, IOptionsMonitor<BearerTokenOptions> options, TimeProvider time)
    {
        var cookie = await context.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        if (cookie.Principal is not { } person)
            return Results.Unauthorized();
        if (!person.May(ElsaAccess.Read))
            return Results.StatusCode(StatusCodes.Status403Forbidden);

        var identity = new ClaimsIdentity(person.Claims, BearerTokenDefaults.AuthenticationScheme);
        if (context.Request.Headers["X-Designer-Page"].ToString() is { Length: > 0 and <= 64 } page)
            identity.AddClaim(new(ElsaTokens.PageClaim, page));
        var (token, lifetime) = ElsaTokens.Access(new ClaimsPrincipal(identity), options, time);
        context.Response.Headers.CacheControl = "no-store";
        return Results.Json(new { accessToken = token, expiresIn = (int)lifetime.TotalSeconds, name = person.Identity?.Name ?? "", mayEdit = person.May(ElsaAccess.Edit) });
    }
}
