using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using Orchestration.Proof;

namespace Orchestration.Workflows.Retention;

/// <summary>Where a request stands.</summary>
public enum ErasureState
{
    /// <summary>A second person has to decide.</summary>
    Requested,

    /// <summary>Approved; it waits for cases to end or holds to be lifted.</summary>
    Waiting,

    /// <summary>Everything was erased.</summary>
    Done,

    /// <summary>It was refused or withdrawn.</summary>
    Refused,
}

/// <summary>A request to erase what we hold of a customer.</summary>
/// <param name="Id">Its id.</param>
/// <param name="CustomerId">The record. It is gone when the request is done.</param>
/// <param name="CustomerName">Their name; null: erased.</param>
/// <param name="CustomerNumber">Their number; null: erased.</param>
/// <param name="Reason">Why.</param>
/// <param name="RequestedBy">User name of who asked.</param>
/// <param name="RequestedAt">When.</param>
/// <param name="State">Where it stands.</param>
/// <param name="DecidedBy">User name of who decided.</param>
/// <param name="DecidedAt">When.</param>
/// <param name="Note">Why it was refused, or what it waits for.</param>
/// <param name="DoneAt">When everything was erased.</param>
/// <param name="Receipt">The proof of it.</param>
public sealed record ErasureRequest(
    Guid Id,
    Guid CustomerId,
    string? CustomerName,
    string? CustomerNumber,
    string Reason,
    string RequestedBy,
    Instant RequestedAt,
    [property: JsonConverter(typeof(JsonStringEnumConverter<ErasureState>))] ErasureState State,
    string? DecidedBy,
    Instant? DecidedAt,
    string? Note,
    Instant? DoneAt,
    SignedReceipt? Receipt
);

/// <summary>What was erased. It names no one but staff.</summary>
/// <param name="Request">The request.</param>
/// <param name="RequestedBy">User name of who asked.</param>
/// <param name="ApprovedBy">User name of who approved.</param>
/// <param name="ErasedAt">When, in ISO 8601.</param>
/// <param name="Cases">Cases.</param>
/// <param name="Places">Rows by place.</param>
/// <param name="Payloads">Payloads of history.</param>
/// <param name="Chains">What is left of each history: number of events and last leaf.</param>
/// <param name="TreeHead">The newest signed head before; null: none was signed yet.</param>
/// <param name="Backups">What is to be known about backups.</param>
public sealed record ErasureReceipt(
    Guid Request,
    string RequestedBy,
    string ApprovedBy,
    string ErasedAt,
    int Cases,
    IReadOnlyList<RemovedRows> Places,
    long Payloads,
    IReadOnlyList<RemovedChain> Chains,
    string? TreeHead,
    string Backups
);

/// <summary>A receipt as text, with its hash and the signature of the key that signs tree heads. The hash is in history too.</summary>
/// <param name="Text">The receipt, JSON.</param>
/// <param name="Hash">SHA-256 of the text, in hexadecimal digits.</param>
/// <param name="Key">Public key; null: no key signs.</param>
/// <param name="Signature">Ed25519 signature of the text, Base64; null: no key signs.</param>
public sealed record SignedReceipt(string Text, string Hash, string? Key, string? Signature)
{
    /// <summary>What it says.</summary>
    public ErasureReceipt Read() => JsonSerializer.Deserialize<ErasureReceipt>(Text, JsonSerializerOptions.Web)!;

    /// <summary>Whether the text is the one that was hashed, and one of the keys signed it.</summary>
    public bool IsSignedBy(IEnumerable<VerifierKey> keys) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text))) == Hash
        && Signature is { } signature
        && keys.Any(key => key.IsSignature(Encoding.UTF8.GetBytes(Text), Convert.FromBase64String(signature)));

    internal static SignedReceipt Of(ErasureReceipt receipt, SigningKey? key)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(receipt, JsonSerializerOptions.Web);
        return new(
            Encoding.UTF8.GetString(bytes),
            Convert.ToHexStringLower(SHA256.HashData(bytes)),
            key?.Public.ToString(),
            key is null ? null : Convert.ToBase64String(key.Sign(bytes))
        );
    }
}

/// <summary>How a step of an erasure went.</summary>
public abstract record ErasureResult
{
    private ErasureResult() { }

    /// <summary>It is in this state now.</summary>
    public sealed record Done(Guid Id, ErasureState State) : ErasureResult;

    /// <summary>Reasons by field.</summary>
    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : ErasureResult;

    /// <summary>It can't be done now; nothing was changed.</summary>
    public sealed record Refused(string Reason) : ErasureResult;

    /// <summary>It is for those who decide.</summary>
    public sealed record Forbidden : ErasureResult;

    /// <summary>There is no such request or customer.</summary>
    public sealed record NotFound : ErasureResult;
}
