using System.Globalization;

namespace Orchestration.Engine.Model;

/// <summary>
/// Converts workflow data to Elsa's type names as Elsa's ObjectConverter does: what does not fit becomes the type's default (0, false, null) and does not
/// fault;
/// fractions round half to even; numbers out of range fail. Thread safe.
/// </summary>
public static class ValueConverter
{
    /// <summary>Converts a value.</summary>
    /// <param name="value">Workflow data (<see cref="ExpressionScope"/> lists the types).</param>
    /// <param name="typeName">Elsa's alias (<c>String</c>, <c>Int32</c>, <c>List&lt;String&gt;</c>, <c>String[]</c>, <c>JsonObject</c> …) or the name of
    /// a .NET type. One that is not known counts as Object.</param>
    /// <returns>Workflow data; null for null.</returns>
    /// <exception cref="ExpressionException">A number is out of the type's range (kind <c>OverflowError</c>), or text that must be JSON or base 64 is not
    /// (kind <c>FormatError</c>).</exception>
    public static object? Convert(object? value, string? typeName)
    {
        if (value is null)
            return null;
        var name = Simplify(typeName);
        if (name.EndsWith("[]", StringComparison.Ordinal) && name != "Byte[]")
            return ToList(value, name[..^2]);
        var open = name.IndexOf('<', StringComparison.Ordinal);
        if (open > 0 && name.EndsWith('>'))
        {
            return name[..open] switch
            {
                "Nullable" => Convert(value, name[(open + 1)..^1]),
                "Dictionary" or "IDictionary" => ToObject(value),
                _ => ToList(value, name[(open + 1)..^1]),
            };
        }

        return name switch
        {
            "String" => ToText(value),
            "Boolean" => ToBoolean(value),
            "Int32" or "Int16" or "Byte" or "SByte" or "UInt16" => ToInt32(value, name),
            "Int64" or "UInt32" or "UInt64" => ToInt64(value),
            "Double" or "Single" => ToDouble(value, name),
            "Decimal" => ToDecimal(value),
            "DateTime" or "DateTimeOffset" or "DateOnly" => ToDateTime(value),
            "TimeSpan" => ToTimeSpan(value),
            "Guid" => value is Guid ? value
            : value is string text
                ? (
                    string.IsNullOrWhiteSpace(text) ? null
                    : Guid.TryParse(text, out var id) ? id
                    : throw Failed(text, name)
                )
            : Guid.Empty,
            "Byte[]" => value is byte[] ? value
            : value is string base64 ? FromBase64(base64)
            : null,
            "ExpandoObject" or "JsonObject" or "ObjectDictionary" or "JsonNode" or "JsonElement" => value is string json
                ? (
                    LooksLikeJson(json) ? WorkflowData.Parse(json)
                    : name is "JsonNode" or "JsonElement" ? value
                    : null
                )
                : value,
            "JsonArray" or "ObjectList" or "Array" => ToList(value, "Object"),
            _ => value,
        };
    }

    /// <summary>An alias or .NET name without namespaces and assembly: <c>System.Int32, System.Private.CoreLib</c> is Int32.</summary>
    internal static string Simplify(string? typeName)
    {
        if (string.IsNullOrWhiteSpace(typeName))
            return "Object";
        var name = typeName.Trim();
        var generic = name.IndexOf("`1[[", StringComparison.Ordinal);
        if (generic > 0)
        {
            var inner = name[(generic + 4)..];
            return $"{LastPart(name[..generic])}<{Simplify(inner.Split(',', ']')[0])}>";
        }

        var comma = name.IndexOf(',', StringComparison.Ordinal);
        if (comma > 0 && !name.Contains('<', StringComparison.Ordinal))
            name = name[..comma];
        if (name.IndexOf('<', StringComparison.Ordinal) is > 0 and var open)
            return $"{LastPart(name[..open])}<{name[(open + 1)..^1]}>";
        name = LastPart(name);
        return name switch
        {
            "string" => "String",
            "bool" => "Boolean",
            "int" => "Int32",
            "long" => "Int64",
            "double" => "Double",
            "decimal" => "Decimal",
            "float" => "Single",
            // Aliases the designer offers for a variable.
            "Long" => "Int64",
            "JSON" => "ExpandoObject",
            "ByteArray" => "Byte[]",
            "StringDictionary" => "ObjectDictionary",
            [.., '?'] => Simplify(name[..^1]),
            _ => name,
        };
    }

    private static string LastPart(string name) => name[(name.LastIndexOf('.') + 1)..];

    private static ExpressionException Failed(object value, string type) => new($"{value} is not a valid value for {type}.") { Kind = "FormatError" };

    private static ExpressionException Overflow(string type) =>
        new($"Value was either too large or too small for {(type[0] is 'I' ? "an" : "a")} {type}.") { Kind = "OverflowError" };

    private static bool LooksLikeJson(string text) => text.AsSpan().TrimStart() is ['{' or '[', ..];

    private static byte[]? FromBase64(string text)
    {
        var bytes = new byte[text.Length];
        return System.Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : throw Failed(text, "Byte[]");
    }

    private static string ToText(object value) =>
        value switch
        {
            string text => text,
            bool flag => flag ? "True" : "False",
            double number => number.ToString(CultureInfo.InvariantCulture),
            byte[] => "Byte[] Array",
            DateTimeOffset time => DateText(time),
            TimeSpan span => span.ToString("c", CultureInfo.InvariantCulture),
            List<object?> or OrderedDictionary<string, object?> => WorkflowData.ToJson(value),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };

