using Orchestration.Host.Startup;

namespace Orchestration.Host.Elsa.Http;

/// <summary>Where workflows answer HTTP requests.</summary>
/// <param name="BasePath">Path below which they do, with the slash before and without one after: <c>/workflows</c>.</param>
/// <param name="ReplyLimit">How long a caller waits for the answer of a workflow that waits for something that ends by itself.</param>
/// <param name="AnswerHeaders">Headers that a workflow's answer may set; others are left out.</param>
internal sealed record WorkflowRequestSettings(string BasePath, TimeSpan ReplyLimit, IReadOnlySet<string> AnswerHeaders)
{
    /// <summary>Headers that a workflow's answer may set; <c>Http:AnswerHeaders</c> adds to them.</summary>
    private static readonly string[] Usual =
    [
        "Allow",
        "Cache-Control",
        "Content-Disposition",
        "Content-Language",
        "ETag",
        "Expires",
        "Last-Modified",
        "Link",
        "Location",
        "Retry-After",
        "Vary",
        "WWW-Authenticate",
        "X-Correlation-ID",
        "X-Request-ID",
    ];

    /// <summary>What controls browsers, proxies and connections is the server's.</summary>
    private static readonly string[] Ours =
    [
        "Clear-Site-Data",
        "Connection",
        "Content-Length",
        "Content-Security-Policy",
        "Content-Type",
        "Set-Cookie",
        "Strict-Transport-Security",
        "Transfer-Encoding",
        "X-Content-Type-Options",
        "X-Frame-Options",
    ];

    private const string Key = "Http:BasePath";

    public static WorkflowRequestSettings Read(SettingsReader settings)
    {
        var path = (settings.Text(Key) ?? "workflows").Trim().Trim('/');
        if (path.Split('/').Any(part => path.Length > 0 && (part.Length == 0 || !part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '~'))))
            settings.Refuse(Key, $"is “{path}”; it must be a path of letters, digits and - _ . ~, such as /workflows.");
        return new(path.Length == 0 ? "" : "/" + path, settings.Seconds("Http:ReplySeconds", 30, 0, 3600), Headers(settings));
    }

    private static HashSet<string> Headers(SettingsReader settings)
    {
        var names = new HashSet<string>(Usual, StringComparer.OrdinalIgnoreCase);
        foreach (var (key, name) in settings.List("Http:AnswerHeaders"))
        {
            if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') || Ours.Contains(name, StringComparer.OrdinalIgnoreCase))
                settings.Refuse(key, $"is “{name}”; it must be the name of a header that isn't the server's own.");
            names.Add(name);
        }

        return names;
    }
}
