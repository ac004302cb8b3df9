using System.Text.Json;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>What the compile function of an activity type can use.</summary>
public abstract class ActivityCompilation
{
    private protected ActivityCompilation(ActivityNode node, JsonElement json, string path)
    {
        Node = node;
        Json = json;
        Path = path;
    }

    /// <summary>The node being compiled. Its inputs are compiled already, its children are not.</summary>
    public ActivityNode Node { get; }

    /// <summary>The activity's JSON object.</summary>
    public JsonElement Json { get; }

    /// <summary>JSON path of the activity.</summary>
    public string Path { get; }

    /// <summary>Sets the outcomes that the activity can complete with.</summary>
    /// <param name="outcomes">Its ports on the canvas.</param>
    /// <param name="hidden">Outcomes that a connection can leave from although the canvas shows no port for them.</param>
    public void SetOutcomes(IReadOnlyList<string> outcomes, params IReadOnlyList<string> hidden) => (Node.Outcomes, Node.HiddenOutcomes) = (outcomes, hidden);

    /// <summary>Reports something wrong with this activity.</summary>
    /// <param name="property">The property it is about, or null for the activity as a whole.</param>
    /// <param name="reason">What is wrong; the activity is named for you.</param>
    public void Error(string? property, string reason) => Report(property is null ? Path : Path + "." + property, $"Activity '{Node.DisplayName}': {reason}");

    /// <summary>Reports an error that only prevents running: a draft can have it.</summary>
    public void PublishError(string? property, string reason)
    {
        if (IsPublishing)
            Error(property, reason);
    }

    /// <summary>Reports the same about a child.</summary>
    internal void PublishError(ActivityNode child, string? property, string reason)
    {
        if (IsPublishing)
            Report(property is null ? child.Path : child.Path + "." + property, $"Activity '{child.DisplayName}': {reason}");
    }

    /// <summary>A property of the JSON, or an undefined element.</summary>
    public JsonElement Property(string name) => Json.TryGetProperty(name, out var value) ? value : default;

    /// <summary>A text property, or null.</summary>
    public string? Text(string name) => Property(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>Value of an input when it is a literal, converted to its declared type; false when it is an expression whose value only a run knows.</summary>
    public bool TryLiteral(string inputName, out object? value)
    {
        value = Node.Literal(inputName);
        return Node.IsLiteral(inputName);
    }

    internal ActivityNode? Child(string property) => Property(property) is { ValueKind: JsonValueKind.Object } json ? Child(json, property) : null;

    internal abstract ActivityNode? Child(JsonElement json, string relativePath);

    internal List<ActivityNode> ChildList(string property)
    {
        var children = new List<ActivityNode>();

        if (List(property) is not { } items)
            return children;

        var index = 0;

        foreach (var item in items.EnumerateArray())
        {
            if (Child(item, $"{property}[{index++}]") is { } child)
                children.Add(child);
        }

        return children;
    }

    /// <summary>A list, or null if there is none. Anything else is refused at publish.</summary>
    internal JsonElement? List(string property)
    {
        var value = Property(property);
        if (value is { ValueKind: not (JsonValueKind.Array or JsonValueKind.Null or JsonValueKind.Undefined) })
            PublishError(property, "must be a list.");
        return value is { ValueKind: JsonValueKind.Array } ? value : null;
    }

    internal abstract ValueSource? Expression(JsonElement expression, DataType type, string relativePath);

    internal abstract ValueSource? WrappedInput(JsonElement input, DataType type, string relativePath);

    /// <summary>A whole script, as an activity runs it.</summary>
    internal abstract ValueSource Script(string language, string script, string relativePath);

    /// <summary>The language, or null when this host does not have it.</summary>
    internal abstract ExpressionLanguage? FindLanguage(string type);

    /// <summary>Whether the definition is being published: then everything that can't run is refused.</summary>
    public abstract bool IsPublishing { get; }

    /// <summary>Whether the definition's flowcharts run with tokens.</summary>
    internal abstract bool HasTokens { get; }

    private protected abstract void Report(string path, string reason);
}
