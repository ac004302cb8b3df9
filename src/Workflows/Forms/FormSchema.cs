using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestration.Engine.Model;

namespace Orchestration.Workflows.Forms;

/// <summary>One thing that is wrong with the data of a form.</summary>
/// <param name="Field">JSON pointer (RFC 6901) of the field, e.g. <c>/items/0/sku</c>; empty for the whole form.</param>
/// <param name="Reason">The reason, written for the person who filled in the form.</param>
public sealed record FormError(string Field, string Reason);

/// <summary>The fields a form currently shows.</summary>
/// <param name="Shown">Conditional fields that are currently shown, by <see cref="FormField.KeyOf"/>; the others are hidden.</param>
/// <param name="Required">JSON pointers of fields that are required now, in objects whose condition may change that.</param>
public sealed record FormLayout(IReadOnlyList<string> Shown, IReadOnlyList<string> Required);

/// <summary>
/// The form of a human step: a subset of JSON Schema 2020-12 with hints for the page. Immutable and thread safe. A schema is bounded (256 kB,
/// <see cref="MaxFields"/> fields, <see cref="MaxDepth"/> levels), and so is the work of validating: patterns never backtrack and no more than 100 errors are
/// collected.
/// </summary>
public sealed class FormSchema
{
    public const int MaxFields = 500;
    public const int MaxDepth = 8;

    internal FormSchema(FormField root, IReadOnlyDictionary<string, IReadOnlyList<string>> outcomes) => (Root, Outcomes) = (root, outcomes);

    /// <summary>The object that holds the fields.</summary>
    public FormField Root { get; }

    /// <summary>Fields that an outcome requires in addition to the required ones (<c>x-outcomes</c>).</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Outcomes { get; }

    /// <summary>Reads a schema. False with every error, each with its JSON path, when it is not one or is too large.</summary>
    public static bool TryParse(string json, [NotNullWhen(true)] out FormSchema? schema, out IReadOnlyList<DefinitionError> errors) =>
        new FormSchemaReader().TryRead(json, out schema, out errors);

    /// <summary>The errors of the data; empty if it is valid.</summary>
    /// <param name="data">The form's data.</param>
    /// <param name="outcome">The outcome chosen, whose own fields are required too; null to check a draft as a whole.</param>
    public IReadOnlyList<FormError> Validate(JsonElement data, string? outcome = null)
    {
        var validation = new FormValidation();
        validation.Check(Root, data, "");
        if (outcome is not null && data.ValueKind == JsonValueKind.Object && Outcomes.TryGetValue(outcome, out var fields))
        {
            foreach (var field in fields.Where(field => IsEmpty(data, field) && validation.Errors.All(error => error.Field != $"/{field}")))
            {
                validation.Add($"/{field}", $"is required for “{Words(outcome)}”");
            }
        }

        return validation.Errors;
    }

    /// <summary>A value as the field takes it, or null when it does not fit: a number written as text becomes a number.</summary>
    internal static JsonNode? Fit(FormField field, JsonNode? value)
    {
        if (value is null)
            return null;
        if (IsValid(value))
            return value;
        return value.GetValueKind() == JsonValueKind.String
            && FormPost.TryReadText(field, value.GetValue<string>(), out var read)
            && read is not null
            && IsValid(read)
                ? read
            : value.GetValueKind() is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False
            && field.Allows(FormTypes.String)
            && JsonValue.Create(value.ToJsonString()) is { } text
            && IsValid(text)
                ? text
            : null;

        bool IsValid(JsonNode node)
        {
            var validation = new FormValidation();
            validation.Check(field, JsonSerializer.SerializeToElement(node), "");
            return validation.Errors.Count == 0;
        }
    }

