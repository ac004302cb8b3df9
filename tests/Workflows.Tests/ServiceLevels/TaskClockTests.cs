using System.Text;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.ServiceLevels;

/// <summary>
/// Several clocks on one task: named by the step, or started by a condition on facts; forward, backward and retroactive; each by its own rules.
/// </summary>
public sealed class TaskClockTests
{
    /// <summary>Monday 2026-06-01, 09:00 UTC.</summary>
    private static readonly Instant Start = new Testing.FakeClock().GetCurrentInstant();

    [Fact]
    public async Task A_clock_that_begins_too_late_or_pauses_too_late_tells_of_its_breach()
    {
        await using var world = await WorldAsync(
            """
            { "id": "late", "name": "Late", "subject": "case", "calendar": "24x7", "target": { "amount": "PT8H", "unit": "elapsed" },
              "start": { "events": ["event:Told"], "at": "toldAt" } }
            """,
            """
            { "id": "slow", "name": "Slow", "calendar": "24x7", "target": { "amount": "PT8H", "unit": "elapsed" }, "pauseReasons": ["waitingForCustomer"] }
            """
        );
        var desk = await OpenAsync(world, ("slaPolicy", "String", "slow"));
        await world.Runtime.Stimuli.PublishAsync("Told", "REF-1", new OrderedDictionary<string, object?> { ["toldAt"] = "2026-05-31T09:00:00Z" }, "test");
        var instance = await world.ScalarAsync<Guid>("select instance_id from task");
        (await world.ActionsAsync(instance)).Where(a => a == "sla.breached").Count().ShouldBe(1, "it was late when it began");

        // The sweeper was not there when it was due, and now the clock stands still.
        var person = await world.PersonAsync("supervisor");
        world.Clock.Advance(Duration.FromHours(9));
        await desk.DoneAsync(SuspendTask.RunAsync(world.Tasks, desk.Next, "waitingForCustomer", null, null, person));
        (await world.ActionsAsync(instance)).Where(a => a is "sla.breached" or "sla.paused").ShouldBe(["sla.breached", "sla.breached", "sla.paused"]);
        await world.Get<Escalate>().RunAsync();
        (await world.ActionsAsync(instance)).Count(a => a == "sla.breached").ShouldBe(2, "once each");
    }

    [Fact]
    public async Task A_clock_with_a_date_of_its_own_stops_when_it_stops_and_not_on_that_date()
    {
        await using var world = await WorldAsync(
            """
            { "id": "letters", "name": "Letters", "subject": "case", "calendar": "24x7", "target": { "amount": "P2D", "unit": "elapsed" },
              "start": { "events": ["event:Sent"], "at": "sentOn" }, "reset": { "events": ["event:Sent"] }, "stop": { "events": ["event:Decided"] } }
            """
        );
        await OpenAsync(world);
        await world.Runtime.Stimuli.PublishAsync("Sent", "REF-1", new OrderedDictionary<string, object?> { ["sentOn"] = "2026-06-01T08:00:00Z" }, "test");
        world.Clock.Advance(Duration.FromDays(3));
        await world.Runtime.Stimuli.PublishAsync("Decided", "REF-1", new OrderedDictionary<string, object?> { ["sentOn"] = "2026-06-01T08:00:00Z" }, "test");

        var clock = (await ClockQueries.OfCaseAsync(world.Database, await world.ScalarAsync<Guid>("select instance_id from task"))).Clocks.Single().State;
        clock.ShouldSatisfyAllConditions(
            c => c.StartedAt.ShouldBe(Start - Duration.FromHours(1)),
            c => c.EndedAt.ShouldBe(Start + Duration.FromDays(3)),
            c => c.Breached.ShouldBeTrue("decided a day too late")
        );
    }

