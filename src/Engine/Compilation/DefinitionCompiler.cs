using System.Text.Json;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Activities.Catalog;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Compilation;

/// <summary>One compilation of one document, with the workflows it uses as activities.</summary>
internal sealed partial class DefinitionCompiler(ActivityRegistry registry, DefinitionUse use, FindWorkflow findWorkflow)
{
    private readonly List<DefinitionError> _errors = [];
    private readonly List<string> _dependsOn = [];
    private readonly List<string> _stack = [];
    private IReadOnlyList<InputDefinition> _inputs = [];
    private int _activities;
    private int _nesting;

    public IReadOnlyList<DefinitionError> Errors => _errors;
    public bool IsPublishing => use == DefinitionUse.Publish;

    /// <summary>Whether the errors leave nothing that could run.</summary>
    public bool IsFatal => _errors.Count > 0 && (IsPublishing || _isFatal);
    private bool _isFatal;

    /// <summary>Whether the flowcharts of the definition run with tokens.</summary>
    public bool HasTokens { get; private set; }

    public void Error(string path, string reason)
    {
        // A hostile document must not answer with as many errors as it has activities.
        if (_errors.Count < 200)
            _errors.Add(new DefinitionError(path, reason));
    }

    private void Fatal(string path, string reason)
    {
        _isFatal = true;
        Error(path, reason);
    }

    public CompiledWorkflow? Compile(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            Fatal("$", "A definition is a JSON object.");
            return null;
        }

        var definitionId = Text(json, "definitionId") ?? "";
        var inputs = ReadInputs(json);
        _inputs = inputs;
        var options = ReadOptions(json);
        HasTokens = options.FlowchartMode == FlowchartMode.Token;
        var root = CompileWorkflowRoot(json, null, "$");

        if (root is null || _isFatal)
            return null;

        var nodes = new List<ActivityNode>(_activities + 1);
        Flatten(root, nodes);
        AssignIds(nodes);
        CheckIds(nodes);

