using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>Refusals of bad input, of the wrong person and of requests that come too late.</summary>
public sealed class RefusalTests(Office office) : IClassFixture<Office>
{
    private static readonly object Notice = new
    {
        jurisdiction = "GB",
        claimedAmount = 900,
        lossDescription = "Hail",
    };
    private static readonly object Acknowledgement = new { channel = "Letter", acknowledgedOn = "2026-06-01" };

    [Fact]
    public async Task What_does_not_exist_is_not_found()
    {
        var unknown = await (await office.FrontOffice.StartAsync("barter", office.NewReference("X"), new { })).ProblemAsync(404);
        ((string)unknown["detail"]!).ShouldContain("barter");
        var nobody = Guid.Parse("01970000-0000-7000-8000-000000000000");
        await (await office.Supervisor.SendAsync(HttpMethod.Get, $"/api/cases/{nobody}")).ProblemAsync(404);
        await (await office.Supervisor.SendAsync(HttpMethod.Get, $"/api/cases/{nobody}/history")).ProblemAsync(404);
        await (await office.Supervisor.SendAsync(HttpMethod.Get, $"/api/tasks/{nobody}")).ProblemAsync(404);
        await (
            await office.Supervisor.SendAsync(HttpMethod.Post, $"/api/tasks/{nobody}/claim", new { revision = 1, operationId = Worker.NewOperation() })
        ).ProblemAsync(404);
    }

    [Fact]
    public async Task Input_that_does_not_fit_is_refused_with_every_error()
    {
        var problem = await (
            await office.FrontOffice.StartAsync("claims", office.NewReference("CLM"), new { claimedAmount = "much", lossDate = 5 })
        ).ProblemAsync(422);

        problem["errors"]!
            .AsObject()
            .Select(e => e.Key)
            .ShouldBe(["input.jurisdiction", "input.claimedAmount", "input.lossDescription", "input.lossDate"], ignoreOrder: true);
    }

