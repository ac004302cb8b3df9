using System.Text.Json.Nodes;
using Dapper;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Calendars;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.ServiceLevels;

/// <summary>
/// Laws of clocks and ladders in the real database, with two hosts: random histories of waits, outages, sweeps by one host or both at once, and sweeps that are
/// broken off; each on tasks with three clocks.
/// </summary>
public sealed class ClockDatabaseLaws
{
    private const int Tasks = 3;

    private static readonly string[] Policies =
    [
        // Wall time, pausable, every kind of rung.
        """
            { "id": "wall", "name": "Wall", "calendar": "24x7", "target": { "amount": "PT10H", "unit": "elapsed" }, "pauseReasons": ["waitingForCustomer"],
              "ladder": [ { "percent": 25, "actions": [ { "action": "notify", "to": "owner" } ] },
                { "percent": 50, "actions": [ { "action": "raisePriority", "by": 1 }, { "action": "relaxSkills" } ] },
                          { "before": { "amount": "PT2H", "unit": "elapsed" }, "actions": [ { "action": "addWatcher", "who": "compliance" } ] },
                            { "percent": 100, "actions": [ { "action": "reassign", "to": "lead" } ] },
                          { "after": { "amount": "PT5H", "unit": "elapsed" }, "actions": [ { "action": "notify", "to": "compliance" } ] } ] }
            """,
        // Open hours in another zone, paused by either reason.
        """
            { "id": "open", "name": "Open", "calendar": "claims-office", "target": { "amount": "PT6H", "unit": "workingTime" },
              "pauseReasons": ["waitingForCustomer", "waitingForThirdParty"],
              "ladder": [ { "percent": 50, "actions": [ { "action": "notify", "to": "team" } ] },
                { "percent": 100, "actions": [ { "action": "raisePriority", "by": 1 } ] },
                { "percent": 200, "actions": [ { "action": "notify", "to": "manager" } ] } ] }
            """,
        // The law's, which never stands still.
        """
            { "id": "law", "name": "Law", "kind": "statutory", "calendar": "claims-office", "target": { "amount": "2", "unit": "businessDays" },
              "ladder": [ { "percent": 75, "actions": [ { "action": "notify", "to": "lead" } ] },
                { "percent": 100, "actions": [ { "action": "notify", "to": "manager" } ] } ] }
            """,
    ];

    private enum What
    {
        SweepOne,
        SweepOther,
        SweepBoth,
        BreakOff,
        WaitForCustomer,
        WaitForThirdParty,
        GoOn,
        Complete,
    }

    /// <summary>One thing that happens, some time after the one before.</summary>
    private sealed record Move(What What, int Task, int Minutes);

    [Fact]
    public async Task Rungs_act_once_and_never_in_a_pause_none_is_lost_and_rows_compute_again_to_what_is_stored()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        foreach (var policy in Policies.Select(text => JsonNode.Parse(text)!.AsObject()))
        {
            (
                await SaveServiceLevel.RunAsync(
                    world.Get<SettingDocuments>(),
                    world.Get<ServiceLevelCatalog>(),
                    SettingKind.Sla,
                    (string)policy["id"]!,
                    0,
                    policy,
                    await world.PersonAsync("admin"),
                    world.Clock.Now()
                )
            ).ShouldBeOfType<SaveServiceLevelResult.Saved>();
        }

