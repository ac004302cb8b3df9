using System.Text;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Performance;
using Orchestration.Workflows.PromiseLedger;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.PromiseLedger;

/// <summary>What is said of a promise when it is made, and what comes of it.</summary>
public sealed class PromiseLedgerTests
{
    private const string Assess = """ "title": "Assess", "team": "claims-adjusting", "outcomes": ["Done"] """;
    private const string Pay = """ "title": "Pay", "team": "claims-payments", "outcomes": ["Done"] """;

    [Fact]
    public void A_chance_counts_only_those_that_lasted_as_long_and_is_never_certain()
    {
        var others = Enumerable.Range(1, 20).Select(i => i * 10.0).ToList();
        PromiseChance.Of(others, 0, 100)!.Value.Chance.ShouldBe(10.5 / 21, 1e-9);
        PromiseChance.Of(others, 0, 1000)!.Value.ShouldSatisfyAllConditions(o => o.Chance.ShouldBe(20.5 / 21, 1e-9), o => o.Likely.ShouldBe(160));
        PromiseChance
            .Of(others, 100, 50)!
            .Value.ShouldSatisfyAllConditions(o => o.Alive.ShouldBe(10), o => o.Chance.ShouldBe(5.5 / 11, 1e-9), o => o.Likely.ShouldBe(80));
        PromiseChance.Of(others, 110, 50).ShouldBeNull();
    }

    [Fact]
    public async Task A_step_that_lies_ahead_is_judged_by_other_cases_and_an_unlikely_promise_needs_a_reason()
    {
        await using var world = await WorldAsync();
        await WalkAsync(world, 12);
        await world.Get<KeepFigures>().RunAsync();
        var id = await world.StartAsync("walk", "NEW");
        var make = world.Get<MakePromise>();
        var front = await world.PersonAsync("frontoffice");

        var soon = new PromiseRequest("The money", world.Clock.Now() + Duration.FromDays(31), Step: "pay");
        var unlikely = (await make.RunAsync(id, soon, front)).ShouldBeOfType<PromiseResult.Unlikely>().Odds;
        (unlikely.Basis, unlikely.Samples).ShouldBe((OddsBasis.Steps, 12));
        unlikely.Chance.ShouldBe(4.5 / 13, 1e-9);
        unlikely.LikelyAt!.Value.ShouldBeInRange(world.Clock.Now() + Duration.FromDays(66), world.Clock.Now() + Duration.FromDays(75));
        (await world.ScalarAsync<int>("select count(*)::int from promise")).ShouldBe(0);

        var late = (await make.RunAsync(id, soon with { DueAt = world.Clock.Now() + Duration.FromDays(80) }, front)).ShouldBeOfType<PromiseResult.Done>();
        var all = (await make.RunAsync(id, soon with { Reason = "Their roof is open" }, front)).ShouldBeOfType<PromiseResult.Done>();
        (await world.ScalarAsync<string>("select reason from promise where clock_id = @ClockId", all)).ShouldBe("Their roof is open");
        (await world.ScalarAsync<string>("select team from promise where clock_id = @ClockId", late)).ShouldBe("claims-payments");
        (
            await world.ScalarAsync<string>(
                "select payload ->> 'reason' from event where action = 'promise.made' and entity_id = @Id",
                new { Id = Ids.Text(all.ClockId) }
            )
        ).ShouldBe("Their roof is open");
    }

    [Fact]
    public async Task When_a_case_comes_to_its_last_stage_is_said_from_finished_cases_that_were_at_the_same_step()
    {
        await using var world = await WorldAsync();
        await PublishStagesAsync(world);
        await WalkAsync(world, 12);
        await world.KeepFiguresAsync();
        var id = await world.StartAsync("walk", "NEW");
        var (clocks, now) = (world.Get<MakePromise>().Clocks, world.Clock.Now());

        var forecast = (await LastStage.OfAsync(clocks, id))!;
        (forecast.Title.En, forecast.Samples).ShouldBe(("We pay", 12));
        forecast.Usually.ShouldBeInRange(now + Duration.FromDays(38), now + Duration.FromDays(46), "the sixth of twelve took six weeks");
        forecast.Likely.ShouldBeInRange(now + Duration.FromDays(66), now + Duration.FromDays(75), "the tenth took ten weeks");

        await CompleteAsync(world, id, "assess");
        (await LastStage.OfAsync(clocks, id)).ShouldBeNull("the step that pays is open");
        var other = await world.StartAsync("walk", "OTHER");
        var supervisor = await world.PersonAsync("supervisor");
        for (var i = 0; i < 13; i++)
            await CancelCase.RunAsync(world.Runtime, await world.StartAsync("walk", $"GONE-{i}"), "Withdrawn", supervisor);
        await world.KeepFiguresAsync();
        (await LastStage.OfAsync(clocks, other)).ShouldBeNull("fewer than half come there");
    }

