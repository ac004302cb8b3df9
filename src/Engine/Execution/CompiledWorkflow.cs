using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

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

    internal IReadOnlyDictionary<string, object?> Properties { get; set; } = new Dictionary<string, object?>();

    /// <summary>What another module read from a custom property of the definition, or null.</summary>
    /// <param name="name">Member of <c>customProperties</c> that the module registered with the registry.</param>
    public T? Property<T>(string name)
        where T : class => Properties.GetValueOrDefault(name) as T;

    /// <summary>The first activity with this id, or null.</summary>
    public ActivityNode? FindActivity(string id) => _byId.GetValueOrDefault(id);

    /// <summary>Steps for people that can be next once an activity is done, the nearest first. What lies behind a step for people comes later.</summary>
    /// <param name="activity">Id of the activity.</param>
    public IReadOnlyList<ActivityNode> PeopleAfter(string activity)
    {
        var (found, seen, open) = (new List<ActivityNode>(), new HashSet<ActivityNode>(), new Queue<ActivityNode>());
        if (FindActivity(activity) is { } from)
            Leave(from);
        while (open.TryDequeue(out var node))
        {
            if (!seen.Add(node))
                continue;
            if (node.Type.IsForPeople)
                found.Add(node);
            else if (node.Children is [var first, ..])
                open.Enqueue(first);
            else
                Leave(node);
        }

        return found;

        void Leave(ActivityNode node)
        {
            // What ends its container leads on from there.
            for (var at = node; at.Parent is { } parent; at = parent)
            {
                var after = parent.Activity.RightAfter(parent, at).ToList();
                after.ForEach(open.Enqueue);
                if (after.Count > 0)
                    break;
            }
        }
    }

    /// <summary>The activity at this path, or null.</summary>
    public ActivityNode? FindNode(string nodeId) => _byNodeId.GetValueOrDefault(nodeId);
}
