using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Browser.Designer;

/// <summary>A run in Studio's viewer: what failed and where, retrying it, and outputs of activities.</summary>
public sealed class ViewerTests(Chromium chromium)
{
    private const string Api = "/elsa/api";

    // Cookies expire by the clock of the browser.
    private readonly FakeClock _clock = new(NodaTime.Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()));

    [Fact]
    public async Task An_incident_is_seen_with_the_place_in_the_script_and_is_tried_again_after_its_cause_was_mended()
    {
        await using var database = await StartedDatabase.CreateAsync();
        await using var app = new HostApp(database.ConnectionString, _clock);
        var admin = await app.ApiAsync("admin");
        var run = await StartAsync(
            admin,
            "premium",
            new JsonObject
            {
                ["id"] = "rate",
                ["name"] = "Look up the rate",
                ["type"] = "Elsa.RunJavaScript",
                ["version"] = 1,
                ["script"] = Text("const tariff = getVariable('Tariff');\nreturn tariff.rate;"),
            }
        );
        var studio = await Studio.OpenAsync(chromium, app, "/studio/instances/" + run);

        await studio.SelectAsync("Look up the rate");
        await studio.TabAsync("Incidents");
        await studio.Page.Locator(".mud-expand-panel").GetByText("Cannot read properties of null").First.ClickAsync();
        await studio.Page.GetByText("at line 2, column").First.WaitForAsync();
        await studio.PictureAsync("incident");
        await studio.Message.GetByText("rate failed: Cannot read properties of null (reading 'rate')").WaitForAsync();

        (
            await admin.PostAsJsonAsync($"{Api}/workflow-instances/{run}/variables", JsonNode.Parse("""{"variables":[{"id":"tariff","value":{"rate":7}}]}"""))
        ).EnsureSuccessStatusCode();
        await studio.Message.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();

        await studio.Page.GetByText("Run JavaScript - Completed").WaitForAsync();
        await Assertions.Expect(studio.Message).ToBeHiddenAsync();
        await studio.SelectAsync("Look up the rate");
        await studio.Page.Locator("tr, .mud-simple-table").Filter(new() { HasText = "Result" }).Filter(new() { HasText = "7" }).First.WaitForAsync();
        await studio.PictureAsync("retried");
        await studio.CloseAsync();
    }

    [Fact]
    public async Task Who_only_looks_is_offered_no_retry()
    {
        await using var database = await StartedDatabase.CreateAsync();
        await using var app = new HostApp(database.ConnectionString, _clock);
        var run = await StartAsync(
            await app.ApiAsync("admin"),
            "fault",
            new JsonObject
            {
                ["id"] = "stop",
                ["name"] = "Stop",
                ["type"] = "Elsa.Fault",
                ["version"] = 1,
                ["message"] = Text("Out of paper"),
            }
        );
        var studio = await Studio.OpenAsync(chromium, app, "/studio/instances/" + run, "compliance");
        await studio.Message.GetByText("stop failed: Out of paper").WaitForAsync();
        (await studio.Message.GetByRole(AriaRole.Button).CountAsync()).ShouldBe(0);
        await studio.CloseAsync();
    }

    private static async Task<string> StartAsync(HttpClient client, string definition, JsonObject activity)
    {
        activity["metadata"] = JsonNode.Parse("""{"designer":{"position":{"x":0,"y":0},"size":{"width":220,"height":54}}}""");
        (
            await client.PostAsJsonAsync(
                Api + "/workflow-definitions",
                new JsonObject
                {
                    ["publish"] = true,
                    ["model"] = new JsonObject
                    {
                        ["definitionId"] = definition,
                        ["name"] = definition,
                        ["variables"] = new JsonArray(
                            new JsonObject
                            {
                                ["id"] = "tariff",
                                ["name"] = "Tariff",
                                ["typeName"] = "Object",
                                ["storageDriverTypeName"] = "Elsa.Workflows.WorkflowInstanceStorageDriver, Elsa.Workflows.Core",
                            }
                        ),
                        ["root"] = new JsonObject
                        {
                            ["id"] = "root",
                            ["type"] = "Elsa.Flowchart",
                            ["version"] = 1,
                            ["start"] = (string)activity["id"]!,
                            ["connections"] = new JsonArray(),
                            ["activities"] = new JsonArray(activity),
                        },
                    },
                }
            )
        ).EnsureSuccessStatusCode();
        var answer = await client.PostAsJsonAsync($"{Api}/workflow-definitions/{definition}/execute", new { });
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["workflowState"]!["id"]!;
    }

    private static JsonObject Text(string text) =>
        new()
        {
            ["typeName"] = "String",
            ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = text },
        };
}
