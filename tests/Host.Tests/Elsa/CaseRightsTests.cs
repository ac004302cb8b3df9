using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Host.Tests.Journeys;

namespace Orchestration.Host.Tests.Elsa;

/// <summary>
/// Live cases in Elsa's API: seen by those who see the case, changed with a permission and a reason, and by two people where a rule asks for it.
/// </summary>
public sealed class CaseRightsTests(Office office) : IClassFixture<Office>
{
    private const string Api = "/elsa/api";

    private Worker Analyst => office.Person("analyst");
    private Worker Admin => office.Person("admin");
    private Worker Adjuster => office.Person("adjuster1");

    [Fact]
    public async Task Who_does_not_see_the_case_does_not_see_its_run()
    {
        await PublishAsync("rights-seen", Journey.Step("first"));
        var id = await office.FrontOffice.OpenAsync("rights-seen", office.NewReference("RS"), new { });
        await Adjuster.ClaimAsync(id, "first");
        var run = id.ToString("N");
        (await Analyst.SendAsync(HttpMethod.Get, $"/api/cases/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        foreach (var path in (string[])["", "/variables", "/execution-state", "/export?includeWorkflowExecutionLog=true", "/journal/first"])
        {
            (await Analyst.SendAsync(HttpMethod.Get, $"{Api}/workflow-instances/{run}{path}")).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
            (await office.Supervisor.SendAsync(HttpMethod.Get, $"{Api}/workflow-instances/{run}{path}")).StatusCode.ShouldBe(HttpStatusCode.OK, path);
        }

        foreach (var (who, count) in new[] { (Analyst, 0), (office.Supervisor, 1) })
        {
            (await ListAsync(who, "rights-seen")).ShouldBe(count);
            ((int)(await who.GetAsync($"{Api}/workflow-instances/{run}/journal"))["items"]!.AsArray().Count).ShouldBe(count == 0 ? 0 : 4, who.UserName);
            ((int)(await who.GetAsync($"{Api}/activity-executions/count?workflowInstanceId={run}"))["count"]!).ShouldBe(count * 3, who.UserName);
            var dry = await who.SendAsync(HttpMethod.Post, $"{Api}/alterations/dry-run", new { definitionIds = new[] { "rights-seen" } });
            (await dry.JsonAsync())["workflowInstanceIds"]!.AsArray().Count.ShouldBe(count);
        }

        (await Analyst.SendAsync(HttpMethod.Post, $"{Api}/workflow-instances/{run}/variables", Variables("x"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var altered = await Analyst.SendAsync(HttpMethod.Post, $"{Api}/alterations/run", Schedule(run, "first"));
        ((bool)(await altered.JsonAsync())["results"]![0]!["isSuccessful"]!).ShouldBeFalse();
        (await Analyst.SendAsync(HttpMethod.Post, $"{Api}/cancel/workflow-instances/{run}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        ((string)(await office.Supervisor.CaseAsync(id))["case"]!["status"]!).ShouldBe("Running");
        (await office.Supervisor.HistoryAsync(id)).ShouldNotContain(e => (string)e["actor"]! == "analyst");
    }

    [Fact]
    public async Task An_analyst_sees_and_changes_runs_that_are_no_case()
    {
        await PublishAsync("rights-trial", Journey.Delay("wait", "1.00:00:00"));
        var started = await (await Analyst.SendAsync(HttpMethod.Post, $"{Api}/workflow-definitions/rights-trial/execute", new { })).JsonAsync();
        var run = (string)started["workflowState"]!["id"]!;

        (await Analyst.SendAsync(HttpMethod.Get, $"{Api}/workflow-instances/{run}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await ListAsync(Analyst, "rights-trial")).ShouldBe(1);
        (await Analyst.SendAsync(HttpMethod.Post, $"{Api}/workflow-instances/{run}/variables", Variables("x"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Analyst.SendAsync(HttpMethod.Post, $"{Api}/cancel/workflow-instances/{run}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        ((string)(await Analyst.GetAsync($"{Api}/workflow-instances/{run}"))["subStatus"]!).ShouldBe("Cancelled");
    }

    [Theory]
    [InlineData("execute", "{}")]
    [InlineData("execute", """{"versionOptions":"Latest"}""")]
    [InlineData("dispatch", "{}")]
    [InlineData("bulk-dispatch", """{"count":1}""")]
    public async Task What_a_person_starts_in_the_designer_is_their_test(string verb, string body)
    {
        var journey = $"rights-test-{verb}-{body.Length}";
        await PublishAsync(journey, Journey.Step("first"), FourEyes("pay", "first"));
        var started = await Analyst.SendAsync(HttpMethod.Post, $"{Api}/workflow-definitions/{journey}/{verb}", JsonNode.Parse(body));
        started.StatusCode.ShouldBe(HttpStatusCode.OK);

        (await SeenAsync(Adjuster, journey)).ShouldBeEmpty();
        var task = (await SeenAsync(Analyst, journey)).ShouldHaveSingleItem();
        ((bool)task["isTest"]!).ShouldBeTrue();
        var run = ((Guid)task["caseId"]!).ToString("N");
        (await Analyst.SendAsync(HttpMethod.Post, $"{Api}/workflow-instances/{run}/variables", Variables("x"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        var altered = await (await Analyst.SendAsync(HttpMethod.Post, $"{Api}/alterations/run", Schedule(run, "pay"))).JsonAsync();
        ((bool)altered["results"]![0]!["isSuccessful"]!).ShouldBeTrue();
        (await SeenAsync(Adjuster, journey)).ShouldBeEmpty();
        (await office.QueryAsync<long>($"select count(*) from task where definition_id = '{journey}' and test_by is null")).ShouldBe([0]);
    }

    [Fact]
    public async Task What_a_key_starts_is_real_and_changed_like_a_case()
    {
        await PublishAsync("rights-machine", Journey.Step("first"), FourEyes("pay", "first"));
        await using var app = WithKeys();
        var started = await AsKeyAsync(app, "runner", "/workflow-definitions/rights-machine/execute", new JsonObject());
        var run = (string)(await started.JsonAsync())["workflowState"]!["id"]!;

        ((bool?)(await SeenAsync(Adjuster, "rights-machine")).ShouldHaveSingleItem()["isTest"]).ShouldBe(false);
        (await Analyst.SendAsync(HttpMethod.Post, $"{Api}/workflow-instances/{run}/variables", Variables("x"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await Analyst.SendAsync(HttpMethod.Post, $"{Api}/alterations/run", Schedule(run, "pay"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_second_person_approves_or_refuses_changes_of_a_run_without_a_case_on_a_page_of_their_own()
    {
        await PublishAsync("rights-second", Journey.Step("first"), FourEyes("pay", "first"));
        await using var app = WithKeys();
        var started = await AsKeyAsync(app, "runner", "/workflow-definitions/rights-second/execute", new JsonObject());
        var run = Guid.Parse((string)(await started.JsonAsync())["workflowState"]!["id"]!);
        var opened = "select activity_id from task where definition_id = 'rights-second' order by activity_id";

        async Task<JsonNode> AskAsync()
        {
            var asked = await (await Admin.SendAsync(HttpMethod.Post, $"{Api}/alterations/run", Schedule(run.ToString("N"), "pay"))).JsonAsync();
            ((string)asked["results"]![0]!["log"]!["logEntries"]![0]!["message"]!).ShouldEndWith("The request is on the page “Requested changes”.");
            return (await office.Supervisor.GetAsync("/api/changes")).AsArray().Single(one => (Guid)one!["runId"]! == run)!;
        }

        var change = await AskAsync();
        change["caseId"].ShouldBeNull();
        ((string)change["subject"]!).ShouldBe("rights-second");
        ((string)change["summary"]!).ShouldBe("Run “pay”");
        var address = $"/api/changes/{change["id"]}";
        foreach (var verb in (string[])["approve", "refuse"])
            (await Adjuster.SendAsync(HttpMethod.Post, $"{address}/{verb}", new { reason = "x" })).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        var own = await (await Admin.SendAsync(HttpMethod.Post, $"{address}/approve")).ProblemAsync(409);
        ((string)own["detail"]!).ShouldBe("You requested this change, so someone else must approve it.");
        await (await office.Supervisor.SendAsync(HttpMethod.Post, $"{address}/refuse", new { reason = " " })).ProblemAsync(422);
        await (await office.Supervisor.SendAsync(HttpMethod.Post, $"/api/changes/{Guid.Empty}/approve")).ProblemAsync(404);

        var browser = await office.Host.BrowserAsync("supervisor");
        var page = await browser.GetStringAsync("/changes");
        page.ShouldContain("rights-second");
        page.ShouldContain("To see what happens.");
        (await office.Supervisor.SendAsync(HttpMethod.Post, $"{address}/refuse", new { reason = "Not needed." })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await office.QueryAsync<string>(opened)).ShouldBe(["first"]);
        await (await office.Supervisor.SendAsync(HttpMethod.Post, $"{address}/approve")).ProblemAsync(409);

        address = $"/api/changes/{(await AskAsync())["id"]}";
        (await office.Supervisor.SendAsync(HttpMethod.Post, $"{address}/approve")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await office.QueryAsync<string>(opened)).ShouldBe(["first", "pay"]);
        (await office.Supervisor.GetAsync("/api/changes")).AsArray().ShouldNotContain(one => (Guid)one!["runId"]! == run);
        (
            await office.QueryAsync<string>(
                $"""
                select action || ' ' || actor || coalesce(' for ' || (payload ->> 'requestedBy'), '') from event
                where chain_id = '{run}' and (action like 'case.change%' or action = 'instance.altered') order by sequence
                """
            )
        ).ShouldBe(["case.change-requested admin", "case.change-refused supervisor", "case.change-requested admin", "instance.altered supervisor for admin"]);
    }

    [Fact]
    public async Task A_key_can_not_request_what_needs_a_second_person()
    {
        await PublishAsync("rights-key-eyes", Journey.Step("first"), FourEyes("second", "first"));
        var id = await office.FrontOffice.OpenAsync("rights-key-eyes", office.NewReference("KE"), new { });
        await using var app = WithKeys();

        var asked = await (await AsKeyAsync(app, "alterer", "/alterations/run", Schedule(id.ToString("N"), "second"))).JsonAsync();

        ((string)asked["results"]![0]!["log"]!["logEntries"]![0]!["message"]!).ShouldBe(
            "A second person must approve this change, so a person must request it. An API key can't."
        );
        (await office.Supervisor.GetAsync($"/api/cases/{id}/changes")).AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_live_case_is_changed_with_a_reason_that_history_and_its_owner_are_told()
    {
        await PublishAsync("rights-plain", Journey.Step("first"));
        var reference = office.NewReference("RP");
        var id = await office.FrontOffice.OpenAsync("rights-plain", reference, new { });
        await Adjuster.ClaimAsync(id, "first");
        var path = $"{Api}/workflow-instances/{id:N}/variables";

        ((int)(await Admin.SendAsync(HttpMethod.Post, path, Variables("nobody"))).StatusCode).ShouldBe(428);
        (await Admin.SendAsync(HttpMethod.Post, path, Variables("senior1"), ("X-Reason", "Entered%20%22wrongly%22"))).StatusCode.ShouldBe(HttpStatusCode.OK);

        var altered = (await office.Supervisor.HistoryAsync(id)).Where(e => (string)e["action"]! == "instance.altered").ShouldHaveSingleItem();
        ((string)altered["actor"]!).ShouldBe("admin");
        ((string)altered["payload"]!["reason"]!).ShouldBe("Entered \"wrongly\"");
        ((string)altered["payload"]!["variable"]!).ShouldBe("v");
        (await office.QueryAsync<string>($"select title || ': ' || body from notification where kind = 'case.changed' and instance_id = '{id}'")).ShouldBe([
            $"{reference} was changed by admin: Variable 'v' has a new value. Entered \"wrongly\"",
        ]);

        (
            await office.Supervisor.SendAsync(HttpMethod.Post, $"/api/cases/{id}/changes", new { alterations = new[] { new { type = "Cancel" } } })
        ).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity, "no reason");
        (await Adjuster.SendAsync(HttpMethod.Post, $"/api/cases/{id}/changes", Change("""{"type":"Cancel"}"""))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await office.Supervisor.SendAsync(HttpMethod.Post, $"/api/cases/{id}/changes", Change("""{"type":"Cancel"}"""))).StatusCode.ShouldBe(
            HttpStatusCode.OK
        );
        ((string)(await office.Supervisor.CaseAsync(id))["case"]!["subStatus"]!).ShouldBe("Cancelled");
    }

    [Theory]
    [InlineData("""{"type":"ModifyVariable","variableId":"v","value":"senior1"}""")]
    [InlineData("""{"type":"ScheduleActivity","activityId":"pay"}""")]
    [InlineData("""{"type":"CancelActivity","activityId":"first"}""")]
    public async Task What_could_pass_four_eyes_needs_a_second_person(string alteration)
    {
        await PublishAsync("rights-eyes", Journey.Step("first"), FourEyes("second", "first"), Journey.Step("pay"));
        var id = await office.FrontOffice.OpenAsync("rights-eyes", office.NewReference("RE"), new { });
        var before = await office.Supervisor.StepsAsync(id);

        var asked = await Admin.SendAsync(
            HttpMethod.Post,
            $"{Api}/alterations/run",
            new JsonObject
            {
                ["workflowInstanceIds"] = new JsonArray(id.ToString("N")),
                ["alterations"] = new JsonArray(JsonNode.Parse(alteration)),
                ["reason"] = "The customer waits.",
            }
        );
        var result = (await asked.JsonAsync())["results"]![0]!;
        ((bool)result["isSuccessful"]!).ShouldBeFalse();
        ((string)result["log"]!["logEntries"]![0]!["message"]!).ShouldStartWith("A second person must approve this change");
        (await office.Supervisor.StepsAsync(id)).ShouldBe(before);

        var change = (await office.Supervisor.GetAsync($"/api/cases/{id}/changes")).AsArray().ShouldHaveSingleItem()!;
        ((string)change["state"]!).ShouldBe("Pending");
        var approve = $"/api/cases/{id}/changes/{change["id"]}/approve";
        var own = await (await Admin.SendAsync(HttpMethod.Post, approve)).ProblemAsync(409);
        ((string)own["detail"]!).ShouldBe("You requested this change, so someone else must approve it.");
        (await Adjuster.SendAsync(HttpMethod.Post, approve)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        (await office.Supervisor.SendAsync(HttpMethod.Post, approve)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await (await office.Person("senior1").SendAsync(HttpMethod.Post, approve)).ProblemAsync(409);
        var altered = (await office.Supervisor.HistoryAsync(id)).Where(e => (string)e["action"]! == "instance.altered").ShouldHaveSingleItem();
        ((string)altered["actor"]!).ShouldBe("supervisor");
        ((string)altered["payload"]!["requestedBy"]!).ShouldBe("admin");
        ((string)altered["payload"]!["reason"]!).ShouldBe("The customer waits.");
    }

    [Fact]
    public async Task A_refused_change_is_never_made()
    {
        await PublishAsync("rights-refuse", Journey.Step("first"), FourEyes("second", "first"));
        var id = await office.FrontOffice.OpenAsync("rights-refuse", office.NewReference("RR"), new { });
        var asked = await Admin.SendAsync(HttpMethod.Post, $"/api/cases/{id}/changes", Change("""{"type":"CancelActivity","activityId":"first"}"""));
        asked.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var change = $"/api/cases/{id}/changes/{(await asked.JsonAsync())["id"]}";

        foreach (var reason in new[] { " ", new string('x', 2001) })
            (await (await office.Supervisor.SendAsync(HttpMethod.Post, $"{change}/refuse", new { reason })).ProblemAsync(422))["errors"]!
                .AsObject()
                .ContainsKey("reason")
                .ShouldBeTrue();
        (await office.Supervisor.SendAsync(HttpMethod.Post, $"{change}/refuse", new { reason = "No." })).StatusCode.ShouldBe(HttpStatusCode.OK);

        await (await office.Supervisor.SendAsync(HttpMethod.Post, $"{change}/approve")).ProblemAsync(409);
        (await office.Supervisor.StepsAsync(id)).ShouldBe(["first"]);
        var page = WebUtility.HtmlDecode(await (await office.Host.BrowserAsync("supervisor")).GetStringAsync($"/cases/{id}"));
        page.ShouldContain("Change requested: Stop “first”");
        page.ShouldContain("Change refused: Stop “first”");
    }

    [Fact]
    public async Task An_event_reaches_only_cases_that_the_sender_sees_and_history_names_the_sender()
    {
        await PublishAsync("rights-event", Journey.Parallel("both", Journey.Step("first"), Waits("Told")));
        var (mine, theirs) = (office.NewReference("EV"), office.NewReference("EV"));
        var id = await office.FrontOffice.OpenAsync("rights-event", mine, new { });
        var processor = office.Person("processor1");
        var nothing = """{"told":0,"keptUntil":null}""";

        // The claims team sees the case, a mortgage processor does not; the answer is the one for a reference that nobody has.
        (await (await processor.PublishAsync("Told", mine, new { })).Content.ReadAsStringAsync()).ShouldBe(nothing);
        (await (await processor.PublishAsync("Told", theirs, new { })).Content.ReadAsStringAsync()).ShouldBe(nothing);
        (await WaitsAsync(id)).ShouldBe(1);
        (await Analyst.SendAsync(HttpMethod.Post, $"{Api}/events/Told/trigger", new { correlationId = mine })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Analyst.SendAsync(HttpMethod.Post, $"{Api}/events/Told/trigger", new { workflowInstanceId = id.ToString("N") })).StatusCode.ShouldBe(
            HttpStatusCode.OK
        );
        (await WaitsAsync(id)).ShouldBe(1);

        ((int)(await (await Adjuster.PublishAsync("Told", mine, new { })).JsonAsync())["told"]!).ShouldBe(1);
        (await WaitsAsync(id)).ShouldBe(0);
        (await office.Supervisor.HistoryAsync(id))
            .Where(e => (string)e["action"]! == "Resumed" && (string?)e["activityId"] == "wait")
            .Select(e => (string)e["actor"]!)
            .ShouldBe(["adjuster1"]);
    }

    [Fact]
    public async Task A_key_tells_cases_of_events_only_with_the_right_to()
    {
        await PublishAsync("rights-key", Waits("KeyTold"));
        var reference = office.NewReference("EK");
        var id = await office.FrontOffice.OpenAsync("rights-key", reference, new { });
        await using var app = WithKeys();

        (await AskAsync("runner")).ShouldBe(HttpStatusCode.Forbidden);
        (await WaitsAsync(id)).ShouldBe(1);
        (await AskAsync("teller")).ShouldBe(HttpStatusCode.OK);
        (await WaitsAsync(id)).ShouldBe(0);
        (await office.Supervisor.HistoryAsync(id)).ShouldContain(e => (string)e["actor"]! == "key:teller");

        async Task<HttpStatusCode> AskAsync(string key) =>
            (await AsKeyAsync(app, key, "/events/KeyTold/trigger", new JsonObject { ["correlationId"] = reference })).StatusCode;
    }

    /// <summary>A host that knows some API keys.</summary>
    private HostApp WithKeys()
    {
        (string Name, string[] Rights)[] keys =
        [
            ("runner", ["journeys:read", "journeys:run"]),
            ("alterer", ["journeys:read", "journeys:run", "cases:read", "cases:alter"]),
            ("teller", ["events:publish"]),
        ];
        var settings = new Dictionary<string, string>();
        foreach (var (name, rights) in keys)
        {
            settings[$"ApiKeys:{name}:Sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
            foreach (var (index, right) in rights.Index())
                settings[$"ApiKeys:{name}:Rights:{index}"] = right;
        }

        return new(office.Database.ConnectionString, office.Clock, settings: settings);
    }

    private static async Task<HttpResponseMessage> AsKeyAsync(HostApp app, string key, string path, JsonObject body)
    {
        using var machine = app.Api();
        machine.DefaultRequestHeaders.Add("Authorization", "ApiKey " + key);
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        return await machine.PostAsync(Api + path, content);
    }

    /// <summary>Tasks of a journey that someone sees.</summary>
    private async Task<IReadOnlyList<JsonNode>> SeenAsync(Worker who, string journey)
    {
        var cases = await office.QueryAsync<Guid>($"select id from workflow_instance where definition_id = '{journey}'");
        var tasks = new List<JsonNode>();
        foreach (var id in cases)
            tasks.AddRange((await who.GetAsync($"/api/tasks?view=all&case={id}"))["items"]!.AsArray().Select(task => task!));
        return tasks;
    }

    private Task<List<long>> CountAsync(Guid id) =>
        office.QueryAsync<long>($"select count(*) from bookmark where instance_id = '{id}' and name = 'Elsa.Event'");

    private async Task<long> WaitsAsync(Guid id) => (await CountAsync(id)).Single();

    private static async Task<int> ListAsync(Worker who, string definition)
    {
        var answer = await who.SendAsync(HttpMethod.Post, $"{Api}/workflow-instances", new { definitionIds = new[] { definition } });
        return (int)(await answer.JsonAsync())["totalCount"]!;
    }

    private static object Variables(string value) => new { variables = new[] { new { id = "v", value } } };

    private static JsonObject Schedule(string run, string activity) =>
        new()
        {
            ["workflowInstanceIds"] = new JsonArray(run),
            ["alterations"] = new JsonArray(new JsonObject { ["type"] = "ScheduleActivity", ["activityId"] = activity }),
            ["reason"] = "To see what happens.",
        };

    private static JsonObject Change(string alteration) => new() { ["alterations"] = new JsonArray(JsonNode.Parse(alteration)), ["reason"] = "Why not." };

    private static string FourEyes(string id, string excluded) =>
        Journey.Step(id).TrimEnd()[..^1]
        + $$""", "excludedSteps": { "typeName": "List<String>", "expression": { "type": "Object", "value": "[\"{{excluded}}\"]" } } }""";

    private static string Waits(string name) =>
        $$"""
            { "id": "wait", "type": "Elsa.Event", "version": 1,
              "eventName": { "typeName": "String", "expression": { "type": "Literal", "value": "{{name}}" } } }
            """;

    private async Task PublishAsync(string id, params string[] steps)
    {
        var definition = Journey.Of(id, steps);
        definition["variables"] = JsonNode.Parse(
            """
            [{ "id": "v", "name": "decidedBy", "typeName": "String",
               "storageDriverTypeName": "Elsa.Workflows.WorkflowInstanceStorageDriver, Elsa.Workflows.Core" }]
            """
        );
        var answer = await Analyst.SendAsync(
            HttpMethod.Post,
            "/api/definitions",
            new
            {
                definition,
                publish = true,
                operationId = Worker.NewOperation(),
            }
        );
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }
}
