using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Audit;

/// <summary>Who opened what. The clock stands at Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class AccessLogTests
{
    [Fact]
    public async Task Repeated_openings_are_one_row_with_a_count_and_rows_stay_in_their_order()
    {
        await using var world = await World.CreateAsync();
        var (log, one) = (world.Get<AccessLog>(), await world.PersonAsync("adjuster1"));
        var (first, second) = (Ids.New(world.Clock.GetCurrentInstant()), Ids.New(world.Clock.GetCurrentInstant()));
        await log.RecordAsync(Open(world, one, "case", first));
        world.Clock.Advance(Duration.FromSeconds(1));
        await log.RecordAsync(Open(world, one, "case", second));
        await log.RecordAsync(Open(world, one, "case", first));
        (await CountAsync(world)).ShouldBe(0, "nothing is written before a flush");
        await log.FlushAsync();
        world.Clock.Advance(Duration.FromMinutes(9));
        await log.RecordAsync(Open(world, one, "case", first));
        await log.FlushAsync();
        world.Clock.Advance(Duration.FromMinutes(11));
        await log.WriteNowAsync(Open(world, one, "case", first));

        var rows = (await AccessQueries.ListAsync(world.Database, new() { Person = one.Id })).Items;
        rows.Select(r => (r.Subject, r.Opens)).ShouldBe([(first, 1), (second, 1), (first, 3)]);
        rows[2].Until.ShouldBe(rows[2].At + Duration.FromSeconds(1) + Duration.FromMinutes(9));
        (await AccessQueries.ListAsync(world.Database, new() { UserName = "adjuster2" })).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_queued_is_written_when_the_host_stops_and_what_exceeds_the_queue_is_written_at_once()
    {
        await using var world = await World.CreateAsync();
        var (log, one) = (world.Get<AccessLog>(), await world.PersonAsync("adjuster1"));
        await log.StartAsync(CancellationToken.None);
        for (var i = 0; i < 3; i++)
            await log.RecordAsync(Open(world, one, "case", Ids.New(world.Clock.GetCurrentInstant())));
        await log.StopAsync(CancellationToken.None);
        (await CountAsync(world)).ShouldBe(3);
        await log.RecordAsync(Open(world, one, "case", Ids.New(world.Clock.GetCurrentInstant())));
        (await CountAsync(world)).ShouldBe(4, "a host that stops takes no more into its queue");
    }

    [Fact]
    public async Task The_application_can_t_change_the_access_log()
    {
        await using var world = await World.CreateAsync();
        await world.Get<AccessLog>().WriteNowAsync(Open(world, await world.PersonAsync("adjuster1"), "case", Ids.New(world.Clock.GetCurrentInstant())));
        foreach (var sql in new[] { "update access_log set opens = 1", "delete from access_log", "truncate access_log" })
        {
            await using var change = world.Database.Query(sql);
            (await Should.ThrowAsync<PostgresException>(() => change.ExecuteNonQueryAsync())).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        }

        foreach (var sql in new[] { "update access_log set origin = 'elsewhere'", "update access_log set opens = opens - 1", "delete from access_log" })
            (await Should.ThrowAsync<PostgresException>(() => world.ScalarAsync<object>(sql))).MessageText.ShouldContain("append-only");
    }

    [Fact]
    public async Task Access_without_a_part_in_the_case_or_to_many_customers_or_off_shift_is_flagged_with_its_reason()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("j", ("a", Step.Of("First")));
        var id = await world.StartAsync("j");
        var log = world.Get<AccessLog>();
        var (adjuster, closer, office) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("closer1"), await world.PersonAsync("frontoffice"));
        await world.ScalarAsync<object>(
            """
            insert into customer (id, number, name, survivor, created_by, created_at, changed_at)
                select i, 'N-' || n, 'Customer ' || n, i, 'test', @now, @now
                from (select gen_random_uuid() i, n from generate_series(1, 26) n) c;
            insert into shift (id, person_id, from_at, until_at, kind, created_by, created_at)
                values (gen_random_uuid(), @adjuster, @now - interval '1 day', @now - interval '16 hours', 'Work', 'test', @now)
            """,
            new { now = world.Clock.Now().ToDateTimeUtc(), adjuster = adjuster.Id }
        );
        await log.RecordAsync(Open(world, adjuster, "case", id));
        await log.RecordAsync(Open(world, closer, "case", id));
        await using (var customers = world.Database.Query("select id from customer where number like 'N-%'"))
        await using (var r = await customers.ExecuteReaderAsync())
        {
            while (await r.ReadAsync())
                await log.RecordAsync(Open(world, office, "customer", r.GetGuid(0)));
        }

        await log.FlushAsync();
        (await ReviewAccess.RunAsync(world.Runtime)).ShouldBe(0, "openings are looked at an hour later");
        world.Clock.Advance(ReviewAccess.Patience);
        var found = await ReviewAccess.RunAsync(world.Runtime);
        (await ReviewAccess.RunAsync(world.Runtime)).ShouldBe(0, "each is looked at once");

        (await FlagsAsync(world, adjuster)).ShouldBe(["Opened REF-1 out of their shifts"]);
        (await FlagsAsync(world, closer)).ShouldBe(["Opened REF-1 without a task, a contact or a team in it"]);
        (await FlagsAsync(world, office)).ShouldContain("Opened 26 customers in an hour");
        found.ShouldBe(2 + (await FlagsAsync(world, office)).Count);
    }

    private static Opening Open(World world, Person person, string kind, Guid subject) =>
        new(world.Clock.Now(), person.Id, kind, subject, "", "10.0.0.1", null, "page");

    private static Task<long> CountAsync(World world) => world.ScalarAsync<long>("select count(*) from access_log");

    private static async Task<IReadOnlyList<string>> FlagsAsync(World world, Person person) =>
        [
            .. (
                await AccessQueries.ListAsync(
                    world.Database,
                    new()
                    {
                        Person = person.Id,
                        Flagged = true,
                        Limit = 100,
                    }
                )
            ).Items.SelectMany(r => r.Flags),
        ];
}
