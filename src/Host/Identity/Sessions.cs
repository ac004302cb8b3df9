using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Options;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Host.Identity;

/// <summary>Credentials of an API client.</summary>
/// <param name="TokenType"><c>Bearer</c>.</param>
/// <param name="AccessToken">For the <c>Authorization</c> header, or <c>?access_token=</c> of a hub.</param>
/// <param name="ExpiresIn">Seconds for which the access token is good.</param>
/// <param name="RefreshToken">For <c>POST /api/session/refresh</c>, once: the answer has the next one.</param>
public sealed record SessionTokens(string TokenType, string AccessToken, long ExpiresIn, string RefreshToken);

/// <summary>
/// Starts, continues and ends sessions. A page's session is a cookie, an API client's is a pair of tokens; both carry only the person's identity.
/// </summary>
internal sealed class Sessions(
    SignIn signIn,
    SignOut signOut,
    Presence presence,
    RefreshSession refresh,
    FindPerson people,
    IOptionsMonitor<BearerTokenOptions> tokens,
    IClock clock
)
{
    private const string Scheme = BearerTokenDefaults.AuthenticationScheme;

    /// <summary>Additional content of a refresh token: its number in the session.</summary>
    private const string Number = "number";
    private static readonly Duration AccessLife = Duration.FromHours(1);
    private static readonly Duration RefreshLife = PersonSessions.ApiLife;

    private BearerTokenOptions Tokens => tokens.Get(Scheme);

    /// <summary>Signs a browser in with a password.</summary>
    public async Task<SignInAnswer> SignInAsync(HttpContext context, string userName, string password) =>
        await WithCookieAsync(context, await signIn.TryAsync(userName, password, null, From(context, true), clock.Now(), context.RequestAborted));

    /// <summary>Signs a browser in with a code, after the password.</summary>
    public async Task<SignInAnswer> FinishAsync(HttpContext context, PendingSignIn.Ticket pending, string code) =>
        await WithCookieAsync(context, await signIn.FinishAsync(pending.Person, pending.Stamp, code, From(context, true), clock.Now(), context.RequestAborted));

    /// <summary>Signs a browser in after its person set up their app.</summary>
    public async Task<SignInAnswer> BeginAsync(HttpContext context, PendingSignIn.Ticket pending) =>
        await WithCookieAsync(
            context,
            await signIn.BeginAsync(pending.Person, pending.Stamp, "code", From(context, true), clock.Now(), context.RequestAborted)
        );

    /// <summary>The content of a cookie for someone for whom an identity provider vouches, or null: they were deactivated just now.</summary>
    /// <param name="provider">Its name.</param>
    public async Task<ClaimsPrincipal?> TicketAsync(HttpContext context, Guid person, string provider) =>
        await signIn.BeginAsync(person, null, provider, From(context, true), clock.Now(), context.RequestAborted) is SignInAnswer.SignedIn signedIn
            ? PersonIdentity.Ticket(signedIn.Person, signedIn.Session, signedIn.Stamp, CookieAuthenticationDefaults.AuthenticationScheme)
            : null;

    /// <summary>The person whose session began, with their current data.</summary>
    public Task<Person?> PersonAsync(Guid person, CancellationToken cancel) => people.OfIdAsync(person, clock.Now(), cancel);

    /// <summary>Tokens for a name, a password and, where one is needed, a code.</summary>
    public async Task<(SessionTokens? Tokens, SignInAnswer Result)> SignInAsync(HttpContext context, string userName, string password, string? code)
    {
        var now = clock.Now();
        var result = await signIn.TryAsync(userName, password, code, From(context, false), now, context.RequestAborted);
        return (result is SignInAnswer.SignedIn signedIn ? Issue(signedIn.Person, signedIn.Session, signedIn.Stamp, 0, now) : null, result);
    }

    private static async Task<SignInAnswer> WithCookieAsync(HttpContext context, SignInAnswer result)
    {
        if (result is SignInAnswer.SignedIn signedIn)
            await context.SignInAsync(
                CookieAuthenticationDefaults.AuthenticationScheme,
                PersonIdentity.Ticket(signedIn.Person, signedIn.Session, signedIn.Stamp, CookieAuthenticationDefaults.AuthenticationScheme)
            );
        return result;
    }

    private static SignInFrom From(HttpContext context, bool isBrowser) => new(Addresses.Origin(context), Device.Of(context.Request), isBrowser);

    /// <summary>
    /// An access token of the session that a page has a cookie of, for scripts of that page, and the seconds for which it is good. It ends with
    /// the session.
    /// </summary>
    public (string AccessToken, long ExpiresIn) Issue(PersonIdentity who) =>
        (
            Protect(Tokens.BearerTokenProtector, PersonIdentity.Ticket(who.Person.Id, who.Session, who.Person.SecurityStamp, Scheme), clock.Now() + AccessLife),
            (long)AccessLife.TotalSeconds
        );

    /// <summary>New tokens of the same session, or null when it has ended.</summary>
    public async Task<SessionTokens?> RefreshAsync(string refreshToken, CancellationToken cancel)
    {
        var now = clock.Now();
        var ticket = Tokens.RefreshTokenProtector.Unprotect(refreshToken);
        if (
            ticket?.Properties.ExpiresUtc is not { } expires
            || now >= Instant.FromDateTimeOffset(expires)
            || PersonIdentity.Read((ClaimsIdentity)ticket.Principal.Identity!) is not { } read
        )
            return null;
        if (await people.OfSessionAsync(read.Person, read.Session, read.Stamp, now, cancel) is not { } person)
            return null;

        // Tokens of before they were numbered are the first of their session.
        var number = int.Parse(ticket.Properties.GetString(Number) ?? "0", CultureInfo.InvariantCulture);
        return await refresh.TryAsync(person, read.Session, number, now + RefreshLife, now, cancel) is { } next
            ? Issue(read.Person, read.Session, read.Stamp, next, now)
            : null;
    }

    /// <summary>Ends the session, however it was started.</summary>
    public async Task EndAsync(HttpContext context, PersonIdentity who)
    {
        var now = clock.Now();
        await signOut.EndAsync(who.Person, who.Session, now + RefreshLife, now, context.RequestAborted);
        await presence.SignedOutAsync(who.Person, context.RequestAborted);
        await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
    }

    private SessionTokens Issue(Guid person, Guid session, Guid stamp, int number, Instant now)
    {
        var who = PersonIdentity.Ticket(person, session, stamp, Scheme);
        return new(
            "Bearer",
            Protect(Tokens.BearerTokenProtector, who, now + AccessLife),
            (long)AccessLife.TotalSeconds,
            Protect(Tokens.RefreshTokenProtector, who, now + RefreshLife, number)
        );
    }

    private static string Protect(ISecureDataFormat<AuthenticationTicket> protector, ClaimsPrincipal who, Instant expires, int? number = null)
    {
        var properties = new AuthenticationProperties { ExpiresUtc = expires.ToDateTimeOffset() };
        properties.SetString(Number, number?.ToString(CultureInfo.InvariantCulture));
        return protector.Protect(new(who, properties, Scheme));
    }

    /// <summary>Expiry of cookies and tokens follows the host's clock.</summary>
    internal sealed class ClockTime(IClock clock) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => clock.GetCurrentInstant().ToDateTimeOffset();
    }

    public static void Configure(CookieAuthenticationOptions o, IClock clock)
    {
        o.TimeProvider = new ClockTime(clock);
        o.Cookie.Name = "orchestration";
        o.Cookie.HttpOnly = true;
        o.Cookie.SameSite = SameSiteMode.Lax;
        o.ExpireTimeSpan = PersonSessions.BrowserLife.ToTimeSpan();
        o.SlidingExpiration = true;
        o.LoginPath = "/sign-in";
        o.ReturnUrlParameter = "to";
        o.Events.OnRedirectToAccessDenied = context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        };
        o.Events.OnRedirectToLogin = context =>
        {
            // A page redirects to sign-in; a part of a page redirects its page; an API client gets an error.
            if (context.Request.IsFragment())
                context.Response.Headers["HX-Redirect"] = "/sign-in";
            else if (context.Request.IsPage())
                context.Response.Redirect(context.RedirectUri);
            if (!context.Request.IsPage() || context.Request.IsFragment())
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                context.Response.Headers.WWWAuthenticate = "Bearer";
            }

            return Task.CompletedTask;
        };
    }

    public static void Configure(BearerTokenOptions o, IClock clock)
    {
        o.TimeProvider = new ClockTime(clock);

        o.Events.OnMessageReceived = context =>
        {
            context.Token = context.Request.HubToken();
            return Task.CompletedTask;
        };
    }
}
