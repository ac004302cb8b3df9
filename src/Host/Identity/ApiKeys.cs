using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Orchestration.Host.Identity;

/// <summary>
/// Machines sign in with <c>Authorization: ApiKey …</c>. A key is configured as <c>ApiKeys:{name}:Sha256</c> (lower-case hexadecimal digits of the key's hash, so
/// that the configuration gives no key away) and <c>ApiKeys:{name}:Rights</c>.
/// </summary>
internal sealed class ApiKeys(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, IConfiguration configuration)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "ApiKey";
    public const string RightClaim = "right";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (!header.StartsWith("ApiKey ", StringComparison.OrdinalIgnoreCase))
            return Task.FromResult(AuthenticateResult.NoResult());

        var hash = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(header["ApiKey ".Length..].Trim()))));
        foreach (var key in configuration.GetSection("ApiKeys").GetChildren())
        {
            if (!CryptographicOperations.FixedTimeEquals(hash, Encoding.ASCII.GetBytes(key["Sha256"] ?? "")))
                continue;
            var identity = new ClaimsIdentity(Scheme.Name);
            identity.AddClaim(new(ClaimTypes.Name, "key:" + key.Key));
            identity.AddClaims(
                (key.GetSection("Rights").Get<string[]>() ?? []).Where(JourneyAccess.All.Contains).Select(right => new Claim(RightClaim, right))
            );
            return Task.FromResult(AuthenticateResult.Success(new(new(identity), Scheme.Name)));
        }

        return Task.FromResult(AuthenticateResult.Fail("The API key is unknown."));
    }
}
