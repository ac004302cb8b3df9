using System.Text.Json.Nodes;
using NodaTime.Text;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Expressions;

namespace Orchestration.Workflows.Journeys;

/// <summary>A journey's input: what it declares, as a JSON Schema for callers and forms, and checking what a caller sent.</summary>
public static class JourneyInput
{
    /// <summary>JSON Schema of the declared inputs.</summary>
    public static JsonObject Schema(CompiledWorkflow workflow)
    {
        var properties = new JsonObject();
        foreach (var input in workflow.Inputs)
        {
            var property = new JsonObject { ["title"] = input.DisplayName ?? input.Name };
            if (JsonType(input.Type) is { } type)
                property["type"] = type;
            if (input.Type.Name == "DateOnly")
                property["format"] = "date";
            if (input.Choices.Count > 0)
                property["enum"] = new JsonArray([.. input.Choices.Select(choice => JsonValue.Create(choice))]);
            if (input.UIHint == "multiline")
                property["x-multiline"] = true;
            else if (property["type"]?.GetValue<string>() is "string" or "number" or "integer")
                property["x-width"] = "half";
            if (input.Description is { } description)
                property["description"] = description;
            if (input.Default is { } value)
                property["default"] = JsonNode.Parse(WorkflowData.ToUtf8(value));
            properties[input.Name] = property;
        }

        return new()
        {
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = new JsonArray([.. workflow.Inputs.Where(i => i.IsRequired).Select(i => JsonValue.Create(i.Name))]),
        };
    }

    /// <summary>What is wrong with an input: required ones that are missing, values of the wrong type or that are none of the choices. Names that are not declared are passed on, as Elsa does.</summary>
    public static IReadOnlyList<(string Name, string Reason)> Check(CompiledWorkflow workflow, OrderedDictionary<string, object?> input)
    {
        var errors = new List<(string, string)>();
        foreach (var declared in workflow.Inputs)
        {
            if (!input.TryGetValue(declared.Name, out var value) || value is null)
            {
                if (declared.IsRequired)
                    errors.Add((declared.Name, "is required"));
            }
            else if (JsonType(declared.Type) is { } type && !Fits(type, value))
            {
                errors.Add((declared.Name, $"must be {(type is "integer" or "array" or "object" ? "an" : "a")} {type}"));
            }
            else if (declared.Type.Name == "DateOnly" && value is string date && !LocalDatePattern.Iso.Parse(date).Success)
            {
                errors.Add((declared.Name, "must be a date such as 2026-06-01"));
            }
            else if (declared.Choices.Count > 0 && !declared.Choices.Contains(value as string))
            {
                errors.Add((declared.Name, $"must be one of {string.Join(", ", declared.Choices)}"));
            }
        }

        return errors;
    }

    /// <summary>JSON Schema type of an Elsa type name; null when anything fits.</summary>
    private static string? JsonType(DataType type) => type.Name switch
    {
        "String" or "DateTime" or "DateTimeOffset" or "DateOnly" or "TimeOnly" or "TimeSpan" or "Guid" or "Byte[]" => "string",
        "Boolean" => "boolean",
        "Int32" or "Int64" or "Int16" or "Byte" => "integer",
        "Double" or "Single" or "Decimal" => "number",
        "ObjectDictionary" or "JsonObject" or "ExpandoObject" => "object",
        var name when name.EndsWith("[]", StringComparison.Ordinal) || name.StartsWith("List<", StringComparison.Ordinal) => "array",
        _ => null,
    };

    private static bool Fits(string type, object value) => type switch
    {
        "string" => value is string,
        "boolean" => value is bool,
        "integer" => value is int or long || value is double number && Math.Floor(number) == number,
        "number" => value is int or long or double or decimal,
        "array" => value is List<object?>,
        _ => value is OrderedDictionary<string, object?>,
    };
}
