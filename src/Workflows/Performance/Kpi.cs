namespace Orchestration.Workflows.Performance;

/// <summary>How a figure is written.</summary>
public enum KpiUnit
{
    /// <summary>A number of things.</summary>
    Count,

    /// <summary>Seconds.</summary>
    Duration,

    /// <summary>From 0 to 1.</summary>
    Share,

    /// <summary>A number with a decimal.</summary>
    Number,
}

/// <summary>How a value compares to its target.</summary>
public enum KpiLight
{
    /// <summary>No target, nothing to compare, or too few to judge.</summary>
    None,
    Good,
    Fair,
    Poor,
}

/// <summary>A figure: what it says, how it is computed, and which way is better.</summary>
/// <param name="Key">In addresses and answers.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Unit">How it is written.</param>
/// <param name="MoreIsBetter">Null when neither is.</param>
/// <param name="Definition">Formula in words.</param>
/// <param name="Of">Computes it.</param>
public sealed record Kpi(string Key, string Title, KpiUnit Unit, bool? MoreIsBetter, string Definition, Func<Figures, KpiValue> Of)
{
    private const string Elapsed = "Time runs day and night, weekends included.";

    /// <summary>All of them, in the order pages show them.</summary>
    public static readonly IReadOnlyList<Kpi> All =
    [
        new("arrivals", "Arrivals", KpiUnit.Count, null, "Tasks opened in the period.", f => Count(f.Of(Measure.Opened).Count)),
        new("throughput", "Throughput", KpiUnit.Count, true, "Tasks completed in the period.", f => Count(f.Of(Measure.Cycle).Count)),
        new(
            "backlog",
            "Backlog at end",
            KpiUnit.Count,
            false,
            "Tasks opened minus tasks ended in any way, since the beginning, at the end of the period.",
            f => f.Backlog is { } open ? Count(open) : KpiValue.None
        ),
        new(
            "cycle",
            "Cycle time, median",
            KpiUnit.Duration,
            false,
            $"From opening to completion: half of the tasks completed in the period took no longer. {Elapsed}",
            f => f.Quantile(Measure.Cycle, 0.5)
        ),
        new(
            "cycle90",
            "Cycle time, 90th percentile",
            KpiUnit.Duration,
            false,
            $"From opening to completion: nine of ten tasks completed in the period took no longer. {Elapsed}",
            f => f.Quantile(Measure.Cycle, 0.9)
        ),
        new(
            "waiting",
            "Waiting, median",
            KpiUnit.Duration,
            false,
            $"The part of the cycle time in which no one worked on the task and it wasn't suspended. {Elapsed}",
            f => f.Quantile(Measure.Waiting, 0.5)
        ),
        new(
            "working",
            "Working, median",
            KpiUnit.Duration,
            null,
            "The part of the cycle time in which someone worked on the task: from Start (or from claiming it, if no one pressed Start) to stopping, suspending "
                + "or completing it. Reviews count too.",
            f => f.Quantile(Measure.Working, 0.5)
        ),
        new(
            "suspended",
            "Suspended, median",
            KpiUnit.Duration,
            false,
            $"The part of the cycle time in which the task was suspended. {Elapsed}",
            f => f.Quantile(Measure.Suspended, 0.5)
        ),
        new(
            "onTime",
            "On time",
            KpiUnit.Share,
            true,
            "SLA clocks that ended in time, of those that reached their goal in the period. Each clock counts by its own calendar and pauses; cancelled clocks "
                + "and waiting periods don't count. Deadlines of cases have no team, step or person: there, those of tasks count.",
            f => KpiValue.Share(f.Of(Measure.Clock))
        ),
        new(
            "breaches",
            "Breaches",
            KpiUnit.Count,
            false,
            "Deadlines of SLA clocks that passed in the period. Those of cases have no team, step or person.",
            f => Count(f.Of(Measure.Breach).Count)
        ),
        new(
            "rightFirstTime",
            "Right first time",
            KpiUnit.Share,
            true,
            "Completed tasks that no later step has returned and no review has asked to change, of those completed in the period.",
            f => KpiValue.Share(f.Of(Measure.FirstTime))
        ),
        new(
            "touches",
            "Touch points",
            KpiUnit.Number,
            false,
            "How often someone began to work on a task, on average: 1 means that it was done in one go.",
            f => Ratio(f.Of(Measure.Touches))
        ),
        new(
            "effort",
            "Effort against expectation",
            KpiUnit.Share,
            false,
            "Time worked on the tasks completed in the period, divided by the effort expected of them: that of the step, or the median it has learned. "
                + "Above 100 % they took longer.",
            f => Ratio(new(f.Of(Measure.Expected).Total, f.Of(Measure.Worked).Total)) with { Samples = f.Of(Measure.Expected).Count }
        ),
        new(
            "utilisation",
            "Utilization",
            KpiUnit.Share,
            null,
            "Time in which people worked on a task while available, divided by the time they were available. Breaks, training and absences don't count; two "
                + "tasks at once count once; a presence counts once it has ended. Of a team, it is that of the people who are its members now, whatever they "
                + "worked on. Of a journey or step there is none: people are present for all of their work.",
            f => Ratio(f.Presence) with { Samples = f.PresenceDays }
        ),
        new(
            "offers",
            "Offers declined or missed",
            KpiUnit.Share,
            false,
            "Offers that were declined or expired, of those made in the period.",
            f => Share(f.Of(Measure.Offered).Count, f.Of(Measure.Declined).Count + f.Of(Measure.Missed).Count)
        ),
        new(
            "promises",
            "Promises kept",
            KpiUnit.Share,
            true,
            "Promises to customers that were kept in time, of those that were kept or whose time passed in the period. Past its time, a promise is broken at "
                + "once, as in the ledger. Withdrawn ones don't count. They belong to cases: there are none of a team, step or person.",
            f => KpiValue.Share(f.Of(Measure.Promise))
        ),
        new(
            "satisfaction",
            "Satisfied customers",
            KpiUnit.Share,
            true,
            "Customers who gave 4 or 5 of 5, of those who rated their case in the period. A rating that was changed counts once, as it is now.",
            f => KpiValue.Share(f.Of(Measure.Satisfied))
        ),
        new(
            "nps",
            "Net promoter score",
            KpiUnit.Number,
            true,
            "From −100 to 100: the percentage of customers who would recommend us (9 or 10 of 10) minus that of those who wouldn't (0 to 6).",
            f => Ratio(f.Of(Measure.Recommend)) is { Value: { } score } value ? value with { Value = 100 * score } : KpiValue.None
        ),
        new("cases", "Cases started", KpiUnit.Count, null, "Cases started in the period.", f => Count(f.Of(Measure.CaseStarted).Count)),
        new("casesClosed", "Cases completed", KpiUnit.Count, true, "Cases completed in the period.", f => Count(f.Of(Measure.CaseCycle).Count)),
        new(
            "caseCycle",
            "Case time, median",
            KpiUnit.Duration,
            false,
            $"From start to completion of a case: half of those completed in the period took no longer. {Elapsed}",
            f => f.Quantile(Measure.CaseCycle, 0.5)
        ),
    ];

