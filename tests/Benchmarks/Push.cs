using System.Diagnostics;
using NodaTime;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Distribution.Matching;

namespace Orchestration.Benchmarks;

/// <summary>
/// Decisions of the push engine: 1,000 people in 20 teams and 100,000 open tasks, and a month of 20,000 tasks pushed and pulled. Goals: a single decision
/// under 50 ms (99th percentile), all at once under 2 s, a month under 30 s.
/// <c>dotnet run -c Release --project tests/Benchmarks -- push</c>
/// </summary>
internal static class Push
{
    private const int Teams = 20;
    private static readonly string[] Skills = ["fha", "va", "title", "fraud", "appeal", "legal"];

    /// <summary>People who have each skill in the month: few, as experts are.</summary>
    private static readonly int[] Holders = [4, 4, 5, 6, 10, 14];
    private static readonly Instant Now = Instant.FromUtc(2026, 3, 2, 9, 0);

    public static void Run()
    {
        Decisions(1000, 100_000);
        foreach (var people in new[] { 40, 38, 36 })
            Month(20_000, people);
    }

    private static void Decisions(int people, int tasks)
    {
        var random = new Random(1);
        var everyone = Enumerable.Range(0, people).Select(number => Person(random, number, Teams)).ToList();
        var work = Enumerable.Range(0, tasks).Select(number => Task(random, number, Teams, Now)).ToList();
        var policy = new DistributionPolicy();
        var single = new List<double>();
        for (var i = 0; i < 200; i++)
        {
            var free = everyone.Select((person, place) => place == i * 5 ? person : person with { Slots = 0 }).ToList();
            var watch = Start();
            Distributor.Distribute(free, work, policy, Now, i);
            single.Add(watch.Elapsed.TotalMilliseconds);
        }

        var all = Start();
        var plan = Distributor.Distribute(everyone, work, policy, Now);
        var took = all.Elapsed;
        single = [.. single.Skip(5).Order()];
        Console.WriteLine(
            $"{people} people, {tasks} open tasks: one person p50 {single[single.Count / 2]:0.0} ms, p99 {single[(int)(single.Count * 0.99)]:0.0} ms; "
                + $"all at once {took.TotalMilliseconds:0} ms for {plan.Picks.Count} tasks, {plan.Gain.Tasks} tasks and {plan.Gain.Score / 1000} points "
                + $"more than one by one ({plan.Gain.GreedyTasks} tasks, {plan.Gain.GreedyScore / 1000} points)"
        );
    }

    private static void Month(int tasks, int people)
    {
        var random = new Random(2);
        var everyone = Enumerable
            .Range(0, people)
            .Select(number =>
                Person(random, number, 1) with
                {
                    Slots = int.MaxValue,
                    Skills = Skills
                        .Where((_, skill) => (number + 11 * skill) % people < Holders[skill])
                        .ToDictionary(skill => skill, _ => new WorkerSkill(3, null)),
                }
            )
            .ToList();
        var until = Now + Duration.FromDays(30);
        var presence = everyone
            .SelectMany(person =>
                Enumerable
                    .Range(0, 30)
                    .SelectMany(day =>
                        new[]
                        {
                            new PresenceAt(Now + Duration.FromHours(day * 24), person.Id, Worker.Available),
                            new PresenceAt(Now + Duration.FromHours(day * 24 + 8), person.Id, "OffShift"),
                        }
                    )
            )
            .ToList();
        var arrivals = Enumerable
            .Range(0, tasks)
            .Select(number =>
            {
                var at = Now + Duration.FromMinutes(random.Next(30) * 1440 + random.Next(480));
                var work = Task(random, number, 1, at) with { Slack = null, OpenedAt = at };
                var service = Duration.FromMinutes(10 + random.Next(32));
                return new Arrival(work, work.Title, at + Duration.FromHours(random.Next(2, 30)), service);
            })
            .ToList();
        var watch = Start();
        var pushed = Run(Rehearsal.Push(new()));
        var took = watch.Elapsed;
        Console.WriteLine($"A month of {tasks} tasks by {people} people, pushed in {took.TotalSeconds:0.0} s.");
        Console.WriteLine($"  Pushed: {Text(Report(pushed).Simulated)}.");
        Console.WriteLine($"  Pulled, due first: {Text(Report(Run(Rehearsal.Pull())).Simulated)}.");
        Console.WriteLine($"  Pulled, any of the first 25: {Text(Report(Run(PullAny(new(3), 25))).Simulated)}.");

        IReadOnlyList<Outcome> Run(Rehearsal.Decide decide) => Rehearsal.Run(everyone, presence, arrivals, null, until, decide);
        ReplayReport Report(IReadOnlyList<Outcome> outcomes) => ReplayReport.Of(everyone, outcomes, outcomes, Duration.FromHours(30 * 8 * people), until);
    }

    /// <summary>Pulls as people do who choose what they like: any task of the first page that they may have.</summary>
    private static Rehearsal.Decide PullAny(Random random, int page) =>
        (people, waiting, now, _) =>
        {
            var taken = new HashSet<Guid>();
            var fit = new Fit(people, new(), now, new Dictionary<string, int>());
            var picks = new List<(Guid, Guid)>();
            foreach (var person in people.Where(person => person.Presence == Worker.Available).OrderBy(_ => random.Next()))
            {
                var seen = waiting.Where(work => !taken.Contains(work.Id) && fit.Of(person, work) is null).Take(page).ToArray();
                if (seen.Length == 0)
                    continue;
                var liked = seen[random.Next(seen.Length)].Id;
                taken.Add(liked);
                picks.Add((liked, person.Id));
            }

            return picks;
        };

    private static string Text(ReplayFigures figures) =>
        $"{figures.Attainment:P1} of deadlines met, median wait {figures.WaitMinutes:0} min, slowest tenth {figures.LongWaitMinutes:0} min, "
        + $"utilisation {figures.Utilisation:P0}, Gini {figures.Gini:0.00}, {figures.Wasted} scarce skills wasted, {figures.Left} left";

    private static Worker Person(Random random, int number, int teams) =>
        new()
        {
            Id = new(number + 1, 0, 0, new byte[8]),
            Name = $"P{number}",
            Teams = [$"team-{number % teams}"],
            Skills = Skills.Where(_ => random.Next(3) == 0).ToDictionary(skill => skill, _ => new WorkerSkill(random.Next(1, 6), null)),
            FreeLive = 100,
            FreeDeferred = 100,
            IdleSince = Now - Duration.FromMinutes(random.Next(480)),
        };

    private static Work Task(Random random, int number, int teams, Instant opened) =>
        new()
        {
            Id = new(number + 1, 1, 0, new byte[8]),
            Title = $"Step {number % 6}",
            Team = $"team-{random.Next(teams)}",
            Required = random.Next(2) == 0 ? [new(Skills[random.Next(Skills.Length)], random.Next(1, 3))] : [],
            Excluded = random.Next(4) == 0 ? [new(random.Next(1000) + 1, 0, 0, new byte[8])] : [],
            Priority = random.Next(1, 6),
            Statutory = random.Next(5) == 0,
            Slack = Duration.FromMinutes(random.Next(-2000, 10_000)),
            OpenedAt = opened - Duration.FromMinutes(random.Next(10_000)),
        };

#pragma warning disable RS0030 // A benchmark measures real time.
    private static Stopwatch Start() => Stopwatch.StartNew();
#pragma warning restore RS0030
}
