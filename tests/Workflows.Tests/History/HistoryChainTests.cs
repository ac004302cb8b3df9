using Dapper;
using Orchestration.Engine.Storage;
using Orchestration.Proof;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.History;

public sealed class HistoryChainTests
{
    private const string Step = """
        "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Check the cover" } },
          "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-adjusting" } }
        """;

    [Fact]
    public async Task A_case_s_chain_can_be_recomputed_from_its_rows()
    {
        await using var world = await World.CreateAsync();
        var (id, head) = await RunAsync(world);

        var leaves = await RecomputeAsync(world, id);

        leaves.Count.ShouldBeGreaterThan(8);
        leaves.ShouldAllBe(leaf => leaf.Stored.SequenceEqual(leaf.Computed));
        leaves[^1].Stored.ShouldBe(head);
    }

    [Fact]
    public async Task Erasing_a_payload_leaves_the_chain_whole()
    {
        await using var world = await World.CreateAsync();
        var (id, _) = await RunAsync(world);

        await using (var erase = world.Database.Query("select erase_history($1, null, $2, 'Ädmin', 'asked for it')", id, world.Clock.Now()))
            ((int)(await erase.ExecuteScalarAsync())!).ShouldBeGreaterThan(5);

        var leaves = await RecomputeAsync(world, id);
        leaves.ShouldAllBe(leaf => leaf.Stored.SequenceEqual(leaf.Computed));
        leaves[^1].Stored.ShouldBe(await world.ScalarAsync<byte[]>("select event_head from workflow_instance where id = @id", new { id }));
    }

    [Fact]
    public async Task A_row_that_was_altered_breaks_the_chain_from_there_on()
    {
        await using var world = await World.CreateAsync();
        var (id, _) = await RunAsync(world);
        await world.ScalarAsync<int>(
            "alter table event disable trigger event_erasure; update event set actor = 'somebody' where chain_id = @id and sequence = 3",
            new { id }
        );

        var leaves = await RecomputeAsync(world, id);

        leaves.Take(2).ShouldAllBe(leaf => leaf.Stored.SequenceEqual(leaf.Computed));
        leaves[2].Computed.ShouldNotBe(leaves[2].Stored);
    }

    [Fact]
    public async Task A_payload_answers_for_its_commitment()
    {
        await using var world = await World.CreateAsync();
        var (id, _) = await RunAsync(world);
        await using var connection = await world.Database.OpenConnectionAsync();
        var rows = await connection.QueryAsync<(byte[] Commitment, byte[] Salt, string Payload)>(
            "select commitment, salt, payload::text from event where chain_id = @id and payload is not null",
            new { id }
        );
        rows.ShouldAllBe(r => EventHash.Commit(r.Salt, System.Text.Encoding.UTF8.GetBytes(r.Payload)).SequenceEqual(r.Commitment));
    }

    private static async Task<(Guid Id, byte[] Head)> RunAsync(World world)
    {
        await world.PublishAsync("one", ("a", Step));
        var id = await world.StartAsync("one");
        var task = await world.OpenTaskAsync(id);
        var adjuster = await world.PersonAsync("adjuster1");
        await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, 1, "claim"), adjuster));
        await world.DoneAsync(CompleteTask.RunAsync(world.Tasks, new(task.Id, 2, "complete"), null, [], adjuster));
        return (id, await world.ScalarAsync<byte[]>("select event_head from workflow_instance where id = @id", new { id }));
    }

    /// <summary>What an auditor would do: only rows in, leaves out.</summary>
    private static async Task<IReadOnlyList<(byte[] Stored, byte[] Computed)>> RecomputeAsync(World world, Guid chain)
    {
        await using var query = world.Database.Query(
            """
            select sequence, at, actor, action, entity, entity_id, revision, activity_id, node_id, activity_type, commitment, leaf from event
                where chain_id = $1 order by sequence
            """,
            chain
        );
        await using var r = await query.ExecuteReaderAsync();
        var leaves = new List<(byte[], byte[])>();
        var previous = EventHash.Genesis;
        while (await r.ReadAsync())
        {
            var e = new EventHeader(
                chain,
                r.GetInt32(0),
                r.Instant(1).ToUnixTimeTicks() / 10,
                r.GetString(2),
                r.GetString(3),
                r.GetString(4),
                r.GetString(5),
                r.GetInt64(6),
                r.Text(7),
                r.Text(8),
                r.Text(9)
            );
            var computed = EventHash.Leaf(e, previous, r.IsDBNull(10) ? null : r.GetFieldValue<byte[]>(10));
            leaves.Add((r.GetFieldValue<byte[]>(11), computed));
            previous = computed;
        }

        return leaves;
    }
}