        var workflow = new CompiledWorkflow(nodes)
        {
            Id = Text(json, "id") ?? "",
            DefinitionId = definitionId,
            Version = Int(json, "version") ?? 1,
            Name = Text(json, "name"),
            Description = Text(json, "description"),
            Variables = root.Variables,
            Inputs = inputs,
            Outputs = ReadOutputs(json),
            Outcomes = Texts(json, "outcomes"),
            Options = options,
            DependsOn = _dependsOn,
            Triggers =
            [
                .. nodes
                    .Where(x => x.CanStartWorkflow && x.Activity is ITrigger && !x.IsInsideWorkflowActivity)
                    .SelectMany(x => ((ITrigger)x.Activity).Triggers(x)),
            ],
        };
        workflow.Properties = ReadProperties(json, workflow);
        return workflow;
    }

    /// <summary>The workflow itself as an activity, with its root below it.</summary>
    private ActivityNode? CompileWorkflowRoot(JsonElement json, ActivityNode? parent, string path)
    {
        var definitionId = Text(json, "definitionId") ?? "";

        if (definitionId.Length > 0 && _stack.Contains(definitionId))
        {
            Fatal(path, $"Workflow '{Text(json, "name") ?? definitionId}' uses itself as an activity: {string.Join(" → ", _stack)} → {definitionId}.");
            return null;
        }

        _stack.Add(definitionId);
        var node = new ActivityNode(BuiltInActivities.Workflow, parent) { Path = path, Variables = ReadVariables(json, path) };
        node.OutputTargets = new string?[1];

        // Only the version at hand; a cycle of workflows is found above, one of their own nesting below.
        if (json.TryGetProperty("root", out var root) && root.ValueKind == JsonValueKind.Object)
        {
            var child = CompileActivity(root, node, path + ".root");
            node.Activity = new WorkflowRoot(child);
        }
        else
        {
            if (IsPublishing)
                Error(path + ".root", "The workflow has no root activity.");

            node.Activity = new WorkflowRoot(null);
        }

        _stack.RemoveAt(_stack.Count - 1);
        return node;
    }

    public ActivityNode? CompileActivity(JsonElement json, ActivityNode? parent, string path)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            Error(path, "An activity is a JSON object.");
            return null;
        }

        if (++_activities > DefinitionParser.MaxActivities)
        {
            if (_activities == DefinitionParser.MaxActivities + 1)
                Fatal(path, $"The definition has more than {DefinitionParser.MaxActivities:N0} activities.");

            return null;
        }

        if (_nesting >= DefinitionParser.MaxNesting)
        {
            Fatal(path, $"Activities are nested deeper than {DefinitionParser.MaxNesting} levels.");
            return null;
        }

        var typeName = Text(json, "type");

        if (string.IsNullOrWhiteSpace(typeName))
        {
            Error(path + ".type", $"Activity '{Text(json, "name") ?? Text(json, "id") ?? "?"}' has no type.");
            return null;
        }

        _nesting++;
        var node =
            registry.Find(typeName) is { } type && !json.TryGetProperty("workflowDefinitionVersionId", out _)
                ? CompileKnown(type, json, parent, path)
                : CompileWorkflowActivity(typeName, json, parent, path) ?? CompileUnknown(typeName, json, parent, path);
        _nesting--;

        if (node is not null && parent is not null)
            parent.ChildList.Add(node);

        return node;
    }

    private ActivityNode CompileKnown(ActivityType type, JsonElement json, ActivityNode? parent, string path)
    {
        var node = NewNode(type, json, parent, path);
        node.Version = Int(json, "version") ?? type.Version;
        node.Activity = type.Compile(new NodeCompilation(this, node, json, path));
        return node;
    }

    private ActivityNode CompileUnknown(string typeName, JsonElement json, ActivityNode? parent, string path)
    {
        // Studio shows an unknown activity as NotFoundActivity, with the original inside.
        if (typeName == BuiltInActivities.NotFound.TypeName && Text(json, "originalActivityJson") is { } original)
        {
            try
            {
                using var document = JsonDocument.Parse(original);

                if (
                    Text(document.RootElement, "type") is { } originalType
                    && originalType != typeName
                    && (registry.Find(originalType) is not null || IsPublishing)
                )
                {
                    // It is known here; the copy must outlive the parsed text.
                    var clone = document.RootElement.Clone();
                    return registry.Find(originalType) is { } type
                        ? CompileKnown(type, clone, parent, path)
                        : CompileUnknown(originalType, clone, parent, path);
                }
            }
            catch (JsonException exception)
            {
                Error(path + ".originalActivityJson", $"Not valid JSON: {exception.Message}");
            }
        }

        var node = NewNode(BuiltInActivities.NotFound, json, parent, path);
        node.Activity = new NotFoundActivity(typeName);

        if (IsPublishing)
            Error(path + ".type", $"Activity '{node.Name ?? node.Id}' is of type '{typeName}', which is not installed here.");

        return node;
    }

    private ActivityNode? CompileWorkflowActivity(string typeName, JsonElement json, ActivityNode? parent, string path)
    {
        var reference = new WorkflowReference(
            typeName,
            Text(json, "workflowDefinitionId"),
            Text(json, "workflowDefinitionVersionId"),
            Int(json, "version") ?? 0
        );

        if (findWorkflow(reference) is not { } source)
            return null;

        using var document = JsonDocument.Parse(source.Json, new JsonDocumentOptions { MaxDepth = 1024 });
        var child = document.RootElement;
        var inputs = ReadInputs(child);
        var outputs = ReadOutputs(child);
        var type = new ActivityType
        {
            TypeName = typeName,
            Version = Int(child, "version") ?? 1,
            Category = "Workflows",
            DisplayName = Text(child, "name") ?? typeName,
            Inputs =
            [
                .. inputs.Select(x => new ActivityInput(x.Name, x.TypeName)
                {
                    DisplayName = x.DisplayName,
                    Description = x.Description,
                    Category = x.Category,
                    UIHint = x.UIHint ?? "singleline",
                }),
            ],
            Outputs = [.. outputs.Select(x => new ActivityOutput(x.Name, x.TypeName, x.Description, x.DisplayName))],
            OwnsVariables = true,
            Compile = static _ => throw new InvalidOperationException("Compiled with its workflow."),
        };

        if (Text(child, "id") is { } versionId && !_dependsOn.Contains(versionId))
            _dependsOn.Add(versionId);

        var node = NewNode(type, json, parent, path);
        node.Version = type.Version;
        node.Outcomes = [.. Texts(child, "outcomes")];

        var around = _inputs;
        _inputs = inputs;
        var root = CompileWorkflowRoot(child, node, path + ".root");
        _inputs = around;

        if (root is null)
        {
            node.Activity = new NotFoundActivity(typeName);
            return node;
        }

        node.ChildList.Add(root);
        node.Activity = new WorkflowActivity(root, inputs, outputs);

        // Ids of the inner workflow are given before those around it.
        var inner = new List<ActivityNode>();
        Flatten(root, inner);
        AssignIds(inner, withNodeIds: false);
        return node;
    }

    private ActivityNode NewNode(ActivityType type, JsonElement json, ActivityNode? parent, string path)
    {
        var node = new ActivityNode(type, parent)
        {
            Id = Text(json, "id") ?? "",
            Name = Text(json, "name") is { Length: > 0 } name ? name : null,
            Path = path,
        };

        if (json.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object)
            node.CanvasText = Text(metadata, "displayText") is { Length: > 0 } text ? text : null;

        if (json.TryGetProperty("customProperties", out var custom) && custom.ValueKind == JsonValueKind.Object)
        {
            node.CanStartWorkflow = custom.TryGetProperty("canStartWorkflow", out var canStart) && IsTrue(canStart);
            node.MergeMode =
                custom.TryGetProperty("mergeMode", out var merge)
                && merge.ValueKind == JsonValueKind.String
                && Enum.TryParse<MergeMode>(merge.GetString(), ignoreCase: true, out var mode)
                    ? mode
                    : MergeMode.None;
        }

        if (type.OwnsVariables)
            node.Variables = ReadVariables(json, path);

        CompileInputs(node, json, path);
        CompileOutputs(node, json);
        return node;
    }

    private static void Flatten(ActivityNode node, List<ActivityNode> nodes)
    {
        node.Index = nodes.Count;
        nodes.Add(node);

        foreach (var child in node.ChildList)
            Flatten(child, nodes);
    }

    /// <summary>Numbers activities without an id as Elsa does (<c>WriteLine1</c>, the workflow last), then paths.</summary>
    private static void AssignIds(List<ActivityNode> nodes, bool withNodeIds = true)
    {
        HashSet<string>? taken = null;
        Dictionary<string, int>? counters = null;

        foreach (var node in nodes)
        {
            if (!string.IsNullOrWhiteSpace(node.Id))
                continue;

            taken ??= [.. nodes.Select(x => x.Id)];
            counters ??= [];
            var shortName = node.TypeName[(node.TypeName.LastIndexOf('.') + 1)..];
            var index = counters.GetValueOrDefault(shortName);

            do node.Id = shortName + ++index;
            while (!taken.Add(node.Id));

            counters[shortName] = index;
        }

        if (!withNodeIds)
            return;

        foreach (var node in nodes)
            node.NodeId = node.Parent is { } parent ? parent.NodeId + ":" + node.Id : node.Id;
    }

    private void CheckIds(List<ActivityNode> nodes)
    {
        var seen = new HashSet<string>(nodes.Count, StringComparer.Ordinal);

        foreach (var node in nodes)
        {
            if (!seen.Add(node.NodeId))
                Fatal(node.Path + ".id", $"Activity id '{node.Id}' is used twice in the same container.");
        }
    }

    /// <summary>A property by its camel-case name; documents written by hand have other casings.</summary>
    private static bool TryGet(JsonElement json, string name, out JsonElement value)
    {
        if (json.TryGetProperty(name, out value))
            return true;

        foreach (var property in json.EnumerateObject())
        {
            if (string.Equals(property.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                value = property.Value;
                return true;
            }
        }

        return false;
    }

    private static bool IsTrue(JsonElement json) =>
        json.ValueKind == JsonValueKind.True
        || (json.ValueKind == JsonValueKind.String && string.Equals(json.GetString(), "true", StringComparison.OrdinalIgnoreCase));

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static int? Int(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object
        && json.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt32(out var number)
            ? number
            : null;

    private static List<string> Texts(JsonElement json, string name) =>
        [.. Items(json, name).Where(x => x.ValueKind == JsonValueKind.String).Select(x => x.GetString()!)];

    private static JsonElement.ArrayEnumerator Items(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var items) && items.ValueKind == JsonValueKind.Array
            ? items.EnumerateArray()
            : default;
}
