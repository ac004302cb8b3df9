using System.Buffers;
using System.Text.Json;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>Journal entries as rows of history: what Studio shows and what compliance reads are the same rows.</summary>
public static class JournalEvents
{
    /// <summary>Name of the entity kind of journal rows.</summary>
    public const string Entity = "activity";

    /// <summary>A journal entry as an event. Its payload holds what Studio needs besides the columns; an entry without any of it has no payload.</summary>
    public static HistoryEvent From(JournalEntry entry) => new(entry.EventName, Entity, entry.ActivityInstanceId, 0, Payload(entry))
    {
        ActivityId = entry.ActivityId,
        NodeId = entry.NodeId,
        ActivityType = entry.ActivityType,
    };

    private static byte[] Payload(JournalEntry entry)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (entry.ParentActivityInstanceId is { } parent)
                json.WriteString("parent", parent);
            if (entry.ActivityTypeVersion != 1)
                json.WriteNumber("version", entry.ActivityTypeVersion);
            if (entry.ActivityName is { } name)
                json.WriteString("name", name);
            if (entry.Message is { } message)
                json.WriteString("message", message);
            if (entry.Source is { } source)
                json.WriteString("source", source);
            if (entry.Inputs is { Count: > 0 } inputs)
            {
                json.WritePropertyName("inputs");
                ValueConverter.WriteJson(json, inputs);
            }

            if (entry.Payload is { Count: > 0 } payload)
            {
                json.WritePropertyName("payload");
                ValueConverter.WriteJson(json, payload);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
