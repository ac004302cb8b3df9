using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.RegularExpressions;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Facts;

namespace Orchestration.Workflows.Forms;

/// <summary>
/// Reads a form's schema once and reports all its errors. Unsupported keywords are refused, so that no author relies on one.
/// </summary>
internal sealed partial class FormSchemaReader
{
    private const int MaxCharacters = 256 * 1024;
    private const int MaxErrors = 200;
    private const int MaxChoices = 500;

    private static readonly Dictionary<string, FormTypes> TypeNames = new()
    {
        ["string"] = FormTypes.String,
        ["number"] = FormTypes.Number,
        ["integer"] = FormTypes.Integer,
        ["boolean"] = FormTypes.Boolean,
        ["object"] = FormTypes.Object,
        ["array"] = FormTypes.Array,
        ["null"] = FormTypes.Null,
    };

    private static readonly Dictionary<string, FormFormat> Formats = new()
    {
        ["date"] = FormFormat.Date,
        ["date-time"] = FormFormat.DateTime,
        ["email"] = FormFormat.Email,
        ["currency"] = FormFormat.Currency,
        ["uuid"] = FormFormat.Uuid,
    };

    private readonly List<DefinitionError> errors = [];
    private IReadOnlyDictionary<string, IReadOnlyList<string>> outcomes = new Dictionary<string, IReadOnlyList<string>>();
    private int fields;

    public bool TryRead(string json, [NotNullWhen(true)] out FormSchema? schema, out IReadOnlyList<DefinitionError> found)
    {
        schema = null;
        found = errors;
        if (json.Length > MaxCharacters)
        {
            Error("$", $"is longer than {MaxCharacters} characters");
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 64, AllowDuplicateProperties = false });
            var root = ReadField(document.RootElement.Clone(), "$", "", 0);
            if (errors.Count == 0 && root!.Types != FormTypes.Object)
            {
                Error("$.type", "must be object: a form is an object of fields");
            }

            if (root is not null)
            {
                CheckOutcomes(root);
            }

