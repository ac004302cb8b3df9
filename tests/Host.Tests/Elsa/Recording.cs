using System.IO.Compression;
using System.Text.Json.Nodes;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Elsa;

/// <summary>An exchange recorded from a stock Elsa server.</summary>
internal sealed record Recording(string Name, string Method, string Path, JsonObject? Query, JsonNode? Body, int Status, JsonNode? Answer)
{
    /// <summary>All of them, by name.</summary>
    public static Dictionary<string, Recording> ReadAll()
    {
        using var zip = ZipFile.OpenRead(Repository.Path("tests/Host.Tests/Elsa/recordings.zip"));
        return zip
            .Entries.Select(entry => (Name: System.IO.Path.GetFileNameWithoutExtension(entry.Name), Json: Read(entry)))
            .Where(r => r.Json["request"] is not null)
            .Select(r => new Recording(
                r.Name,
                (string)r.Json["request"]!["method"]!,
                (string)r.Json["request"]!["path"]!,
                r.Json["request"]!["query"] as JsonObject,
                r.Json["request"]!["body"],
                (int)r.Json["response"]!["status"]!,
                Plain(r.Json["response"]!["body"])
            ))
            .ToDictionary(r => r.Name);

        // Elsa's serializer numbers objects ($id) and wraps lists ($values) in exports; and the files of a zip count as a list.
        static JsonNode? Plain(JsonNode? node) =>
            node switch
            {
                JsonObject json when json["$values"] is JsonArray values => Plain(values),
                JsonObject json when json["_zip_entries"] is JsonObject files => new JsonObject
                {
                    ["_zip_entries"] = new JsonArray([.. files.Select(f => Plain(f.Value))]),
                },
                JsonObject json => new JsonObject(json.Where(p => p.Key != "$id").Select(p => KeyValuePair.Create(p.Key, Plain(p.Value)))),
                JsonArray array => new JsonArray([.. array.Select(Plain)]),
                _ => node?.DeepClone(),
            };

        static JsonNode Read(ZipArchiveEntry entry)
        {
            using var stream = entry.Open();
            return JsonNode.Parse(stream)!;
        }
    }
}

/// <summary>The shape of an answer without its values: property names and JSON types. The items of a list count as one.</summary>
internal static class Shape
{
    /// <summary>What the recorded answer has and ours lacks or has with another type. Additional members are fine: clients ignore them.</summary>
    public static List<string> Differences(JsonNode? recorded, JsonNode? ours)
    {
        var differences = new SortedSet<string>(StringComparer.Ordinal);
        Compare("$", [recorded], [ours], differences);
        return [.. differences];
    }

    private static void Compare(string path, List<JsonNode?> recorded, List<JsonNode?> ours, SortedSet<string> differences)
    {
        // Null and absent are the same to Elsa's clients.
        recorded = [.. recorded.Where(n => n is not null)];
        ours = [.. ours.Where(n => n is not null)];
        if (recorded.Count == 0)
            return;
        if (ours.Count == 0)
        {
            differences.Add($"{path} missing");
            return;
        }

        var (kind, our) = (Kind(recorded[0]!), Kind(ours[0]!));
        if (kind != our)
        {
            differences.Add($"{path} is {our}, not {kind}");
            return;
        }

        if (kind == "list")
        {
            var (items, ourItems) = (recorded.SelectMany(n => n!.AsArray()).ToList(), ours.SelectMany(n => n!.AsArray()).ToList());
            if (items.Count > 0 && ourItems.Count == 0)
                differences.Add($"{path} is empty");
            else
                Compare(path + "[]", items, ourItems, differences);
        }
        else if (kind == "object")
        {
            foreach (var name in recorded.SelectMany(n => n!.AsObject()).Select(p => p.Key).Distinct().Where(name => name != "_type"))
                Compare($"{path}.{name}", [.. recorded.Select(n => n!.AsObject()[name])], [.. ours.Select(n => n!.AsObject()[name])], differences);
        }
    }

    private static string Kind(JsonNode node) =>
        node switch
        {
            JsonObject => "object",
            JsonArray => "list",
            _ => node.GetValueKind() switch
            {
                System.Text.Json.JsonValueKind.String => "text",
                System.Text.Json.JsonValueKind.Number => "number",
                _ => "flag",
            },
        };
}
