namespace Orchestration.Host.Http;

/// <summary>An endpoint whose answer lasts until whoever asked is gone, so that it has to know when.</summary>
internal sealed class LastsUntilGone;

/// <summary>What kind of request it is, which decides how it is answered when it fails.</summary>
internal static class Requests
{
    /// <summary>Asks for a part of a page (htmx).</summary>
    public static bool IsFragment(this HttpRequest request) => request.Headers.ContainsKey("HX-Request");

    /// <summary>For the pages, whose requests are forms; not for an API, nor a workflow.</summary>
    public static bool IsOfPages(this HttpRequest request) =>
        !request.Path.StartsWithSegments("/api")
        && !request.Path.StartsWithSegments("/elsa")
        && request.HttpContext.GetEndpoint() is { } endpoint
        && endpoint.Metadata.GetMetadata<Elsa.Http.WorkflowRequests.Own>() is null;

    /// <summary>A person looks at the answer.</summary>
    public static bool IsPage(this HttpRequest request) =>
        !request.Path.StartsWithSegments("/api")
        && !request.Path.StartsWithSegments("/elsa")
        && request.Headers.Accept.Any(a => a?.Contains("text/html", StringComparison.OrdinalIgnoreCase) == true);

    /// <summary>Carries a token, which a browser never adds by itself, unlike a cookie.</summary>
    public static bool HasToken(this HttpRequest request) =>
        request.Headers.Authorization.ToString().StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) || request.HubToken() is not null;

    /// <summary>Browsers can not set headers of a web socket, so hubs, and only they, take the token from the address.</summary>
    public static string? HubToken(this HttpRequest request) =>
        request.Path.StartsWithSegments("/elsa/hubs") && request.Query["access_token"] is [{ Length: > 0 } token] ? token : null;

    /// <summary>Comes from a machine that signs in with a key, which no browser adds by itself either.</summary>
    public static bool HasApiKey(this HttpRequest request) =>
        request.Headers.Authorization.ToString().StartsWith("ApiKey ", StringComparison.OrdinalIgnoreCase);

    /// <summary>A path of this site, so that signing in can not be used to send people elsewhere.</summary>
    public static string LocalOr(string? path, string otherwise) =>
        path is ['/'] or ['/', not ('/' or '\\'), ..] && !path.Any(char.IsControl) ? path : otherwise;

    /// <summary>
    /// A request goes on when whoever sent it is gone: people leave pages all the time, and each statement that is broken off costs the connection to the database (<see cref="Engine.Storage.Sql.CreateDataSource"/>),
    /// while the rest of it takes milliseconds. Only <see cref="LastsUntilGone"/> endpoints hear of it, once the person is known.
    /// </summary>
    public static void UseUnbrokenRequests(this WebApplication app) =>
        app.Use(
            (context, next) =>
            {
                context.Items[typeof(LastsUntilGone)] = context.RequestAborted;
                context.RequestAborted = CancellationToken.None;
                return next(context);
            }
        );

    /// <summary>Nobody reads the answer any more.</summary>
    public static bool IsSenderGone(this HttpContext context) => context.Items[typeof(LastsUntilGone)] is CancellationToken { IsCancellationRequested: true };

    /// <summary>Comes after sign-in.</summary>
    public static void UseLastsUntilGone(this WebApplication app) =>
        app.Use(
            (context, next) =>
            {
                if (context.GetEndpoint()?.Metadata.GetMetadata<LastsUntilGone>() is not null)
                    context.RequestAborted = (CancellationToken)context.Items[typeof(LastsUntilGone)]!;
                return next(context);
            }
        );
}
