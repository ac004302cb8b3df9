using System.Globalization;
using System.Text.Json;
using NodaTime.Text;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Forms;

namespace Orchestration.Host.Forms;

/// <summary>Fields of forms as text.</summary>
internal static class FieldText
{
    /// <summary>Id of the control of a field, by its JSON pointer.</summary>
    public static string Id(string pointer) => "f" + pointer.Replace('/', '-');

    /// <summary>A field's label, with its row: “Items 2, Assessed”.</summary>
    public static string Label(FormSchema? form, string pointer)
    {
        var field = form?.Root;
        var label = new List<string>();
        foreach (var part in pointer.Split('/').Skip(1))
        {
            var inList = field?.Items is not null && int.TryParse(part, CultureInfo.InvariantCulture, out _);
            field = inList ? field!.Items : field?.AllProperties.FirstOrDefault(p => p.Name == part);
            if (inList)
                label[^1] += $" {int.Parse(part, CultureInfo.InvariantCulture) + 1}";
            else if (field is not null)
                label.Add(Title(field));
        }

        return label.Count > 0 ? string.Join(", ", label) : "The form";
    }

    public static string Title(FormField field) => field.Title == field.Name ? Words.Humanize(field.Name) : field.Title;

    /// <summary>A value formatted for its control.</summary>
    public static string Typed(FormField field, JsonElement? value) =>
        value switch
        {
            null or { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined } => "",
            { ValueKind: JsonValueKind.String } text => text.GetString()!,
            { ValueKind: JsonValueKind.Number } number when field.Format == FormFormat.Currency && number.TryGetDecimal(out var amount) => amount.ToString(
                "0.00",
                CultureInfo.InvariantCulture
            ),
            { } other => other.GetRawText(),
        };

    /// <summary>A value formatted for reading.</summary>
    public static string Shown(FormField field, JsonElement? value) =>
        Typed(field, value).Length == 0
            ? "–"
            : value!.Value switch
            {
                { ValueKind: JsonValueKind.True } => "Yes",
                { ValueKind: JsonValueKind.False } => "No",
                { ValueKind: JsonValueKind.Number } number when field.Format == FormFormat.Currency && number.TryGetDecimal(out var amount) => amount.ToString(
                    "#,0.00",
                    CultureInfo.InvariantCulture
                ),
                { ValueKind: JsonValueKind.String } text
                    when field.Format == FormFormat.Date && LocalDatePattern.Iso.Parse(text.GetString()!) is { Success: true } date => date.Value.ToString(
                    "d MMM uuuu",
                    CultureInfo.InvariantCulture
                ),
                var other => Typed(field, other),
            };

    public static JsonElement? Member(JsonElement? data, string name) =>
        data is { ValueKind: JsonValueKind.Object } members && members.TryGetProperty(name, out var value) ? value : null;

    public static IEnumerable<JsonElement> Items(JsonElement? data) => data is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray() : [];
}
