using NodaTime;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Distribution.Matching;

namespace Orchestration.Workflows.Tests.Distribution;

/// <summary>An office made from a seed: people of three teams with skills, presence and capacity, and open tasks.</summary>
internal sealed class Office
{
    public static readonly Instant Now = Instant.FromUtc(2026, 3, 2, 9, 0);
    private static readonly string[] Teams = ["north", "south", "west"];
    private static readonly string[] Skills = ["fha", "va", "title", "fraud"];

    private readonly Random _random;

    private Office(int seed) => _random = new(seed);

    public IReadOnlyList<Worker> People { get; private set; } = [];

    public IReadOnlyList<Work> Work { get; private set; } = [];

    public DistributionPolicy Policy { get; private set; } = new();

    public static Office Of(int seed, int mostPeople = 8, int mostTasks = 14)
    {
        var office = new Office(seed);
        office.People = [.. Enumerable.Range(0, office._random.Next(1, mostPeople + 1)).Select(office.Person)];
        office.Work = [.. Enumerable.Range(0, office._random.Next(1, mostTasks + 1)).Select(office.Task)];
        office.Policy = new()
        {
            LateShare = office._random.Next(1, 100),
            Affinity = office._random.Next(0, 101),
            Idle = office._random.Next(0, 101),
        };
        return office;
    }

    public static Guid Id(int number) => new(number, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]);

    private Worker Person(int number) =>
        new()
        {
            Id = Id(1000 + number),
            Name = $"P{number}",
            Teams = Some(Teams),
            Skills = Some(Skills)
                .ToDictionary(skill => skill, _ => new WorkerSkill(_random.Next(1, 6), Chance(4) ? Now + Duration.FromHours(_random.Next(-5, 5)) : null)),
            Presence = Chance(5) ? "Away" : Worker.Available,
            ShiftEnd = Chance(3) ? Now + Duration.FromMinutes(_random.Next(10, 300)) : null,
            FreeLive = 50 * _random.Next(0, 4),
            FreeDeferred = 50 * _random.Next(0, 7),
            Slots = _random.Next(0, 4),
            IdleSince = Now - Duration.FromMinutes(_random.Next(0, 600)),
            Capacity = 100 * _random.Next(1, 4),
        };

    private Work Task(int number) =>
        new()
        {
            Id = Id(number),
            Title = $"T{number}",
            Team = Chance(8) ? null : Pick(Teams),
            Named = Chance(6) ? People.Where(_ => Chance(2)).Select(person => person.Id).ToArray() : [],
            Required = Chance(2) ? [new(Pick(Skills), _random.Next(1, 4))] : [],
            Preferred = Chance(4) ? [new(Pick(Skills), 1)] : [],
            Excluded = Chance(3) ? [People[_random.Next(People.Count)].Id] : [],
            Passed = Chance(5) ? [People[_random.Next(People.Count)].Id] : [],
            Kind = Chance(3) ? WorkKind.Live : WorkKind.Deferred,
            Weight = Chance(2) ? 50 : 100,
            Effort = Chance(2) ? Duration.FromMinutes(_random.Next(5, 120)) : null,
            Priority = _random.Next(1, 6),
            Slack = Chance(5) ? null : Duration.FromMinutes(_random.Next(-3000, 3000)),
            Statutory = Chance(4),
            OpenedAt = Now - Duration.FromMinutes(_random.Next(0, 20_000)),
            KnowCase = Chance(4) ? [People[_random.Next(People.Count)].Id] : [],
        };

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    private string Pick(string[] from) => from[_random.Next(from.Length)];

    private string[] Some(string[] from) => [.. from.Where(_ => Chance(2))];
}
