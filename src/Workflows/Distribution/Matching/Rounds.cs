using NodaTime;

namespace Orchestration.Workflows.Distribution.Matching;

/// <summary>
/// Gives out tasks in rounds of at most one task a person, so that weights of tasks and capacities of people are exact. In each round the tasks that get
/// someone are chosen in their order (an augmenting path frees a person for a task by giving theirs to another one); then the whole round is assigned at the
/// highest total score.
/// </summary>
internal sealed class Rounds
{
    private readonly Worker[] _people;
    private readonly (Work Work, WorkGroup Group)[] _late;
    private readonly (Work Work, WorkGroup Group)[] _onTime;
    private readonly DistributionPolicy _policy;
    private readonly bool _global;
    private readonly HashSet<Guid> _given = [];
    private readonly List<Pick> _picks = [];
    private long _turn;

    private Rounds(Worker[] people, List<WorkGroup> groups, DistributionPolicy policy, long turn, bool global)
    {
        (_people, _policy, _turn, _global) = ([.. people], policy, turn, global);
        var queues = groups
            .SelectMany(group => group.Tasks, (group, task) => (task.Key, task.Work, Group: group))
            .OrderBy(task => task.Key)
            .ToLookup(task => task.Key.Late);
        _late = [.. queues[true].Select(task => (task.Work, task.Group))];
        _onTime = [.. queues[false].Select(task => (task.Work, task.Group))];
    }

    /// <summary>Runs all rounds. Contested: several tasks and several people met in one of them.</summary>
    public static (IReadOnlyList<Pick> Picks, long Score, bool Contested) Run(
        Worker[] people,
        List<WorkGroup> groups,
        DistributionPolicy policy,
        long turn,
        bool global
    )
    {
        var rounds = new Rounds(people, groups, policy, turn, global);
        var contested = false;
        while (rounds.Next() is var served and > 0)
            contested |= served > 1;
        return (rounds._picks, rounds._picks.Sum(pick => (long)pick.Score.Total), contested);
    }

    /// <summary>One round; returns how many tasks it gave out.</summary>
    private int Next()
    {
        var taken = new (Work Work, WorkGroup Group)?[_people.Length];
        var served = new List<(Work Work, WorkGroup Group)>();
        var stuck = new HashSet<WorkGroup>();
        var visited = new int[_people.Length];
        var (late, onTime, stamp) = (0, 0, 0);
        var room = _people.Count(person => person.HasRoom);
        while (served.Count < room && (late < _late.Length || onTime < _onTime.Length))
        {
            var fromLate = onTime >= _onTime.Length || (late < _late.Length && WorkKey.LateIsNext(_turn + served.Count, _policy.LateShare));
            var task = fromLate ? _late[late++] : _onTime[onTime++];
            if (_given.Contains(task.Work.Id) || stuck.Contains(task.Group))
                continue;
            if (_global ? Augment(task, taken, visited, ++stamp) : Greedy(task, taken))
                served.Add(task);
            else if (!task.Work.IsPersonal)
                stuck.Add(task.Group);
        }

        if (_global && served.Count > 0)
            Assignment.Improve(served, taken, Choices);
        for (var person = 0; person < taken.Length; person++)
        {
            if (taken[person] is { } task)
                Give(person, task);
        }

        _turn += served.Count;
        _picks.Sort(_picks.Count - served.Count, served.Count, new InOrder(served));
        return served.Count;
    }

    private void Give(int index, (Work Work, WorkGroup Group) task)
    {
        var person = _people[index];
        _picks.Add(new(task.Work, person, Score(index, task)));
        _given.Add(task.Work.Id);
        _people[index] = person with
        {
            Slots = person.Slots - 1,
            LiveTime = task.Work.Kind == WorkKind.Live ? person.LiveTime - (task.Work.Effort ?? Duration.Zero) : person.LiveTime,
            FreeLive = person.FreeLive - (task.Work.Kind == WorkKind.Live ? task.Work.Weight : 0),
            FreeDeferred = person.FreeDeferred - (task.Work.Kind == WorkKind.Deferred ? task.Work.Weight : 0),
        };
    }

    /// <summary>Who could take a task in this round, with their scores.</summary>
    private IEnumerable<(int Person, int Score)> Choices((Work Work, WorkGroup Group) task)
    {
        foreach (var (index, common) in task.Group.People)
        {
            var person = _people[index];
            if (Fit.Room(person, task.Work) is null && task.Group.Personal(person, task.Work) is null)
                yield return (index, task.Group.Score(common, person, task.Work).Total);
        }
    }

    private FitScore Score(int index, (Work Work, WorkGroup Group) task) =>
        task.Group.Score(task.Group.People.First(one => one.Person == index).Score, _people[index], task.Work);

    private bool Greedy((Work Work, WorkGroup Group) task, (Work, WorkGroup)?[] taken)
    {
        var (best, score) = (-1, -1);
        foreach (var choice in Choices(task))
        {
            if (taken[choice.Person] is null && choice.Score > score)
                (best, score) = choice;
        }

        if (best >= 0)
            taken[best] = task;
        return best >= 0;
    }

    private bool Augment((Work Work, WorkGroup Group) task, (Work Work, WorkGroup Group)?[] taken, int[] visited, int stamp)
    {
        foreach (var (person, _) in Choices(task))
        {
            if (taken[person] is null)
            {
                taken[person] = task;
                return true;
            }
        }

        foreach (var (person, _) in Choices(task))
        {
            if (visited[person] == stamp)
                continue;
            visited[person] = stamp;
            if (Augment(taken[person]!.Value, taken, visited, stamp))
            {
                taken[person] = task;
                return true;
            }
        }

        return false;
    }

    private sealed class InOrder(List<(Work Work, WorkGroup Group)> served) : IComparer<Pick>
    {
        private readonly Dictionary<Guid, int> _places = served
            .Select((task, place) => (task.Work.Id, place))
            .ToDictionary(task => task.Id, task => task.place);

        public int Compare(Pick? x, Pick? y) => _places[x!.Work.Id].CompareTo(_places[y!.Work.Id]);
    }
}
