using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Orchestration.Host.Http;
using Orchestration.Workflows.Access;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Staff;

/// <summary>What the API of people and of teams has in common.</summary>
internal static class StaffAnswers
{
    /// <summary>Largest file.</summary>
    public const int MaxBytes = 1024 * 1024;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    public static ProblemHttpResult Refused(StaffResult result, string what, object id) =>
        result switch
        {
            StaffResult.Invalid invalid => Problems.Invalid(invalid.Errors),
            StaffResult.Stale stale => Problems.Of(
                409,
                "stale-revision",
                $"The {what} has changed",
                $"It is now at revision {stale.Revision}. Review it and try again.",
                ("revision", stale.Revision)
            ),
            StaffResult.Refused refused => Problems.Of(409, "refused", $"The {what} can't be changed like this", refused.Reason),
            _ => Problems.NotFound(what, id),
        };

    public static Results<Ok<ImportAnswer>, ProblemHttpResult> Of(ImportResult result) =>
        result switch
        {
            ImportResult.Preview preview => TypedResults.Ok(new ImportAnswer(false, preview.Rows, preview.Fingerprint)),
            ImportResult.Applied applied => TypedResults.Ok(new ImportAnswer(true, applied.Rows, null)),
            ImportResult.Outdated outdated => Problems.Of(
                409,
                "outdated-preview",
                "People or teams have changed since the preview",
                "Review the new preview and send its fingerprint.",
                ("rows", outdated.Rows),
                ("fingerprint", outdated.Fingerprint)
            ),
            ImportResult.Wrong wrong => Problems.Of(
                422,
                "invalid-file",
                "The file has errors",
                $"Nothing was imported. {wrong.Errors.Count} {(wrong.Errors.Count == 1 ? "place is" : "places are")} wrong.",
                ("lines", wrong.Errors)
            ),
            _ => throw new InvalidOperationException($"{result.GetType().Name} has no answer."),
        };

    /// <summary>The text of a file, or null: it isn't UTF-8.</summary>
    public static string? Text(ReadOnlySpan<byte> file)
    {
        try
        {
            return Utf8.GetString(file);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>A file that isn't text.</summary>
    public static readonly ImportResult NotText = new ImportResult.Wrong([
        new(1, null, "The file isn't UTF-8 text. In a spreadsheet, save it as “CSV UTF-8”."),
    ]);

    /// <summary>The body of a request, which is a file.</summary>
    public static async Task<string?> TextAsync(HttpRequest request, CancellationToken cancel)
    {
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, cancel);
        return Text(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    /// <summary>Address of a link: of the public site if one is configured, else of the request's.</summary>
    public static string Url(HttpRequest request, MailSettings mail, string token) =>
        MailPasswordLink.Url(mail.PublicUrl ?? new Uri($"{request.Scheme}://{request.Host}"), token);

    public static FileContentHttpResult Sample(string text, string name) =>
        TypedResults.File(Encoding.UTF8.GetPreamble().Concat(Encoding.UTF8.GetBytes(text)).ToArray(), "text/csv; charset=utf-8", name);

    /// <summary>An endpoint that takes a file of values.</summary>
    public static RouteHandlerBuilder TakesCsv(this RouteHandlerBuilder endpoint) =>
        endpoint
            .Accepts<string>("text/csv")
            .WithMetadata(new RequestSizeLimitAttribute(MaxBytes))
            .ProducesProblem(409)
            .ProducesProblem(413)
            .ProducesProblem(422);

    /// <summary>An endpoint that changes something.</summary>
    public static RouteHandlerBuilder Changes(this RouteHandlerBuilder endpoint) => endpoint.ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
}
