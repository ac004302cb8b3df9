using System.Numerics;
using System.Security.Cryptography;

namespace Orchestration.Proof;

/// <summary>Leaves of a tree from one position up to, but without, another.</summary>
public readonly record struct LeafRange(long From, long Until);

/// <summary>
/// The Merkle tree of RFC 6962 (section 2.1) over leaf hashes: roots, which subtrees a proof consists of, and checking proofs. It knows nothing of where
/// hashes are kept.
/// </summary>
public static class MerkleTree
{
    /// <summary>Root of a tree without leaves: the hash of nothing.</summary>
    public static readonly byte[] EmptyRoot = SHA256.HashData([]);

    /// <summary>Hash of an inner node.</summary>
    public static byte[] Node(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Span<byte> text = stackalloc byte[65];
        text[0] = 1;
        left.CopyTo(text[1..]);
        right.CopyTo(text[33..]);
        return SHA256.HashData(text);
    }

    /// <summary>Root of a range of leaves that is a subtree of some tree.</summary>
    /// <param name="range">The range: from a multiple of the largest power of two below its length.</param>
    /// <param name="node">Hash of a complete subtree: of 2^level leaves, from position index·2^level.</param>
    public static byte[] Root(LeafRange range, Func<int, long, byte[]> node)
    {
        var length = range.Until - range.From;
        if (length == 0)
            return EmptyRoot;
        if (BitOperations.IsPow2(length))
            return node(BitOperations.Log2((ulong)length), range.From / length);
        var middle = range.From + Split(length);
        return Node(Root(range with { Until = middle }, node), Root(range with { From = middle }, node));
    }

    /// <summary>The complete subtrees that <see cref="Root"/> asks for.</summary>
    public static IEnumerable<(int Level, long Index)> Nodes(LeafRange range)
    {
        for (var from = range.From; from < range.Until; )
        {
            var length = 1L << BitOperations.Log2((ulong)(range.Until - from));
            yield return (BitOperations.Log2((ulong)length), from / length);
            from += length;
        }
    }

    /// <summary>The subtrees whose roots prove that a leaf is in a tree, from the leaf upwards (PATH of RFC 6962).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tree has no such leaf.</exception>
    public static IReadOnlyList<LeafRange> Inclusion(long leaf, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(leaf);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(leaf, size);
        var path = new List<LeafRange>();
        for (var (from, until) = (0L, size); until - from > 1; )
        {
            var middle = from + Split(until - from);
            path.Add(leaf < middle ? new(middle, until) : new(from, middle));
            (from, until) = leaf < middle ? (from, middle) : (middle, until);
        }

        path.Reverse();
        return path;
    }

    /// <summary>The subtrees whose roots prove that a tree only grew (PROOF of RFC 6962).</summary>
    /// <param name="old">Its size before, above 0.</param>
    /// <param name="size">Its size now, at least <paramref name="old"/>.</param>
    public static IReadOnlyList<LeafRange> Consistency(long old, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(old);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(old, size);
        var proof = new List<LeafRange>();
        var (from, until, whole) = (0L, size, true);
        while (until != old)
        {
            var middle = from + Split(until - from);
            if (old <= middle)
            {
                proof.Add(new(middle, until));
                until = middle;
            }
            else
            {
                proof.Add(new(from, middle));
                (from, whole) = (middle, false);
            }
        }

        if (!whole)
            proof.Add(new(from, until));
        proof.Reverse();
        return proof;
    }

    /// <summary>Whether a leaf is in the tree of a size and root.</summary>
    public static bool IsIncluded(byte[] leaf, long index, long size, IReadOnlyList<byte[]> proof, byte[] root)
    {
        if (index < 0 || index >= size)
            return false;
        var (node, last, hash) = (index, size - 1, leaf);
        foreach (var sibling in proof)
        {
            if (last == 0)
                return false;
            if ((node & 1) == 1 || node == last)
            {
                hash = Node(sibling, hash);
                while ((node & 1) == 0 && node != 0)
                    (node, last) = (node >> 1, last >> 1);
            }
            else
            {
                hash = Node(hash, sibling);
            }

            (node, last) = (node >> 1, last >> 1);
        }

        return last == 0 && hash.AsSpan().SequenceEqual(root);
    }

    /// <summary>Whether the tree of a size and root begins with the tree of another size and root.</summary>
    public static bool IsGrowth(long old, byte[] oldRoot, long size, byte[] root, IReadOnlyList<byte[]> proof)
    {
        if (old < 0 || old > size)
            return false;
        if (old == size)
            return proof.Count == 0 && oldRoot.AsSpan().SequenceEqual(root);
        if (old == 0)
            return proof.Count == 0 && oldRoot.AsSpan().SequenceEqual(EmptyRoot);
        var path = BitOperations.IsPow2(old) ? [oldRoot, .. proof] : proof;
        if (path.Count == 0)
            return false;
        var (node, last) = (old - 1, size - 1);
        while ((node & 1) == 1)
            (node, last) = (node >> 1, last >> 1);
        var (before, after) = (path[0], path[0]);
        foreach (var sibling in path.Skip(1))
        {
            if (last == 0)
                return false;
            if ((node & 1) == 1 || node == last)
            {
                (before, after) = (Node(sibling, before), Node(sibling, after));
                while ((node & 1) == 0 && node != 0)
                    (node, last) = (node >> 1, last >> 1);
            }
            else
            {
                after = Node(after, sibling);
            }

            (node, last) = (node >> 1, last >> 1);
        }

        return last == 0 && before.AsSpan().SequenceEqual(oldRoot) && after.AsSpan().SequenceEqual(root);
    }

    /// <summary>The largest power of two below a length of at least 2.</summary>
    private static long Split(long length) => 1L << BitOperations.Log2((ulong)(length - 1));
}

/// <summary>Computes the root of leaves that come one after the other; keeps one hash a level.</summary>
public sealed class GrowingTree
{
    private readonly List<byte[]?> _complete = [];

    /// <summary>Number of leaves so far.</summary>
    public long Size { get; private set; }

    /// <summary>Adds a leaf's hash at the end.</summary>
    public void Add(byte[] leaf)
    {
        var hash = leaf;
        for (var level = 0; ; level++)
        {
            if (level == _complete.Count)
                _complete.Add(null);
            if (_complete[level] is not { } left)
            {
                _complete[level] = hash;
                break;
            }

            hash = MerkleTree.Node(left, hash);
            _complete[level] = null;
        }

        Size++;
    }

    /// <summary>Root of the leaves so far.</summary>
    public byte[] Root()
    {
        byte[]? hash = null;
        foreach (var left in _complete)
        {
            if (left is not null)
                hash = hash is null ? left : MerkleTree.Node(left, hash);
        }

        return hash ?? MerkleTree.EmptyRoot;
    }
}
