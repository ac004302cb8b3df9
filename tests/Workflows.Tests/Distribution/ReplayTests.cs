using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Distribution;

/// <summary>Policies on recorded arrivals.</summary>
public sealed class ReplayTests
{
    [Fact]
    public void Each_task_is_done_once_by_someone_who_may_and_nobody_is_over_capacity()
    {
        var people = new[] { Person(1, "fha"), Person(2) };
        var arrivals = Enumerable.Range(0, 40).Select(n => Arrival(n, n % 3 == 0 ? ["fha"] : [])).ToList();
        var end = Office.Now + Duration.FromDays(3);
        var outcomes = Rehearsal.Run(people, [], arrivals, null, end, Rehearsal.Push(new()));
        outcomes.Count.ShouldBe(40);
        outcomes.ShouldAllBe(one => one.EndedAt != null);
        outcomes.Where(one => one.Task.Work.Required.Count > 0).ShouldAllBe(one => one.Person == people[0].Id);
        foreach (var mine in outcomes.GroupBy(one => one.Person))
        {
            var byStart = mine.OrderBy(one => one.StartedAt).ToList();
            byStart.Zip(byStart.Skip(1)).ShouldAllBe(pair => pair.First.EndedAt <= pair.Second.StartedAt + Duration.FromMinutes(1));
        }

        Rehearsal.Run(people, [], arrivals, null, end, Rehearsal.Push(new())).ShouldBe(outcomes);
    }

    [Fact]
    public void Nobody_works_while_they_are_away()
    {
        var away = new PresenceAt(Office.Now - Duration.FromHours(1), Office.Id(1001), "OffShift");
        var back = new PresenceAt(Office.Now + Duration.FromHours(5), Office.Id(1001), Worker.Available);
        var outcome = Rehearsal
            .Run([Person(1)], [away, back], [Arrival(1, [])], null, Office.Now + Duration.FromDays(1), Rehearsal.Push(new()))
            .ShouldHaveSingleItem();
        outcome.StartedAt!.Value.ShouldBeGreaterThanOrEqualTo(back.At);
    }

    [Fact]
    public void Pushing_keeps_scarce_skills_that_pulling_wastes()
    {
        var people = new[] { Person(1, "fha"), Person(2) };
        var arrivals = Enumerable.Range(0, 60).Select(n => Arrival(n, n % 2 == 0 ? [] : ["fha"])).ToList();
        var end = Office.Now + Duration.FromDays(2);
        var pulled = Rehearsal.Run(people, [], arrivals, null, end, Rehearsal.Pull());
        var pushed = Rehearsal.Run(people, [], arrivals, null, end, Rehearsal.Push(new()));
        var report = ReplayReport.Of(people, pulled, pushed, Duration.FromDays(4), end);
        report.Tasks.ShouldBe(60);
        report.Simulated.Wasted.ShouldBeLessThanOrEqualTo(report.Happened.Wasted);
        report.Simulated.Gini.ShouldBeInRange(0, 1);
    }

    [Fact]
    public void Figures_are_what_they_are_by_hand()
    {
        // Two people for 200 minutes each. The first has fha, which the third task needs. Each task has an internal deadline at 60 and a statutory one at 120
        // minutes.
        var people = new[] { Person(1, "fha"), Person(2) };
        var tasks = new[] { Deadlines(0, 30), Deadlines(1, 30), Deadlines(2, 60, "fha"), Deadlines(3, 30) };
        Instant At(int minutes) => Office.Now + Duration.FromMinutes(minutes);
        var happened = new[]
        {
            new Outcome(tasks[0], At(10), At(40), people[0].Id),
            new Outcome(tasks[1], At(20), At(50), people[1].Id),
            new Outcome(tasks[2], At(40), At(100), people[0].Id),
            new Outcome(tasks[3], null, null, null),
        };
        var simulated = new[]
        {
            new Outcome(tasks[0], At(0), At(30), people[1].Id),
            new Outcome(tasks[1], At(30), At(60), people[1].Id),
            new Outcome(tasks[2], At(0), At(60), people[0].Id),
            new Outcome(tasks[3], At(60), At(90), people[1].Id),
        };

        var report = ReplayReport.Of(people, happened, simulated, Duration.FromMinutes(400), At(200));

        // Waits: 10, 20, 40 and until the end, 200; pushed 0, 30, 0 and 60.
        report.Happened.ShouldSatisfyAllConditions(
            then => then.Attainment.ShouldBe(0.5, "two of four within 60 minutes"),
            then => then.WaitMinutes.ShouldBe(40),
            then => then.LongWaitMinutes.ShouldBe(200),
            then => then.Utilisation.ShouldBe(120 / 400.0),
            then => then.Gini.ShouldBe(0.25, 1e-9, "90 and 30 minutes"),
            then => then.Wasted.ShouldBe(1, "the first task was done by the only one with fha"),
            then => then.Left.ShouldBe(1)
        );
        report.Simulated.ShouldSatisfyAllConditions(
            now => now.Attainment.ShouldBe(0.75),
            now => now.WaitMinutes.ShouldBe(30),
            now => now.LongWaitMinutes.ShouldBe(60),
            now => now.Utilisation.ShouldBe(150 / 400.0),
            now => now.Gini.ShouldBe(0.1, 1e-9, "60 and 90 minutes"),
            now => now.Wasted.ShouldBe(0),
            now => now.Left.ShouldBe(0)
        );
        report.Steps.ShouldBe([new("Step", "internal", 4, 0.5, 0.75), new("Step", "statutory", 4, 0.75, 1)]);
    }

