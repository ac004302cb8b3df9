using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Http;

namespace Orchestration.Host.Elsa.Http;

/// <summary>
/// Requests that HttpEndpoint activities answer: below <c>Http:BasePath</c> (default <c>/workflows</c>, as Elsa). See <see cref="WorkflowReplies"/> for
/// the answer.
/// </summary>
internal static class WorkflowRequests
{
    /// <summary>Largest request, in bytes; an endpoint may allow less.</summary>
    private const long LargestRequest = 30_000_000;

    public static void MapWorkflowRequests(this WebApplication app, WorkflowRequestSettings settings)
    {
        app.Map(
                $"{settings.BasePath}/{{**path}}",
                (HttpContext context, string? path, WorkflowRuntime runtime) => AnswerAsync(context, path, runtime, settings)
            )
            .AllowAnonymous()
            .WithMetadata(new ExternalEndpoint())
            .DisableAntiforgery()
            .ExcludeFromDescription();
        WorkflowReplies.Map(app, settings.AnswerHeaders);
    }

    private static async Task AnswerAsync(HttpContext context, string? path, WorkflowRuntime runtime, WorkflowRequestSettings settings)
    {
        var request = context.Request;
        var correlationId = First(request.Headers["X-Correlation-ID"]) ?? First(request.Query["correlationId"]);
        var instanceText = First(request.Headers["X-Workflow-Instance-ID"]) ?? First(request.Query["workflowInstanceId"]);
        Guid? instance = Guid.TryParse(instanceText, out var id) ? id : null;
        if (instanceText is not null && instance is null)
            await RefuseAsync(context, 400, "instance-id", "The instance id isn't valid", "workflowInstanceId must be 32 hexadecimal digits.");
        else if (correlationId is { Length: > 200 })
            await RefuseAsync(context, 400, "correlation-id", "The correlation id is too long", "correlationId can have at most 200 characters.");
        else if (await HttpEndpoints.FindAsync(runtime.Database, path ?? "", request.Method, correlationId, instance, context.RequestAborted) is not { } target)
            await RefuseAsync(context, 404, "not-found", "Not found", "No workflow handles this path and method.");
        else if (target is HttpTarget.Ambiguous)
            await RefuseAsync(
                context,
                409,
                "ambiguous",
                "Several workflows are waiting for this request",
                "Specify one with correlationId or workflowInstanceId."
            );
        else if (await MayAsync(context, target.Rules))
        {
            var caller = new Caller();
            var burst = await WithinTimeAsync(
                context,
                target,
                cancel => DeliverAsync(context, path ?? "", target, correlationId, instance, runtime, caller, cancel)
            );
            if (burst is not null)
            {
                var limit = Timeout(target) is { } time && time < settings.ReplyLimit ? time : settings.ReplyLimit;
                await WorkflowReplies.AnswerAsync(context, burst, caller, limit, settings.AnswerHeaders);
            }
        }
    }

    private static string? First(StringValues values) => values.Count > 0 && !string.IsNullOrEmpty(values[0]) ? values[0] : null;

