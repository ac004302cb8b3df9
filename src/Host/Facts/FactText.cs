using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime.Text;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Facts;

namespace Orchestration.Host.Facts;

/// <summary>Facts of a case as text.</summary>
internal static class FactText
{
    private static readonly string[] NameMembers = ["name", "fileName", "title", "kind", "label"];
    private static readonly string[] AddressMembers = ["url", "href", "link"];

    /// <summary>A value formatted for reading; what doesn't fit its format is shown as it is.</summary>
    public static string Shown(CaseFact fact) =>
        (fact.Format, fact.Value) switch
        {
            (_, null) => "Not given",
            (FactFormat.Money, JsonValue value) when Amount(value) is { } amount => Words.Money(amount, fact.Currency),
            (FactFormat.Number, JsonValue value) when Amount(value) is { } number => number.ToString("#,0.##########", CultureInfo.InvariantCulture),
            (FactFormat.Date, JsonValue value) when value.TryGetValue<string>(out var text) && LocalDatePattern.Iso.Parse(text) is { Success: true } date =>
                date.Value.ToString("d MMM uuuu", CultureInfo.InvariantCulture),
            (_, var value) => Plain(value),
        };

    /// <summary>The instant that a value is, or null.</summary>
    public static NodaTime.Instant? Moment(JsonNode? value) =>
        value is JsonValue one && one.TryGetValue<string>(out var text) && OffsetDateTimePattern.ExtendedIso.Parse(text) is { Success: true } at
            ? at.Value.ToInstant()
            : null;

    /// <summary>The documents that a value names, with an address where there is one that a page may link to.</summary>
    public static IEnumerable<(string Name, string? Address)> Documents(JsonNode? value) =>
        value switch
        {
            null => [],
            JsonArray items => items.SelectMany(Documents),
            JsonObject members => [(Name(members), AddressMembers.Select(member => Address(members[member])).FirstOrDefault(address => address is not null))],
            _ => [(Plain(value), Address(value))],
        };

    /// <summary>An http or https address, or null: no other scheme becomes a link.</summary>
    public static string? Address(JsonNode? value) =>
        value is JsonValue one
        && one.TryGetValue<string>(out var text)
        && Uri.TryCreate(text, UriKind.Absolute, out var address)
        && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp)
            ? address.AbsoluteUri
            : null;

    private static decimal? Amount(JsonValue value) =>
        value.GetValueKind() == JsonValueKind.Number && value.TryGetValue<decimal>(out var number) ? number : null;

    private static string Name(JsonObject document)
    {
        var name = NameMembers.Select(member => document[member]).OfType<JsonValue>().Select(Plain).FirstOrDefault(text => text.Length > 0);
        var details = document["details"] is JsonValue more && Plain(more) is { Length: > 0 } text ? text : null;
        return name is null ? Plain(document)
            : details is null ? name
            : $"{name}: {details}";
    }

    private static string Plain(JsonNode? value) =>
        value switch
        {
            null => "",
            JsonArray items => string.Join(", ", items.Select(Plain)),
            JsonObject members => string.Join("; ", members.Where(m => m.Value is not null).Select(m => $"{Words.Humanize(m.Key)}: {Plain(m.Value)}")),
            JsonValue one when one.GetValueKind() == JsonValueKind.String => one.GetValue<string>(),
            JsonValue one when one.GetValueKind() is JsonValueKind.True or JsonValueKind.False => one.GetValue<bool>() ? "Yes" : "No",
            _ => value.ToJsonString(),
        };
}
