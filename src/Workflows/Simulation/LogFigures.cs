using NodaTime;

namespace Orchestration.Workflows.Simulation;

/// <summary>How often an activity was done, and how long it took.</summary>
/// <param name="Count">Pairs of a start and the completion that follows it, first in, first out within case and activity.</param>
/// <param name="Median">Half took less.</param>
public sealed record ServiceTime(int Count, Duration Median);

/// <summary>Figures of an event log: what a simulation needs to imitate it, and what to compare one with.</summary>
public sealed class LogFigures
{
    private readonly HashSet<string> _activities = new(StringComparer.Ordinal);
    private readonly HashSet<string> _resources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _variants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _allVariants = new(StringComparer.Ordinal);
    private readonly Dictionary<(string From, string To), int> _follows = [];
    private readonly Dictionary<string, List<Duration>> _services = new(StringComparer.Ordinal);
    private readonly List<Duration> _durations = [];
    private readonly List<Instant> _arrivals = [];

    /// <summary>Reads the cases once.</summary>
    public LogFigures(IEnumerable<LogCase> cases)
    {
        foreach (var @case in cases)
            Add(@case);
        _durations.Sort();
        _arrivals.Sort();
    }

    public int Cases { get; private set; }

    public int Events { get; private set; }

    /// <summary>Events that end an activity.</summary>
    public int Completed { get; private set; }

    /// <summary>Cases in which an activity is completed more than once.</summary>
    public int CasesWithRepeats { get; private set; }

    public int Activities => _activities.Count;

    public int Resources => _resources.Count;

    public Instant First { get; private set; } = Instant.MaxValue;

    public Instant Last { get; private set; } = Instant.MinValue;

    /// <summary>When each case began, in order.</summary>
    public IReadOnlyList<Instant> Arrivals => _arrivals;

    /// <summary>From the earliest to the latest event of each case, shortest first.</summary>
    public IReadOnlyList<Duration> Durations => _durations;

    /// <summary>How many cases took each sequence of completed activities, most first.</summary>
    public IReadOnlyList<(string Activities, int Cases)> Variants => Most(_variants);

    /// <summary>The same by activity and transition, of all events.</summary>
    public int VariantsOfAllEvents => _allVariants.Count;

    /// <summary>How often one completed activity came right after another, most first.</summary>
    public IReadOnlyList<((string From, string To) Pair, int Times)> DirectlyFollows => Most(_follows);

    /// <summary>How long an activity took from start to completion, or null if no start was recorded.</summary>
    public ServiceTime? ServiceOf(string activity)
    {
        if (_services.GetValueOrDefault(activity) is not { } times)
            return null;
        times.Sort();
        return new(times.Count, Median(times));
    }

    /// <summary>The middle one of sorted durations, or half-way between the two in the middle.</summary>
    public static Duration Median(IReadOnlyList<Duration> sorted) =>
        sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[sorted.Count / 2 - 1] + sorted[sorted.Count / 2]) / 2;

    private void Add(LogCase @case)
    {
        Cases++;
        if (@case.Events.Count == 0)
            return;
        var (first, last) = (@case.Events.Min(e => e.At), @case.Events.Max(e => e.At));
        (First, Last) = (Instant.Min(First, first), Instant.Max(Last, last));
        _durations.Add(last - first);
        _arrivals.Add(first);
        Events += @case.Events.Count;
        var started = new Dictionary<string, Queue<Instant>>(StringComparer.Ordinal);
        foreach (var e in @case.Events)
        {
            _activities.Add(e.Activity);
            if (e.Resource is not null)
                _resources.Add(e.Resource);
            if (e.Transition == "start")
                (started.TryGetValue(e.Activity, out var starts) ? starts : started[e.Activity] = new()).Enqueue(e.At);
            else if (e.IsComplete && started.TryGetValue(e.Activity, out var open) && open.TryDequeue(out var start))
                (_services.TryGetValue(e.Activity, out var times) ? times : _services[e.Activity] = []).Add(e.At - start);
        }

        var completed = @case.Events.Where(e => e.IsComplete).Select(e => e.Activity).ToList();
        Completed += completed.Count;
        CasesWithRepeats += completed.Distinct(StringComparer.Ordinal).Count() < completed.Count ? 1 : 0;
        Count(_variants, string.Join('\n', completed));
        Count(_allVariants, string.Join('\n', @case.Events.Select(e => $"{e.Activity}\t{e.Transition}")));
        foreach (var pair in completed.Zip(completed.Skip(1)))
            Count(_follows, pair);
    }

    private static void Count<TKey>(Dictionary<TKey, int> counts, TKey key)
        where TKey : notnull => counts[key] = counts.GetValueOrDefault(key) + 1;

    private static IReadOnlyList<(TKey, int)> Most<TKey>(Dictionary<TKey, int> counts)
        where TKey : notnull => [.. counts.OrderByDescending(c => c.Value).Select(c => (c.Key, c.Value))];
}
