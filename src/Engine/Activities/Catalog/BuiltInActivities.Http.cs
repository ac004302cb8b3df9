using Orchestration.Engine.Execution;

namespace Orchestration.Engine.Activities.Catalog;

/// <content>HTTP.</content>
internal static partial class BuiltInActivities
{
    private static ActivityType[] Http =>
        [
            new()
            {
                TypeName = HttpEndpoint.TypeName,
                Category = "HTTP",
                DisplayName = "HTTP Endpoint",
                Description = "Waits for an HTTP request.",
                Kind = ActivityKind.Trigger,
                Compile = HttpEndpoint.Compile,
                Inputs =
                [
                    new("Path", Text) { Description = "The path; {id} in it takes a value, found under Route Data." },
                    new("SupportedMethods", Texts)
                    {
                        UIHint = "checklist",
                        Choices = ["GET", "POST", "PUT", "HEAD", "DELETE"],
                        Description = "The methods.",
                    },
                    new("Authorize", Flag)
                    {
                        UIHint = "checkbox",
                        Category = "Security",
                        Description = "Only signed-in callers.",
                    },
                    new("Policy", Text) { Category = "Security", Description = "A policy the caller must meet." },
                    new("RequestTimeout", "TimeSpan") { Category = "Upload", Description = "Longest time to answer." },
                    new("RequestSizeLimit", "Int64") { Category = "Upload", Description = "Largest request in bytes." },
                    new("FileSizeLimit", "Int64") { Category = "Upload", Description = "Largest file in bytes." },
                    new("AllowedFileExtensions", Texts)
                    {
                        UIHint = "multitext",
                        Category = "Upload",
                        Description = "Only these; empty for all.",
                    },
                    new("BlockedFileExtensions", Texts)
                    {
                        UIHint = "multitext",
                        Category = "Upload",
                        Description = "None of these.",
                    },
                    new("AllowedMimeTypes", Texts)
                    {
                        UIHint = "multitext",
                        Category = "Upload",
                        Description = "Only these; empty for all.",
                    },
                    Expose("ExposeRequestTooLargeOutcome"),
                    Expose("ExposeFileTooLargeOutcome"),
                    Expose("ExposeInvalidFileExtensionOutcome"),
                    Expose("ExposeInvalidFileMimeTypeOutcome"),
                ],
                Outputs =
                [
                    new("ParsedContent", Any, "The content."),
                    new("Files", "FormFile[]", "The files.") { IsTransient = true },
                    new("File", "FormFile", "The first file.") { IsTransient = true },
                    new("RouteData", Map, "Values in the path."),
                    new("QueryStringData", Map, "Values in the query."),
                    new("Headers", Map, "The headers.") { IsTransient = true },
                    new("Result", "HttpRequest") { IsTransient = true },
                ],
            },
            new()
            {
                TypeName = "Elsa.WriteHttpResponse",
                Category = "HTTP",
                DisplayName = "HTTP Response",
                Description = "Answers the HTTP request.",
                Compile = static _ => new WriteHttpResponse(),
                Inputs =
                [
                    new("StatusCode", Any)
                    {
                        UIHint = "dropdown",
                        Default = "OK",
                        Choices = Enum.GetNames<System.Net.HttpStatusCode>(),
                        Description = "The status code.",
                    },
                    new("Content", Any) { Description = "The content: text as it is, objects as JSON." },
                    ContentType,
                    new("ResponseHeaders", Any)
                    {
                        UIHint = "json-editor",
                        Category = "Advanced",
                        Description = "The headers.",
                    },
                ],
            },
            new()
            {
                TypeName = "Elsa.SendHttpRequest",
                Category = "HTTP",
                DisplayName = "HTTP Request",
                Description = "Sends an HTTP request.",
                Kind = ActivityKind.Task,
                Compile = SendHttpRequest.Compile,
                Inputs =
                [
                    new("ExpectedStatusCodes", Any)
                    {
                        UIHint = "http-status-codes",
                        IsExpression = false,
                        Description = "Status codes, each with an activity to run.",
                    },
                    .. RequestInputs,
                ],
                Outputs = RequestOutputs,
                Ports = [Embedded("UnmatchedStatusCode"), Embedded("FailedToConnect"), Embedded("Timeout")],
            },
            new()
            {
                TypeName = "Elsa.FlowSendHttpRequest",
                Category = "HTTP",
                DisplayName = "HTTP Request (flow)",
                Description = "Sends an HTTP request.",
                Kind = ActivityKind.Task,
                Compile = FlowSendHttpRequest.Compile,
                Inputs =
                [
                    new("ExpectedStatusCodes", "List<Int32>")
                    {
                        UIHint = "multitext",
                        Default = new List<object?> { 200 },
                        Description = "Status codes, each an outcome.",
                    },
                    .. RequestInputs,
                ],
                Outputs = RequestOutputs,
            },
        ];

    private static ActivityInput[] RequestInputs =>
        [
            new("Url", Text) { Description = "The address, with http:// or https://." },
            new("Method", Text)
            {
                UIHint = "dropdown",
                Default = "GET",
                Choices = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"],
                Description = "The method.",
            },
            new("Content", Any) { Description = "The content." },
            ContentType,
            new("Authorization", Text) { Category = "Security", Description = "Value of the Authorization header." },
            new("DisableAuthorizationHeaderValidation", Flag)
            {
                UIHint = "checkbox",
                Category = "Security",
                Description = "Not used: the header is sent as it is.",
            },
            new("RequestHeaders", Any)
            {
                UIHint = "json-editor",
                Category = "Advanced",
                Description = "The headers.",
            },
            new("EnableResiliency", Flag) { UIHint = "checkbox", Description = "Not used: requests are retried in any case." },
        ];

    private static ActivityOutput[] RequestOutputs =>
        [
            new("StatusCode", Number, "The status code."),
            new("ParsedContent", Any, "The content."),
            new("ResponseHeaders", "HttpHeaders", "The headers."),
            new("Result", "HttpResponseMessage"),
        ];

    private static ActivityInput ContentType =>
        new("ContentType", Text)
        {
            UIHint = "dropdown",
            Description = "The content type.",
            Choices =
            [
                "",
                "application/json",
                "application/soap+xml",
                "application/x-www-form-urlencoded",
                "application/xml",
                "text/plain",
                "text/xml",
                "text/html",
                "application/octet-stream",
            ],
        };
}
