using System.Globalization;
using NodaTime;
using Orchestration.Host.Facts;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Compliance;

/// <summary>A value of a case that differs between two moments.</summary>
/// <param name="Group">Case, Facts, Tasks, Deadlines, Promises or Rules.</param>
/// <param name="Name">What it is.</param>
/// <param name="Before">At the first moment; empty: there was none.</param>
/// <param name="After">At the second.</param>
public sealed record MomentChange(string Group, string Name, string Before, string After);

/// <summary>A moment of a case as texts.</summary>
internal static class MomentText
{
    public static string? Name(IReadOnlyDictionary<Guid, string> people, Guid? person) => person is { } id ? people.GetValueOrDefault(id) : null;

    /// <summary>What differs, in the order of the page.</summary>
    public static IReadOnlyList<MomentChange> Compare(CaseReview review, CaseMoment before, CaseMoment after)
    {
        var (first, second) = (Lines(review, before), Lines(review, after));
        return
        [
            .. first
                .Keys.Union(second.Keys)
                .Select(key => new MomentChange(key.Group, key.Name, first.GetValueOrDefault(key).Text ?? "", second.GetValueOrDefault(key).Text ?? ""))
                .Where(change => change.Before != change.After)
                .OrderBy(change => Array.IndexOf(Groups, change.Group)),
        ];
    }

    private static readonly string[] Groups = ["Case", "Facts", "Tasks", "Deadlines", "Promises", "Rules"];

    private static Dictionary<(string Group, string Name, Guid Id), (string? Text, int Order)> Lines(CaseReview review, CaseMoment moment)
    {
        var lines = new Dictionary<(string, string, Guid), (string?, int)>();
        var found = moment.Case;
        Add("Case", "Status", found.Status);
        foreach (var fact in moment.Facts)
            Add("Facts", fact.Label, fact.Value is null ? null : FactText.Shown(fact));
        foreach (var task in found.Tasks)
            Add("Tasks", task.Title, Text(task, review.People), task.Id);
        foreach (var clock in found.Clocks)
        {
            Add(clock.IsPromise ? "Promises" : "Deadlines", Title(clock, found), Text(clock), clock.Id);
        }

        foreach (var rule in moment.Rules)
            Add("Rules", $"{Words.Humanize(rule.Kind)} {rule.Name}", rule.Version is { } version ? $"version {version}" : "unknown version");
        return lines;

        void Add(string group, string name, string? text, Guid id = default)
        {
            if (text is not null)
                lines[(group, name, id)] = (text, lines.Count);
        }
    }

    /// <summary>Who had a task and how far it was.</summary>
    public static string Text(TaskAt task, IReadOnlyDictionary<Guid, string> people)
    {
        var state = task.State switch
        {
            TaskState.Completed or TaskState.Skipped when task.Outcome is { } outcome => $"{task.State}: {Words.Humanize(outcome)}",
            TaskState.Suspended when task.WaitsFor is { } reason => $"Suspended: {Words.WaitsFor(reason)}",
            _ => Words.State(task.State),
        };
        var reviewer = Name(people, task.Reviewer) is { } name && task.EndedAt is null ? $", reviewer {name}" : "";
        return Name(people, task.Owner) is { } owner ? $"{state} · {owner}{reviewer}" : $"{state}{reviewer}";
    }

    /// <summary>What a clock is called: that of a task by the task's title.</summary>
    public static string Title(ClockAt clock, CaseAt found) =>
        found.Tasks.FirstOrDefault(t => t.Id == clock.Task) is { } task ? task.Title
        : clock.Name == clock.Policy ? Words.Humanize(clock.Name)
        : clock.Name;

    /// <summary>Where a clock was.</summary>
    public static string Text(ClockAt clock)
    {
        var late = clock.Breached ? ", missed" : "";
        return clock switch
        {
            { Settled: { } settled } => Words.Humanize(settled),
            { EndedAt: not null } => $"{clock.Status}{late}",
            { Status: Workflows.ServiceLevels.ClockStatus.Paused } => $"Paused{late}",
            { DueAt: { } due } => $"Due {due.ToString("d MMM uuuu, HH:mm 'UTC'", CultureInfo.InvariantCulture)}{late}",
            _ => $"Running{late}",
        };
    }
}
