using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Orchestration.Workflows.ServiceLevels;

internal static partial class SlaPolicyJson
{
    public static string Write(SlaPolicy policy)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("id", policy.Id);
            writer.WriteNumber("version", policy.Version);
            writer.WriteString("name", policy.Name);
            WriteOptional(writer, "description", policy.Description);
            WriteOptional(writer, "source", policy.Source);
            writer.WriteString("kind", NameOf(Kinds, policy.Kind));
            writer.WriteString("subject", NameOf(Subjects, policy.Subject));
            WriteTarget(writer, "target", policy.Target);
            writer.WriteString("calendar", policy.Calendar);
            writer.WriteString("direction", NameOf(Directions, policy.Direction));
            WriteOptional(writer, "anchor", policy.AnchorFact);
            writer.WriteBoolean("pausable", policy.Pausable);
            if (policy.Window)
            {
                writer.WriteBoolean("window", true);
            }
            else
            {
                WriteOptional(writer, "waitingPeriod", policy.Wait is { } wait ? NameOf(Waits, wait) : null);
            }

            writer.WriteString("missedRungs", NameOf(MissedRungs, policy.MissedRungsAct));
            WriteCondition(writer, "start", policy.Start);
            WriteCondition(writer, "stop", policy.Stop);
            WriteCondition(writer, "cancel", policy.Cancel);
            WriteCondition(writer, "reset", policy.Reset);
            WriteTexts(writer, "pauseReasons", policy.PauseReasons);
            WriteLadder(writer, policy.Ladder);
            if (policy.Recurrence is { } recurrence)
            {
                writer.WriteStartObject("recurrence");
                WriteTarget(writer, "target", recurrence.Target);
                writer.WriteString("from", NameOf(RecurrenceFrom, recurrence.FromDue));
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void WriteLadder(Utf8JsonWriter writer, IReadOnlyList<LadderRung> ladder)
    {
        writer.WriteStartArray("ladder");
        foreach (var rung in ladder)
        {
            writer.WriteStartObject();
            if (rung.Percent is { } percent)
            {
                writer.WriteNumber("percent", percent);
            }

            WriteTarget(writer, "before", rung.Before);
            WriteTarget(writer, "after", rung.After);
            writer.WriteStartArray("actions");
            foreach (var action in rung.Actions)
            {
                WriteAction(writer, action);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteAction(Utf8JsonWriter writer, LadderAction action)
    {
        writer.WriteStartObject();
        writer.WriteString("action", JsonNamingPolicy.CamelCase.ConvertName(action.GetType().Name));
        switch (action)
        {
            case LadderAction.Notify notify:
                writer.WriteString("to", NameOf(Targets, notify.To));
                break;
            case LadderAction.RaisePriority raise:
                writer.WriteNumber("by", raise.By);
                break;
            case LadderAction.Reassign reassign:
                writer.WriteString("to", NameOf(Targets, reassign.To));
                break;
            case LadderAction.AddWatcher watcher:
                writer.WriteString("who", NameOf(Targets, watcher.Who));
                break;
            case LadderAction.StartWorkflow start:
                writer.WriteString("definition", start.DefinitionId);
                break;
            case LadderAction.PublishEvent publish:
                writer.WriteString("event", publish.EventName);
                break;
            case LadderAction.Webhook webhook:
                writer.WriteString("url", webhook.Url.OriginalString);
                break;
        }

        writer.WriteEndObject();
    }

    private static void WriteCondition(Utf8JsonWriter writer, string member, ClockCondition? condition)
    {
        if (condition is null)
        {
            return;
        }

        writer.WriteStartObject(member);
        WriteTexts(writer, "events", condition.Events);
        WriteOptional(writer, "at", condition.At);
        if (condition.Where.Count > 0)
        {
            writer.WriteStartObject("where");
            foreach (var (fact, values) in condition.Where)
            {
                WriteTexts(writer, fact, values);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteTarget(Utf8JsonWriter writer, string member, SlaTarget? target)
    {
        if (target is not null)
        {
            writer.WriteStartObject(member);
            writer.WriteString("amount", target.Amount);
            writer.WriteString("unit", target.UnitName);
            writer.WriteEndObject();
        }
    }

    private static void WriteTexts(Utf8JsonWriter writer, string member, IEnumerable<string> texts)
    {
        writer.WriteStartArray(member);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    private static void WriteOptional(Utf8JsonWriter writer, string member, string? text)
    {
        if (text is not null)
        {
            writer.WriteString(member, text);
        }
    }

    private static string NameOf<T>(Dictionary<string, T> names, T value)
        where T : struct => names.First(name => name.Value.Equals(value)).Key;
}
