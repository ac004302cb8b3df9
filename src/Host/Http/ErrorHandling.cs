using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Model;
using Orchestration.Host.Shell.Parts;

namespace Orchestration.Host.Http;

/// <summary>
/// Every failed request is answered in one place and in the shape its client can read: problem details (RFC 9457) for the API, a page
/// for people, a message that slides in for a part of a page.
/// </summary>
internal static class ErrorHandling
{
    public static void AddErrorHandling(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(new ApiSurface("/api"));
        builder.Services.AddProblemDetails();
        builder.Services.AddExceptionHandler<OfException>();

        // So that a body that is no JSON comes here with its reason, in every environment.
        builder.Services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
    }

    public static void UseErrorHandling(this WebApplication app)
    {
        // A failure that isn't ours is answered, but not logged as an error.
        app.UseExceptionHandler(
            new ExceptionHandlerOptions
            {
                SuppressDiagnosticsCallback = context =>
                    context.Exception is BadHttpRequestException or OperationCanceledException or UnfitDataException
                    || context.Exception is AntiforgeryValidationException { InnerException: BadHttpRequestException }
                    || IsUnfitForm(context.HttpContext, context.Exception)
                    || IsUnfitText(context.Exception)
                    || IsDatabaseAway(context.Exception),
            }
        );
        app.UseStatusCodePages(c => WriteAsync(c.HttpContext, c.HttpContext.Response.StatusCode));

        // The framework takes a form in another content type for a bug of ours, and one without any, too.
        app.Use(
            (context, next) =>
            {
                var request = context.Request;
                if (!(HttpMethods.IsPost(request.Method) || HttpMethods.IsPut(request.Method)) || request.HasFormContentType || !request.IsOfPages())
                    return next(context);
                if (request.ContentType is not null)
                    return WriteAsync(
                        context,
                        StatusCodes.Status415UnsupportedMediaType,
                        detail: "Send form fields with the content type application/x-www-form-urlencoded or multipart/form-data."
                    );
                request.ContentType = "application/x-www-form-urlencoded";
                return next(context);
            }
        );

        // JSON is UTF-8 (RFC 8259); the framework takes the name of another encoding, and quotes around this one, for a bug of ours.
        app.Use(
            (context, next) =>
            {
                if (
                    context.Request.Path.StartsWithSegments("/api")
                    && context.Request.GetTypedHeaders().ContentType is { Charset: { HasValue: true } charset } type
                )
                {
                    if (!HeaderUtilities.RemoveQuotes(charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase))
                        return WriteAsync(context, StatusCodes.Status415UnsupportedMediaType);
                    type.Charset = "utf-8";
                    context.Request.ContentType = type.ToString();
                }

                return next(context);
            }
        );
    }

    /// <summary>Answers with a problem.</summary>
    /// <param name="context">Request.</param>
    /// <param name="status">HTTP status.</param>
    /// <param name="title">What it is, in a few words. Default: by status.</param>
    /// <param name="detail">What to do about it. Default: by status.</param>
    public static async Task WriteAsync(HttpContext context, int status, string? title = null, string? detail = null)
    {
        var (usual, advice) = Usual(context, status);
        title ??= usual;
        detail ??= advice;
        context.Response.StatusCode = status;

        // Kestrel would look for the next request on a connection that ended within this one's body, and warn of itself (dotnet/aspnetcore#17840).
        if (context.IsClientDisconnected())
            context.Response.Headers.Connection = "close";
        if (GuestPages.Of(context.Request) is { } guests)
        {
            await guests.AnswerAsync(context, status);
        }
        else if (context.Request.IsFragment())
        {
            context.Response.Headers["HX-Retarget"] = "#toasts";
            context.Response.Headers["HX-Reswap"] = "beforeend";
            await Html.Page(new Toast { Title = title, Text = detail }, status).ExecuteAsync(context);
        }
        else if (context.Request.IsPage())
        {
            await Html.Page(
                    new ProblemPage
                    {
                        Status = status,
                        Title = title,
                        Detail = detail,
                    },
                    status
                )
                .ExecuteAsync(context);
        }
        else
        {
            await TypedResults.Problem(detail, statusCode: status, title: title).ExecuteAsync(context);
        }
    }

