using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Host.Http;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Identity;

/// <summary>A name and a password.</summary>
public sealed record SignInRequest(string? UserName, string? Password);

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
        CancellationToken cancel
    ) =>
        await sessions.SignInAsync(request.UserName ?? "", request.Password ?? "", Addresses.Origin(context), cancel) is { } tokens
            ? TypedResults.Ok(tokens)
            : TypedResults.Problem(Refused, statusCode: StatusCodes.Status401Unauthorized, title: "Sign-in failed");

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

    /// <summary>One answer for every reason, so that it doesn't reveal who exists.</summary>
    public static readonly string Refused =
        $"The user name or password is incorrect. "
        + $"After {SignIn.FailuresAllowed} failed attempts from one network, sign-in from there is locked for {SignIn.Lockout.TotalMinutes:0} minutes, "
        + "then for longer.";
}
