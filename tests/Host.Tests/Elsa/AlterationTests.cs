using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Elsa;

/// <summary>Alterations of runs through Elsa's API: each kind, immediately and as a plan.</summary>
public sealed class AlterationTests(SharedHost host) : IClassFixture<SharedHost>
{
    private const string Api = "/elsa/api";

    [Fact]
    public async Task A_variable_gets_a_value()
    {
        var (client, run) = await StartAsync("alter-variable");
        await AlterAsync(client, run, """{"type":"ModifyVariable","variableId":"v","value":{"amount":12}}""");
        var variables = (await client.GetFromJsonAsync<JsonObject>($"{Api}/workflow-instances/{run}/variables"))!["items"]!;
        ((int)variables[0]!["value"]!["amount"]!).ShouldBe(12);
    }

    [Fact]
    public async Task An_activity_is_run_and_one_that_waits_is_cancelled()
    {
        var (client, run) = await StartAsync("alter-activity");
        await AlterAsync(client, run, """{"type":"ScheduleActivity","activityId":"line"}""", """{"type":"CancelActivity","activityId":"wait"}""");
        var report = await client.PostAsJsonAsync($"{Api}/activity-executions/report", new { workflowInstanceId = run });
        var stats = JsonNode.Parse(await report.Content.ReadAsStringAsync())!["stats"]!
            .AsArray()
            .ToDictionary(s => (string)s!["activityId"]!, s => ((int)s!["completedCount"]!, (bool)s["isBlocked"]!));
        stats["wait"].ShouldBe((0, false));
        stats["line"].Item1.ShouldBe(1);
    }

    [Fact]
    public async Task A_run_is_cancelled_with_its_reason_in_history()
    {
        var (client, run) = await StartAsync("alter-cancel");
        await AlterAsync(client, run, """{"type":"Cancel","reason":"Entered twice."}""");
        (await RunAsync(client, run))["subStatus"]!.GetValue<string>().ShouldBe("Cancelled");
        var database = host.App.Services.GetRequiredService<WorkflowRuntime>().Database;
        await using var query = database.CreateCommand(
            $"select e.payload ->> 'reason' from event e " + $"where e.chain_id = '{Guid.Parse(run)}' and e.action = 'instance.altered'"
        );
        (await query.ExecuteScalarAsync()).ShouldBe("Entered twice.");
    }

    [Fact]
    public async Task A_run_is_migrated_to_a_newer_version()
    {
        var (client, run) = await StartAsync("alter-migrate");
        await PublishAsync(client, "alter-migrate", "new");
        await AlterAsync(client, run, """{"type":"Migrate","targetVersion":2}""");
        ((int)(await RunAsync(client, run))["version"]!).ShouldBe(2);
    }

    [Fact]
    public async Task One_alteration_that_does_not_fit_leaves_the_others_undone_and_says_why()
    {
        var (client, run) = await StartAsync("alter-refused");
        var result = await SendAsync(client, run, """{"type":"ModifyVariable","variableId":"v","value":1}""", """{"type":"Migrate","targetVersion":99}""");
        ((bool)result["isSuccessful"]!).ShouldBeFalse();
        result["log"]!["logEntries"]!.AsArray()[^1]!["message"]!.GetValue<string>().ShouldContain("no version 99");
        (await client.GetFromJsonAsync<JsonObject>($"{Api}/workflow-instances/{run}/variables"))!["items"]![0]!["value"].ShouldBeNull();
    }

    [Fact]
    public async Task A_plan_alters_the_runs_that_fit_its_filter_once_and_tells_of_each()
    {
        var (client, first) = await StartAsync("alter-plan");
        var second = await StartRunAsync(client, "alter-plan");
        var (_, other) = await StartAsync("alter-other");
        var filter = new JsonObject
        {
            ["definitionIds"] = new JsonArray("alter-plan"),
            ["statuses"] = new JsonArray("Running"),
            ["activityFilters"] = new JsonArray(new JsonObject { ["activityId"] = "wait", ["status"] = "Running" }),
        };
        var dry = await PostAsync(client, "/alterations/dry-run", filter.DeepClone());
        dry["workflowInstanceIds"]!.AsArray().Select(i => (string)i!).ShouldBe([first, second], ignoreOrder: true);

        var plan = new JsonObject
        {
            ["id"] = "plan-1",
            ["alterations"] = new JsonArray(JsonNode.Parse("""{"type":"Cancel","reason":"No longer offered."}""")),
            ["filter"] = filter,
        };
        ((string)(await PostAsync(client, "/alterations/submit", plan))["planId"]!).ShouldBe("plan-1");
        await PostAsync(client, "/alterations/submit", plan);

        var told = await Eventually.AsksAsync(
            async () => (await client.GetFromJsonAsync<JsonObject>($"{Api}/alterations/plan-1"))!,
            p => (string)p["plan"]!["status"]! == "Completed",
            "the plan is done"
        );
        told["jobs"]!.AsArray().Count.ShouldBe(2);
        told["jobs"]!.AsArray().ShouldAllBe(j => (string)j!["status"]! == "Completed" && j["log"]!.AsArray().Count == 1 && j["completedAt"] != null);
        foreach (var run in new[] { first, second })
            ((string)(await RunAsync(client, run))["subStatus"]!).ShouldBe("Cancelled");
        ((string)(await RunAsync(client, other))["status"]!).ShouldBe("Running");
    }

