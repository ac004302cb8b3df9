using NodaTime;
using NodaTime.Text;
using Orchestration.Workflows.Retention;

namespace Orchestration.Host.Retention;

/// <summary>What a form had, and what is wrong with it.</summary>
/// <param name="Values">Texts by field.</param>
/// <param name="Errors">Reasons by field.</param>
public sealed record PostedForm(IReadOnlyDictionary<string, string> Values, IReadOnlyDictionary<string, string[]> Errors)
{
    /// <summary>A form that no one has sent.</summary>
    public static readonly PostedForm Empty = new(new Dictionary<string, string>(), new Dictionary<string, string[]>());

    /// <summary>What a field had.</summary>
    public string this[string field] => Values.GetValueOrDefault(field, "");

    /// <summary>Everything that is wrong, as sentences.</summary>
    public string? Problem => Errors.Count == 0 ? null : string.Join(" ", Errors.Select(e => $"{Shell.Parts.Words.Humanize(e.Key)} {e.Value[0]}."));

    internal static PostedForm Of(IFormCollection form, IReadOnlyDictionary<string, string[]>? errors = null) =>
        new(form.ToDictionary(f => f.Key, f => f.Value.ToString()), errors ?? new Dictionary<string, string[]>());
}

/// <summary>Reads days and ids that people or programs send.</summary>
internal static class Given
{
    /// <summary>A day such as <c>2026-12-31</c>; null when there is none, or it is wrong and the error was added.</summary>
    public static LocalDate? Day(string? text, string field, Dictionary<string, string[]> errors)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        if (LocalDatePattern.Iso.Parse(text.Trim()) is { Success: true, Value: var day } && day.Year is > 1900 and < 3000)
            return day;
        errors[field] = ["must be a date such as 2026-12-31"];
        return null;
    }

    /// <summary>An id.</summary>
    public static Guid? Id(string? text, string field, Dictionary<string, string[]> errors)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        if (Guid.TryParse(text, out var id))
            return id;
        errors[field] = ["isn't an id"];
        return null;
    }

    /// <summary>A member of an enumeration by its name, in any case; null: there is none.</summary>
    public static T? Name<T>(string text)
        where T : struct, Enum =>
        Enum.GetNames<T>().FirstOrDefault(name => name.Equals(text.Trim(), StringComparison.OrdinalIgnoreCase)) is { } found ? Enum.Parse<T>(found) : null;

    /// <summary>A day as people write it.</summary>
    public static string Date(LocalDate day) => day.ToString("d MMM uuuu", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The scope of a hold in words.</summary>
    public static string Words(LegalHold hold, IReadOnlyDictionary<string, string> journeys)
    {
        var (scope, parts) = (hold.Scope, new List<string>());
        if (scope.CaseId is not null)
            return $"Case {hold.Reference ?? "that is gone"}";
        if (scope.CustomerId is not null)
            parts.Add($"of {hold.CustomerName ?? "a customer who is gone"}");
        if (scope.Journey is { } journey)
            parts.Add($"of the journey {journeys.GetValueOrDefault(journey, journey)}");
        switch (scope)
        {
            case { StartedFrom: { } from, StartedUntil: { } until }:
                parts.Add($"started from {Date(from)} to {Date(until)}");
                break;
            case { StartedFrom: { } from }:
                parts.Add($"started on {Date(from)} or later");
                break;
            case { StartedUntil: { } until }:
                parts.Add($"started on {Date(until)} or earlier");
                break;
        }

        if (scope.Words is { } words)
            parts.Add($"with “{words}”");
        return "Cases " + string.Join(", ", parts);
    }
}
