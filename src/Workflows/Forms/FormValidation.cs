using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using NodaTime.Text;

namespace Orchestration.Workflows.Forms;

/// <summary>Validates data against a field and collects the errors.</summary>
internal sealed partial class FormValidation
{
    private const int MaxErrors = 100;

    private readonly List<FormError> errors = [];

    public IReadOnlyList<FormError> Errors => errors;

    public void Add(string pointer, string reason)
    {
        if (errors.Count < MaxErrors)
        {
            errors.Add(new FormError(pointer, reason));
        }
    }

    public void Check(FormField field, JsonElement value, string pointer)
    {
        if (errors.Count >= MaxErrors)
        {
            return;
        }

        if (field.Types != FormTypes.Any && !HasType(field.Types, value))
        {
            Add(pointer, TypeReason(field));
            return;
        }

        if (field.Enum is { } choices && !choices.Any(choice => JsonElement.DeepEquals(choice, value)))
        {
            Add(pointer, choices.Count <= 12 ? $"must be one of {string.Join(", ", choices.Select(Text))}" : "must be one of the choices");
        }

        if (field.Const is { } constant && !JsonElement.DeepEquals(constant, value))
        {
            Add(pointer, $"must be {Text(constant)}");
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                CheckText(field, value.GetString()!, pointer);
                break;
            case JsonValueKind.Number:
                CheckNumber(field, value, pointer);
                break;
            case JsonValueKind.Array:
                CheckArray(field, value, pointer);
                break;
            case JsonValueKind.Object:
                CheckObject(field, value, pointer);
                break;
        }

        if (field.If is { } condition && (Fits(condition, value) ? field.Then : field.Else) is { } branch)
        {
            Check(branch, value, pointer);
        }
    }

    /// <summary>Whether a value meets a condition. Both the layout and the validation use this rule.</summary>
    public static bool Fits(FormField condition, JsonElement value)
    {
        var trial = new FormValidation();
        trial.Check(condition, value, "");
        return trial.errors.Count == 0;
    }

    private void CheckText(FormField field, string text, string pointer)
    {
        // JSON Schema counts characters, not UTF-16 units.
        var length = field.MinLength is null && field.MaxLength is null ? 0 : text.EnumerateRunes().Count();
        if (length < field.MinLength)
        {
            Add(pointer, $"must be at least {field.MinLength} characters long");
        }

        if (length > field.MaxLength)
        {
            Add(pointer, $"must be at most {field.MaxLength} characters long");
        }

        if (field.Pattern is { } pattern && !pattern.IsMatch(text))
        {
            Add(pointer, field.Help is { } help ? $"has the wrong format: {help}" : "has the wrong format");
        }

        var reason = field.Format switch
        {
            FormFormat.Date when !LocalDatePattern.Iso.Parse(text).Success => "must be a date like 2026-01-31",
            FormFormat.DateTime when !OffsetDateTimePattern.Rfc3339.Parse(text).Success => "must be a date and time with an offset, like 2026-01-31T09:30:00Z",
            FormFormat.Email when text.Length > 254 || !Email().IsMatch(text) => "must be an email address",
            FormFormat.Currency when !Currency().IsMatch(text) => "must be an amount with at most two decimals",
            FormFormat.Uuid when !Guid.TryParseExact(text, "D", out _) => "must be a UUID",
            _ => null,
        };
        if (reason is not null)
        {
            Add(pointer, reason);
        }
    }

    private void CheckNumber(FormField field, JsonElement value, string pointer)
    {
        if (!value.TryGetDecimal(out var number))
        {
            Add(pointer, "is too large a number");
            return;
        }

        if (number < field.Minimum)
        {
            Add(pointer, Invariant($"must be at least {field.Minimum}"));
        }

        if (number > field.Maximum)
        {
            Add(pointer, Invariant($"must be at most {field.Maximum}"));
        }

        if (number <= field.ExclusiveMinimum)
        {
            Add(pointer, Invariant($"must be more than {field.ExclusiveMinimum}"));
        }

        if (number >= field.ExclusiveMaximum)
        {
            Add(pointer, Invariant($"must be less than {field.ExclusiveMaximum}"));
        }

        if (field.Format == FormFormat.Currency && number != decimal.Round(number, 2))
        {
            Add(pointer, "must be an amount with at most two decimals");
        }
    }

    private void CheckArray(FormField field, JsonElement value, string pointer)
    {
        var count = value.GetArrayLength();
        if (count < field.MinItems)
        {
            Add(pointer, $"must have at least {Plural(field.MinItems.Value)}");
        }

        if (count > field.MaxItems)
        {
            Add(pointer, $"must have at most {Plural(field.MaxItems.Value)}");
            return;
        }

        if (field.Items is { } items)
        {
            var index = 0;
            foreach (var item in value.EnumerateArray())
            {
                Check(items, item, Invariant($"{pointer}/{index++}"));
            }
        }
    }

    private void CheckObject(FormField field, JsonElement value, string pointer)
    {
        foreach (var name in field.Required.Where(name => !value.TryGetProperty(name, out _)))
        {
            Add($"{pointer}/{Escape(name)}", "is required");
        }

        foreach (var property in field.Properties)
        {
            if (value.TryGetProperty(property.Name, out var member))
            {
                Check(property, member, $"{pointer}/{property.Name}");
            }
        }

        if (!field.AdditionalProperties)
        {
            foreach (var member in value.EnumerateObject().Where(member => field.Properties.All(property => property.Name != member.Name)))
            {
                Add($"{pointer}/{Escape(member.Name)}", "is not a field of this form");
            }
        }
    }

    private static bool HasType(FormTypes types, JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => types.HasFlag(FormTypes.String),
            JsonValueKind.Number => types.HasFlag(FormTypes.Number)
                || (types.HasFlag(FormTypes.Integer) && value.TryGetDecimal(out var number) && number == decimal.Truncate(number)),
            JsonValueKind.True or JsonValueKind.False => types.HasFlag(FormTypes.Boolean),
            JsonValueKind.Object => types.HasFlag(FormTypes.Object),
            JsonValueKind.Array => types.HasFlag(FormTypes.Array),
            _ => types.HasFlag(FormTypes.Null),
        };

    private static string TypeReason(FormField field)
    {
        var names = System
            .Enum.GetValues<FormTypes>()
            .Where(type => type is not (FormTypes.Any or FormTypes.Null) && field.Types.HasFlag(type))
            .Select(type =>
                type switch
                {
                    FormTypes.String => "a text",
                    FormTypes.Number => "a number",
                    FormTypes.Integer => "a whole number",
                    FormTypes.Boolean => "yes or no",
                    FormTypes.Object => "a group of fields",
                    _ => "a list",
                }
            );
        return field.Types == FormTypes.Null ? "must be empty" : $"must be {string.Join(" or ", names)}";
    }

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static string Plural(int count) => count == 1 ? "1 item" : Invariant($"{count} items");

    private static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Email();

    [GeneratedRegex(@"^-?[0-9]{1,15}(\.[0-9]{1,2})?$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Currency();
}
