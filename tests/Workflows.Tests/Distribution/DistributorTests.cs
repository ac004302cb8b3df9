using NodaTime;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Distribution.Matching;

namespace Orchestration.Workflows.Tests.Distribution;

/// <summary>The choices of domain.md "Push distribution", one by one.</summary>
public sealed class DistributorTests
{
    private static readonly Instant Now = Office.Now;

    [Fact]
    public void The_task_with_the_least_slack_comes_first() =>
        Given([Person(1)], [Task(1, slack: 500), Task(2, slack: 40), Task(3, slack: 300)]).ShouldBe(["2→1"]);

    [Fact]
    public void Among_tasks_of_the_same_slack_the_one_of_higher_value_comes_first() =>
        Given([Person(1)], [Task(1, slack: 40) with { Priority = 4 }, Task(2, slack: 50) with { Priority = 1 }]).ShouldBe(["2→1"]);

    [Fact]
    public void An_urgent_statutory_deadline_comes_before_a_closer_one_of_our_own() =>
        Given([Person(1)], [Task(1, slack: 10), Task(2, slack: 400) with { Statutory = true }]).ShouldBe(["2→1"]);

    [Fact]
    public void A_distant_statutory_deadline_waits_for_its_turn() =>
        Given([Person(1)], [Task(1, slack: 10), Task(2, slack: 4000) with { Statutory = true }]).ShouldBe(["1→1"]);

    [Fact]
    public void A_task_without_a_clock_comes_forward_as_it_grows_old() =>
        Given([Person(1)], [Task(1, slack: 600), Task(2) with { OpenedAt = Now - Duration.FromDays(5) + Duration.FromMinutes(5) }]).ShouldBe(["2→1"]);

    [Fact]
    public void Late_tasks_get_their_share_and_no_more()
    {
        var work = Enumerable.Range(1, 20).Select(n => Task(n, slack: n <= 10 ? -60 : 600)).ToList();
        var given = Enumerable
            .Range(0, 10)
            .Select(turn => Distributor.Distribute([Person(1)], work, new() { LateShare = 20 }, Now, turn).Picks.Single().Work.Slack < Duration.Zero);
        given.Count(late => late).ShouldBe(2);
    }

    [Fact]
    public void The_later_a_task_is_the_less_of_its_value_is_left() =>
        Given([Person(1)], [Task(1, slack: -3000) with { Priority = 2 }, Task(2, slack: -10) with { Priority = 3 }]).ShouldBe(["2→1"]);

    [Fact]
    public void Who_knows_the_case_is_preferred_to_who_knows_the_customer_and_to_others()
    {
        var task = Task(1, slack: 60) with { KnowCase = [Id(3)], KnowCustomer = [Id(2)] };
        Given([Person(1), Person(2), Person(3)], [task]).ShouldBe(["1→3"]);
        Given([Person(1), Person(2)], [task]).ShouldBe(["1→2"]);
    }

    [Fact]
    public void Scarce_skills_are_kept_for_the_work_that_needs_them() =>
        Given([Person(1, "fha"), Person(2)], [Task(1, slack: 60), Task(2, slack: 90, "fha") with { Weight = 1000 }]).ShouldBe(["1→2"]);

    [Fact]
    public void Otherwise_the_longest_idle_gets_it()
    {
        var idle = Person(2) with { IdleSince = Now - Duration.FromHours(2) };
        Given([Person(1), idle], [Task(1, slack: 60)]).ShouldBe(["1→2"]);
        Given([Person(1) with { IdleSince = idle.IdleSince, Capacity = 200 }, idle], [Task(1, slack: 60)]).ShouldBe(["1→1"]);
    }

    [Fact]
    public void Several_tasks_and_people_are_decided_as_a_whole()
    {
        // One by one, person 1 would get task 1 and task 2 would stay open.
        var plan = Distributor.Distribute(
            [Person(1, "fha") with { IdleSince = Now - Duration.FromHours(8) }, Person(2)],
            [Task(1, slack: 10) with { KnowCase = [Id(1)] }, Task(2, slack: 60, "fha")],
            new(),
            Now
        );
        Text(plan).ShouldBe(["1→2", "2→1"]);
        plan.Gain.Tasks.ShouldBe(1);
    }

    [Fact]
    public void A_certificate_that_expires_now_counts_no_more()
    {
        var held = new Dictionary<string, WorkerSkill> { ["fha"] = new(3, Now) };
        Given([Person(1) with { Skills = held }], [Task(1, slack: 60, "fha")]).ShouldBeEmpty();
        held["fha"] = new(3, Now + Duration.Epsilon);
        Given([Person(1) with { Skills = held }], [Task(1, slack: 60, "fha")]).ShouldBe(["1→1"]);
    }

    [Fact]
    public void Preferred_skills_come_first_even_if_their_holders_are_away()
    {
        var task = Task(1, slack: 60) with { Preferred = [new("va", 1)] };
        Given([Person(1), Person(2, "va") with { Presence = "OffShift" }], [task]).ShouldBeEmpty();
        Given([Person(1), Person(2, "va") with { Presence = "OffShift" }], [task with { Excluded = [Id(2)] }]).ShouldBe(["1→1"]);
        Given([Person(1)], [task]).ShouldBe(["1→1"]);
    }

    [Fact]
    public void The_effort_must_fit_into_the_rest_of_the_shift()
    {
        var task = Task(1, slack: 60) with { Effort = Duration.FromMinutes(30) };
        Given([Person(1) with { ShiftEnd = Now + Duration.FromMinutes(29) }], [task]).ShouldBeEmpty();
        Given([Person(1) with { ShiftEnd = Now + Duration.FromMinutes(30) }], [task]).ShouldBe(["1→1"]);
    }

    [Fact]
    public void Each_kind_of_work_takes_its_own_capacity()
    {
        var person = Person(1) with { FreeLive = 0, FreeDeferred = 200, Slots = 5 };
        Given([person], [Task(1, slack: 60) with { Kind = WorkKind.Live }, Task(2, slack: 60), Task(3, slack: 90), Task(4, slack: 120)])
            .ShouldBe(["2→1", "3→1"]);
    }

    private static string[] Given(IReadOnlyList<Worker> people, IReadOnlyList<Work> work) => Text(Distributor.Distribute(people, work, new(), Now));

    private static string[] Text(Plan plan) => [.. plan.Picks.Select(pick => $"{pick.Work.Title}→{pick.Person.Name}")];

    private static Guid Id(int number) => Office.Id(1000 + number);

    private static Worker Person(int number, params string[] skills) =>
        new()
        {
            Id = Id(number),
            Name = $"{number}",
            Teams = ["north"],
            Skills = skills.ToDictionary(skill => skill, _ => new WorkerSkill(3, null)),
            FreeLive = 100,
            FreeDeferred = 100,
            IdleSince = Now,
        };

    private static Work Task(int number, int? slack = null, params string[] skills) =>
        new()
        {
            Id = Office.Id(number),
            Title = $"{number}",
            Team = "north",
            Required = [.. skills.Select(SkillNeed.Parse)],
            Slack = slack is { } minutes ? Duration.FromMinutes(minutes) : null,
            OpenedAt = Now,
        };
}
