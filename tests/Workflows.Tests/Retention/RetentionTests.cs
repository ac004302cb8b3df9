using System.Text.Json;
using Dapper;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Retention;

namespace Orchestration.Workflows.Tests.Retention;

public sealed class RetentionTests
{
    [Fact]
    public async Task A_case_goes_when_its_time_is_over_and_leaves_a_history_that_is_still_proven()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var world = office.World;
        var (id, running) = (await office.ClosedAsync("REF-1"), await office.StartAsync("REF-2"));
        var events = await world.ScalarAsync<long>("select count(*) from event where chain_id = @id", new { id });
        (await office.ProveAsync()).Findings.ShouldBeEmpty();
        (await office.Retention.RunAsync()).ShouldBe(0);
        world.Clock.Advance(Duration.FromDays(30));
        (await office.Retention.RunAsync()).ShouldBe(0);
        (await RetentionQueries.ReadAsync(world.Database, null, 10, world.Clock.Now()))
            .Next.ShouldHaveSingleItem()
            .ShouldSatisfyAllConditions(
                next => next.Reference.ShouldBe("REF-1"),
                next => next.RemoveAt.ShouldBe(Instant.FromUtc(2026, 7, 2, 0, 0)),
                next => next.Rule.ShouldBe("walk")
            );
        world.Clock.Advance(Duration.FromDays(2));
        (await office.Retention.RunAsync()).ShouldBe(1);

        (await office.ExistsAsync(id)).ShouldBeFalse();
        (await office.ExistsAsync(running)).ShouldBeTrue();
        (await world.ScalarAsync<long>("select count(*) from event where chain_id = @id", new { id })).ShouldBe(events + 1);
        (await world.ScalarAsync<long>("select count(*) from event where chain_id = @id and payload is not null", new { id })).ShouldBe(
            1,
            "the note of the erasure"
        );
        var note = await world.ScalarAsync<string>("select payload from event where chain_id = @id and payload is not null", new { id });
        note.ShouldContain("Retention walk (version 1): closed 2026-06-01, kept until 2026-07-02. A month is enough");
        var proof = (await RetentionQueries.ReadAsync(world.Database, null, 10, world.Clock.Now())).Past.ShouldHaveSingleItem().Proof;
        (proof.Cases, proof.PolicyVersion, proof.Held, proof.Running).ShouldBe((1, 1, 0, 0));
        proof.TreeHead.ShouldNotBeNull();
        proof.Places.ShouldContain(rows => rows.Table == "task" && rows.Rows == 1);
        var chain = proof.Chains.ShouldHaveSingleItem();
        chain.Chain.ShouldBe(id);
        chain.Leaf.ShouldBe(
            Convert.ToHexStringLower(await world.ScalarAsync<byte[]>("select leaf from event where chain_id = @id order by sequence desc limit 1", new { id }))
        );
        var check = await office.ProveAsync();
        check.Findings.ShouldBeEmpty();
        check.Events.ShouldBe(check.Entries);
    }

    [Fact]
    public async Task Held_cases_and_those_with_a_running_letter_stay_and_are_counted()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var world = office.World;
        var (held, open, gone) = (await office.ClosedAsync("REF-1"), await office.ClosedAsync("REF-2"), await office.ClosedAsync("REF-3"));
        await LegalHolds.PlaceAsync(world.Runtime, new(CaseId: held), "Litigation", null, await world.PersonAsync("compliance"));
        await using (var letter = new NpgsqlConnection(world.OwnerConnectionString))
        {
            await letter.ExecuteAsync(
                """
                insert into workflow_instance (id, definition_id, definition_version_id, definition_version, correlation_id, status, sub_status, state,
                    event_sequence, event_head, created_at, updated_at)
                select gen_random_uuid(), definition_id, definition_version_id, definition_version, correlation_id, 'Running', 'Suspended', state, 0, '', now(),
                    now() from workflow_instance where id = @open
                """,
                new { open }
            );
        }

        world.Clock.Advance(Duration.FromDays(40));
        (await office.Retention.RunAsync()).ShouldBe(1);
        (await office.ExistsAsync(held)).ShouldBeTrue();
        (await office.ExistsAsync(open)).ShouldBeTrue();
        (await office.ExistsAsync(gone)).ShouldBeFalse();
        var status = await RetentionQueries.ReadAsync(world.Database, null, 10, world.Clock.Now());
        (status.Past[0].Proof.Held, status.Past[0].Proof.Running).ShouldBe((1, 1));
        status.Next.Single(next => next.Held).Id.ShouldBe(held);
    }

    [Fact]
    public async Task A_changed_policy_schedules_anew_and_removes_nothing_for_a_day()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var world = office.World;
        await office.ClosedAsync("REF-1");
        world.Clock.Advance(Duration.FromDays(5));
        var sooner = PolicyTests.Document("""{ "key": "walk", "journey": "*", "from": "closed", "months": 0, "why": "At once" }""");
        (await office.SaveAsync(0, sooner)).ShouldBeOfType<ProposalResult.Stale>().Version.ShouldBe(1);
        (await office.SaveAsync(1, sooner)).ShouldBeOfType<ProposalResult.Saved>().Version.ShouldBe(2);
        (await office.Retention.RunAsync()).ShouldBe(0);
        (await RetentionQueries.ReadAsync(world.Database, null, 10, world.Clock.Now())).Rules.ShouldHaveSingleItem().Due.ShouldBe(1);
        world.Clock.Advance(Duration.FromDays(1));
        (await office.Retention.RunAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task Batches_follow_each_other_until_nothing_is_due()
    {
        await using var office = await RetentionWorld.CreateAsync();
        for (var i = 0; i < 7; i++)
            await office.ClosedAsync($"REF-{i}", $"C-{i}");
        await LegalHolds.PlaceAsync(office.World.Runtime, new(Words: "REF-3"), "Audit", null, await office.World.PersonAsync("compliance"));
        office.World.Clock.Advance(Duration.FromDays(40));
        var policy = await office.PolicyAsync();
        (await office.Retention.ScheduleAsync(policy)).ShouldBe(7);
        (await office.Retention.ScheduleAsync(policy)).ShouldBe(0);
        var (total, place) = (0, new KeepRetention.Place(Instant.MinValue, Guid.Empty));
        while (place is not null)
        {
            (var count, place) = await office.Retention.RemoveAsync(policy, place, 2, null, CancellationToken.None);
            total += count;
        }

        total.ShouldBe(6);
        var payloads = await ProofsAsync(office);
        payloads.Sum(p => p.Cases).ShouldBe(6);
        payloads.Sum(p => p.Held).ShouldBe(1);
    }

    private static async Task<List<RetentionProof>> ProofsAsync(RetentionWorld office)
    {
        await using var connection = await office.World.Database.OpenConnectionAsync();
        var texts = await connection.QueryAsync<string>("select payload from event where chain_id = @chain", new { chain = Ids.Named(KeepRetention.Chain) });
        return [.. texts.Select(text => JsonSerializer.Deserialize<RetentionProof>(text, JsonSerializerOptions.Web)!)];
    }
}
