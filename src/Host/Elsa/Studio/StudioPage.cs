using Orchestration.Host.Identity;

namespace Orchestration.Host.Elsa.Studio;

/// <summary>The designer: our page with Elsa Studio's elements in it, its files, and the token its calls carry.</summary>
internal static class StudioPage
{
    /// <summary>
    /// Nothing but this host is ever asked. WebAssembly needs to be compiled, Studio styles its elements inline and Monaco starts its worker
    /// from a blob. The inline scripts are Studio's own (hot keys of the editor and of the list of runs), allowed by their hashes.
    /// </summary>
    private const string ContentSecurityPolicy =
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' 'sha256-snlP1jz0gjwc5cTz9ErZcliXuCK63+Mmf68RRCeptgc=' "
        + "'sha256-vu6sQrKXQHR4Yn3FMMihA/9TxxfIXnCxKwvLrTPJ5ts='; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        + "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

    public static void MapStudio(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/studio/{**name}", ["GET", "HEAD"], Get).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/studio/session", GetSession).ExcludeFromDescription();
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
            case "studio-form-schema.json":
                await SendOwnAsync(context, "studio-form-schema.json", "application/json");
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
    /// A token for the person whose cookie the page has, and what the page must know of them. Another site can make a browser ask for it, but not read it.
    /// </summary>
    private static IResult GetSession(PersonIdentity who, HttpContext context, Sessions sessions, JourneyAccess access)
    {
        if (!access.May(context.User, JourneyAccess.Read))
            return Results.StatusCode(StatusCodes.Status403Forbidden);
        var (accessToken, expiresIn) = sessions.Issue(who);
        context.Response.Headers.CacheControl = "no-store";
        return Results.Json(
            new
            {
                accessToken,
                expiresIn,
                name = who.Person.DisplayName,
                mayEdit = access.May(context.User, JourneyAccess.Edit),
                mayRun = access.May(context.User, JourneyAccess.Run),
            }
        );
    }
}
