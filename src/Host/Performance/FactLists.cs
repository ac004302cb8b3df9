using Orchestration.Workflows.Performance;

namespace Orchestration.Host.Performance;

/// <summary>The lists behind the figures.</summary>
internal static class FactLists
{
    /// <summary>Names of all lists.</summary>
    public static readonly IReadOnlyDictionary<FactFilter, string> Titles = new Dictionary<FactFilter, string>
    {
        [FactFilter.Completed] = "Completed",
        [FactFilter.All] = "Ended in any way",
        [FactFilter.Slowest] = "Slowest",
        [FactFilter.Waiting] = "Waited longest",
        [FactFilter.Working] = "Most work",
        [FactFilter.Suspended] = "Suspended longest",
        [FactFilter.Touches] = "Begun most often",
        [FactFilter.Effort] = "Over the expected effort",
        [FactFilter.Late] = "Deadline missed",
        [FactFilter.Redone] = "Not right first time",
        [FactFilter.Opened] = "Arrived",
        [FactFilter.Open] = "Open at the end",
    };

    /// <summary>Those that every list offers; the others are reached from their figures.</summary>
    public static readonly IReadOnlyList<FactFilter> Tabs =
    [
        FactFilter.Completed,
        FactFilter.Slowest,
        FactFilter.Late,
        FactFilter.Redone,
        FactFilter.Opened,
        FactFilter.Open,
        FactFilter.All,
    ];

    /// <summary>
    /// The tasks that a figure counts or measures; null: it counts no tasks. Deadlines aren't tasks: a task can have several, and those of cases have none.
    /// </summary>
    public static FactFilter? Of(Kpi kpi) =>
        kpi.Key switch
        {
            "arrivals" => FactFilter.Opened,
            "throughput" => FactFilter.Completed,
            "backlog" => FactFilter.Open,
            "cycle" or "cycle90" => FactFilter.Slowest,
            "waiting" => FactFilter.Waiting,
            "working" => FactFilter.Working,
            "suspended" => FactFilter.Suspended,
            "touches" => FactFilter.Touches,
            "effort" => FactFilter.Effort,
            "rightFirstTime" => FactFilter.Redone,
            _ => null,
        };

    /// <summary>Address of the list behind a figure; null: there is none.</summary>
    public static string? Href(Kpi kpi, PerformanceFilter filter) =>
        Of(kpi) is { } show ? $"/performance/tasks{filter.Address}&show={show.ToString().ToLowerInvariant()}" : null;
}
