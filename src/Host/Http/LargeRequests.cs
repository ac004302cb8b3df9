using Microsoft.AspNetCore.Http.Features;

namespace Orchestration.Host.Http;

/// <summary>
/// A request over the limit is answered after it was received. Kestrel closes the connection with what is unread, which resets it:
/// whoever still sends, as every browser does, sees a broken connection and never learns that the file is too large (aspnet/KestrelHttpServer#2643).
/// </summary>
internal static class LargeRequests
{
    // As long as nginx lingers (lingering_time). Whoever needs longer is disconnected.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    public static void UseLargeRequests(this WebApplication app) =>
        app.Use(
            (context, next) =>
            {
                // Without a length there is nothing to go by. Who expects "100 Continue" has sent nothing yet and reads the answer first.
                if (context.Request.ContentLength > 0 && context.Request.Headers.Expect.Count == 0)
                    context.Response.OnStarting(() => ReceiveAsync(context));
                return next(context);
            }
        );

    /// <summary>Most bytes that this request can have.</summary>
    public static long? Limit(HttpContext context) => context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize;

    private static async Task ReceiveAsync(HttpContext context)
    {
        if (
            context.Features.Get<IHttpMaxRequestBodySizeFeature>() is not { IsReadOnly: false } limit
            || context.Request.ContentLength <= limit.MaxRequestBodySize
        )
            return;
        limit.MaxRequestBodySize = null;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(context.ClientDisconnected());
        enough.CancelAfter(Longest);
        try
        {
            await context.Request.BodyReader.CopyToAsync(Stream.Null, enough.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // They left or are too slow.
        }
    }
}
