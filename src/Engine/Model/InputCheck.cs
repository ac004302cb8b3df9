using System.Globalization;

namespace Orchestration.Engine.Model;

/// <summary>Checks a workflow's input against its declaration. Undeclared names are passed on, as in Elsa.</summary>
public static class InputCheck
{
    /// <summary>
    /// The errors of an input: missing or null required inputs, values that don't fit their type, and values that aren't among the choices.
    /// Empty if there are none.
    /// </summary>
    /// <param name="inputs">The declared inputs.</param>
    /// <param name="input">Workflow data by name; as in expressions, the case of a name does not matter when there is no exact one.</param>
    public static IReadOnlyList<(string Name, string Reason)> Check(IReadOnlyList<InputDefinition> inputs, OrderedDictionary<string, object?> input)
    {
        var errors = new List<(string, string)>();

        foreach (var declared in inputs)
        {
            if (Find(input, declared.Name) is not { } value)
            {
                if (declared.IsRequired)
                    errors.Add((declared.Name, "is required"));
            }
            else if (Misfit(declared.IsDate ? "DateOnly" : ValueConverter.Simplify(declared.Type.Name), value) is { } reason)
            {
                errors.Add((declared.Name, reason));
            }
            else if (declared.Choices.Count > 0 && !declared.Choices.Contains(value as string))
            {
                errors.Add((declared.Name, $"must be one of {string.Join(", ", declared.Choices)}"));
            }
        }

        return errors;
    }

    /// <summary>JSON Schema type of a declared type; null when anything fits.</summary>
    public static string? JsonType(DataType type) => JsonType(ValueConverter.Simplify(type.Name));

    private static string? JsonType(string name) =>
        name switch
        {
            "String" or "DateTime" or "DateTimeOffset" or "DateOnly" or "TimeOnly" or "TimeSpan" or "Guid" or "Byte[]" => "string",
            "Boolean" => "boolean",
            "Byte" or "SByte" or "Int16" or "UInt16" or "Int32" or "UInt32" or "Int64" or "UInt64" => "integer",
            "Double" or "Single" or "Decimal" => "number",
            "ObjectDictionary" or "JsonObject" or "ExpandoObject" => "object",
            _ when name.StartsWith("Dictionary<", StringComparison.Ordinal) || name.StartsWith("IDictionary<", StringComparison.Ordinal) => "object",
            _ when name.EndsWith("[]", StringComparison.Ordinal) || name is "JsonArray" or "ObjectList" || IsList(name) => "array",
            _ => null,
        };

    private static bool IsList(string name) =>
        name.StartsWith("List<", StringComparison.Ordinal)
        || name.StartsWith("IList<", StringComparison.Ordinal)
        || name.StartsWith("ICollection<", StringComparison.Ordinal)
        || name.StartsWith("IEnumerable<", StringComparison.Ordinal);

    /// <summary>Why a value is not of a type. A parent's expressions give numbers as doubles and times as times; callers send both as JSON can.</summary>
    private static string? Misfit(string type, object value)
    {
        switch (JsonType(type))
        {
            case "integer":
                if (!IsNumber(value) || Convert.ToDouble(value, CultureInfo.InvariantCulture) is var number && Math.Floor(number) != number)
                    return "must be an integer";

                try
                {
                    ValueConverter.Convert(value, type);
                    return null;
                }
                catch (ExpressionException)
                {
                    return $"must be an integer in the range of {type}";
                }

            case "number":
                return IsNumber(value) ? null : "must be a number";

            case "boolean":
                return value is bool ? null : "must be a boolean";

            case "array":
                return value is List<object?> ? null : "must be an array";

            case "object":
                return value is OrderedDictionary<string, object?> ? null : "must be an object";

            case "string" when value is not string:
                return
                    (type, value)
                        is
                            ("DateTime" or "DateTimeOffset" or "DateOnly", DateTimeOffset)
                            or
                            ("TimeSpan" or "TimeOnly", TimeSpan)
                            or
                            ("Guid", Guid)
                            or
                            ("Byte[]", byte[])
                    ? null
                    : "must be a string";
        }

        return (type, value) switch
        {
            ("DateOnly", string text) when !DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) =>
                "must be a date such as 2026-06-01",
            ("TimeOnly", string text) when !TimeOnly.TryParse(text, CultureInfo.InvariantCulture, out _) => "must be a time such as 14:30",
            ("DateTime" or "DateTimeOffset", string text)
                when !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _) =>
                "must be a date and time such as 2026-06-01T14:30:00Z",
            ("TimeSpan", string text) when !TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out _) => "must be a length of time such as 02:30:00",
            ("Guid", string text) when !Guid.TryParse(text, out _) => "must be a UUID",
            ("Byte[]", string text) when !Convert.TryFromBase64String(text, new byte[text.Length], out _) => "must be base 64",
            _ => null,
        };
    }

    private static bool IsNumber(object value) => value is int or long or double or decimal;

    private static object? Find(OrderedDictionary<string, object?> input, string name) =>
        input.TryGetValue(name, out var value) ? value : input.FirstOrDefault(x => string.Equals(x.Key, name, StringComparison.OrdinalIgnoreCase)).Value;
}