    [Fact]
    public async Task A_job_of_a_plan_that_is_refused_leaves_its_run_alone_and_says_why()
    {
        var (client, run) = await StartAsync("alter-failing");
        await PostAsync(
            client,
            "/alterations/submit",
            JsonNode.Parse($$$"""{"id":"plan-2","alterations":[{"type":"Migrate","targetVersion":99}],"filter":{"workflowInstanceIds":["{{{run}}}"]}}""")!
        );
        var told = await Eventually.AsksAsync(
            async () => (await client.GetFromJsonAsync<JsonObject>($"{Api}/alterations/plan-2"))!,
            p => (string)p["plan"]!["status"]! == "Failed",
            "the plan has failed"
        );
        told["jobs"]![0]!["log"]![0]!["message"]!.GetValue<string>().ShouldContain("no version 99");
        ((string)(await RunAsync(client, run))["subStatus"]!).ShouldBe("Suspended");
    }

    [Fact]
    public async Task A_plan_is_shown_only_to_those_who_see_one_of_its_runs_or_submitted_it()
    {
        var agent = await host.App.ApiAsync("frontoffice");
        var body = new
        {
            journey = "complaint",
            reference = "CMP-PLAN",
            customer = new { id = "C-7", name = "Lena Fischer" },
            input = new { subject = "Late" },
        };
        var started = await (await agent.PostAsJsonAsync("/api/cases", body)).Content.ReadFromJsonAsync<JsonObject>();
        var id = Guid.Parse((string)started!["case"]!["id"]!);
        var alterations = JsonNode.Parse("""[{"type":"ModifyVariable","variableId":"none","value":"what the customer said"}]""")!.AsArray();
        var runtime = host.App.Services.GetRequiredService<WorkflowRuntime>();
        await AlterationPlans.SubmitAsync(runtime, "plan-of-case", alterations, [], [id], "admin", "Entered wrongly");

        (await (await host.App.ApiAsync("analyst")).GetAsync($"{Api}/alterations/plan-of-case")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        foreach (var (who, value) in new[] { ("supervisor", "what the customer said"), ("admin", null) })
        {
            var seen = await (await host.App.ApiAsync(who)).GetFromJsonAsync<JsonObject>($"{Api}/alterations/plan-of-case");
            seen!["jobs"]!.AsArray().ShouldHaveSingleItem();
            ((string?)seen["plan"]!["alterations"]![0]!["value"]).ShouldBe(value, $"{who}: a fact of the case is hidden from administrators");
        }

        await AlterationPlans.SubmitAsync(runtime, "plan-of-none", (JsonArray)alterations.DeepClone(), [], [], "admin", null);
        foreach (var (who, status) in new[] { ("supervisor", HttpStatusCode.NotFound), ("admin", HttpStatusCode.OK) })
            (await (await host.App.ApiAsync(who)).GetAsync($"{Api}/alterations/plan-of-none")).StatusCode.ShouldBe(status, who);
    }

    [Theory]
    [InlineData("""{"alterations":[]}""", "alterations")]
    [InlineData("""{"alterations":[7,{"type":"Nope"},{"type":"Migrate"}],"filter":{"emptyFilterSelectsAll":true}}""", "alterations")]
    [InlineData("""{"alterations":[{"type":"Cancel"}],"filter":{"timestampFilters":[{"column":"drop table","timestamp":"x"}]}}""", "timestampFilters")]
    [InlineData("""{"alterations":[{"type":"Cancel"}],"filter":{"activityFilters":[{"status":"Odd"},{"name":"x"}]}}""", "activityFilters")]
    public async Task A_plan_that_can_not_be_understood_is_refused_with_every_reason(string plan, string field)
    {
        var answer = await (await host.App.ApiAsync("admin")).PostAsJsonAsync(Api + "/alterations/submit", JsonNode.Parse(plan));
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["errors"]![field]!.AsArray().ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_filter_without_a_condition_means_no_run_and_who_only_looks_may_not_alter()
    {
        var (client, run) = await StartAsync("alter-nothing");
        (await PostAsync(client, "/alterations/dry-run", new JsonObject()))["workflowInstanceIds"]!.AsArray().ShouldBeEmpty();
        (await PostAsync(client, "/alterations/dry-run", new JsonObject { ["emptyFilterSelectsAll"] = true }))["workflowInstanceIds"]!
            .AsArray()
            .Select(i => (string)i!)
            .ShouldContain(run);
        var supervisor = await host.App.ApiAsync("supervisor");
        (await supervisor.PostAsJsonAsync(Api + "/alterations/submit", new { alterations = new[] { new { type = "Cancel" } } })).StatusCode.ShouldBe(
            HttpStatusCode.Forbidden
        );
        (await supervisor.PostAsJsonAsync(Api + "/admin/workflow-runtime/pause", new { })).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await (await host.App.ApiAsync("analyst")).PostAsJsonAsync(Api + "/admin/workflow-runtime/pause", new { })).StatusCode.ShouldBe(
            HttpStatusCode.Forbidden
        );
    }

    private async Task<(HttpClient Client, string Run)> StartAsync(string definition)
    {
        var client = await host.App.ApiAsync("admin");
        await PublishAsync(client, definition, "old");
        return (client, await StartRunAsync(client, definition));
    }

    private static async Task<string> StartRunAsync(HttpClient client, string definition) =>
        (string)(await PostAsync(client, $"/workflow-definitions/{definition}/execute", new JsonObject()))["workflowState"]!["id"]!;

    /// <summary>Waits for an event that never comes, then writes a line.</summary>
    private static async Task PublishAsync(HttpClient client, string definition, string description) =>
        await PostAsync(
            client,
            "/workflow-definitions",
            new JsonObject
            {
                ["publish"] = true,
                ["model"] = new JsonObject
                {
                    ["definitionId"] = definition,
                    ["name"] = definition,
                    ["description"] = description,
                    ["variables"] = new JsonArray(
                        new JsonObject
                        {
                            ["id"] = "v",
                            ["name"] = "V",
                            ["typeName"] = "Object",
                            ["storageDriverTypeName"] = "Elsa.Workflows.WorkflowInstanceStorageDriver, Elsa.Workflows.Core",
                        }
                    ),
                    ["root"] = new JsonObject
                    {
                        ["id"] = "root",
                        ["type"] = "Elsa.Flowchart",
                        ["version"] = 1,
                        ["start"] = "wait",
                        ["connections"] = new JsonArray(
                            JsonNode.Parse("""{"source":{"activity":"wait","port":"Done"},"target":{"activity":"line","port":"In"}}""")
                        ),
                        ["activities"] = new JsonArray(
                            new JsonObject
                            {
                                ["id"] = "wait",
                                ["type"] = "Elsa.Event",
                                ["version"] = 1,
                                ["eventName"] = Literal("Never"),
                            },
                            new JsonObject
                            {
                                ["id"] = "line",
                                ["type"] = "Elsa.WriteLine",
                                ["version"] = 1,
                                ["text"] = Literal("Run by hand"),
                            }
                        ),
                    },
                },
            }
        );

    private static JsonObject Literal(string text) =>
        new()
        {
            ["typeName"] = "String",
            ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = text },
        };

