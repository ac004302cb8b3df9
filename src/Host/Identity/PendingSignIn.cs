using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using NodaTime;
using Orchestration.Engine.Storage;

namespace Orchestration.Host.Identity;

/// <summary>
/// Between the password and the code: whose password was right. A cookie of a few minutes, which opens nothing but the pages that ask for the code.
/// </summary>
internal sealed class PendingSignIn(IDataProtectionProvider protection, IClock clock)
{
    private const string Cookie = "orchestration.pending";
    private static readonly Duration Life = Duration.FromMinutes(10);
    private readonly IDataProtector _protector = protection.CreateProtector("pending-sign-in");

    /// <param name="Person">Who.</param>
    /// <param name="Stamp">Their stamp when the password was right.</param>
    /// <param name="To">Where they wanted to go.</param>
    /// <param name="Expires">Unix time in seconds.</param>
    public sealed record Ticket(Guid Person, Guid Stamp, string To, long Expires);

    public void Set(HttpContext context, Guid person, Guid stamp, string to)
    {
        var ticket = new Ticket(person, stamp, to, (clock.Now() + Life).ToUnixTimeSeconds());
        context.Response.Cookies.Append(Cookie, _protector.Protect(JsonSerializer.Serialize(ticket)), Options(context));
    }

    /// <summary>Whose password was right within the last minutes, or null.</summary>
    public Ticket? Read(HttpContext context)
    {
        if (context.Request.Cookies[Cookie] is not { } cookie)
            return null;
        try
        {
            var ticket = JsonSerializer.Deserialize<Ticket>(_protector.Unprotect(cookie))!;
            return ticket.Expires > clock.Now().ToUnixTimeSeconds() ? ticket : null;
        }
        catch (CryptographicException)
        {
            // Of another installation, or made up.
            return null;
        }
    }

    public static void Clear(HttpContext context) => context.Response.Cookies.Delete(Cookie, Options(context));

    private static CookieOptions Options(HttpContext context) =>
        new()
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Lax,
            Secure = context.Request.IsHttps,
            Path = "/sign-in",
            IsEssential = true,
        };
}
