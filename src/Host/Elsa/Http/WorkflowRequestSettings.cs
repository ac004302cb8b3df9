using Orchestration.Host.Startup;

namespace Orchestration.Host.Elsa.Http;

/// <summary>Where workflows answer HTTP requests.</summary>
/// <param name="BasePath">Path below which they do, with the slash before and without one after: <c>/workflows</c>.</param>
/// <param name="ReplyLimit">How long a caller waits for the answer of a workflow that waits for something that ends by itself.</param>
internal sealed record WorkflowRequestSettings(string BasePath, TimeSpan ReplyLimit)
{
    private const string Key = "Http:BasePath";

    public static WorkflowRequestSettings Read(SettingsReader settings)
    {
        var path = (settings.Text(Key) ?? "workflows").Trim().Trim('/');
        if (path.Split('/').Any(part => path.Length > 0 && (part.Length == 0 || !part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '~'))))
            settings.Refuse(Key, $"is “{path}”; it must be a path of letters, digits and - _ . ~, such as /workflows.");
        return new(path.Length == 0 ? "" : "/" + path, settings.Seconds("Http:ReplySeconds", 30, 0, 3600));
    }
}