    [Fact]
    public async Task A_task_carries_the_clocks_that_its_step_names_and_those_whose_conditions_hold()
    {
        await using var world = await WorldAsync(
            """{ "id": "own", "name": "Own", "calendar": "24x7", "target": { "amount": "PT8H", "unit": "elapsed" } }""",
            """
            { "id": "pick-up", "name": "Pick up", "calendar": "24x7", "target": { "amount": "PT2H", "unit": "elapsed" },
              "stop": { "events": ["task.claimed", "task.assigned"] } }
            """,
            """
            { "id": "work", "name": "Work", "calendar": "24x7", "target": { "amount": "PT1H", "unit": "elapsed" }, "start": { "events": ["task.started"] } }
            """,
            """
            { "id": "california", "name": "California", "kind": "statutory", "calendar": "24x7", "target": { "amount": "PT6H", "unit": "elapsed" },
              "start": { "events": ["task.opened"], "where": { "journey": ["facts"], "step": ["look"], "jurisdiction": ["US-CA"] } } }
            """,
            """
            { "id": "alaska", "name": "Alaska", "kind": "statutory", "calendar": "24x7", "target": { "amount": "PT5H", "unit": "elapsed" },
              "start": { "events": ["task.opened"], "where": { "jurisdiction": ["US-AK"] } } }
            """,
            """{ "id": "nobody-names-it", "name": "Not named", "calendar": "24x7", "target": { "amount": "PT1M", "unit": "elapsed" } }"""
        );
        var desk = await OpenAsync(world, ("slaPolicy", "String", "own"), ("slaPolicies", "List<String>", new[] { "pick-up", "work", "own" }));
        (await ClocksAsync(world, desk)).Keys.ShouldBe(["california", "own", "pick-up"]);
        (await DueAsync(world, desk)).ShouldBe(Start + Duration.FromHours(2), "the first of them");

        // What is reached is reached: the task is due by the next one.
        world.Clock.Advance(Duration.FromHours(1));
        var person = await world.PersonAsync("adjuster1");
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, person));
        var clocks = await ClocksAsync(world, desk);
        clocks["pick-up"].ShouldSatisfyAllConditions(c => c.Status.ShouldBe(ClockStatus.Completed), c => c.Breached.ShouldBeFalse());
        (await DueAsync(world, desk)).ShouldBe(Start + Duration.FromHours(6));

        // A clock may begin later.
        await desk.DoneAsync(StartTask.RunAsync(world.Tasks, desk.Next, person));
        (await DueAsync(world, desk)).ShouldBe(Start + Duration.FromHours(2), "an hour of work from 10:00");

        world.Clock.Advance(Duration.FromMinutes(90));
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], person));
        clocks = await ClocksAsync(world, desk);
        clocks.Values.ShouldAllBe(c => c.Status == ClockStatus.Completed);
        clocks.Where(c => c.Value.Breached).Select(c => c.Key).ShouldBe(["work"]);
        (
            await TaskList.ReadAsync(
                world.Database,
                new() { View = "all", State = TaskState.Completed },
                await world.PersonAsync("supervisor"),
                world.Clock.Now()
            )
        )
            .Items.ShouldHaveSingleItem()
            .Breached.ShouldBeTrue();
        (await world.ScalarAsync<int>("select count(*)::int from deadline")).ShouldBe(0);
        (await world.ActionsAsync(desk.Case))
            .Where(a => a.StartsWith("sla.", StringComparison.Ordinal))
            .ShouldBe(["sla.started", "sla.started", "sla.started", "sla.met", "sla.started", "sla.met", "sla.met", "sla.missed"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_backward_clock_counts_from_a_date_of_the_case_and_a_late_one_from_the_day_it_began()
    {
        await using var world = await WorldAsync(
            """
            { "id": "before-closing", "name": "Before closing", "calendar": "24x7", "direction": "backward", "anchor": "closing", "target": { "amount": "3",
              "unit": "calendarDays" }, "start": { "events": ["task.opened"], "where": { "journey": ["facts"] } } }
            """,
            """
            { "id": "since-received", "name": "Since received", "calendar": "24x7", "target": { "amount": "2", "unit": "calendarDays" },
              "start": { "events": ["task.opened"], "where": { "journey": ["facts"] }, "at": "receivedOn" }, "missedRungs": "skip" }
            """,
            """
            { "id": "no-such-fact", "name": "No such fact", "calendar": "24x7", "direction": "backward", "anchor": "nothing", "target": { "amount": "3",
              "unit": "calendarDays" }, "start": { "events": ["task.opened"], "where": { "journey": ["facts"] } } }
            """
        );
        var desk = await OpenAsync(world);

        var clocks = await ClocksAsync(world, desk);
        clocks.Keys.ShouldBe(["before-closing", "since-received"]);
        clocks["before-closing"].DueAt.ShouldBe(Instant.FromUtc(2026, 6, 17, 0, 0), "closing on the 19th leaves the 16th, whole");
        clocks["since-received"]
            .ShouldSatisfyAllConditions(
                c => c.DueAt.ShouldBe(Instant.FromUtc(2026, 5, 31, 0, 0)),
                c => c.Breached.ShouldBeTrue("received on the 28th of May, two days: too late before it was opened"),
                c => c.Rungs.ShouldAllBe(r => !r.Acted)
            );
        (await world.OpenTaskAsync(desk.Case)).Breached.ShouldBeTrue();
    }

    [Fact]
    public async Task A_wait_stops_the_clock_that_knows_the_reason_and_not_the_other_and_the_task_s_due_time_follows()
    {
        await using var world = await WorldAsync(
            """{ "id": "own", "name": "Own", "calendar": "24x7", "target": { "amount": "PT4H", "unit": "elapsed" }, "pauseReasons": ["waitingForCustomer"] }""",
            """{ "id": "law", "name": "Law", "kind": "statutory", "calendar": "24x7", "target": { "amount": "PT8H", "unit": "elapsed" } }"""
        );
        var desk = await OpenAsync(world, ("slaPolicies", "List<String>", new[] { "own", "law" }));
        var supervisor = await world.PersonAsync("supervisor");
        (await DueAsync(world, desk)).ShouldBe(Start + Duration.FromHours(4));

        world.Clock.Advance(Duration.FromHours(1));
        await desk.DoneAsync(SuspendTask.RunAsync(world.Tasks, desk.Next, "waitingForCustomer", null, null, supervisor));
        (await DueAsync(world, desk)).ShouldBe(Start + Duration.FromHours(8), "only the law's runs");
        await desk.DoneAsync(PrioritizeTask.RunAsync(world.Tasks, desk.Next, 1, null, supervisor));
        (await ClocksAsync(world, desk))["own"].Status.ShouldBe(ClockStatus.Paused, "it still waits, whatever else happens to it");

        world.Clock.Advance(Duration.FromHours(2));
        await desk.DoneAsync(ResumeTask.RunAsync(world.Tasks, desk.Next, supervisor));
        (await DueAsync(world, desk)).ShouldBe(Start + Duration.FromHours(6));
        var explained = ClockLedger.Of((await ClocksAsync(world, desk))["own"], world.Get<ServiceLevelCatalog>().Calendars["24x7"], world.Clock.Now());
        explained.Select(row => row.Kind).ShouldBe([LedgerKind.Ran, LedgerKind.Paused]);
    }

    [Fact]
    public async Task Conditions_may_stop_a_clock_by_what_a_person_entered_and_what_remains_ends_with_the_task()
    {
        await using var world = await WorldAsync(
            """
            { "id": "upheld", "name": "Upheld", "calendar": "24x7", "target": { "amount": "PT4H", "unit": "elapsed" }, "start": { "events": ["task.opened"],
              "where": { "journey": ["facts"] } }, "stop": { "events": ["task.completed"], "where": { "finding": ["upheld"] } } }
            """,
            """
            { "id": "rejected", "name": "Rejected", "calendar": "24x7", "target": { "amount": "PT4H", "unit": "elapsed" },
              "start": { "events": ["task.opened"], "where": { "journey": ["facts"] } }, "stop": { "events": ["task.completed"],
              "where": { "finding": ["rejected"] } } }
            """
        );
        var desk = await OpenAsync(world);
        var person = await world.PersonAsync("adjuster1");
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, person));
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, new JsonObject { ["finding"] = "upheld" }, person));
        var clocks = await ClocksAsync(world, desk);
        (clocks["upheld"].Status, clocks["rejected"].Status).ShouldBe((ClockStatus.Completed, ClockStatus.Cancelled));
    }

    [Theory]
    [InlineData("missing", "There is no SLA policy 'missing'.")]
    [InlineData("of-cases", "The SLA policy 'of-cases' applies to cases, not to tasks.")]
    public async Task A_step_that_names_no_policy_of_tasks_is_refused_when_it_is_published(string name, string why)
    {
        await using var world = await WorldAsync(
            """{ "id": "of-cases", "name": "Of cases", "subject": "case", "calendar": "24x7", "target": { "amount": "PT4H", "unit": "elapsed" } }"""
        );
        foreach (var input in new (string, string, object)[] { ("slaPolicies", "List<String>", new[] { name }), ("slaPolicy", "String", name) })
            (await world.Runtime.Definitions.PublishAsync(new("facts", Encoding.UTF8.GetBytes(Document([input])), "designer"), "test", world.Clock.Now()))
                .ShouldBeOfType<PublishResult.Invalid>()
                .Errors.Single()
                .Reason.ShouldContain(why);
    }

    private static async Task<World> WorldAsync(params string[] policies)
    {
        var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await PublishAsync(world, []);
        foreach (var policy in policies.Select(text => JsonNode.Parse(text)!.AsObject()))
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
                    world.Clock.GetCurrentInstant()
                )
            ).ShouldBeOfType<SaveServiceLevelResult.Saved>();
        }

        return world;
    }

    private static string Document((string, string, object)[] inputs) =>
        $$"""
            { "definitionId": "facts", "name": "facts",
              "variables": [ { "id": "v1", "name": "jurisdiction", "typeName": "String", "value": "US-CA" },
                { "id": "v2", "name": "closing", "typeName": "String", "value": "2026-06-19" },
                { "id": "v3", "name": "receivedOn", "typeName": "String", "value": "2026-05-28" } ],
              "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [ { "id": "look", "type": "Orchestration.HumanTask", "version": 1,
                {{Step.Of(
                "Look",
                inputs
            )}} } ] } }
            """;

    private static async Task<(Guid Case, Desk Desk)> OpenAtAsync(World world, (string, string, object)[] inputs)
    {
        await PublishAsync(world, inputs);
        var id = await world.StartAsync("facts");
        return (id, await Desk.AtAsync(world, id));
    }

    private static async Task PublishAsync(World world, (string, string, object)[] inputs) =>
        (
            await world.Runtime.Definitions.PublishAsync(new("facts", Encoding.UTF8.GetBytes(Document(inputs)), "designer"), "test", world.Clock.Now())
        ).ShouldBeOfType<PublishResult.Published>();

    private static async Task<AtWork> OpenAsync(World world, params (string, string, object)[] inputs)
    {
        var (id, desk) = await OpenAtAsync(world, inputs);
        return new(id, desk);
    }

    private static async Task<SortedDictionary<string, ClockState>> ClocksAsync(World world, AtWork desk) =>
        new((await ClockQueries.OfTaskAsync(world.Database, desk.Task)).Clocks.ToDictionary(c => c.State.Policy.Id, c => c.State), StringComparer.Ordinal);

    private static async Task<Instant?> DueAsync(World world, AtWork desk) => (await world.OpenTaskAsync(desk.Case)).DueAt?.ToInstant();

    /// <summary>Somebody at work on the task of a case.</summary>
    private sealed class AtWork(Guid id, Desk desk)
    {
        public Guid Case => id;

        public Guid Task => desk.Task;

        public TaskRequest Next => desk.Next;

        public Task<TaskAnswer> DoneAsync(Task<TaskResult> verb) => desk.DoneAsync(verb);
    }
}
