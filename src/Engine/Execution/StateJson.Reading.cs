using System.Text.Json;
using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <content>Reads a stored state.</content>
internal static partial class StateJson
{
    public static InstanceState Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, ReaderOptions);
            return ReadState(document.RootElement);
        }
        catch (Exception exception)
            when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException("Not the state of an instance.", exception);
        }
    }

    private static InstanceState ReadState(JsonElement json)
    {
        var state = new InstanceState
        {
            Id = Text(json, "id"u8),
            DefinitionId = Text(json, "definitionId"u8),
            DefinitionVersionId = Text(json, "versionId"u8),
            DefinitionVersion = json.GetProperty("version"u8).GetInt32(),
            ParentInstanceId = TextOrNull(json, "parentId"u8),
            ParentBookmarkId = TextOrNull(json, "parentBookmark"u8),
            CorrelationId = TextOrNull(json, "correlationId"u8),
            Name = TextOrNull(json, "name"u8),
            Status = Enum.Parse<WorkflowStatus>(Text(json, "status"u8)),
            SubStatus = Enum.Parse<WorkflowSubStatus>(Text(json, "subStatus"u8)),
            CreatedAt = At(json, "createdAt"u8),
            UpdatedAt = At(json, "updatedAt"u8),
            FinishedAt = AtOrNull(json, "finishedAt"u8),
        };

        if (json.TryGetProperty("output"u8, out var output))
        {
            foreach (var (key, value) in Members(output))
                state.Output[key] = value;
        }

        foreach (var item in Items(json, "bookmarks"u8))
        {
            state.Bookmarks.Add(
                new Bookmark(
                    Text(item, "id"u8),
                    Text(item, "name"u8),
                    Text(item, "hash"u8),
                    Text(item, "activity"u8),
                    Text(item, "node"u8),
                    Text(item, "execution"u8),
                    Value(item, "payload"u8),
                    AtOrNull(item, "dueAt"u8),
                    At(item, "createdAt"u8),
                    !item.TryGetProperty("autoBurn"u8, out _),
                    TextOrNull(item, "caller"u8)
                )
            );
        }

        foreach (var item in Items(json, "incidents"u8))
        {
            state.Incidents.Add(
                new Incident(
                    Text(item, "activity"u8),
                    Text(item, "node"u8),
                    Text(item, "execution"u8),
                    Text(item, "type"u8),
                    Text(item, "message"u8),
                    ReadException(item, "exception"u8),
                    At(item, "at"u8)
                )
            );
        }

        var byId = new Dictionary<string, ActivityExecution>();

        foreach (var item in Items(json, "executions"u8))
        {
            var execution = ReadExecution(item);
            state.ExecutionList.Add(execution);
            byId.Add(execution.Id, execution);
        }

        // A parent may stand after its children.
        var index = 0;

        foreach (var item in Items(json, "executions"u8))
        {
            var execution = state.ExecutionList[index++];

            if (TextOrNull(item, "parent"u8) is { } parent)
            {
                execution.Parent = byId[parent];

                if (!execution.IsEnded)
                    execution.Parent.AddChild(execution);
            }
        }

        foreach (var item in Items(json, "callbacks"u8))
            state.Callbacks.Add(new CompletionCallback(byId[Text(item[0])], Text(item[1]), item[2].GetString(), WorkflowData.ReadTyped(item[3])));

        foreach (var item in Items(json, "outputs"u8))
            state.ActivityOutputs.Add(new OutputRecord(Text(item[0]), Text(item[1]), Text(item[2])) { Value = WorkflowData.ReadTyped(item[3]) });

        return state;
    }

    private static ActivityExecution ReadExecution(JsonElement json)
    {
        var execution = new ActivityExecution(Text(json, "id"u8), Text(json, "node"u8))
        {
            Status = Enum.Parse<ActivityStatus>(Text(json, "status"u8)),
            StartedAt = At(json, "startedAt"u8),
            EndedAt = AtOrNull(json, "endedAt"u8),
            FaultCount = json.TryGetProperty("faults"u8, out var faults) ? faults.GetInt32() : 0,
            IsBreaking = json.TryGetProperty("breaking"u8, out _),
            IsLoopBack = json.TryGetProperty("loopBack"u8, out _),
            OwesCompletion = json.TryGetProperty("owesCompletion"u8, out _),
            Tag = Value(json, "tag"u8),
            Properties = json.TryGetProperty("properties"u8, out var properties) ? Members(properties) : null,
        };

        foreach (var variable in Items(json, "variables"u8))
        {
            var id = Text(variable[0]);
            execution.Declare(id, id, null, WorkflowData.ReadTyped(variable[1])).IsStored = true;
        }

        if (json.TryGetProperty("loop"u8, out var loop))
        {
            execution.LoopVariables = [];

            foreach (var variable in loop.EnumerateArray())
            {
                var (name, value) = (Text(variable[0]), WorkflowData.ReadTyped(variable[1]));
                execution.LoopVariables.Add((name, value));
                execution.Declare(BurstRun.LoopVariableId(name), name, null, value);
            }
        }

        if (json.TryGetProperty("flow"u8, out var flow))
            execution.Flow = ReadFlow(flow);

        return execution;
    }

    private static FlowState ReadFlow(JsonElement json)
    {
        var (activityIds, activityVisits) = ReadVisits(json.GetProperty("activities"u8));
        var (connectionIds, connectionVisits) = ReadVisits(json.GetProperty("connections"u8));
        var flow = new FlowState(activityIds, connectionIds) { StartId = TextOrNull(json, "start"u8) };

        activityVisits.CopyTo(flow.ActivityVisits, 0);

        for (var i = 0; i < connectionVisits.Length; i++)
        {
            flow.ConnectionVisits[i] = Math.Abs(connectionVisits[i]);
            flow.LastFollowed[i] = connectionVisits[i] > 0;
        }

        if (json.TryGetProperty("tokens"u8, out var tokens))
        {
            flow.Tokens = [];

            for (var i = 0; i < tokens.GetArrayLength(); i += 4)
            {
                var bits = tokens[i + 3].GetInt32();
                flow.Tokens.Add(
                    new FlowToken(Text(tokens[i]), tokens[i + 1].GetString(), Text(tokens[i + 2])) { Consumed = (bits & 1) != 0, Blocked = (bits & 2) != 0 }
                );
            }
        }

        return flow;
    }

    private static (string[] Ids, int[] Visits) ReadVisits(JsonElement json)
    {
        var count = json.GetArrayLength() / 2;
        var (ids, visits) = (new string[count], new int[count]);
        var index = 0;

        foreach (var item in json.EnumerateArray())
        {
            if (index % 2 == 0)
                ids[index / 2] = Text(item);
            else
                visits[index / 2] = item.GetInt32();

            index++;
        }

        return (ids, visits);
    }

    private static IncidentException? ReadException(JsonElement json, ReadOnlySpan<byte> name) =>
        json.TryGetProperty(name, out var exception)
            ? new IncidentException(
                Text(exception, "type"u8),
                Text(exception, "message"u8),
                TextOrNull(exception, "detail"u8),
                ReadException(exception, "inner"u8)
            )
            : null;

    private static string Text(JsonElement json) => json.GetString() ?? throw new JsonException("A text is missing.");

    private static string Text(JsonElement json, ReadOnlySpan<byte> name) => Text(json.GetProperty(name));

    private static string? TextOrNull(JsonElement json, ReadOnlySpan<byte> name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static object? Value(JsonElement json, ReadOnlySpan<byte> name) => json.TryGetProperty(name, out var value) ? WorkflowData.ReadTyped(value) : null;

    private static OrderedDictionary<string, object?> Members(JsonElement json) =>
        WorkflowData.ReadTyped(json) as OrderedDictionary<string, object?> ?? throw new JsonException("An object is missing.");

    private static Instant At(JsonElement json, ReadOnlySpan<byte> name) => FromMicroseconds(json.GetProperty(name).GetInt64());

    private static Instant? AtOrNull(JsonElement json, ReadOnlySpan<byte> name) =>
        json.TryGetProperty(name, out var value) ? FromMicroseconds(value.GetInt64()) : null;

    private static JsonElement.ArrayEnumerator Items(JsonElement json, ReadOnlySpan<byte> name) =>
        json.TryGetProperty(name, out var value) ? value.EnumerateArray() : default;
}
