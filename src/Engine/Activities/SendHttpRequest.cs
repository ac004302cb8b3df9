using System.Globalization;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

/// <summary>
/// Sends a request after commit, as an effect of kind <c>http</c>. Its payload has <c>Url</c>, <c>Method</c>, <c>Headers</c>, <c>Content</c>,
/// <c>ContentType</c>. The deliverer resumes the
/// bookmark with run input <c>HttpResponse</c>: an object with <c>StatusCode</c>, <c>Headers</c>, <c>ContentType</c> and <c>Content</c> (text or bytes);
/// or with <c>HttpError</c>: <c>FailedToConnect</c> or <c>Timeout</c>.
/// </summary>
internal abstract class SendHttpRequestBase : Activity
{
    public const string EffectKind = "http",
        ResponseInput = "HttpResponse",
        ErrorInput = "HttpError",
        TimeoutError = "Timeout";

    protected internal override void Execute(ActivityContext context)
    {
        var url = context.RequiredInput<string>("Url");

        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not "http" and not "https")
            throw new InvalidOperationException($"'{url}' is not an absolute http or https address.");

        var headers = HttpHeaders.Read(context.Input("RequestHeaders"));

        if (context.Input<string>("Authorization") is { } authorization && !string.IsNullOrWhiteSpace(authorization))
            headers["Authorization"] = [authorization];

        var contentType = context.Input<string>("ContentType");
        var content = context.Input("Content");
        var bookmark = context.OpenBookmark(context.Node.TypeName);
        context.AddEffect(
            EffectKind,
            new OrderedDictionary<string, object?>
            {
                ["Url"] = url,
                ["Method"] = context.Input("Method", "GET"),
                ["Headers"] = HttpHeaders.ToData(headers),
                ["ContentType"] = contentType,
                // As Elsa: content without a content type is not sent.
                ["Content"] =
                    contentType is null || content is null ? null
                    : content is string or byte[] ? content
                    : Data.Text(content),
            },
            bookmark.Id
        );
    }

    protected internal override void Resume(ActivityContext context, Bookmark bookmark)
    {
        if (context.TryGetInput(ResponseInput, out var input) && input is OrderedDictionary<string, object?> response)
        {
            var statusCode = response.TryGetValue("StatusCode", out var status) && status is int code ? code : 0;
            var contentType = response.GetValueOrDefault("ContentType") as string;
            var content = response.GetValueOrDefault("Content");

            if (
                content is string text
                && contentType?.Split(';')[0].Trim() is { } media
                && (media == "application/json" || media.EndsWith("+json", StringComparison.Ordinal))
                && Data.TryParse(text, out var parsed)
            )
                content = parsed;

            context.SetOutput("Result", response);
            context.SetOutput("ParsedContent", content);
            context.SetOutput("StatusCode", statusCode);
            context.SetOutput("ResponseHeaders", response.GetValueOrDefault("Headers"));
            Answered(context, statusCode);
            return;
        }

        var error = context.TryGetInput(ErrorInput, out var given) && given is string name ? name : "FailedToConnect";
        context.Journal("Error", error);
        Failed(context, error == TimeoutError);
    }

    protected abstract void Answered(ActivityContext context, int statusCode);

    protected abstract void Failed(ActivityContext context, bool isTimeout);
}

internal sealed class SendHttpRequest(
    (int StatusCode, ActivityNode? Activity)[] cases,
    ActivityNode? unmatched,
    ActivityNode? failedToConnect,
    ActivityNode? timeout
) : SendHttpRequestBase
{
    public static Activity Compile(ActivityCompilation c)
    {
        var cases = new List<(int, ActivityNode?)>();
        var index = 0;

        if (c.Property("expectedStatusCodes") is { ValueKind: System.Text.Json.JsonValueKind.Array } items)
        {
            foreach (var item in items.EnumerateArray())
            {
                var path = $"expectedStatusCodes[{index++}]";

                if (
                    item.ValueKind == System.Text.Json.JsonValueKind.Object
                    && item.TryGetProperty("statusCode", out var code)
                    && code.TryGetInt32(out var statusCode)
                )
                    cases.Add(
                        (
                            statusCode,
                            item.TryGetProperty("activity", out var json) && json.ValueKind == System.Text.Json.JsonValueKind.Object
                                ? c.Child(json, path + ".activity")
                                : null
                        )
                    );
            }
        }

        return new SendHttpRequest([.. cases], c.Child("unmatchedStatusCode"), c.Child("failedToConnect"), c.Child("timeout"));
    }

    protected override void Answered(ActivityContext context, int statusCode)
    {
        var index = Array.FindIndex(cases, x => x.StatusCode == statusCode);
        context.Schedule(index < 0 ? unmatched : cases[index].Activity, "case");
    }

    protected override void Failed(ActivityContext context, bool isTimeout) => context.Schedule(isTimeout ? timeout : failedToConnect, "case");

    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes) =>
        context.Complete();
}

internal sealed class FlowSendHttpRequest : SendHttpRequestBase
{
    private static readonly string[] FailedOutcome = ["Failed to connect"];
    private static readonly string[] TimeoutOutcome = ["Timeout"];

    public static Activity Compile(ActivityCompilation c)
    {
        if (!c.TryLiteral("ExpectedStatusCodes", out var codes))
            c.Node.HasOpenOutcomes = true;
        else if (codes is List<object?> { Count: > 0 } list)
            c.Node.Outcomes = [.. list.Select(x => Data.Text(x)), "Unmatched status code", "Done", "Failed to connect", "Timeout"];
        else
            c.Node.HiddenOutcomes = [.. FailedOutcome, .. TimeoutOutcome];

        return new FlowSendHttpRequest();
    }

    protected override void Answered(ActivityContext context, int statusCode)
    {
        var expected = context.Input("ExpectedStatusCodes") as List<object?> ?? [];

        if (expected.Count == 0)
            context.Complete(Outcomes.Done);
        else
            context.Complete(expected.Contains(statusCode) ? statusCode.ToString(CultureInfo.InvariantCulture) : "Unmatched status code", Outcomes.DoneName);
    }

    protected override void Failed(ActivityContext context, bool isTimeout) => context.Complete(isTimeout ? TimeoutOutcome : FailedOutcome);
}
