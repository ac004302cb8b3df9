using System.Text.Json.Nodes;

namespace Orchestration.Host.Tests.Elsa;

/// <summary>Whether two documents mean the same.</summary>
internal static class Meaning
{
    /// <summary>Set by the server for a version, whatever a document says.</summary>
    private static readonly string[] OfServer = ["id", "createdAt", "version", "isLatest", "isPublished", "isReadonly", "isSystem"];

    /// <summary>
    /// Paths of a definition whose value is missing in the second one, including the order of lists; additional values in the second one are ignored.
    /// </summary>
    public static IReadOnlyList<string> Lost(JsonObject definition, JsonNode? found) =>
        [.. definition.Where(p => !OfServer.Contains(p.Key)).SelectMany(p => Lost("$." + p.Key, p.Value, found?[p.Key]))];

    private static IEnumerable<string> Lost(string path, JsonNode? given, JsonNode? found) =>
        (given, found) switch
        {
            (JsonObject a, JsonObject b) => a.SelectMany(p => Lost($"{path}.{p.Key}", p.Value, b[p.Key])),
            (JsonArray a, JsonArray b) when a.Count == b.Count => a.SelectMany((item, i) => Lost($"{path}[{i}]", item, b[i])),
            _ => JsonNode.DeepEquals(given, found) ? [] : [path],
        };
}
