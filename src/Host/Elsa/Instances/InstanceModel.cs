using System.Text.Json.Nodes;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;

namespace Orchestration.Host.Elsa.Instances;

/// <summary>Instances as Elsa's clients read them.</summary>
internal static class InstanceModel
{
    public static object Summary(InstanceSummary i) =>
        new
        {
            id = Ids.Text(i.Id),
            definitionId = i.DefinitionId,
            definitionVersionId = i.DefinitionVersionId,
            version = i.DefinitionVersion,
            parentWorkflowInstanceId = i.ParentId is { } parent ? Ids.Text(parent) : null,
            status = i.Status,
            subStatus = i.SubStatus,
            isExecuting = false,
            correlationId = i.CorrelationId,
            name = i.Name,
            incidentCount = i.IncidentCount,
            isSystem = false,
            createdAt = i.CreatedAt,
            updatedAt = i.UpdatedAt,
            finishedAt = i.FinishedAt,
        };

    public static object Whole(InstanceSummary i, InstanceState state) =>
        new
        {
            id = Ids.Text(i.Id),
            definitionId = i.DefinitionId,
            definitionVersionId = i.DefinitionVersionId,
            version = i.DefinitionVersion,
            parentWorkflowInstanceId = i.ParentId is { } parent ? Ids.Text(parent) : null,
            workflowState = State(state),
            status = i.Status,
            subStatus = i.SubStatus,
            isExecuting = false,
            correlationId = i.CorrelationId,
            name = i.Name,
            incidentCount = i.IncidentCount,
            isSystem = false,
            createdAt = i.CreatedAt,
            updatedAt = i.UpdatedAt,
            finishedAt = i.FinishedAt,
        };

    /// <summary>Elsa's workflow state. What only its own engine reads (callbacks, scheduled work) is empty.</summary>
    public static object State(InstanceState state) =>
        new
        {
            id = state.Id,
            definitionId = state.DefinitionId,
            definitionVersionId = state.DefinitionVersionId,
            definitionVersion = state.DefinitionVersion,
            correlationId = state.CorrelationId,
            name = state.Name,
            parentWorkflowInstanceId = state.ParentInstanceId,
            status = state.Status,
            subStatus = state.SubStatus,
            isExecuting = false,
            bookmarks = state.Bookmarks.Select(b => new
            {
                id = b.Id,
                name = b.Name,
                hash = b.Hash,
                payload = Camel(Data(b.Payload)),
                activityId = b.ActivityId,
                activityNodeId = b.ActivityNodeId,
                activityInstanceId = b.ActivityInstanceId,
                createdAt = b.CreatedAt,
                autoBurn = b.AutoBurn,
                callbackMethodName = "ResumeAsync",
                autoComplete = true,
            }),
            incidents = state.Incidents.Select(n => new
            {
                activityId = n.ActivityId,
                activityNodeId = n.ActivityNodeId,
                activityType = n.ActivityType,
                message = n.Message,
                exception = Exception(n.Exception),
                timestamp = n.Timestamp,
            }),
            isSystem = false,
            completionCallbacks = Array.Empty<object>(),
            activityExecutionContexts = state.Executions.Select(e => new
            {
                id = e.Id,
                parentContextId = e.Parent?.Id,
                callStackDepth = Depth(e),
                scheduledActivityNodeId = e.NodeId,
                ownerActivityNodeId = e.Parent?.NodeId,
                properties = Data(e.Properties) ?? new JsonObject(),
                metadata = new { },
                activityState = new { },
                dynamicVariables = Array.Empty<object>(),
                status = e.Status,
                isExecuting = false,
                faultCount = e.FaultCount,
                startedAt = e.StartedAt,
                completedAt = e.EndedAt,
            }),
            scheduledActivities = Array.Empty<object>(),
            executionLogSequence = 0,
            input = new { },
            output = Data(state.Output) ?? new JsonObject(),
            properties = new { },
            createdAt = state.CreatedAt,
            updatedAt = state.UpdatedAt,
            finishedAt = state.FinishedAt,
        };

    /// <summary>Workflow data as plain JSON.</summary>
    public static JsonNode? Data(object? value) => value is null ? null : JsonNode.Parse(WorkflowData.ToUtf8(value), documentOptions: new() { MaxDepth = 512 });

    /// <summary>Elsa writes the members of a stimulus in camel case, our engine as it names inputs.</summary>
    public static JsonNode? Camel(JsonNode? data) =>
        data is JsonObject json
            ? new JsonObject(
                json.ToArray().Select(p => KeyValuePair.Create(p.Key.Length == 0 ? p.Key : char.ToLowerInvariant(p.Key[0]) + p.Key[1..], p.Value?.DeepClone()))
            )
            : data;

    public static object? Exception(IncidentException? e) =>
        e is null
            ? null
            : new
            {
                type = e.Type,
                message = e.Message,
                stackTrace = e.Detail,
                innerException = Exception(e.Inner),
            };

    public static object Journal(JournalRow row) =>
        new
        {
            id = $"{row.ActivityInstanceId}-{row.Sequence}",
            activityInstanceId = row.ActivityInstanceId,
            parentActivityInstanceId = row.ParentActivityInstanceId,
            activityId = row.ActivityId,
            activityType = row.ActivityType,
            activityTypeVersion = row.ActivityTypeVersion,
            activityName = row.ActivityName,
            nodeId = row.NodeId,
            timestamp = row.At,
            sequence = row.Sequence,
            eventName = row.EventName,
            message = row.Message,
            source = row.Source,
            activityState = row.Inputs,
            payload = row.Payload,
        };

    /// <summary>A single journal entry, outside its run.</summary>
    public static object LogRecord(InstanceSummary i, JournalRow row) =>
        new
        {
            workflowDefinitionId = i.DefinitionId,
            workflowDefinitionVersionId = i.DefinitionVersionId,
            workflowInstanceId = Ids.Text(i.Id),
            workflowVersion = i.DefinitionVersion,
            activityInstanceId = row.ActivityInstanceId,
            parentActivityInstanceId = row.ParentActivityInstanceId,
            activityId = row.ActivityId,
            activityType = row.ActivityType,
            activityTypeVersion = row.ActivityTypeVersion,
            activityName = row.ActivityName,
            activityNodeId = row.NodeId,
            timestamp = row.At,
            sequence = row.Sequence,
            eventName = row.EventName,
            message = row.Message,
            source = row.Source,
            activityState = row.Inputs,
            payload = row.Payload,
            id = $"{row.ActivityInstanceId}-{row.Sequence}",
        };

    private static int Depth(ActivityExecution execution)
    {
        var depth = 0;
        for (var parent = execution.Parent; parent is not null; parent = parent.Parent)
            depth++;
        return depth;
    }
}
