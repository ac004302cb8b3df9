using NodaTime;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Forecast.Queueing;
using Orchestration.Workflows.Tests.Calendars;

namespace Orchestration.Workflows.Tests.Forecast;

/// <summary>Small offices whose future can be worked out by hand. It is Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class ForecasterTests
{
    private static readonly Instant Now = Instant.FromUtc(2026, 6, 1, 9, 0);
    private static readonly Instant Evening = Now + Duration.FromHours(8);

    [Fact]
    public void One_person_does_two_tasks_one_after_the_other()
    {
        var (first, second) = (Task(1, Minutes(90)), Task(2, Minutes(100)));
        var forecasts = Forecaster.Run(Office([Person(1)], [second, first], [Clock(first), Clock(second)]));
        forecasts[0].Breach.ShouldBe(0);
        forecasts[0].Likely.ShouldBe(Minutes(60));
        forecasts[0].Late.ShouldBe(Duration.Zero);

        // It ends at 11:00; it is due at 10:40.
        forecasts[1].Breach.ShouldBe(1);
        forecasts[1].Likely.ShouldBe(Minutes(120));
        forecasts[1].AtLatest.ShouldBe(Minutes(120));
        forecasts[1].LateElapsed.ShouldBe(Duration.FromMinutes(20));
    }

    [Fact]
    public void The_due_minute_itself_is_too_late()
    {
        var task = Task(1, Minutes(60));
        Forecaster.Run(Office([Person(1)], [task], [Clock(task)]))[0].Breach.ShouldBe(1);
        Forecaster.Run(Office([Person(1)], [task], [Clock(task, Minutes(61))]))[0].Breach.ShouldBe(0);
    }

    [Fact]
    public void A_critical_task_comes_first_and_a_persons_own_before_the_list()
    {
        var (critical, mine) = (Task(2, Minutes(600), priority: 1), Task(3, Minutes(700)) with { Owner = Id(1) });
        var early = Task(1, Minutes(200));
        var forecasts = Forecaster.Run(Office([Person(1)], [early, critical, mine], [Clock(early), Clock(critical), Clock(mine)]));
        forecasts.Select(one => one.Likely).ShouldBe([Minutes(180), Minutes(120), Minutes(60)]);
    }

    [Fact]
    public void Without_the_skill_or_a_shift_or_anyone_every_deadline_is_missed()
    {
        var task = Task(1, Minutes(300), skill: "fraud");
        var novice = Person(1) with { Worker = Person(1).Worker with { Skills = new Dictionary<string, WorkerSkill> { ["fraud"] = new(1, null) } } };
        foreach (OfficeWorker[] people in new OfficeWorker[][] { [Person(1)], [novice], [Person(1, "fraud") with { Shifts = [] }], [] })
        {
            var forecast = Forecaster.Run(Office(people, [task], [Clock(task)]))[0];
            (forecast.Breach, forecast.Likely).ShouldBe((1, null));
        }

        Forecaster.Run(Office([Person(1, "fraud")], [task], [Clock(task)]))[0].Breach.ShouldBe(0);
        Forecaster.Run(Office([Person(1)], [], [])).ShouldBeEmpty();
    }

    [Fact]
    public void A_clock_stands_still_while_its_task_waits()
    {
        // The customer answers after a day; an hour of work is left, and two hours of the clock.
        var step = new StepModel(Spread.Exactly(60), 0, Spread.Exactly(24 * 60));
        var task = Task(1, Minutes(120), step) with { Owner = Id(1), WaitsSince = Now };
        var tomorrow = Person(1) with { Shifts = [new(Now, Evening), new(Now + Duration.FromDays(1), Evening + Duration.FromDays(1))] };
        Forecaster.Run(Office([tomorrow], [task], [Clock(task) with { Pauses = true }]))[0].Breach.ShouldBe(0);
        Forecaster.Run(Office([tomorrow], [task], [Clock(task)]))[0].Breach.ShouldBe(1);
    }

    [Fact]
    public void A_clock_of_a_case_ends_after_the_steps_that_earlier_cases_had_to_go()
    {
        var task = Task(1, null);
        var clock = new OfficeClock(Id(9), Id(1, 2), null, Minutes(100), "");
        OfficeClock After(double minutes) => clock with { After = new Dictionary<Guid, Spread> { [task.Work.Id] = Spread.Exactly(minutes) } };
        Forecaster.Run(Office([Person(1)], [task], [After(30)]))[0].Likely.ShouldBe(Minutes(90));
        Forecaster.Run(Office([Person(1)], [task], [After(30)]))[0].Breach.ShouldBe(0);
        Forecaster.Run(Office([Person(1)], [task], [After(50)]))[0].Breach.ShouldBe(1);
    }

    [Fact]
    public void Work_goes_on_in_the_next_shift_and_lateness_counts_opening_hours_when_the_clocks_change()
    {
        // Friday 2026-10-30, 16:30 in New York. On Sunday the clocks go back.
        var friday = Instant.FromUtc(2026, 10, 30, 20, 30);
        var monday = Instant.FromUtc(2026, 11, 2, 13, 0);
        var close = Instant.FromUtc(2026, 10, 30, 21, 0);
        BusinessCalendar
            .TryParse(File.ReadAllText(Testing.Repository.Path("definitions/calendars/claims-office.json")), out var calendar, out _)
            .ShouldBeTrue();
        var task = Task(1, close);
        var person = Person(1) with { Shifts = [new(friday, close), new(monday, monday + Duration.FromHours(8))] };
        var input = new OfficeInput(friday, Duration.FromDays(7), 1)
        {
            Zone = calendar!.Zone,
            Workers = [person],
            Work = [task],
            Clocks = [Clock(task) with { Calendar = "office" }],
            Calendars = new Dictionary<string, BusinessCalendar> { ["office"] = calendar },
        };
        var forecast = Forecaster.Run(input)[0];
        forecast.Likely.ShouldBe(monday + Duration.FromMinutes(30));
        forecast.Late.ShouldBe(Duration.FromMinutes(30));
        forecast.LateElapsed.ShouldBe(Duration.FromHours(64.5));
    }

    [Fact]
    public void What_arrives_competes()
    {
        var task = Task(1, Minutes(400));
        var sample = Task(0, null).Work with { Id = Guid.Empty };
        var stream = new OfficeStream(sample, Hour, 7 * 24 * 4, Spread.Exactly(60), [.. Enumerable.Repeat(1.0, 168)], "claims");
        var office = Office([Person(1)], [task], [Clock(task)]);
        Forecaster.Run(office)[0].Breach.ShouldBe(0);

        // The person begins it before anything arrives; while they do something else first, what arrives is due earlier and passes it.
        var busy = Task(2, Minutes(50));
        Forecaster.Run(office with { Work = [task, busy], Streams = [stream] })[0].Breach.ShouldBeGreaterThan(0.95);
    }

    [Fact]
    public void The_same_input_gives_the_same_forecast_and_what_concerns_no_one_changes_nothing()
    {
        var office = Busy(3);
        var forecasts = Forecaster.Run(office);
        Forecaster.Run(office).ShouldBe(forecasts);
        var elsewhere = Person(50) with { Worker = Person(50).Worker with { Teams = ["elsewhere"] } };
        Forecaster.Run(office with { Workers = [.. office.Workers, elsewhere] }).ShouldBe(forecasts);
        forecasts.ShouldContain(one => one.Breach > 0.05 && one.Breach < 0.95, "otherwise nothing is left to chance");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void One_more_person_never_raises_the_expected_breaches(int seed)
    {
        var office = Busy(seed);
        var before = Forecaster.Run(office).Sum(one => one.Breach);
        var after = Forecaster.Run(office with { Workers = [.. office.Workers, Person(60, "fraud")] }).Sum(one => one.Breach);
        before.ShouldBeGreaterThan(0.5);
        after.ShouldBeLessThan(before);
    }

    [Fact]
    public void The_rest_of_a_time_is_what_those_that_take_longer_take()
    {
        var spread = Spread.Of([10, 20, 30, 40, 50]);
        spread.Mean.ShouldBe(30);
        (spread.At(0), spread.At(0.5), spread.At(1)).ShouldBe((10, 30, 50));
        spread.ShareBelow(30).ShouldBe(0.5, 1e-9);
        spread.Left(30, 0).ShouldBe(0, 1e-9);
        spread.Left(30, 0.5).ShouldBe(10, 1e-9);
        spread.Left(100, 0.5).ShouldBe(15, 1e-9);
    }

    internal static readonly StepModel Hour = new(Spread.Exactly(60), 0, Spread.Exactly(0));

    internal static Guid Id(int number, short kind = 0) => new(number, kind, 0, new byte[8]);

    internal static Instant Minutes(int minutes) => Now + Duration.FromMinutes(minutes);

    internal static OfficeWorker Person(int number, params string[] skills) =>
        new(
            new()
            {
                Id = Id(number),
                Name = $"Person {number}",
                Teams = ["claims"],
                Skills = skills.ToDictionary(skill => skill, _ => new WorkerSkill(3, null)),
            },
            [new(Now, Evening)]
        );

    internal static OfficeWork Task(int number, Instant? due, StepModel? step = null, string? skill = null, int priority = 3) =>
        new(
            new()
            {
                Id = Id(number, 1),
                Team = "claims",
                Required = skill is null ? [] : [new(skill, 2)],
                Priority = priority,
                OpenedAt = Now - Duration.FromHours(1),
            },
            Id(number, 2),
            step ?? Hour
        )
        {
            DueAt = due,
        };

    internal static OfficeClock Clock(OfficeWork task, Instant? due = null) => new(task.Work.Id, task.Case, task.Work.Id, due ?? task.DueAt!.Value, "");

    internal static OfficeInput Office(IReadOnlyList<OfficeWorker> people, IReadOnlyList<OfficeWork> work, IReadOnlyList<OfficeClock> clocks) =>
        new(Now, Duration.FromDays(3), 1)
        {
            Workers = people,
            Work = work,
            Clocks = clocks,
        };

    /// <summary>Three people with more to do than they can.</summary>
    internal static OfficeInput Busy(int seed)
    {
        var random = new Random(seed);
        var step = new StepModel(Spread.Around(45, 0.7), 0, Spread.Exactly(0));
        var work = Enumerable.Range(1, 30).Select(i => Task(i, Minutes(random.Next(60, 500)), step, i % 5 == 0 ? "fraud" : null)).ToList();
        return Office([Person(1), Person(2), Person(3, "fraud")], work, [.. work.Select(task => Clock(task))]);
    }
}
