using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestration.Engine.Expressions;

/// <summary>Workflow data to and from JSON, and conversion to declared types.</summary>
internal static class Values
{
    /// <summary>JSON as workflow data: whole numbers become int or long, others double.</summary>
    public static object? FromJson(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            case JsonValueKind.String:
                return json.GetString();
            case JsonValueKind.Number:
                return json.TryGetInt32(out var i) ? i : json.TryGetInt64(out var l) ? l : json.GetDouble();
            case JsonValueKind.Array:
                var list = new List<object?>(json.GetArrayLength());
                foreach (var item in json.EnumerateArray())
                    list.Add(FromJson(item));
                return list;
            case JsonValueKind.Object:
                var members = new OrderedDictionary<string, object?>();
                foreach (var member in json.EnumerateObject())
                    members[member.Name] = FromJson(member.Value);
                return members;
            default:
                return null;
        }
    }

    public static object? Convert(object? value, DataType type)
    {
        if (value is null)
            return null;

        if (type.IsArray)
            return ToList(value, new DataType(type.Kind));

        return type.Kind switch
        {
            DataKind.Any => value,
            DataKind.Text => ToText(value),
            DataKind.Boolean => ToBoolean(value),
            DataKind.Int32 => ToDouble(value) is { } number ? (int)Math.Round(number, MidpointRounding.ToEven) : 0,
            DataKind.Int64 => value is string s && long.TryParse(s, NumberStyles.Integer, CultureInfo.InvariantCulture, out var parsed) ? parsed : value is long or int ? System.Convert.ToInt64(value, CultureInfo.InvariantCulture) : ToDouble(value) is { } number ? (long)Math.Round(number, MidpointRounding.ToEven) : 0L,
            DataKind.Double => ToDouble(value) ?? 0d,
            DataKind.Decimal => value is string s && decimal.TryParse(s, NumberStyles.Number, CultureInfo.InvariantCulture, out var parsed) ? parsed : value is decimal ? value : ToDouble(value) is { } number ? (decimal)number : 0m,
            DataKind.DateTime => value is string s && DateTimeOffset.TryParse(s, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : value,
            DataKind.TimeSpan => value is string s && TimeSpan.TryParse(s, CultureInfo.InvariantCulture, out var span) ? span : value,
            DataKind.Guid => value is string s && Guid.TryParse(s, out var guid) ? guid : value,
            DataKind.Bytes => value is string s && TryBase64(s, out var bytes) ? bytes : value,
            DataKind.Dictionary => value is string s && TryParse(s, out var parsed) ? parsed : value,
            _ => value,
        };
    }

    public static string ToText(object value) => value switch
    {
        string text => text,
        bool flag => flag ? "True" : "False",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        DateTimeOffset at => at.ToString("O", CultureInfo.InvariantCulture),
        byte[] bytes => System.Convert.ToBase64String(bytes),
        List<object?> or OrderedDictionary<string, object?> => ToNode(value)!.ToJsonString(),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    public static JsonNode? ToNode(object? value) => value switch
    {
        null => null,
        List<object?> list => new JsonArray([.. list.Select(ToNode)]),
        OrderedDictionary<string, object?> members => new JsonObject(members.Select(x => KeyValuePair.Create(x.Key, ToNode(x.Value)))),
        string text => JsonValue.Create(text),
        bool flag => JsonValue.Create(flag),
        int number => JsonValue.Create(number),
        long number => JsonValue.Create(number),
        double number => double.IsFinite(number) ? JsonValue.Create(number) : JsonValue.Create(number.ToString(CultureInfo.InvariantCulture)),
        decimal number => JsonValue.Create(number),
        _ => JsonValue.Create(ToText(value)),
    };

    private static bool ToBoolean(object value) => value switch
    {
        bool flag => flag,
        string text => bool.TryParse(text, out var flag) && flag,
        _ => ToDouble(value) is { } number && number != 0,
    };

    private static double? ToDouble(object value) => value switch
    {
        int number => number,
        long number => number,
        double number => number,
        decimal number => (double)number,
        bool flag => flag ? 1 : 0,
        string text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
        _ => null,
    };

    private static List<object?> ToList(object value, DataType item)
    {
        if (value is string text && TryParse(text, out var parsed) && parsed is List<object?>)
            value = parsed;

        return value is List<object?> list ? list.ConvertAll(x => Convert(x, item)) : [Convert(value, item)];
    }

    public static bool TryParse(string text, out object? value)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            value = FromJson(document.RootElement);
            return true;
        }
        catch (JsonException)
        {
            value = null;
            return false;
        }
    }

    private static bool TryBase64(string text, out byte[] bytes)
    {
        bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];

        if (!System.Convert.TryFromBase64String(text, bytes, out var written))
            return false;

        Array.Resize(ref bytes, written);
        return true;
    }
}
