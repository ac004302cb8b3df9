using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.Extensions.Options;

namespace Orchestration.Host.Elsa;

/// <summary>Bearer tokens in the framework's own format, so that its handler reads them like those of its own sign-in.</summary>
internal static class ElsaTokens
{
    /// <summary>The open page of the designer that a token was made for.</summary>
    public const string PageClaim = "designer_page";

    public static (string Token, TimeSpan Lifetime) Access(ClaimsPrincipal person, IOptionsMonitor<BearerTokenOptions> options, TimeProvider time)
    {
        var bearer = options.Get(BearerTokenDefaults.AuthenticationScheme);
        return (bearer.BearerTokenProtector.Protect(Ticket(person, time.GetUtcNow() + bearer.BearerTokenExpiration, "AccessToken")), bearer.BearerTokenExpiration);
    }

    public static string Refresh(ClaimsPrincipal person, IOptionsMonitor<BearerTokenOptions> options, TimeProvider time)
    {
        var bearer = options.Get(BearerTokenDefaults.AuthenticationScheme);
        return bearer.RefreshTokenProtector.Protect(Ticket(person, time.GetUtcNow() + bearer.RefreshTokenExpiration, "RefreshToken"));
    }

    /// <summary>Who a refresh token was made for, or null when it is not one or has expired.</summary>
    public static ClaimsPrincipal? ReadRefresh(string token, IOptionsMonitor<BearerTokenOptions> options, TimeProvider time)
    {
        var ticket = options.Get(BearerTokenDefaults.AuthenticationScheme).RefreshTokenProtector.Unprotect(token);
        return ticket?.Properties.ExpiresUtc > time.GetUtcNow() ? ticket.Principal : null;
    }

    private static AuthenticationTicket Ticket(ClaimsPrincipal person, DateTimeOffset expires, string purpose) =>
        new(person, new AuthenticationProperties { ExpiresUtc = expires }, $"{BearerTokenDefaults.AuthenticationScheme}:{purpose}");
}
