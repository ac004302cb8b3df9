using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Access;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Identity;

/// <summary>The page that a link to choose a password opens. It says nothing about whom a link that doesn't work was for.</summary>
internal static class ChoosePasswordPages
{
    public static void MapChoosePassword(this WebApplication app)
    {
        app.MapGet(
                MailPasswordLink.Path,
                async (string? token, PasswordLinks links, PasswordSettings settings, HttpResponse response, CancellationToken cancel) =>
                    Page(response, settings, token, await links.FindAsync(token ?? "", cancel), null)
            )
            .AllowAnonymous()
            .RequireRateLimiting(Addresses.SignInLimit)
            .ExcludeFromDescription();

        app.MapPost(
                MailPasswordLink.Path,
                async Task<IResult> (
                    [FromForm] string? token,
                    [FromForm] string? password,
                    [FromForm] string? again,
                    PasswordLinks links,
                    PasswordSettings settings,
                    HttpResponse response,
                    CancellationToken cancel
                ) =>
                {
                    var choice =
                        password != again
                            ? new PasswordChoice.Weak("it must be the same both times")
                            : await links.ChooseAsync(token ?? "", password ?? "", cancel);
                    return choice is PasswordChoice.Chosen
                        ? Results.LocalRedirect("/sign-in?chosen=true")
                        : Page(response, settings, token, await links.FindAsync(token ?? "", cancel), (choice as PasswordChoice.Weak)?.Reason);
                }
            )
            .AllowAnonymous()
            .RequireRateLimiting(Addresses.SignInLimit)
            .ExcludeFromDescription();
    }

    private static RazorComponentResult<ChoosePasswordPage> Page(
        HttpResponse response,
        PasswordSettings settings,
        string? token,
        (string UserName, string DisplayName)? who,
        string? error
    )
    {
        // The address has the token: it goes nowhere else.
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.CacheControl = "no-store";
        return Html.Page(
            new ChoosePasswordPage
            {
                Token = token ?? "",
                UserName = who?.UserName,
                DisplayName = who?.DisplayName,
                Error = error,
                Shortest = settings.Shortest,
            },
            who is null ? StatusCodes.Status410Gone
                : error is null ? StatusCodes.Status200OK
                : StatusCodes.Status422UnprocessableEntity
        );
    }
}
