using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Orchestration.Host.Tests.Elsa;

/// <summary>C# is an administrator's switch: it decides what the designer offers and what can be published.</summary>
public sealed class CSharpTests(SharedHost host) : IClassFixture<SharedHost>
{
    private const string Api = "/elsa/api";

    [Fact]
    public async Task Where_it_is_off_it_is_not_offered_and_not_published()
    {
        var analyst = await host.App.ApiAsync("analyst");

        (await LanguagesAsync(analyst)).ShouldNotContain("CSharp");
        ((bool)(await analyst.GetFromJsonAsync<JsonNode>($"{Api}/descriptors/activities/Elsa.RunCSharp"))!["isBrowsable"]!).ShouldBeFalse();
        var refused = await PublishAsync(analyst, "csharp-off");

        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("Activity \\u0027Add\\u0027: C# is switched off here.");
    }

    [Fact]
    public async Task Where_it_is_on_it_is_offered_and_runs()
    {
        await using var app = new HostApp(host.ConnectionString, settings: new Dictionary<string, string> { ["Expressions:CSharp:Enabled"] = "true" });
        var analyst = await app.ApiAsync("analyst");

        (await LanguagesAsync(analyst)).ShouldContain("CSharp");
        ((bool)(await analyst.GetFromJsonAsync<JsonNode>($"{Api}/descriptors/activities/Elsa.RunCSharp"))!["isBrowsable"]!).ShouldBeTrue();
        (await PublishAsync(analyst, "csharp-on")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var run = await analyst.PostAsJsonAsync($"{Api}/workflow-definitions/csharp-on/execute", new { input = new { Size = 4 } });

        ((int)(await run.Content.ReadFromJsonAsync<JsonNode>())!["workflowState"]!["output"]!["Total"]!).ShouldBe(42);
    }

    private static async Task<IEnumerable<string>> LanguagesAsync(HttpClient client) =>
        (await client.GetFromJsonAsync<JsonNode>($"{Api}/descriptors/expression-descriptors"))!["items"]!.AsArray().Select(x => (string)x!["type"]!);

    private static Task<HttpResponseMessage> PublishAsync(HttpClient client, string id) =>
        client.PostAsJsonAsync(
            $"{Api}/workflow-definitions",
            new JsonObject
            {
                ["publish"] = true,
                ["model"] = new JsonObject
                {
                    ["definitionId"] = id,
                    ["name"] = id,
                    ["inputs"] = new JsonArray(new JsonObject { ["name"] = "Size", ["type"] = "Int32" }),
                    ["outputs"] = new JsonArray(new JsonObject { ["name"] = "Total", ["type"] = "Int32" }),
                    ["root"] = JsonNode.Parse(
                        """
                        {"id":"root","type":"Elsa.Sequence","version":1,"activities":[{"id":"add","name":"Add","type":"Elsa.SetOutput","version":1,
                            "outputName":{"typeName":"String","expression":{"type":"Literal","value":"Total"}},
                            "outputValue":{"typeName":"Object","expression":{"type":"CSharp","value":"Enumerable.Range(0, Input.Size).Sum() * 7"}}}]}
                        """
                    ),
                },
            }
        );
}
