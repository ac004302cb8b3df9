using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Startup;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Identity;

internal static class SignInPages
{
    /// <summary>Where a person's work is: tasks first, for those who have any.</summary>
    public static string HomeOf(Person person) =>
        person.Is(Roles.FrontOffice) ? "/front-office"
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
                IResult (HttpContext context, string? to, bool? chosen) =>
                    context.User.Identity is PersonIdentity who ? TypedResults.LocalRedirect(To(to, who.Person)) : Page(to, "", null, chosen == true)
            )
            .AllowAnonymous()
            .ExcludeFromDescription();

        app.MapPost(
                "/sign-in",
                async Task<IResult> ([FromForm] string? userName, [FromForm] string? password, [FromForm] string? to, Sessions sessions, HttpContext context) =>
                    await sessions.SignInAsync(context, (userName ?? "").Trim(), password ?? "") is { } person
                        ? TypedResults.LocalRedirect(To(to, person))
                        : Page(to, userName ?? "", SessionEndpoints.Refused)
            )
            .AllowAnonymous()
            .RequireRateLimiting(Addresses.SignInLimit)
            .ExcludeFromDescription();

        app.MapPost(
                "/sign-out",
                async (PersonIdentity who, Sessions sessions, HttpContext context) =>
                {
                    await sessions.EndAsync(context, who);
                    return TypedResults.LocalRedirect("/sign-in");
                }
            )
            .ExcludeFromDescription();

        // Whoever asked for no particular page begins where their work is.
        static string To(string? to, Person person) => Requests.LocalOr(to, "/") is var page && page != "/" ? page : HomeOf(person);

        RazorComponentResult<SignInPage> Page(string? to, string userName, string? error, bool chosen = false) =>
            Html.Page(
                new SignInPage
                {
                    To = Requests.LocalOr(to, "/"),
                    UserName = userName,
                    Error = error,
                    PasswordWasChosen = chosen,
                    Demo = demo,
                },
                error is null ? StatusCodes.Status200OK : StatusCodes.Status401Unauthorized
            );
    }
}
