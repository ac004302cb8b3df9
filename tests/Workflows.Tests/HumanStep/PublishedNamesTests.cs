using System.Text;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.HumanStep;

/// <summary>
/// Whatever a journey names exists, or it isn't published. What an expression computes and names nothing is an incident on its step; what no one can
/// take can be assigned.
/// </summary>
public sealed class PublishedNamesTests
{
    private const string Form = """{ "type": "object", "properties": { "note": { "type": "string" } }, "x-outcomes": { "Aprove": ["note"] } }""";

    private const string Amounts = """
        { "type": "object", "properties": { "note": { "type": "string" }, "amount": { "type": "number" } } }
        """;

    public static TheoryData<string, string, string> Unknown =>
        new()
        {
            { Step.Of("Look", ("team", "String", "claims-adjustin")), "team", "there is no team 'claims-adjustin'" },
            { Step.Of("Look", ("team", "String", "claims-adjusting ")), "team", "there is no team 'claims-adjusting '" },
            { Step.Of("Look", ("candidates", "List<String>", new[] { "adjuster1", "nobody" })), "candidates", "there is no active person 'nobody'" },
            { Step.Of("Look", ("requiredSkills", "List<String>", new[] { "frod" })), "requiredSkills", "there is no skill 'frod'" },
            { Step.Of("Look", ("preferredSkills", "List<String>", new[] { "frod" })), "preferredSkills", "there is no skill 'frod'" },
            { Step.Of("Look", ("requiredSkills", "List<String>", new[] { "frod:3" })), "requiredSkills", "there is no skill 'frod'" },
            { Step.Of("Look", ("requiredSkills", "List<String>", new[] { "fraud:6" })), "requiredSkills", "write fraud:1 to fraud:5" },
            { Step.Of("Look", ("requiredSkills", "List<String>", new[] { "fraud:5" })), "requiredSkills", "no active person has the skill 'fraud:5'" },
            { Step.Of("Look", ("preferredSkills", "List<String>", new[] { "fraud:" })), "preferredSkills", "write fraud:1 to fraud:5" },
            { Step.Of("Look", Step.Excluding("frist")), "excludedSteps", "there is no human step 'frist'" },
            { Step.Of("Look", Step.Excluding("First")), "excludedSteps", "Did you mean 'first'?" },
            { Step.Of("Look", ("team", "String", "")), "team", "needs a team or candidates" },
            { Step.Of("Look", Step.Outcomes("Approve"), Step.Form(Form)), "form", "'Aprove', which the step doesn't have" },
            { Step.Of("Look", ("formName", "String", "claims-coverage")), "formName", "'NotCovered', which the step doesn't have" },
            { Step.Of("Look", ("decidesOn", "String", "note")), "decidesOn", "has no form with a field 'note'" },
            { Step.Of("Look", Step.Form(Amounts), ("decidesOn", "String", "note")), "decidesOn", "the form has no number 'note'" },
            { Step.Of("Look", Step.Form(Amounts), ("decidesOn", "String", "sum")), "decidesOn", "the form has no number 'sum'" },
            { Step.Of("Look", Step.Form(Amounts), ("decidesOn", "String", "amount"), ("decidesIn", "String", "euro")), "decidesIn", "'euro' isn't a currency" },
            { Step.Of("Look", ("formName", "String", "no-form")), "formName", "there is no form 'no-form'" },
            { Step.Of("Look", ("slaDuration", "String", "PT0S")), "slaPolicy", "greater than zero" },
            { Step.Of("Look", ("slaPolicy", "String", "no-policy")), "slaPolicy", "There is no SLA policy 'no-policy'" },
            { Computed("formName", "String", "'claims-coverage'"), "formName", "can't be an expression" },
        };

