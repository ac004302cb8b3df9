using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Lists;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Calendars;

namespace Orchestration.Workflows.Tests.Tasks;

/// <summary>The worst running clock of task and case decides, everywhere.</summary>
public sealed class WorstClockTests
{
    private const string EightWeeks = "Final response within 8 weeks of the complaint";

    [Fact]
    public async Task A_complaint_past_its_eight_weeks_is_overdue_although_its_next_task_is_due_tomorrow()
    {
        // Received on Monday 1 June, so the eight weeks ended on Monday 27 July, at midnight. Now it is Thursday 30 July, 10:00 in London.
        await using var world = await ShippedAsync("2026-07-30T10:00");
        var id = await ComplaintAsync(world, "2026-06-01");
        var task = await world.OpenTaskAsync(id);
        var agent = await world.PersonAsync("frontoffice");

        var listed = (await ListAsync(world, new() { View = "all" })).ShouldHaveSingleItem();
        listed.Clock.ShouldBe(new(EightWeeks, SlaKind.Statutory, Urgency.Breached, Utc("2026-07-28T00:00"), OfCase: true));
        listed.ShouldSatisfyAllConditions(
            t => t.Breached.ShouldBeTrue("its own clock is on time, the one of its case is not"),
            t => t.AtRisk.ShouldBeFalse("breached and at risk are two things"),
            t => t.DueAt.ShouldBe(t.Clock!.DueAt),
            t => t.NextDueAt.ShouldBe(Utc("2026-07-30T14:00"), "four working hours after it was opened")
        );
        (await world.OpenTaskAsync(id)).Clock.ShouldBe(listed.Clock);
        (await CaseStepList.ReadAsync(world.Database, id, agent, world.Clock.Now())).ShouldHaveSingleItem().Task.Clock.ShouldBe(listed.Clock);
        (await OpenStep.ReadAsync(world.Database, id, world.Clock.Now())).ShouldHaveSingleItem().Breached.ShouldBeTrue();

        await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "claim"), agent));
        var counted = await TaskList.CountAsync(world.Database, agent, world.Clock.Now() + Duration.FromHours(24), world.Clock.Now());
        (counted.Mine, counted.Overdue, counted.Soon).ShouldBe((1, 1, 0));

        // The same before a sweep has recorded the breach and after.
        foreach (var _ in new[] { "before", "after" })
        {
            (await ListAsync(world, new() { View = "all", Overdue = true })).Count.ShouldBe(1);
            (await ListAsync(world, new() { View = "all", Overdue = false })).ShouldBeEmpty();
            (await ListAsync(world, new() { View = "all", AtRisk = true })).ShouldBeEmpty();
            (await CasesAsync(world, Urgency.Breached)).ShouldHaveSingleItem().Clock.ShouldBe(listed.Clock);
            (await CasesAsync(world, Urgency.AtRisk)).ShouldBeEmpty();
            while (await world.Get<Escalate>().SweepAsync(100) > 0) { }
        }

        await world.PublishAsync("one", ("a", Step.Of("Look", ("slaDuration", "String", "PT10M"))));
        await world.StartAsync("one", "ONE-1");
        (await ListAsync(world, new() { View = "all" })).Select(t => t.Reference).ShouldBe(["CMP-1", "ONE-1"], "what has been due for longest comes first");
        (await CaseQueries.FindAsync(world.Runtime, id, agent))!.Case.Clock.ShouldBe(listed.Clock);
    }

    [Fact]
    public async Task What_is_at_risk_is_neither_what_is_breached_nor_what_is_due_next()
    {
        // Six weeks of eight are over.
        await using var world = await ShippedAsync("2026-07-14T10:00");
        await ComplaintAsync(world, "2026-06-01");
        var listed = (await ListAsync(world, new() { View = "all", AtRisk = true })).ShouldHaveSingleItem();
        listed.Clock.ShouldBe(new(EightWeeks, SlaKind.Statutory, Urgency.AtRisk, Utc("2026-07-28T00:00"), OfCase: true));
        (listed.Breached, listed.AtRisk, listed.NextDueAt).ShouldBe((false, true, Utc("2026-07-14T14:00")));
        (await CasesAsync(world, Urgency.AtRisk)).Count.ShouldBe(1);
        (await CasesAsync(world, Urgency.Breached)).ShouldBeEmpty();
        (await ListAsync(world, new() { View = "all", Overdue = true })).ShouldBeEmpty();

        // The own clock of the task is missed: it is the one that is breached, though less weighty than the statute that is only at risk.
        world.Clock.Set(In("2026-07-14T14:00"));
        (await ListAsync(world, new() { View = "all" }))
            .ShouldHaveSingleItem()
            .Clock.ShouldBe(new("Triage a complaint", SlaKind.Internal, Urgency.Breached, Utc("2026-07-14T14:00"), OfCase: false));

        // Both are breached: the statute weighs more.
        world.Clock.Set(In("2026-07-28T00:00"));
        (await ListAsync(world, new() { View = "all" })).ShouldHaveSingleItem().Clock!.Name.ShouldBe(EightWeeks);
    }

    [Fact]
    public async Task A_case_on_time_is_due_when_its_first_clock_is()
    {
        await using var world = await ShippedAsync("2026-06-01T10:00");
        await ComplaintAsync(world, "2026-06-01");
        var listed = (await ListAsync(world, new() { View = "all" })).ShouldHaveSingleItem();
        listed.Clock.ShouldBe(new("Triage a complaint", SlaKind.Internal, Urgency.OnTime, Utc("2026-06-01T14:00"), OfCase: false));
        (await CasesAsync(world, Urgency.OnTime)).ShouldHaveSingleItem().Clock.ShouldBe(listed.Clock);
    }

    [Fact]
    public async Task A_completed_task_is_judged_by_its_own_clock()
    {
        await using var world = await ShippedAsync("2026-07-30T10:00");
        var id = await ComplaintAsync(world, "2026-06-01");
        await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new((await world.OpenTaskAsync(id)).Id, 1, "claim"), await world.PersonAsync("frontoffice")));
        var task = await world.OpenTaskAsync(id);
        await world.DoneAsync(
            CompleteTask.RunAsync(
                world.Tasks,
                new(task.Id, task.Revision, "complete"),
                "Investigate",
                JsonNode.Parse("""{ "category": "Delay", "summary": "Nobody called back.", "acknowledgedOn": "2026-07-30" }""")!.AsObject(),
                await world.PersonAsync("frontoffice")
            )
        );
        var done = (await ListAsync(world, new() { View = "all", State = TaskState.Completed })).ShouldHaveSingleItem();
        (done.Clock!.Name, done.Breached).ShouldBe(("Triage a complaint", false));
        (await world.OpenTaskAsync(id)).Clock!.Name.ShouldBe(EightWeeks, "the next task of the case");
    }

    [Fact]
    public async Task A_reminder_says_what_is_overdue_already()
    {
        await using var world = await ShippedAsync("2026-07-30T10:00");
        var id = await ComplaintAsync(world, "2026-06-01");
        await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new((await world.OpenTaskAsync(id)).Id, 1, "claim"), await world.PersonAsync("frontoffice")));
        world.Clock.Set(In("2026-07-30T13:00"));
        while (await world.Get<Escalate>().SweepAsync(100) > 0) { }
        (await world.ScalarAsync<string>("select title || ' | ' || body from notification where kind = 'sla.reminder' and task_id is not null")).ShouldBe(
            $"Due soon: Acknowledge and triage | CMP-1 · 75% of Triage a complaint · already overdue: {EightWeeks}"
        );
    }

    private enum What
    {
        Sweep,
        Claim,
        Wait,
        GoOn,
        Complete,
        Promise,
        Keep,
        Release,
        Recompute,
        Cancel,
    }

    private sealed record Move(What What, int Minutes);

    private static readonly string[] Policies =
    [
        """
            { "id": "own", "name": "Own", "calendar": "24x7", "target": { "amount": "PT10H", "unit": "elapsed" }, "pauseReasons": ["waitingForCustomer"] }
            """,
        """
            { "id": "law", "name": "Law", "kind": "statutory", "calendar": "claims-office", "target": { "amount": "2", "unit": "businessDays" } }
            """,
        """
            { "id": "case-own", "name": "Case", "subject": "case", "calendar": "24x7", "target": { "amount": "PT30H", "unit": "elapsed" },
              "start": { "events": ["case.opened"], "where": { "journey": ["kept"] } }, "pauseReasons": ["step:b"] }
            """,
        """
            { "id": "case-law", "name": "Case law", "kind": "statutory", "subject": "case", "calendar": "claims-office",
              "target": { "amount": "1", "unit": "calendarDays" }, "start": { "events": ["step:a.completed"], "where": { "journey": ["kept"] } },
              "reset": { "events": ["step:b.completed"] } }
            """,
        """
            { "id": "window", "name": "Window", "subject": "case", "calendar": "24x7", "window": true, "target": { "amount": "PT5H", "unit": "elapsed" },
              "start": { "events": ["case.opened"], "where": { "journey": ["kept"] } } }
            """,
    ];

    [Fact]
    public async Task What_tasks_and_cases_keep_of_their_clocks_is_what_the_clocks_say_whatever_happened()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var admin = await world.PersonAsync("admin");
        await world.PublishAsync("kept", ("a", Step.Of("First")), ("b", Step.Of("Second")));
        foreach (var policy in Policies.Select(text => JsonNode.Parse(text)!.AsObject()))
        {
            var id = (string)policy["id"]!;
            (
                await SaveServiceLevel.RunAsync(
                    world.Get<SettingDocuments>(),
                    world.Get<ServiceLevelCatalog>(),
                    SettingKind.Sla,
                    id,
                    0,
                    policy,
                    admin,
                    world.Clock.Now()
                )
            ).ShouldBeOfType<SaveServiceLevelResult.Saved>();
        }

        await world.PublishAsync(
            "kept",
            ("a", Step.Of("First", ("slaPolicies", "List<String>", new[] { "own", "law" }))),
            ("b", Step.Of("Second", ("slaPolicies", "List<String>", new[] { "own" }))),
            ("c", Step.Of("Third"))
        );
        var cases = 0;
        var move =
            from what in Gen.Frequency(
                (4, Gen.Constant(What.Sweep)),
                (3, Gen.Constant(What.Claim)),
                (3, Gen.Constant(What.Wait)),
                (4, Gen.Constant(What.GoOn)),
                (4, Gen.Constant(What.Complete)),
                (2, Gen.Constant(What.Promise)),
                (1, Gen.Constant(What.Keep)),
                (1, Gen.Constant(What.Release)),
                (1, Gen.Constant(What.Recompute)),
                (1, Gen.Constant(What.Cancel))
            )
            from minutes in Gen.OneOf(Gen.Choose(0, 90), Gen.Choose(0, 600), Gen.Choose(0, 4000))
            select new Move(what, minutes);
        Laws.Hold(move.ArrayOf(20), moves => RunAsync(world, admin, moves, ++cases).GetAwaiter().GetResult(), oneOf: 25);
    }

    private static async Task RunAsync(World world, Person admin, Move[] moves, int number)
    {
        var id = await world.StartAsync("kept", $"KEPT-{number}");
        await CheckAsync(world, id);
        foreach (var (move, index) in moves.Select((move, index) => (move, index)))
        {
            world.Clock.Advance(Duration.FromMinutes(move.Minutes));
            await DoAsync(world, id, move.What, admin, $"{number}-{index}");
            await CheckAsync(world, id);
        }
    }

    private static async Task DoAsync(World world, Guid id, What what, Person admin, string operation)
    {
        var clocks = new ClockRuntime(world.Runtime, world.Get<ServiceLevelCatalog>());
        var promise = (await ClockQueries.OfCaseAsync(world.Database, id)).Clocks.FirstOrDefault(c =>
            c.State is { Ended: false, Policy.Kind: SlaKind.Promise }
        );
        var open = (await ListAsync(world, new() { View = "all", CaseId = id })).SingleOrDefault(t => !t.State.IsTerminal());
        var request = new TaskRequest(open?.Id ?? Guid.Empty, open?.Revision ?? 0, operation);
        switch (what)
        {
            case What.Sweep:
                while (await world.Get<Escalate>().SweepAsync(100) > 0) { }
                break;
            case What.Claim when open is { State: TaskState.Ready }:
                await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, request, await world.PersonAsync("senior1")));
                break;
            case What.Wait when open is { State: TaskState.Ready or TaskState.Reserved }:
                await world.DoneAsync(SuspendTask.RunAsync(world.Tasks, request, "waitingForCustomer", null, null, admin));
                break;
            case What.GoOn when open is { State: TaskState.Suspended }:
                await world.DoneAsync(ResumeTask.RunAsync(world.Tasks, request, admin));
                break;
            case What.Complete when open is { State: TaskState.Reserved, OwnerId: { } owner } && owner == (await world.PersonAsync("senior1")).Id:
                await world.DoneAsync(CompleteTask.RunAsync(world.Tasks, request, null, [], await world.PersonAsync("senior1")));
                break;
            case What.Promise:
                await Promises.MakeAsync(clocks, id, new("We call back", world.Clock.Now() + Duration.FromHours(9)), admin);
                break;
            case What.Keep or What.Release when promise is not null:
                await Promises.SettleAsync(clocks, id, promise.Id, what == What.Keep ? PromiseOutcome.Kept : PromiseOutcome.Withdrawn, "They asked", admin);
                break;
            case What.Recompute:
                await RecomputeClocks.RunAsync(clocks, new(Calendar: "claims-office"), null, store: true, admin);
                break;
            case What.Cancel:
                await CancelCase.RunAsync(world.Runtime, id, "enough", admin);
                break;
        }
    }

    /// <summary>Compares the rows with the clocks as their own documents tell them, and the lists with a second telling of the rule.</summary>
    private static async Task CheckAsync(World world, Guid id)
    {
        var catalog = world.Get<ServiceLevelCatalog>();
        var live = (await ClockQueries.AllOfCaseAsync(world.Database, id))
            .Clocks.Select(clock => (clock, Urgent: Urgent.Of(clock.State, catalog.CalendarOf(clock.State))))
            .Where(clock => clock.Urgent is not null)
            .Select(clock => (Clock: clock.clock, Urgent: clock.Urgent!.Value))
            .ToList();
        live.ShouldAllBe(clock => clock.Urgent.RiskAt <= clock.Urgent.LateAt);
        var kept = await KeptAsync(world, "risk_at, due_at, null::timestamptz", "journey_case", id);
        kept.ShouldBe((live.Min(c => (Instant?)c.Urgent.RiskAt), live.Min(c => (Instant?)c.Urgent.LateAt), null));

        var now = world.Clock.Now();
        foreach (var at in new[] { now, now + Duration.FromHours(7), now + Duration.FromHours(25), now + Duration.FromDays(5) })
        {
            foreach (var task in (await ListAsync(world, new() { View = "all", CaseId = id }, at)).Where(t => !t.State.IsTerminal()))
            {
                var its = live.Where(c => c.Clock.TaskId is null || c.Clock.TaskId == task.Id).ToList();
                var law = its.Where(c => c.Clock.State.Policy.Kind == SlaKind.Statutory).Min(c => (Instant?)c.Urgent.LateAt);
                (await KeptAsync(world, "risk_at, due_at, statutory_at", "task", task.Id)).ShouldBe(
                    (its.Min(c => (Instant?)c.Urgent.RiskAt), its.Min(c => (Instant?)c.Urgent.LateAt), law)
                );
                var worst = its.OrderByDescending(c => c.Urgent.At(at))
                    .ThenByDescending(c => c.Urgent.At(at) == Urgency.OnTime ? 0 : (int)c.Clock.State.Policy.Kind)
                    .ThenBy(c => c.Urgent.LateAt)
                    .ThenBy(c => c.Clock.Id)
                    .Select(c => new WorstClock(
                        c.Clock.State.Policy.Name,
                        c.Clock.State.Policy.Kind,
                        c.Urgent.At(at),
                        c.Urgent.LateAt.ToDateTimeUtc(),
                        c.Clock.TaskId is null
                    ))
                    .FirstOrDefault();
                task.Clock.ShouldBe(worst);
                task.NextDueAt.ShouldBe(its.Where(c => c.Urgent.LateAt > at).Min(c => (DateTime?)c.Urgent.LateAt.ToDateTimeUtc()));
                (
                    await ListAsync(
                        world,
                        new()
                        {
                            View = "all",
                            CaseId = id,
                            Overdue = true,
                        },
                        at
                    )
                ).Exists(t => t.Id == task.Id).ShouldBe(task.Breached);
                (
                    await ListAsync(
                        world,
                        new()
                        {
                            View = "all",
                            CaseId = id,
                            AtRisk = true,
                        },
                        at
                    )
                ).Exists(t => t.Id == task.Id).ShouldBe(task.AtRisk);
            }
        }
    }

    private static async Task<(Instant? RiskAt, Instant? DueAt, Instant? StatutoryAt)> KeptAsync(World world, string columns, string table, Guid id)
    {
        await using var query = world.Database.Query($"select {columns} from {table} where id = $1", id);
        await using var r = await query.ExecuteReaderAsync();
        await r.ReadAsync();
        return (r.InstantOrNull(0), r.InstantOrNull(1), r.InstantOrNull(2));
    }

    private static async Task<List<TaskSummary>> ListAsync(World world, TaskFilter filter, Instant? at = null) =>
        [.. (await TaskList.ReadAsync(world.Database, filter, await world.PersonAsync("supervisor"), at ?? world.Clock.Now())).Items];

    private static async Task<IReadOnlyList<CaseSummary>> CasesAsync(World world, Urgency urgency) =>
        (await CaseQueries.ListAsync(world.Database, new() { Urgency = urgency }, await world.PersonAsync("supervisor"), world.Clock.Now())).Items;

    private static Task<Guid> ComplaintAsync(World world, string receivedOn) =>
        world.StartAsync("complaint", "CMP-1", new() { ["subject"] = "Nobody called back", ["receivedOn"] = receivedOn });

    private static async Task<World> ShippedAsync(string london)
    {
        var world = await World.CreateAsync();
        world.Clock.Set(In(london));
        await world.LoadShippedAsync();
        return world;
    }

    private static Instant In(string london) =>
        LocalDateTimePattern
            .CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm")
            .Parse(london)
            .Value.InZoneStrictly(DateTimeZoneProviders.Tzdb["Europe/London"])
            .ToInstant();

    private static DateTime Utc(string london) => In(london).ToDateTimeUtc();
}
