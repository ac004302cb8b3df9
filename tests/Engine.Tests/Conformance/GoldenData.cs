using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Tests.Conformance;

/// <summary>Golden JSON to workflow data and back, and what two of them differ in first.</summary>
internal static class GoldenData
{
    public static object? FromJson(JsonElement json) => WorkflowData.FromJson(json);

    public static JsonNode? ToJson(object? value) => JsonNode.Parse(WorkflowData.ToJson(value));

    /// <summary>The first difference, as "path: expected …, was …", or null.</summary>
    public static string? Difference(JsonElement expected, JsonNode? actual, string path)
    {
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                if (actual is not JsonObject actualObject)
                    return Say(path, expected, actual);

                foreach (var member in expected.EnumerateObject())
                {
                    if (!actualObject.ContainsKey(member.Name))
                        return Say($"{path}.{member.Name}", member.Value, null);

                    if (Difference(member.Value, actualObject[member.Name], $"{path}.{member.Name}") is { } difference)
                        return difference;
                }

                foreach (var (name, value) in actualObject)
                {
                    if (!expected.TryGetProperty(name, out _))
                        return Say($"{path}.{name}", default, value);
                }

                return null;

            case JsonValueKind.Array:
                if (actual is not JsonArray actualArray)
                    return Say(path, expected, actual);

                var index = 0;

                foreach (var item in expected.EnumerateArray())
                {
                    if (index >= actualArray.Count)
                        return Say($"{path}[{index}]", item, null);

                    if (Difference(item, actualArray[index], $"{path}[{index}]") is { } difference)
                        return difference;

                    index++;
                }

                return index < actualArray.Count ? Say($"{path}[{index}]", default, actualArray[index]) : null;

            case JsonValueKind.Number:
                return
                    actual is JsonValue number
                    && number.GetValueKind() == JsonValueKind.Number
                    && double.Parse(number.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture) == expected.GetDouble()
                    ? null
                    : Say(path, expected, actual);

            case JsonValueKind.Null
            or JsonValueKind.Undefined:
                return actual is null ? null : Say(path, expected, actual);

            case JsonValueKind.String:
                return actual is JsonValue text && text.GetValueKind() == JsonValueKind.String && text.GetValue<string>() == expected.GetString()
                    ? null
                    : Say(path, expected, actual);

            default:
                return actual is JsonValue flag && flag.GetValueKind() == expected.ValueKind ? null : Say(path, expected, actual);
        }
    }

    private static string Say(string path, JsonElement expected, JsonNode? actual) =>
        $"{path}: expected {(expected.ValueKind == JsonValueKind.Undefined ? "nothing" : Short(expected.GetRawText()))}, was "
        + $"{(actual is null ? "nothing" : Short(actual.ToJsonString()))}";

    private static string Short(string text) => text.Length <= 160 ? text : text[..160] + "…";
}
