using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using QRCoder;

namespace Orchestration.Host.Identity;

/// <summary>After the password: the code of an authenticator app, or setting one up. Both need the cookie of <see cref="PendingSignIn"/>.</summary>
internal static class SecondFactorPages
{
    public const string Code = "/sign-in/code";
    public const string SetUp = "/sign-in/set-up";
    private const string WrongCode = "The code isn't right, or was used already. Enter the one that your app shows now.";

    public static void MapSecondFactor(this WebApplication app)
    {
        var pages = app.MapGroup("/sign-in").AllowAnonymous().ExcludeFromDescription();
        pages.MapGet(
            "/code",
            (PendingSignIn pending, HttpContext context) => pending.Read(context) is null ? Results.LocalRedirect("/sign-in") : Html.Page(new CodePage())
        );
        pages.MapPost("/code", CodeAsync).RequireRateLimiting(Addresses.SignInLimit);
        pages.MapGet(
            "/set-up",
            async (PendingSignIn pending, Sessions sessions, SecondFactors factors, HttpContext context) =>
                pending.Read(context) is { } ticket && await sessions.PersonAsync(ticket.Person, context.RequestAborted) is { } person
                    ? SetUpPageOf(factors, person, SecondFactors.NewSecret(), null)
                    : Results.LocalRedirect("/sign-in")
        );
        pages.MapPost("/set-up", SetUpAsync).RequireRateLimiting(Addresses.SignInLimit);
    }

    private static async Task<IResult> CodeAsync([FromForm] string? code, PendingSignIn pending, Sessions sessions, HttpContext context)
    {
        if (pending.Read(context) is not { } ticket)
            return Results.LocalRedirect("/sign-in");
        if (
            await sessions.FinishAsync(context, ticket, code ?? "") is not SignInAnswer.SignedIn
            || await sessions.PersonAsync(ticket.Person, context.RequestAborted) is not { } person
        )
            return Html.Page(new CodePage { Error = $"{WrongCode} {SessionEndpoints.Lockout}" }, StatusCodes.Status401Unauthorized);
        PendingSignIn.Clear(context);
        return Results.LocalRedirect(SessionEndpoints.To(ticket.To, person));
    }

    private static async Task<IResult> SetUpAsync(
        [FromForm] string? secret,
        [FromForm] string? code,
        PendingSignIn pending,
        Sessions sessions,
        SecondFactors factors,
        IClock clock,
        HttpContext context
    )
    {
        if (pending.Read(context) is not { } ticket || await sessions.PersonAsync(ticket.Person, context.RequestAborted) is not { } person)
            return Results.LocalRedirect("/sign-in");
        if (factors.Unprotect(secret ?? "") is not { } key)
            return Results.LocalRedirect(SetUp);
        if (await factors.SetUpAsync(person.Id, person.UserName, ticket.Stamp, key, code ?? "", clock.Now(), context.RequestAborted) is not { } codes)
            return await factors.FindAsync(person.Id, context.RequestAborted) is null
                ? SetUpPageOf(factors, person, key, WrongCode)
                : Results.LocalRedirect(Code);
        if (context.User.Identity is not PersonIdentity)
            await sessions.BeginAsync(context, ticket);
        PendingSignIn.Clear(context);
        return Html.Page(new RecoveryCodesPage { Codes = codes, To = SessionEndpoints.To(ticket.To, person) });
    }

    private static RazorComponentResult<SetUpPage> SetUpPageOf(SecondFactors factors, Person person, byte[] secret, string? error)
    {
        using var data = QRCodeGenerator.GenerateQrCode(SecondFactors.Uri(secret, person.UserName), QRCodeGenerator.ECCLevel.M);
        using var code = new SvgQRCode(data);
        return Html.Page(
            new SetUpPage
            {
                // An image: a page's own SVG would need a style.
                Image = "data:image/svg+xml;base64," + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(code.GetGraphic(4))),
                Key = SecondFactors.Key(secret),
                Secret = factors.Protect(secret),
                Error = error,
            },
            error is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity
        );
    }
}