    [Fact]
    public async Task Capacity_in_a_replay_is_what_people_have()
    {
        await using var world = await World.CreateAsync();
        await PushWorld.AtAsync(world, "pull");
        await world.ScalarAsync<int>(
            "insert into person_capacity (person_id, live, deferred) select id, 300, 200 from person where user_name = 'adjuster1' returning live"
        );
        await using var connection = await world.Database.OpenConnectionAsync();
        var people = await TeamSnapshot.PeopleAsync(connection, PushWorld.Team, new(), world.Clock.Now(), default);
        var person = people.Single(one => one.Name == "Daniel Brandt");
        (person.LiveCapacity, person.DeferredCapacity, person.Capacity).ShouldBe((300, 200, 500));
        var ready = Replay.Ready(person, world.Clock.Now(), recorded: false);
        (ready.FreeLive, ready.FreeDeferred).ShouldBe((300, 200));
    }

    [Fact]
    public async Task What_happened_is_read_and_nothing_is_written()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "pull");
        await world.PublishAsync("timed", ("a", Step.Of("Look", ("slaDuration", "String", "PT4H"))));
        await push.AvailableAsync("adjuster1");
        var person = await world.PersonAsync("adjuster1");
        for (var i = 0; i < 3; i++)
        {
            var desk = await Desk.AtAsync(world, await world.StartAsync("timed", $"REF-{i}"));
            await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, person));
            world.Clock.Advance(Duration.FromMinutes(20));
            await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], person));
        }

        var events = await world.ScalarAsync<int>("select count(*)::int from event");
        var report = await world.Get<Replay>().RunAsync(PushWorld.Team, new(), Duration.FromDays(7));
        (report.Tasks, report.Happened.Left).ShouldBe((3, 0));
        report.Steps.ShouldHaveSingleItem().ShouldBe(new("Look", "internal", 3, 1, 1));
        report.Simulated.Utilisation.ShouldNotBeNull();
        (await world.ScalarAsync<int>("select count(*)::int from event")).ShouldBe(events);
        (await world.ScalarAsync<int>("select count(*)::int from distribution_decision")).ShouldBe(0);
    }

    private static Worker Person(int number, params string[] skills) =>
        new()
        {
            Id = Office.Id(1000 + number),
            Name = $"{number}",
            Teams = ["north"],
            Skills = skills.ToDictionary(skill => skill, _ => new WorkerSkill(3, null)),
            FreeLive = 100,
            FreeDeferred = 100,
            Slots = int.MaxValue,
            IdleSince = Office.Now,
        };

    private static Arrival Deadlines(int number, int minutes, params string[] skills)
    {
        var arrival = Arrival(0, skills);
        var (@internal, statutory) = (Office.Now + Duration.FromMinutes(60), Office.Now + Duration.FromMinutes(120));
        return arrival with
        {
            Work = arrival.Work with { Id = Office.Id(number) },
            DueAt = @internal,
            Service = Duration.FromMinutes(minutes),
            Deadlines = [new("internal", @internal), new("statutory", statutory)],
        };
    }

    private static Arrival Arrival(int number, string[] skills)
    {
        var at = Office.Now + Duration.FromMinutes(number * 7);
        var work = new Work
        {
            Id = Office.Id(number),
            Title = "Step",
            Team = "north",
            Required = [.. skills.Select(SkillNeed.Parse)],
            OpenedAt = at,
        };
        return new(work, "Step", at + Duration.FromHours(4), Duration.FromMinutes(15));
    }
}
