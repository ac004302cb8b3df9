namespace Orchestration.Host.Http;

/// <summary>A group of pages that answer failures in their own words: for readers who aren't ours.</summary>
/// <param name="Path">Prefix of the paths.</param>
/// <param name="AnswerAsync">Answers a request that failed with this status.</param>
internal sealed record GuestPages(PathString Path, Func<HttpContext, int, Task> AnswerAsync)
{
    /// <summary>The pages a request is for, or null.</summary>
    public static GuestPages? Of(HttpRequest request) =>
        request.HttpContext.RequestServices.GetServices<GuestPages>().FirstOrDefault(pages => request.Path.StartsWithSegments(pages.Path));
}

/// <summary>A group of paths that programs call: failures are answered as data, never as a page.</summary>
/// <param name="Path">Prefix of the paths.</param>
internal sealed record ApiSurface(PathString Path)
{
    /// <summary>Below this path, WebSockets may send the token in the address. Default: none.</summary>
    public PathString? Hubs { get; init; }

    /// <summary>Whether machines may call it with an API key.</summary>
    public bool TakesApiKeys { get; init; }

    /// <summary>How it reports a field that is not valid, by the field and the reason. Default: problem details.</summary>
    public Func<string, string, IResult>? Invalid { get; init; }

    /// <summary>The surface a request is for, or null.</summary>
    public static ApiSurface? Of(HttpRequest request) =>
        request.HttpContext.RequestServices.GetServices<ApiSurface>().FirstOrDefault(surface => request.Path.StartsWithSegments(surface.Path));
}
