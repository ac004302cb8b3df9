using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Search;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Runtime;

/// <summary>Cases that only try out a journey.</summary>
public sealed class TestCaseTests
{
    [Fact]
    public async Task A_test_case_is_offered_to_its_starter_alone_and_skills_and_four_eyes_do_not_apply()
    {
        await using var world = await WorldAsync();
        var (analyst, adjuster) = (await world.PersonAsync("analyst"), await world.PersonAsync("adjuster1"));
        var test = await StartAsync(world, analyst);

        (await OpenAsync(world, adjuster)).ShouldBeEmpty();
        var desk = await Desk.AtAsync(world, test);
        (await ClaimTask.RunAsync(world.Tasks, desk.Next, adjuster)).ShouldBeOfType<TaskResult.NotFound>();
        var offered = (await OpenAsync(world, analyst)).ShouldHaveSingleItem();
        (offered.Title, offered.IsTest, offered.Reference).ShouldBe(("Look", true, "TEST-TWO-2026-000001"));

        foreach (var title in new[] { "Look", "Sign" })
        {
            var step = await Desk.AtAsync(world, test);
            (await world.OpenTaskAsync(test)).Title.ShouldBe(title);
            await step.DoneAsync(ClaimTask.RunAsync(world.Tasks, step.Next, analyst));
            await step.DoneAsync(CompleteTask.RunAsync(world.Tasks, step.Next, null, [], analyst));
        }

        (await CaseQueries.FindAsync(world.Runtime, test, analyst))!.Case.SubStatus.ShouldBe("Finished");
    }

