using System.Security.Cryptography.X509Certificates;

namespace Orchestration.Proof;

/// <summary>Checks a folder with heads, entries and timestamps in itself: no database is needed. Its memory doesn't grow with the number of entries.</summary>
public sealed class KeptCheck(KeptLog kept, IReadOnlyList<VerifierKey> keys)
{
    private readonly List<Finding> _findings = [];

    /// <summary>Certificates of timestamp authorities that count. Default: none are given, and any authority counts.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Entries of the log that were read.</summary>
    public long Entries { get; private set; }

    /// <summary>Heads that were read.</summary>
    public int Heads { get; private set; }

    /// <summary>Timestamps that were read.</summary>
    public int Timestamps { get; private set; }

    /// <summary>Runs the check. Returns what is wrong.</summary>
    public IReadOnlyList<Finding> Run()
    {
        var heads = new KeptHeads(kept, keys, Authorities, _findings.Add);
        (Heads, Timestamps) = (heads.Count, heads.Timestamps);
        var tree = new GrowingTree();
        foreach (var entry in kept.ReadEntries())
        {
            tree.Add(entry.Leaf);
            heads.Compare(tree);
        }

        Entries = tree.Size;

        // A bucket or mailbox has heads only.
        foreach (var (name, head) in Entries == 0 ? [] : heads.Left)
            _findings.Add(new(FindingKind.Missing, null, $"Tree head {name} covers {head.Head.Size} events; the folder has {Entries} entries."));
        if (Heads == 0)
            _findings.Add(new(FindingKind.Head, null, "The folder has no tree heads."));
        return _findings;
    }
}
