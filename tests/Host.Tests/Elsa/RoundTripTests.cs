using System.IO.Compression;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Elsa;

/// <summary>What comes in goes out: every shipped journey, and every definition whose run was recorded from a stock server.</summary>
public sealed class RoundTripTests(SharedHost host) : IClassFixture<SharedHost>
{
    private const string Api = "/elsa/api/workflow-definitions";

    [Theory]
    [InlineData("definitions/claims.json")]
    [InlineData("definitions/claims-status-letter.json")]
    [InlineData("definitions/complaint.json")]
    [InlineData("definitions/mortgage-origination.json")]
    public async Task A_shipped_journey_loses_nothing(string path) =>
        (await LostAsync([JsonNode.Parse(await File.ReadAllTextAsync(Repository.Path(path)))!.AsObject()])).ShouldBeEmpty();

    [Fact]
    public async Task Shipped_journeys_are_exported_as_their_files_have_them()
    {
        var analyst = await host.App.ApiAsync("analyst");
        foreach (var file in Directory.GetFiles(Repository.Path("definitions"), "*.json"))
        {
            if (JsonNode.Parse(await File.ReadAllTextAsync(file)) is not JsonObject definition || !definition.ContainsKey("definitionId"))
                continue;
            using var answer = await analyst.GetAsync(
                new Uri($"{Api}/{(string)definition["definitionId"]!}/export?versionOptions=Latest&includeConsumingWorkflows=False", UriKind.Relative)
            );
            answer.IsSuccessStatusCode.ShouldBeTrue($"{file}: {answer.StatusCode}");
            Meaning.Lost(definition, await answer.JsonAsync()).ShouldBeEmpty();
        }
    }

    [Theory]
    [InlineData("generated-a")]
    [InlineData("semantics")]
    public async Task A_recorded_definition_loses_nothing(string golden)
    {
        await using var file = new GZipStream(File.OpenRead(Repository.Path($"tests/Engine.Tests/Golden/{golden}.ndjson.gz")), CompressionMode.Decompress);
        using var lines = new StreamReader(file);
        var definitions = new List<JsonObject>();
        while (await lines.ReadLineAsync() is { } line)
            definitions.AddRange(JsonNode.Parse(line)!["definitions"]!.AsArray().Select(d => d!.DeepClone().AsObject()));
        definitions.Count.ShouldBeGreaterThan(150);
        (await LostAsync(definitions)).ShouldBeEmpty();
    }

    /// <summary>Imports each, opens and saves it as Studio does, and exports it.</summary>
    /// <returns>What of them is not in the export, with the order of activities and their places on the canvas.</returns>
    private async Task<List<string>> LostAsync(IEnumerable<JsonObject> definitions)
    {
        var analyst = await host.App.ApiAsync("analyst");
        var lost = new List<string>();
        foreach (var definition in definitions)
        {
            // In addition to the shipped journeys, which this host has.
            var id = "copy-" + (string)definition["definitionId"]!;
            definition["definitionId"] = id;
            definition["unknownToAll"] = new JsonObject { ["kept"] = new JsonArray(1, "two", null) };
            (await analyst.PostAsJsonAsync(Api + "/import", definition)).EnsureSuccessStatusCode();
            var model = (await analyst.GetFromJsonAsync<JsonObject>($"{Api}/by-definition-id/{id}"))!;
            model.Remove("unknownToAll");
            (await analyst.PostAsJsonAsync(Api, new JsonObject { ["model"] = model, ["publish"] = false })).EnsureSuccessStatusCode();
            lost.AddRange(Meaning.Lost(definition, JsonNode.Parse(await analyst.GetStringAsync($"{Api}/{id}/export"))).Select(path => $"{id}: {path}"));
        }

        return lost;
    }
}
