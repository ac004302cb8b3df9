using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Orchestration.Host.Identity;

/// <summary>Machines sign in with <c>Authorization: ApiKey …</c> and a key of <see cref="AccessSettings"/>.</summary>
internal sealed class ApiKeys(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, AccessSettings settings)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "ApiKey";
    public const string RightClaim = "right";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (!header.StartsWith("ApiKey ", StringComparison.OrdinalIgnoreCase))
            return Task.FromResult(AuthenticateResult.NoResult());

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(header["ApiKey ".Length..].Trim()));
        if (settings.Keys.FirstOrDefault(key => CryptographicOperations.FixedTimeEquals(hash, key.Hash)) is { } key)
        {
            var identity = new ClaimsIdentity(Scheme.Name);
            identity.AddClaim(new(ClaimTypes.Name, "key:" + key.Name));
            identity.AddClaims(key.Rights.Select(right => new Claim(RightClaim, right)));
            return Task.FromResult(AuthenticateResult.Success(new(new(identity), Scheme.Name)));
        }

        return Task.FromResult(AuthenticateResult.Fail("The API key is not valid."));
    }
}
