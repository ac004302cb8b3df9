using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Tests.Forecast;

/// <summary>Forecasts of a database: what is read, kept and applied. The clock stands at Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class ForecastOfficeTests
{
    [Fact]
    public async Task A_forecast_is_kept_first_when_it_changes_and_with_its_outcome()
    {
        await using var world = await WorldAsync();
        var instance = await world.StartAsync("work");
        var office = world.Get<ForecastOffice>();
        await office.PublishAsync();
        var row = (await office.LatestAsync()).Rows.ShouldHaveSingleItem();
        row.Forecast.Breach.ShouldBe(0);
        row.Clock.Teams.ShouldBe(["claims-adjusting"]);
        await office.PublishAsync();
        (await CountAsync(world, "forecast_change where is_first")).ShouldBe(1);

        // Nobody is there any more: the chance changes, and is kept.
        await world.ScalarAsync<int>("delete from shift where person_id = (select id from person where user_name = 'adjuster2')");
        await PlanAsync(world, "adjuster2", 24 * 10, 24 * 10 + 1);
        world.Clock.Advance(Duration.FromMinutes(15));
        await office.PublishAsync();
        (await office.LatestAsync()).Rows.ShouldHaveSingleItem().Forecast.Breach.ShouldBe(1);
        (await CountAsync(world, "forecast_change")).ShouldBe(2);

        var desk = await Desk.AtAsync(world, instance);
        var me = await world.PersonAsync("adjuster2");
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, me));
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, "Done", [], me));
        await office.PublishAsync();
        (await office.LatestAsync()).Rows.ShouldBeEmpty();
        var calibration = await ForecastHistory.CalibrationAsync(world.Database, world.Clock.GetCurrentInstant() - Duration.FromDays(1));
        calibration.Bands[0].ShouldBe(new(0, 0.1, 1, 0, 0));
        calibration.Bands[^1].ShouldBe(new(0.9, 1, 1, 0, 1));
        (calibration.Clocks, calibration.Brier).ShouldBe((1, 0.5));
        (await ForecastHistory.PurgeAsync(world.Database, world.Clock.GetCurrentInstant() + ForecastHistory.Kept + Duration.FromHours(1))).ShouldBe(1);
        (await CountAsync(world, "forecast_change")).ShouldBe(0);
    }

    [Fact]
    public async Task A_missed_clock_is_no_forecast_and_its_outcome_is_a_breach()
    {
        await using var world = await WorldAsync();
        await world.StartAsync("work");
        var office = world.Get<ForecastOffice>();
        await office.PublishAsync();
        world.Clock.Advance(Duration.FromHours(5));
        await office.PublishAsync();
        var latest = await office.LatestAsync();
        (latest.Rows.Count, latest.Breached).ShouldBe((0, 1));
        (await CountAsync(world, "forecast_clock where breached")).ShouldBe(1);
    }

    [Fact]
    public async Task A_fix_is_applied_by_the_verb_and_the_second_supervisor_is_told()
    {
        await using var world = await WorldAsync();
        var instance = await world.StartAsync("work");
        var (clock, task) = await RowAsync(world);
        var apply = world.Get<ApplyFix>();
        var supervisor = await world.PersonAsync("supervisor");
        FixOrder Order(FixKind kind, string operation, Guid? person = null) => new(clock, kind, task.Id, task.Revision, person, null, null, null, operation);
        (await apply.RunAsync(Order(FixKind.Reorder, "one"), supervisor)).ShouldBeOfType<FixResult.Done>();
        (await world.ActionsAsync(instance)).ShouldContain("task.prioritized");
        var adjuster = await world.PersonAsync("adjuster2");
        (await apply.RunAsync(Order(FixKind.Push, "two", adjuster.Id), supervisor))
            .ShouldBeOfType<FixResult.Task>()
            .Why.ShouldBeOfType<TaskResult.StaleRevision>()
            .ChangedBy.ShouldBe("supervisor");

        // Who doesn't steer the team hears nothing of it; nor is there a new date for what is no promise.
        (await apply.RunAsync(Order(FixKind.Reorder, "three"), adjuster)).ShouldBeOfType<FixResult.NotFound>();
        (await apply.RunAsync(Order(FixKind.NewDate, "four"), supervisor)).ShouldBeOfType<FixResult.Invalid>().Field.ShouldBe("kind");
        (await apply.RunAsync(Order(FixKind.Reorder, "five") with { Task = Ids.New(world.Clock.Now()) }, supervisor))
            .ShouldBeOfType<FixResult.Invalid>()
            .Field.ShouldBe("task");
        (_, task) = await RowAsync(world);
        (await apply.RunAsync(Order(FixKind.Push, "six", adjuster.Id), supervisor)).ShouldBeOfType<FixResult.Done>();
        (await world.ActionsAsync(instance)).ShouldContain("task.assigned");
    }

    [Fact]
    public async Task Someone_is_lent_and_comes_back_and_someone_works_longer()
    {
        await using var world = await WorldAsync();
        await world.StartAsync("work");
        var (clock, task) = await RowAsync(world);
        var apply = world.Get<ApplyFix>();
        var supervisor = await world.PersonAsync("supervisor");
        var closer = (await world.PersonAsync("closer1")).Id;
        var until = world.Clock.GetCurrentInstant() + Duration.FromHours(2);
        var loan = new FixOrder(clock, FixKind.Move, task.Id, null, closer, "claims-adjusting", null, until, "loan");
        (await apply.RunAsync(loan, supervisor)).ShouldBeOfType<FixResult.Done>();
        (await apply.RunAsync(loan, supervisor)).ShouldBeOfType<FixResult.Conflict>();
        (await IsInAsync(world, closer)).ShouldBeTrue();
        (await LendPerson.SweepAsync(world.Runtime, 10)).ShouldBe(0);
        world.Clock.Advance(Duration.FromHours(2));
        (await LendPerson.SweepAsync(world.Runtime, 10)).ShouldBe(1);
        (await IsInAsync(world, closer)).ShouldBeFalse();
        (await world.ScalarAsync<int>("select count(*) from event where action = 'person.changed' and actor in ('supervisor', 'system')")).ShouldBe(2);

        var adjuster = (await world.PersonAsync("adjuster2")).Id;
        var end = Instant.FromUtc(2026, 6, 1, 17, 0);
        var longer = new FixOrder(clock, FixKind.Overtime, task.Id, null, adjuster, null, end, end + Duration.FromHours(2), "longer");
        (await apply.RunAsync(longer, supervisor)).ShouldBeOfType<FixResult.Done>();
        (await apply.RunAsync(longer, supervisor)).ShouldBeOfType<FixResult.Conflict>();
        (await CountAsync(world, "shift where until_at = '2026-06-01T19:00Z'")).ShouldBe(1);
    }

    [Fact]
    public async Task A_promise_moves_to_a_later_date_with_history()
    {
        await using var world = await WorldAsync();
        var instance = await world.StartAsync("work");
        var clocks = world.Get<ClockRuntime>();
        var (now, supervisor) = (world.Clock.GetCurrentInstant(), await world.PersonAsync("supervisor"));
        var made = await Promises.MakeAsync(clocks, instance, new("We call back", now + Duration.FromHours(3)), supervisor);
        var promise = made.ShouldBeOfType<PromiseResult.Done>().ClockId;
        var later = now + Duration.FromHours(30);
        (await Promises.MoveAsync(clocks, instance, promise, now + Duration.FromHours(1), null, null, supervisor)).ShouldBeOfType<PromiseResult.NotLater>();
        (await Promises.MoveAsync(clocks, instance, promise, later, null, null, supervisor)).ShouldBeOfType<PromiseResult.Done>();
        (await Promises.MoveAsync(clocks, instance, promise, later, null, null, supervisor)).ShouldBeOfType<PromiseResult.Done>();
        (await world.ActionsAsync(instance)).Count(action => action == "promise.moved").ShouldBe(1);
        (await world.ScalarAsync<DateTime>("select late_at from sla_clock where id = @promise", new { promise })).ShouldBe(later.ToDateTimeUtc());
        world.Clock.Set(later);
        (await Promises.MoveAsync(clocks, instance, promise, later + Duration.FromHours(1), null, null, supervisor)).ShouldBeOfType<PromiseResult.Ended>();
    }

    /// <summary>Adjuster 2 works until 17:00; a task takes about twenty minutes and is due four hours after it opened.</summary>
    private static async Task<World> WorldAsync()
    {
        var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishAsync("work", ("step", Step.Of("Do it", Step.Outcomes("Done"), ("slaDuration", "String", "PT4H"))));
        foreach (var other in new[] { "adjuster1", "senior1" })
            await PlanAsync(world, other, 24 * 20, 24 * 20 + 1);
        await PlanAsync(world, "adjuster2", 0, 8);
        return world;
    }

    private static async Task PlanAsync(World world, string person, int from, int until)
    {
        var now = world.Clock.GetCurrentInstant();
        var shift = new PlannedShift(person, now + Duration.FromHours(from), now + Duration.FromHours(until));
        (await world.Get<PlanShifts>().AddAsync([shift], await world.PersonAsync("supervisor"))).ShouldBeOfType<ShiftResult.Done>();
    }

    private static async Task<(Guid Clock, TaskFacts Task)> RowAsync(World world)
    {
        var forecast = await world.Get<ForecastOffice>().LatestAsync();
        var row = forecast.Rows.First(one => one.Clock.Task is not null);
        return (row.Clock.Id, forecast.Tasks[row.Clock.Task!.Value]);
    }

    private static Task<int> CountAsync(World world, string rows) => world.ScalarAsync<int>($"select count(*) from {rows}");

    private static Task<bool> IsInAsync(World world, Guid person) =>
        world.ScalarAsync<bool>("select exists (select from team_member where person_id = @person and team_key = 'claims-adjusting')", new { person });
}
