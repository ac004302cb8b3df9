namespace Orchestration.Host.Http;

/// <summary>An endpoint that streams until the client disconnects, so it is notified of a disconnect.</summary>
internal sealed class LongLivedEndpoint;

/// <summary>An endpoint for callers other than our pages. It authenticates callers and validates requests itself.</summary>
internal sealed class ExternalEndpoint;

/// <summary>What kind of request it is, which decides how it is answered when it fails.</summary>
internal static class Requests
{
    /// <summary>Asks for a part of a page (htmx).</summary>
    public static bool IsFragment(this HttpRequest request) => request.Headers.ContainsKey("HX-Request");

    /// <summary>For the pages, whose requests are forms; not for an API, nor a workflow.</summary>
    public static bool IsOfPages(this HttpRequest request) =>
        ApiSurface.Of(request) is null && request.HttpContext.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<ExternalEndpoint>() is null;

    /// <summary>A person will see the answer.</summary>
    public static bool IsPage(this HttpRequest request) =>
        ApiSurface.Of(request) is null && request.Headers.Accept.Any(a => a?.Contains("text/html", StringComparison.OrdinalIgnoreCase) == true);

    /// <summary>Carries a token, which a browser never adds automatically, unlike a cookie.</summary>
    public static bool HasToken(this HttpRequest request) =>
        request.Headers.Authorization.ToString().StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) || request.HubToken() is not null;

    /// <summary>Browsers can't set headers of a web socket, so hubs, and only hubs, take the token from the address.</summary>
    public static string? HubToken(this HttpRequest request) =>
        ApiSurface.Of(request) is { Hubs: { } hubs } && request.Path.StartsWithSegments(hubs) && request.Query["access_token"] is [{ Length: > 0 } token]
            ? token
            : null;

    /// <summary>Comes from a machine that signs in with a key, which no browser adds automatically either.</summary>
    public static bool HasApiKey(this HttpRequest request) =>
        request.Headers.Authorization.ToString().StartsWith("ApiKey ", StringComparison.OrdinalIgnoreCase);

    /// <summary>A path of this site, so that signing in can't redirect people elsewhere.</summary>
    public static string LocalOr(string? path, string otherwise) =>
        path is ['/'] or ['/', not ('/' or '\\'), ..] && !path.Any(char.IsControl) ? path : otherwise;

    /// <summary>
    /// Requests run to completion when the client disconnects: people leave pages all the time, and each cancelled statement costs the
    /// connection to the database (<see cref="Engine.Storage.Sql.CreateDataSource"/>), while the rest of the request takes milliseconds.
    /// Only a <see cref="LongLivedEndpoint"/> is notified, once the person is known.
    /// </summary>
    public static void UseRunToCompletion(this WebApplication app) =>
        app.Use(
            (context, next) =>
            {
                context.Items[typeof(LongLivedEndpoint)] = context.RequestAborted;
                context.RequestAborted = CancellationToken.None;
                return next(context);
            }
        );

    /// <summary>Whether the client went away before the answer.</summary>
    public static bool IsClientDisconnected(this HttpContext context) => context.ClientDisconnected().IsCancellationRequested;

    /// <summary>Cancelled when the client goes away.</summary>
    public static CancellationToken ClientDisconnected(this HttpContext context) =>
        context.Items[typeof(LongLivedEndpoint)] is CancellationToken token ? token : CancellationToken.None;

    public static void AddLiveStreams(this WebApplicationBuilder builder) => builder.Services.AddSingleton<LiveStreams>();

    /// <summary>Comes after sign-in.</summary>
    public static void UseLongLivedEndpoints(this WebApplication app) =>
        app.Use(
            (context, next) =>
            {
                if (context.GetEndpoint()?.Metadata.GetMetadata<LongLivedEndpoint>() is not null)
                    context.RequestAborted = (CancellationToken)context.Items[typeof(LongLivedEndpoint)]!;
                return next(context);
            }
        );
}
