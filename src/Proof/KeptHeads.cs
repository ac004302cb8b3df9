using System.Security.Cryptography.X509Certificates;

namespace Orchestration.Proof;

/// <summary>The signed heads of a folder, checked in themselves, while a tree grows past them.</summary>
internal sealed class KeptHeads
{
    private readonly SortedDictionary<long, List<(string Name, SignedHead Head)>> _left = [];
    private readonly Action<Finding> _add;

    /// <summary>Reads them: who signed them, whether time and size grow together, and their timestamps.</summary>
    public KeptHeads(KeptLog? kept, IReadOnlyList<VerifierKey> keys, X509Certificate2Collection? authorities, Action<Finding> add)
    {
        _add = add;
        foreach (var (name, text) in kept?.ReadHeads() ?? [])
        {
            Count++;
            if (SignedHead.Parse(text) is not { } head)
                add(new(FindingKind.Head, null, $"Tree head {name} can't be read."));
            else if (!head.IsSignedBy(keys))
                add(new(FindingKind.Head, null, $"None of the given keys signed tree head {name}."));
            else if (_left.TryGetValue(head.Head.Size, out var same))
                same.Add((name, head));
            else
                _left[head.Head.Size] = [(name, head)];
        }

        CheckOrder();
        if (kept is not null)
            CheckTimestamps(kept, authorities);
        if (_left.Remove(0, out var empty))
        {
            foreach (var (name, head) in empty.Where(h => !CaseProof.Same(h.Head.Head.Root, MerkleTree.EmptyRoot)))
                add(new(FindingKind.Rewritten, null, $"Tree head {name} of {head.Head.Origin} has no events and yet a root."));
        }
    }

    /// <summary>How many there are, with those that are wrong.</summary>
    public int Count { get; }

    /// <summary>How many timestamps there are.</summary>
    public int Timestamps { get; private set; }

    /// <summary>Heads that the tree hasn't reached.</summary>
    public IEnumerable<(string Name, SignedHead Head)> Left => _left.SelectMany(h => h.Value);

    /// <summary>Compares the heads of the tree's size with it. Call it after each leaf.</summary>
    public void Compare(GrowingTree tree)
    {
        if (!_left.Remove(tree.Size, out var due))
            return;
        var root = tree.Root();
        foreach (var (name, head) in due.Where(h => !CaseProof.Same(h.Head.Head.Root, root)))
            _add(new(FindingKind.Rewritten, null, $"Tree head {name} was signed over another history: something before position {head.Head.Size} differs."));
    }

    /// <summary>A log only grows, so a larger head is never earlier; and it has one origin.</summary>
    private void CheckOrder()
    {
        (string Name, SignedHead Head)? before = null;
        foreach (var next in Left)
        {
            if (before is { } last && next.Head.Head.Size > last.Head.Head.Size && next.Head.Head.At < last.Head.Head.At)
                _add(
                    new(
                        FindingKind.Head,
                        null,
                        $"Tree head {next.Name} is larger than {last.Name} and says an earlier time: a clock was set back, or one of them was forged."
                    )
                );
            if (before is { } other && next.Head.Head.Origin != other.Head.Head.Origin)
                _add(new(FindingKind.Head, null, $"Tree head {next.Name} is of the log {next.Head.Head.Origin}, and {other.Name} of another one."));
            before = next;
        }
    }

    private void CheckTimestamps(KeptLog kept, X509Certificate2Collection? authorities)
    {
        var texts = new Lazy<Dictionary<string, string>>(() => kept.ReadHeads().ToDictionary(h => h.Name, h => h.Text));
        foreach (var (name, of, bytes) in kept.ReadTimestamps())
        {
            Timestamps++;
            var wrong =
                HeadTimestamp.Parse(bytes) is not { } timestamp ? "can't be read."
                : !texts.Value.TryGetValue(of, out var text) ? "is of a tree head that is gone."
                : timestamp.Differs(text, authorities);
            if (wrong is not null)
                _add(new(FindingKind.Timestamp, null, $"Timestamp {name} {wrong}"));
        }
    }
}
