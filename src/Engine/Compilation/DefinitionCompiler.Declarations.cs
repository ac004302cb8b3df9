using System.Text.Json;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Activities.Catalog;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Compilation;

/// <content>Declarations of a workflow: variables, inputs, outputs, options.</content>
internal sealed partial class DefinitionCompiler
{
    private VariableDefinition[] ReadVariables(JsonElement json, string path)
    {
        if (!json.TryGetProperty("variables", out var items) || items.ValueKind != JsonValueKind.Array)
            return [];

        var variables = new List<VariableDefinition>(items.GetArrayLength());
        var index = 0;

        foreach (var item in items.EnumerateArray())
        {
            var itemPath = $"{path}.variables[{index++}]";

            if (item.ValueKind != JsonValueKind.Object)
            {
                Error(itemPath, "A variable is a JSON object.");
                continue;
            }

            var name = Text(item, "name") is { Length: > 0 } given ? given : $"Variable{index}";
            var type = DataType.Parse(Text(item, "typeName"), item.TryGetProperty("isArray", out var isArray) && IsTrue(isArray));
            var storage = Text(item, "storageDriverTypeName");
            object? value = null;

            // Elsa reads the default as text and converts that; blank text is no default.
            if (
                item.TryGetProperty("value", out var json2)
                && json2.ValueKind is not JsonValueKind.Null
                && (json2.ValueKind == JsonValueKind.String ? json2.GetString()! : json2.GetRawText()) is var text
                && !string.IsNullOrWhiteSpace(text)
            )
                value = Default(type, text);

            variables.Add(
                new VariableDefinition(
                    Text(item, "id") is { Length: > 0 } id ? id : name,
                    name,
                    type,
                    value,
                    storage is { Length: > 0 } && !storage.Contains("Memory", StringComparison.Ordinal)
                )
            );
        }

        foreach (var twice in variables.GroupBy(x => x.Name, StringComparer.Ordinal).Where(x => x.Count() > 1))
        {
            if (IsPublishing)
                Error(path + ".variables", $"Variable '{twice.Key}' is declared {twice.Count()} times.");
        }

        return [.. variables];
    }

    private static List<InputDefinition> ReadInputs(JsonElement json)
    {
        var inputs = new List<InputDefinition>();

        foreach (var item in Items(json, "inputs"))
        {
            if (Text(item, "name") is not { Length: > 0 } name)
                continue;

            var typeName = Text(item, "type") ?? Text(item, "typeName") ?? "Object";
            var isArray = item.TryGetProperty("isArray", out var array) && IsTrue(array);
            object? value = item.TryGetProperty("defaultValue", out var given) ? WorkflowData.FromJson(given) : null;
            inputs.Add(
                new InputDefinition(
                    name,
                    DataType.Parse(typeName, isArray),
                    typeName,
                    Text(item, "displayName"),
                    Text(item, "description"),
                    Text(item, "category"),
                    Text(item, "uiHint"),
                    value,
                    item.TryGetProperty("isRequired", out var required) && IsTrue(required)
                )
                {
                    Choices =
                        item.TryGetProperty("options", out var options) && options.ValueKind == JsonValueKind.Array
                            ? [.. options.EnumerateArray().Where(option => option.ValueKind == JsonValueKind.String).Select(option => option.GetString()!)]
                            : [],
                }
            );
        }

        return inputs;
    }

    private static List<OutputDefinition> ReadOutputs(JsonElement json)
    {
        var outputs = new List<OutputDefinition>();

        foreach (var item in Items(json, "outputs"))
        {
            if (Text(item, "name") is not { Length: > 0 } name)
                continue;

            var typeName = Text(item, "type") ?? Text(item, "typeName") ?? "Object";
            outputs.Add(
                new OutputDefinition(
                    name,
                    DataType.Parse(typeName, item.TryGetProperty("isArray", out var array) && IsTrue(array)),
                    typeName,
                    Text(item, "displayName"),
                    Text(item, "description")
                )
            );
        }

        return outputs;
    }

    private Dictionary<string, object?> ReadProperties(JsonElement json, CompiledWorkflow workflow)
    {
        var custom = json.TryGetProperty("customProperties", out var given) && given.ValueKind == JsonValueKind.Object ? given : default;
        var read = new Dictionary<string, object?>(StringComparer.Ordinal);

        foreach (var (name, reader) in registry.Properties)
        {
            var value =
                custom.ValueKind == JsonValueKind.Object && custom.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null
                    ? member
                    : default;
            read[name] = reader(
                workflow,
                value,
                (path, reason) =>
                {
                    if (IsPublishing)
                        Error($"$.customProperties.{name}{path}", reason);
                }
            );
        }

        return read;
    }

    private static WorkflowOptions ReadOptions(JsonElement json)
    {
        if (!json.TryGetProperty("options", out var options) || options.ValueKind != JsonValueKind.Object)
            options = default;

        var activation = Text(options, "activationStrategyType");
        FlowchartMode? mode = null;

        if (
            json.TryGetProperty("customProperties", out var custom)
            && custom.ValueKind == JsonValueKind.Object
            && Text(custom, "Flowchart:ExecutionMode") is { } modeName
        )
            mode =
                modeName.StartsWith("Token", StringComparison.OrdinalIgnoreCase) ? FlowchartMode.Token
                : modeName.StartsWith("Counter", StringComparison.OrdinalIgnoreCase) ? FlowchartMode.Counter
                : null;

        return new WorkflowOptions
        {
            ActivationStrategyType = activation,
            Activation = activation switch
            {
                null => ActivationStrategy.Always,
                _ when activation.Contains("CorrelatedSingleton", StringComparison.Ordinal) => ActivationStrategy.CorrelatedSingleton,
                _ when activation.Contains("Singleton", StringComparison.Ordinal) => ActivationStrategy.Singleton,
                _ when activation.Contains("Correlation", StringComparison.Ordinal) => ActivationStrategy.Correlation,
                _ => ActivationStrategy.Always,
            },
            IncidentStrategy =
                Text(options, "incidentStrategyType")?.Contains("ContinueWithIncidents", StringComparison.Ordinal) == true
                    ? IncidentStrategy.ContinueWithIncidents
                    : IncidentStrategy.Fault,
            UsableAsActivity = options.ValueKind == JsonValueKind.Object && options.TryGetProperty("usableAsActivity", out var usable) && IsTrue(usable),
            AutoUpdateConsumingWorkflows =
                options.ValueKind == JsonValueKind.Object && options.TryGetProperty("autoUpdateConsumingWorkflows", out var update) && IsTrue(update),
            ActivityCategory = Text(options, "activityCategory"),
            FlowchartMode = mode,
        };
    }
}