            schema = errors.Count == 0 ? new FormSchema(root!, outcomes) : null;
        }
        catch (JsonException exception)
        {
            Error("$", $"is not valid JSON: {exception.Message}");
        }

        return schema is not null;
    }

    private FormField? ReadField(JsonElement body, string path, string name, int depth, bool isBranch = false)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            Error(path, "must be a schema, as an object");
            return null;
        }

        if (depth > FormSchema.MaxDepth)
        {
            Error(path, $"is nested more than {FormSchema.MaxDepth} levels deep");
            return null;
        }

        if (++fields > FormSchema.MaxFields)
        {
            // Said once: the rest of a form bomb is not worth reading.
            if (fields == FormSchema.MaxFields + 1)
            {
                Error(path, $"is one field too many: a form has at most {FormSchema.MaxFields}");
            }

            return null;
        }

        var field = new FormField { Name = name, Title = name };
        foreach (var keyword in body.EnumerateObject())
        {
            ReadKeyword(field, keyword.Name, keyword.Value, $"{path}.{keyword.Name}", depth);
        }

        foreach (var required in field.Required.Where(required => !isBranch && field.Find(required) is null))
        {
            Error($"{path}.required", $"names '{required}', which is not a field");
        }

        CheckBounds(field, path);
        return field;
    }

    private void ReadKeyword(FormField field, string keyword, JsonElement value, string path, int depth)
    {
        switch (keyword)
        {
            case "$schema" or "$id" or "$comment" or "examples":
                break;
            case "type":
                field.Types = ReadTypes(value, path);
                break;
            case "format":
                field.Format = Text(value, path) is { } format ? Known(Formats, format, path) : FormFormat.None;
                break;
            case "title":
                field.Title = Text(value, path) ?? field.Name;
                break;
            case "description":
                field.Description = Text(value, path);
                break;
            case "default":
                field.Default = value;
                break;
            case "enum":
                field.Enum = ReadChoices(value, path);
                break;
            case "const":
                field.Const = value;
                break;
            case "minimum":
                field.Minimum = Number(value, path);
                break;
            case "maximum":
                field.Maximum = Number(value, path);
                break;
            case "exclusiveMinimum":
                field.ExclusiveMinimum = Number(value, path);
                break;
            case "exclusiveMaximum":
                field.ExclusiveMaximum = Number(value, path);
                break;
            case "minLength":
                field.MinLength = Count(value, path);
                break;
            case "maxLength":
                field.MaxLength = Count(value, path);
                break;
            case "pattern":
                field.Pattern = ReadPattern(value, path);
                break;
            case "minItems":
                field.MinItems = Count(value, path);
                break;
            case "maxItems":
                field.MaxItems = Count(value, path);
                break;
            case "items":
                field.Items = ReadField(value, path, "", depth + 1);
                break;
            case "properties":
                field.Properties = ReadProperties(value, path, depth);
                break;
            case "required":
                field.Required = ReadNames(value, path);
                break;
            case "additionalProperties":
                field.AdditionalProperties = Bool(value, path);
                break;
            case "if":
                field.If = ReadField(value, path, "", depth + 1, isBranch: true);
                break;
            case "then":
                field.Then = ReadField(value, path, "", depth + 1, isBranch: true);
                break;
            case "else":
                field.Else = ReadField(value, path, "", depth + 1, isBranch: true);
                break;
            case "x-order":
                field.Order = Count(value, path) ?? int.MaxValue;
                break;
            case "x-width":
                field.Width = ReadWidth(value, path);
                break;
            case "x-multiline":
                field.Multiline = Bool(value, path);
                break;
            case "x-help":
                field.Help = Text(value, path);
                break;
            case "readOnly" or "x-readOnly":
                field.ReadOnly = Bool(value, path);
                break;
            case "x-from":
                field.From = ReadFrom(value, path, depth);
                break;
            case "x-computed":
                ReadComputed(field, value, path, depth);
                break;
            case "x-outcomes" when depth == 0:
                outcomes = ReadOutcomes(value, path);
                break;
            default:
                Error(path, "is not a keyword that forms support here");
                break;
        }
    }

    private int ReadWidth(JsonElement value, string path)
    {
        var width =
            value.ValueKind == JsonValueKind.String
                ? value.GetString() switch
                {
                    "full" => 12,
                    "half" => 6,
                    "third" => 4,
                    "quarter" => 3,
                    _ => 0,
                }
                : Count(value, path) ?? 12;
        if (width is >= 1 and <= 12)
        {
            return width;
        }

        Error(path, "must be 1 to 12 columns, or full, half, third or quarter");
        return 12;
    }

    private FormTypes ReadTypes(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0)
        {
            var types = FormTypes.Any;
            foreach (var item in value.EnumerateArray())
            {
                types |= Text(item, path) is { } each ? Known(TypeNames, each, path) : FormTypes.Any;
            }

            return types;
        }

        return Text(value, path) is { } name ? Known(TypeNames, name, path) : FormTypes.Any;
    }

    private List<FormField> ReadProperties(JsonElement value, string path, int depth)
    {
        List<FormField> properties = [];
        if (value.ValueKind != JsonValueKind.Object)
        {
            Error(path, "must be an object of fields");
            return properties;
        }

        foreach (var property in value.EnumerateObject())
        {
            // Names become parts of posted names, as in items[0].sku.
            if (!PropertyName().IsMatch(property.Name))
            {
                Error($"{path}.{property.Name}", "a field's name starts with a letter and has letters, digits, _ and - only, at most 64");
            }
            else if (ReadField(property.Value, $"{path}.{property.Name}", property.Name, depth + 1) is { } field)
            {
                properties.Add(field);
            }
        }

        return [.. properties.OrderBy(field => field.Order)];
    }

    private Dictionary<string, IReadOnlyList<string>> ReadOutcomes(JsonElement value, string path)
    {
        Dictionary<string, IReadOnlyList<string>> read = [];
        if (value.ValueKind != JsonValueKind.Object)
        {
            Error(path, "must be an object of outcomes, each with a list of fields");
            return read;
        }

        foreach (var outcome in value.EnumerateObject())
        {
            // A list of fields, or as in JSON Schema { "required": [...] }.
            var fields =
                outcome.Value.ValueKind == JsonValueKind.Object && outcome.Value.TryGetProperty("required", out var required) ? required : outcome.Value;
            read[outcome.Name] = ReadNames(fields, $"{path}.{outcome.Name}");
        }

        return read;
    }

    private void CheckOutcomes(FormField root)
    {
        foreach (var (outcome, names) in outcomes)
        {
            foreach (var name in names.Where(name => root.Find(name) is null))
            {
                Error($"$.x-outcomes.{outcome}", $"names '{name}', which is not a field");
            }
        }
    }

    private void CheckBounds(FormField field, string path)
    {
        if (field.Minimum > field.Maximum)
        {
            Error($"{path}.maximum", "must not be below minimum");
        }

        if (field.MinLength > field.MaxLength)
        {
            Error($"{path}.maxLength", "must not be below minLength");
        }

        if (field.MinItems > field.MaxItems)
        {
            Error($"{path}.maxItems", "must not be below minItems");
        }

        if ((field.Then is not null || field.Else is not null) && field.If is null)
        {
            Error(path, "has then or else without if");
        }
    }

    /// <summary>The form's own fields only: a row of a list has no data of the case that belongs to it.</summary>
    private string? ReadFrom(JsonElement value, string path, int depth)
    {
        if (Text(value, path) is not { } from)
            return null;
        if (depth == 1 && CasePath.TryParse(from, out _))
            return from;
        Error(path, depth == 1 ? "must be a path such as reference, claim.amount or steps.assess.amount" : "is for the form's own fields only");
        return null;
    }

    private void ReadComputed(FormField field, JsonElement value, string path, int depth)
    {
        if (Text(value, path) is not { } text)
            return;
        try
        {
            field.Computed = text;
            field.ComputedBy = ExpressionLanguages.JavaScript.Compile(text, Declarations.None);
            if (depth != 1)
                Error(path, "is for the form's own fields only");
        }
        catch (ExpressionException exception)
        {
            Error(path, $"is not an expression: {exception.Message}");
        }
    }

    private void Error(string path, string reason)
    {
        if (errors.Count < MaxErrors)
        {
            errors.Add(new DefinitionError(path, reason));
        }
    }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_-]{0,63}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex PropertyName();
}
