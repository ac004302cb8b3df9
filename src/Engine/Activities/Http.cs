using System.Globalization;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

/// <summary>
/// Waits for an HTTP request, or starts an instance by one. The host resumes (or starts) it with the run input <c>HttpRequest</c>: an object with
/// <c>Method</c>, <c>Path</c>, <c>Headers</c>, <c>QueryStringData</c>, <c>RouteData</c>, <c>ParsedContent</c>, and <c>Files</c> and <c>File</c> when
/// there are any; <c>Outcome</c> when the request broke a limit
/// for which the activity has an outcome.
/// </summary>
internal sealed class HttpEndpoint(HttpEndpointOutcomes outcomes) : Activity, ITrigger
{
    public const string TypeName = "Elsa.HttpEndpoint";
    private const string Waiting = "WaitsForRequest";
    private static readonly string[] Get = ["GET"];
    private static readonly string[] Rules =
    [
        "Authorize",
        "Policy",
        "RequestTimeout",
        "RequestSizeLimit",
        "FileSizeLimit",
        "AllowedFileExtensions",
        "BlockedFileExtensions",
        "AllowedMimeTypes",
    ];

    public static Activity Compile(ActivityCompilation c)
    {
        var isLiteral = c.TryLiteral("Path", out var path);

        if (isLiteral ? string.IsNullOrWhiteSpace(path as string) : c.Node.CanStartWorkflow)
            c.PublishError("path", c.Node.CanStartWorkflow ? "the path of an endpoint that starts workflows must be a literal text." : "the path is missing.");

        if (isLiteral && path is string template)
        {
            try
            {
                HttpRoute.Parse(template);
            }
            catch (FormatException exception)
            {
                c.PublishError("path", exception.Message);
            }
        }

        // Access and limits are checked before an instance exists to evaluate anything.
        foreach (var rule in (ReadOnlySpan<string>)[.. Rules, "SupportedMethods"])
        {
            if (c.Node.CanStartWorkflow && !c.TryLiteral(rule, out _))
                c.PublishError(rule, $"{rule} of an endpoint that starts workflows must be a literal value.");
        }

        var outcomes = HttpEndpointOutcomes.None;

        foreach (var outcome in Enum.GetValues<HttpEndpointOutcomes>())
        {
            if (outcome != HttpEndpointOutcomes.None && c.Property($"expose{outcome}Outcome") is { ValueKind: System.Text.Json.JsonValueKind.True })
                outcomes |= outcome;
        }

        if (outcomes != HttpEndpointOutcomes.None)
            c.Node.Outcomes = ["Done", .. outcomes.Names()];

        return new HttpEndpoint(outcomes);
    }

    protected internal override void Execute(ActivityContext context)
    {
        if (context.IsTrigger)
            Received(context);
        else
            Wait(context);
    }

    protected internal override void Resume(ActivityContext context, Bookmark bookmark)
    {
        // As in Elsa: if something other than a request resumes it, it waits for a request once more; the second time it continues without one.
        if (!context.TryGetInput(StimulusInput.HttpRequest, out _) && !context.Properties.ContainsKey(Waiting))
        {
            context.Properties[Waiting] = true;
            Wait(context);
            return;
        }

        Received(context);
    }

    private void Wait(ActivityContext context)
    {
        var path = context.RequiredInput<string>("Path");
        var route = Route(path);

        foreach (var method in Methods(context.Input("SupportedMethods")))
            context.OpenBookmark(TypeName, StimulusHash.Http(route.Key, method), Stimulus(route, method, context.Input));
    }

    private static HttpRoute Route(string path)
    {
        try
        {
            return HttpRoute.Parse(path);
        }
        catch (FormatException exception)
        {
            throw new EngineException($"The path '{path}' cannot be waited at: {exception.Message}");
        }
    }

    private static void Received(ActivityContext context)
    {
        if (!context.TryGetInput(StimulusInput.HttpRequest, out var input) || input is not OrderedDictionary<string, object?> request)
        {
            context.Complete();
            return;
        }

        context.SetOutput("Result", request);
        context.Run.HasHttpRequest = true;

        foreach (var output in (ReadOnlySpan<string>)["ParsedContent", "Files", "File", "RouteData", "QueryStringData", "Headers"])
        {
            if (request.TryGetValue(output, out var value))
                context.SetOutput(output, value);
        }

        if (request.TryGetValue("Outcome", out var broken) && broken is string outcome)
            context.Complete(outcome);
        else
            context.Complete();
    }

    public IEnumerable<Trigger> Triggers(ActivityNode node)
    {
        if (node.Literal("Path") is not string path)
            return [];

        HttpRoute route;

        try
        {
            route = HttpRoute.Parse(path);
        }
        catch (FormatException)
        {
            // Publishing was refused for it.
            return [];
        }

        return Methods(node.Literal("SupportedMethods"))
            .Select(method => new Trigger(node.Id, TypeName, StimulusHash.Http(route.Key, method), Stimulus(route, method, node.Literal)));
    }

