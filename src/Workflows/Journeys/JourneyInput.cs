using System.Text.Json.Nodes;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Workflows.Journeys;

/// <summary>A journey's declared input as a JSON Schema, for callers and forms.</summary>
public static class JourneyInput
{
    /// <summary>JSON Schema of the declared inputs.</summary>
    public static JsonObject Schema(CompiledWorkflow workflow)
    {
        var properties = new JsonObject();
        foreach (var input in workflow.Inputs)
        {
            var property = new JsonObject { ["title"] = input.DisplayName ?? input.Name };
            if (InputCheck.JsonType(input.Type) is { } type)
                property["type"] = type;
            if (input.IsDate)
                property["format"] = "date";
            if (input.Choices.Count > 0)
                property["enum"] = new JsonArray([.. input.Choices.Select(choice => JsonValue.Create(choice))]);
            if (input.UIHint is "singleline" or "multiline" && property["type"]?.GetValue<string>() is "string")
                property["x-multiline"] = input.UIHint == "multiline";
            if (input.UIHint != "multiline" && property["type"]?.GetValue<string>() is "string" or "number" or "integer")
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
}
