using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Proof;

namespace Orchestration.Engine.Tests.History;

public sealed class HistoryLogTests
{
    [Fact]
    public async Task Every_event_gets_one_place_in_any_number_of_steps()
    {
        await using var office = await Office.CreateAsync();
        await office.WriteAsync("a", 1, 200);
        (await office.AppendAsync()).ShouldBe(200);
        (await office.Log.AppendAsync()).ShouldBe(0);
        await office.WriteAsync("b", 1, 100);
        await office.WriteAsync("a", 201, 5);
        (await office.AppendAsync()).ShouldBe(105);

        var entries = await office.Log.EntriesAsync(0, 305);
        entries.Select(e => (e.Chain, e.Sequence)).Distinct().Count().ShouldBe(305);
        var (size, root) = await office.Log.TreeAsync();
        size.ShouldBe(305);
        var tree = new GrowingTree();
        foreach (var entry in entries)
            tree.Add(entry.Leaf);
        root.ShouldBe(tree.Root());
    }

    [Fact]
    public async Task What_commits_late_is_not_missed_and_two_hosts_append_once()
    {
        await using var office = await Office.CreateAsync();
        await using var late = await office.Source.OpenConnectionAsync();
        await using var transaction = await late.BeginTransactionAsync();
        var history = await NamedChain.LockAsync(late, "late", "alice", NodaTime.Instant.FromUtc(2026, 6, 1, 8, 0));
        history.Add(new("task.claimed", "task", "t", 1, null));
        await using var batch = late.CreateBatch();
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync();
        await office.WriteAsync("a", 1, 20);

        // The older transaction is still open: nothing after it has a place yet.
        (await office.Log.AppendAsync()).ShouldBe(0);
        await transaction.CommitAsync();
        var appended = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => office.AppendAsync()));

        appended.Sum().ShouldBe(21);
        (await office.Log.TreeAsync()).Size.ShouldBe(21);
    }

    [Fact]
    public async Task An_exported_chain_is_proven_and_a_change_of_the_export_is_found()
    {
        await using var office = await Office.CreateAsync();
        await office.WriteAsync("a", 1, 300);
        await office.WriteAsync("b", 1, 7);
        var head = await office.SignAsync();
        await office.WriteAsync("b", 8, 1);

        var export = await HistoryExport.ReadAsync(office.Source, Ids.Named("b"), "b", head, _ => true);

        export.Events.Count.ShouldBe(8);
        export.NotYetProven.ShouldBe(1);
        export.Check([office.Key.Public]).ShouldBeEmpty();
        export.Check([SigningKey.Create("other").Public]).ShouldHaveSingleItem().Kind.ShouldBe(FindingKind.Head);
        var forged = export with { Events = [.. export.Events.Select(e => e.Sequence == 3 ? e with { Actor = "bob" } : e)] };
        forged.Check([office.Key.Public]).ShouldHaveSingleItem().Place!.Sequence.ShouldBe(3);
        var cut = export with { Events = [.. export.Events.Where(e => e.Sequence != 4)] };
        cut.Check([office.Key.Public]).ShouldContain(f => f.Kind == FindingKind.Missing && f.Place!.Sequence == 5);
    }

    [Fact]
    public async Task Growth_between_two_heads_is_proven()
    {
        await using var office = await Office.CreateAsync();
        await office.WriteAsync("a", 1, 270);
        var old = await office.SignAsync();
        await office.WriteAsync("a", 271, 300);
        var head = await office.SignAsync();

        var proof = new GrowthProof(old.ToString(), head.ToString(), await office.Log.ProveGrowthAsync(270, 570));

        proof.Check([office.Key.Public]).ShouldBeEmpty();
        (proof with { Proof = proof.Proof.Reverse().ToList() }).Check([office.Key.Public]).ShouldHaveSingleItem().Kind.ShouldBe(FindingKind.Rewritten);
    }

    [Fact]
    public async Task A_copy_in_another_server_goes_on_where_the_log_was()
    {
        await using var office = await Office.CreateAsync();
        await office.WriteAsync("a", 1, 10);
        await office.SignAsync();
        await office.TamperAsync("update event set xact = xact + 1000000000; update log_state set horizon = horizon + 1000000000");
        await office.WriteAsync("a", 11, 5);

        (await office.AppendAsync()).ShouldBe(5);

        (await office.Log.AppendAsync()).ShouldBe(0);
        (await office.CheckAsync()).Findings.ShouldBeEmpty();
    }
}
