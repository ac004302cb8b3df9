using NodaTime;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Distribution.Matching;

namespace Orchestration.Workflows.Forecast.Queueing;

/// <summary>How a step goes, as learned.</summary>
/// <param name="Effort">Minutes that someone works on it.</param>
/// <param name="Waits">Probability that it waits for someone else in the middle.</param>
/// <param name="Wait">How long it then waits, in minutes of elapsed time.</param>
public sealed record StepModel(Spread Effort, double Waits, Spread Wait);

/// <summary>Someone who works.</summary>
/// <param name="Worker">Their teams and skills.</param>
/// <param name="Shifts">When they work, from now on, in order.</param>
public sealed record OfficeWorker(Worker Worker, IReadOnlyList<Interval> Shifts)
{
    /// <summary>Time they take, as a multiple of what a step usually takes.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>A team they work for during a part of their time, and only for it; null: none.</summary>
    public string? LentTo { get; init; }

    /// <summary>When they do.</summary>
    public Interval Lent { get; init; }
}

/// <summary>An open task.</summary>
/// <param name="Work">The task as the push engine sees it.</param>
/// <param name="Case">Its case.</param>
/// <param name="Step">How its step goes.</param>
public sealed record OfficeWork(Work Work, Guid Case, StepModel Step)
{
    /// <summary>When its worst clock is due: the order of lists. Null: never.</summary>
    public Instant? DueAt { get; init; }

    /// <summary>Who has it, or null.</summary>
    public Guid? Owner { get; init; }

    /// <summary>Minutes its owner has worked on it; null: its owner does something else now.</summary>
    public double? Worked { get; init; }

    /// <summary>How much of its effort is left when nothing is known about what was done.</summary>
    public double Share { get; init; } = 1;

    /// <summary>Since when it waits for someone else; null: it doesn't.</summary>
    public Instant? WaitsSince { get; init; }

    /// <summary>When the wait ends by itself, or null.</summary>
    public Instant? WaitsUntil { get; init; }

    /// <summary>Whether waiting again is possible.</summary>
    public bool MayWait { get; init; } = true;
}

/// <summary>Tasks that arrive.</summary>
/// <param name="Sample">One like them.</param>
/// <param name="Step">How their step goes.</param>
/// <param name="PerWeek">How many arrive in an ordinary week.</param>
/// <param name="Due">Minutes from arrival to due; null: they have no clock.</param>
/// <param name="Profile">Weight of each hour of the week from Monday 0:00 in the office's zone.</param>
/// <param name="Journey">What it belongs to: busy weeks are busy for the whole journey.</param>
public sealed record OfficeStream(Work Sample, StepModel Step, double PerWeek, Spread? Due, IReadOnlyList<double> Profile, string Journey);

/// <summary>A clock to forecast.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Case">Its case.</param>
/// <param name="Task">Its task; null: it is the case's own.</param>
/// <param name="DueAt">When it is due; of a paused one, when it would be if it went on now.</param>
/// <param name="Calendar">Id of its calendar.</param>
public sealed record OfficeClock(Guid Id, Guid Case, Guid? Task, Instant DueAt, string Calendar)
{
    /// <summary>It stands still while its task waits.</summary>
    public bool Pauses { get; init; }

    /// <summary>
    /// Of a case's clock: open minutes from the end of each open task of the case to the end of the clock, by task. A negative number: the clock ends before.
    /// </summary>
    public IReadOnlyDictionary<Guid, Spread> After { get; init; } = new Dictionary<Guid, Spread>();

    /// <summary>Of a case's clock while no task is open: open minutes from the end of the last task to the end of the clock.</summary>
    public Spread? Rest { get; init; }

    /// <summary>How many of those open minutes have passed.</summary>
    public double RestPassed { get; init; }
}

/// <summary>What a forecast is made from.</summary>
/// <param name="Now">From when.</param>
/// <param name="Horizon">How far it looks.</param>
/// <param name="Seed">The same seed gives the same chance.</param>
public sealed record OfficeInput(Instant Now, Duration Horizon, int Seed)
{
    /// <summary>In which hours of the week are.</summary>
    public DateTimeZone Zone { get; init; } = DateTimeZone.Utc;
    public IReadOnlyList<OfficeWorker> Workers { get; init; } = [];
    public IReadOnlyList<OfficeWork> Work { get; init; } = [];
    public IReadOnlyList<OfficeStream> Streams { get; init; } = [];
    public IReadOnlyList<OfficeClock> Clocks { get; init; } = [];

    /// <summary>Policies of teams whose work is pushed, by key. Others pull from their list.</summary>
    public IReadOnlyDictionary<string, DistributionPolicy> Pushed { get; init; } = new Dictionary<string, DistributionPolicy>();

    /// <summary>Calendars by id. One that is missing is always open.</summary>
    public IReadOnlyDictionary<string, BusinessCalendar> Calendars { get; init; } = new Dictionary<string, BusinessCalendar>();

    /// <summary>Minutes from the end of a task to the beginning of the next one that already waited.</summary>
    public Spread Gap { get; init; } = Spread.Exactly(0);

    /// <summary>Standard deviation of the logarithm of how busy a journey's weeks are.</summary>
    public double LoadSpread { get; init; }
}
