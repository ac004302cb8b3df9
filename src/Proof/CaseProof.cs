using System.Text;
using System.Text.Json.Serialization;

namespace Orchestration.Proof;

/// <summary>One event of an exported chain, with everything its hashes cover.</summary>
/// <param name="Payload">Its payload as it was stored, to the letter. Null: it has none, it was erased, or the reader may not see it.</param>
/// <param name="Position">Where it is in the log; null: it is newer than the tree head.</param>
/// <param name="Proof">Siblings on the way to the root, base64.</param>
public sealed record ProvenEvent(
    int Sequence,
    long At,
    string Actor,
    string Action,
    string Entity,
    string EntityId,
    long Revision,
    string? ActivityId,
    string? NodeId,
    string? ActivityType,
    byte[]? Commitment,
    byte[]? Salt,
    string? Payload,
    byte[] Leaf,
    long? Position,
    IReadOnlyList<byte[]> Proof
);

/// <summary>The history of one case (or other thing), with what proves it.</summary>
/// <param name="Chain">The chain's id.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Head">Text of the signed tree head; null when there was none yet.</param>
/// <param name="Events">Its events, in order.</param>
public sealed record CaseProof(Guid Chain, string Name, string? Head, IReadOnlyList<ProvenEvent> Events)
{
    /// <summary>Microseconds in a day: no transaction takes longer, so each event of before is in the log.</summary>
    private const long LongestUnproven = 86_400_000_000;

    /// <summary>Checks everything that can be checked without the database. Returns what is wrong; nothing: all is proven.</summary>
    /// <param name="keys">Keys whose signature counts.</param>
    public IReadOnlyList<Finding> Check(IReadOnlyList<VerifierKey> keys)
    {
        var findings = new List<Finding>();
        var head = Head is null ? null : SignedHead.Parse(Head);
        if (head is null)
            findings.Add(new(FindingKind.Head, null, Head is null ? "The export has no signed tree head." : "The tree head can't be read."));
        else if (!head.IsSignedBy(keys))
            findings.Add(new(FindingKind.Head, null, "None of the given keys signed the tree head."));
        var previous = EventHash.Genesis;
        var expected = 1;
        var lastProven = Events.LastOrDefault(e => e.Position is not null)?.Sequence ?? 0;
        foreach (var e in Events)
        {
            var row = new EventPlace(Chain, e.Sequence, Name);
            if (head is not null && e.Position is null && (e.Sequence < lastProven || e.At < head.Head.At - LongestUnproven))
                findings.Add(new(FindingKind.NotInLog, row, "The event is older than the tree head, which doesn't cover it."));
            if (e.Sequence != expected)
                findings.Add(new(FindingKind.Missing, row, $"Event {expected} is missing; event {e.Sequence} follows."));
            if (e.Payload is not null && (e.Salt is null || !Same(EventHash.Commit(e.Salt, Encoding.UTF8.GetBytes(e.Payload)), e.Commitment)))
                findings.Add(new(FindingKind.Payload, row, "The payload isn't the one that was recorded."));
            var header = new EventHeader(Chain, e.Sequence, e.At, e.Actor, e.Action, e.Entity, e.EntityId, e.Revision, e.ActivityId, e.NodeId, e.ActivityType);
            if (!Same(EventHash.Leaf(header, previous, e.Commitment), e.Leaf))
                findings.Add(new(FindingKind.Changed, row, "The event was changed, or the one before it."));
            if (head is not null && e.Position is { } position && !MerkleTree.IsIncluded(e.Leaf, position, head.Head.Size, e.Proof, head.Head.Root))
                findings.Add(new(FindingKind.NotInLog, row, $"The tree head doesn't cover the event at position {position}."));
            (previous, expected) = (e.Leaf, e.Sequence + 1);
        }

        return findings;
    }

    /// <summary>Events that are newer than the tree head.</summary>
    [JsonIgnore]
    public int NotYetProven => Events.Count(e => e.Position is null);

    internal static bool Same(byte[] one, byte[]? other) => other is not null && one.AsSpan().SequenceEqual(other);
}

/// <summary>Two tree heads and the proof that the log of the first is the beginning of the log of the second.</summary>
/// <param name="Old">Text of the older signed head.</param>
/// <param name="New">Text of the newer one.</param>
/// <param name="Proof">Hashes of subtrees.</param>
public sealed record GrowthProof(string Old, string New, IReadOnlyList<byte[]> Proof)
{
    /// <summary>Checks signatures and growth. Returns what is wrong.</summary>
    public IReadOnlyList<Finding> Check(IReadOnlyList<VerifierKey> keys)
    {
        var findings = new List<Finding>();
        if (SignedHead.Parse(Old) is not { } old || SignedHead.Parse(New) is not { } latest)
            return [new(FindingKind.Head, null, "A tree head can't be read.")];
        foreach (var (head, which) in new[] { (old, "older"), (latest, "newer") })
        {
            if (!head.IsSignedBy(keys))
                findings.Add(new(FindingKind.Head, null, $"None of the given keys signed the {which} tree head."));
        }

        if (old.Head.Origin != latest.Head.Origin)
            findings.Add(new(FindingKind.Head, null, "The two tree heads belong to different logs."));
        if (!MerkleTree.IsGrowth(old.Head.Size, old.Head.Root, latest.Head.Size, latest.Head.Root, Proof))
            findings.Add(new(FindingKind.Rewritten, null, $"History up to position {old.Head.Size} isn't the same in both."));
        return findings;
    }
}

/// <summary>What kind of difference was found.</summary>
public enum FindingKind
{
    /// <summary>A tree head is missing, unreadable, or not signed by a known key.</summary>
    Head,

    /// <summary>A timestamp is of another tree head, or no authority that counts gave it.</summary>
    Timestamp,

    /// <summary>An event differs from its hash.</summary>
    Changed,

    /// <summary>A payload differs from its commitment, or is gone without a recorded erasure.</summary>
    Payload,

    /// <summary>An event is gone.</summary>
    Missing,

    /// <summary>An event is there that the log doesn't have.</summary>
    NotInLog,

    /// <summary>A chain was made anew: it is sound in itself, and differs from the log.</summary>
    Rewritten,

    /// <summary>The database is older than a tree head that is kept outside.</summary>
    Older,

    /// <summary>The log's own rows are damaged.</summary>
    Log,
}

/// <summary>Where an event is.</summary>
/// <param name="Chain">Its chain.</param>
/// <param name="Sequence">Its place in it; 0: the chain as a whole.</param>
/// <param name="Name">What people call the chain, e.g. the case's reference.</param>
public sealed record EventPlace(Guid Chain, int Sequence, string? Name);

/// <summary>Something that isn't as it should be.</summary>
/// <param name="Kind">Of what kind.</param>
/// <param name="Place">Which row; null: no single one.</param>
/// <param name="Text">In words.</param>
public sealed record Finding(FindingKind Kind, EventPlace? Place, string Text)
{
    /// <inheritdoc/>
    public override string ToString() =>
        Place is null ? $"{Kind}: {Text}"
        : Place.Sequence == 0 ? $"{Kind}: {Place.Name ?? "chain"} ({Place.Chain:N}): {Text}"
        : $"{Kind}: {Place.Name ?? "chain"} ({Place.Chain:N}), event {Place.Sequence}: {Text}";
}
