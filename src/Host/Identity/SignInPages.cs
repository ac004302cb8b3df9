using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Startup;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Identity;

internal static partial class SignInPages
{
    /// <summary>Where a person's work is: tasks first, for those who have any.</summary>
    public static string HomeOf(Person person) =>
        PermissionHolders.IsFrontOffice(person) ? "/front-office"
        : person.Is(Roles.Employee, Roles.Supervisor) || person.Teams.Count + person.Leads.Count > 0 ? "/"
        : person.Is(Roles.Analyst) ? "/studio"
        : person.Is(Roles.Administrator) ? "/administration/people"
        : person.Is(Roles.Compliance) ? "/compliance"
        : "/";

    public static void MapSignIn(this WebApplication app)
    {
        // The demo people are only read, and only offered, where they are made.
        var demo = app.Environment.IsDevelopment()
            ? JsonSerializer.Deserialize<NewPerson[]>(File.ReadAllBytes(Path.Combine(app.Environment.Definitions(), "people.json")), JsonSerializerOptions.Web)!
            : [];

        app.MapGet(
                "/sign-in",
                IResult (HttpContext context, string? to, bool? chosen, SignOnSettings settings) =>
                    context.User.Identity is PersonIdentity who
                        ? TypedResults.LocalRedirect(SessionEndpoints.To(to, who.Person))
                        : Page(settings, to, "", null, chosen == true)
            )
            .AllowAnonymous()
            .ExcludeFromDescription();

        app.MapPost(
                "/sign-in",
                async Task<IResult> (
                    [FromForm] string? userName,
                    [FromForm] string? password,
                    [FromForm] string? to,
                    Sessions sessions,
                    SignOnSettings settings,
                    PendingSignIn pending,
                    HttpContext context
                ) =>
                {
                    if (!settings.AllowsPasswords)
                        return Page(settings, to, "", $"Passwords are off. Sign in with {settings.Provider!.Rules.Provider}.");
                    var result = await sessions.SignInAsync(context, (userName ?? "").Trim(), password ?? "");
                    switch (result)
                    {
                        case SignInAnswer.SignedIn signedIn when await sessions.PersonAsync(signedIn.Person, context.RequestAborted) is { } person:
                            return TypedResults.LocalRedirect(SessionEndpoints.To(to, person));
                        case SignInAnswer.CodeNeeded needed:
                            pending.Set(context, needed.Person, needed.Stamp, Requests.LocalOr(to, "/"));
                            return TypedResults.LocalRedirect(SecondFactorPages.Code);
                        case SignInAnswer.SetUpNeeded needed:
                            pending.Set(context, needed.Person, needed.Stamp, Requests.LocalOr(to, "/"));
                            return TypedResults.LocalRedirect(SecondFactorPages.SetUp);
                        default:
                            return Page(settings, to, userName ?? "", SessionEndpoints.Refused);
                    }
                }
            )
            .AllowAnonymous()
            .RequireRateLimiting(Addresses.SignInLimit)
            .ExcludeFromDescription();

        app.MapPost("/sign-out", SignOutAsync).ExcludeFromDescription();

        RazorComponentResult<SignInPage> Page(SignOnSettings settings, string? to, string userName, string? error, bool chosen = false) =>
            Html.Page(
                new SignInPage
                {
                    To = Requests.LocalOr(to, "/"),
                    UserName = userName,
                    Error = error,
                    PasswordWasChosen = chosen,
                    Provider = settings.Provider?.Rules.Provider,
                    AllowsPasswords = settings.AllowsPasswords,
                    Demo = settings.AllowsPasswords ? demo : [],
                },
                error is null ? StatusCodes.Status200OK : StatusCodes.Status401Unauthorized
            );
    }

    /// <summary>
    /// Ends the session here and, when an identity provider began it, there. The way to the provider is a step of its own: a browser doesn't let a form lead to
    /// another site.
    /// </summary>
    private static async Task<IResult> SignOutAsync(PersonIdentity who, Sessions sessions, SignOnSettings settings, HttpContext context, ILogger<Sessions> log)
    {
        var cookie = await context.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        var isOfProvider = cookie.Properties?.GetTokenValue("id_token") is not null;
        await sessions.EndAsync(context, who);
        if (settings.Provider is not { } provider || !isOfProvider)
            return TypedResults.LocalRedirect("/sign-in");
        try
        {
            await context.SignOutAsync(SignOnSettings.Scheme, new() { RedirectUri = "/sign-in" });
        }
        catch (InvalidOperationException e)
        {
            // The provider's addresses can't be read now.
            ProviderDown(log, e);
        }

        var there = context.Response.Headers.Location.ToString();
        context.Response.Headers.Remove("Location");
        if (there.Length == 0)
            return TypedResults.LocalRedirect("/sign-in");
        context.Response.Headers["Refresh"] = $"0; url={there}";
        return Html.Page(new SignedOutPage { Provider = provider.Rules.Provider, Address = there });
    }

    [LoggerMessage(EventId = 310, Level = LogLevel.Warning, Message = "Signed out here only: the identity provider doesn't answer")]
    private static partial void ProviderDown(ILogger log, Exception e);
}