    /// <summary>Whether a person can have it: work arrives, and cases start, for no one in particular.</summary>
    public bool IsOfPeople => Key is not ("arrivals" or "backlog" or "promises" or "satisfaction" or "nps" or "cases" or "casesClosed" or "caseCycle");

    /// <summary>The one of that key, or null.</summary>
    public static Kpi? Find(string? key) => All.FirstOrDefault(kpi => kpi.Key == key);

    /// <summary>Whether it can have a target.</summary>
    public bool CanHaveTarget => MoreIsBetter is not null && Unit != KpiUnit.Count;

    /// <summary>How a value compares to a target. Too few samples are not judged.</summary>
    public KpiLight Judge(KpiValue value, Target? target)
    {
        if (target is null || value is not { Value: { } v, IsEnough: true } || MoreIsBetter is not { } more)
            return KpiLight.None;
        return (more ? v >= target.Good : v <= target.Good) ? KpiLight.Good
            : (more ? v >= target.Fair : v <= target.Fair) ? KpiLight.Fair
            : KpiLight.Poor;
    }

    private static KpiValue Count(long count) => new(count, null, null, count);

    private static KpiValue Ratio(Sum sum) => sum.Count == 0 ? KpiValue.None : new((double)sum.Total / sum.Count, null, null, sum.Count);

    private static KpiValue Share(long count, long total) => KpiValue.Share(new(count, Math.Min(count, total)));
}
