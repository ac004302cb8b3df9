using System.Text.Json;
using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>
/// The state document. Short names, empty members left out. Workflow data keeps its types: whole JSON numbers are int, others double, and
/// what JSON has no form for carries its type (see <see cref="WorkflowData"/>).
/// </summary>
internal static partial class StateJson
{
    private static readonly JsonDocumentOptions ReaderOptions = new() { MaxDepth = 512 };

    public static byte[] Write(InstanceState state)
    {
        var buffer = Utf8Buffer.Take();

        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true, MaxDepth = 512 }))
            Write(writer, state);

        return Utf8Buffer.ToArray(buffer);
    }

    private static void Write(Utf8JsonWriter writer, InstanceState state)
    {
        writer.WriteStartObject();
        writer.WriteString("id", state.Id);
        writer.WriteString("definitionId", state.DefinitionId);
        writer.WriteString("versionId", state.DefinitionVersionId);
        writer.WriteNumber("version", state.DefinitionVersion);
        WriteText(writer, "parentId", state.ParentInstanceId);
        WriteText(writer, "parentBookmark", state.ParentBookmarkId);
        WriteText(writer, "correlationId", state.CorrelationId);
        WriteText(writer, "name", state.Name);
        writer.WriteString("status", state.Status.ToString());
        writer.WriteString("subStatus", state.SubStatus.ToString());
        WriteInstant(writer, "createdAt", state.CreatedAt);
        WriteInstant(writer, "updatedAt", state.UpdatedAt);

        if (state.FinishedAt is { } finishedAt)
            WriteInstant(writer, "finishedAt", finishedAt);

        if (state.Output.Count > 0)
        {
            writer.WritePropertyName("output");
            WorkflowData.WriteTyped(writer, state.Output);
        }

        WriteBookmarks(writer, state.Bookmarks);
        WriteIncidents(writer, state.Incidents);
        WriteExecutions(writer, state.ExecutionList);
        WriteCallbacks(writer, state.Callbacks);

        if (state.ActivityOutputs.Count > 0)
        {
            writer.WriteStartArray("outputs");

            foreach (var record in state.ActivityOutputs)
            {
                writer.WriteStartArray();
                writer.WriteStringValue(record.ContainerId);
                writer.WriteStringValue(record.NodeId);
                writer.WriteStringValue(record.Name);
                WorkflowData.WriteTyped(writer, record.Value);
                writer.WriteEndArray();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WriteBookmarks(Utf8JsonWriter writer, List<Bookmark> bookmarks)
    {
        if (bookmarks.Count == 0)
            return;

        writer.WriteStartArray("bookmarks");

        foreach (var bookmark in bookmarks)
        {
            writer.WriteStartObject();
            writer.WriteString("id", bookmark.Id);
            writer.WriteString("name", bookmark.Name);
            writer.WriteString("hash", bookmark.Hash);
            writer.WriteString("activity", bookmark.ActivityId);
            writer.WriteString("node", bookmark.ActivityNodeId);
            writer.WriteString("execution", bookmark.ActivityInstanceId);

            if (bookmark.Payload is not null)
            {
                writer.WritePropertyName("payload");
                WorkflowData.WriteTyped(writer, bookmark.Payload);
            }

            if (bookmark.DueAt is { } dueAt)
                WriteInstant(writer, "dueAt", dueAt);

            WriteInstant(writer, "createdAt", bookmark.CreatedAt);

            if (!bookmark.AutoBurn)
                writer.WriteBoolean("autoBurn", false);

            WriteText(writer, "caller", bookmark.Caller);

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteIncidents(Utf8JsonWriter writer, List<Incident> incidents)
    {
        if (incidents.Count == 0)
            return;

        writer.WriteStartArray("incidents");

        foreach (var incident in incidents)
        {
            writer.WriteStartObject();
            writer.WriteString("activity", incident.ActivityId);
            writer.WriteString("node", incident.ActivityNodeId);
            writer.WriteString("execution", incident.ActivityInstanceId);
            writer.WriteString("type", incident.ActivityType);
            writer.WriteString("message", incident.Message);
            WriteException(writer, "exception", incident.Exception);
            WriteInstant(writer, "at", incident.Timestamp);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteException(Utf8JsonWriter writer, string name, IncidentException? exception)
    {
        if (exception is null)
            return;

        writer.WriteStartObject(name);
        writer.WriteString("type", exception.Type);
        writer.WriteString("message", exception.Message);
        WriteText(writer, "detail", exception.Detail);
        WriteException(writer, "inner", exception.Inner);
        writer.WriteEndObject();
    }

    private static void WriteExecutions(Utf8JsonWriter writer, List<ActivityExecution> executions)
    {
        if (executions.Count == 0)
            return;

        writer.WriteStartArray("executions");

        foreach (var execution in executions)
        {
            writer.WriteStartObject();
            writer.WriteString("id", execution.Id);
            writer.WriteString("node", execution.NodeId);
            WriteText(writer, "parent", execution.Parent?.Id);
            writer.WriteString("status", execution.Status.ToString());
            WriteInstant(writer, "startedAt", execution.StartedAt);

            if (execution.EndedAt is { } endedAt)
                WriteInstant(writer, "endedAt", endedAt);

            if (execution.FaultCount != 0)
                writer.WriteNumber("faults", execution.FaultCount);

            if (execution.IsBreaking)
                writer.WriteBoolean("breaking", true);

            if (execution.IsLoopBack)
                writer.WriteBoolean("loopBack", true);

            if (execution.OwesCompletion)
                writer.WriteBoolean("owesCompletion", true);

            if (execution.Tag is not null)
            {
                writer.WritePropertyName("tag");
                WorkflowData.WriteTyped(writer, execution.Tag);
            }

            if (execution.Properties is { Count: > 0 } properties)
            {
                writer.WritePropertyName("properties");
                WorkflowData.WriteTyped(writer, properties);
            }

            WriteMemory(writer, execution);
            WriteFlow(writer, execution.Flow);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteMemory(Utf8JsonWriter writer, ActivityExecution execution)
    {
        var isOpen = false;

        if (execution.Memory is not null)
        {
            foreach (var block in execution.Memory)
            {
                // As Elsa: null is not stored, and only declared variables with storage are.
                if (block.Value is not { } value || !(block.Definition?.IsPersisted ?? block.IsStored))
                    continue;

                if (!isOpen)
                    writer.WriteStartArray("variables");

                isOpen = true;
                writer.WriteStartArray();
                writer.WriteStringValue(block.Id);
                WorkflowData.WriteTyped(writer, block.Definition is { } definition ? definition.Type.Convert(value) : value);
                writer.WriteEndArray();
            }
        }

        if (isOpen)
            writer.WriteEndArray();

        if (execution.LoopVariables is not { } loop)
            return;

        writer.WriteStartArray("loop");

        foreach (var (name, value) in loop)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(name);
            WorkflowData.WriteTyped(writer, execution.FindLocal(BurstRun.LoopVariableId(name)) is { } block ? block.Value : value);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    }

    private static void WriteFlow(Utf8JsonWriter writer, FlowState? flow)
    {
        if (flow is null)
            return;

        writer.WriteStartObject("flow");
        WriteText(writer, "start", flow.StartId);
        writer.WriteStartArray("activities");

        for (var i = 0; i < flow.ActivityIds.Length; i++)
        {
            if (flow.ActivityVisits[i] == 0)
                continue;

            writer.WriteStringValue(flow.ActivityIds[i]);
            writer.WriteNumberValue(flow.ActivityVisits[i]);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("connections");

        for (var i = 0; i < flow.ConnectionIds.Length; i++)
        {
            if (flow.ConnectionVisits[i] == 0)
                continue;

            writer.WriteStringValue(flow.ConnectionIds[i]);
            writer.WriteNumberValue(flow.LastFollowed[i] ? flow.ConnectionVisits[i] : -flow.ConnectionVisits[i]);
        }

        writer.WriteEndArray();

        if (flow.Tokens is { Count: > 0 } tokens)
        {
            writer.WriteStartArray("tokens");

            foreach (var token in tokens)
            {
                writer.WriteStringValue(token.From);
                writer.WriteStringValue(token.Outcome);
                writer.WriteStringValue(token.To);
                writer.WriteNumberValue((token.Consumed ? 1 : 0) | (token.Blocked ? 2 : 0));
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WriteCallbacks(Utf8JsonWriter writer, List<CompletionCallback> callbacks)
    {
        if (callbacks.Count == 0)
            return;

        writer.WriteStartArray("callbacks");

        foreach (var callback in callbacks)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(callback.Owner.Id);
            writer.WriteStringValue(callback.ChildNodeId);
            writer.WriteStringValue(callback.Callback);
            WorkflowData.WriteTyped(writer, callback.Tag);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }

    private static void WriteInstant(Utf8JsonWriter writer, string name, Instant value) => writer.WriteNumber(name, Microseconds(value));

    // Storage keeps microseconds.
    private static long Microseconds(Instant value) => value.ToUnixTimeTicks() / 10;

    private static Instant FromMicroseconds(long value) => Instant.FromUnixTimeTicks(value * 10);
}
