using NodaTime;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.Forecast.Queueing;
using Orchestration.Workflows.ServiceLevels;
using static Orchestration.Workflows.Tests.Forecast.ForecasterTests;

namespace Orchestration.Workflows.Tests.Forecast;

/// <summary>Which fix is offered, and what it is said to do to others.</summary>
public sealed class FixTests
{
    [Fact]
    public void Another_order_saves_a_deadline_when_the_others_have_time()
    {
        // Three hours of work; the last in the list is due after two.
        var tasks = new[] { Task(1, Minutes(500)), Task(2, Minutes(500)), Task(3, Minutes(500)) };
        var clocks = new[] { Clock(tasks[0]), Clock(tasks[1]), Clock(tasks[2], Minutes(150)) };
        var fix = Fixes(Office([Person(1)], tasks, clocks)).All(clocks[2].Id).All[0];
        (fix.Kind, fix.Before, fix.After, fix.Others).ShouldBe((FixKind.Reorder, 1, 0, 0));
        fix.Worse.ShouldBeEmpty();
    }

    [Fact]
    public void A_fix_that_only_shifts_the_harm_is_not_offered()
    {
        // Whoever comes second is late.
        var tasks = new[] { Task(1, Minutes(70)), Task(2, Minutes(80)) };
        var clocks = tasks.Select(task => Clock(task)).ToArray();
        var fixes = Fixes(Office([Person(1)], tasks, clocks));
        fixes.All(clocks[1].Id).All.ShouldNotContain(fix => fix.Kind == FixKind.Reorder || fix.Kind == FixKind.Push);
        var shifted = fixes.Evaluate(new(clocks[1].Id, FixKind.Reorder, tasks[1].Work.Id, null, null, null, null), 1);
        (shifted.Before, shifted.After, shifted.Others).ShouldBe((1, 0, 1));
        shifted.Worse.ShouldBe([new(clocks[0].Id, 0, 1)]);
    }

    [Fact]
    public void Someone_of_another_team_is_lent_only_with_the_skills()
    {
        var tasks = new[] { Task(1, Minutes(70), skill: "fraud"), Task(2, Minutes(80), skill: "fraud") };
        var clocks = tasks.Select(task => Clock(task)).ToArray();
        var other = Person(7, "fraud");
        other = other with { Worker = other.Worker with { Teams = ["payments"] } };
        var fix = Fixes(Office([Person(1, "fraud"), other], tasks, clocks)).All(clocks[1].Id).All[0];
        (fix.Kind, fix.Person, fix.Team, fix.After, fix.Others).ShouldBe((FixKind.Move, Id(7), "claims", 0, 0));
        var novice = other with { Worker = other.Worker with { Skills = new Dictionary<string, WorkerSkill>() } };
        Fixes(Office([Person(1, "fraud"), novice], tasks, clocks)).All(clocks[1].Id).All.ShouldBeEmpty();
        Fixes(Office([Person(1, "fraud"), other], tasks, clocks), mayMove: _ => false).All(clocks[1].Id).All.ShouldBeEmpty();
    }

    [Fact]
    public void Overtime_saves_what_a_shift_is_too_short_for()
    {
        var step = new StepModel(Spread.Exactly(540), 0, Spread.Exactly(0));
        var task = Task(1, Minutes(700), step) with { Owner = Id(1) };
        var fix = Fixes(Office([Person(1)], [task], [Clock(task)])).All(task.Work.Id).All[0];
        (fix.Kind, fix.Person, fix.From, fix.Until, fix.After).ShouldBe((FixKind.Overtime, Id(1), Minutes(480), Minutes(600), 0));
    }

    [Theory]
    [InlineData(SlaKind.Statutory, false)]
    [InlineData(SlaKind.Internal, false)]
    [InlineData(SlaKind.Promise, true)]
    public void Only_for_a_promise_is_a_new_date_offered(SlaKind kind, bool offered)
    {
        var clock = new OfficeClock(Id(9), Id(1, 2), null, Minutes(100), "") { Rest = Spread.Exactly(300) };
        Fixes(Office([Person(1)], [], [clock]), kind: kind).All(clock.Id).All.Any(fix => fix.Kind == FixKind.NewDate).ShouldBe(offered);
    }