        await world.PublishAsync(
            "one",
            ("a", Step.Of("Look", ("slaPolicies", "List<String>", new[] { "wall", "open", "law" }), ("preferredSkills", "List<String>", new[] { "fraud" })))
        );
        await using var other = await world.AnotherHostAsync();
        var supervisor = await world.PersonAsync("supervisor");
        var cases = 0;
        var move =
            from what in Gen.Frequency(
                (3, Gen.Constant(What.SweepOne)),
                (3, Gen.Constant(What.SweepOther)),
                (4, Gen.Constant(What.SweepBoth)),
                (2, Gen.Constant(What.BreakOff)),
                (3, Gen.Constant(What.WaitForCustomer)),
                (2, Gen.Constant(What.WaitForThirdParty)),
                (4, Gen.Constant(What.GoOn)),
                (1, Gen.Constant(What.Complete))
            )
            from task in Gen.Choose(0, Tasks - 1)
            from minutes in Gen.OneOf(Gen.Choose(0, 90), Gen.Choose(0, 600), Gen.Choose(0, 4000))
            select new Move(what, task, minutes);
        Laws.Hold(move.ArrayOf(25), moves => RunAsync(world, other, supervisor, moves, ++cases).GetAwaiter().GetResult(), oneOf: 20);
    }

    private static async Task RunAsync(World one, World other, Person supervisor, Move[] moves, int number)
    {
        var desks = new List<(Guid Case, Desk Desk)>();
        for (var i = 0; i < Tasks; i++)
        {
            var id = await one.StartAsync("one", $"C-{number}-{i}");
            desks.Add((id, await Desk.AtAsync(one, id)));
            one.Clock.Advance(Duration.FromMinutes(13));
        }

        foreach (var move in moves)
        {
            one.Clock.Advance(Duration.FromMinutes(move.Minutes));
            switch (move.What)
            {
                case What.SweepOne:
                    await SweepAsync(one);
                    break;
                case What.SweepOther:
                    await SweepAsync(other);
                    break;
                case What.SweepBoth:
                    await Task.WhenAll(SweepAsync(one), SweepAsync(other));
                    break;
                case What.BreakOff:
                    // A host of its own: nobody uses the connections of one that died.
                    await using (var mortal = await one.AnotherHostAsync())
                    {
                        using var dies = new CancellationTokenSource();
                        dies.CancelAfter(TimeSpan.FromMilliseconds(move.Minutes % 17));
                        await Task.WhenAll(SweepAsync(mortal, dies.Token), SweepAsync(other));
                    }

                    break;
                default:
                    await DoAsync(one, desks[move.Task], move.What, supervisor);
                    break;
            }
        }

        // All go on, and long after everything the ladder has come to its end.
        foreach (var desk in desks)
            await DoAsync(one, desk, What.GoOn, supervisor);
        one.Clock.Advance(Duration.FromDays(30));
        await Task.WhenAll(SweepAsync(one), SweepAsync(other));
        await SweepAsync(one);
        foreach (var (id, _) in desks)
            await CheckAsync(one, id);
    }

    private static async Task DoAsync(World world, (Guid Case, Desk Desk) at, What what, Person supervisor)
    {
        var row = await world.ScalarAsync<string>("select state || ' ' || revision from task where id = @Task", new { at.Desk.Task });
        var (state, revision) = (Enum.Parse<TaskState>(row.Split(' ')[0]), int.Parse(row.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
        at.Desk.Revision = revision;
        switch (what)
        {
            case What.WaitForCustomer or What.WaitForThirdParty when state is TaskState.Ready or TaskState.Reserved:
                await at.Desk.DoneAsync(
                    SuspendTask.RunAsync(
                        world.Tasks,
                        at.Desk.Next,
                        what == What.WaitForCustomer ? "waitingForCustomer" : "waitingForThirdParty",
                        null,
                        null,
                        supervisor
                    )
                );
                break;
            case What.GoOn when state == TaskState.Suspended:
                await at.Desk.DoneAsync(ResumeTask.RunAsync(world.Tasks, at.Desk.Next, supervisor));
                break;
            case What.Complete when state is TaskState.Ready or TaskState.Reserved:
                var person = await world.PersonAsync("senior1");
                await at.Desk.DoneAsync(AssignTask.RunAsync(world.Tasks, at.Desk.Next, "senior1", null, supervisor));
                await at.Desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, at.Desk.Next, null, [], person));
                break;
        }
    }

    private static async Task SweepAsync(World world, CancellationToken cancel = default)
    {
        try
        {
            while (await world.Get<Escalate>().SweepAsync(3, cancel) > 0) { }
        }
        catch (Exception broken) when (cancel.IsCancellationRequested && broken is OperationCanceledException or { Source: "Npgsql" })
        {
            // The host died: what it did not commit is as if it had never begun. Broken off between two results Npgsql says so in other words.
        }
    }

    private static async Task CheckAsync(World world, Guid id)
    {
        var catalog = world.Get<ServiceLevelCatalog>();
        var now = world.Clock.Now();
        await using var connection = await world.Database.OpenConnectionAsync();
        var events = (
            await connection.QueryAsync<(string Clock, string Action, string Rung, DateTime At)>(
                """
                select e.entity_id, e.action, e.payload->>'rung', e.at from event e
                    where e.chain_id = @id and e.action in ('sla.rung', 'sla.rung-skipped') order by e.sequence
                """,
                new { id }
            )
        ).ToList();
        var clocks = (await ClockQueries.AllOfCaseAsync(world.Database, id)).Clocks;
        clocks.Count.ShouldBe(3);
        foreach (var (clock, state) in clocks.Select(c => (c, c.State)))
        {
            var calendar = catalog.CalendarOf(state);
            var told = events.Where(e => e.Clock == Ids.Text(clock.Id)).ToList();

            // Each rung at most once; none is lost: a clock that ran to its end dealt with all of them.
            told.Select(e => e.Rung).ShouldBeUnique();
            told.Select(e => (e.Rung, e.At.ToInstant(), e.Action == "sla.rung"))
                .ShouldBe(state.Rungs.Select(r => (r.Rung, r.At, r.Acted)), "history tells what the clock remembers");
            if (!state.Ended)
                told.Select(e => e.Rung).Order().ShouldBe(state.Policy.Ladder.Select(r => r.Key).Order());
            told.Where(e => e.Action == "sla.rung").Select(e => e.At).ShouldBeUnique("of those passed in an outage only the highest acts");

            // Frozen in a pause.
            foreach (var pause in state.Segments.Where(s => !s.Running))
                told.ShouldAllBe(e => e.At.ToInstant() <= pause.From || e.At.ToInstant() >= (pause.To ?? now));
            (await connection.ExecuteScalarAsync<int>("select count(*)::int from deadline where subject_id = @Id", new { clock.Id })).ShouldBe(
                0,
                "nothing is left to happen"
            );

            // The ledger's rows have no gap and sum up to the time used; computing again from the history gives the stored clock and the stored rows, bit for
            // bit.
            var rows = (
                await connection.QueryAsync<(int Generation, DateTime From, DateTime To, string Kind, string Cause, long Counted)>(
                    "select generation, from_at, to_at, kind, cause, counted from sla_ledger where clock_id = @Id order by generation, from_at",
                    new { clock.Id }
                )
            ).ToList();
            rows.Zip(rows.Skip(1)).ShouldAllBe(pair => pair.First.To == pair.Second.From);
            rows.Sum(r => r.Counted).ShouldBe(state.Used.ToInt64Nanoseconds() / 1000);
            var again = Clock.Recompute(state, state.Policy, calendar, now);
            ClockJson.Write(again.State).ShouldBe(ClockJson.Write(Clock.MarkBreach(state, now)));
            again
                .Rows.Select(r =>
                    (r.Generation, r.From.ToDateTimeUtc(), r.To.ToDateTimeUtc(), r.Kind.ToString(), r.Cause, r.Counted.ToInt64Nanoseconds() / 1000)
                )
                .ShouldBe(rows);
        }
    }
}
