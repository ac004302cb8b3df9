using System.Security.Cryptography.X509Certificates;

namespace Orchestration.Workflows.Audit;

/// <summary>Where signed tree heads are held outside the database.</summary>
/// <param name="Name">What people call it; no two places have the same.</param>
public abstract record HeadPlace(string Name)
{
    /// <summary>A folder, which also has the log's entries.</summary>
    public sealed record Folder(string Path) : HeadPlace($"folder {Path}");

    /// <summary>A receiver outside, told as by any webhook (standardwebhooks.com).</summary>
    /// <param name="Secret">Signs the message: <c>whsec_</c> and base64.</param>
    public sealed record Webhook(Uri Url, string Secret) : HeadPlace($"webhook {Url.GetLeftPart(UriPartial.Path)}");

    /// <summary>A mailbox.</summary>
    public sealed record Mail(string Address) : HeadPlace($"email to {Address}");

    /// <summary>A bucket of an object store that speaks S3.</summary>
    /// <param name="Url">Address of the store.</param>
    /// <param name="Bucket">Its bucket.</param>
    /// <param name="Prefix">What names of objects begin with, such as <c>office/</c>.</param>
    /// <param name="Region">Region that requests are signed for.</param>
    public sealed record ObjectStore(Uri Url, string Bucket, string Prefix, string Region, string AccessKey, string SecretKey)
        : HeadPlace($"S3 bucket {Bucket} at {Url.Authority}");

    /// <summary>A timestamp authority (RFC 3161). It sees a hash; what it answers is held in the database, and in the folder if there is one.</summary>
    /// <param name="Url">Its address.</param>
    /// <param name="Trusted">Certificates of which one must have signed, or certified, its answers. Null: any.</param>
    public sealed record Authority(Uri Url, X509Certificate2Collection? Trusted) : HeadPlace($"timestamp authority {Url.Authority}");
}