    /// <summary>
    /// .NET's type converter leaves out a time of midnight; an offset is shown only when there is one, for a time in UTC is what a script's Date gives.
    /// </summary>
    private static string DateText(DateTimeOffset time)
    {
        var text = time.ToString(time.TimeOfDay == TimeSpan.Zero ? "MM/dd/yyyy" : "MM/dd/yyyy HH:mm", CultureInfo.InvariantCulture);
        return time.Offset == TimeSpan.Zero ? text : text + time.ToString(" zzz", CultureInfo.InvariantCulture);
    }

    private static object? ToBoolean(object value) =>
        value switch
        {
            bool => value,
            int number => number != 0,
            long number => number != 0,
            double number => number != 0,
            decimal number => number != 0,
            string text => string.IsNullOrWhiteSpace(text) ? null : bool.TryParse(text, out var flag) && flag,
            _ => false,
        };

    private static int? ToInt32(object value, string type)
    {
        var (low, high) = type switch
        {
            "Int16" => (short.MinValue, short.MaxValue),
            "Byte" => (byte.MinValue, byte.MaxValue),
            "SByte" => (sbyte.MinValue, sbyte.MaxValue),
            "UInt16" => (ushort.MinValue, (int)ushort.MaxValue),
            _ => (int.MinValue, int.MaxValue),
        };
        if (value is string text)
        {
            if (string.IsNullOrWhiteSpace(text))
                return null;
            return Whole(text, low, high, type) is { } whole ? (int)whole : 0;
        }

        if (!TryNumber(value, out var number))
            return 0;
        var rounded = Math.Round(number, MidpointRounding.ToEven);
        return rounded >= low && rounded <= high ? (int)rounded : throw Overflow(type);
    }

    /// <summary>A whole number in text; null if it isn't one, which Elsa treats as 0. Too large a number is an error in Elsa too.</summary>
    private static long? Whole(string text, long low, long high, string type)
    {
        if (long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number))
            return number >= low && number <= high ? number : throw Overflow(type);
        var digits = text.AsSpan().Trim();
        if (digits is ['+' or '-', ..])
            digits = digits[1..];
        return digits.Length > 0 && !digits.ContainsAnyExceptInRange('0', '9') ? throw Overflow(type) : null;
    }

    private static long? ToInt64(object value)
    {
        switch (value)
        {
            case long whole:
                return whole;
            case string text:
                return string.IsNullOrWhiteSpace(text) ? null : Whole(text, long.MinValue, long.MaxValue, "Int64") ?? 0L;
            case decimal exact:
                return exact is >= long.MinValue and <= long.MaxValue ? (long)Math.Round(exact, MidpointRounding.ToEven) : throw Overflow("Int64");
        }

        if (!TryNumber(value, out var number))
            return 0L;
        var rounded = Math.Round(number, MidpointRounding.ToEven);
        return rounded >= long.MinValue && rounded < 9223372036854775808.0 ? (long)rounded : throw Overflow("Int64");
    }

    private static double? ToDouble(object value, string type)
    {
        if (value is string text)
        {
            if (string.IsNullOrWhiteSpace(text))
                return null;
            return double.TryParse(text, NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var parsed) ? Narrow(parsed) : 0.0;
        }

        return TryNumber(value, out var number) ? Narrow(number) : 0.0;

        double Narrow(double result) => type == "Single" ? (float)result : result;
    }

    private static decimal? ToDecimal(object value)
    {
        switch (value)
        {
            case decimal exact:
                return exact;
            case int number:
                return (decimal)number;
            case long number:
                return (decimal)number;
            case bool flag:
                return flag ? 1m : 0m;
            case double number:
                return Math.Abs(number) < 7.9e28 ? (decimal)number : throw Overflow("Decimal");
            case string text:
                return string.IsNullOrWhiteSpace(text) ? null
                    : decimal.TryParse(text, NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var parsed) ? parsed
                    : 0m;
            default:
                return 0m;
        }
    }

    private static bool TryNumber(object value, out double number)
    {
        (var known, number) = value switch
        {
            int whole => (true, whole),
            long whole => (true, whole),
            double real => (true, real),
            decimal real => (true, (double)real),
            bool flag => (true, flag ? 1 : 0),
            _ => (false, 0.0),
        };
        return known;
    }

    private static object? ToDateTime(object value) =>
        value switch
        {
            DateTimeOffset => value,
            string text when string.IsNullOrWhiteSpace(text) => null,
            string text => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                ? time
                : throw Failed(text, "DateTime"),
            _ => DateTimeOffset.MinValue,
        };

    private static object? ToTimeSpan(object value) =>
        value switch
        {
            TimeSpan => value,
            string text when string.IsNullOrWhiteSpace(text) => null,
            string text => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var span) ? span : throw Failed(text, "TimeSpan"),
            _ => TimeSpan.Zero,
        };

    private static object? ToObject(object value) =>
        value is string text
            ? LooksLikeJson(text)
                ? WorkflowData.Parse(text)
                : null
            : value as OrderedDictionary<string, object?>;

    private static object? ToList(object value, string itemType)
    {
        if (value is string text)
        {
            if (string.IsNullOrWhiteSpace(text))
                return null;
            if (!LooksLikeJson(text))
                return itemType is "String" or "Object" ? new List<object?> { text } : null;
            value = WorkflowData.Parse(text) ?? text;
        }

        if (value is not List<object?> list)
            return itemType == "Object" ? value : null;
        return itemType == "Object" ? list : list.ConvertAll(item => Convert(item, itemType));
    }
}
