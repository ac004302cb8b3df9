using Dapper;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.ProcessMining;
using Orchestration.Workflows.Tests.Retention;

namespace Orchestration.Workflows.Tests.ProcessMining;

public sealed class ScheduleTests
{
    private static readonly ScheduleRequest Mondays = new(LogFormats.Csv, "walk", 7, "0 6 * * MON", "us-federal", 30, "Weekly mining");

    [Fact]
    public async Task A_log_is_written_when_it_is_due_in_the_zone_of_its_calendar_and_kept_for_its_days()
    {
        await using var office = await OfficeAsync();
        var world = office.World;
        var (logs, schedules) = (new WriteLogs(world.Runtime), world.Get<LogSchedules>());
        await office.ClosedAsync("REF-OLD");
        world.Clock.Set(Instant.FromUtc(2026, 6, 8, 12, 0));
        await office.ClosedAsync("REF-NEW");
        var me = await world.PersonAsync("compliance");
        (await schedules.AddAsync(Mondays, me)).ShouldBeOfType<LogResult.Asked>();

        // The next Monday at six in New York is ten in UTC; the last seven days leave the old case out.
        (await schedules.ListAsync())
            .ShouldHaveSingleItem()
            .NextAt.ShouldBe(Instant.FromUtc(2026, 6, 15, 10, 0));
        world.Clock.Set(Instant.FromUtc(2026, 6, 15, 9, 59));
        (await schedules.RunAsync()).ShouldBe(0);
        world.Clock.Set(Instant.FromUtc(2026, 6, 15, 10, 0));
        await using (var other = await world.AnotherHostAsync())
            (await Task.WhenAll(schedules.RunAsync(), other.Get<LogSchedules>().RunAsync())).Sum().ShouldBe(1);
        await logs.RunAsync();

        var file = (await logs.ListAsync(10)).ShouldHaveSingleItem();
        (file.State, file.Cases, file.RequestedBy, file.KeepDays).ShouldBe((LogState.Done, 1, "compliance", 30));
        (await schedules.ListAsync()).ShouldHaveSingleItem().NextAt.ShouldBe(Instant.FromUtc(2026, 6, 22, 10, 0));
        (await world.ActionsAsync(Ids.Named("exports"))).ShouldBe(["export.scheduled", "export.requested", "export.done"]);
        world.Clock.Advance(Duration.FromDays(29));
        await logs.RunAsync();
        (await logs.ListAsync(10)).Count.ShouldBe(1);
        world.Clock.Advance(Duration.FromDays(2));
        await logs.RunAsync();
        (await logs.ListAsync(10)).ShouldBeEmpty();

        // Four Mondays went by: one file makes up for all of them.
        (await schedules.RunAsync()).ShouldBe(1);
        (await schedules.ListAsync())[0].NextAt.ShouldBe(Instant.FromUtc(2026, 7, 20, 10, 0));
    }

    [Fact]
    public async Task A_schedule_stops_when_its_author_has_lost_the_right_and_can_be_removed()
    {
        await using var office = await OfficeAsync();
        var world = office.World;
        var schedules = world.Get<LogSchedules>();
        var me = await world.PersonAsync("compliance");
        var id = (await schedules.AddAsync(Mondays, me)).ShouldBeOfType<LogResult.Asked>().Id;
        await using (var owner = new NpgsqlConnection(world.OwnerConnectionString))
            await owner.ExecuteAsync("update person set roles = '{employee}' where user_name = 'compliance'");
        world.Clock.Advance(Duration.FromDays(8));
        await schedules.RunAsync();
        (await new WriteLogs(world.Runtime).ListAsync(10)).ShouldBeEmpty();
        (await schedules.ListAsync()).ShouldHaveSingleItem().Stopped.ShouldNotBeNull();
        (await schedules.RemoveAsync(id, me)).ShouldBeTrue();
        (await schedules.RemoveAsync(id, me)).ShouldBeFalse();
        (await world.ActionsAsync(Ids.Named("exports"))).ShouldBe(["export.scheduled", "export.schedule-stopped", "export.unscheduled"]);
    }

    [Fact]
    public async Task A_schedule_that_makes_no_sense_is_refused_with_field_and_reason()
    {
        await using var office = await OfficeAsync();
        var (schedules, me) = (office.World.Get<LogSchedules>(), await office.World.PersonAsync("compliance"));
        (await schedules.AddAsync(new("xls", "nothing", 0, "0 6 * * MON", "mars", 0, " "), me))
            .ShouldBeOfType<LogResult.Invalid>()
            .Errors.Keys.Order()
            .ShouldBe(["calendar", "format", "journey", "keepDays", "lastDays", "reason"]);
        foreach (var cron in new[] { "", "soon", "* * * * *", "*/30 * * * *", "TZ=UTC 0 6 * * *", "0 0 31 2 *" })
            (await schedules.AddAsync(Mondays with { Cron = cron }, me)).ShouldBeOfType<LogResult.Invalid>().Errors.Keys.ShouldBe(["cron"], cron);
    }

    private static async Task<RetentionWorld> OfficeAsync()
    {
        var office = await RetentionWorld.CreateAsync();
        await office.World.LoadShippedAsync();
        return office;
    }
}
