using System.Globalization;
using System.Text.Json;
using Orchestration.Engine.Model;

namespace Orchestration.Workflows.Documents;

/// <summary>
/// Reads one object of a definition file (calendar, SLA policy) and collects all its errors, so that an author sees them together. An
/// unknown member is an error too: it is almost always a typo.
/// </summary>
internal sealed class DocumentReader
{
    private const int MaxErrors = 200;

    private readonly JsonElement element;
    private readonly string path;
    private readonly List<DefinitionError> errors;
    private readonly HashSet<string> known = [];

    private DocumentReader(JsonElement element, string path, List<DefinitionError> errors) => (this.element, this.path, this.errors) = (element, path, errors);

    /// <summary>Opens a document whose root is an object; null, with the error added, when it is not.</summary>
    public static DocumentReader? Open(string json, List<DefinitionError> errors)
    {
        try
        {
            var options = new JsonDocumentOptions
            {
                AllowTrailingCommas = true,
                CommentHandling = JsonCommentHandling.Skip,
                MaxDepth = 32,
                AllowDuplicateProperties = false,
            };
            using var document = JsonDocument.Parse(json, options);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return new DocumentReader(document.RootElement.Clone(), "$", errors);
            }

            errors.Add(new DefinitionError("$", "must be an object"));
        }
        catch (JsonException exception)
        {
            errors.Add(new DefinitionError("$", $"is not valid JSON: {exception.Message}"));
        }

        return null;
    }

    /// <summary>Reads an object of a larger document.</summary>
    /// <param name="element">The object.</param>
    /// <param name="path">Its path, which the errors begin with.</param>
    /// <param name="errors">Where they are added.</param>
    public static DocumentReader Of(JsonElement element, string path, List<DefinitionError> errors) => new(element, path, errors);

    public string Path => path;

    public void Error(string? member, string reason)
    {
        if (errors.Count < MaxErrors)
        {
            errors.Add(new DefinitionError(member is null ? path : $"{path}.{member}", reason));
        }
    }

    public bool Has(string name) => TryGet(name, out _);

    public string? Text(string name, bool required = true, int maxLength = 200)
    {
        if (!TryGet(name, out var value))
        {
            return Missing<string>(name, required);
        }

        var (text, problem) = TextOf(value);
        if (text is null)
        {
            return Wrong<string>(name, problem!);
        }

        return text.Length <= maxLength ? text : Wrong<string>(name, $"must be at most {maxLength} characters long");
    }

    public int? Int(string name, int min, int max, bool required = true)
    {
        if (!TryGet(name, out var value))
        {
            return Missing<int?>(name, required);
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max
            ? number
            : Wrong<int?>(name, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {min} to {max}"));
    }

    public bool Bool(string name, bool otherwise)
    {
        if (!TryGet(name, out var value))
        {
            return otherwise;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Error(name, "must be true or false");
        return otherwise;
    }

    /// <summary>Whether a member is there and is true or false.</summary>
    public bool IsBool(string name) => TryGet(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False;

    public T? Choice<T>(string name, IReadOnlyDictionary<string, T> choices, bool required = true)
        where T : struct
    {
        if (!TryGet(name, out var value))
        {
            return Missing<T?>(name, required);
        }

        return TextOf(value).Text is { } text && choices.TryGetValue(text, out var choice)
            ? choice
            : Wrong<T?>(name, $"must be one of {string.Join(", ", choices.Keys)}");
    }

    public DocumentReader? Object(string name, bool required = true)
    {
        if (!TryGet(name, out var value))
        {
            return Missing<DocumentReader>(name, required);
        }

        return value.ValueKind == JsonValueKind.Object ? new DocumentReader(value, $"{path}.{name}", errors) : Wrong<DocumentReader>(name, "must be an object");
    }

    /// <summary>The object items of an array; items that are no objects are errors and left out.</summary>
    public List<DocumentReader> Objects(string name, bool required, int max = 500)
    {
        List<DocumentReader> readers = [];
        foreach (var (item, itemPath) in Items(name, required, max))
        {
            if (item.ValueKind == JsonValueKind.Object)
            {
                readers.Add(new DocumentReader(item, itemPath, errors));
            }
            else
            {
                errors.Add(new DefinitionError(itemPath, "must be an object"));
            }
        }

        return readers;
    }

    /// <summary>The text items of an array, each with the member name to report an error under.</summary>
    public List<(string Text, string Member)> Texts(string name, bool required, int max = 500)
    {
        List<(string, string)> texts = [];
        foreach (var (item, itemPath) in Items(name, required, max))
        {
            var (text, problem) = TextOf(item);
            if (text is not null)
            {
                texts.Add((text, itemPath[(path.Length + 1)..]));
            }
            else
            {
                errors.Add(new DefinitionError(itemPath, problem!));
            }
        }

        return texts;
    }

    /// <summary>The whole numbers of an array; others are errors and left out.</summary>
    public List<int> Ints(string name, int min, int max, bool required)
    {
        List<int> numbers = [];
        foreach (var (item, itemPath) in Items(name, required, 500))
        {
            if (item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var number) && number >= min && number <= max)
            {
                numbers.Add(number);
            }
            else
            {
                errors.Add(new DefinitionError(itemPath, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {min} to {max}")));
            }
        }

        return numbers;
    }

    /// <summary>The members of this object, for maps whose keys are data.</summary>
    public List<string> MemberNames()
    {
        var names = element.EnumerateObject().Select(member => member.Name).ToList();
        known.UnionWith(names);
        return names;
    }

    /// <summary>Reports unknown members. Call it last.</summary>
    public void NoOthers()
    {
        foreach (var member in element.EnumerateObject().Where(member => !known.Contains(member.Name)))
        {
            Error(member.Name, "is not a known property");
        }
    }

    private List<(JsonElement Item, string Path)> Items(string name, bool required, int max)
    {
        if (!TryGet(name, out var value))
        {
            Missing<string>(name, required);
            return [];
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            Error(name, "must be a list");
            return [];
        }

        if (value.GetArrayLength() > max)
        {
            Error(name, $"must have at most {max} items");
            return [];
        }

        return [.. value.EnumerateArray().Select((item, index) => (item, $"{path}.{name}[{index}]"))];
    }

    /// <summary>A non-empty text that can be stored, or the error.</summary>
    private static (string? Text, string? Problem) TextOf(JsonElement value)
    {
        try
        {
            if (value.ValueKind != JsonValueKind.String || value.GetString() is not { } text || string.IsNullOrWhiteSpace(text))
            {
                return (null, "must be a non-empty string");
            }

            return WorkflowData.Unfit(text) is { } unfit ? (null, unfit) : (text, null);
        }
        catch (InvalidOperationException)
        {
            return (null, "must not hold half of a surrogate pair");
        }
    }

    private bool TryGet(string name, out JsonElement value)
    {
        known.Add(name);
        return element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }

    private T? Missing<T>(string name, bool required)
    {
        if (required)
        {
            Error(name, "is required");
        }

        return default;
    }

    private T? Wrong<T>(string name, string reason)
    {
        Error(name, reason);
        return default;
    }
}
