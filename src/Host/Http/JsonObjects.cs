using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace Orchestration.Host.Http;

/// <summary>Reads JSON objects and their members. Deep enough for any definition the engine takes.</summary>
internal static class JsonObjects
{
    /// <summary>Deepest nesting of a document that is read. A flowchart in a flowchart costs two levels.</summary>
    private const int MaxDepth = 512;

    /// <summary>Writes what <see cref="Parse"/> read.</summary>
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { MaxDepth = 1000 };

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <summary>Reads a JSON object. Null, with the reason, if it isn't one or contains text that no database column can hold.</summary>
    public static (JsonObject? Object, string? Error) Parse(ReadOnlySpan<byte> utf8)
    {
        try
        {
            if (!Utf8.IsValid(utf8))
                return (null, "The text isn't UTF-8.");
            CheckTexts(utf8);
            return JsonNode.Parse(utf8, documentOptions: Reading) is JsonObject json ? (json, null) : (null, "Must be a JSON object.");
        }
        catch (JsonException e)
        {
            return (null, e.Message);
        }
    }

    /// <summary>Half a surrogate pair is found only when a text is read, and U+0000 only by PostgreSQL: both would break an endpoint later.</summary>
    private static void CheckTexts(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || !reader.ValueIsEscaped)
                continue;
            try
            {
                if (reader.GetString()!.Contains('\0'))
                    throw new JsonException("Text can't contain the null character (U+0000).");
            }
            catch (InvalidOperationException)
            {
                throw new JsonException("Text contains half of a surrogate pair.");
            }
        }
    }

    public static string? Text(this JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static int? Number(this JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue<int>(out var number) ? number : null;

    public static bool? Flag(this JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

    public static string[] Texts(this JsonObject json, string name) =>
        json[name] is JsonArray array ? [.. array.OfType<JsonValue>().Select(v => v.TryGetValue<string>(out var text) ? text : null).OfType<string>()] : [];
}