    private static IEnumerable<string> Methods(object? value) =>
        value is List<object?> { Count: > 0 } methods ? methods.OfType<string>().Select(x => x.ToUpperInvariant()).Distinct() : Get;

    /// <summary>The bookmark's payload, including what the host needs to accept a request.</summary>
    private OrderedDictionary<string, object?> Stimulus(HttpRoute route, string method, Func<string, object?> input)
    {
        var stimulus = new OrderedDictionary<string, object?> { ["Path"] = route.Template, ["Method"] = method };

        foreach (var rule in Rules)
        {
            if (input(rule) is { } value and not false and not "" and not List<object?> { Count: 0 })
                stimulus[rule] = value is TimeSpan span ? span.ToString("c", CultureInfo.InvariantCulture) : value;
        }

        if (outcomes != HttpEndpointOutcomes.None)
            stimulus["Outcomes"] = outcomes.ToString();

        return stimulus;
    }
}

/// <summary>Limits for which an HttpEndpoint has an outcome; exceeding another limit refuses the request.</summary>
[Flags]
public enum HttpEndpointOutcomes
{
    None = 0,
    RequestTooLarge = 1,
    FileTooLarge = 2,
    InvalidFileExtension = 4,
    InvalidFileMimeType = 8,
}

/// <summary>Their names on the canvas.</summary>
public static class HttpEndpointOutcomeNames
{
    internal static IEnumerable<string> Names(this HttpEndpointOutcomes outcomes) =>
        Enum.GetValues<HttpEndpointOutcomes>().Where(x => x != HttpEndpointOutcomes.None && outcomes.HasFlag(x)).Select(Name);

    /// <summary>Elsa's name of an outcome.</summary>
    public static string Name(this HttpEndpointOutcomes outcome) =>
        outcome switch
        {
            HttpEndpointOutcomes.RequestTooLarge => "Request too large",
            HttpEndpointOutcomes.FileTooLarge => "File too large",
            HttpEndpointOutcomes.InvalidFileExtension => "Invalid file extension",
            _ => "Invalid file MIME type",
        };
}

/// <summary>Answers the request that started or resumed this run.</summary>
internal sealed class WriteHttpResponse : Activity
{
    protected internal override void Execute(ActivityContext context)
    {
        if (!context.Run.CanAnswerHttp)
        {
            throw new FaultException(
                "NoHttpContext",
                "HTTP",
                "System",
                "The HTTP context was lost during workflow execution. This typically occurs when a workflow initiated from an HTTP "
                    + "endpoint is suspended and later resumed in a different execution context (e.g., background processing, virtual actor, or "
                    + "after a workflow transition). The original HTTP request context that expects a response is no longer available."
            );
        }

        var content = context.Input("Content");
        var contentType = context.Input<string>("ContentType");

        if (string.IsNullOrWhiteSpace(contentType))
            contentType = content switch
            {
                null => null,
                byte[] => "application/octet-stream",
                string => "text/plain",
                _ => "application/json",
            };

        var status = StatusCode(context.Input("StatusCode"));

        if (status is < 200 or > 599)
            throw new EngineException($"{status} is no status code to answer with.");

        var headers = HttpHeaders.Read(context.Input("ResponseHeaders"));

        foreach (var (name, values) in headers)
        {
            if (
                name.Length == 0
                || !name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal))
                || values.Any(v => v.Any(c => c is < ' ' and not '\t' or > '~'))
            )
                throw new EngineException($"The header '{name}' cannot be sent: its name or value has characters that headers cannot have.");
        }

        context.Run.Result.HttpAnswer = new HttpAnswer(status, contentType, content, headers);
        context.Complete();
    }

    private static int StatusCode(object? value) =>
        value switch
        {
            int number => number,
            double number => (int)number,
            string text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
            string text when Enum.TryParse<System.Net.HttpStatusCode>(text, ignoreCase: true, out var code) => (int)code,
            _ => 200,
        };
}

internal static class HttpHeaders
{
    public static Dictionary<string, string[]> Read(object? value)
    {
        var headers = new Dictionary<string, string[]>(StringComparer.OrdinalIgnoreCase);

        if (value is string text && Data.TryParse(text, out var parsed))
            value = parsed;

        if (value is not OrderedDictionary<string, object?> members)
            return headers;

        foreach (var (name, content) in members)
            headers[name] =
                content is List<object?> items ? [.. items.Where(x => x is not null).Select(x => Data.Text(x))]
                : content is null ? []
                : [Data.Text(content)];

        return headers;
    }

    public static OrderedDictionary<string, object?> ToData(Dictionary<string, string[]> headers)
    {
        var data = new OrderedDictionary<string, object?>();

        foreach (var (name, values) in headers)
            data[name] = values.Select(static x => (object?)x).ToList();

        return data;
    }
}