    /// <summary>The data with every read-only field reset to its initial value, or removed, whatever was sent.</summary>
    /// <param name="data">The submitted data.</param>
    /// <param name="began">The form's initial data.</param>
    public JsonObject WithReadOnly(JsonObject data, JsonObject began)
    {
        // Those that are always there first: conditions may ask for them.
        Keep(Root.Properties);
        if (Root.If is not null)
            Keep(Root.FieldsFor(JsonSerializer.SerializeToElement(data)));
        return data;

        void Keep(IEnumerable<FormField> fields)
        {
            foreach (var field in fields.Where(field => field.ReadOnly))
            {
                data.Remove(field.Name);
                if (began[field.Name] is { } value)
                    data[field.Name] = value.DeepClone();
            }
        }
    }

    /// <summary>
    /// Which fields the data calls for, and which of them are required: JSON pointers of those about which other data would decide otherwise.
    /// </summary>
    /// <param name="data">The data entered so far.</param>
    public FormLayout LayoutFor(JsonElement data)
    {
        var (shown, required) = (new List<string>(), new List<string>());
        Visit(Root, data, "");
        return new(shown, required);

        void Visit(FormField field, JsonElement? value, string pointer)
        {
            if (field.Items is { HasConditions: true } items && value is { ValueKind: JsonValueKind.Array } rows)
            {
                foreach (var (index, row) in rows.EnumerateArray().Index())
                    Visit(items, row, $"{pointer}/{index}");
            }

            if (!field.HasConditions)
                return;
            var fields = field.FieldsFor(value).ToList();
            shown.AddRange(fields.Where(one => !field.Properties.Contains(one)).Select(one => field.KeyOf(pointer, one)));
            if (field.If is not null)
                required.AddRange(field.RequiredFor(value).Select(name => $"{pointer}/{name}"));
            foreach (var one in fields)
                Visit(
                    one,
                    value is { ValueKind: JsonValueKind.Object } members && members.TryGetProperty(one.Name, out var member) ? member : null,
                    $"{pointer}/{one.Name}"
                );
        }
    }

    /// <summary>
    /// The entered data without hidden fields, which a page keeps; an unticked box that is shown is false.
    /// </summary>
    /// <param name="typed">From <see cref="ReadPost"/>.</param>
    public JsonObject Settle(JsonElement typed) => Settle(Root, typed);

    private static JsonObject Settle(FormField field, JsonElement data)
    {
        var settled = new JsonObject();
        foreach (var one in field.FieldsFor(data))
        {
            if (data.TryGetProperty(one.Name, out var value))
                settled[one.Name] = one.HasConditions ? SettleValue(one, value) : JsonNode.Parse(value.GetRawText());
            else if (one is { Types: FormTypes.Boolean, ReadOnly: false })
                settled[one.Name] = false;
        }

        return settled;
    }

    private static JsonNode? SettleValue(FormField field, JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => Settle(field, value),
            JsonValueKind.Array when field.Items is { } items => new JsonArray([.. value.EnumerateArray().Select(item => SettleValue(items, item))]),
            _ => JsonNode.Parse(value.GetRawText()),
        };

    /// <summary>
    /// Reads the data entered so far, for <see cref="LayoutFor"/>. Like <see cref="ReadPost"/>, but each row keeps its position on the page.
    /// </summary>
    public JsonElement ReadSoFar(IEnumerable<KeyValuePair<string, string>> fields) => FormPost.Read(Root, fields, keepRows: true);

    /// <summary>
    /// Reads posted name/value pairs (<c>address.street</c>, <c>items[0].sku</c>) into typed data. Text that is not of its field's type stays text, so that
    /// <see cref="Validate"/> names the field and nothing typed is lost.
    /// </summary>
    public JsonElement ReadPost(IEnumerable<KeyValuePair<string, string>> fields) => FormPost.Read(Root, fields);

    /// <summary><c>NeedInformation</c> → “Need information”.</summary>
    private static string Words(string name) =>
        string.Concat(name.Select((c, i) => i > 0 && char.IsUpper(c) && char.IsLower(name[i - 1]) ? $" {char.ToLowerInvariant(c)}" : c.ToString()));

    private static bool IsEmpty(JsonElement data, string field) =>
        !data.TryGetProperty(field, out var value)
        || value.ValueKind == JsonValueKind.Null
        || (value.ValueKind == JsonValueKind.String && value.GetString()!.Length == 0);
}
