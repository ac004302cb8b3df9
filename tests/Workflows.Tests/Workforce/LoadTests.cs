using System.Globalization;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Tests.Workforce;

/// <summary>How much people have, can have, and how long it takes.</summary>
public sealed class LoadTests
{
    [Fact]
    public async Task A_step_says_kind_effort_and_weight_and_the_load_follows_the_task()
    {
        await using var world = await World.CreateAsync();
        await world.ScalarAsync<int>("with t as (update team set distribution = 'offer' where key = 'claims-adjusting' returning 1) select 1 from t");
        await world.PublishAsync(
            "work",
            (
                "call",
                Step.Of(
                    "Call",
                    Step.Outcomes("Done"),
                    ("workKind", "String", "live"),
                    ("effort", "Int32", 15),
                    ("weight", "Int32", 50),
                    ("suspendedCounts", "Boolean", true)
                )
            ),
            ("file", Step.Of("File", Step.Outcomes("Done")))
        );
        var sofia = await world.PersonAsync("adjuster2");
        var @case = await world.StartAsync("work");
        var desk = await Desk.AtAsync(world, @case);
        var task = (await TaskDetail.FindAsync(world.Runtime, desk.Task, sofia))!;
        (task.WorkKind, task.Effort, task.Weight).ShouldBe(("live", 15, 50));
        (await LoadAsync(world, sofia)).ShouldBe("0/100 0/100");

        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, sofia));
        (await LoadAsync(world, sofia)).ShouldBe("50/100 0/100");
        await desk.DoneAsync(StartTask.RunAsync(world.Tasks, desk.Next, sofia));
        await desk.DoneAsync(SuspendTask.RunAsync(world.Tasks, desk.Next, "waitingForCustomer", null, null, sofia));
        (await LoadAsync(world, sofia)).ShouldBe("50/100 0/100", "its step says that it counts while it is suspended");
        await desk.DoneAsync(ResumeTask.RunAsync(world.Tasks, desk.Next, sofia));
        (await RequestsAsync(world)).ShouldBe(0, "she still has it");
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, "Done", [], sofia));
        (await LoadAsync(world, sofia)).ShouldBe("0/100 0/100");
        (await RequestsAsync(world)).ShouldBe(1);

        var file = await Desk.AtAsync(world, @case);
        await file.DoneAsync(ClaimTask.RunAsync(world.Tasks, file.Next, sofia));
        (await LoadAsync(world, sofia)).ShouldBe("0/100 100/100");
        await file.DoneAsync(SuspendTask.RunAsync(world.Tasks, file.Next, "waitingForCustomer", null, null, sofia));
        (await LoadAsync(world, sofia)).ShouldBe("0/100 0/100");
        (await RequestsAsync(world)).ShouldBe(2, "suspended work leaves room for other work");
    }

    [Theory]
    [InlineData("workKind", "String", "sometimes", "the kind of work must be live or deferred")]
    [InlineData("effort", "Int32", 0, "the effort must be from 1 to 100000 minutes")]
    [InlineData("weight", "Int32", 10_001, "the weight must be from 1 to 10000")]
    public async Task A_step_that_says_nonsense_is_not_published(string input, string type, object value, string reason)
    {
        await using var world = await World.CreateAsync();
        var step = $$"""{ "id": "a", "type": "Orchestration.HumanTask", "version": 1, {{Step.Of("Look", (input, type, value))}} }""";
        var document =
            $$"""{ "definitionId": "odd", "name": "odd", "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [{{step}}] } }""";
        var result = await world.Runtime.Definitions.PublishAsync(
            new("odd", System.Text.Encoding.UTF8.GetBytes(document), "designer"),
            "test",
            world.Clock.Now()
        );
        var error = result.ShouldBeOfType<PublishResult.Invalid>().Errors.ShouldHaveSingleItem();
        error.Path.ShouldEndWith($".{input}");
        error.Reason.ShouldContain(reason);
    }

    [Fact]
    public async Task Effort_is_learned_as_the_median_of_the_last_90_days_when_five_were_completed()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("work", ("a", Step.Of("File", Step.Outcomes("Done"))));
        var sofia = await world.PersonAsync("adjuster2");
        await CompleteAsync(world, sofia, 0, 500);
        world.Clock.Advance(Duration.FromDays(91));
        foreach (var (minutes, number) in new[] { 10, 20, 30, 40 }.Select((m, i) => (m, i + 1)))
            await CompleteAsync(world, sofia, number, minutes);
        await StepEffort.LearnAsync(world.Database, world.Clock.Now());
        var few = (await StepEffort.ListAsync(world.Database, "work")).Single();
        (few.Median, few.Quarter, few.ThreeQuarters, few.Samples).ShouldBe((25, 18, 32, 4), "the first is too old");
        (await EffortAsync(world, "OPEN-1")).ShouldBeNull("four say too little");

        await CompleteAsync(world, sofia, 5, 90);
        await StepEffort.LearnAsync(world.Database, world.Clock.Now());
        (await EffortAsync(world, "OPEN-2")).ShouldBe(30);
        world.Clock.Advance(Duration.FromDays(91));
        await StepEffort.LearnAsync(world.Database, world.Clock.Now());
        (await StepEffort.ListAsync(world.Database, null)).ShouldBeEmpty("nobody completed it lately");
    }

    [Fact]
    public async Task Capacity_is_set_by_those_who_steer_with_history_and_more_of_it_asks_for_work()
    {
        await using var world = await World.CreateAsync();
        await world.ScalarAsync<int>("with t as (update team set distribution = 'assign' where key = 'claims-adjusting' returning 1) select 1 from t");
        var (sofia, helen) = (await world.PersonAsync("adjuster2"), await world.PersonAsync("senior1"));
        (await Capacity.SaveAsync(world.Runtime, sofia.Id, 100, 200, 0, sofia)).ShouldBeOfType<CapacityResult.NotFound>("she doesn't steer herself");
        (await Capacity.SaveAsync(world.Runtime, sofia.Id, -1, null, 0, helen))
            .ShouldBeOfType<CapacityResult.Invalid>()
            .Errors.Keys.ShouldBe(["live", "deferred"]);
        (await Capacity.SaveAsync(world.Runtime, sofia.Id, 0, 300, 0, helen)).ShouldBeOfType<CapacityResult.Done>();
        (await Capacity.SaveAsync(world.Runtime, sofia.Id, 0, 100, 0, helen)).ShouldBeOfType<CapacityResult.Stale>().Revision.ShouldBe(1);
        (await Capacity.OfAsync(world.Database, sofia.Id)).ShouldBe(new Capacity(0, 300, 0, 0, 1));
        (await RequestsAsync(world)).ShouldBe(1);
        (await Capacity.SaveAsync(world.Runtime, sofia.Id, 0, 100, 1, helen)).ShouldBeOfType<CapacityResult.Done>();
        (await RequestsAsync(world)).ShouldBe(1, "less is no reason to look");
        (await world.ScalarAsync<int>("select count(*) from event where action = 'person.capacity-changed'")).ShouldBe(2);
    }

    private static Task<int> RequestsAsync(World world) =>
        world.ScalarAsync<int>("select count(*) from distribution_request where trigger = 'capacity-freed' and team = 'claims-adjusting'");

    private static async Task<string> LoadAsync(World world, Person person) =>
        (await Capacity.OfAsync(world.Database, person.Id)) is { } c
            ? string.Create(CultureInfo.InvariantCulture, $"{c.LiveLoad}/{c.Live} {c.DeferredLoad}/{c.Deferred}")
            : "";

    private static async Task CompleteAsync(World world, Person person, int number, int minutes)
    {
        var desk = await Desk.AtAsync(world, await world.StartAsync("work", $"WORK-{number}"));
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, person));
        await desk.DoneAsync(StartTask.RunAsync(world.Tasks, desk.Next, person));
        world.Clock.Advance(Duration.FromMinutes(minutes));
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, "Done", [], person));
    }

    private static async Task<int?> EffortAsync(World world, string reference)
    {
        var task = await world.OpenTaskAsync(await world.StartAsync("work", reference));
        return task.Effort;
    }
}
