using System.Text.Json.Nodes;

namespace Orchestration.Host.Tests.Journeys;

/// <summary>Definitions of a few steps, one after the other.</summary>
internal static class Journey
{
    public static JsonObject Of(string id, params string[] steps) =>
        JsonNode
            .Parse(
                $$"""
                { "definitionId": "{{id}}", "name": "{{id}}",
                  "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [ {{string.Join(',', steps)}} ] } }
                """
            )!
            .AsObject();

    /// <summary>A human step of the adjusters, due in eight hours.</summary>
    public static string Step(string id) =>
        $$"""
            { "id": "{{id}}", "type": "Orchestration.HumanTask", "version": 1, {{Text("title", id)}}, {{Text("team", "claims-adjusting")}},
              {{Text("slaDuration", "PT8H")}}, {{Text("slaUnit", "elapsed")}} }
            """;

    /// <summary>Steps side by side.</summary>
    public static string Parallel(string id, params string[] steps) =>
        $$"""{ "id": "{{id}}", "type": "Elsa.Parallel", "version": 1, "activities": [ {{string.Join(',', steps)}} ] }""";

    public static string Delay(string id, string time) =>
        $$"""
            { "id": "{{id}}", "type": "Elsa.Delay", "version": 1, "timeSpan": { "typeName": "TimeSpan", "expression": { "type": "Literal",
              "value": "{{time}}" } } }
            """;

    private static string Text(string input, string value) =>
        $$""" "{{input}}": { "typeName": "String", "expression": { "type": "Literal", "value": "{{value}}" } } """;
}
