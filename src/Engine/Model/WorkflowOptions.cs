namespace Orchestration.Engine.Model;

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

/// <summary>What to do with the instance when an activity faults.</summary>
public enum IncidentStrategy
{
    /// <summary>The instance ends as faulted; work that is already scheduled still runs.</summary>
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
