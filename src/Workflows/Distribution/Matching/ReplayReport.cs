using NodaTime;

namespace Orchestration.Workflows.Distribution.Matching;

/// <summary>What a policy would have done, beside what happened.</summary>
/// <param name="Tasks">Tasks that arrived.</param>
/// <param name="Happened">What happened.</param>
/// <param name="Simulated">With the policy.</param>
/// <param name="Steps">Deadlines met by step and kind of clock.</param>
public sealed record ReplayReport(int Tasks, ReplayFigures Happened, ReplayFigures Simulated, IReadOnlyList<StepFigures> Steps)
{
    /// <summary>Measures outcomes of the same tasks.</summary>
    public static ReplayReport Of(
        IReadOnlyList<Worker> people,
        IReadOnlyList<Outcome> happened,
        IReadOnlyList<Outcome> simulated,
        Duration available,
        Instant end
    ) =>
        new(
            happened.Count,
            ReplayFigures.Of(people, happened, available, end),
            ReplayFigures.Of(people, simulated, available, end),
            [
                .. happened
                    .Zip(simulated)
                    .GroupBy(pair => pair.First.Task.Step)
                    .OrderByDescending(step => step.Count())
                    .ThenBy(step => step.Key, StringComparer.Ordinal)
                    .SelectMany(step =>
                        step.SelectMany(pair => pair.First.Task.Deadlines.Select(deadline => (deadline.Kind, deadline.DueAt, pair.First, pair.Second)))
                            .GroupBy(one => one.Kind)
                            .OrderBy(clock => clock.Key, StringComparer.Ordinal)
                            .Select(clock => new StepFigures(
                                step.Key,
                                clock.Key,
                                clock.Count(),
                                ReplayFigures.Met([.. clock.Select(one => (one.DueAt, one.First.EndedAt))], end),
                                ReplayFigures.Met([.. clock.Select(one => (one.DueAt, one.Second.EndedAt))], end)
                            ))
                    ),
            ]
        );
}

/// <summary>Deadlines met of a step.</summary>
/// <param name="Title">The step.</param>
/// <param name="Clock">Kind of clock: <c>internal</c>, <c>promise</c> or <c>statutory</c>.</param>
/// <param name="Deadlines">How many there were.</param>
/// <param name="Happened">Share that was met of those that were decided; null: none was.</param>
/// <param name="Simulated">The same with the policy.</param>
public sealed record StepFigures(string Title, string Clock, int Deadlines, double? Happened, double? Simulated);

/// <summary>How it went for all tasks.</summary>
/// <param name="Attainment">Share of deadlines met of those that came; null: there were none.</param>
/// <param name="WaitMinutes">Median time until someone took a task.</param>
/// <param name="LongWaitMinutes">The same for the slowest tenth: the 90th percentile.</param>
/// <param name="Utilisation">Time at work as a share of the time people were available; null: they never were.</param>
/// <param name="Gini">How unevenly time at work was spread: 0 is even.</param>
/// <param name="Wasted">Tasks done by someone with a skill that others' work needed and this didn't, though someone without could have done it.</param>
/// <param name="Left">Tasks that were not done at the end.</param>
public sealed record ReplayFigures(double? Attainment, double WaitMinutes, double LongWaitMinutes, double? Utilisation, double Gini, int Wasted, int Left)
{
    internal static ReplayFigures Of(IReadOnlyList<Worker> people, IReadOnlyList<Outcome> outcomes, Duration available, Instant end)
    {
        var waits = outcomes.Select(one => ((one.StartedAt ?? end) - one.Task.Work.OpenedAt).TotalMinutes).Order().ToArray();
        var busy = people.ToDictionary(person => person.Id, _ => 0.0);
        foreach (var one in outcomes)
        {
            if (one.Person is { } person && busy.ContainsKey(person))
                busy[person] += one.Task.Service.TotalMinutes;
        }

        return new(
            Met([.. outcomes.Where(one => one.Task.DueAt is not null).Select(one => (one.Task.DueAt!.Value, one.EndedAt))], end),
            At(waits, 0.5),
            At(waits, 0.9),
            available > Duration.Zero ? busy.Values.Sum() / available.TotalMinutes : null,
            Uneven([.. busy.Values]),
            Waste(people, outcomes),
            outcomes.Count(one => one.EndedAt is null)
        );
    }

    internal static double? Met(IReadOnlyList<(Instant DueAt, Instant? EndedAt)> deadlines, Instant end)
    {
        var decided = deadlines.Where(one => one.EndedAt is not null || one.DueAt <= end).ToList();
        return decided.Count == 0 ? null : decided.Count(one => one.EndedAt <= one.DueAt) / (double)decided.Count;
    }

    private static int Waste(IReadOnlyList<Worker> people, IReadOnlyList<Outcome> outcomes)
    {
        var needed = outcomes.SelectMany(one => one.Task.Work.Required).Select(need => need.Skill).ToHashSet();
        var byId = people.ToDictionary(person => person.Id);
        bool Spare(Worker person, Work work) => person.Skills.Keys.Any(skill => needed.Contains(skill) && work.Required.All(need => need.Skill != skill));
        return outcomes.Count(one =>
            one.Person is { } id
            && byId.TryGetValue(id, out var who)
            && Spare(who, one.Task.Work)
            && people.Any(other => !Spare(other, one.Task.Work) && one.Task.Work.Required.All(need => other.Skills.ContainsKey(need.Skill)))
        );
    }

    private static double At(double[] sorted, double share) => sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];

    private static double Uneven(double[] values)
    {
        Array.Sort(values);
        var sum = values.Sum();
        if (sum <= 0)
            return 0;
        var weighted = values.Select((value, place) => (place + 1) * value).Sum();
        return 2 * weighted / (values.Length * sum) - (values.Length + 1.0) / values.Length;
    }
}