    [Theory]
    [MemberData(nameof(Unknown))]
    public async Task What_names_nothing_is_refused_with_its_step_and_field(string step, string field, string reason)
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var error = (await PublishAsync(world, "typo", ("first", Step.Of("First")), ("look", step))).ShouldBeOfType<PublishResult.Invalid>().Errors.Single();
        error.Path.ShouldEndWith($"activities[1].{field}");
        error.Reason.ShouldContain("'look'");
        error.Reason.ShouldContain(reason);
    }

    [Fact]
    public async Task Everything_that_is_wrong_is_told_at_once()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var errors = (
            await PublishAsync(
                world,
                "typos",
                ("first", Step.Of("First", ("slaDuration", "String", "PT0S"), ("team", "String", "claims"))),
                ("second", Step.Of("Second", ("requiredSkills", "List<String>", new[] { "x", "y" }), Step.Excluding("fist")))
            )
        )
            .ShouldBeOfType<PublishResult.Invalid>()
            .Errors;
        errors
            .Select(e => e.Path[(e.Path.IndexOf('[', StringComparison.Ordinal) + 1)..])
            .ShouldBe(["0].slaPolicy", "0].team", "1].requiredSkills", "1].requiredSkills", "1].excludedSteps"]);
        (await world.Runtime.Definitions.CheckAsync(Document("typos", Step.Of("First", ("team", "String", "claims"))))).Count.ShouldBe(
            1,
            "a draft is told too"
        );
    }

    [Fact]
    public async Task Someone_who_left_is_no_candidate()
    {
        await using var world = await World.CreateAsync();
        var step = Step.Of("Look", ("team", "String", ""), ("candidates", "List<String>", new[] { "ADJUSTER1" }));
        (await PublishAsync(world, "named", ("look", step))).ShouldBeOfType<PublishResult.Published>();
        await world.ScalarAsync<int>("with gone as (update person set active = false where user_name = 'adjuster1' returning 1) select 1 from gone");
        (await PublishAsync(world, "named", ("look", step))).ShouldBeOfType<PublishResult.Invalid>();
    }

    [Fact]
    public async Task A_retired_team_and_a_fact_for_no_team_are_refused()
    {
        await using var world = await World.CreateAsync();
        var step = Step.Of("Look", ("team", "String", "claims-adjusting"));
        (await PublishAsync(world, "named", ("look", step))).ShouldBeOfType<PublishResult.Published>();
        await world.ScalarAsync<int>("with gone as (update team set retired_at = created_at where key = 'claims-adjusting' returning 1) select 1 from gone");
        var document = JsonNode.Parse(Sequence("named", [("look", step)]))!;
        document["variables"] = JsonNode.Parse(
            """
            [{ "id": "score", "name": "score", "typeName": "Object",
                "storageDriverTypeName": "Elsa.Workflows.WorkflowInstanceStorageDriver, Elsa.Workflows.Core" }]
            """
        );
        document["customProperties"] = JsonNode.Parse(
            """{ "facts": [{ "name": "score", "label": "Score", "format": "number", "teams": ["claims-adjustin"] }] }"""
        );
        (await PublishAsync(world, document.ToJsonString()))
            .ShouldBeOfType<PublishResult.Invalid>()
            .Errors.Select(e => e.Reason)
            .ShouldBe(["Activity 'look': the team 'claims-adjusting' is retired.", "Fact 'score': there is no team 'claims-adjustin'."]);
    }

    [Fact]
    public async Task A_policy_of_the_journey_s_cases_names_only_steps_that_the_journey_has()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        string[] steps = ["look", "lookk", "next", "nex"];
        (await PublishAsync(world, "flow", [.. steps.Select(step => (step, Step.Of("Look")))])).ShouldBeOfType<PublishResult.Published>();
        var policy = JsonNode.Parse(
            """
            { "id": "own", "name": "Own", "calendar": "24x7", "subject": "case", "target": { "amount": "PT8H", "unit": "elapsed" }, "ladder": [],
              "start": { "events": ["case.opened"], "where": { "journey": ["flow"] } }, "stop": { "events": ["step:next.completed", "step:nex.completed"] },
              "pauseReasons": ["step:look", "step:lookk"] }
            """
        )!;
        (
            await SaveServiceLevel.RunAsync(
                world.Get<SettingDocuments>(),
                world.Get<ServiceLevelCatalog>(),
                SettingKind.Sla,
                "own",
                0,
                policy.AsObject(),
                await world.PersonAsync("admin"),
                world.Clock.GetCurrentInstant()
            )
        ).ShouldBeOfType<SaveServiceLevelResult.Saved>();

        (await PublishAsync(world, Flow("Approve")))
            .ShouldBeOfType<PublishResult.Invalid>()
            .Errors.Select(e => e.Reason)
            .ShouldBe([
                "SLA policy 'own' names the step 'nex', which this journey doesn't have.",
                "SLA policy 'own' names the step 'lookk', which this journey doesn't have.",
            ]);
    }

    [Fact]
    public async Task A_connection_that_could_never_be_taken_is_refused()
    {
        await using var world = await World.CreateAsync();
        (await PublishAsync(world, Flow("Aprove")))
            .ShouldBeOfType<PublishResult.Invalid>()
            .Errors.Single()
            .ShouldSatisfyAllConditions(
                e => e.Path.ShouldBe("$.root.connections[0].source.port"),
                e => e.Reason.ShouldContain("leaves from 'Aprove', which is not an outcome of 'look' (Approve, Reject, Cancelled, Failed)")
            );
        foreach (var port in new[] { "Approve", "Cancelled", "Failed" })
            (await PublishAsync(world, Flow(port))).ShouldBeOfType<PublishResult.Published>();
    }

    [Fact]
    public async Task A_connection_from_Cancelled_is_taken_although_it_is_no_button()
    {
        await using var world = await World.CreateAsync();
        await PublishAsync(world, Flow("Cancelled"));
        var id = await world.StartAsync("flow");
        var desk = await Desk.AtAsync(world, id);
        (await world.OpenTaskAsync(id)).Outcomes.ShouldBe(["Approve", "Reject"]);
        await desk.DoneAsync(CancelTask.RunAsync(world.Tasks, desk.Next, "a mistake", await world.PersonAsync("supervisor")));
        (await world.OpenTaskAsync(id)).StepId.ShouldBe("next");
    }

    [Theory]
    [InlineData("Elsa.DispatchWorkflow")]
    [InlineData("Elsa.BulkDispatchWorkflows")]
    [InlineData("Elsa.ExecuteWorkflow")]
    public async Task A_workflow_to_start_must_exist(string type)
    {
        await using var world = await World.CreateAsync();
        (await PublishAsync(world, Starts("other")))
            .ShouldBeOfType<PublishResult.Invalid>()
            .Errors.Single()
            .ShouldSatisfyAllConditions(
                e => e.Path.ShouldBe("$.root.activities[0].workflowDefinitionId"),
                e => e.Reason.ShouldBe("Activity 'go': there is no workflow 'other' to start.")
            );
        (await PublishAsync(world, Starts("starter"))).ShouldBeOfType<PublishResult.Published>("it may start itself");
        await PublishAsync(world, "other", ("look", Step.Of("Look")));
        (await PublishAsync(world, Starts("other"))).ShouldBeOfType<PublishResult.Published>();

        string Starts(string id) =>
            $$"""
                { "definitionId": "starter", "name": "starter", "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [
                    { "id": "go", "type": "{{type}}", "version": 1,
                      "workflowDefinitionId": { "typeName": "String", "expression": { "type": "Literal", "value": "{{id}}" } } } ] } }
                """;
    }

    [Theory]
    [InlineData("team", "String", "'claims-adjustin'", "there is no team 'claims-adjustin'")]
    [InlineData("team", "String", "''", "neither a team nor candidates")]
    [InlineData("candidates", "List<String>", "['adjuster1', 'nobody']", "there is no active person 'nobody'")]
    [InlineData("requiredSkills", "List<String>", "['frod']", "there is no skill 'frod'")]
    [InlineData("excludedSteps", "List<String>", "['frist']", "there is no human step 'frist'")]
    [InlineData("skipOutcome", "String", "'Skip'", "no outcome 'Skip'")]
    [InlineData("slaDuration", "String", "'PT0S'", "greater than zero")]
    [InlineData("form", "Object", "({ type: 'object', properties: {}, 'x-outcomes': { Aprove: [] } })", "'Aprove', which the step doesn't have")]
    public async Task What_an_expression_computes_and_names_nothing_is_an_incident_on_the_step(string input, string type, string script, string reason)
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        (await PublishAsync(world, "computed", ("look", Computed(input, type, script)))).ShouldBeOfType<PublishResult.Published>();
        var id = await world.StartAsync("computed");
        (await world.ScalarAsync<int>("select count(*)::int from task where instance_id = @id", new { id })).ShouldBe(0);
        (await CaseQueries.FindAsync(world.Runtime, id, await world.PersonAsync("supervisor")))
            .ShouldNotBeNull()
            .Incidents.Single()
            .ShouldSatisfyAllConditions(i => i.ActivityId.ShouldBe("look"), i => i.Message.ShouldContain(reason));
        (await CancelCase.RunAsync(world.Runtime, id, "mistake", await world.PersonAsync("supervisor"))).ShouldBe(CancelCaseResult.Cancelled);
        (await CancelCase.RunAsync(world.Runtime, id, "again", await world.PersonAsync("supervisor"))).ShouldBe(CancelCaseResult.Ended);
        (await world.ScalarAsync<string>("select sub_status from workflow_instance where id = @id", new { id })).ShouldBe("Cancelled");
    }

    [Fact]
    public async Task A_supervisor_assigns_what_no_one_can_take_and_four_eyes_still_hold()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await PublishAsync(
            world,
            "two",
            ("first", Step.Of("First")),
            ("second", Step.Of("Second", Step.Excluding("first"), ("team", "String", ""), ("candidates", "List<String>", new[] { "adjuster1" })))
        );
        var id = await world.StartAsync("two");
        var desk = await Desk.AtAsync(world, id);
        var (adjuster, supervisor) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("supervisor"));
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, adjuster));
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, "Done", new JsonObject(), adjuster));

        // The only candidate worked on the first step.
        var second = await Desk.AtAsync(world, id);
        (await ClaimTask.RunAsync(world.Tasks, second.Next, adjuster)).ShouldBeOfType<TaskResult.ExcludedByFourEyes>();
        (await Assignees.ReadAsync(world.Database, second.Next.TaskId, world.Clock.GetCurrentInstant())).ShouldBeEmpty();
        var overrides = await Assignees.OverrideAsync(world.Database, second.Next.TaskId, world.Clock.GetCurrentInstant());
        overrides.Select(p => p.UserName).ShouldContain("adjuster2");
        overrides.Select(p => p.UserName).ShouldNotContain("adjuster1");
        (await AssignTask.RunAsync(world.Tasks, second.Next, "adjuster1", null, supervisor)).ShouldBeOfType<TaskResult.ExcludedByFourEyes>();
        var answer = await second.DoneAsync(AssignTask.RunAsync(world.Tasks, second.Next, "adjuster2", "no one else", supervisor));
        answer.State.ShouldBe(TaskState.Reserved);
        (await Assignees.OverrideAsync(world.Database, second.Next.TaskId, world.Clock.GetCurrentInstant())).ShouldNotContain(p => p.UserName == "adjuster2");
    }

    [Fact]
    public async Task While_someone_is_eligible_a_supervisor_assigns_to_no_one_else()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("look", Step.Of("Look")));
        var id = await world.StartAsync("one");
        var desk = await Desk.AtAsync(world, id);
        (await Assignees.OverrideAsync(world.Database, desk.Next.TaskId, world.Clock.GetCurrentInstant())).ShouldBeEmpty();
        (await AssignTask.RunAsync(world.Tasks, desk.Next, "compliance", null, await world.PersonAsync("supervisor"))).ShouldBeOfType<TaskResult.Forbidden>();
    }

    [Theory]
    [InlineData("waitingForInspection ")]
    [InlineData(" WAITINGFORINSPECTION")]
    public async Task A_pause_reason_is_the_same_in_any_letter_case_and_with_blanks_around_it(string reason)
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var policy = JsonNode.Parse(
            """
            { "id": "own", "name": "Own", "calendar": "24x7", "target": { "amount": "PT8H", "unit": "elapsed" }, "ladder": [],
              "pauseReasons": [" waitingForInspection", "WaitingForInspection", "waitingForCustomer"] }
            """
        )!;
        var catalog = world.Get<ServiceLevelCatalog>();
        (
            await SaveServiceLevel.RunAsync(
                world.Get<SettingDocuments>(),
                catalog,
                SettingKind.Sla,
                "own",
                0,
                policy.AsObject(),
                await world.PersonAsync("admin"),
                world.Clock.GetCurrentInstant()
            )
        ).ShouldBeOfType<SaveServiceLevelResult.Saved>();
        catalog.Policies["own"].PauseReasons.ShouldBe(["waitingForInspection", "waitingForCustomer"]);
        catalog.PauseReasons.ShouldContain("waitingForInspection");
        catalog.PauseReasons.ShouldBeUnique(StringComparer.OrdinalIgnoreCase);

        await world.PublishAsync("one", ("look", Step.Of("Look", ("slaPolicy", "String", "own"))));
        var id = await world.StartAsync("one");
        var desk = await Desk.AtAsync(world, id);
        await desk.DoneAsync(SuspendTask.RunAsync(world.Tasks, desk.Next, reason, null, null, await world.PersonAsync("supervisor")));
        (await world.ScalarAsync<string>("select status from sla_clock where instance_id = @id", new { id })).ShouldBe("Paused");
    }

    [Fact]
    public async Task The_shipped_journeys_name_only_what_the_shipped_people_and_teams_are()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        foreach (
            var file in Directory
                .GetFiles(Orchestration.Testing.Repository.Path("definitions"), "*.json")
                .Where(f => !f.EndsWith("people.json") && !f.EndsWith("teams.json") && !f.EndsWith("skills.json") && !f.EndsWith("limits.json"))
        )
            (await world.Runtime.Definitions.CheckAsync(await File.ReadAllBytesAsync(file))).ShouldBeEmpty(file);
    }

    [Fact]
    public async Task A_target_that_would_take_more_than_forty_years_is_refused()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var (catalog, settings, admin) = (world.Get<ServiceLevelCatalog>(), world.Get<SettingDocuments>(), await world.PersonAsync("admin"));
        await SaveAsync(
            SettingKind.Calendar,
            "rare",
            """
            { "id": "rare", "name": "Rare", "zone": "Etc/UTC", "hours": [ { "days": ["mon"], "open": "09:00", "close": "10:00" } ], "holidays": [] }
            """
        );
        var step = Step.Of("Look", ("slaDuration", "String", "PT4000H"), ("slaUnit", "String", "workingTime"), ("slaCalendar", "String", "rare"));
        (await PublishAsync(world, "long", ("look", step))).ShouldBeOfType<PublishResult.Invalid>().Errors.Single().Reason.ShouldContain("more than 40 years");
        (
            await SaveAsync(
                SettingKind.Sla,
                "long",
                """{ "id": "long", "name": "Long", "calendar": "rare", "target": { "amount": "3000", "unit": "businessDays" }, "ladder": [] }"""
            )
        )
            .ShouldBeOfType<SaveServiceLevelResult.Invalid>()
            .Errors.Single()
            .Path.ShouldBe("$.target.amount");

        Task<SaveServiceLevelResult> SaveAsync(string kind, string name, string document) =>
            SaveServiceLevel.RunAsync(settings, catalog, kind, name, 0, JsonNode.Parse(document)!.AsObject(), admin, world.Clock.GetCurrentInstant());
    }

    private static string Computed(string input, string type, string script)
    {
        var literals = input == "team" ? Step.Of("Look", ("team", "String", "")) : Step.Of("Look");
        var inputs = JsonNode.Parse($"{{ {literals} }}")!.AsObject();
        inputs[input] = new JsonObject
        {
            ["typeName"] = type,
            ["expression"] = new JsonObject { ["type"] = "JavaScript", ["value"] = script },
        };
        return inputs.ToJsonString()[1..^1];
    }

    private static string Flow(string port) =>
        $$"""
            { "definitionId": "flow", "name": "flow", "root": { "id": "root", "type": "Elsa.Flowchart", "version": 1, "activities": [
                { "id": "look", "type": "Orchestration.HumanTask", "version": 1, {{Step.Of("Look", Step.Outcomes("Approve", "Reject"))}} },
                { "id": "next", "type": "Orchestration.HumanTask", "version": 1, {{Step.Of("Next")}} } ],
              "connections": [ { "source": { "activity": "look", "port": "{{port}}" }, "target": { "activity": "next", "port": "In" } } ] } }
            """;

    private static byte[] Document(string id, params string[] steps) =>
        Encoding.UTF8.GetBytes(Sequence(id, [.. steps.Select((step, index) => ($"step{index}", step))]));

    private static string Sequence(string id, (string Id, string Inputs)[] steps) =>
        $$"""
            { "definitionId": "{{id}}", "name": "{{id}}", "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [
                {{string.Join(",", steps.Select(s => $$"""{ "id": "{{s.Id}}", "type": "Orchestration.HumanTask", "version": 1, {{s.Inputs}} }"""))}} ] } }
            """;

    private static Task<PublishResult> PublishAsync(World world, string id, params (string Id, string Inputs)[] steps) =>
        PublishAsync(world, Sequence(id, steps));

    private static Task<PublishResult> PublishAsync(World world, string document) =>
        world.Runtime.Definitions.PublishAsync(
            new(JsonNode.Parse(document)!["definitionId"]!.GetValue<string>(), Encoding.UTF8.GetBytes(document), "designer"),
            "test",
            world.Clock.GetCurrentInstant()
        );
}
