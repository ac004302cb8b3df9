using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>One run of one activity. Those that are still alive at the end of a burst are part of the state.</summary>
public sealed class ActivityExecution
{
    private static readonly List<ActivityExecution> NoChildren = [];
    private ActivityNode? _node;
    private List<ActivityExecution>? _children;

    internal ActivityExecution(string id, string nodeId)
    {
        Id = id;
        NodeId = nodeId;
    }

    internal ActivityExecution(string id, ActivityNode node, ActivityExecution? parent, Instant startedAt)
    {
        Id = id;
        NodeId = node.NodeId;
        _node = node;
        Parent = parent;
        StartedAt = startedAt;
    }

    /// <summary>UUIDv7 as 32 hex digits.</summary>
    public string Id { get; }

    /// <summary>Path of the activity in the definition.</summary>
    public string NodeId { get; internal set; }

    /// <summary>The activity; known once the state was advanced or bound with its definition.</summary>
    public ActivityNode Node
    {
        get => _node ?? throw new InvalidOperationException($"Execution {Id} is not bound to a definition.");
        internal set => _node = value;
    }

    /// <summary>The execution of its container, or null for the workflow itself.</summary>
    public ActivityExecution? Parent { get; internal set; }

    public ActivityStatus Status { get; internal set; }

    /// <summary>Faults of this execution and of those below it.</summary>
    public int FaultCount { get; internal set; }

    public Instant StartedAt { get; internal set; }
    public Instant? EndedAt { get; internal set; }

    /// <summary>Outcomes it completed with; null means just Done.</summary>
    public IReadOnlyList<string>? Outcomes { get; internal set; }

    /// <summary>The activity's state between bursts.</summary>
    public OrderedDictionary<string, object?>? Properties { get; internal set; }

    internal bool IsEnded => Status is ActivityStatus.Completed or ActivityStatus.Canceled;
    internal object? Tag { get; set; }
    internal bool IsBreaking { get; set; }

    /// <summary>Live executions below it, oldest first. Most never have any, so add with <see cref="AddChild"/>.</summary>
    internal List<ActivityExecution> Children => _children ?? NoChildren;

    /// <summary>Variables and captured outputs that live here.</summary>
    internal List<MemoryBlock>? Memory { get; set; }

    /// <summary>Loop variables from its scheduler, kept across a wait, wherever their value is stored now.</summary>
    internal List<(string Name, object? Value)>? LoopVariables { get; set; }

    internal FlowState? Flow { get; set; }

    /// <summary>Inputs evaluated in this burst; null until then.</summary>
    internal object?[]? Inputs { get; set; }

    internal OrderedDictionary<string, object?>? JournalData { get; set; }

    /// <summary>Outputs it set in this burst, for the journal.</summary>
    internal OrderedDictionary<string, object?>? Outputs { get; set; }

    /// <summary>It was reached over a backward connection of a flowchart.</summary>
    internal bool IsLoopBack { get; set; }

    internal bool IsTouched { get; set; }

    /// <summary>Temporary mark while a burst decides what stays in the state.</summary>
    internal bool IsNeeded { get; set; }

    internal void AddChild(ActivityExecution child) => (_children ??= []).Add(child);

    internal int Depth
    {
        get
        {
            var depth = 0;

            for (var parent = Parent; parent is not null; parent = parent.Parent)
                depth++;

            return depth;
        }
    }

    /// <summary>It has ended before something in it: history tells of its completion when that has ended too.</summary>
    internal bool OwesCompletion { get; set; }

    internal bool IsBelow(ActivityExecution ancestor)
    {
        for (var parent = Parent; parent is not null; parent = parent.Parent)
        {
            if (ReferenceEquals(parent, ancestor))
                return true;
        }

        return false;
    }

    internal MemoryBlock? FindLocal(string blockId)
    {
        if (Memory is not null)
        {
            foreach (var block in Memory)
            {
                if (block.Id == blockId)
                    return block;
            }
        }

        return null;
    }

    /// <summary>The nearest block with this id, from here upwards.</summary>
    internal MemoryBlock? FindBlock(string blockId)
    {
        for (var execution = this; execution is not null; execution = execution.Parent)
        {
            if (execution.FindLocal(blockId) is { } block)
                return block;
        }

        return null;
    }

    /// <summary>The nearest block with this variable name, from here upwards.</summary>
    internal MemoryBlock? FindVariable(string name)
    {
        for (var execution = this; execution is not null; execution = execution.Parent)
        {
            if (execution.Memory is null)
                continue;

            foreach (var block in execution.Memory)
            {
                if (block.Name == name)
                    return block;
            }
        }

        return null;
    }

    internal MemoryBlock Declare(string blockId, string name, VariableDefinition? definition, object? value)
    {
        var block = new MemoryBlock(blockId, name, definition) { Value = value };
        (Memory ??= []).Add(block);
        return block;
    }
}

/// <summary>A named place for a value.</summary>
internal sealed class MemoryBlock(string id, string name, VariableDefinition? definition)
{
    public string Id { get; } = id;
    public string Name { get; } = name;
    public VariableDefinition? Definition { get; internal set; } = definition;
    public object? Value { get; set; }

    /// <summary>Read from storage; its definition is not known until the state is bound.</summary>
    public bool IsStored { get; set; }
}

/// <summary>Calls an owner when a child completes.</summary>
internal sealed record CompletionCallback(ActivityExecution Owner, string ChildNodeId, string? Callback, object? Tag);

/// <summary>An output an activity set, for expressions that read it.</summary>
internal sealed class OutputRecord(string containerId, string nodeId, string name)
{
    public string ContainerId { get; } = containerId;
    public string NodeId { get; set; } = nodeId;
    public string Name { get; } = name;
    public object? Value { get; set; }

    /// <summary>Forgotten at the end of the burst.</summary>
    public bool IsTransient { get; init; }
}
