using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Host.Http;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Identity;

/// <summary>A name and a password.</summary>
/// <param name="UserName">User name, in any case.</param>
/// <param name="Password">Password.</param>
/// <param name="Code">Code of the person's authenticator app, or a recovery code, if the answer without it is `second-factor-required`.</param>
public sealed record SignInRequest(string? UserName, string? Password, string? Code = null);

/// <summary>A refresh token.</summary>
public sealed record RefreshRequest(string? RefreshToken);

/// <summary>The signed-in person and their permissions.</summary>
public sealed record Me(
    Guid Id,
    string UserName,
    string DisplayName,
    string? Email,
    IReadOnlyList<string> Roles,
    IReadOnlyList<string> Teams,
    IReadOnlyList<string> Leads
);

internal static class SessionEndpoints
{
    public static void MapSessions(this WebApplication app)
    {
        var api = app.MapGroup("/api").WithTags("Session");
        api.MapPost("/session", SignInAsync)
            .AllowAnonymous()
            .RequireRateLimiting(Addresses.SignInLimit)
            .WithSummary("Signs in")
            .WithDescription(
                "A 401 of type `second-factor-required` asks for `code` as well; one of type `second-factor-set-up-required` needs an authenticator app, "
                    + "which is set up on the sign-in page."
            )
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        api.MapPost("/session/refresh", RefreshAsync)
            .AllowAnonymous()
            .WithSummary("Exchanges a refresh token for new tokens; refresh tokens are single-use, and reuse ends the session")
            .ProducesProblem(StatusCodes.Status401Unauthorized);
        api.MapDelete("/session", SignOutAsync).WithSummary("Signs out and revokes the session's tokens");
        api.MapGet("/me", (Person me) => new Me(me.Id, me.UserName, me.DisplayName, me.Email, me.Roles, me.Teams, me.Leads))
            .WithSummary("Gets the signed-in person, their roles and permissions");
    }

    private static async Task<Results<Ok<SessionTokens>, ProblemHttpResult>> SignInAsync(
        SignInRequest request,
        HttpContext context,
        Sessions sessions,
        SignOnSettings settings
    )
    {
        if (!settings.AllowsPasswords)
            return Problem("passwords-off", $"Passwords are off. Sign in with {settings.Provider!.Rules.Provider}.");
        var code = string.IsNullOrWhiteSpace(request.Code) ? null : request.Code;
        var (tokens, result) = await sessions.SignInAsync(context, request.UserName ?? "", request.Password ?? "", code);
        return result switch
        {
            SignInAnswer.SignedIn => TypedResults.Ok(tokens!),
            SignInAnswer.CodeNeeded => Problem("second-factor-required", "Send the code of your authenticator app, or a recovery code, as well."),
            SignInAnswer.SetUpNeeded => Problem(
                "second-factor-set-up-required",
                "Your role needs an authenticator app. Sign in on the sign-in page once to set one up."
            ),
            _ => TypedResults.Problem(Refused, statusCode: StatusCodes.Status401Unauthorized, title: "Sign-in failed"),
        };

        static ProblemHttpResult Problem(string type, string detail) => Problems.Of(StatusCodes.Status401Unauthorized, type, "Sign-in failed", detail);
    }

    private static async Task<Results<Ok<SessionTokens>, ProblemHttpResult>> RefreshAsync(
        RefreshRequest request,
        Sessions sessions,
        CancellationToken cancel
    ) =>
        await sessions.RefreshAsync(request.RefreshToken ?? "", cancel) is { } tokens
            ? TypedResults.Ok(tokens)
            : TypedResults.Problem("The session has ended. Sign in again.", statusCode: StatusCodes.Status401Unauthorized, title: "Sign-in failed");

    private static async Task<NoContent> SignOutAsync(PersonIdentity who, Sessions sessions, HttpContext context)
    {
        await sessions.EndAsync(context, who);
        return TypedResults.NoContent();
    }

    /// <summary>Where someone goes who is signed in: where they wanted to, or where their work is.</summary>
    public static string To(string? to, Person person) => Requests.LocalOr(to, "/") is var page && page != "/" ? page : Home.Of(person);

    /// <summary>One answer for every reason, so that it doesn't reveal who exists.</summary>
    public static readonly string Refused = $"The user name or password is incorrect. {Lockout}";

    /// <summary>What happens after failures.</summary>
    public static string Lockout =>
        $"After {SignIn.FailuresAllowed} failed attempts from one network, sign-in from there is locked for {SignIn.Lockout.TotalMinutes:0} minutes, "
        + "then for longer.";
}
