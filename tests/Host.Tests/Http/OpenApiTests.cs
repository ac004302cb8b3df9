using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Orchestration.Host.Tests.Http;

public sealed class OpenApiTests(SharedHost host) : IClassFixture<SharedHost>
{
    [Fact]
    public async Task Every_member_of_the_API_has_a_type()
    {
        var document = (await host.App.Api().GetFromJsonAsync<JsonNode>("/openapi/v1.json"))!;

        var untyped = document["components"]!["schemas"]!
            .AsObject()
            .SelectMany(schema =>
                (schema.Value!["properties"] as JsonObject ?? []).Select(property => (Name: $"{schema.Key}.{property.Key}", Schema: property.Value!.AsObject()))
            )
            .Where(property => property.Schema.Count == 0)
            .Select(property => property.Name);

        untyped.ShouldBeEmpty();
        document["components"]!["schemas"]!["EventBody"]!["properties"]!["name"]!["type"]!.ToJsonString().ShouldBe("""["null","string"]""");
        document["components"]!["schemas"]!["TaskSummary"]!["properties"]!["title"]!["type"]!.ToJsonString().ShouldBe("\"string\"");
    }
}