    [Fact]
    public async Task Form_data_that_does_not_fit_is_refused_by_field_and_kept_as_a_draft()
    {
        var adjuster = office.Person("adjuster1");
        var task = await adjuster.ClaimAsync(await OpenAsync(), "acknowledge");

        var problem = await (
            await adjuster.AskAsync(task, "complete", new { outcome = "Acknowledged", data = new { channel = "Pigeon", contactPerson = "Daniel" } })
        ).ProblemAsync(422);

        problem["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["/channel", "/acknowledgedOn"], ignoreOrder: true);
        var after = await adjuster.GetAsync($"/api/tasks/{task["id"]}");
        ((string)after["draft"]!["contactPerson"]!).ShouldBe("Daniel");
        ((int)after["revision"]!).ShouldBe((int)task["revision"]!, "the task itself did not change");
    }

    [Fact]
    public async Task Whoever_is_no_candidate_may_not_take_the_task()
    {
        var id = await OpenAsync();
        var task = await office.Supervisor.TaskAsync(id, "acknowledge");

        await (await office.Person("adjuster2").AskAsync(task, "claim")).ProblemAsync(404);
        var problem = await (await office.Person("compliance").AskAsync(task, "claim")).ProblemAsync(403);
        ((string)problem["detail"]!).ShouldContain("not a candidate");
        await (await office.Person("underwriter1").SendAsync(HttpMethod.Get, $"/api/cases/{id}")).ProblemAsync(404);
    }

    [Fact]
    public async Task A_refusal_says_why_in_a_sentence_and_names_the_person()
    {
        var adjuster = office.Person("adjuster1");
        var id = await OpenAsync();
        var task = await office.Supervisor.TaskAsync(id, "acknowledge");
        var completion = new { outcome = "Acknowledged", data = Acknowledgement };

        var ready = await (await adjuster.AskAsync(task, "complete", completion)).ProblemAsync(409);
        ((string)ready["detail"]!).ShouldBe("You can't complete a task that is ready.");
        ready["allowedStates"]!.AsArray().Select(state => (string)state!).ShouldBe(["Reserved", "InProgress"]);

        var claimed = await adjuster.ClaimAsync(id, "acknowledge");
        await DetailAsync(office.FrontOffice, task, "Daniel Brandt has changed this task since you opened it. Review it and try again.");
        await DetailAsync(adjuster, task, "You have changed this task since you opened it. Review it and try again.");

        await adjuster.DoneAsync(claimed, "complete", completion);
        await DetailAsync(office.FrontOffice, claimed, "Already finished: Daniel Brandt chose “Acknowledged”.");
        await DetailAsync(adjuster, claimed, "Already finished: you chose “Acknowledged”.");

        static async Task DetailAsync(Worker worker, JsonNode task, string detail) =>
            ((string)(await (await worker.AskAsync(task, "claim")).ProblemAsync(409))["detail"]!).ShouldBe(detail);
    }

    [Fact]
    public async Task The_second_completion_is_told_who_came_first_and_when()
    {
        var adjuster = office.Person("adjuster1");
        var task = await adjuster.ClaimAsync(await OpenAsync(), "acknowledge");
        var operation = Worker.NewOperation();
        var first = await adjuster.AskAsync(task, "complete", new { outcome = "Acknowledged", data = Acknowledgement }, operation: operation);
        var answer = await first.JsonAsync();

        var retry = await (
            await adjuster.AskAsync(task, "complete", new { outcome = "Acknowledged", data = Acknowledgement }, operation: operation)
        ).JsonAsync();
        retry.ToJsonString().ShouldBe(answer.ToJsonString(), "the same operation gives the same answer");

        var second = await (await adjuster.AskAsync(task, "complete", new { outcome = "Acknowledged", data = Acknowledgement })).ProblemAsync(409);
        ((string)second["endedBy"]!).ShouldBe("adjuster1");
        ((string)second["endedAt"]!).ShouldBe(office.Clock.GetCurrentInstant().ToString());
        ((string)second["outcome"]!).ShouldBe("Acknowledged");
    }

    [Fact]
    public async Task A_stale_revision_is_refused_with_what_changed()
    {
        var adjuster = office.Person("adjuster1");
        var id = await OpenAsync();
        var seen = await adjuster.TaskAsync(id, "acknowledge");
        await adjuster.ClaimAsync(id, "acknowledge");

        var problem = await (await office.FrontOffice.AskAsync(seen, "claim")).ProblemAsync(409);
        ((string)problem["type"]!).ShouldBe("/problems/stale-revision");
        ((string)problem["changedBy"]!).ShouldBe("adjuster1");
        ((string)problem["state"]!).ShouldBe("Reserved");
    }

    [Fact]
    public async Task A_body_over_a_megabyte_is_too_large() =>
        await (await office.FrontOffice.StartAsync("claims", office.NewReference("CLM"), new { lossDescription = new string('x', 1 << 20) })).ProblemAsync(413);

    [Fact]
    public async Task A_failing_expression_is_an_incident_and_the_case_goes_on_once_it_is_mended()
    {
        // The data of the first step decides the route; 'severity' without a value has no 'level'.
        await PublishAsync(
            "triage",
            """
            "activities": [
              { "id": "look", "name": "look", "type": "Orchestration.HumanTask", "version": 1, "title": { "typeName": "String",
                "expression": { "type": "Literal", "value": "Look" } },
                "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-intake" } }, "data": { "typeName": "Object",
                  "memoryReference": { "id": "seen" } } },
              { "id": "route", "name": "route", "type": "Elsa.FlowDecision", "version": 1, "condition": { "typeName": "Boolean",
                "expression": { "type": "JavaScript", "value": "getVariable('seen').severity.level > 3" } } },
              { "id": "act", "name": "act", "type": "Orchestration.HumanTask", "version": 1, "title": { "typeName": "String",
                "expression": { "type": "Literal", "value": "Act" } },
                "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-intake" } } } ],
            "connections": [
              { "source": { "activity": "look", "port": "Done" }, "target": { "activity": "route", "port": "In" } },
              { "source": { "activity": "route", "port": "True" }, "target": { "activity": "act", "port": "In" } } ]
            """
        );
        var id = await office.FrontOffice.OpenAsync("triage", office.NewReference("TRI"), new { });
        await office.Person("adjuster1").DoAsync(id, "look", "Done", new { note = "nothing" });

        var broken = await office.Supervisor.CaseAsync(id);
        ((string)broken["case"]!["status"]!).ShouldBe("Running");
        var incident = broken["incidents"]!.AsArray().ShouldHaveSingleItem()!;
        ((string)incident["activityId"]!).ShouldBe("route");
        ((string)incident["message"]!).ShouldContain("Condition");
        ((string)incident["message"]!).ShouldContain("level", Case.Sensitive, "the reason is told with it");

        // Nothing has changed, so it fails again: one more incident, but no endless retry.
        var retry = $"/api/cases/{id}/incidents/{incident["activityInstanceId"]}/retry";
        ((int)(await office.Supervisor.SendAsync(HttpMethod.Post, retry, new { reason = "Looked at it" })).StatusCode).ShouldBe(204);
        ((string)(await office.Supervisor.CaseAsync(id))["case"]!["status"]!).ShouldBe("Running");

        await MendAsync(id, new() { ["severity"] = new OrderedDictionary<string, object?> { ["level"] = 4 } });
        var last = (await office.Supervisor.CaseAsync(id))["incidents"]!.AsArray()[^1]!;
        (
            (int)
                (
                    await office.Supervisor.SendAsync(
                        HttpMethod.Post,
                        $"/api/cases/{id}/incidents/{last["activityInstanceId"]}/retry",
                        new { reason = "Fixed" }
                    )
                ).StatusCode
        ).ShouldBe(204);
        (await office.Supervisor.StepsAsync(id)).ShouldBe(["act"]);
    }

    private Task<Guid> OpenAsync() => office.FrontOffice.OpenAsync("claims", office.NewReference("CLM"), Notice);

    private async Task PublishAsync(string id, string flow)
    {
        var document = $$"""
            { "definitionId": "{{id}}", "name": "{{id}}", "variables": [{ "id": "seen", "name": "seen", "typeName": "Object",
              "storageDriverTypeName": "Elsa.Workflows.WorkflowInstanceStorageDriver, Elsa.Workflows.Core" }],
              "options": { "incidentStrategyType": "Elsa.Workflows.IncidentStrategies.ContinueWithIncidentsStrategy, Elsa.Workflows.Core" },
              "root": { "id": "flow", "type": "Elsa.Flowchart", "version": 1, "start": "look", {{flow}} } }
            """;
        (
            await office
                .Host.Services.GetRequiredService<DefinitionStore>()
                .PublishAsync(new(id, Encoding.UTF8.GetBytes(document), "designer"), "analyst", office.Clock.GetCurrentInstant())
        ).ShouldBeOfType<PublishResult.Published>();
    }

    /// <summary>As an administrator does in Studio: gives the variable a value.</summary>
    private async Task MendAsync(Guid id, OrderedDictionary<string, object?> seen)
    {
        await using var transaction = await InstanceTransaction.OpenAsync(office.Host.Services.GetRequiredService<WorkflowRuntime>(), "admin", ("$1", id));
        await transaction.AdvanceAsync(new Orchestration.Engine.Execution.Stimulus.ModifyVariable("seen", seen));
        await transaction.CommitAsync();
    }
}
