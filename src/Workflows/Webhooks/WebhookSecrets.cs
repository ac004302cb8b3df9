using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using NodaTime;

namespace Orchestration.Workflows.Webhooks;

/// <summary>Secrets and signatures as Standard Webhooks (standardwebhooks.com) has them.</summary>
public sealed class WebhookSecrets(IDataProtectionProvider protection)
{
    private const string Prefix = "whsec_";

    private readonly IDataProtector _protector = protection.CreateProtector("webhooks");

    /// <summary>A new secret: 24 random bytes, like <c>whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw</c>.</summary>
    public static string Create() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(24));

    /// <summary>The header <c>webhook-signature</c>: <c>v1,</c> and the base64 of HMAC-SHA256 over <c>id.timestamp.body</c>, once for each secret.</summary>
    /// <param name="id">The header <c>webhook-id</c>.</param>
    /// <param name="at">The header <c>webhook-timestamp</c>, which has whole seconds.</param>
    /// <param name="body">Exactly as sent.</param>
    /// <param name="secrets">The one in force, and the one before while a receiver changes over.</param>
    public static string Sign(string id, Instant at, string body, params ReadOnlySpan<string> secrets)
    {
        var content = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{at.ToUnixTimeSeconds()}.{body}"));
        var signatures = new List<string>();
        foreach (var secret in secrets)
            signatures.Add("v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret[Prefix.Length..]), content)));
        return string.Join(' ', signatures);
    }

    internal string Protect(string secret) => _protector.Protect(secret);

    internal string Unprotect(string secret) => _protector.Unprotect(secret);
}
