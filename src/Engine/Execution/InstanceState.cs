using NodaTime;

namespace Orchestration.Engine.Execution;

/// <summary>Elsa's workflow status.</summary>
public enum WorkflowStatus { Running, Finished }

/// <summary>Elsa's workflow sub status.</summary>
public enum WorkflowSubStatus { Pending, Executing, Suspended, Finished, Cancelled, Faulted }

/// <summary>
/// All an instance knows between bursts. One JSON document in storage. Not thread safe: loaded, advanced by one burst, stored.
/// Executions that ended are not kept (history has them), so the document does not grow with the age of the instance.
/// </summary>
public sealed class InstanceState
{
    public required string Id { get; init; }
    public required string DefinitionId { get; init; }

    /// <summary>The version it runs on. Only a migration changes it.</summary>
    public required string DefinitionVersionId { get; set; }
    public required int DefinitionVersion { get; set; }
    public string? ParentInstanceId { get; set; }
    public string? CorrelationId { get; set; }
    public string? Name { get; set; }
    public WorkflowStatus Status { get; set; }
    public WorkflowSubStatus SubStatus { get; set; }
    public Instant CreatedAt { get; set; }
    public Instant UpdatedAt { get; set; }
    public Instant? FinishedAt { get; set; }
    public List<Bookmark> Bookmarks { get; } = [];
    public List<Incident> Incidents { get; } = [];

    /// <summary>Workflow outputs set so far.</summary>
    public OrderedDictionary<string, object?> Output { get; } = [];
}

/// <summary>Something that went wrong in an activity.</summary>
public sealed record Incident(
    string ActivityId, string ActivityNodeId, string ActivityInstanceId, string ActivityType, string Message, IncidentException? Exception, Instant Timestamp);

/// <summary>The exception behind an incident, as data.</summary>
public sealed record IncidentException(string Type, string Message, string? Detail, IncidentException? Inner = null);
