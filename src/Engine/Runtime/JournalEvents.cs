using System.Text.Json;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>Journal entries as rows of history: what Studio shows and what compliance reads are the same rows.</summary>
public static class JournalEvents
{
    /// <summary>Name of the entity kind of journal rows.</summary>
    public const string Entity = "activity";

    /// <summary>Member of a payload with the variables that the burst set: in the last row of the burst.</summary>
    public const string VariablesMember = "variables";

    /// <summary>
    /// Largest input or output of an activity that history keeps, in characters of its values; of a larger one it says only that it was left out. What a
    /// designer wants to keep goes into a variable.
    /// </summary>
    internal const int LargestValue = 16 * 1024;

    /// <summary>A journal entry as an event. Its payload holds what Studio needs besides the columns; an entry without any of it has no payload.</summary>
    public static HistoryEvent From(JournalEntry entry) =>
        new(entry.EventName, Entity, entry.ActivityInstanceId, 0, Payload(entry))
        {
            ActivityId = entry.ActivityId,
            NodeId = entry.NodeId,
            ActivityType = entry.ActivityType,
        };

    private static byte[]? Payload(JournalEntry entry)
    {
        var buffer = Utf8Buffer.Take();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (entry.ParentActivityInstanceId is { } parent)
                json.WriteString("parent", parent);
            if (entry.ActivityTypeVersion != 1)
                json.WriteNumber("version", entry.ActivityTypeVersion);
            if (entry.ActivityName is { } activity)
                json.WriteString("name", activity);
            if (entry.Message is { } message)
                json.WriteString("message", message);
            if (entry.HasInputs)
            {
                json.WriteStartObject("inputs");
                foreach (var (name, value) in entry.Inputs)
                {
                    json.WritePropertyName(name);
                    WorkflowData.Write(json, WithinLimit(value));
                }

                json.WriteEndObject();
            }

            if (entry.Payload is { Count: > 0 } payload)
            {
                json.WritePropertyName("payload");
                WorkflowData.Write(
                    json,
                    payload.TryGetValue("Outputs", out var value) && value is OrderedDictionary<string, object?> outputs
                        ? new OrderedDictionary<string, object?>(payload) { ["Outputs"] = WithinLimits(outputs) }
                        : payload
                );
            }

            if (entry.Variables is { } variables)
            {
                json.WritePropertyName(VariablesMember);
                WorkflowData.Write(json, WithinLimits(variables));
            }

            json.WriteEndObject();
        }

        // A separate row for nothing would be an eighth of the history that a start writes.
        if (buffer.WrittenCount > "{}".Length)
            return Utf8Buffer.ToArray(buffer);

        Utf8Buffer.GiveBack(buffer);
        return null;
    }

    private static OrderedDictionary<string, object?> WithinLimits(OrderedDictionary<string, object?> values)
    {
        if (values.Values.All(static value => ReferenceEquals(WithinLimit(value), value)))
            return values;
        var kept = new OrderedDictionary<string, object?>(values.Count);
        foreach (var (name, value) in values)
            kept[name] = WithinLimit(value);
        return kept;
    }

    private static object? WithinLimit(object? value) => Size(value, LargestValue) <= LargestValue ? value : "(left out: too large for the journal)";

    /// <summary>Size of a value, counted no further than a limit.</summary>
    private static int Size(object? value, int limit)
    {
        switch (value)
        {
            case string text:
                return text.Length;
            case byte[] bytes:
                return bytes.Length;
            case List<object?> list:
                var items = 2;
                foreach (var item in list)
                {
                    if ((items += Size(item, limit - items) + 1) > limit)
                        break;
                }

                return items;
            case OrderedDictionary<string, object?> members:
                var size = 2;
                foreach (var (name, member) in members)
                {
                    if ((size += name.Length + Size(member, limit - size) + 4) > limit)
                        break;
                }

                return size;
            default:
                return 8;
        }
    }
}
