using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Orchestration.Engine.Expressions;

/// <summary>
/// Workflow data to and from plain JSON, for rows that people and other programs read (history, effects, stimuli). Types JSON does not have become texts;
/// an instance's own state keeps them.
/// </summary>
public static class WorkflowData
{
    /// <summary>UTF-8 JSON of a value.</summary>
    public static byte[] ToUtf8(object? value)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
            Write(json, value);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Value of a JSON document: whole numbers become int or long, others double.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static object? FromUtf8(ReadOnlyMemory<byte> utf8)
    {
        using var document = JsonDocument.Parse(utf8);
        return FromJson(document.RootElement);
    }

    /// <summary>Value of a JSON element.</summary>
    public static object? FromJson(JsonElement json) => Values.FromJson(json);

    /// <summary>Writes a value.</summary>
    public static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case decimal number:
                json.WriteNumberValue(number);
                break;
            case List<object?> list:
                json.WriteStartArray();
                foreach (var item in list)
                    Write(json, item);
                json.WriteEndArray();
                break;
            case OrderedDictionary<string, object?> members:
                json.WriteStartObject();
                foreach (var (name, member) in members)
                {
                    json.WritePropertyName(name);
                    Write(json, member);
                }

                json.WriteEndObject();
                break;
            case DateTimeOffset at:
                json.WriteStringValue(at);
                break;
            case Guid id:
                json.WriteStringValue(id);
                break;
            case byte[] bytes:
                json.WriteBase64StringValue(bytes);
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