    private static async Task AlterAsync(HttpClient client, string run, params string[] alterations)
    {
        var result = await SendAsync(client, run, alterations);
        ((bool)result["isSuccessful"]!).ShouldBeTrue(result.ToJsonString());
        result["log"]!["logEntries"]!.AsArray().Count.ShouldBe(alterations.Length);
    }

    private static async Task<JsonNode> SendAsync(HttpClient client, string run, params string[] alterations) =>
        (
            await PostAsync(
                client,
                "/alterations/run",
                new JsonObject
                {
                    ["workflowInstanceIds"] = new JsonArray(run),
                    ["alterations"] = new JsonArray([.. alterations.Select(a => JsonNode.Parse(a))]),
                }
            )
        )["results"]![0]!;

    private static async Task<JsonObject> RunAsync(HttpClient client, string run) =>
        (await client.GetFromJsonAsync<JsonObject>($"{Api}/workflow-instances/{run}"))!;

    private static async Task<JsonNode> PostAsync(HttpClient client, string path, JsonNode body)
    {
        var answer = await client.PostAsJsonAsync(Api + path, body);
        var text = await answer.Content.ReadAsStringAsync();
        answer.IsSuccessStatusCode.ShouldBeTrue($"{path}: {text}");
        return JsonNode.Parse(text)!;
    }
}
