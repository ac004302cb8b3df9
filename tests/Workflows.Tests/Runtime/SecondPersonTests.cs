using System.Text;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Tasks.Reviews;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Runtime;

/// <summary>Which changes by hand need a second person, and who is told of them.</summary>
public sealed class SecondPersonTests
{
    private static readonly (string, string, object)[] Limited =
    [
        Step.Form("""{ "type": "object", "properties": { "amount": { "type": "number" } } }"""),
        ("decidesOn", "String", "amount"),
        ("decidesIn", "String", "EUR"),
    ];

    [Fact]
    public async Task An_authority_limit_needs_a_second_person()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("limited", ("wait", Step.Of("Wait")), ("decide", Step.Of("Decide", Limited)));
        await world.PublishAsync("plain", ("wait", Step.Of("Wait")), ("decide", Step.Of("Decide")));

        (await NeedsAsync(world, await world.StartAsync("limited"))).ShouldBeTrue();
        (await NeedsAsync(world, await world.StartAsync("plain", "REF-2"))).ShouldBeFalse();
    }

    [Fact]
    public async Task A_version_without_the_authority_limit_needs_a_second_person()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("limited", ("decide", Step.Of("Decide", Limited)));
        var id = await world.StartAsync("limited");
        await world.PublishAsync("limited", ("decide", Step.Of("Decide", Limited[0])));
        await world.PublishAsync("limited", ("decide", Step.Of("Decide once more", Limited)));

        (await NeedsAsync(world, id, """{ "type": "Migrate", "targetVersion": 2 }""")).ShouldBeTrue();
        (await NeedsAsync(world, id, """{ "type": "Migrate", "targetVersion": 3 }""")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("trunk", "a child that runs")]
    [InlineData("later", "a child that hasn't started")]
    [InlineData("computed", "a child that could be any")]
    public async Task The_rules_of_child_workflows_count_for_the_case(string journey, string why)
    {
        await using var world = await WorldAsync();
        await PublishAsync(world, "trunk", Dispatch("branch"));
        await PublishAsync(world, "later", Human("Wait"), Dispatch("branch"));
        await PublishAsync(world, "computed", Human("Wait"), Dispatch("'bra' + 'nch'", "JavaScript"));
        var id = await world.StartAsync(journey);
        await DeliverAsync(world);

        (await NeedsAsync(world, id)).ShouldBeTrue(why);
    }

    [Fact]
    public async Task The_rules_of_the_case_count_for_its_child_workflows_and_their_siblings()
    {
        await using var world = await WorldAsync();
        await PublishAsync(world, "plain", Human("Look"));
        await PublishAsync(world, "trunk", Dispatch("plain"), Dispatch("branch"));
        await world.StartAsync("trunk");
        await DeliverAsync(world);

        (await NeedsAsync(world, await RunOfAsync(world, "plain"))).ShouldBeTrue();
    }

    [Fact]
    public async Task What_needs_a_second_person_is_requested_by_a_person()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("limited", ("wait", Step.Of("Wait")), ("decide", Step.Of("Decide", Limited)));
        var id = await world.StartAsync("limited");

        (await ChangeAsync(world, id, "key:nightly", isPerson: false)).ShouldBeOfType<AlterCaseResult.Refused>().Reason.ShouldContain("An API key can't.");
        (await ChangeAsync(world, id, "admin", isPerson: true)).ShouldBeOfType<AlterCaseResult.Pending>();
    }

    [Fact]
    public async Task A_failed_step_is_retried_by_one_person()
    {
        await using var world = await World.CreateAsync();
        var (id, failed) = await FailedAsync(world, Human("Look"));

        (await ChangeAsync(world, id, Again(failed))).ShouldBeOfType<AlterCaseResult.Done>();
        (await CountAsync(world, "child")).ShouldBe(1);
    }

    [Fact]
    public async Task A_retry_schedules_no_other_activity()
    {
        await using var world = await World.CreateAsync();
        var (id, failed) = await FailedAsync(world, """{ "type": "Elsa.WriteLine" }""");

        (
            await ChangeAsync(world, id, Again(failed), $$"""{ "type": "ScheduleActivity", "activityId": "pay", "activityInstanceId": "{{failed}}" }""")
        ).ShouldBeOfType<AlterCaseResult.Pending>();
        (await CountAsync(world, "child")).ShouldBe(0);
    }

    [Fact]
    public async Task A_step_that_was_retried_is_not_run_again_by_another_retry()
    {
        await using var world = await World.CreateAsync();
        var (id, failed) = await FailedAsync(world, Human("Look"));

        (await ChangeAsync(world, id, Again(failed), Again(failed)))
            .ShouldBeOfType<AlterCaseResult.Refused>()
            .Reason.ShouldBe("There is no such faulted activity.");
        (await CountAsync(world, "child")).ShouldBe(0);
        (await NeedsAsync(world, id, Again(failed))).ShouldBeTrue("later, someone else may have retried it");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Owners_and_reviewers_of_all_runs_of_a_cancelled_case_are_told_once_by_whom_and_why(bool byHand)
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, "child", Human("Look", ("requiresReview", "Boolean", true)));
        await PublishAsync(world, "trunk", Dispatch("child"));
        var id = await world.StartAsync("trunk");
        await DeliverAsync(world);
        var child = await world.ScalarAsync<Guid>("select id from workflow_instance where parent_id = @id", new { id });
        var (owner, reviewer) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("adjuster2"));
        var desk = await Desk.AtAsync(world, child);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, owner));
        await desk.DoneAsync(RequestReview.RunAsync(world.Tasks, desk.Next, null, [], reviewer.UserName, owner));
        await world.ScalarAsync<object?>("delete from notification");

        if (byHand)
            (await ChangeAsync(world, id, """{ "type": "Cancel" }""")).ShouldBeOfType<AlterCaseResult.Done>();
        else
            (await CancelCase.RunAsync(world.Runtime, id, "Why not.", await world.PersonAsync("supervisor"))).ShouldBe(CancelCaseResult.Cancelled);
        await DeliverAsync(world);

        (await world.ScalarAsync<string>("select state from task")).ShouldBe("Cancelled");
        (
            await world.ScalarAsync<string>(
                """
                select string_agg(concat_ws(' | ', p.user_name, n.kind, n.title, n.body), e'\n' order by p.user_name)
                from notification n join person p on p.id = n.person_id
                """
            )
        ).ShouldBe(
            """
            adjuster1 | task.cancelled | REF-1 was cancelled by supervisor | Why not.
            adjuster2 | task.cancelled | REF-1 was cancelled by supervisor | Why not.
            """
        );
    }

    private static async Task<World> WorldAsync()
    {
        var world = await World.CreateAsync();
        await PublishAsync(world, "branch", Human("Look"), Human("Check", Step.Excluding("look")));
        return world;
    }

    private static Task<bool> NeedsAsync(World world, Guid run, string alteration = """{ "type": "ModifyVariable", "variableId": "v", "value": 1 }""") =>
        AlterCase.NeedsSecondPersonAsync(world.Runtime, run, [JsonNode.Parse(alteration)]);

    private static Task<AlterCaseResult> ChangeAsync(World world, Guid id, string actor, bool isPerson) =>
        AlterCase.RunAsync(world.Runtime, id, id, [JsonNode.Parse("""{ "type": "CancelActivity", "activityId": "wait" }""")], "Why not.", actor, isPerson);

    private static Task<AlterCaseResult> ChangeAsync(World world, Guid id, params string[] alterations) =>
        AlterCase.RunAsync(world.Runtime, id, id, [.. alterations.Select(one => JsonNode.Parse(one))], "Why not.", "supervisor", isPerson: true);

    private static string Again(string failed) => $$"""{ "type": "ScheduleActivity", "activityInstanceId": "{{failed}}" }""";

    private static Task<int> CountAsync(World world, string definition) =>
        world.ScalarAsync<int>("select count(*) from workflow_instance where definition_id = @definition", new { definition });

    /// <summary>A case with four eyes, a payment at its end, and a step that failed because its workflow was published too late.</summary>
    private static async Task<(Guid Id, string Failed)> FailedAsync(World world, string child)
    {
        var start = Dispatch("'chi' + 'ld'", "JavaScript").Replace("DispatchWorkflow", "ExecuteWorkflow", StringComparison.Ordinal);
        await PublishAsync(world, "paid", start, Human("First"), Human("Check", Step.Excluding("first")), Human("Pay"));
        var id = await world.StartAsync("paid");
        await PublishAsync(world, "child", child);
        var run = (await InstanceQueries.FindAsync(world.Database, id)).ShouldNotBeNull();
        return (id, run.State.Incidents.ShouldHaveSingleItem().ActivityInstanceId);
    }

    private static Task<Guid> RunOfAsync(World world, string definition) =>
        world.ScalarAsync<Guid>("select id from workflow_instance where definition_id = @definition", new { definition });

    private static string Human(string title, params (string, string, object)[] inputs) =>
        $$"""{ "id": "{{title.ToLowerInvariant()}}", "type": "Orchestration.HumanTask", {{Step.Of(title, inputs)}} }""";

    private static string Dispatch(string definition, string language = "Literal") =>
        $$"""
            { "type": "Elsa.DispatchWorkflow",
              "workflowDefinitionId": { "typeName": "String", "expression": { "type": "{{language}}", "value": "{{definition}}" } },
              "waitForCompletion": { "typeName": "Boolean", "expression": { "type": "Literal", "value": true } } }
            """;

    private static async Task PublishAsync(World world, string id, params string[] activities)
    {
        var root = new JsonObject { ["id"] = "root", ["type"] = "Elsa.Sequence" };
        var list = JsonNode.Parse($"[{string.Join(',', activities)}]")!.AsArray();
        foreach (var (index, activity) in list.Index())
            activity!["id"] ??= $"start{index}";
        root["activities"] = list;
        var document = new JsonObject
        {
            ["definitionId"] = id,
            ["name"] = id,
            ["root"] = root,
        };
        (
            await world.Runtime.Definitions.PublishAsync(new(id, Encoding.UTF8.GetBytes(document.ToJsonString()), "designer"), "test", world.Clock.Now())
        ).ShouldBeOfType<PublishResult.Published>();
    }

    private static async Task DeliverAsync(World world)
    {
        do world.Clock.Advance(Duration.FromSeconds(3));
        while (await world.Runtime.Stimuli.SweepAsync(100) > 0);
    }
}
