using NodaTime;

namespace Orchestration.Engine.Model;

/// <summary>Something that went wrong in an activity.</summary>
public sealed record Incident(
    string ActivityId,
    string ActivityNodeId,
    string ActivityInstanceId,
    string ActivityType,
    string Message,
    IncidentException? Exception,
    Instant Timestamp
);

/// <summary>The exception behind an incident, as data.</summary>
public sealed record IncidentException(string Type, string Message, string? Detail, IncidentException? Inner = null);
