using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Primitives;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;

namespace Orchestration.Host.OwnView;

/// <summary>
/// The customer's own view of a case. Whatever doesn't work (an unknown, expired or revoked code) is one and the same page with status 404; nothing is stored
/// or indexed on the way, and the address isn't passed on.
/// </summary>
internal static class OwnViewPages
{
    public const string Path = MailOwnViewLink.Path;

    private const string Cookie = "own-view";
    private static readonly Duration CookieLife = Duration.FromHours(12);

    public static void AddOwnView(this WebApplicationBuilder builder, OwnViewSettings settings) =>
        builder
            .Services.AddSingleton(settings)
            .AddSingleton<OwnViewLimits>()
            .AddSingleton<OwnViewDesk>()
            .AddSingleton(new GuestPages(Path, (http, status) => SayAsync(http, status)));

    public static void MapOwnView(this WebApplication app)
    {
        var pages = app.MapGroup(Path + "/{code}")
            .AllowAnonymous()
            .RequireRateLimiting(Addresses.OwnViewLimit)
            .WithMetadata(new TooManyAnswer(BusyAsync))
            .ExcludeFromDescription();
        pages.AddEndpointFilter(
            async (context, next) =>
            {
                var http = context.HttpContext;
                Protect(http.Response);
                if (http.RequestServices.GetRequiredService<OwnViewLimits>().Allows(http.Request.RouteValues["code"] as string ?? ""))
                    return await next(context);
                await BusyAsync(http);
                return Results.Empty;
            }
        );
        pages.MapGet("", ShowAsync);
        pages.MapPost("", BirthAsync);
        pages.MapPost("/messages", SendAsync).WithMetadata(new RequestSizeLimitAttribute(CustomerAnswers.MostFiles * AttachToTask.MaxBytes + 256 * 1024));
        pages.MapPost("/contact", ContactAsync);
        pages.MapPost("/rating", RateAsync);
    }

    private static Task<IResult> ShowAsync(string code, string? told, HttpContext http, CancellationToken cancel) =>
        FollowAsync(
            code,
            http,
            async (link, runtime) =>
            {
                await OwnViewLinks.VisitedAsync(runtime.Database, link, runtime.Clock.Now(), cancel);
                return await PageAsync(code, link, http, runtime, told, null, null, cancel);
            },
            cancel
        );

    private static async Task<IResult> BirthAsync(string code, HttpContext http, WorkflowRuntime runtime, CancellationToken cancel)
    {
        if (await OwnViewLinks.FindAsync(runtime.Database, code, runtime.Clock.Now(), cancel) is not { AsksBirth: true } link)
            return Gone(http);
        var form = await http.Request.ReadFormAsync(cancel);
        if (!await OwnViewLinks.KnowsBirthAsync(runtime, link, Birth(form), cancel))
            return await OwnViewLinks.FindAsync(runtime.Database, code, runtime.Clock.Now(), cancel) is null
                ? Gone(http)
                : AskBirth(code, link, http, isWrong: true);
        http.Response.Cookies.Append(
            Cookie,
            Protector(http).Protect($"{Ids.Text(link.Link)} {(runtime.Clock.Now() + CookieLife).ToUnixTimeSeconds()}"),
            new()
            {
                HttpOnly = true,
                Secure = http.Request.IsHttps,
                SameSite = SameSiteMode.Lax,
                Path = Path,
                IsEssential = true,
            }
        );
        return Results.LocalRedirect($"{Path}/{code}{Language(http)}");
    }

    private static Task<IResult> SendAsync(string code, HttpContext http, TaskRuntime tasks, CancellationToken cancel) =>
        DoAsync(
            code,
            http,
            "sent",
            async (link, form) =>
            {
                var files = new List<SentFile>();
                foreach (var file in form.Files.Where(file => file.Length > 0 || file.FileName.Length > 0))
                {
                    using var content = new MemoryStream();
                    await file.CopyToAsync(content, cancel);
                    files.Add(new(file.FileName, file.ContentType, content.ToArray()));
                }

                Guid? answers = Guid.TryParse(form["answers"], out var task) ? task : null;
                var operation = form["operation"].ToString() is { Length: > 0 and <= 100 } given ? given : Ids.Text(Ids.New(tasks.Runtime.Clock.Now()));
                return await CustomerAnswers.SendAsync(tasks, link, new(form["text"].ToString(), files, answers, form["all"] == "true", operation), cancel);
            },
            cancel
        );

    private static Task<IResult> ContactAsync(string code, HttpContext http, WorkflowRuntime runtime, CancellationToken cancel) =>
        DoAsync(
            code,
            http,
            "contact",
            (link, form) =>
                CustomerContactData.SaveAsync(runtime, link, new(form["email"].ToString(), form["phone"].ToString(), form["address"].ToString()), cancel),
            cancel
        );

    private static Task<IResult> RateAsync(string code, HttpContext http, WorkflowRuntime runtime, CancellationToken cancel) =>
        DoAsync(
            code,
            http,
            "rated",
            (link, form) => RateCase.RunAsync(runtime, link, Number(form["satisfaction"]), Number(form["recommend"]), form["comment"].ToString(), cancel),
            cancel
        );

    /// <summary>Does what a form asks for, and shows the page again: as it is then, or with the reason why not.</summary>
    private static Task<IResult> DoAsync(
        string code,
        HttpContext http,
        string told,
        Func<FollowedCase, IFormCollection, Task<OwnViewResult>> run,
        CancellationToken cancel
    ) =>
        FollowAsync(
            code,
            http,
            async (link, runtime) =>
            {
                var form = await http.Request.ReadFormAsync(cancel);
                return await run(link, form) switch
                {
                    OwnViewResult.Done => Results.LocalRedirect($"{Path}/{code}{Language(http, told)}"),
                    OwnViewResult.Refused refused => await PageAsync(code, link, http, runtime, null, refused.Problem, form, cancel),
                    _ => Gone(http),
                };
            },
            cancel
        );

