using NodaTime;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.Distribution.Matching;

/// <summary>A task that arrives in a simulation.</summary>
/// <param name="Work">The task; its slack is computed as time passes.</param>
/// <param name="Step">Title of its step.</param>
/// <param name="DueAt">When it is due, or null.</param>
/// <param name="Service">How long it takes.</param>
public sealed record Arrival(Work Work, string Step, Instant? DueAt, Duration Service)
{
    /// <summary>What its clocks measure, one by one; the earliest is <see cref="DueAt"/>.</summary>
    public IReadOnlyList<Deadline> Deadlines { get; init; } = [];
}

/// <summary>When a clock of a task is due.</summary>
/// <param name="Kind"><c>internal</c>, <c>promise</c> or <c>statutory</c>.</param>
/// <param name="DueAt">When.</param>
public readonly record struct Deadline(string Kind, Instant DueAt);

/// <summary>A presence from then on.</summary>
public readonly record struct PresenceAt(Instant At, Guid Person, string State);

/// <summary>What became of a task.</summary>
/// <param name="StartedAt">When someone took it; null: no one did.</param>
/// <param name="EndedAt">When it was done; null: it was not.</param>
/// <param name="Person">Who did it.</param>
public readonly record struct Outcome(Arrival Task, Instant? StartedAt, Instant? EndedAt, Guid? Person);

/// <summary>
/// Lets tasks arrive and people come and go, and asks for decisions whenever something changed. Pure: the same input gives the same outcome. Offers are
/// accepted at once.
/// </summary>
public static class Rehearsal
{
    /// <summary>Decides who takes what, of people with room and the tasks that wait.</summary>
    public delegate IEnumerable<(Guid Task, Guid Person)> Decide(IReadOnlyList<Worker> people, IReadOnlyList<Work> waiting, Instant now, long turn);

    /// <summary>Changes within that time are decided together.</summary>
    private static readonly Duration Step = Duration.FromMinutes(1);

    /// <summary>Tasks that a decision looks at: those due first.</summary>
    private const int MostWaiting = 400;

    /// <summary>Pushes by a policy.</summary>
    public static Decide Push(DistributionPolicy policy) =>
        (people, waiting, now, turn) => Distributor.Distribute(people, waiting, policy, now, turn).Picks.Select(pick => (pick.Work.Id, pick.Person.Id));

    /// <summary>Pulls from a list: whoever is free takes the task due first that they may have, by turns.</summary>
    public static Decide Pull() =>
        (people, waiting, now, _) =>
        {
            var taken = new HashSet<Guid>();
            var fit = new Fit(people, new(), now, new Dictionary<string, int>());
            var picks = new List<(Guid, Guid)>();
            foreach (var person in people.Where(person => person.Presence == Worker.Available).OrderBy(person => person.IdleSince).ThenBy(person => person.Id))
            {
                if (waiting.FirstOrDefault(work => !taken.Contains(work.Id) && fit.Of(person, work) is null) is not { } first)
                    continue;
                taken.Add(first.Id);
                picks.Add((first.Id, person.Id));
            }

            return picks;
        };

    /// <summary>Runs it.</summary>
    /// <param name="people">Everyone, with their whole free capacity.</param>
    /// <param name="presence">Their presence over time.</param>
    /// <param name="arrivals">The tasks; each arrives when it opened.</param>
    /// <param name="calendar">For slack; null: elapsed time.</param>
    /// <param name="until">When it ends.</param>
    /// <param name="decide">How.</param>
    public static IReadOnlyList<Outcome> Run(
        IReadOnlyList<Worker> people,
        IEnumerable<PresenceAt> presence,
        IReadOnlyList<Arrival> arrivals,
        BusinessCalendar? calendar,
        Instant until,
        Decide decide
    )
    {
        var workers = people.ToDictionary(person => person.Id);
        var tasks = arrivals.OrderBy(task => task.Work.OpenedAt).ThenBy(task => task.Work.Id).ToArray();
        var changes = presence.OrderBy(change => change.At).ThenBy(change => change.Person).ToArray();
        var waiting = new SortedSet<(Instant Due, Guid Id)>();
        var byId = tasks.ToDictionary(task => task.Work.Id);
        var atWork = new PriorityQueue<(Guid Task, Guid Person), Instant>();
        var outcomes = new Dictionary<Guid, Outcome>();
        var origin = tasks.Length > 0 ? tasks[0].Work.OpenedAt : until;
        var dueAt = tasks.ToDictionary(task => task.Work.Id, task => task.DueAt is { } due ? Open(calendar, origin, due) : (Duration?)null);
        var (arrived, changed, turn) = (0, 0, 0L);
        while (true)
        {
            var now = Next(tasks, arrived, changes, changed, atWork);
            if (now is null || now > until)
                break;
            var end = now.Value + Step;
            for (; arrived < tasks.Length && tasks[arrived].Work.OpenedAt < end; arrived++)
                waiting.Add((tasks[arrived].DueAt ?? Instant.MaxValue, tasks[arrived].Work.Id));
            for (; changed < changes.Length && changes[changed].At < end; changed++)
            {
                if (workers.TryGetValue(changes[changed].Person, out var person))
                    workers[person.Id] = person with { Presence = changes[changed].State };
            }

            while (atWork.TryPeek(out var done, out var at) && at < end)
            {
                atWork.Dequeue();
                workers[done.Person] = Take(workers[done.Person], byId[done.Task].Work, -1);
                outcomes[done.Task] = outcomes[done.Task] with { EndedAt = at };
            }

            if (waiting.Count == 0 || !workers.Values.Any(person => person.HasRoom))
                continue;
            var passed = Open(calendar, origin, end);
            var open = waiting
                .Take(MostWaiting)
                .Select(one =>
                {
                    var work = byId[one.Id].Work;
                    return dueAt[one.Id] is { } due ? work with { Slack = due - passed - (work.Effort ?? Duration.Zero) } : work;
                })
                .ToList();
            foreach (var (task, person) in decide([.. workers.Values], open, end, turn).ToList())
            {
                var arrival = byId[task];
                waiting.Remove((arrival.DueAt ?? Instant.MaxValue, task));
                workers[person] = Take(workers[person], arrival.Work, 1) with { IdleSince = end };
                outcomes[task] = new(arrival, end, null, person);
                atWork.Enqueue((task, person), end + arrival.Service);
                turn++;
            }
        }

        return [.. tasks.Select(task => outcomes.GetValueOrDefault(task.Work.Id, new(task, null, null, null)))];
    }

    private static Duration Open(BusinessCalendar? calendar, Instant from, Instant to) => calendar?.Between(from, to) ?? to - from;

    private static Worker Take(Worker person, Work work, int sign) =>
        work.Kind == WorkKind.Live
            ? person with
            {
                FreeLive = person.FreeLive - sign * work.Weight,
            }
            : person with
            {
                FreeDeferred = person.FreeDeferred - sign * work.Weight,
            };

    private static Instant? Next(Arrival[] tasks, int arrived, PresenceAt[] changes, int changed, PriorityQueue<(Guid Task, Guid Person), Instant> atWork)
    {
        Instant? next = arrived < tasks.Length ? tasks[arrived].Work.OpenedAt : null;
        if (changed < changes.Length && !(next <= changes[changed].At))
            next = changes[changed].At;
        return atWork.TryPeek(out _, out var done) && !(next <= done) ? done : next;
    }
}