    [Fact]
    public async Task A_test_case_counts_nowhere()
    {
        await using var world = await WorldAsync();
        var (analyst, supervisor) = (await world.PersonAsync("analyst"), await world.PersonAsync("supervisor"));
        var test = await StartAsync(world, analyst);
        await world.StartAsync("two", "REF-1");
        var desk = await Desk.AtAsync(world, test);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, analyst));
        var now = world.Clock.Now();

        (await TaskList.CountAsync(world.Database, analyst, now + Duration.FromDays(1), now)).ShouldBe(new WorkCount(0, 0, 0, 0));
        var backlog = await TaskList.ReadAsync(world.Database, new() { View = "all", Teams = ["claims-adjusting"] }, supervisor, now);
        backlog.Items.ShouldHaveSingleItem().Reference.ShouldBe("REF-1");
        var all = await CaseQueries.ListAsync(world.Database, new(), supervisor, now);
        all.Items.Select(item => (item.Reference, item.IsTest)).ShouldBe([("REF-1", false), ("TEST-TWO-2026-000001", true)], ignoreOrder: true);
        (await FindCustomers.FindAsync(world.Database, "Novak", 9, supervisor, now)).ShouldHaveSingleItem().Cases.ShouldBe(1);
    }

    [Fact]
    public async Task Its_escalation_tells_the_starter_only_and_takes_the_task_from_no_one()
    {
        await using var world = await WorldAsync();
        var analyst = await world.PersonAsync("analyst");
        var test = await StartAsync(world, analyst);
        var desk = await Desk.AtAsync(world, test);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, analyst));

        world.Clock.Advance(Duration.FromHours(20));
        await world.Get<Escalate>().RunAsync();

        (await world.ScalarAsync<string>("select string_agg(distinct p.user_name, ',') from notification n join person p on p.id = n.person_id")).ShouldBe(
            "analyst"
        );
        (await world.OpenTaskAsync(test)).OwnerId.ShouldBe(analyst.Id);
        (await world.ActionsAsync(test)).ShouldContain("sla.breached");
    }

    [Fact]
    public async Task It_is_removed_by_its_starter_and_history_keeps_that()
    {
        await using var world = await WorldAsync();
        var (analyst, supervisor) = (await world.PersonAsync("analyst"), await world.PersonAsync("supervisor"));
        var (test, real) = (await StartAsync(world, analyst), await world.StartAsync("two", "REF-1"));

        (await RemoveTestCase.RunAsync(world.Runtime, real, analyst)).ShouldBe(RemoveTestCaseResult.NotATest);
        (await RemoveTestCase.RunAsync(world.Runtime, test, supervisor)).ShouldBe(RemoveTestCaseResult.Forbidden);
        (await RemoveTestCase.RunAsync(world.Runtime, test, analyst)).ShouldBe(RemoveTestCaseResult.Removed);

        (await CaseQueries.FindAsync(world.Runtime, test, analyst)).ShouldBeNull();
        (await world.ScalarAsync<long>("select count(*) from task where instance_id = @test", new { test })).ShouldBe(0);
        var history = await world.ActionsAsync(test);
        foreach (var action in new[] { "case.started", "task.opened", "case.removed", "task.cancelled" })
            history.ShouldContain(action);
        (await RemoveTestCase.RunAsync(world.Runtime, test, analyst)).ShouldBe(RemoveTestCaseResult.NotFound);
        (await CaseQueries.FindAsync(world.Runtime, real, supervisor)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_removal_that_is_cut_off_is_done_again_and_noted_once()
    {
        await using var world = await WorldAsync();
        var analyst = await world.PersonAsync("analyst");
        var test = await StartAsync(world, analyst);
        await world.ScalarAsync<object?>(
            """
            create function cut_off() returns trigger language plpgsql as $$ begin raise exception 'The host is gone.'; end $$;
            create trigger cut_off before delete on workflow_instance for each row execute function cut_off();
            """
        );
        await Should.ThrowAsync<PostgresException>(() => RemoveTestCase.RunAsync(world.Runtime, test, analyst));
        (await world.ActionsAsync(test)).ShouldNotContain("case.removed", "it's still there");
        (await CaseQueries.FindAsync(world.Runtime, test, analyst))!.Case.SubStatus.ShouldBe("Cancelled");
        await world.ScalarAsync<object?>("drop trigger cut_off on workflow_instance");

        (await RemoveTestCase.RunAsync(world.Runtime, test, analyst)).ShouldBe(RemoveTestCaseResult.Removed);

        (await world.ActionsAsync(test)).Count(action => action == "case.removed").ShouldBe(1);
        (await CaseQueries.FindAsync(world.Runtime, test, analyst)).ShouldBeNull();
    }

    [Fact]
    public async Task Two_removals_at_once_are_noted_once()
    {
        await using var world = await WorldAsync();
        var analyst = await world.PersonAsync("analyst");
        var test = await StartAsync(world, analyst);

        var removals = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RemoveTestCase.RunAsync(world.Runtime, test, analyst)));

        removals.ShouldContain(RemoveTestCaseResult.Removed);
        removals.ShouldBeSubsetOf([RemoveTestCaseResult.Removed, RemoveTestCaseResult.NotFound]);
        (await world.ActionsAsync(test)).Count(action => action == "case.removed").ShouldBe(1);
    }

    private static async Task<World> WorldAsync()
    {
        var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        (string, string, object)[] usual = [("slaDuration", "String", "PT8H"), ("slaUnit", "String", "elapsed")];
        await world.PublishAsync(
            "two",
            ("a", Step.Of("Look", [("requiredSkills", "List<String>", new[] { "fraud" }), .. usual])),
            ("b", Step.Of("Sign", [Step.Excluding("a"), .. usual]))
        );
        return world;
    }

    private static async Task<Guid> StartAsync(World world, Person analyst) =>
        (await StartCase.RunAsync(world.Runtime, new("two", null, "C-1", "Marta Novak", [], "test-1") { IsTest = true }, analyst))
            .ShouldBeOfType<StartCaseResult.Started>()
            .CaseId;

    private static async Task<IReadOnlyList<TaskSummary>> OpenAsync(World world, Person person) =>
        (await TaskList.ReadAsync(world.Database, new() { View = "open" }, person, world.Clock.Now())).Items;
}