    [Fact]
    public void No_fix_changes_nothing_and_the_budget_ends_the_search()
    {
        var office = Busy(2);
        var fixes = Fixes(office);
        var clocks = office.Clocks.Select(clock => clock.Id).ToList();
        fixes.Evaluate(new(clocks[0], FixKind.Push, null, null, null, null, null), 0).Gain.ShouldBe(0);
        var found = Fixes(office).Cheapest(clocks, budget: 50_000);
        found.Count.ShouldBeLessThan(clocks.Count);
        Fixes(office).Cheapest(clocks, budget: 50_000).Values.ShouldBe(found.Values);
    }

    [Fact]
    public void The_search_for_one_deadline_ends_with_its_budget_and_with_its_reader()
    {
        var tasks = new[] { Task(1, Minutes(500)), Task(2, Minutes(500)), Task(3, Minutes(500)) };
        var clocks = new[] { Clock(tasks[0]), Clock(tasks[1]), Clock(tasks[2], Minutes(150)) };
        var office = Office([Person(1)], tasks, clocks);
        var first = Fixes(office).All(clocks[2].Id, budget: 1);
        (first.All.Count, first.IsComplete).ShouldBe((1, false));
        Fixes(office).All(clocks[2].Id).IsComplete.ShouldBeTrue();
        using var gone = new CancellationTokenSource();
        gone.Cancel();
        Should.Throw<OperationCanceledException>(() => new Fixes(ForecastOf(office, SlaKind.Internal), cancel: gone.Token).All(clocks[2].Id));
    }

    [Fact]
    public void Fixes_that_compete_prevent_less_together_than_each_alone()
    {
        var tasks = Enumerable.Range(1, 4).Select(i => Task(i, Minutes(500))).ToArray();
        var clocks = new[] { Clock(tasks[0]), Clock(tasks[1]), Clock(tasks[2], Minutes(100)), Clock(tasks[3], Minutes(100)) };
        var search = Fixes(Office([Person(1)], tasks, clocks));
        var first = search.All(clocks[2].Id).All[0];
        var second = search.All(clocks[3].Id).All[0];
        (first.Kind, first.Gain, second.Kind, second.Gain).ShouldBe((FixKind.Reorder, 1, FixKind.Reorder, 1));
        search.Together([first]).ShouldBe(1);
        search.Together([first, second]).ShouldBe(1);
        search.Together([first, first]).ShouldBe(1);
        search.Together([]).ShouldBe(0);
    }

    [Fact]
    public void No_fix_is_about_a_task_that_someone_else_steers()
    {
        var tasks = new[] { Task(1, Minutes(500)), Task(2, Minutes(500)), Task(3, Minutes(500)) };
        var clocks = new[] { Clock(tasks[0]), Clock(tasks[1]), Clock(tasks[2], Minutes(150)) };
        var forecast = ForecastOf(Office([Person(1)], tasks, clocks), SlaKind.Internal);
        new Fixes(forecast, maySteer: task => task != tasks[2].Work.Id).All(clocks[2].Id).All.ShouldBeEmpty();
    }

    [Fact]
    public void More_people_are_tried_with_the_same_chance()
    {
        var office = Busy(4);
        var forecast = ForecastOf(office, SlaKind.Internal);
        var none = WhatIf.Run(forecast, 1, "claims", Minutes(0), [new(Minutes(0), Minutes(480))]);
        (none.After, none.LikelyAfter, none.Clocks).ShouldBe((none.Before, none.LikelyBefore, 30));
        WhatIf.Run(forecast, 2, "claims", Minutes(480), [new(Minutes(0), Minutes(480))]).After.ShouldBeLessThan(none.Before);
    }

    private static Fixes Fixes(OfficeInput input, Func<Guid, bool>? mayMove = null, SlaKind kind = SlaKind.Internal) => new(ForecastOf(input, kind), mayMove);

    private static OfficeForecast ForecastOf(OfficeInput input, SlaKind kind)
    {
        var facts = input.Clocks.ToDictionary(
            clock => clock.Id,
            clock => new ClockFacts(clock.Id, clock.Case, clock.Task, "Clock", kind, clock.DueAt)
            {
                Policy = "policy",
                Journey = "claims",
                Tasks = clock.Task is { } task ? [task] : [],
                Teams = ["claims"],
            }
        );
        var snapshot = new OfficeSnapshot(input, facts, new Dictionary<Guid, TaskFacts>()) { People = new Dictionary<Guid, PersonFacts>(), Left = [] };
        return ForecastOffice.Make(snapshot, Forecaster.Runs);
    }
}
