using NodaTime;

namespace Orchestration.Workflows.Distribution.Matching;

/// <summary>A task for a person.</summary>
/// <param name="Work">The task.</param>
/// <param name="Person">The person.</param>
/// <param name="Score">How well they suit it.</param>
public sealed record Pick(Work Work, Worker Person, FitScore Score);

/// <summary>What to give to whom.</summary>
/// <param name="Picks">In the order in which the tasks come.</param>
/// <param name="Gain">What deciding as a whole brought over deciding one task after the other.</param>
public sealed record Plan(IReadOnlyList<Pick> Picks, PlanGain Gain);

/// <summary>How much better the plan is than the greedy one, which gives each task in turn to whoever suits it best at that moment.</summary>
/// <param name="Tasks">How many more tasks it gives out.</param>
/// <param name="Score">How much higher the scores are in total.</param>
/// <param name="GreedyTasks">Tasks that the greedy plan gives out.</param>
/// <param name="GreedyScore">Scores of the greedy plan in total.</param>
public readonly record struct PlanGain(int Tasks, long Score, int GreedyTasks, long GreedyScore);

/// <summary>
/// Decides who gets which task. Pure and deterministic: the order of the arguments doesn't matter. A task is given to at most one person, no filter of
/// <see cref="Obstacle"/> is broken, and no capacity is exceeded. A task is never passed over in favour of a later one of the same queue that the same person
/// gets.
/// </summary>
public static class Distributor
{
    /// <summary>Decides.</summary>
    /// <param name="people">Everyone who could be concerned, at work or not.</param>
    /// <param name="work">Open tasks that no one has and no one is being offered.</param>
    /// <param name="policy">How.</param>
    /// <param name="now">When.</param>
    /// <param name="turn">Number of tasks given out before, for the share of late ones.</param>
    public static Plan Distribute(IReadOnlyList<Worker> people, IReadOnlyList<Work> work, DistributionPolicy policy, Instant now, long turn = 0)
    {
        var all = people.OrderBy(person => person.Id).ToArray();
        var free = all.Where(person => person.HasRoom).ToArray();
        if (free.Length == 0 || work.Count == 0)
            return new([], default);
        var groups = WorkGroup.Of(all, free, work, policy, now);
        var plan = Rounds.Run(free, groups, policy, turn, global: true);
        if (!plan.Contested)
            return new(plan.Picks, new(0, 0, plan.Picks.Count, plan.Score));
        var greedy = Rounds.Run(free, groups, policy, turn, global: false);
        var better =
            plan.Picks.Count != greedy.Picks.Count ? plan.Picks.Count > greedy.Picks.Count
            : plan.Score != greedy.Score ? plan.Score > greedy.Score
            : true;
        var best = better ? plan : greedy;
        return new(best.Picks, new(best.Picks.Count - greedy.Picks.Count, best.Score - greedy.Score, greedy.Picks.Count, greedy.Score));
    }
}

/// <summary>Tasks that are the same to everyone, but for what is personal to them.</summary>
internal sealed class WorkGroup
{
    private readonly Fit _fit;
    private readonly IReadOnlyList<Worker> _preferring;

    /// <summary>Places in the list of free people who could take them now, with the common part of their scores.</summary>
    public required IReadOnlyList<(int Person, FitScore Score)> People { get; init; }

    /// <summary>The tasks that can be reached, with their keys.</summary>
    public required IReadOnlyList<(WorkKey Key, Work Work)> Tasks { get; init; }

    private WorkGroup(Fit fit, Work sample) => (_fit, _preferring) = (fit, fit.Preferring(sample));

    public Obstacle? Personal(Worker person, Work work) => Fit.Personal(person, work) ?? _fit.Preference(person, work, _preferring);

    public FitScore Score(FitScore common, Worker person, Work work) => _fit.With(common, person, work);

    /// <summary>
    /// The groups that someone can take from. Of each it keeps as many tasks as its people could take at most: the rest can't be reached in this decision.
    /// </summary>
    public static List<WorkGroup> Of(Worker[] all, Worker[] free, IReadOnlyList<Work> work, DistributionPolicy policy, Instant now)
    {
        var bySignature = new Dictionary<string, List<Work>>();
        var teams = free.SelectMany(person => person.Teams).ToHashSet();
        foreach (var task in work)
        {
            // No one who is free could have it.
            if (task.Named.Count == 0 && (task.Team is null || !teams.Contains(task.Team)))
                continue;
            if (!bySignature.TryGetValue(task.Signature, out var same))
                bySignature[task.Signature] = same = [];
            same.Add(task);
        }

        var fit = new Fit(all, policy, now, Fit.Scarcity(all, bySignature.Values.Select(same => same[0]), now));
        var groups = new List<WorkGroup>();
        foreach (var tasks in bySignature.Values)
        {
            var sample = tasks[0];
            var people = new List<(int, FitScore)>();
            var reach = 0;
            for (var i = 0; i < free.Length; i++)
            {
                if (fit.Standing(free[i], sample) is null && Fit.Room(free[i], sample) is null)
                {
                    people.Add((i, fit.Base(free[i], sample)));
                    reach += Math.Min(free[i].Slots, free[i].Free(sample.Kind) / sample.Weight);
                }
            }

            if (people.Count > 0)
                groups.Add(new(fit, sample) { People = people, Tasks = First(tasks, reach, policy, now) });
        }

        return groups;
    }

    /// <summary>The first of both queues; in addition to those that can be reached, as many as are personal to someone.</summary>
    private static List<(WorkKey, Work)> First(List<Work> tasks, int reach, DistributionPolicy policy, Instant now)
    {
        var most = reach + tasks.Count(task => task.IsPersonal);
        var late = new PriorityQueue<Work, WorkKey>(Last.First);
        var onTime = new PriorityQueue<Work, WorkKey>(Last.First);
        foreach (var task in tasks)
        {
            var key = WorkKey.Of(task, policy, now);
            var queue = key.Late ? late : onTime;
            if (queue.Count < most)
                queue.Enqueue(task, key);
            else
                queue.EnqueueDequeue(task, key);
        }

        return [.. late.UnorderedItems.Concat(onTime.UnorderedItems).Select(item => (item.Priority, item.Element))];
    }

    private sealed class Last : IComparer<WorkKey>
    {
        public static readonly Last First = new();

        public int Compare(WorkKey x, WorkKey y) => y.CompareTo(x);
    }
}
