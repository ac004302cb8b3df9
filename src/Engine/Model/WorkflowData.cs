using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestration.Engine.Model;

/// <summary>
/// Workflow data (<see cref="ExpressionScope"/> lists its types) to and from JSON, in two forms. The plain form is what people and other programs read
/// (history, effects, stimuli, scripts): types JSON
/// does not have become texts. The typed form is an instance's own state, where every value comes back as it was. Thread safe.
/// </summary>
public static class WorkflowData
{
    /// <summary>Maximum nesting of a value: every JSON reader and writer up to the browser supports it, including what wraps the value.</summary>
    public const int MaxDepth = 60;

    // Lenient: values were checked where they came from.
    private static readonly JsonWriterOptions Text = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
        MaxDepth = 600,
    };

    // Wrapping a value nests it deeper.
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 1024 };

    /// <summary>A value as plain UTF-8 JSON.</summary>
    public static byte[] ToUtf8(object? value)
    {
        var buffer = Utf8Buffer.Take();
        using (var json = new Utf8JsonWriter(buffer))
            Write(json, value);
        return Utf8Buffer.ToArray(buffer);
    }

    /// <summary>A value as plain, compact JSON text with unescaped non-ASCII characters.</summary>
    public static string ToJson(object? value)
    {
        var buffer = Utf8Buffer.Take();
        using (var json = new Utf8JsonWriter(buffer, Text))
            Write(json, value);
        var text = Encoding.UTF8.GetString(buffer.WrittenSpan);
        Utf8Buffer.GiveBack(buffer);
        return text;
    }

    /// <summary>Value of a plain JSON document that was written here: whole numbers become int or long, others double.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static object? FromUtf8(ReadOnlyMemory<byte> utf8)
    {
        using var document = JsonDocument.Parse(utf8, Deep);
        return FromJson(document.RootElement);
    }

    /// <summary>Value of a plain JSON document from outside, as <see cref="FromUtf8"/>, when it can be kept.</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="name">The caller's name for it; prefix of the path in errors. Default <c>$</c>.</param>
    /// <exception cref="UnfitDataException">It is nested deeper than <see cref="MaxDepth"/>, or holds text or a number that cannot be kept.</exception>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static object? FromOutside(ReadOnlyMemory<byte> utf8, string name = "$")
    {
        using var document = JsonDocument.Parse(utf8, Deep);
        Check(document.RootElement, name, 1);
        return FromJson(document.RootElement);
    }

    /// <summary>As <see cref="FromOutside(ReadOnlyMemory{byte}, string)"/>, of JSON that was parsed already; null for null.</summary>
    /// <exception cref="UnfitDataException">It cannot be kept.</exception>
    public static object? FromOutside(JsonNode? json, string name)
    {
        if (json is null)
            return null;

        var buffer = new ArrayBufferWriter<byte>(256);

        try
        {
            using var writer = new Utf8JsonWriter(buffer, Text);
            json.WriteTo(writer);
        }
        catch (InvalidOperationException)
        {
            throw new UnfitDataException(name, "must not hold half of a surrogate pair");
        }

        return FromOutside(buffer.WrittenMemory, name);
    }

    /// <summary>Why PostgreSQL or a reader of JSON could not hold a text; null when both can.</summary>
    public static string? Unfit(string text)
    {
        if (text.Contains('\0'))
            return "must not hold the character U+0000";

        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[++i])))
                return "must not hold half of a surrogate pair";
        }

        return null;
    }

    private static void Check(JsonElement element, string path, int depth)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Array or JsonValueKind.Object when depth > MaxDepth:
                throw new UnfitDataException(path, $"is nested deeper than {MaxDepth} levels");

            case JsonValueKind.Array:
                var index = 0;

                foreach (var item in element.EnumerateArray())
                    Check(item, $"{path}[{index++}]", depth + 1);

                break;

            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    Check(() => property.Name, path);
                    Check(property.Value, $"{path}.{property.Name}", depth + 1);
                }

                break;

            case JsonValueKind.String:
                Check(element.GetString, path);
                break;

            case JsonValueKind.Number when !double.IsFinite(element.GetDouble()):
                throw new UnfitDataException(path, "is too large a number");
        }
    }

    private static void Check(Func<string?> text, string path)
    {
        string? reason;

        try
        {
            reason = Unfit(text()!);
        }
        catch (InvalidOperationException)
        {
            reason = "must not hold half of a surrogate pair";
        }

        if (reason is not null)
            throw new UnfitDataException(path, reason);
    }

    /// <summary>Value of plain JSON text, as <see cref="FromUtf8"/>.</summary>
    /// <exception cref="ExpressionException">It is not JSON (kind <c>FormatError</c>).</exception>
    public static object? Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return FromJson(document.RootElement);
        }
        catch (JsonException error)
        {
            throw new ExpressionException($"The text is not valid JSON: {error.Message}", error) { Kind = "FormatError" };
        }
    }

    /// <summary>Value of a plain JSON element, as <see cref="FromUtf8"/>.</summary>
    public static object? FromJson(JsonElement element) => Read(element, isTyped: false);

    /// <summary>Writes a value as plain JSON.</summary>
    /// <exception cref="ArgumentException">It is not workflow data.</exception>
    public static void Write(Utf8JsonWriter writer, object? value) => Write(writer, value, isTyped: false);

    /// <summary>Writes a value in the typed form: what JSON has no form for is an object with the single key <c>$</c> and a letter, and <c>v</c>.</summary>
    /// <exception cref="ArgumentException">It is not workflow data.</exception>
    internal static void WriteTyped(Utf8JsonWriter writer, object? value) => Write(writer, value, isTyped: true);

    /// <summary>Reads what <see cref="WriteTyped"/> wrote.</summary>
    /// <exception cref="JsonException">Its letter is unknown.</exception>
    /// <exception cref="FormatException">Its text does not fit its letter.</exception>
    internal static object? ReadTyped(JsonElement element) => Read(element, isTyped: true);

    private static void Write(Utf8JsonWriter writer, object? value, bool isTyped)
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
            case List<object?> list:
                writer.WriteStartArray();
                foreach (var item in list)
                    Write(writer, item, isTyped);
                writer.WriteEndArray();
                break;
            case OrderedDictionary<string, object?> members when isTyped && (members.Comparer is RecordNames || members.ContainsKey("$")):
                writer.WriteStartObject();
                writer.WriteString("$", members.Comparer is RecordNames ? "r" : "o");
                writer.WritePropertyName("v");
                WriteMembers(writer, members, isTyped);
                writer.WriteEndObject();
                break;
            case OrderedDictionary<string, object?> members:
                WriteMembers(writer, members, isTyped);
                break;
            case EnumValue named:
                writer.WriteNumberValue(named.Number);
                break;
            default:
                if (isTyped)
                    WriteTagged(writer, value);
                else
                    WriteUntagged(writer, value);
                break;
        }
    }

    private static void WriteMembers(Utf8JsonWriter writer, OrderedDictionary<string, object?> members, bool isTyped)
    {
        writer.WriteStartObject();

        foreach (var (name, value) in members)
        {
            writer.WritePropertyName(name);
            Write(writer, value, isTyped);
        }

        writer.WriteEndObject();
    }

    private static void WriteUntagged(Utf8JsonWriter writer, object value)
    {
        switch (value)
        {
            case long number:
                writer.WriteNumberValue(number);
                break;
            case decimal number:
                writer.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case double number:
                writer.WriteStringValue(number.ToString(CultureInfo.InvariantCulture));
                break;
            case byte[] bytes:
                writer.WriteBase64StringValue(bytes);
                break;
            case Guid id:
                writer.WriteStringValue(id);
                break;
            case DateTimeOffset time:
                writer.WriteStringValue(time);
                break;
            case TimeSpan span:
                writer.WriteStringValue(span.ToString("c", CultureInfo.InvariantCulture));
                break;
            default:
                throw NotData(value);
        }
    }

    /// <summary>
    /// Letters: l long, d double that is no JSON number, m decimal, g Guid, t instant with offset, s time span (ticks), b bytes, o an object that has a
    /// key <c>$</c> itself, r a record.
    /// </summary>
    private static void WriteTagged(Utf8JsonWriter writer, object value)
    {
        switch (value)
        {
            case long number when number is < int.MinValue or > int.MaxValue:
                writer.WriteNumberValue(number);
                return;
            case double number when double.IsFinite(number):
                WriteDouble(writer, number);
                return;
        }

        var (letter, text) = value switch
        {
            long number => ("l", number.ToString(CultureInfo.InvariantCulture)),
            double number => ("d", number.ToString(CultureInfo.InvariantCulture)),
            decimal number => ("m", number.ToString(CultureInfo.InvariantCulture)),
            Guid guid => ("g", guid.ToString()),
            DateTimeOffset at => ("t", at.ToString("O", CultureInfo.InvariantCulture)),
            TimeSpan span => ("s", span.Ticks.ToString(CultureInfo.InvariantCulture)),
            byte[] bytes => ("b", Convert.ToBase64String(bytes)),
            _ => throw NotData(value),
        };
        writer.WriteStartObject();
        writer.WriteString("$", letter);
        writer.WriteString("v", text);
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

    private static object? Read(JsonElement element, bool isTyped)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return element.GetString();
            case JsonValueKind.Number:
                return element.TryGetInt32(out var small) ? small
                    : element.TryGetInt64(out var large) ? (object)large
                    : element.GetDouble();
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            case JsonValueKind.Array:
                var list = new List<object?>(element.GetArrayLength());
                foreach (var item in element.EnumerateArray())
                    list.Add(Read(item, isTyped));
                return list;
            case JsonValueKind.Object:
                return isTyped && element.TryGetProperty("$"u8, out var letter) && element.TryGetProperty("v"u8, out var value)
                    ? Untag(letter.GetString(), value)
                    : ReadMembers(element, isTyped);
            default:
                return null;
        }
    }

    private static OrderedDictionary<string, object?> ReadMembers(JsonElement element, bool isTyped, IEqualityComparer<string>? names = null)
    {
        var members = new OrderedDictionary<string, object?>(element.GetPropertyCount(), names);
        foreach (var property in element.EnumerateObject())
            members[property.Name] = Read(property.Value, isTyped);
        return members;
    }

    private static object? Untag(string? letter, JsonElement value) =>
        letter switch
        {
            "l" => long.Parse(value.GetString()!, CultureInfo.InvariantCulture),
            "d" => double.Parse(value.GetString()!, CultureInfo.InvariantCulture),
            "m" => decimal.Parse(value.GetString()!, CultureInfo.InvariantCulture),
            "g" => Guid.Parse(value.GetString()!),
            "t" => DateTimeOffset.ParseExact(value.GetString()!, "O", CultureInfo.InvariantCulture),
            "s" => TimeSpan.FromTicks(long.Parse(value.GetString()!, CultureInfo.InvariantCulture)),
            "b" => Convert.FromBase64String(value.GetString()!),
            "o" => ReadMembers(value, isTyped: true),
            "r" => ReadMembers(value, isTyped: true, RecordNames.Instance),
            _ => throw new JsonException($"Unknown type letter '{letter}'."),
        };

    private static ArgumentException NotData(object value) => new($"{value.GetType()} is not workflow data.", nameof(value));
}