    private static (string Title, string? Detail) Usual(HttpContext context, int status) =>
        status switch
        {
            400 => ("The request can't be read", null),
            401 => ("Sign in required", "Sign in and try again."),
            403 => ("You don't have permission", "Your roles don't allow this action. Contact an administrator if you need access."),
            404 => ("Not found", "Check the address. The page may have moved."),
            405 => ("Method not allowed", null),
            413 => ("The request is too large", $"It can't be larger than {LargeRequests.Limit(context) / (1024 * 1024)} MB."),
            415 => ("Unsupported content type", "Send JSON in UTF-8, with the content type application/json."),
            503 => ("Temporarily unavailable", "Nothing was saved. Try again in a few seconds."),
            _ => ("Something went wrong", "The error has been logged. Try again. If it keeps happening, send an administrator the time and what you did."),
        };

    private sealed class OfException : IExceptionHandler
    {
        public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancel)
        {
            switch (exception)
            {
                case OperationCanceledException when context.RequestAborted.IsCancellationRequested:
                    // No one reads the answer; the status is for the log.
                    context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
                    return true;
                case UnfitDataException unfit:
                    await RefuseAsync(context, unfit.Path ?? "$", unfit.Message);
                    return true;
                case var e when IsUnfitText(e):
                    await WriteAsync(context, 400, detail: "The text contains a null character (U+0000), which isn't allowed.");
                    return true;
                case var e when IsUnfitForm(context, e):
                    await WriteAsync(context, 400, "The form can't be read", e.Message);
                    return true;
                case BadHttpRequestException { StatusCode: 400, InnerException: JsonException json }:
                    await WriteAsync(context, 400, "The JSON can't be read", Reason(json));
                    return true;
                case AntiforgeryValidationException { InnerException: BadHttpRequestException unread }:
                    await WriteAsync(context, unread.StatusCode);
                    return true;
                case BadHttpRequestException bad:
                    await WriteAsync(context, bad.StatusCode, detail: bad.StatusCode == 400 ? bad.Message : null);
                    return true;
                case DefinitionUnavailableException unavailable:
                    await WriteAsync(context, StatusCodes.Status409Conflict, "This case's workflow version can't be used", unavailable.Message);
                    return true;
                case var e when IsDatabaseAway(e):
                    context.Response.Headers.RetryAfter = "2";
                    await WriteAsync(context, StatusCodes.Status503ServiceUnavailable);
                    return true;
                default:
                    await WriteAsync(context, StatusCodes.Status500InternalServerError);
                    return true;
            }
        }

        private static Task RefuseAsync(HttpContext context, string field, string reason) =>
            ApiSurface.Of(context.Request)?.Invalid is { } invalid ? invalid(field, reason).ExecuteAsync(context)
            : context.Request.IsPage() || context.Request.IsFragment() ? WriteAsync(context, 400, detail: $"“{field}” {reason}.")
            : Problems.Invalid(new() { [field] = [reason] }, StatusCodes.Status400BadRequest).ExecuteAsync(context);

        private static string Reason(JsonException json) =>
            json.Path is null or "$"
                ? $"At line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}: {Sentence(json.Message)}"
                : $"At {json.Path} (line {json.LineNumber + 1}): {Sentence(json.Message)}";

        // The serializer repeats the position after its sentence, and names .NET types before it.
        private static string Sentence(string message)
        {
            var text = message.Split(" Path: ")[0].Split(" LineNumber: ")[0];
            return text.StartsWith("The JSON value could not be converted", StringComparison.Ordinal) ? "the value has the wrong type." : text;
        }
    }

    /// <summary>A text with U+0000 got as far as the database, which refuses it. Bodies are checked before, addresses and forms are not.</summary>
    private static bool IsUnfitText(Exception e) =>
        e is PostgresException { SqlState: PostgresErrorCodes.CharacterNotInRepertoire or PostgresErrorCodes.UntranslatableCharacter };

    /// <summary>
    /// A form that is none, holds too much, or ends in the middle. The framework says so in these; trouble with a disk or connection has
    /// another code or type.
    /// </summary>
    private static bool IsUnfitForm(HttpContext context, Exception e) =>
        context.Request.HasFormContentType && (e is InvalidDataException || (e.GetType() == typeof(IOException) && e.HResult == new IOException().HResult));

    private static bool IsDatabaseAway(Exception e) =>
        e switch
        {
            // 57P: the server is being shut down or started; 53: it is out of connections or memory.
            PostgresException p => p.SqlState.StartsWith("57P", StringComparison.Ordinal) || p.SqlState.StartsWith("53", StringComparison.Ordinal),
            NpgsqlException n => n.IsTransient || n.InnerException is SocketException or IOException or TimeoutException,
            SocketException => true,
            _ => e.InnerException is NpgsqlException inner && IsDatabaseAway(inner),
        };
}
