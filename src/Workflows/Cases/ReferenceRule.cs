using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using NodaTime;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;

namespace Orchestration.Workflows.Cases;

/// <summary>
/// How a journey's references are generated: <c>CLM-{yyyy}-{000000}</c> gives CLM-2026-000123. <c>{yyyy}</c>, <c>{yy}</c> and <c>{MM}</c> are of the
/// day of the start (UTC), and the zeros are the counter, padded to as many digits. The counter begins at 1 for each different text around it, so here
/// every year.
/// </summary>
/// <param name="Prefix">What comes before the counter.</param>
/// <param name="Digits">How many digits the counter has at least.</param>
/// <param name="Suffix">What comes after the counter.</param>
public sealed partial record ReferenceRule(string Prefix, int Digits, string Suffix)
{
    /// <summary>Custom property of the definition that holds the rule.</summary>
    public const string Property = "reference";

    private const int LongestRule = 60;
    private const int LongestPrefix = 12;

    /// <summary>
    /// Checks and reads the rule when a definition is compiled. Without one, it follows from the id: <c>home-claim</c> → HOME-CLAIM-{yyyy}-{000000}.
    /// </summary>
    public static ActivityRegistry AddTo(ActivityRegistry registry) => registry.Add(Property, Read);

    /// <summary>The rule of a compiled journey.</summary>
    public static ReferenceRule Of(CompiledWorkflow workflow) => workflow.Property<ReferenceRule>(Property) ?? Default(workflow.DefinitionId);

    /// <summary>Parses a rule.</summary>
    /// <param name="text">The rule.</param>
    /// <param name="reason">Why it is refused: it needs exactly one counter of 3 to 9 zeros, and letters, digits and <c>- . / _</c> around it.</param>
    /// <returns>Null when it is refused.</returns>
    public static ReferenceRule? Parse(string text, out string reason)
    {
        var counters = Counter().Matches(text);
        reason =
            text.Length > LongestRule ? $"The rule must have at most {LongestRule} characters."
            : counters.Count != 1 ? "The rule needs exactly one counter of 3 to 9 zeros, such as {000000}."
            : !Around().IsMatch(text.Remove(counters[0].Index, counters[0].Length))
                ? "Around the counter the rule can have letters, digits, - . / _ and {yyyy}, {yy} or {MM}."
            : "";
        return reason.Length == 0 ? new(text[..counters[0].Index], counters[0].Length - 2, text[(counters[0].Index + counters[0].Length)..]) : null;
    }

    /// <summary>What is around the counter on this day.</summary>
    public (string Before, string After) On(LocalDate day)
    {
        return (Fill(Prefix), Fill(Suffix));

        string Fill(string text) =>
            text.Replace("{yyyy}", day.Year.ToString("0000", CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{yy}", (day.Year % 100).ToString("00", CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{MM}", day.Month.ToString("00", CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }

    private static object? Read(CompiledWorkflow workflow, JsonElement value, Action<string, string> error)
    {
        if (value.ValueKind == JsonValueKind.Undefined)
            return null;
        if (value.ValueKind != JsonValueKind.String)
        {
            error("", "The rule must be a text.");
            return null;
        }

        var rule = Parse(value.GetString()!, out var reason);
        if (rule is null)
            error("", reason);
        return rule;
    }

    private static ReferenceRule Default(string definitionId)
    {
        var name = NotInNames().Replace(definitionId, "-").Trim('-').ToUpperInvariant();
        return new($"{(name.Length == 0 ? "CASE" : name[..Math.Min(LongestPrefix, name.Length)].Trim('-'))}-{{yyyy}}-", 6, "");
    }

    [GeneratedRegex(@"\{0{3,9}\}")]
    private static partial Regex Counter();

    [GeneratedRegex(@"^([A-Za-z0-9._/-]|\{yyyy\}|\{yy\}|\{MM\})*$")]
    private static partial Regex Around();

    [GeneratedRegex("[^A-Za-z0-9]+")]
    private static partial Regex NotInNames();
}
