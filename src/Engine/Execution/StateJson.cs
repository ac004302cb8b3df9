using System.Buffers;
using System.Globalization;
using System.Text.Json;
using NodaTime;
using Orchestration.Engine.Expressions;

namespace Orchestration.Engine.Execution;

/// <summary>
/// The state document. Short names, empty members left out. Workflow data keeps its types: whole JSON numbers are int, others double, and
/// what JSON has no form for is an object with the single key <c>$</c> and a letter (see <see cref="WriteValue"/>).
/// </summary>
internal static class StateJson
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 512 };

    public static byte[] Write(InstanceState state)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);

        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true, MaxDepth = 512 }))
            Write(writer, state);

        return buffer.WrittenSpan.ToArray();
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
            WriteValue(writer, state.Output);
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
                WriteValue(writer, record.Value);
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
                WriteValue(writer, bookmark.Payload);
            }

            if (bookmark.DueAt is { } dueAt)
                WriteInstant(writer, "dueAt", dueAt);

            WriteInstant(writer, "createdAt", bookmark.CreatedAt);

            if (!bookmark.AutoBurn)
                writer.WriteBoolean("autoBurn", false);

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

            if (execution.Tag is not null)
            {
                writer.WritePropertyName("tag");
                WriteValue(writer, execution.Tag);
            }

            if (execution.Properties is { Count: > 0 } properties)
            {
                writer.WritePropertyName("properties");
                WriteValue(writer, properties);
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
                WriteValue(writer, block.Definition is { } definition ? definition.Type.Convert(value) : value);
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
            WriteValue(writer, execution.FindLocal(BurstRun.LoopVariableId(name)) is { } block ? block.Value : value);
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
            WriteValue(writer, callback.Tag);
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

    /// <summary>Letters: l long, d double that is no JSON number, m decimal, g Guid, t instant with offset, s time span (ticks), b bytes, o an object that has a key <c>$</c> itself.</summary>
    public static void WriteValue(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case int number:
                writer.WriteNumberValue(number);
                break;
            case long number when number is < int.MinValue or > int.MaxValue:
                writer.WriteNumberValue(number);
                break;
            case long number:
                WriteTagged(writer, "l", number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number when double.IsFinite(number):
                WriteDouble(writer, number);
                break;
            case double number:
                WriteTagged(writer, "d", number.ToString(CultureInfo.InvariantCulture));
                break;
            case decimal number:
                WriteTagged(writer, "m", number.ToString(CultureInfo.InvariantCulture));
                break;
            case Guid guid:
                WriteTagged(writer, "g", guid.ToString());
                break;
            case DateTimeOffset at:
                WriteTagged(writer, "t", at.ToString("O", CultureInfo.InvariantCulture));
                break;
            case TimeSpan span:
                WriteTagged(writer, "s", span.Ticks.ToString(CultureInfo.InvariantCulture));
                break;
            case byte[] bytes:
                WriteTagged(writer, "b", Convert.ToBase64String(bytes));
                break;
            case List<object?> list:
                writer.WriteStartArray();
                foreach (var item in list)
                    WriteValue(writer, item);
                writer.WriteEndArray();
                break;
            case OrderedDictionary<string, object?> members when members.Comparer is RecordNames || members.ContainsKey("$"):
                writer.WriteStartObject();
                writer.WriteString("$", members.Comparer is RecordNames ? "r" : "o");
                writer.WritePropertyName("v");
                WriteMembers(writer, members);
                writer.WriteEndObject();
                break;
            case OrderedDictionary<string, object?> members:
                WriteMembers(writer, members);
                break;
            default:
                throw new InvalidOperationException($"{value.GetType()} is not workflow data.");
        }
    }

    private static void WriteMembers(Utf8JsonWriter writer, OrderedDictionary<string, object?> members)
    {
        writer.WriteStartObject();

        foreach (var (key, value) in members)
        {
            writer.WritePropertyName(key);
            WriteValue(writer, value);
        }

        writer.WriteEndObject();
    }

    private static void WriteDouble(Utf8JsonWriter writer, double number)
    {
        Span<byte> text = stackalloc byte[40];
        number.TryFormat(text, out var length, "R", CultureInfo.InvariantCulture);

        // A whole double must not come back as an int, nor minus zero as zero.
        if (text[..length].IndexOfAny("eE."u8) < 0)
        {
            text[length++] = (byte)'.';
            text[length++] = (byte)'0';
        }

        writer.WriteRawValue(text[..length], skipInputValidation: true);
    }

    private static void WriteTagged(Utf8JsonWriter writer, string tag, string value)
    {
        writer.WriteStartObject();
        writer.WriteString("$", tag);
        writer.WriteString("v", value);
        writer.WriteEndObject();
    }

    public static InstanceState Read(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, ReaderOptions);
            reader.Read();
            return ReadState((OrderedDictionary<string, object?>)ReadValue(ref reader)!);
        }
        catch (Exception exception) when (exception is JsonException or InvalidCastException or KeyNotFoundException or FormatException or NullReferenceException or ArgumentException)
        {
            throw new InvalidDataException("Not the state of an instance.", exception);
        }
    }

    private static InstanceState ReadState(OrderedDictionary<string, object?> json)
    {
        var state = new InstanceState
        {
            Id = (string)json["id"]!,
            DefinitionId = (string)json["definitionId"]!,
            DefinitionVersionId = (string)json["versionId"]!,
            DefinitionVersion = (int)json["version"]!,
            ParentInstanceId = Text(json, "parentId"),
            ParentBookmarkId = Text(json, "parentBookmark"),
            CorrelationId = Text(json, "correlationId"),
            Name = Text(json, "name"),
            Status = Enum.Parse<WorkflowStatus>((string)json["status"]!),
            SubStatus = Enum.Parse<WorkflowSubStatus>((string)json["subStatus"]!),
            CreatedAt = At(json, "createdAt")!.Value,
            UpdatedAt = At(json, "updatedAt")!.Value,
            FinishedAt = At(json, "finishedAt"),
        };

        if (json.TryGetValue("output", out var output))
        {
            foreach (var (key, value) in (OrderedDictionary<string, object?>)output!)
                state.Output[key] = value;
        }

        foreach (var item in Objects(json, "bookmarks"))
        {
            state.Bookmarks.Add(new Bookmark(
                (string)item["id"]!, (string)item["name"]!, (string)item["hash"]!, (string)item["activity"]!, (string)item["node"]!, (string)item["execution"]!,
                item.GetValueOrDefault("payload"), At(item, "dueAt"), At(item, "createdAt")!.Value, !item.ContainsKey("autoBurn")));
        }

        foreach (var item in Objects(json, "incidents"))
        {
            state.Incidents.Add(new Incident(
                (string)item["activity"]!, (string)item["node"]!, (string)item["execution"]!, (string)item["type"]!, (string)item["message"]!, ReadException(item, "exception"), At(item, "at")!.Value));
        }

        var byId = new Dictionary<string, ActivityExecution>();

        foreach (var item in Objects(json, "executions"))
        {
            var execution = ReadExecution(item);
            state.ExecutionList.Add(execution);
            byId.Add(execution.Id, execution);
        }

        foreach (var item in Objects(json, "executions"))
        {
            var execution = byId[(string)item["id"]!];

            if (Text(item, "parent") is { } parent)
            {
                execution.Parent = byId[parent];

                if (!execution.IsEnded)
                    execution.Parent.AddChild(execution);
            }
        }

        foreach (var item in Lists(json, "callbacks"))
            state.Callbacks.Add(new CompletionCallback(byId[(string)item[0]!], (string)item[1]!, (string?)item[2], item[3]));

        foreach (var item in Lists(json, "outputs"))
            state.ActivityOutputs.Add(new OutputRecord((string)item[0]!, (string)item[1]!, (string)item[2]!) { Value = item[3] });

        return state;
    }

    private static ActivityExecution ReadExecution(OrderedDictionary<string, object?> json)
    {
        var execution = new ActivityExecution((string)json["id"]!, (string)json["node"]!)
        {
            Status = Enum.Parse<ActivityStatus>((string)json["status"]!),
            StartedAt = At(json, "startedAt")!.Value,
            EndedAt = At(json, "endedAt"),
            FaultCount = json.TryGetValue("faults", out var faults) ? (int)faults! : 0,
            IsBreaking = json.ContainsKey("breaking"),
            IsLoopBack = json.ContainsKey("loopBack"),
            Tag = json.GetValueOrDefault("tag"),
            Properties = (OrderedDictionary<string, object?>?)json.GetValueOrDefault("properties"),
        };

        foreach (var variable in Lists(json, "variables"))
            execution.Declare((string)variable[0]!, (string)variable[0]!, null, variable[1]).IsStored = true;

        if (json.ContainsKey("loop"))
        {
            execution.LoopVariables = [];

            foreach (var variable in Lists(json, "loop"))
            {
                var name = (string)variable[0]!;
                execution.LoopVariables.Add((name, variable[1]));
                execution.Declare(BurstRun.LoopVariableId(name), name, null, variable[1]);
            }
        }

        if (json.TryGetValue("flow", out var flow))
            execution.Flow = ReadFlow((OrderedDictionary<string, object?>)flow!);

        return execution;
    }

    private static FlowState ReadFlow(OrderedDictionary<string, object?> json)
    {
        var activities = (List<object?>)json["activities"]!;
        var connections = (List<object?>)json["connections"]!;
        var flow = new FlowState([.. Every(activities, 2).Select(x => (string)x!)], [.. Every(connections, 2).Select(x => (string)x!)]) { StartId = Text(json, "start") };

        for (var i = 0; i < flow.ActivityIds.Length; i++)
            flow.ActivityVisits[i] = (int)activities[2 * i + 1]!;

        for (var i = 0; i < flow.ConnectionIds.Length; i++)
        {
            var visits = (int)connections[2 * i + 1]!;
            flow.ConnectionVisits[i] = Math.Abs(visits);
            flow.LastFollowed[i] = visits > 0;
        }

        if (json.TryGetValue("tokens", out var value))
        {
            var tokens = (List<object?>)value!;
            flow.Tokens = [];

            for (var i = 0; i < tokens.Count; i += 4)
            {
                var bits = (int)tokens[i + 3]!;
                flow.Tokens.Add(new FlowToken((string)tokens[i]!, (string?)tokens[i + 1], (string)tokens[i + 2]!) { Consumed = (bits & 1) != 0, Blocked = (bits & 2) != 0 });
            }
        }

        return flow;
    }

    private static IEnumerable<object?> Every(List<object?> items, int step)
    {
        for (var i = 0; i < items.Count; i += step)
            yield return items[i];
    }

    private static IncidentException? ReadException(OrderedDictionary<string, object?> json, string name) =>
        json.TryGetValue(name, out var value) && value is OrderedDictionary<string, object?> exception
            ? new IncidentException((string)exception["type"]!, (string)exception["message"]!, Text(exception, "detail"), ReadException(exception, "inner"))
            : null;

    private static string? Text(OrderedDictionary<string, object?> json, string name) => json.TryGetValue(name, out var value) ? (string?)value : null;

    private static Instant? At(OrderedDictionary<string, object?> json, string name) =>
        json.TryGetValue(name, out var value) ? FromMicroseconds(Convert.ToInt64(value, CultureInfo.InvariantCulture)) : null;

    private static IEnumerable<OrderedDictionary<string, object?>> Objects(OrderedDictionary<string, object?> json, string name) =>
        json.TryGetValue(name, out var value) ? ((List<object?>)value!).Cast<OrderedDictionary<string, object?>>() : [];

    private static IEnumerable<List<object?>> Lists(OrderedDictionary<string, object?> json, string name) =>
        json.TryGetValue(name, out var value) ? ((List<object?>)value!).Cast<List<object?>>() : [];

    public static object? ReadValue(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.True:
                return true;
            case JsonTokenType.False:
                return false;
            case JsonTokenType.String:
                return reader.GetString();
            case JsonTokenType.Number:
                return reader.ValueSpan.IndexOfAny("eE."u8) >= 0 ? (object)reader.GetDouble() : reader.TryGetInt32(out var number) ? (object)number : reader.GetInt64();
            case JsonTokenType.StartArray:
                var list = new List<object?>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    list.Add(ReadValue(ref reader));
                return list;
            case JsonTokenType.StartObject:
                var members = new OrderedDictionary<string, object?>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var key = reader.GetString()!;
                    reader.Read();

                    // The object an escape holds is one as it stands.
                    members[key] = key == "v" && members.Count == 1 && members.TryGetValue("$", out var escape) && escape is "o" or "r" ? ReadMembers(ref reader) : ReadValue(ref reader);
                }

                return members.Count == 2 && members.GetAt(0) is { Key: "$", Value: string tag } && members.GetAt(1) is { Key: "v", Value: var value } ? Untag(tag, value) : members;
            default:
                throw new JsonException($"Unexpected {reader.TokenType}.");
        }
    }

    private static OrderedDictionary<string, object?> ReadMembers(ref Utf8JsonReader reader)
    {
        var members = new OrderedDictionary<string, object?>();

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var key = reader.GetString()!;
            reader.Read();
            members[key] = ReadValue(ref reader);
        }

        return members;
    }

    private static object? Untag(string tag, object? value)
    {
        var text = value as string ?? "";

        return tag switch
        {
            "l" => long.Parse(text, CultureInfo.InvariantCulture),
            "d" => double.Parse(text, CultureInfo.InvariantCulture),
            "m" => decimal.Parse(text, CultureInfo.InvariantCulture),
            "g" => Guid.Parse(text),
            "t" => DateTimeOffset.ParseExact(text, "O", CultureInfo.InvariantCulture),
            "s" => TimeSpan.FromTicks(long.Parse(text, CultureInfo.InvariantCulture)),
            "b" => Convert.FromBase64String(text),
            "o" => value,
            "r" => new OrderedDictionary<string, object?>((OrderedDictionary<string, object?>)value!, RecordNames.Instance),
            _ => throw new JsonException($"Unknown type letter '{tag}'."),
        };
    }
}
