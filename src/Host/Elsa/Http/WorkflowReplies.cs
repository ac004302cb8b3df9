using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Diagnostics;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;

namespace Orchestration.Host.Elsa.Http;

/// <summary>
/// What the caller of a workflow gets: what WriteHttpResponse gave. If it comes only after a request that the workflow sends, a child workflow or a short
/// delay, the caller waits for it, within <c>Http:ReplySeconds</c>; then, or when the workflow waits for a person or an event, the answer is 202 with a
/// <c>Location</c> that has the answer later. A workflow that ends without one gives 200 without content, and 500 after a fault.
/// </summary>
internal static class WorkflowReplies
{
    /// <summary>Who sends a request without signing in, in history.</summary>
    public const string Anyone = "http";

    private const string Path = "/workflow-replies";

    // What controls the browser belongs to our site, not to a workflow: no scripts, no cookies.
    private const string AnswerPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; "
        + "form-action 'self' https:; frame-ancestors 'none'; sandbox allow-forms allow-popups";

    public static void Map(WebApplication app, IReadOnlySet<string> headers) =>
        app.MapGet($"{Path}/{{secret}}", (HttpContext context, string secret, HttpReplies replies) => PollAsync(context, secret, replies, headers))
            .AllowAnonymous()
            .WithMetadata(new ExternalEndpoint())
            .ExcludeFromDescription();

    /// <summary>Answers the request that caused a burst.</summary>
    public static async Task AnswerAsync(HttpContext context, BurstResult burst, Caller caller, TimeSpan limit, IReadOnlySet<string> headers)
    {
        if (burst.HttpAnswer is { } answer)
            await WriteAsync(context, answer, headers);
        else if (burst.State.Status == WorkflowStatus.Finished || !burst.State.Bookmarks.Exists(b => b.Caller == Ids.Text(caller.Id)))
            await EndAsync(context, burst.IsFaulted);
        else
            await AnswerAsync(
                context,
                await context
                    .RequestServices.GetRequiredService<HttpReplies>()
                    .WaitAsync(
                        caller.Id,
                        Guid.Parse(burst.State.Id),
                        limit,
                        context.ClientDisconnected(),
                        context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping
                    ),
                caller.Secret,
                headers
            );
    }

    /// <summary>The secret is the permission; a person who was signed in must still be.</summary>
    private static async Task PollAsync(HttpContext context, string secret, HttpReplies replies, IReadOnlySet<string> headers)
    {
        var reply = await replies.FindAsync(Caller.IdOf(secret), context.RequestAborted);
        var isTheirs =
            reply?.Actor == Anyone || (reply is not null && context.User.Identity is { IsAuthenticated: true, Name: { } name } && name == reply.Actor);
        await AnswerAsync(context, isTheirs ? reply : null, secret, headers);
    }

    private static async Task AnswerAsync(HttpContext context, HttpReply? reply, string secret, IReadOnlySet<string> headers)
    {
        if (reply is null)
        {
            await Problems
                .Of(404, "not-found", "Not found", "There is no such request, or its answer is too old, or you aren't signed in as the person who sent it.")
                .ExecuteAsync(context);
        }
        else if (reply.Answer is { } answer)
        {
            await WriteAsync(context, answer, headers);
        }
        else if (reply.IsClosed)
        {
            await EndAsync(context, reply.IsFaulted);
        }
        else
        {
            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers.RetryAfter = "2";
            await TypedResults
                .Accepted($"{context.Request.PathBase}{Path}/{secret}", new { status = "running", detail = "The workflow hasn't answered yet." })
                .ExecuteAsync(context);
        }
    }

    /// <summary>Without the fault's details: those are for people who can see the instance, not for the caller.</summary>
    private static Task EndAsync(HttpContext context, bool isFaulted) =>
        isFaulted
            ? Problems.Of(500, "workflow-faulted", "The workflow failed", "The error is recorded in the workflow's history.").ExecuteAsync(context)
            : Task.CompletedTask;

    private static async Task WriteAsync(HttpContext context, HttpAnswer answer, IReadOnlySet<string> headers)
    {
        // The page for a status is ours; a workflow's own answer may well be an empty 404.
        if (context.Features.Get<IStatusCodePagesFeature>() is { } pages)
            pages.Enabled = false;
        var response = context.Response;
        response.StatusCode = answer.StatusCode;
        response.Headers.ContentSecurityPolicy = AnswerPolicy;
        response.Headers.CacheControl = "no-store";
        foreach (var (name, values) in answer.Headers)
        {
            if (headers.Contains(name))
                response.Headers[name] = values;
        }

        if (answer.Content is not { } content || answer.StatusCode is 204 or 205 or 304)
            return;
        var type = answer.ContentType ?? "text/plain";
        response.ContentType =
            type.StartsWith("text/", StringComparison.OrdinalIgnoreCase) && !type.Contains("charset", StringComparison.OrdinalIgnoreCase)
                ? type + "; charset=utf-8"
                : type;
        await response.Body.WriteAsync(Bytes(content, type), context.RequestAborted);
    }

    private static byte[] Bytes(object content, string type) =>
        content switch
        {
            byte[] bytes => bytes,
            string text => Encoding.UTF8.GetBytes(text),
            OrderedDictionary<string, object?> fields when type.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) =>
                Encoding.UTF8.GetBytes(
                    string.Join(
                        '&',
                        fields.Select(f =>
                            $"{Uri.EscapeDataString(f.Key)}={Uri.EscapeDataString(Convert.ToString(f.Value, CultureInfo.InvariantCulture) ?? "")}"
                        )
                    )
                ),
            _ => WorkflowData.ToUtf8(content),
        };
}

/// <summary>A request that may be answered later: whoever knows its secret can fetch the answer. Only an id derived from it is stored.</summary>
internal sealed class Caller
{
    public string Secret { get; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public Guid Id => IdOf(Secret);

    public static Guid IdOf(string secret) => Ids.Named("http-reply:" + secret);
}
