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
    public async Task What_happened_is_read_and_nothing_is_written()
    {
        await using var world = await World.CreateAsync();
        var push = await PushWorld.AtAsync(world, "pull");
        await push.AvailableAsync("adjuster1");
        var person = await world.PersonAsync("adjuster1");
        for (var i = 0; i < 3; i++)
        {
            var desk = await Desk.AtAsync(world, await world.StartAsync("one", $"REF-{i}"));
            await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, person));
            world.Clock.Advance(Duration.FromMinutes(20));
            await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], person));
        }

        var events = await world.ScalarAsync<int>("select count(*)::int from event");
        var report = await world.Get<Replay>().RunAsync(PushWorld.Team, new(), Duration.FromDays(7));
        (report.Tasks, report.Steps.Single().Title, report.Happened.Left).ShouldBe((3, "Look", 0));
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
