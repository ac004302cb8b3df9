using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>Elsa's activity kinds, as Studio shows them.</summary>
public enum ActivityKind
{
    Action,
    Trigger,
    Job,
    Task,
}

/// <summary>Whether a port is an outcome on the canvas or holds an activity.</summary>
public enum PortKind
{
    Flow,
    Embedded,
}

/// <summary>A port of an activity type.</summary>
public sealed record ActivityPort(string Name, PortKind Kind, string? DisplayName = null, bool IsBrowsable = true);

/// <summary>An input of an activity type.</summary>
/// <param name="Name">Elsa's name in Pascal case; the document has it in camel case.</param>
/// <param name="TypeName">Elsa's alias of the type; the value is converted to it.</param>
public sealed record ActivityInput(string Name, string TypeName)
{
    public string? DisplayName { get; init; }
    public string? Description { get; init; }
    public string UIHint { get; init; } = "singleline";
    public string? Category { get; init; }
    public object? Default { get; init; }
    public string? DefaultSyntax { get; init; }

    /// <summary>Choices of a drop-down or check list.</summary>
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>False: the activity evaluates it itself, when it needs it.</summary>
    public bool AutoEvaluate { get; init; } = true;

    /// <summary>False: a plain JSON value that the activity's compile function reads, not an expression.</summary>
    public bool IsExpression { get; init; } = true;

    public bool IsBrowsable { get; init; } = true;
    internal DataType Type { get; } = DataType.Parse(TypeName);
    internal string JsonName { get; } = char.ToLowerInvariant(Name[0]) + Name[1..];
}

/// <summary>An output of an activity type.</summary>
public sealed record ActivityOutput(string Name, string TypeName, string? Description = null, string? DisplayName = null)
{
    /// <summary>
    /// Only for the burst that set it, unless a variable captures it: neither the state nor history keeps it. For what is large or secret by nature.
    /// </summary>
    public bool IsTransient { get; init; }

    internal string JsonName { get; } = char.ToLowerInvariant(Name[0]) + Name[1..];
}

/// <summary>A kind of activity: what Studio must know to draw it, and how a node of it is compiled.</summary>
public sealed class ActivityType
{
    public required string TypeName { get; init; }
    public int Version { get; init; } = 1;
    public required string Category { get; init; }
    public required string DisplayName { get; init; }
    public string? Description { get; init; }
    public ActivityKind Kind { get; init; } = ActivityKind.Action;
    public IReadOnlyList<ActivityInput> Inputs { get; init; } = [];
    public IReadOnlyList<ActivityOutput> Outputs { get; init; } = [];
    public IReadOnlyList<ActivityPort> Ports { get; init; } = [];

    /// <summary>Whether Studio shows it as a container of activities.</summary>
    public bool IsContainer { get; init; }

    public bool IsBrowsable { get; init; } = true;
    public bool IsStart { get; init; }

    /// <summary>Completing it completes its sequence or flowchart.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Whether it is a step that people work on. Default no.</summary>
    public bool IsForPeople { get; init; }

    /// <summary>Whether nodes of it may declare variables.</summary>
    public bool OwnsVariables { get; init; }

    /// <summary>Variables it declares for its iterations. Default none.</summary>
    internal IReadOnlyList<string> LoopVariables { get; init; } = [];

    /// <summary>Creates the behavior of one node from its JSON and reports errors.</summary>
    public required Func<ActivityCompilation, Activity> Compile { get; init; }

    /// <summary>Position of an input by name, or -1.</summary>
    internal int InputIndex(string name)
    {
        for (var i = 0; i < Inputs.Count; i++)
        {
            if (Inputs[i].Name == name)
                return i;
        }

        return -1;
    }

    internal int OutputIndex(string name)
    {
        for (var i = 0; i < Outputs.Count; i++)
        {
            if (Outputs[i].Name == name)
                return i;
        }

        return -1;
    }
}
