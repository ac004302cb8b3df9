using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Retention;

namespace Orchestration.Host.Retention;

/// <summary>What the page of the policy shows besides the policy.</summary>
/// <param name="Rule">Only cases of this rule are listed.</param>
/// <param name="Text">A policy that was sent and refused.</param>
/// <param name="Reason">Its reason.</param>
/// <param name="Errors">Why, as sentences.</param>
public sealed record RetentionPolicyForm(string? Rule = null, string? Text = null, string? Reason = null, IReadOnlyList<string>? Errors = null);

/// <summary>The policy of retention in words.</summary>
internal static class PolicyWords
{
    /// <summary>How long a rule keeps cases.</summary>
    public static string Kept(RetentionRule rule)
    {
        var time = rule.Months % 12 == 0 ? Words.Count(rule.Months / 12, "year") : Words.Count(rule.Months, "month");
        return rule.From switch
        {
            RetentionStart.Started => $"{time} from the start",
            RetentionStart.EndOfYear => $"Year of closing and {time} more",
            _ => $"{time} from closing",
        };
    }

    /// <summary>Which cases a rule is about.</summary>
    /// <param name="journeys">Names of journeys by id; others are named by their id.</param>
    public static string Cases(RetentionRule rule, IReadOnlyDictionary<string, string> journeys)
    {
        var journey = rule.Journey == RetentionPolicy.AnyJourney ? "Every journey" : journeys.GetValueOrDefault(rule.Journey, Words.Humanize(rule.Journey));
        return string.Join(
            ", ",
            new[] { journey, rule.Jurisdiction }
                .OfType<string>()
                .Concat(rule.When.Select(fact => $"{Words.Humanize(fact.Key).ToLowerInvariant()} {fact.Value}"))
        );
    }

    /// <summary>What differs between two policies, rule by rule.</summary>
    public static IReadOnlyList<string> Changes(RetentionPolicy? old, RetentionPolicy next, IReadOnlyDictionary<string, string> journeys)
    {
        var (before, changes) = ((old?.Rules ?? []).ToDictionary(rule => rule.Key), new List<string>());
        foreach (var rule in next.Rules)
        {
            var cases = Cases(rule, journeys);
            if (!before.Remove(rule.Key, out var was))
                changes.Add($"{cases}: new rule, {Lower(Kept(rule))}");
            else if (Cases(was, journeys) != cases)
                changes.Add($"{cases}, {Lower(Kept(rule))} (was: {Cases(was, journeys)}, {Lower(Kept(was))})");
            else if (Kept(was) != Kept(rule))
                changes.Add($"{cases}: {Lower(Kept(rule))} (was: {Lower(Kept(was))})");
            else if (was.Why != rule.Why)
                changes.Add($"{cases}: because of {rule.Why} (was: {was.Why})");
        }

        changes.AddRange(before.Values.Select(rule => $"{Cases(rule, journeys)}: no rule any more; these cases stay unless another rule fits"));
        if (old is not null && old.Zone.Id != next.Zone.Id)
            changes.Add($"Days are those of {next.Zone.Id} (were: {old.Zone.Id})");
        if (old is not null && old.WaitsForRunning != next.WaitsForRunning)
            changes.Add(next.WaitsForRunning ? "Erasures wait for running cases" : "Erasures are refused while a case is running");
        return changes;
    }

    private static string Lower(string text) => char.ToLowerInvariant(text[0]) + text[1..];
}
