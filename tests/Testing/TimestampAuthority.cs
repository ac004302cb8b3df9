using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tsp;
using Org.BouncyCastle.Utilities.Collections;

namespace Orchestration.Testing;

/// <summary>A timestamp authority (RFC 3161) in the process of a test, with a key and a certificate of its own.</summary>
public sealed class TimestampAuthority
{
    private readonly TimeStampTokenGenerator _tokens;
    private int _serial;

    public TimestampAuthority(string name = "authority")
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.8")], critical: true));
        Certificate = request.CreateSelfSigned(new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new(2120, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var certificate = DotNetUtilities.FromX509Certificate(Certificate);
        _tokens = new(DotNetUtilities.GetRsaKeyPair(key).Private, certificate, TspAlgorithms.Sha256, "1.3.6.1.4.1.55555.1");
        _tokens.SetCertificates(CollectionUtilities.CreateStore(new[] { certificate }));
    }

    /// <summary>Signs its timestamps.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The answer to a request.</summary>
    public byte[] Answer(byte[] request, DateTime at) =>
        new TimeStampResponseGenerator(_tokens, TspAlgorithms.Allowed)
            .Generate(new TimeStampRequest(request), Org.BouncyCastle.Math.BigInteger.ValueOf(++_serial), at)
            .GetEncoded();

    /// <summary>A token over some bytes.</summary>
    public byte[] Stamp(byte[] text, DateTime at)
    {
        var requests = new TimeStampRequestGenerator();
        requests.SetCertReq(true);
        var request = requests.Generate(TspAlgorithms.Sha256, SHA256.HashData(text)).GetEncoded();
        return new TimeStampResponse(Answer(request, at)).TimeStampToken.GetEncoded();
    }
}
