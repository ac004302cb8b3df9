using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Workflows.Forms;

namespace Orchestration.Workflows.Simulation;

/// <summary>Fills in what a form asks for with plausible data, so that simulated people can complete their steps.</summary>
internal static class FillIn
{
    private const string Text = "Checked with the customer and the documents on file.";
    private const decimal Usual = 800;

    /// <summary>The data with a value for each field that was refused; null when one can't be filled in.</summary>
    /// <param name="amount">For amounts of money.</param>
    public static JsonObject? Mend(FormSchema form, JsonObject data, IReadOnlyList<FormError> errors, LocalDate date, decimal amount = Usual)
    {
        var mended = (JsonObject)data.DeepClone();
        foreach (var error in errors)
        {
            JsonObject parent = mended;
            var field = form.Root;
            var path = error.Field.Split('/', StringSplitOptions.RemoveEmptyEntries);
            foreach (var (place, part) in path.Index())
            {
                if (field.Items is not null && int.TryParse(part, CultureInfo.InvariantCulture, out _))
                    return null;
                if (field.AllProperties.FirstOrDefault(p => p.Name == part) is not { } member)
                    return null;
                field = member;
                if (place == path.Length - 1)
                    parent[part] = Value(field, date, amount);
                else if (parent[part] is JsonObject inner)
                    parent = inner;
                else
                    parent[part] = parent = [];
            }
        }

        return mended;
    }

    private static JsonNode? Value(FormField field, LocalDate date, decimal amount)
    {
        if (field.Const is { } only)
            return JsonNode.Parse(only.GetRawText());
        if (field.Enum is { Count: > 0 } choices)
            return JsonNode.Parse(choices[0].GetRawText());
        if (field.Format == FormFormat.Date)
            return NodaTime.Text.LocalDatePattern.Iso.Format(date);
        if (field.Format == FormFormat.DateTime)
            return $"{NodaTime.Text.LocalDatePattern.Iso.Format(date)}T09:00:00Z";
        if (field.Format == FormFormat.Email)
            return "customer@example.com";
        if (field.Allows(FormTypes.String))
            return field.MaxLength is { } most && most < Text.Length ? Text[..most] : Text;
        if (field.Allows(FormTypes.Boolean))
            return true;
        if (field.Allows(FormTypes.Number) || field.Allows(FormTypes.Integer))
            return Math.Clamp(field.Format == FormFormat.Currency ? amount : Usual, field.Minimum ?? decimal.MinValue, field.Maximum ?? decimal.MaxValue);
        if (field.Allows(FormTypes.Array))
            return new JsonArray(field.Items is { } item ? Value(item, date, amount) : null);
        return new JsonObject([.. field.Required.Select(name => KeyValuePair.Create(name, Member(field, name, date, amount)))]);
    }

    private static JsonNode? Member(FormField field, string name, LocalDate date, decimal amount) =>
        field.AllProperties.FirstOrDefault(p => p.Name == name) is { } member ? Value(member, date, amount) : null;
}