    /// <summary>Whether the caller may; answers when not.</summary>
    private static async Task<bool> MayAsync(HttpContext context, OrderedDictionary<string, object?> rules)
    {
        if (rules.GetValueOrDefault("Authorize") is not true)
            return true;
        if (context.User.Identity is not { IsAuthenticated: true })
        {
            await RefuseAsync(context, 401, "sign-in", "Sign in required", "This workflow accepts only signed-in callers.");
            return false;
        }

        if (rules.GetValueOrDefault("Policy") is string policy)
        {
            var known = await context.RequestServices.GetRequiredService<IAuthorizationPolicyProvider>().GetPolicyAsync(policy) is not null;
            if (!known || !(await context.RequestServices.GetRequiredService<IAuthorizationService>().AuthorizeAsync(context.User, policy)).Succeeded)
            {
                await RefuseAsync(context, 403, "forbidden", "You don't have permission", $"This workflow requires the policy '{policy}'.");
                return false;
            }
        }

        // A person known only by a cookie may not be aware of the request.
        if (
            HttpMethods.IsGet(context.Request.Method)
            || HttpMethods.IsHead(context.Request.Method)
            || context.Request.HasToken()
            || context.Request.HasApiKey()
            || await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context)
        )
            return true;
        await RefuseAsync(context, 400, "forgery", "This form has expired", "The request had no valid antiforgery token.");
        return false;
    }

    private static async Task<BurstResult?> WithinTimeAsync(HttpContext context, HttpTarget target, Func<CancellationToken, Task<BurstResult?>> work)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        if (Timeout(target) is { } time)
            limit.CancelAfter(time);
        try
        {
            return await work(limit.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            await RefuseAsync(
                context,
                408,
                "timeout",
                "The request timed out",
                "The request didn't finish in the time this workflow allows. Nothing was changed."
            );
            return null;
        }
    }

    private static TimeSpan? Timeout(HttpTarget target) =>
        target.Rules.GetValueOrDefault("RequestTimeout") is string text && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null;

    /// <summary>The burst, or null when the request was refused; then it is answered.</summary>
    private static async Task<BurstResult?> DeliverAsync(
        HttpContext context,
        string path,
        HttpTarget target,
        string? correlationId,
        Guid? instance,
        WorkflowRuntime runtime,
        Caller caller,
        CancellationToken cancel
    )
    {
        var (data, broken) = await ReadAsync(context.Request, path, target, cancel);
        if (broken is { } rule)
        {
            var exposed =
                Enum.TryParse<HttpEndpointOutcomes>(target.Rules.GetValueOrDefault("Outcomes") as string, out var outcomes)
                && rule.Outcome != HttpEndpointOutcomes.None
                && outcomes.HasFlag(rule.Outcome);
            if (!exposed)
            {
                await RefuseAsync(context, rule.Status, "request", "The request was rejected", rule.Reason);
                return null;
            }

            data["Outcome"] = rule.Outcome.Name();
        }

        var delivery = await HttpEndpoints.DeliverAsync(
            runtime,
            target,
            data,
            correlationId,
            instance,
            context.User.Identity is { IsAuthenticated: true, Name: { } name } ? name : WorkflowReplies.Anyone,
            caller.Id,
            cancel
        );
        if (delivery.Refused is { } refused)
            await RefuseAsync(context, 409, "already-running", "The workflow can't be started", refused);
        else if (delivery.Burst is null)
            await RefuseAsync(context, 404, "not-found", "Not found", "No workflow handles this path and method any more.");
        return delivery.Burst;
    }

    private static Task RefuseAsync(HttpContext context, int status, string code, string title, string detail) =>
        Problems.Of(status, code, title, detail).ExecuteAsync(context);

    private sealed record Broken(int Status, string Reason, HttpEndpointOutcomes Outcome = HttpEndpointOutcomes.None);

    /// <summary>The request as the activity gets it, and the first rule of the endpoint that it breaks.</summary>
    private static async Task<(OrderedDictionary<string, object?> Data, Broken? Broken)> ReadAsync(
        HttpRequest request,
        string path,
        HttpTarget target,
        CancellationToken cancel
    )
    {
        var data = new OrderedDictionary<string, object?>
        {
            ["Method"] = request.Method,
            ["Path"] = "/" + path,
            ["RouteData"] = target.RouteData,
            ["QueryStringData"] = Texts(request.Query),
            ["Headers"] = Texts(request.Headers),
        };
        var largest = Math.Min(Number(target.Rules, "RequestSizeLimit") ?? LargestRequest, LargestRequest);
        var tooLarge = new Broken(413, $"A request can have at most {largest} bytes.", HttpEndpointOutcomes.RequestTooLarge);
        if (request.ContentLength > largest)
            return (data, tooLarge);
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = LargestRequest;
        request.Body = new LimitedStream(request.Body, largest);
        try
        {
            return request.HasFormContentType ? await ReadFormAsync(request, target, data, cancel) : await ReadContentAsync(request, data, cancel);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == 413)
        {
            return (data, tooLarge);
        }
    }

    private static async Task<(OrderedDictionary<string, object?> Data, Broken? Broken)> ReadFormAsync(
        HttpRequest request,
        HttpTarget target,
        OrderedDictionary<string, object?> data,
        CancellationToken cancel
    )
    {
        IFormCollection form;
        try
        {
            form = await request.ReadFormAsync(new FormOptions { MultipartBodyLengthLimit = LargestRequest }, cancel);
        }
        catch (InvalidDataException e)
        {
            return (data, new(400, "The form can't be read: " + e.Message));
        }

        data["ParsedContent"] = Texts(form);
        if (form.Files.Count == 0)
            return (data, null);
        if (Refused(form.Files, target.Rules) is { } broken)
            return (data, broken);
        var files = new List<object?>();
        foreach (var file in form.Files)
        {
            using var content = new MemoryStream();
            await file.CopyToAsync(content, cancel);
            files.Add(
                new OrderedDictionary<string, object?>
                {
                    ["Name"] = file.Name,
                    ["FileName"] = file.FileName,
                    ["ContentType"] = file.ContentType,
                    ["Length"] = (int)file.Length,
                    ["Content"] = content.ToArray(),
                }
            );
        }

        (data["Files"], data["File"]) = (files, files[0]);
        return (data, null);
    }

    private static Broken? Refused(IFormFileCollection files, OrderedDictionary<string, object?> rules)
    {
        var (allowed, blocked, types) = (List("AllowedFileExtensions"), List("BlockedFileExtensions"), List("AllowedMimeTypes"));
        if (Number(rules, "FileSizeLimit") is { } largest && files.Any(f => f.Length > largest))
            return new(413, $"A file can have at most {largest} bytes.", HttpEndpointOutcomes.FileTooLarge);
        if (allowed.Length > 0 && files.FirstOrDefault(f => !allowed.Contains(Path.GetExtension(f.FileName), StringComparer.OrdinalIgnoreCase)) is { } other)
            return new(415, $"'{other.FileName}' is not one of {string.Join(", ", allowed)}.", HttpEndpointOutcomes.InvalidFileExtension);
        if (files.FirstOrDefault(f => blocked.Contains(Path.GetExtension(f.FileName), StringComparer.OrdinalIgnoreCase)) is { } bad)
            return new(415, $"'{bad.FileName}' is not accepted.", HttpEndpointOutcomes.InvalidFileExtension);
        return types.Length > 0 && files.FirstOrDefault(f => !types.Contains(f.ContentType, StringComparer.OrdinalIgnoreCase)) is { } strange
            ? new(415, $"'{strange.FileName}' is not one of {string.Join(", ", types)}.", HttpEndpointOutcomes.InvalidFileMimeType)
            : null;

        string[] List(string name) => rules.GetValueOrDefault(name) is List<object?> list ? [.. list.OfType<string>()] : [];
    }

    private static async Task<(OrderedDictionary<string, object?> Data, Broken? Broken)> ReadContentAsync(
        HttpRequest request,
        OrderedDictionary<string, object?> data,
        CancellationToken cancel
    )
    {
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, cancel);
        if (buffer.Length == 0)
            return (data, null);
        var type = request.ContentType ?? "";
        var bytes = buffer.ToArray();
        try
        {
            data["ParsedContent"] =
                type.Contains("json", StringComparison.OrdinalIgnoreCase) ? WorkflowData.FromOutside(bytes)
                : type.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || type.Contains("xml", StringComparison.OrdinalIgnoreCase)
                    ? Encoding.UTF8.GetString(bytes)
                : new OrderedDictionary<string, object?>
                {
                    ["FileName"] = "file.dat",
                    ["ContentType"] = type,
                    ["Length"] = bytes.Length,
                    ["Content"] = bytes,
                };
            return (data, null);
        }
        catch (UnfitDataException e)
        {
            return (data, new(400, $"The JSON {e.Message} at {e.Path}."));
        }
        catch (JsonException e)
        {
            return (data, new(400, $"The JSON can't be read at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}."));
        }
    }

    private static long? Number(OrderedDictionary<string, object?> rules, string name) =>
        rules.GetValueOrDefault(name) switch
        {
            int number => number,
            long number => number,
            _ => null,
        };

    /// <summary>One value as text, several as a list, as Elsa.</summary>
    private static OrderedDictionary<string, object?> Texts(IEnumerable<KeyValuePair<string, StringValues>> values)
    {
        var data = new OrderedDictionary<string, object?>();
        foreach (var (name, value) in values)
            data[name] = value.Count <= 1 ? value.ToString() : value.Select(object? (v) => v).ToList();
        return data;
    }
}
