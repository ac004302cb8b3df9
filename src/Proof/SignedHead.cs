using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Orchestration.Proof;

/// <summary>What a tree of history was at some time.</summary>
/// <param name="Origin">Name of the log.</param>
/// <param name="Size">Number of leaves.</param>
/// <param name="Root">Their root.</param>
/// <param name="At">When, in microseconds since the epoch.</param>
public sealed record TreeHead(string Origin, long Size, byte[] Root, long At);

/// <summary>
/// A tree head that one or more keys signed, as text: a checkpoint in a signed note (c2sp.org/tlog-checkpoint, c2sp.org/signed-note). Its extension line
/// says when it was made.
/// </summary>
public sealed class SignedHead
{
    private const string TimeLine = "at ";
    private readonly string _body;
    private readonly List<(string Name, byte[] Signature)> _signatures;

    private SignedHead(TreeHead head, string body, List<(string, byte[])> signatures) => (Head, _body, _signatures) = (head, body, signatures);

    /// <summary>What was signed.</summary>
    public TreeHead Head { get; }

    /// <summary>Signs a head. Two keys sign while one replaces the other.</summary>
    public static SignedHead Sign(TreeHead head, params ReadOnlySpan<SigningKey> keys)
    {
        var body = string.Create(CultureInfo.InvariantCulture, $"{head.Origin}\n{head.Size}\n{Convert.ToBase64String(head.Root)}\n{TimeLine}{head.At}\n");
        var signatures = new List<(string, byte[])>();
        foreach (var key in keys)
            signatures.Add((key.Public.Name, [.. key.Public.Id, .. key.Sign(Encoding.UTF8.GetBytes(body))]));
        return new(head, body, signatures);
    }

    /// <summary>Reads the text of a signed head. Null if it is none; whether a signature is right is another question.</summary>
    public static SignedHead? Parse(string text)
    {
        var end = text.IndexOf("\n\n", StringComparison.Ordinal);
        if (end < 0)
            return null;
        var body = text[..(end + 1)];
        if (
            body.Split('\n') is not [var origin, var sizeText, var rootText, var time, ""]
            || !long.TryParse(sizeText, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            || Base64(rootText) is not { Length: 32 } root
            || !time.StartsWith(TimeLine, StringComparison.Ordinal)
            || !long.TryParse(time[TimeLine.Length..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var at)
        )
            return null;
        var signatures = new List<(string, byte[])>();
        foreach (var line in text[(end + 2)..].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(' ') is not ["—", var name, var signature] || Base64(signature) is not { Length: > 4 } bytes)
                return null;
            signatures.Add((name, bytes));
        }

        return new(new(origin, size, root, at), body, signatures);
    }

    /// <summary>Whether one of the keys signed it.</summary>
    public bool IsSignedBy(IEnumerable<VerifierKey> keys)
    {
        var body = Encoding.UTF8.GetBytes(_body);
        return keys.Any(key =>
            _signatures.Any(s => s.Name == key.Name && s.Signature.AsSpan(0, 4).SequenceEqual(key.Id) && key.IsSignature(body, s.Signature.AsSpan(4)))
        );
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder(_body).Append('\n');
        foreach (var (name, signature) in _signatures)
            text.Append(CultureInfo.InvariantCulture, $"— {name} {Convert.ToBase64String(signature)}\n");
        return text.ToString();
    }

    private static byte[]? Base64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }
}

/// <summary>The public half of an Ed25519 key, written as <c>name+id+key</c> (c2sp.org/signed-note).</summary>
public sealed class VerifierKey
{
    private const byte Ed25519Kind = 1;
    private readonly byte[] _key;

    internal VerifierKey(string name, byte[] key)
    {
        (Name, _key) = (name, key);
        Id = SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', Ed25519Kind, .. key])[..4];
    }

    /// <summary>The key's name.</summary>
    public string Name { get; }

    /// <summary>Four bytes that tell keys of one name apart.</summary>
    public byte[] Id { get; }

    /// <summary>Reads the text of a key. Null if it is none.</summary>
    public static VerifierKey? Parse(string text)
    {
        var bytes = new byte[64];
        return
            text.Trim().Split('+', 3) is [{ Length: > 0 } name, var id, var encoded]
            && Convert.TryFromBase64String(encoded, bytes, out var length)
            && length == 33
            && bytes[0] == Ed25519Kind
            && new VerifierKey(name, bytes[1..33]) is var key
            && Convert.ToHexStringLower(key.Id) == id
            ? key
            : null;
    }

    /// <summary>Whether a signature of a text was made with this key.</summary>
    public bool IsSignature(byte[] text, ReadOnlySpan<byte> signature) =>
        signature.Length == Ed25519.SignatureSize && Ed25519.Verify(signature.ToArray(), 0, _key, 0, text, 0, text.Length);

    /// <inheritdoc/>
    public override string ToString() => $"{Name}+{Convert.ToHexStringLower(Id)}+{Convert.ToBase64String([Ed25519Kind, .. _key])}";
}

/// <summary>An Ed25519 key that signs tree heads. It belongs outside the database.</summary>
public sealed class SigningKey
{
    private const string Prefix = "PRIVATE+KEY+";
    private readonly byte[] _seed;

    private SigningKey(string name, byte[] seed)
    {
        _seed = seed;
        var key = new byte[Ed25519.PublicKeySize];
        Ed25519.GeneratePublicKey(seed, 0, key, 0);
        Public = new(name, key);
    }

    /// <summary>The half that checks signatures.</summary>
    public VerifierKey Public { get; }

    /// <summary>A new key.</summary>
    /// <param name="name">Its name, without <c>+</c> and spaces.</param>
    public static SigningKey Create(string name)
    {
        if (name.Length == 0 || name.Any(c => c == '+' || char.IsWhiteSpace(c)))
            throw new ArgumentException("A key's name has no spaces and no plus sign.", nameof(name));
        return new(name, RandomNumberGenerator.GetBytes(Ed25519.SecretKeySize));
    }

    /// <summary>Reads what <see cref="Secret"/> wrote. Null if it is no key.</summary>
    public static SigningKey? Parse(string text)
    {
        text = text.Trim();
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text[Prefix.Length..].Split('+', 3) is not [{ Length: > 0 } name, var id, var encoded])
            return null;
        var bytes = new byte[64];
        if (!Convert.TryFromBase64String(encoded, bytes, out var length) || length != 33 || bytes[0] != 1)
            return null;
        var key = new SigningKey(name, bytes[1..33]);
        return Convert.ToHexStringLower(key.Public.Id) == id ? key : null;
    }

    /// <summary>The whole key as text, for a file that only the host reads.</summary>
    public string Secret() => $"{Prefix}{Public.Name}+{Convert.ToHexStringLower(Public.Id)}+{Convert.ToBase64String([1, .. _seed])}";

    /// <summary>The signature of a text.</summary>
    public byte[] Sign(byte[] text)
    {
        var signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(_seed, 0, text, 0, text.Length, signature, 0);
        return signature;
    }
}
