using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Options;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Shell;

/// <summary>What a client of the API signs in with.</summary>
/// <param name="TokenType"><c>Bearer</c>.</param>
/// <param name="AccessToken">For the <c>Authorization</c> header, or <c>?access_token=</c> of a hub.</param>
/// <param name="ExpiresIn">Seconds for which the access token is good.</param>
/// <param name="RefreshToken">For <c>POST /api/session/refresh</c>.</param>
public sealed record SessionTokens(string TokenType, string AccessToken, long ExpiresIn, string RefreshToken);

/// <summary>Begins, continues and ends sessions. A page's session is a cookie, an API client's is a pair of tokens; both carry only whom they stand for.</summary>
internal sealed class Sessions(SignIn signIn, SignOut signOut, FindPerson people, IOptionsMonitor<BearerTokenOptions> tokens, IClock clock)
{
    private static readonly Duration CookieLife = Duration.FromHours(12);
    private static readonly Duration AccessLife = Duration.FromHours(1);
    private static readonly Duration RefreshLife = Duration.FromDays(14);

    private BearerTokenOptions Tokens => tokens.Get(BearerTokenDefaults.AuthenticationScheme);

    /// <summary>Signs a browser in, or answers no.</summary>
    public async Task<bool> SignInAsync(HttpContext context, string userName, string password)
    {
        var now = clock.Now();
        if (await signIn.TryAsync(userName, password, now, context.RequestAborted) is not { } signedIn)
            return false;
        var ticket = PersonIdentity.Ticket(signedIn.Person, Ids.New(now), signedIn.Stamp, CookieAuthenticationDefaults.AuthenticationScheme);
        await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, ticket, new() { IsPersistent = true });
        return true;
    }

    /// <summary>Tokens for a name and a password, or null.</summary>
    public async Task<SessionTokens?> SignInAsync(string userName, string password, CancellationToken cancel)
    {
        var now = clock.Now();
        return await signIn.TryAsync(userName, password, now, cancel) is { } signedIn ? Issue(signedIn.Person, Ids.New(now), signedIn.Stamp, now) : null;
    }

    /// <summary>Tokens of the session that a page has a cookie of, for scripts of that page. They end with it.</summary>
    public SessionTokens Issue(PersonIdentity who) => Issue(who.Person.Id, who.Session, who.Person.SecurityStamp, clock.Now());

    /// <summary>New tokens of the same session, or null when it has ended.</summary>
    public async Task<SessionTokens?> RefreshAsync(string refreshToken, CancellationToken cancel)
    {
        var now = clock.Now();
        var ticket = Tokens.RefreshTokenProtector.Unprotect(refreshToken);
        if (ticket?.Properties.ExpiresUtc is not { } expires || now >= Instant.FromDateTimeOffset(expires) || PersonIdentity.Read((ClaimsIdentity)ticket.Principal.Identity!) is not { } read)
            return null;
        return await people.OfSessionAsync(read.Person, read.Session, read.Stamp, now, cancel) is null ? null : Issue(read.Person, read.Session, read.Stamp, now);
    }

    /// <summary>Ends the session, whichever way it was begun.</summary>
    public async Task EndAsync(HttpContext context, PersonIdentity who)
    {
        var now = clock.Now();
        await signOut.EndAsync(who.Person, who.Session, now + RefreshLife, now, context.RequestAborted);
        await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
    }

    private SessionTokens Issue(Guid person, Guid session, Guid stamp, Instant now)
    {
        const string scheme = BearerTokenDefaults.AuthenticationScheme;
        var who = PersonIdentity.Ticket(person, session, stamp, scheme);
        return new(
            "Bearer",
            Tokens.BearerTokenProtector.Protect(new(who, new() { ExpiresUtc = (now + AccessLife).ToDateTimeOffset() }, scheme)),
            (long)AccessLife.TotalSeconds,
            Tokens.RefreshTokenProtector.Protect(new(who, new() { ExpiresUtc = (now + RefreshLife).ToDateTimeOffset() }, scheme)));
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
        o.ExpireTimeSpan = CookieLife.ToTimeSpan();
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
            // A page is sent to sign in; a part of a page sends its page; a client of the API is told.
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

        // Browsers can not set headers of a web socket.
        o.Events.OnMessageReceived = context =>
        {
            if (context.Request.Query["access_token"] is [{ Length: > 0 } token])
                context.Token = token;
            return Task.CompletedTask;
        };
    }
}
