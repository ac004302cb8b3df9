using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
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
    public async Task Who_declined_a_task_is_not_expected_to_do_it()
    {
        await using var world = await WorldAsync();
        await world.StartAsync("work");
        var office = world.Get<ForecastOffice>();
        (await office.LatestAsync()).Rows.ShouldHaveSingleItem().Forecast.Breach.ShouldBe(0);
        await world.ScalarAsync<int>(
            """
            with passed as (update task set passed_by = array(select id from person where user_name = 'adjuster2') returning id, passed_by[1] person)
            insert into task_offer (id, task_id, person_id, state, reason, weight, work_kind, offered_at, expires_at, ended_at)
                select gen_random_uuid(), id, person, 'Declined', 'No time', 100, 'deferred', @now, @now, @now from passed returning 1
            """,
            new { now = world.Clock.GetCurrentInstant().ToDateTimeUtc() }
        );
        world.Clock.Advance(Duration.FromMinutes(15));
        await office.PublishAsync();
        (await office.LatestAsync()).Rows.ShouldHaveSingleItem().Forecast.Breach.ShouldBe(1, "no one else is there");
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
        latest.Rows.ShouldBeEmpty();
        var missed = latest.Left.ShouldHaveSingleItem();
        missed.Why.ShouldBe(LeftOutWhy.Breached);
        missed.Clock.Teams.ShouldBe(["claims-adjusting"]);
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
        (await apply.RunAsync(loan, supervisor)).ShouldBeOfType<FixResult.Done>("a second click is the first one");
        (await apply.RunAsync(loan with { OperationId = "again" }, supervisor)).ShouldBeOfType<FixResult.Conflict>();
        (await apply.RunAsync(loan with { Until = until + Duration.FromHours(1) }, supervisor)).ShouldBeOfType<FixResult.Conflict>();
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
        (await apply.RunAsync(longer, supervisor)).ShouldBeOfType<FixResult.Done>();
        (await apply.RunAsync(longer with { OperationId = "longer still" }, supervisor)).ShouldBeOfType<FixResult.Conflict>();
        (await apply.RunAsync(longer with { OperationId = "x", From = null }, supervisor)).ShouldBeOfType<FixResult.Invalid>().Field.ShouldBe("from");

        // The history of the two says for which deadline, and what was forecast.
        (
            await world.ScalarAsync<string>(
                "select string_agg(payload->>'kind', ',' order by sequence) from event where action = 'fix.applied' and entity = 'person'"
                    + " and payload->>'clock' = @clock and payload->>'after' is not null",
                new { clock = Ids.Text(clock) }
            )
        ).ShouldBe("Move,Overtime");
        (await CountAsync(world, "forecast_fix where after is not null and applied_by = 'supervisor'")).ShouldBe(2);
        (await CountAsync(world, "shift where until_at = '2026-06-01T19:00Z'")).ShouldBe(1);
    }

    [Fact]
    public async Task A_fix_is_kept_with_what_it_promised_and_what_came_of_it()
    {
        await using var world = await WorldAsync();
        var instance = await world.StartAsync("work");

        // Nobody is there until tomorrow but someone who can be given the task.
        await world.ScalarAsync<int>("delete from shift where person_id = (select id from person where user_name = 'adjuster2')");
        await PlanAsync(world, "adjuster2", 24 * 10, 24 * 10 + 1);
        await PlanAsync(world, "senior1", 0, 8);
        var office = world.Get<ForecastOffice>();
        office.Forget();
        var supervisor = await world.PersonAsync("supervisor");
        var (clock, task) = await RowAsync(world);
        var senior = await world.PersonAsync("senior1");
        var away = await world.PersonAsync("adjuster2");
        var apply = world.Get<ApplyFix>();
        FixOrder Push(Person person, int revision) => new(clock, FixKind.Push, task.Id, revision, person.Id, null, null, null, $"push-{person.UserName}");
        (await apply.RunAsync(Push(away, task.Revision), supervisor)).ShouldBeOfType<FixResult.Done>();
        world.Clock.Advance(Duration.FromMinutes(1));
        (_, task) = await RowAsync(world);
        (await apply.RunAsync(Push(senior, task.Revision), supervisor)).ShouldBeOfType<FixResult.Done>();
        (await apply.RunAsync(Push(senior, task.Revision), supervisor)).ShouldBeOfType<FixResult.Done>();
        (await world.ActionsAsync(instance)).Count(action => action == "fix.applied").ShouldBe(2);
        (
            await world.ScalarAsync<string>(
                "select concat(payload->>'kind', payload->>'who', payload->>'before', payload->>'after') from event where action = 'fix.applied'"
                    + " order by sequence desc limit 1"
            )
        ).ShouldBe("Pushsenior110");
        (await AppliedFixes.OfAsync(world.Database, [clock]))[clock]
            .Select(fix => (fix.Kind, fix.Before, fix.After, fix.ByName))
            .First()
            .ShouldBe((FixKind.Push, 1, 0, supervisor.DisplayName));
        var day = world.Clock.GetCurrentInstant() - Duration.FromDays(1);
        (await ForecastHistory.CalibrationAsync(world.Database, day)).Fixes.ShouldBe(new(2, 0, 0, 0, 0));

        // It was met: the last fix counts.
        await office.PublishAsync();
        var desk = await Desk.AtAsync(world, instance);
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, "Done", [], senior));
        await office.PublishAsync();
        (await ForecastHistory.CalibrationAsync(world.Database, day)).Fixes.ShouldBe(new(2, 1, 1, 0, 0));
    }

    [Fact]
    public async Task A_customer_is_asked_for_a_new_date_before_the_promise_moves()
    {
        await using var world = await WorldAsync();
        var instance = await world.StartAsync("work");
        var (supervisor, maker) = (await world.PersonAsync("supervisor"), await world.PersonAsync("frontoffice"));
        var clocks = world.Get<ClockRuntime>();

        // Earlier ones were all kept late, so that this one is expected to be, too.
        var earlier = new List<Guid>();
        for (var i = 0; i < 20; i++)
            earlier.Add(await PromiseAsync($"Earlier {i}", Duration.FromMinutes(1)));
        world.Clock.Advance(Duration.FromHours(1));
        foreach (var one in earlier)
            (await Promises.SettleAsync(clocks, instance, one, PromiseOutcome.Kept, null, maker)).ShouldBeOfType<PromiseResult.Done>();
        world.Clock.Advance(Duration.FromMinutes(1));
        var promise = await PromiseAsync("We call back", Duration.FromMinutes(30));
        await world.ScalarAsync<int>(
            """
            insert into own_view_link (id, code_hash, case_id, language, asks_birth, created_by, created_at, expires_at)
                values (gen_random_uuid(), sha256('a'), @instance, 'de', false, 'frontoffice', @now, @now + interval '30 days') returning 1
            """,
            new { instance, now = world.Clock.GetCurrentInstant().ToDateTimeUtc() }
        );
        (await world.Get<ForecastOffice>().LatestAsync()).Rows.ShouldContain(row => row.Clock.Id == promise && row.Forecast.Breach == 1);
        await world.ScalarAsync<int>("update customer set phones = array['+44 20 7946 0001'] returning 1");
        await world.ScalarAsync<int>(
            """
            insert into sensitive_customer (customer_id, kind, reason, marked_by, marked_at)
                select id, 'Relative', 'r', 'supervisor', now() from customer returning 1
            """
        );

        var later = world.Clock.GetCurrentInstant() + Duration.FromDays(2);
        var apply = world.Get<ApplyFix>();
        var ask = new FixOrder(promise, FixKind.AskDate, null, null, null, null, null, later, "ask");
        (await apply.RunAsync(ask with { Clock = earlier[0] }, supervisor)).ShouldBeOfType<FixResult.NotFound>();
        (await apply.RunAsync(ask with { Until = null }, supervisor)).ShouldBeOfType<FixResult.Invalid>().Field.ShouldBe("until");
        (await apply.RunAsync(ask, supervisor)).ShouldBeOfType<FixResult.Done>();
        (await apply.RunAsync(ask, supervisor)).ShouldBeOfType<FixResult.Done>();

        // Who promised it is told, and the customer reads the question; the promise stays as it was.
        (
            await world.ScalarAsync<string>(
                "select n.title from notification n join person p on p.id = n.person_id where p.user_name = 'frontoffice' and n.kind = 'promise.date-asked'"
            )
        ).ShouldBe("Ask Marta Novak for a later date: We call back");
        (await world.ScalarAsync<string>("select body from notification where kind = 'promise.date-asked' limit 1")).ShouldNotContain(
            "7946",
            Case.Sensitive,
            "they are sensitive"
        );
        (await world.ScalarAsync<string>("select note from customer_contact where shared")).ShouldBe(
            "Wir brauchen leider länger als zugesagt: We call back. Ist Ihnen auch der 3.6.2026 recht? Antworten Sie uns hier oder rufen Sie uns an."
        );
        (await world.ActionsAsync(instance)).Count(action => action is "promise.date-asked" or "promise.moved").ShouldBe(1);

        world.Clock.Advance(Duration.FromSeconds(1));
        var agreed = ask with { Kind = FixKind.NewDate, OperationId = "agreed" };
        (await apply.RunAsync(agreed, supervisor)).ShouldBeOfType<FixResult.Done>();
        (await apply.RunAsync(agreed, supervisor)).ShouldBeOfType<FixResult.Done>("a second click is the first one");
        (await world.ActionsAsync(instance)).Count(action => action == "promise.moved").ShouldBe(1);
        (await world.ScalarAsync<DateTime>("select late_at from sla_clock where id = @promise", new { promise })).ShouldBe(later.ToDateTimeUtc());
        var kept = (await AppliedFixes.OfAsync(world.Database, [promise]))[promise].ToList();
        kept.Select(fix => fix.Kind).ShouldBe([FixKind.NewDate, FixKind.AskDate]);
        kept.ShouldAllBe(fix => fix.Before == 1 && fix.After == 0);

        async Task<Guid> PromiseAsync(string what, Duration time) =>
            (await Promises.MakeAsync(clocks, instance, new(what, world.Clock.GetCurrentInstant() + time), maker)).ShouldBeOfType<PromiseResult.Done>().ClockId;
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
