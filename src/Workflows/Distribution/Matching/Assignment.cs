using Google.OrTools.Graph;

namespace Orchestration.Workflows.Distribution.Matching;

/// <summary>
/// Gives the tasks of one round to people at the highest total score: a min-cost flow in which each task needs one person and each person takes one.
/// </summary>
internal static class Assignment
{
    /// <summary>From that many possible pairs on, each task keeps its best people only.</summary>
    private const int ManyPairs = 200_000;
    private const int BestPeople = 40;

    /// <summary>
    /// Improves an assignment that gives every task someone.
    /// </summary>
    /// <param name="tasks">The tasks.</param>
    /// <param name="taken">Which of them each person has; replaced.</param>
    /// <param name="choices">Who could take a task, with their scores.</param>
    public static void Improve<T>(IReadOnlyList<T> tasks, T?[] taken, Func<T, IEnumerable<(int Person, int Score)>> choices)
        where T : struct
    {
        var pairs = tasks.Select(task => choices(task).ToList()).ToList();
        if (tasks.Count == 1)
        {
            var (best, _) = pairs[0].OrderByDescending(choice => choice.Score).ThenBy(choice => choice.Person).First();
            Array.Clear(taken);
            taken[best] = tasks[0];
            return;
        }

        if (pairs.Sum(choice => choice.Count) > ManyPairs)
            Cut(tasks, taken, pairs);

        // Ties between plans of the same total score go to the person with the lower id, by a cost that is too small to outweigh a score.
        var scale = taken.Length + 1L;
        var flow = new MinCostFlow();
        var (source, sink) = (tasks.Count + taken.Length, tasks.Count + taken.Length + 1);
        var arcs = new List<(int Arc, int Task, int Person)>();
        for (var task = 0; task < tasks.Count; task++)
        {
            flow.AddArcWithCapacityAndUnitCost(source, task, 1, 0);
            foreach (var (person, score) in pairs[task])
                arcs.Add((flow.AddArcWithCapacityAndUnitCost(task, tasks.Count + person, 1, -score * scale + person), task, person));
        }

        foreach (var person in arcs.Select(arc => arc.Person).Distinct().Order())
            flow.AddArcWithCapacityAndUnitCost(tasks.Count + person, sink, 1, 0);
        flow.SetNodeSupply(source, tasks.Count);
        flow.SetNodeSupply(sink, -tasks.Count);
        if (flow.Solve() != MinCostFlowBase.Status.OPTIMAL)
            throw new InvalidOperationException("The tasks of a round can't be assigned although each has someone.");
        Array.Clear(taken);
        foreach (var (arc, task, person) in arcs)
        {
            if (flow.Flow(arc) > 0)
                taken[person] = tasks[task];
        }
    }

    /// <summary>Keeps the best people of each task, and the one it has, so that every task can still be assigned.</summary>
    private static void Cut<T>(IReadOnlyList<T> tasks, T?[] taken, List<List<(int Person, int Score)>> pairs)
        where T : struct
    {
        var holder = new Dictionary<T, int>();
        for (var person = 0; person < taken.Length; person++)
        {
            if (taken[person] is { } task)
                holder[task] = person;
        }

        for (var i = 0; i < pairs.Count; i++)
        {
            var mine = holder[tasks[i]];
            pairs[i] =
            [
                .. pairs[i]
                    .OrderByDescending(choice => choice.Score)
                    .ThenBy(choice => choice.Person)
                    .Take(BestPeople)
                    .Concat(pairs[i].Where(choice => choice.Person == mine))
                    .Distinct(),
            ];
        }
    }
}
