using System.Globalization;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Execution;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>
/// What policies can ask of a case: <c>journey</c> (its definition id), every variable of the journey that is a text, number, date or yes/no, overridden by the
/// data of the event (the payload of an event, the data of a step).
/// </summary>
internal static class CaseFacts
{
    /// <summary>The current facts of the case.</summary>
    public static Dictionary<string, string> Of(InstanceState state, CompiledWorkflow workflow)
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (variable, value) in state.Variables(workflow))
            Add(facts, variable.Name, value);
        facts["journey"] = state.DefinitionId;
        return facts;
    }

    /// <summary>The same, overridden by the data of an event.</summary>
    public static IReadOnlyDictionary<string, string> With(Dictionary<string, string> facts, object? data)
    {
        if (data is not OrderedDictionary<string, object?> { Count: > 0 } members)
            return facts;
        var all = new Dictionary<string, string>(facts, StringComparer.Ordinal);
        foreach (var (name, value) in members)
            Add(all, name, value);
        all["journey"] = facts["journey"];
        return all;
    }

    /// <summary>
    /// The date a backward clock counts back from; null if the case has no such fact or it isn't a date. A promise for a date holds until the end of
    /// that date.
    /// </summary>
    public static Instant? Anchor(SlaPolicy policy, IReadOnlyDictionary<string, string> facts, BusinessCalendar calendar) =>
        policy.AnchorFact is not { } name || !facts.TryGetValue(name, out var text) ? null
        : Date(text) is { } date ? Covered(policy.Target == SlaTarget.Zero ? calendar.EndOfDay(date) : Noon(date, calendar))
        : At(text);

    /// <summary>When a clock's start happened: now, unless a fact says that it was earlier.</summary>
    public static Instant Started(SlaPolicy policy, IReadOnlyDictionary<string, string> facts, BusinessCalendar calendar, Instant now)
    {
        if (policy.Start.At is not { } name || !facts.TryGetValue(name, out var text))
            return now;
        var at = Date(text) is { } date ? Covered(policy.Target.CountsDays ? Noon(date, calendar) : calendar.Zone.AtStartOfDay(date).ToInstant()) : At(text);
        return at is { } earlier && earlier < now && Date(text) != now.InZone(calendar.Zone).Date ? earlier : now;
    }

    // Midday is that day's in every calendar, also where a night shift runs past midnight.
    private static Instant Noon(LocalDate date, BusinessCalendar calendar) => date.At(new LocalTime(12, 0)).InZoneLeniently(calendar.Zone).ToInstant();

    private static LocalDate? Date(string text) =>
        LocalDatePattern.Iso.Parse(text) is { Success: true } date && date.Value.Year is > BusinessCalendar.FirstYear and < BusinessCalendar.LastYear
            ? date.Value
            : null;

    private static Instant? At(string text) => OffsetDateTimePattern.ExtendedIso.Parse(text) is { Success: true } at ? Covered(at.Value.ToInstant()) : null;

    private static Instant? Covered(Instant at) => BusinessCalendar.Covers(at) ? at : null;

    private static void Add(Dictionary<string, string> facts, string name, object? value)
    {
        var text = value switch
        {
            string { Length: <= 500 } given => given,
            bool flag => flag ? "true" : "false",
            int or long or double or decimal => Convert.ToString(value, CultureInfo.InvariantCulture),
            Instant at => InstantPattern.ExtendedIso.Format(at),
            _ => null,
        };
        if (text is not null)
            facts[name] = text;
    }
}
