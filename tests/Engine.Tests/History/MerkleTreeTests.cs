using System.Security.Cryptography;
using Orchestration.Proof;

namespace Orchestration.Engine.Tests.History;

public sealed class MerkleTreeTests
{
    private const int Most = 70;
    private static readonly byte[][] Leaves = [.. Enumerable.Range(0, Most).Select(i => SHA256.HashData([0, (byte)i]))];

    // The eight inputs of Certificate Transparency's reference tests, and the roots they give.
    private static readonly string[] Inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    [Theory]
    [InlineData(1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")]
    [InlineData(2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
    [InlineData(3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")]
    [InlineData(4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
    [InlineData(5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4")]
    [InlineData(6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef")]
    [InlineData(7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")]
    [InlineData(8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")]
    public void Roots_are_those_of_the_reference_tests(int size, string root)
    {
        var tree = new GrowingTree();
        foreach (var input in Inputs.Take(size))
            tree.Add(SHA256.HashData([0, .. Convert.FromHexString(input)]));

        Convert.ToHexStringLower(tree.Root()).ShouldBe(root);
    }

    [Fact]
    public void Each_leaf_is_proven_in_trees_of_all_sizes_and_in_no_other_place()
    {
        for (var size = 1; size <= Most; size++)
        {
            var root = Root(0, size);
            for (var leaf = 0; leaf < size; leaf++)
            {
                var proof = MerkleTree.Inclusion(leaf, size).Select(r => Root(r.From, r.Until)).ToList();
                MerkleTree.IsIncluded(Leaves[leaf], leaf, size, proof, root).ShouldBeTrue($"{leaf} of {size}");
                MerkleTree.IsIncluded(Leaves[leaf], leaf ^ 1, size, proof, root).ShouldBeFalse($"{leaf} of {size}");
                MerkleTree.IsIncluded(SHA256.HashData(Leaves[leaf]), leaf, size, proof, root).ShouldBeFalse();
                MerkleTree.IsIncluded(Leaves[leaf], leaf, size, [.. proof, Leaves[0]], root).ShouldBeFalse();
                if (proof.Count > 0)
                    MerkleTree.IsIncluded(Leaves[leaf], leaf, size, proof[1..], root).ShouldBeFalse();
            }
        }
    }

    [Fact]
    public void Growth_is_proven_between_trees_of_all_sizes_and_not_from_another_tree()
    {
        for (var size = 1; size <= Most; size++)
        {
            for (var old = 1; old <= size; old++)
            {
                var proof = MerkleTree.Consistency(old, size).Select(r => Root(r.From, r.Until)).ToList();
                if (old == size)
                    proof.ShouldBeEmpty();
                MerkleTree.IsGrowth(old, Root(0, old), size, Root(0, size), proof).ShouldBeTrue($"{old} to {size}");
                MerkleTree.IsGrowth(old, SHA256.HashData(Root(0, old)), size, Root(0, size), proof).ShouldBeFalse($"{old} to {size}");
                if (proof.Count > 0)
                    MerkleTree.IsGrowth(old, Root(0, old), size, Root(0, size), proof[1..]).ShouldBeFalse($"{old} to {size}");
            }
        }
    }

    [Fact]
    public void A_signed_head_is_read_back_and_counts_only_with_its_key_and_text()
    {
        var (key, other) = (SigningKey.Create("office"), SigningKey.Create("office"));
        var text = SignedHead.Sign(new("office", 7, Root(0, 7), 1_780_000_000_000_000), key).ToString();

        var head = SignedHead.Parse(text).ShouldNotBeNull();
        head.Head.Size.ShouldBe(7);
        head.Head.Root.ShouldBe(Root(0, 7));
        head.IsSignedBy([key.Public]).ShouldBeTrue();
        head.IsSignedBy([VerifierKey.Parse(key.Public.ToString())!]).ShouldBeTrue();
        head.IsSignedBy([other.Public]).ShouldBeFalse();
        SignedHead.Parse(text.Replace("\n7\n", "\n8\n", StringComparison.Ordinal))!.IsSignedBy([key.Public]).ShouldBeFalse();
        SignedHead.Parse(text.Replace("at 178", "at 179", StringComparison.Ordinal))!.IsSignedBy([key.Public]).ShouldBeFalse();
        foreach (var wrong in new[] { "", "office\n7\n", "office\n-7\nAA==\nat 1\n\n", text.Replace("— ", "- ", StringComparison.Ordinal) })
            SignedHead.Parse(wrong).ShouldBeNull();
        SigningKey.Parse(key.Secret())!.Public.ToString().ShouldBe(key.Public.ToString());
        VerifierKey.Parse(key.Public.ToString().Replace("office", "0ffice", StringComparison.Ordinal)).ShouldBeNull();
    }

    [Fact]
    public void Two_keys_sign_while_one_replaces_the_other()
    {
        var (old, key) = (SigningKey.Create("old"), SigningKey.Create("new"));

        var head = SignedHead.Parse(SignedHead.Sign(new("office", 1, Root(0, 1), 5), old, key).ToString())!;

        head.IsSignedBy([old.Public]).ShouldBeTrue();
        head.IsSignedBy([key.Public]).ShouldBeTrue();
    }

    /// <summary>By the definition of RFC 6962, which splits at the largest power of two.</summary>
    private static byte[] Root(long from, long until)
    {
        if (until - from == 1)
            return Leaves[from];
        var split = 1L;
        while (split * 2 < until - from)
            split *= 2;
        return SHA256.HashData([1, .. Root(from, from + split), .. Root(from + split, until)]);
    }
}
