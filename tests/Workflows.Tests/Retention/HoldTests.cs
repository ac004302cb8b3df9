using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Retention;

namespace Orchestration.Workflows.Tests.Retention;

public sealed class HoldTests
{
    [Fact]
    public async Task A_hold_takes_in_what_fits_everything_it_names()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var world = office.World;
        var me = await world.PersonAsync("compliance");
        var (one, two) = (await office.StartAsync("REF-1"), await office.StartAsync("REF-2", "C-2", "Otto Fischer"));
        world.Clock.Advance(Duration.FromDays(2));
        var three = await office.StartAsync("REF-3", "C-2", "Otto Fischer");
        var customer = (await CustomerQueries.OfNumberAsync(world.Database, "C-2", me, world.Clock.Now()))!.Id;

        await ShouldHoldAsync(new(CaseId: one), one);
        await ShouldHoldAsync(new(CustomerId: customer), two, three);
        await ShouldHoldAsync(new(Journey: "walk", StartedFrom: new(2026, 6, 2)), three);
        await ShouldHoldAsync(new(Words: "FISCH", StartedUntil: new(2026, 6, 1)), two);
        await ShouldHoldAsync(new(Words: "100%"));

        async Task ShouldHoldAsync(HoldScope scope, params Guid[] cases)
        {
            var id = (await LegalHolds.PlaceAsync(world.Runtime, scope, "Litigation 17", null, me)).ShouldBeOfType<HoldResult.Done>().Id;
            (await LegalHolds.CasesAsync(world.Database, id, 10)).Select(c => c.Id).Order().ShouldBe(cases.Order());
            foreach (var held in cases)
                (await LegalHolds.OfCaseAsync(world.Database, held, world.Clock.Now())).ShouldContain(hold => hold.Id == id && hold.Scope == scope);
        }
    }

    [Fact]
    public async Task A_hold_ends_on_its_day_or_when_someone_lifts_it_with_a_reason()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var world = office.World;
        var me = await world.PersonAsync("compliance");
        var id = await office.StartAsync("REF-1");
        await LegalHolds.PlaceAsync(world.Runtime, new(CaseId: id), "Audit", new(2026, 6, 3), me);
        var hold = (await LegalHolds.PlaceAsync(world.Runtime, new(Journey: "walk"), "Litigation", null, me)).ShouldBeOfType<HoldResult.Done>().Id;
        (await CountAsync()).ShouldBe(2);
        world.Clock.Advance(Duration.FromDays(3));
        (await CountAsync()).ShouldBe(1);
        (await LegalHolds.LiftAsync(world.Runtime, hold, " ", me)).ShouldBeOfType<HoldResult.Invalid>().Errors.Keys.ShouldBe(["reason"]);
        (await LegalHolds.LiftAsync(world.Runtime, hold, "Settled", me)).ShouldBeOfType<HoldResult.Done>();
        (await LegalHolds.LiftAsync(world.Runtime, hold, "Settled", me)).ShouldBeOfType<HoldResult.Ended>();
        (await CountAsync()).ShouldBe(0);
        (await LegalHolds.FindAsync(world.Database, hold))!.LiftReason.ShouldBe("Settled");
        (await world.ActionsAsync(Ids.Named("holds"))).ShouldBe(["hold.placed", "hold.placed", "hold.lifted"]);

        async Task<int> CountAsync() => (await LegalHolds.OfCaseAsync(world.Database, id, world.Clock.Now())).Count;
    }

    [Fact]
    public async Task What_is_no_hold_is_refused_with_field_and_reason()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var me = await office.World.PersonAsync("compliance");
        await ShouldRefuseAsync(new(), "x", null, "scope");
        await ShouldRefuseAsync(new(Journey: "walk"), "", null, "reason");
        await ShouldRefuseAsync(new(Journey: "nothing"), "x", null, "journey");
        await ShouldRefuseAsync(new(CaseId: Guid.AllBitsSet), "x", null, "caseId");
        await ShouldRefuseAsync(new(CaseId: Guid.AllBitsSet, Journey: "walk"), "x", null, "scope");
        await ShouldRefuseAsync(new(CustomerId: Guid.AllBitsSet), "x", null, "customerId");
        await ShouldRefuseAsync(new(Journey: "walk"), "x", new LocalDate(2026, 6, 1), "until");
        await ShouldRefuseAsync(new(StartedFrom: new(2026, 2, 2), StartedUntil: new(2026, 2, 1)), "x", null, "startedUntil");
        await ShouldRefuseAsync(new(Words: new string('x', 101)), "x\u0000", null, "reason", "words");

        async Task ShouldRefuseAsync(HoldScope scope, string reason, LocalDate? until, params string[] fields) =>
            (await LegalHolds.PlaceAsync(office.World.Runtime, scope, reason, until, me))
                .ShouldBeOfType<HoldResult.Invalid>()
                .Errors.Keys.Order(StringComparer.Ordinal)
                .ShouldBe(fields);
    }

    [Fact]
    public async Task No_statement_deletes_a_case_on_hold()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var id = await office.ClosedAsync("REF-1");
        await LegalHolds.PlaceAsync(office.World.Runtime, new(Words: "ref-1"), "Litigation", null, await office.World.PersonAsync("compliance"));
        await using var delete = office.World.Database.Query("delete from workflow_instance where id = $1", id);
        (await Should.ThrowAsync<PostgresException>(() => delete.ExecuteNonQueryAsync())).SqlState.ShouldBe("OR004");
    }

    [Fact]
    public async Task A_hold_that_is_placed_while_a_batch_is_removed_waits_for_it_and_then_holds_what_is_left()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var (world, me) = (office.World, await office.World.PersonAsync("compliance"));
        var gone = await office.ClosedAsync("REF-1");
        world.Clock.Advance(Duration.FromDays(10));
        var left = await office.ClosedAsync("REF-2");
        world.Clock.Advance(Duration.FromDays(40));
        var policy = await office.PolicyAsync();
        await office.Retention.ScheduleAsync(policy);

        // The batch has looked at holds and written everything when the hold is asked for.
        Task<HoldResult>? placing = null;
        var (removed, next) = await office.Retention.RemoveAsync(
            policy,
            new(Instant.MinValue, Guid.Empty),
            1,
            async () =>
            {
                placing = LegalHolds.PlaceAsync(world.Runtime, new(Journey: "walk"), "Litigation", null, me);
                while (await world.ScalarAsync<long>("select count(*) from pg_locks where locktype = 'advisory' and not granted") == 0)
                    await Task.Yield();
                placing.IsCompleted.ShouldBeFalse();
            },
            CancellationToken.None
        );
        removed.ShouldBe(1);
        var hold = (await placing!).ShouldBeOfType<HoldResult.Done>().Id;
        (await office.ExistsAsync(gone)).ShouldBeFalse();
        (await LegalHolds.CasesAsync(world.Database, hold, 10)).ShouldHaveSingleItem().Id.ShouldBe(left);

        (await office.Retention.RemoveAsync(policy, next!, 1, null, CancellationToken.None)).Removed.ShouldBe(0);
        (await office.ExistsAsync(left)).ShouldBeTrue();
        (await LegalHolds.PlaceAsync(world.Runtime, new(CaseId: gone), "Litigation", null, me)).ShouldBeOfType<HoldResult.Invalid>();
    }

    [Fact]
    public async Task A_batch_waits_for_a_hold_that_is_being_placed_and_sees_it()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var world = office.World;
        var id = await office.ClosedAsync("REF-1");
        world.Clock.Advance(Duration.FromDays(40));
        var policy = await office.PolicyAsync();
        await office.Retention.ScheduleAsync(policy);

        await using var connection = await world.Database.OpenConnectionAsync();
        await using var placing = await connection.BeginTransactionAsync();
        await using (var batch = connection.CreateBatch())
        {
            batch.Add("select lock_holds(true)");
            batch.Add(
                "insert into legal_hold (id, case_id, reason, placed_by, placed_at) values ($1, $2, 'Litigation', 'compliance', $3)",
                Ids.New(world.Clock.GetCurrentInstant()),
                id,
                world.Clock.Now()
            );
            await batch.ExecuteNonQueryAsync();
        }

        var removing = office.Retention.RemoveAsync(policy, new(Instant.MinValue, Guid.Empty), 10, null, CancellationToken.None);
        while (await world.ScalarAsync<long>("select count(*) from pg_locks where locktype = 'advisory' and not granted") == 0)
            await Task.Yield();
        await placing.CommitAsync();
        (await removing).Removed.ShouldBe(0);
        (await office.ExistsAsync(id)).ShouldBeTrue();
    }
}
