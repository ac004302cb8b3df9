using System.Net.Mail;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orchestration.Host.Startup;
using Orchestration.Workflows.Audit;

namespace Orchestration.Host.Compliance;

/// <summary>Reads where tree heads are held besides the folder: <c>History:Places:NAME:*</c>.</summary>
internal static class HeadPlaceSettings
{
    private const string Root = "History:Places";

    private enum Kind
    {
        None,
        Webhook,
        Mail,
        S3,
        Timestamp,
    }

    public static IReadOnlyList<HeadPlace> Read(SettingsReader settings)
    {
        var places = new List<HeadPlace>();
        foreach (var name in settings.Names(Root))
        {
            var key = $"{Root}:{name}";
            if (ReadOne(settings, key) is not { } place)
                continue;
            if (places.Any(other => other.Name == place.Name))
                settings.Refuse(key, $"is the {place.Name}, like another place.");
            else
                places.Add(place);
        }

        return places;
    }

    private static HeadPlace? ReadOne(SettingsReader settings, string key)
    {
        switch (settings.Choice($"{key}:Kind", Kind.None))
        {
            case Kind.Webhook:
                return (Address(settings, key), Secret(settings, $"{key}:Secret")) is ({ } hook, { } secret) ? new HeadPlace.Webhook(hook, secret) : null;
            case Kind.Mail:
                if (settings.Text("Mail:Host") is null)
                    settings.Refuse($"{key}:Kind", "is Mail, which needs a mail server: set Mail:Host.");
                var to = Needed(settings, $"{key}:To");
                if (to is not null && !MailAddress.TryCreate(to, out _))
                    settings.Refuse($"{key}:To", $"is “{to}”; it must be an email address.");
                return to is null ? null : new HeadPlace.Mail(to);
            case Kind.S3:
                return
                    (Address(settings, key), Needed(settings, $"{key}:Bucket"), Needed(settings, $"{key}:AccessKey"), Needed(settings, $"{key}:SecretKey"))
                        is ({ } store, { } bucket, { } accessKey, { } secretKey)
                    ? new HeadPlace.ObjectStore(
                        store,
                        bucket,
                        settings.Text($"{key}:Prefix") ?? "",
                        settings.Text($"{key}:Region") ?? "us-east-1",
                        accessKey,
                        secretKey
                    )
                    : null;
            case Kind.Timestamp:
                var trusted = Certificates(settings, $"{key}:CertificateFile");
                return Address(settings, key) is { } authority ? new HeadPlace.Authority(authority, trusted) : null;
            default:
                if (settings.Text($"{key}:Kind") is null or "None")
                    settings.Refuse($"{key}:Kind", "must be Webhook, Mail, S3 or Timestamp.");
                return null;
        }
    }

    private static Uri? Address(SettingsReader settings, string key)
    {
        if (settings.Text($"{key}:Url") is null)
            settings.Refuse($"{key}:Url", "is required.");
        return settings.Address($"{key}:Url");
    }

    private static string? Needed(SettingsReader settings, string key)
    {
        if (settings.Text(key) is { } text)
            return text;
        settings.Refuse(key, "is required.");
        return null;
    }

    private static string? Secret(SettingsReader settings, string key)
    {
        const string Prefix = "whsec_";
        if (Needed(settings, key) is not { } secret)
            return null;
        if (
            secret.StartsWith(Prefix, StringComparison.Ordinal)
            && Convert.TryFromBase64String(secret[Prefix.Length..], new byte[secret.Length], out var length)
            && length >= 16
        )
            return secret;
        settings.Refuse(key, "must be whsec_ and the base64 of at least 16 bytes.");
        return null;
    }

    private static X509Certificate2Collection? Certificates(SettingsReader settings, string key)
    {
        if (settings.Text(key) is not { } file)
            return null;
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPemFile(file);
            if (certificates.Count > 0)
                return certificates;
            settings.Refuse(key, $"names {file}, which has no certificate in PEM format.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            settings.Refuse(key, $"names {file}, which can't be read: {e.Message}");
        }

        return null;
    }
}
