using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Distribution.Matching;

namespace Orchestration.Workflows.Tests.Distribution;

/// <summary>What holds for every office. Each law is tried on many made-up ones.</summary>
public sealed class DistributorLaws
{
    private const int Offices = 2000;

    [Fact]
    public void No_filter_is_broken_and_no_task_is_given_twice() =>
        Each(
            (office, plan) =>
            {
                var fit = new Fit(office.People, office.Policy, Office.Now, new Dictionary<string, int>());
                plan.Picks.Select(pick => pick.Work.Id).ShouldBeUnique();
                foreach (var pick in plan.Picks)
                    fit.Of(office.People.Single(person => person.Id == pick.Person.Id), pick.Work).ShouldBeNull();
            }
        );

    [Fact]
    public void Capacity_and_slots_are_never_exceeded() =>
        Each(
            (office, plan) =>
            {
                foreach (var person in office.People)
                {
                    var mine = plan.Picks.Where(pick => pick.Person.Id == person.Id).ToList();
                    mine.Count.ShouldBeLessThanOrEqualTo(person.Slots);
                    mine.Where(pick => pick.Work.Kind == WorkKind.Live).Sum(pick => pick.Work.Weight).ShouldBeLessThanOrEqualTo(person.FreeLive);
                    mine.Where(pick => pick.Work.Kind == WorkKind.Deferred).Sum(pick => pick.Work.Weight).ShouldBeLessThanOrEqualTo(person.FreeDeferred);
                }
            }
        );

    [Fact]
    public void Nobody_gets_a_task_in_place_of_an_earlier_one_that_they_could_do() =>
        Each(
            (office, plan) =>
            {
                var fit = new Fit(office.People, office.Policy, Office.Now, new Dictionary<string, int>());
                var given = plan.Picks.Select(pick => pick.Work.Id).ToHashSet();
                foreach (var left in office.Work.Where(work => !given.Contains(work.Id)))
                {
                    var key = WorkKey.Of(left, office.Policy, Office.Now);
                    foreach (var pick in plan.Picks)
                    {
                        var other = WorkKey.Of(pick.Work, office.Policy, Office.Now);
                        if (other.Late == key.Late && key.CompareTo(other) < 0)
                            Instead(office, plan, pick, left, fit).ShouldNotBeNull($"{pick.Person.Name} got {pick.Work.Title} and not {left.Title}");
                    }
                }
            }
        );

    [Fact]
    public void Nobody_stays_idle_beside_a_task_that_they_could_do() =>
        Each(
            (office, plan) =>
            {
                var fit = new Fit(office.People, office.Policy, Office.Now, new Dictionary<string, int>());
                var given = plan.Picks.Select(pick => pick.Work.Id).ToHashSet();
                foreach (var left in office.Work.Where(work => !given.Contains(work.Id)))
                {
                    foreach (var person in office.People)
                        fit.Of(After(plan, person, null), left).ShouldNotBeNull($"{person.Name} could do {left.Title}");
                }
            }
        );

    [Fact]
    public void The_order_of_the_arguments_does_not_matter()
    {
        for (var seed = 0; seed < Offices; seed++)
        {
            var office = Office.Of(seed);
            var shuffle = new Random(seed);
            var again = Distributor.Distribute(
                [.. office.People.OrderBy(_ => shuffle.Next())],
                [.. office.Work.OrderBy(_ => shuffle.Next())],
                office.Policy,
                Office.Now,
                turn: seed
            );
            Text(again).ShouldBe(Text(Distributor.Distribute(office.People, office.Work, office.Policy, Office.Now, turn: seed)));
        }
    }

    [Fact]
    public void Deciding_as_a_whole_is_never_worse_than_one_by_one_and_sometimes_better()
    {
        var (moreTasks, higherScores) = (0, 0);
        Each(
            (office, plan) =>
            {
                plan.Gain.Tasks.ShouldBeGreaterThanOrEqualTo(0);
                if (plan.Gain.Tasks == 0)
                    plan.Gain.Score.ShouldBeGreaterThanOrEqualTo(0);
                moreTasks += plan.Gain.Tasks;
                higherScores += plan.Gain is { Tasks: 0, Score: > 0 } ? 1 : 0;
            }
        );
        moreTasks.ShouldBeGreaterThan(0);
        higherScores.ShouldBeGreaterThan(0);
    }

    private static void Each(Action<Office, Plan> law)
    {
        for (var seed = 0; seed < Offices; seed++)
        {
            var office = Office.Of(seed);
            law(office, Distributor.Distribute(office.People, office.Work, office.Policy, Office.Now, turn: seed));
        }
    }

    /// <summary>What keeps the person of a pick from having another task in its place.</summary>
    private static Obstacle? Instead(Office office, Plan plan, Pick pick, Work other, Fit fit) =>
        fit.Of(After(plan, office.People.Single(person => person.Id == pick.Person.Id), pick), other);

    /// <summary>A person with everything they were given, but for one task.</summary>
    private static Worker After(Plan plan, Worker person, Pick? without)
    {
        var mine = plan.Picks.Where(pick => pick.Person.Id == person.Id && pick != without).ToList();
        return person with
        {
            Slots = person.Slots - mine.Count,
            FreeLive = person.FreeLive - mine.Where(pick => pick.Work.Kind == WorkKind.Live).Sum(pick => pick.Work.Weight),
            FreeDeferred = person.FreeDeferred - mine.Where(pick => pick.Work.Kind == WorkKind.Deferred).Sum(pick => pick.Work.Weight),
        };
    }

    private static string Text(Plan plan) => string.Join('\n', plan.Picks.Select(pick => $"{pick.Work.Title} {pick.Person.Name} {pick.Score}"));
}
