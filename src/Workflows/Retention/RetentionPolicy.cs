using System.Diagnostics.CodeAnalysis;
using NodaTime;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Documents;

namespace Orchestration.Workflows.Retention;

/// <summary>From when a case is kept.</summary>
public enum RetentionStart
{
    /// <summary>When it ended.</summary>
    Closed,

    /// <summary>The end of the calendar year in which it ended.</summary>
    EndOfYear,

    /// <summary>When it began.</summary>
    Started,
}

/// <summary>How long the cases of a journey are kept.</summary>
/// <param name="Key">Its name in proofs and on pages.</param>
/// <param name="Journey">The journey; <c>*</c>: every journey.</param>
/// <param name="Jurisdiction">Where: <c>US-CA</c>, or a country for all of it; null: everywhere.</param>
/// <param name="When">Facts that the case must have, by name.</param>
/// <param name="From">From when.</param>
/// <param name="Months">How long.</param>
/// <param name="Why">The law or reason, for people.</param>
public sealed record RetentionRule(
    string Key,
    string Journey,
    string? Jurisdiction,
    IReadOnlyDictionary<string, string> When,
    RetentionStart From,
    int Months,
    string Why
)
{
    /// <summary>Whether it is about such a case.</summary>
    public bool Fits(string journey, string? jurisdiction, IReadOnlyDictionary<string, string> facts) =>
        (Journey == RetentionPolicy.AnyJourney || Journey == journey)
        && (Jurisdiction is null || Jurisdiction == jurisdiction || jurisdiction?.StartsWith(Jurisdiction + "-", StringComparison.Ordinal) == true)
        && When.All(fact => facts.TryGetValue(fact.Key, out var value) && value == fact.Value);

    /// <summary>When a case can be removed.</summary>
    /// <param name="started">When it began.</param>
    /// <param name="closed">When it ended. Nothing is removed before.</param>
    /// <param name="zone">Whose days and years count.</param>
    public Instant RemoveAt(Instant started, Instant closed, DateTimeZone zone)
    {
        var day = (From == RetentionStart.Started ? started : closed).InZone(zone).Date;
        var from = From == RetentionStart.EndOfYear ? new LocalDate(day.Year + 1, 1, 1) : day.PlusDays(1);
        var end = zone.AtStartOfDay(from.PlusMonths(Months)).ToInstant();
        return end > closed ? end : closed;
    }

    // Facts say more than a place, a state says more than its country, and a journey more than all of them.
    internal int Weight => When.Count * 1000 + (Jurisdiction?.Length ?? 0) * 2 + (Journey == RetentionPolicy.AnyJourney ? 0 : 1);
}

/// <summary>
/// How long cases are kept, by journey and jurisdiction. A case for which there is no rule stays. Immutable; a change is a new version.
/// </summary>
public sealed record RetentionPolicy
{
    /// <summary>The journey of a rule for all of them.</summary>
    public const string AnyJourney = "*";

    /// <summary>Name of the setting.</summary>
    public const string Name = "policy";

    private const int MostMonths = 1200;

    private static readonly Dictionary<string, RetentionStart> Starts = new()
    {
        ["closed"] = RetentionStart.Closed,
        ["end-of-year"] = RetentionStart.EndOfYear,
        ["started"] = RetentionStart.Started,
    };

    private static readonly Dictionary<string, bool> Running = new() { ["wait"] = true, ["refuse"] = false };

    /// <summary>Whose days and years count.</summary>
    public required DateTimeZone Zone { get; init; }

    /// <summary>The fact that names the jurisdiction of a case.</summary>
    public required string JurisdictionFact { get; init; }

    /// <summary>Whether an erasure that was approved waits until cases of the customer have ended; else it is refused while one runs.</summary>
    public required bool WaitsForRunning { get; init; }

    /// <summary>The rules, in the order of the document.</summary>
    public required IReadOnlyList<RetentionRule> Rules { get; init; }

    /// <summary>The rule that says most about a case, or null: it stays.</summary>
    public RetentionRule? For(string journey, IReadOnlyDictionary<string, string> facts)
    {
        var jurisdiction = facts.GetValueOrDefault(JurisdictionFact);
        return Rules.Where(rule => rule.Fits(journey, jurisdiction, facts)).MaxBy(rule => rule.Weight);
    }

    /// <summary>Reads a document with all its errors.</summary>
    public static bool TryParse(string json, [NotNullWhen(true)] out RetentionPolicy? policy, out IReadOnlyList<DefinitionError> errors)
    {
        var found = new List<DefinitionError>();
        (policy, errors) = (null, found);
        if (DocumentReader.Open(json, found) is not { } document)
            return false;
        var zone = document.Text("timeZone") is { } id ? DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) : null;
        if (zone is null && document.Has("timeZone"))
            document.Error("timeZone", "isn't a time zone of the tz database, such as Europe/London");
        var fact = document.Text("jurisdictionFact");
        var waits = document.Choice("runningCases", Running);
        var rules = new List<RetentionRule>();
        foreach (var reader in document.Objects("rules", required: true))
            ReadRule(reader, rules);
        document.NoOthers();
        if (found.Count > 0)
            return false;
        policy = new()
        {
            Zone = zone!,
            JurisdictionFact = fact!,
            WaitsForRunning = waits!.Value,
            Rules = rules,
        };
        return true;
    }

    private static void ReadRule(DocumentReader reader, List<RetentionRule> rules)
    {
        var (key, journey, jurisdiction) = (reader.Text("key", maxLength: 50), reader.Text("journey"), reader.Text("jurisdiction", required: false));
        var when = new Dictionary<string, string>(StringComparer.Ordinal);
        if (reader.Object("when", required: false) is { } facts)
        {
            foreach (var name in facts.MemberNames())
            {
                if (facts.Text(name) is { } value)
                    when[name] = value;
            }
        }

        var from = reader.Choice("from", Starts);
        var (years, months) = (reader.Int("years", 0, 100, required: false), reader.Int("months", 0, MostMonths, required: false));
        if (years is null && months is null && !reader.Has("years") && !reader.Has("months"))
            reader.Error("years", "or months is required");
        var why = reader.Text("why", maxLength: 500);
        reader.NoOthers();
        if (key is null || journey is null || from is not { } start || why is null)
            return;
        var rule = new RetentionRule(key, journey, jurisdiction, when, start, (years ?? 0) * 12 + (months ?? 0), why);
        if (rules.Any(other => other.Key == key))
            reader.Error("key", $"is '{key}' in another rule too");
        else if (rules.Any(other => other.Journey == journey && other.Jurisdiction == jurisdiction && Same(other.When, when)))
            reader.Error("journey", "has another rule with the same conditions");
        rules.Add(rule);
    }

    private static bool Same(IReadOnlyDictionary<string, string> one, Dictionary<string, string> other) =>
        one.Count == other.Count && one.All(fact => other.TryGetValue(fact.Key, out var value) && value == fact.Value);
}
