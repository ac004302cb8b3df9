using System.Text.Json;
using System.Text.RegularExpressions;

namespace Orchestration.Workflows.Forms;

internal sealed partial class FormSchemaReader
{
    private Regex? ReadPattern(JsonElement value, string path)
    {
        if (Text(value, path) is not { } pattern)
        {
            return null;
        }

        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            Error(path, $"is not a regular expression that forms support: {exception.Message}");
            return null;
        }
    }

    private List<JsonElement>? ReadChoices(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() is > 0 and <= MaxChoices)
        {
            return [.. value.EnumerateArray()];
        }

        Error(path, $"must be a list of 1 to {MaxChoices} values");
        return null;
    }

    private List<string> ReadNames(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String))
        {
            return [.. value.EnumerateArray().Select(item => item.GetString()!).Distinct()];
        }

        Error(path, "must be a list of field names");
        return [];
    }

    private string? Text(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }

        Error(path, "must be a text");
        return null;
    }

    private bool Bool(JsonElement value, string path)
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Error(path, "must be true or false");
        return true;
    }

    private decimal? Number(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number))
        {
            return number;
        }

        Error(path, "must be a number");
        return null;
    }

    private int? Count(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count >= 0)
        {
            return count;
        }

        Error(path, "must be a whole number, 0 or more");
        return null;
    }

    private T Known<T>(Dictionary<string, T> names, string name, string path)
        where T : struct
    {
        if (names.TryGetValue(name, out var value))
        {
            return value;
        }

        Error(path, $"'{name}' must be one of {string.Join(", ", names.Keys)}");
        return default;
    }
}
