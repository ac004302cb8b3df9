using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Orchestration.Proof;

/// <summary>A timestamp (RFC 3161) over the text of a signed tree head: someone else says that it existed by then.</summary>
public sealed class HeadTimestamp
{
    /// <summary>Purpose of certificates that sign timestamps.</summary>
    private const string TimeStamping = "1.3.6.1.5.5.7.3.8";

    /// <summary>How far the clocks of a host and an authority may be apart.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(10);

    private readonly Rfc3161TimestampToken _token;

    private HeadTimestamp(Rfc3161TimestampToken token) => _token = token;

    /// <summary>When it was given, by the authority's clock.</summary>
    public DateTimeOffset At => _token.TokenInfo.Timestamp;

    /// <summary>Reads a token as it was stored. Null if it is none.</summary>
    public static HeadTimestamp? Parse(byte[] bytes)
    {
        try
        {
            return Rfc3161TimestampToken.TryDecode(bytes, out var token, out var used) && used == bytes.Length ? new(token) : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>What is wrong with it, as the rest of a sentence; null: it is of this head.</summary>
    /// <param name="head">Text of the signed head.</param>
    /// <param name="authorities">Certificates of authorities that count, or of whoever certified them. Null: any counts.</param>
    public string? Differs(string head, X509Certificate2Collection? authorities)
    {
        var text = Encoding.UTF8.GetBytes(head);
        if (!IsOf(text))
            return "is of another tree head.";
        try
        {
            if (!_token.VerifySignatureForData(text, out var signer, authorities))
                return "has a wrong signature.";
            if (authorities is not null && !IsTrusted(signer, authorities))
                return "was signed by an authority that isn't one of those given.";
        }
        catch (CryptographicException)
        {
            return "has a signature that can't be checked.";
        }

        return SignedHead.Parse(head) is { } signed && At < DateTimeOffset.UnixEpoch.AddMicroseconds(signed.Head.At) - Tolerance
            ? "is older than the time its tree head says."
            : null;
    }

    private bool IsOf(byte[] text) =>
        _token.TokenInfo.HashAlgorithmId.Value switch
        {
            "2.16.840.1.101.3.4.2.1" => _token.TokenInfo.GetMessageHash().Span.SequenceEqual(SHA256.HashData(text)),
            "2.16.840.1.101.3.4.2.2" => _token.TokenInfo.GetMessageHash().Span.SequenceEqual(SHA384.HashData(text)),
            "2.16.840.1.101.3.4.2.3" => _token.TokenInfo.GetMessageHash().Span.SequenceEqual(SHA512.HashData(text)),
            _ => false,
        };

    private bool IsTrusted(X509Certificate2 signer, X509Certificate2Collection authorities)
    {
        if (authorities.Any(authority => authority.RawDataMemory.Span.SequenceEqual(signer.RawDataMemory.Span)))
            return true;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ExtraStore.AddRange(_token.AsSignedCms().Certificates);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = At.LocalDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new(TimeStamping));
        return chain.Build(signer);
    }
}
