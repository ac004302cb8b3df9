using Orchestration.Engine.Expressions;

namespace Orchestration.Engine.Definitions;

/// <summary>A definition version, parsed and compiled once to an immutable graph. Thread safe; cached by version id.</summary>
public sealed class CompiledWorkflow
{
    private readonly Dictionary<string, ActivityNode> _byNodeId;
    private readonly Dictionary<string, ActivityNode> _byId;

    internal CompiledWorkflow(IReadOnlyList<ActivityNode> nodes)
    {
        Nodes = nodes;
        _byNodeId = new(nodes.Count, StringComparer.Ordinal);
        _byId = new(nodes.Count, StringComparer.Ordinal);

        foreach (var node in nodes)
        {
            _byNodeId[node.NodeId] = node;
            _byId.TryAdd(node.Id, node);
        }
    }

    /// <summary>Version id.</summary>
    public required string Id { get; init; }
    public required string DefinitionId { get; init; }
    public required int Version { get; init; }
    public string? Name { get; init; }
    public string? Description { get; init; }

    /// <summary>Every activity in document order; the first is the workflow itself.</summary>
    public IReadOnlyList<ActivityNode> Nodes { get; }

    /// <summary>The workflow itself as an activity (Elsa's <c>Workflow1</c>).</summary>
    public ActivityNode Root => Nodes[0];

    public IReadOnlyList<VariableDefinition> Variables { get; internal init; } = [];
    public IReadOnlyList<InputDefinition> Inputs { get; internal init; } = [];
    public IReadOnlyList<OutputDefinition> Outputs { get; internal init; } = [];
    public IReadOnlyList<string> Outcomes { get; internal init; } = [];
    public WorkflowOptions Options { get; internal init; } = new();

    /// <summary>Activities that start an instance once the definition is published.</summary>
    public IReadOnlyList<Trigger> Triggers { get; internal init; } = [];

    /// <summary>Version ids of the definitions compiled into this one (workflows used as activities).</summary>
    public IReadOnlyList<string> DependsOn { get; internal init; } = [];

    /// <summary>The first activity with this id, or null.</summary>
    public ActivityNode? FindActivity(string id) => _byId.GetValueOrDefault(id);

    /// <summary>The activity at this path, or null.</summary>
    public ActivityNode? FindNode(string nodeId) => _byNodeId.GetValueOrDefault(nodeId);
}

/// <summary>A variable that a container declares.</summary>
/// <param name="Id">Unique in its container; outputs and SetVariable refer to it.</param>
/// <param name="Name">Name in expressions.</param>
/// <param name="Type">Declared type.</param>
/// <param name="Default">Default value, already converted.</param>
/// <param name="IsPersisted">False for variables without storage or in memory: they are back at their default after a wait, as in Elsa.</param>
public sealed record VariableDefinition(string Id, string Name, DataType Type, object? Default, bool IsPersisted);

/// <summary>An input that a workflow declares.</summary>
public sealed record InputDefinition(
    string Name,
    DataType Type,
    string TypeName,
    string? DisplayName,
    string? Description,
    string? Category,
    string? UIHint,
    object? Default,
    bool IsRequired
)
{
    /// <summary>The values it may have; empty: any. Our own member <c>options</c> of an input in the document.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Whether it is a day, such as 2026-06-01. Elsa has no alias for that type and refuses a document with it, so text with the UI hint <c>date-picker</c> is one too.</summary>
    public bool IsDate => Type.Name == "DateOnly" || (Type.Name == "String" && UIHint == "date-picker");
}

/// <summary>An output that a workflow declares.</summary>
public sealed record OutputDefinition(string Name, DataType Type, string TypeName, string? DisplayName, string? Description);

/// <summary>What to do with the instance when an activity faults.</summary>
public enum IncidentStrategy
{
    /// <summary>The instance ends as faulted; what was already scheduled still runs.</summary>
    Fault,

    /// <summary>Other branches go on; the faulted activity can be retried.</summary>
    ContinueWithIncidents,
}

/// <summary>How a flowchart decides what runs next.</summary>
public enum FlowchartMode
{
    /// <summary>Elsa's default: visits of connections are counted, and every activity is an implicit join.</summary>
    Counter,

    /// <summary>Tokens travel along connections, and an activity's merge mode decides.</summary>
    Token,
}

/// <summary>Options of a definition.</summary>
public sealed record WorkflowOptions
{
    /// <summary>Elsa's activation strategy type name, or null for "always". See <see cref="Activation"/>.</summary>
    public string? ActivationStrategyType { get; init; }

    /// <summary>When a new instance may start.</summary>
    public ActivationStrategy Activation { get; init; }

    public IncidentStrategy IncidentStrategy { get; init; }
    public bool UsableAsActivity { get; init; }
    public bool AutoUpdateConsumingWorkflows { get; init; }
    public string? ActivityCategory { get; init; }

    /// <summary>Null: the host's default.</summary>
    public FlowchartMode? FlowchartMode { get; init; }
}

/// <summary>When a new instance of a definition may start.</summary>
public enum ActivationStrategy
{
    Always,

    /// <summary>At most one running instance of the definition.</summary>
    Singleton,

    /// <summary>At most one running instance, of any definition, with the same correlation id.</summary>
    Correlation,

    /// <summary>At most one running instance of the definition with the same correlation id.</summary>
    CorrelatedSingleton,
}

/// <summary>An activity that starts an instance.</summary>
/// <param name="ActivityId">The activity.</param>
/// <param name="Kind">Its type name: <c>Elsa.Event</c>, <c>Elsa.HttpEndpoint</c>, <c>Elsa.Timer</c>, <c>Elsa.Cron</c> or <c>Elsa.StartAt</c>.</param>
/// <param name="Hash">What a stimulus is matched by; the same hash as of a bookmark that waits for the same.</param>
/// <param name="Payload">Event: <c>EventName</c>. HTTP: <c>Path</c>, <c>Method</c>. Timer: <c>Interval</c>. Cron: <c>CronExpression</c>, <c>TimeZone</c>. StartAt: <c>ExecuteAt</c>.</param>
public sealed record Trigger(string ActivityId, string Kind, string Hash, OrderedDictionary<string, object?> Payload);

/// <summary>One thing that is wrong with a definition.</summary>
/// <param name="Path">JSON path, e.g. <c>$.root.activities[2].condition</c>.</param>
/// <param name="Reason">What is wrong, in words an analyst understands, naming the activity.</param>
public sealed record DefinitionError(string Path, string Reason);