    /// <summary>Goes on with what the code opens, if it opens anything and the customer has shown that it is them.</summary>
    private static async Task<IResult> FollowAsync(
        string code,
        HttpContext http,
        Func<FollowedCase, WorkflowRuntime, Task<IResult>> go,
        CancellationToken cancel
    )
    {
        var runtime = http.RequestServices.GetRequiredService<WorkflowRuntime>();
        if (await OwnViewLinks.FindAsync(runtime.Database, code, runtime.Clock.Now(), cancel) is not { } link)
            return Gone(http);
        return link.AsksBirth && !HasShown(http, link, runtime.Clock.Now()) ? AskBirth(code, link, http, isWrong: false) : await go(link, runtime);
    }

    private static async Task<IResult> PageAsync(
        string code,
        FollowedCase link,
        HttpContext http,
        WorkflowRuntime runtime,
        string? told,
        OwnViewProblem? problem,
        IFormCollection? sent,
        CancellationToken cancel
    )
    {
        var now = runtime.Clock.Now();
        if (await ReadOwnView.RunAsync(runtime, link, now, cancel) is not { } found)
            return Gone(http);
        return Html.Page(
            new OwnViewPage
            {
                Case = found,
                Text = Text(http, link.Language),
                Path = $"{Path}/{code}",
                Operation = Ids.Text(Ids.New(now)),
                ExpiresAt = link.ExpiresAt,
                Told = told,
                Problem = problem,
                Sent = sent,
            },
            problem is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity
        );
    }

    private static RazorComponentResult<OwnViewNotice> AskBirth(string code, FollowedCase link, HttpContext http, bool isWrong)
    {
        var text = Text(http, link.Language);
        return Html.Page(
            new OwnViewNotice
            {
                Text = text,
                Heading = text.BirthTitle,
                Body = text.BirthText,
                AsksBirth = true,
                IsWrong = isWrong,
                Action = $"{Path}/{code}{Language(http)}",
            },
            isWrong ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK
        );
    }

    private static RazorComponentResult<OwnViewNotice> Gone(HttpContext http)
    {
        var text = Text(http, null);
        return Html.Page(
            new OwnViewNotice
            {
                Text = text,
                Heading = text.GoneTitle,
                Body = text.GoneText,
            },
            StatusCodes.Status404NotFound
        );
    }

    internal static Task BusyAsync(HttpContext http) => SayAsync(http, StatusCodes.Status429TooManyRequests);

    /// <summary>Answers what failed before it came to a page, or on its way, in the customer's language.</summary>
    private static Task SayAsync(HttpContext http, int status)
    {
        Protect(http.Response);
        var text = Text(http, null);
        var (heading, body) = status switch
        {
            StatusCodes.Status400BadRequest => (text.StaleTitle, text.StaleText),
            StatusCodes.Status404NotFound => (text.GoneTitle, text.GoneText),
            StatusCodes.Status413PayloadTooLarge => (text.TooLargeTitle, text.TooLargeText(CustomerAnswers.MostFiles, AttachToTask.MaxBytes / (1024 * 1024))),
            StatusCodes.Status429TooManyRequests => (text.BusyTitle, text.BusyText),
            _ => (text.FailedTitle, text.FailedText),
        };
        return Html.Page(
                new OwnViewNotice
                {
                    Text = text,
                    Heading = heading,
                    Body = body,
                },
                status
            )
            .ExecuteAsync(http);
    }

    // The address has the code: it goes nowhere else, and no one keeps the page.
    private static void Protect(HttpResponse response)
    {
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers["X-Robots-Tag"] = "noindex, nofollow";
    }

    private static bool HasShown(HttpContext http, FollowedCase link, Instant now)
    {
        if (http.Request.Cookies[Cookie] is not { Length: > 0 and < 1000 } cookie)
            return false;
        try
        {
            var parts = Protector(http).Unprotect(cookie).Split(' ');
            return parts[0] == Ids.Text(link.Link) && long.Parse(parts[1], CultureInfo.InvariantCulture) > now.ToUnixTimeSeconds();
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            return false;
        }
    }

    private static IDataProtector Protector(HttpContext http) => http.RequestServices.GetRequiredService<IDataProtectionProvider>().CreateProtector(Cookie);

    private static OwnViewText Text(HttpContext http, string? ofLink) =>
        new(
            OwnViewText.Choose(http.Request.Query["lang"], ofLink, http.Request.GetTypedHeaders()),
            http.RequestServices.GetRequiredService<ForecastOffice>().Zone
        );

    /// <summary>The query that keeps the language that was chosen on the page.</summary>
    private static string Language(HttpContext http, string? told = null)
    {
        var query = new List<KeyValuePair<string, StringValues>>();
        if (http.Request.Query["lang"].ToString() is "en" or "de")
            query.Add(new("lang", http.Request.Query["lang"]));
        if (told is not null)
            query.Add(new("told", told));
        return QueryString.Create(query).ToString();
    }

    private static DateOnly? Birth(IFormCollection form) =>
        Number(form["year"]) is { } year
        && Number(form["month"]) is { } month
        && Number(form["day"]) is { } day
        && year is >= 1880 and <= 9999
        && month is >= 1 and <= 12
        && day >= 1
        && day <= DateTime.DaysInMonth(year, month)
            ? new(year, month, day)
            : null;

    private static int? Number(StringValues text) =>
        int.TryParse(text.ToString().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
