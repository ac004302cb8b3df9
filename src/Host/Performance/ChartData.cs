using System.Globalization;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Performance;

namespace Orchestration.Host.Performance;

/// <summary>A column of a chart's table.</summary>
/// <param name="Title">Its heading, and the name in the legend.</param>
/// <param name="Role">How it is drawn: <c>bar</c>, <c>line</c>, <c>low</c> and <c>high</c> (a band), <c>target</c>, or <c>none</c>.</param>
/// <param name="Unit">How its values are written.</param>
public sealed record ChartSeries(string Title, string Role, KpiUnit Unit);

/// <summary>A row of a chart's table.</summary>
/// <param name="Label">Its name.</param>
/// <param name="Values">A value per column; null: nothing to show.</param>
/// <param name="Href">Where it leads.</param>
/// <param name="Mark">What is marked at it.</param>
public sealed record ChartRow(string Label, IReadOnlyList<double?> Values, string? Href = null, string? Mark = null)
{
    /// <summary>Its name in files, such as a day with its year; null: the label.</summary>
    public string? Key { get; init; }
}

/// <summary>A chart: the table that is behind it, and how to draw it. The script reads the table, so that both show the same.</summary>
/// <param name="Id">Its id on the page.</param>
/// <param name="Title">Its heading.</param>
/// <param name="Kind"><c>columns</c>, or <c>stack</c> for bars to the right on each other.</param>
/// <param name="RowTitle">Heading of the first column.</param>
/// <param name="Description">What it shows, for those who can't see it.</param>
public sealed record ChartData(
    string Id,
    string Title,
    string Kind,
    string RowTitle,
    string Description,
    IReadOnlyList<ChartSeries> Series,
    IReadOnlyList<ChartRow> Rows
)
{
    private const int MostSteps = 12;

    /// <summary>Charts of the page, by id.</summary>
    public static readonly IReadOnlyDictionary<string, Func<PerformanceView, ChartData>> All = new Dictionary<string, Func<PerformanceView, ChartData>>
    {
        ["flow"] = Flow,
        ["on-time"] = OnTime,
        ["waiting"] = Waiting,
        ["spread"] = Spread,
    };

    private static ChartRow Row(NodaTime.LocalDate day, params IReadOnlyList<double?> values) =>
        new(day.ToString("d MMM", CultureInfo.InvariantCulture), values) { Key = NodaTime.Text.LocalDatePattern.Iso.Format(day) };

    private static string Each(PerformanceFilter filter) => filter.ByWeek ? "Week from" : "Day";

    /// <summary>What someone completed themselves.</summary>
    public static ChartData Completed(MyFigures mine)
    {
        var kpi = Kpi.Find("throughput")!;
        return new(
            "flow",
            "Completed tasks",
            "columns",
            Each(mine.Filter),
            $"You completed {KpiText.Of(kpi, kpi.Of(mine.Report.Total))} tasks.",
            [new("Completed", "bar", KpiUnit.Count)],
            [.. mine.Report.Periods.Select(p => Row(p.From, kpi.Of(p.Figures).Value))]
        );
    }

    /// <summary>Arrivals, throughput and what was open.</summary>
    public static ChartData Flow(PerformanceView view)
    {
        var (arrivals, throughput, backlog) = (Kpi.Find("arrivals")!, Kpi.Find("throughput")!, Kpi.Find("backlog")!);
        var hasBacklog = view.Filter.Person is null;
        ChartSeries[] series = hasBacklog
            ? [new("Arrivals", "bar", KpiUnit.Count), new("Completed", "bar", KpiUnit.Count), new("Open at the end", "line", KpiUnit.Count)]
            : [new("Completed", "bar", KpiUnit.Count)];
        var total = view.Report.Total;
        return new(
            "flow",
            "Work in and out",
            "columns",
            Each(view.Filter),
            hasBacklog
                ? $"{KpiText.Of(arrivals, arrivals.Of(total))} tasks arrived and {KpiText.Of(throughput, throughput.Of(total))} were completed; "
                    + $"{KpiText.Of(backlog, backlog.Of(total))} were open at the end."
                : $"{KpiText.Of(throughput, throughput.Of(total))} tasks were completed.",
            series,
            [
                .. view.Report.Periods.Select(p =>
                    Row(
                        p.From,
                        hasBacklog ? [arrivals.Of(p.Figures).Value, throughput.Of(p.Figures).Value, p.Figures.Backlog] : [throughput.Of(p.Figures).Value]
                    )
                ),
            ]
        );
    }

    /// <summary>The share of deadlines met, with how sure it is.</summary>
    public static ChartData OnTime(PerformanceView view)
    {
        var kpi = Kpi.Find("onTime")!;
        var target = view.TargetOf(kpi);
        var values = view.Report.Periods.Select(p => (p.From, Value: kpi.Of(p.Figures))).ToList();
        List<ChartSeries> series =
        [
            new("On time", "line", KpiUnit.Share),
            new("From", "low", KpiUnit.Share),
            new("To", "high", KpiUnit.Share),
            new("Deadlines", "none", KpiUnit.Count),
        ];
        if (target is not null)
            series.Add(new("Target", "target", KpiUnit.Share));
        return new(
            "on-time",
            "Deadlines met",
            "columns",
            Each(view.Filter),
            $"{KpiText.Of(kpi, kpi.Of(view.Report.Total))} of all deadlines were met"
                + (target is null ? "." : $"; the target is {Words.Percent(target.Good)}."),
            series,
            [.. values.Select(v => Row(v.From, [v.Value.Value, v.Value.Low, v.Value.High, v.Value.Samples, .. target is null ? (double?[])[] : [target.Good]]))]
        );
    }

    /// <summary>Where the time goes: the rows in which a task waits longest.</summary>
    public static ChartData Waiting(PerformanceView view)
    {
        var rows = view
            .Waits.Select(row =>
                (Row: row, Waiting: row.Figures.Mean("waiting"), Working: row.Figures.Mean("working"), Suspended: row.Figures.Mean("suspended"))
            )
            .Where(row => row.Waiting is not null)
            .OrderByDescending(row => row.Waiting)
            .Take(MostSteps)
            .ToList();
        return new(
            "waiting",
            "Where work waits",
            "stack",
            view.Filter.Group == FigureGroup.Person ? "Step" : view.Filter.Group.ToString(),
            rows.Count == 0
                ? "No task was completed."
                : $"A task waits longest at {view.WaitName(rows[0].Row)}: {KpiText.Of(KpiUnit.Duration, rows[0].Waiting)} on average.",
            [new("Waiting", "bar", KpiUnit.Duration), new("Suspended", "bar", KpiUnit.Duration), new("Working", "bar", KpiUnit.Duration)],
            [.. rows.Select(r => new ChartRow(view.WaitName(r.Row), [r.Waiting, r.Suspended, r.Working], view.WaitHref(r.Row)))]
        );
    }

    /// <summary>How the cycle times are spread.</summary>
    public static ChartData Spread(PerformanceView view)
    {
        var (median, most) = (Kpi.Find("cycle")!.Of(view.Report.Total), Kpi.Find("cycle90")!.Of(view.Report.Total));
        var buckets = view.Report.Total.CycleBuckets();
        return new(
            "spread",
            "How long tasks take",
            "columns",
            "From opening to completion",
            median.Value is null
                ? "No task was completed."
                : $"Half of the tasks took no longer than {KpiText.Of(KpiUnit.Duration, median.Value)}, nine of ten no longer than "
                    + $"{KpiText.Of(KpiUnit.Duration, most.Value)}.",
            [new("Tasks", "bar", KpiUnit.Count)],
            [
                .. buckets.Select(b => new ChartRow(
                    $"under {KpiText.Duration(b.To)}",
                    [b.Count],
                    Mark: Holds(median, b) ? "median"
                        : Holds(most, b) ? "90th percentile"
                        : null
                )),
            ]
        );

        static bool Holds(KpiValue value, (double From, double To, long Count) bucket) => value.Value is { } v && v >= bucket.From && v < bucket.To;
    }
}