    [Fact]
    public async Task Without_enough_history_nothing_is_said_and_nothing_asked_for()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var make = world.Get<MakePromise>();
        (await make.OddsAsync(id, "pay", world.Clock.Now() + Duration.FromHours(1))).ShouldBeNull();
        (await make.OddsAsync(id, null, world.Clock.Now() + Duration.FromHours(1))).ShouldBeNull();
        (
            await make.RunAsync(id, new("Call back", world.Clock.Now() + Duration.FromHours(1)), await world.PersonAsync("frontoffice"))
        ).ShouldBeOfType<PromiseResult.Done>();
    }

    [Fact]
    public async Task The_ledger_counts_what_became_of_promises_and_compares_it_with_what_was_said()
    {
        await using var world = await WorldAsync();
        var make = world.Get<MakePromise>();
        var (front, supervisor) = (await world.PersonAsync("frontoffice"), await world.PersonAsync("supervisor"));
        var id = await world.StartAsync("walk", "ONE");
        for (var i = 0; i < 12; i++)
        {
            var due = world.Clock.Now() + Duration.FromHours(2);
            var made = (await make.RunAsync(id, new($"Call {i}", due), i % 3 == 0 ? supervisor : front)).ShouldBeOfType<PromiseResult.Done>();
            if (i == 11)
                continue;
            world.Clock.Advance(Duration.FromHours(i == 10 ? 3 : 1));
            var outcome = i == 9 ? PromiseOutcome.Withdrawn : PromiseOutcome.Kept;
            await Promises.SettleAsync(make.Clocks, id, made.ClockId, outcome, "so", front);
        }

        var ledger = await ReadAsync(new() { Since = NodaConstants.UnixEpoch });
        ledger.Counts.ShouldBe(new(1, 0, 9, 1, 0, 1));
        ledger.Promises[0].State.ShouldBe(PromiseState.Open);
        ledger.Promises[0].Chance!.Value.ShouldBe(9.5 / 11, 1e-6);
        ledger.People.Select(row => (row.Key, row.Counts.All)).ShouldBe([("frontoffice", 8), ("supervisor", 4)]);
        ledger.Customers.ShouldHaveSingleItem().Counts.KeptShare!.Value.ShouldBe(0.9, 1e-9);
        ledger.Calibration.Sum(band => band.Count).ShouldBe(0);

        world.Clock.Advance(Duration.FromHours(3));
        (await ReadAsync(new() { Since = NodaConstants.UnixEpoch, State = PromiseState.Overdue })).Promises.ShouldHaveSingleItem().What.ShouldBe("Call 11");
        var overdue = await ReadAsync(new() { Since = NodaConstants.UnixEpoch });
        overdue.Customers.Single().Counts.KeptShare!.Value.ShouldBe(9.0 / 11, 1e-9, "past its time is broken, said or not");
        overdue.Calibration[3].ShouldSatisfyAllConditions(b => b.Count.ShouldBe(1), b => b.Kept.ShouldBe(0));
        await world.Get<Escalate>().SweepAsync(100);
        (await FigureAsync()).ShouldBe((Math.Round(9.0 / 11, 9), 11), "performance has the same rule");
        overdue.Brier!.Value.ShouldBe(Math.Pow(9.5 / 11, 2), 1e-6);
        (await ReadAsync(new() { Since = NodaConstants.UnixEpoch, Band = 3 })).Promises.ShouldHaveSingleItem().What.ShouldBe("Call 11");
        await Promises.SettleAsync(make.Clocks, id, ledger.Promises[0].Id, PromiseOutcome.Broken, "Forgotten", front);
        var after = await ReadAsync(new() { Since = NodaConstants.UnixEpoch });
        (after.Counts.Broken, after.Counts.Open).ShouldBe((1, 0));
        after.Calibration[3].ShouldSatisfyAllConditions(b => b.Count.ShouldBe(1), b => b.Kept.ShouldBe(0), b => b.Said.ShouldBe(9.5 / 11, 1e-6));
        after.Brier!.Value.ShouldBe(Math.Pow(9.5 / 11, 2), 1e-6);
        (await FigureAsync()).ShouldBe((Math.Round(9.0 / 11, 9), 11), "it counts once");
        (await ReadAsync(new() { Since = NodaConstants.UnixEpoch, Band = 3 })).Promises.ShouldHaveSingleItem().What.ShouldBe("Call 11");
        (
            await ReadAsync(
                new()
                {
                    Since = NodaConstants.UnixEpoch,
                    Person = "supervisor",
                    State = PromiseState.Kept,
                }
            )
        ).Promises.Count.ShouldBe(3);
        (await ReadAsync(new() { Since = world.Clock.Now() })).Counts.All.ShouldBe(0);
        (
            await ReadLedger.RunAsync(world.Database, new() { Since = NodaConstants.UnixEpoch }, await world.PersonAsync("closer1"), world.Clock.Now())
        ).Counts.All.ShouldBe(0);

        Task<Ledger> ReadAsync(LedgerFilter filter) => ReadLedger.RunAsync(world.Database, filter, front, world.Clock.Now());

        async Task<(double, long)> FigureAsync()
        {
            await world.KeepFiguresAsync();
            var day = world.Clock.Now().InUtc().Date;
            var figure = Kpi.Find("promises")!.Of((await ReadFigures.RunAsync(world.Database, new(day.PlusDays(-7), day.PlusDays(1)))).Total);
            return (Math.Round(figure.Value!.Value, 9), figure.Samples);
        }
    }

    [Fact]
    public async Task A_promise_that_its_step_keeps_is_settled_in_the_ledger_too()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var front = await world.PersonAsync("frontoffice");
        await world.Get<MakePromise>().RunAsync(id, new("The assessment", world.Clock.Now() + Duration.FromHours(5), Step: "assess"), front);
        await CompleteAsync(world, id, "assess");
        (await world.ScalarAsync<string>("select outcome from promise")).ShouldBe("Kept");
    }

    [Fact]
    public async Task A_promise_to_call_is_kept_by_a_call_that_reaches_the_customer_and_not_by_the_end_of_the_case()
    {
        await using var world = await WorldAsync();
        var front = await world.PersonAsync("frontoffice");
        var make = world.Get<MakePromise>();
        var (one, two) = (await world.StartAsync("walk", "ONE"), await world.StartAsync("walk", "TWO"));
        var customer = (await CustomerQueries.OfNumberAsync(world.Database, "C-1", front, world.Clock.Now()))!.Id;
        await make.RunAsync(one, new("Call back", world.Clock.Now() + Duration.FromHours(5)), front);
        await make.RunAsync(one, new("The assessment", world.Clock.Now() + Duration.FromHours(50), Step: "assess"), front);
        await CallAsync(ContactChannel.Call, incoming: true, ContactOutcome.Answered);
        await CallAsync(ContactChannel.Call, incoming: false, ContactOutcome.NotReached);
        await CallAsync(ContactChannel.Letter, incoming: false, ContactOutcome.Sent);
        (await OutcomesAsync(one)).ShouldBe(["Call back Open", "The assessment Open"]);
        await CallAsync(ContactChannel.Call, incoming: false, ContactOutcome.Answered);
        (await OutcomesAsync(one)).ShouldBe(["Call back Kept", "The assessment Open"]);
        (await world.ActionsAsync(one)).Count(action => action == "promise.kept").ShouldBe(1);

        await make.RunAsync(two, new("Call before Friday", world.Clock.Now() + Duration.FromHours(5)), front);
        await make.RunAsync(two, new("Call today", world.Clock.Now() + Duration.FromHours(1)), front);
        world.Clock.Advance(Duration.FromHours(2));
        await CompleteAsync(world, two, "assess");
        await CompleteAsync(world, two, "pay");
        (await OutcomesAsync(two)).ShouldBe(["Call before Friday Withdrawn", "Call today Broken"]);

        Task<ContactResult> CallAsync(ContactChannel channel, bool incoming, ContactOutcome outcome) =>
            RecordContact.RunAsync(world.Tasks, customer, new(channel, incoming, outcome, "", one), front);

        async Task<string[]> OutcomesAsync(Guid id) =>
            await world.ScalarAsync<string[]>(
                "select array_agg(k.name || ' ' || p.outcome order by k.name) from promise p join sla_clock k on k.id = p.clock_id where p.case_id = @id",
                new { id }
            );
    }

    private static async Task<World> WorldAsync()
    {
        var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishAsync("walk", ("assess", Assess), ("pay", Pay));
        return world;
    }

    private static async Task PublishStagesAsync(World world)
    {
        const string Walk = $$"""
            {
              "definitionId": "walk", "name": "walk",
              "customProperties": { "customer": { "stages": [
                { "title": { "en": "We assess", "de": "Wir begutachten" }, "steps": ["assess"] },
                { "title": { "en": "We pay", "de": "Wir zahlen" }, "steps": ["pay"] }
              ] } },
              "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [
                { "id": "assess", "type": "Orchestration.HumanTask", "version": 1, {{Assess}} },
                { "id": "pay", "type": "Orchestration.HumanTask", "version": 1, {{Pay}} }
              ] }
            }
            """;
        (
            await world.Runtime.Definitions.PublishAsync(new("walk", Encoding.UTF8.GetBytes(Walk), "designer"), "test", world.Clock.Now())
        ).ShouldBeOfType<PublishResult.Published>();
    }

    /// <summary>Cases that begin together, and of which one a week comes to its end.</summary>
    private static async Task WalkAsync(World world, int cases)
    {
        var ids = new List<Guid>();
        for (var i = 0; i < cases; i++)
        {
            ids.Add(await world.StartAsync("walk", $"OLD-{i}"));
            await CompleteAsync(world, ids[i], "assess");
        }

        foreach (var id in ids)
        {
            world.Clock.Advance(Duration.FromDays(7));
            await CompleteAsync(world, id, "pay");
        }
    }

    private static async Task CompleteAsync(World world, Guid id, string step)
    {
        var person = await world.PersonAsync("adjuster1");
        var task = await world.OpenTaskAsync(id, step);
        var claimed = await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, $"claim-{task.Id}"), person));
        await world.DoneAsync(CompleteTask.RunAsync(world.Tasks, new(task.Id, claimed.Revision, $"done-{task.Id}"), "Done", [], person));
    }
}
