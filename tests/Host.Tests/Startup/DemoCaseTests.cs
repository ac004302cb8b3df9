using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Workflows.Demo;

namespace Orchestration.Host.Tests.Startup;

public sealed class DemoCaseTests(SharedHost host) : IClassFixture<SharedHost>
{
    [Fact]
    public async Task An_empty_database_gets_cases_in_every_state_once()
    {
        var supervisor = await host.App.ApiAsync("supervisor");
        var demo = ActivatorUtilities.CreateInstance<DemoCases>(host.App.Services);

        (await demo.RunAsync()).ShouldBe(33);
        (await demo.RunAsync()).ShouldBe(0);

        var cases = await ListAsync("/api/cases?limit=100");
        cases.Count.ShouldBe(33);
        cases.Count(c => Text(c, "subStatus") == "Finished").ShouldBeInRange(3, 8);
        cases.Count(c => Text(c, "subStatus") == "Cancelled").ShouldBe(1);
        cases.Count(c => c!["incidentCount"]!.GetValue<int>() > 0).ShouldBe(1);
        cases.Count(c => Text(c, "status") == "Running" && c!["openTasks"]!.GetValue<int>() == 0).ShouldBeGreaterThan(0);
        var tasks = await ListAsync("/api/tasks?view=all&limit=100");
        tasks.Select(t => Text(t, "state")).Distinct().Order().ShouldBe(["InProgress", "Ready", "Reserved", "Suspended"]);
        (await ListAsync("/api/tasks?view=all&overdue=true&limit=100")).Count.ShouldBeInRange(5, 25);
        var journeys = (await supervisor.GetFromJsonAsync<JsonArray>("/api/journeys"))!;
        journeys.Select(j => Text(j, "id")).ShouldNotContain("demo-address-check");

        async Task<JsonArray> ListAsync(string address) => (await supervisor.GetFromJsonAsync<JsonObject>(address))!["items"]!.AsArray();
        static string Text(JsonNode? node, string name) => node![name]!.GetValue<string>();
    }
}
