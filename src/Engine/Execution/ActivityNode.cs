using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>One activity of a compiled definition. Immutable once compiled.</summary>
public sealed class ActivityNode
{
    private static readonly ValueSource?[] NoInputs = [];
    private static readonly string?[] NoOutputs = [];
    private static readonly VariableDefinition[] NoVariables = [];

    internal ActivityNode(ActivityType type, ActivityNode? parent)
    {
        Type = type;
        Parent = parent;
    }

    /// <summary>Position in <see cref="CompiledWorkflow.Nodes"/>, in the order of the document.</summary>
    public int Index { get; internal set; }

    /// <summary>Id given by the designer; one that is missing is numbered as Elsa does (<c>WriteLine1</c>).</summary>
    public string Id { get; internal set; } = "";

    /// <summary>Path of ids from the root, e.g. <c>Workflow1:Flowchart1:a2</c>. Unique in a definition.</summary>
    public string NodeId { get; internal set; } = "";

    /// <summary>Name given by the analyst, or null.</summary>
    public string? Name { get; internal set; }

    public ActivityType Type { get; }

    /// <summary>Type name to show: that of <see cref="Type"/>, or the missing type's for a NotFoundActivity.</summary>
    public string TypeName => Type.TypeName;

    public int Version { get; internal set; } = 1;
    public ActivityNode? Parent { get; }
    public IReadOnlyList<ActivityNode> Children => ChildList;

    /// <summary>Flow outcomes this activity may complete with, for the canvas and for validation; empty when only its run knows.</summary>
    public IReadOnlyList<string> Outcomes { get; internal set; } = [];

    /// <summary>Whether this activity can start a new instance.</summary>
    public bool CanStartWorkflow { get; internal set; }

    /// <summary>Its position in the document.</summary>
    public string Path { get; internal set; } = "$";

    internal List<ActivityNode> ChildList { get; } = [];
    internal Activity Activity { get; set; } = null!;

    /// <summary>By position in <see cref="ActivityType.Inputs"/>; null when neither the document nor the type gives a value.</summary>
    internal ValueSource?[] Inputs { get; set; } = NoInputs;

    /// <summary>Memory block an output is captured in, by position in <see cref="ActivityType.Outputs"/>.</summary>
    internal string?[] OutputTargets { get; set; } = NoOutputs;

    internal VariableDefinition[] Variables { get; set; } = NoVariables;
    internal MergeMode MergeMode { get; set; }

    /// <summary>The nearest activity at or above this one that owns variables.</summary>
    internal ActivityNode Container
    {
        get
        {
            var node = this;

            while (!node.Type.OwnsVariables && node.Parent is not null)
                node = node.Parent;

            return node;
        }
    }

    /// <summary>Value of an input that is a literal, converted to its declared type; null when it is an expression or missing.</summary>
    public object? Literal(string input) => Type.InputIndex(input) is >= 0 and var index ? (Inputs[index] as ValueSource.Constant)?.Value : null;

    /// <summary>Whether an input is given by an expression, so that its value is known only when the activity runs.</summary>
    public bool IsExpression(string input) => Type.InputIndex(input) is >= 0 and var index && Inputs[index] is not null and not ValueSource.Constant;

    /// <summary>Name to call it by in messages: the analyst's, else its id, else its type.</summary>
    internal string DisplayName => Name ?? (Id.Length > 0 ? Id : TypeName);

    /// <summary>Variables an expression of it sees, innermost container first, the values of loops around it included.</summary>
    internal IEnumerable<(string Name, DataType Type)> VisibleVariables
    {
        get
        {
            for (var at = this; at is not null; at = at.Parent)
            {
                foreach (var variable in at.Variables)
                    yield return (variable.Name, variable.Type);

                foreach (var name in at.Type.LoopVariables)
                    yield return (name, DataType.Any);
            }
        }
    }

    internal bool IsInsideWorkflowActivity
    {
        get
        {
            for (var node = Parent; node is not null; node = node.Parent)
            {
                if (node.Activity.IsWorkflowRoot)
                    return node.Parent is not null;
            }

            return false;
        }
    }
}

/// <summary>How branches that meet at an activity are merged in token mode.</summary>
internal enum MergeMode
{
    None,
    Stream,
    Merge,
    Converge,
    Cascade,
    Race,
}
