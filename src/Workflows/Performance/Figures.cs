using NodaTime;

namespace Orchestration.Workflows.Performance;

/// <summary>Sums of one measure.</summary>
/// <param name="Count">How many.</param>
/// <param name="Total">What they add up to: seconds, or how many of them were so.</param>
public readonly record struct Sum(long Count, long Total);

/// <summary>A share, a median or a mean, with how sure it is.</summary>
/// <param name="Value">The value; null when there is nothing to divide by.</param>
/// <param name="Low">Lower end of the 95 % confidence interval, if there is one.</param>
/// <param name="High">Its upper end.</param>
/// <param name="Samples">Of how many.</param>
public sealed record KpiValue(double? Value, double? Low, double? High, long Samples)
{
    /// <summary>Fewer say too little to judge anyone or anything by.</summary>
    public const int LeastSamples = 20;

    /// <summary>Whether it can be judged.</summary>
    public bool IsEnough => Samples >= LeastSamples;

    /// <summary>Nothing to tell.</summary>
    public static readonly KpiValue None = new(null, null, null, 0);

    /// <summary>A share with its Wilson interval: it stays within 0 and 1 and holds for few samples too.</summary>
    public static KpiValue Share(Sum sum)
    {
        if (sum.Count == 0)
            return None;
        const double Z = 1.959964;
        double n = sum.Count,
            p = sum.Total / n,
            square = Z * Z;
        var center = (p + square / (2 * n)) / (1 + square / n);
        var half = Z / (1 + square / n) * Math.Sqrt(p * (1 - p) / n + square / (4 * n * n));
        return new(p, Math.Max(0, center - half), Math.Min(1, center + half), sum.Count);
    }
}

/// <summary>The sums of a scope: a period, a team, a person.</summary>
public sealed class Figures
{
    private readonly Dictionary<Measure, (long Count, long Total)> _sums = [];
    private readonly Dictionary<Measure, SortedDictionary<int, long>> _buckets = [];

    internal void Add(Measure measure, int bucket, long count, long total)
    {
        var (before, sum) = _sums.GetValueOrDefault(measure);
        _sums[measure] = (before + count, sum + total);
        if (!_buckets.TryGetValue(measure, out var buckets))
            _buckets[measure] = buckets = [];
        buckets[bucket] = buckets.GetValueOrDefault(bucket) + count;
    }

    internal void Add(Figures other)
    {
        foreach (var (measure, buckets) in other._buckets)
        {
            foreach (var (bucket, count) in buckets)
                Add(measure, bucket, count, 0);
            var (sum, total) = _sums[measure];
            _sums[measure] = (sum, total + other._sums[measure].Total);
        }
    }

    internal Sum Of(Measure measure) => _sums.TryGetValue(measure, out var sum) ? new(sum.Count, sum.Total) : default;

    /// <summary>Open at the end of the period; null where nobody can say, as for a person.</summary>
    public long? Backlog { get; internal set; }

    /// <summary>Seconds that people were available, and those of them in which they worked on a task.</summary>
    public Sum Presence { get; internal set; }

    /// <summary>Days of people that the presence is of.</summary>
    public long PresenceDays { get; internal set; }

    internal void AddPresence(long present, long engaged, long days)
    {
        Presence = new(Presence.Count + present, Presence.Total + engaged);
        PresenceDays += days;
    }

    /// <summary>Whether nothing happened at all.</summary>
    public bool IsEmpty => _sums.Count == 0;

    /// <summary>The mean in seconds of a duration: waiting, working or suspended; null when no task was completed.</summary>
    public double? Mean(string kpi)
    {
        var sum = Of(
            kpi switch
            {
                "waiting" => Measure.Waiting,
                "working" => Measure.Working,
                _ => Measure.Suspended,
            }
        );
        return sum.Count == 0 ? null : (double)sum.Total / sum.Count;
    }

    /// <summary>How many tasks took how long in seconds, by doubling; without gaps, and without empty ends.</summary>
    public IReadOnlyList<(double From, double To, long Count)> CycleBuckets()
    {
        var octaves = Buckets(Measure.Cycle).Where(b => b.Value > 0).GroupBy(b => (b.Key + 3) / 4).ToDictionary(g => g.Key, g => g.Sum(b => b.Value));
        if (octaves.Count == 0)
            return [];
        return
        [
            .. Enumerable
                .Range(octaves.Keys.Min(), octaves.Keys.Max() - octaves.Keys.Min() + 1)
                .Select(o => (o == 0 ? 0 : DurationBucket.To((o - 1) * 4), DurationBucket.To(o * 4), octaves.GetValueOrDefault(o))),
        ];
    }

    /// <summary>How many durations are in each bucket of <see cref="DurationBucket"/>.</summary>
    internal IReadOnlyDictionary<int, long> Buckets(Measure measure) => _buckets.TryGetValue(measure, out var found) ? found : new Dictionary<int, long>();

    /// <summary>
    /// A quantile of a duration in seconds. Its interval is that of order statistics: with 95 % confidence the true quantile lies between the values of two
    /// ranks, whatever the distribution. Within a bucket, values are taken as spread evenly on a logarithmic scale: off by some percent at most.
    /// </summary>
    internal KpiValue Quantile(Measure measure, double q)
    {
        var n = Of(measure).Count;
        if (n == 0)
            return KpiValue.None;
        var half = 1.959964 * Math.Sqrt(n * q * (1 - q));
        var middle = At(q * n);
        return new(middle, At(Math.Max(0, q * n - half)), At(Math.Min(n, q * n + half)), n);

        double At(double rank)
        {
            long before = 0;
            foreach (var (bucket, count) in Buckets(measure))
            {
                if (count > 0 && before + count >= rank)
                {
                    var part = Math.Clamp((rank - before) / count, 0, 1);
                    var (from, to) = (DurationBucket.From(bucket), DurationBucket.To(bucket));
                    return bucket <= 0 ? to * part : from * Math.Pow(to / from, part);
                }

                before += count;
            }

            return 0;
        }
    }
}

/// <summary>What figures are asked for.</summary>
/// <param name="From">First day.</param>
/// <param name="To">Last day.</param>
public sealed record FigureQuery(LocalDate From, LocalDate To)
{
    /// <summary>Only this journey.</summary>
    public string? Journey { get; init; }

    /// <summary>Only this step.</summary>
    public string? Step { get; init; }

    /// <summary>Only these teams; null: everything, including what belongs to no team.</summary>
    public IReadOnlyList<string>? Teams { get; init; }

    /// <summary>Only what this person did.</summary>
    public Guid? Person { get; init; }

    /// <summary>Weeks that begin on Monday instead of days.</summary>
    public bool ByWeek { get; init; } = true;

    /// <summary>From a Monday to a Sunday or to today: answered from the sums of weeks.</summary>
    public bool IsOfWholeWeeks { get; init; }

    /// <summary>Without rows and clocks: to compare with.</summary>
    public bool IsTotalOnly { get; init; }

    /// <summary>Without what was open: that takes the sums of all days until then, not only of these.</summary>
    public bool IsWithoutBacklog { get; init; }

    /// <summary>What the rows of the table are.</summary>
    public FigureGroup Group { get; init; } = FigureGroup.Step;
}

/// <summary>What figures can be compared by.</summary>
public enum FigureGroup
{
    Journey,
    Step,
    Team,
    Person,
}

/// <summary>Figures of one row of a comparison.</summary>
/// <param name="Journey">The journey, for journeys and steps.</param>
/// <param name="Key">Of the group: a step, a team, a journey, or the id of a person.</param>
/// <param name="Title">Name on pages.</param>
/// <param name="Figures">Its figures.</param>
public sealed record FigureRow(string? Journey, string Key, string Title, Figures Figures);

/// <summary>How a clock fared.</summary>
/// <param name="Policy">SLA policy; <c>promise</c> for what customers were promised.</param>
/// <param name="OnTime">Ended clocks; the total is those met.</param>
/// <param name="Breaches">Deadlines that passed.</param>
public sealed record ClockRow(string Policy, Sum OnTime, long Breaches);

/// <summary>The figures of a query.</summary>
/// <param name="Query">What was asked for.</param>
/// <param name="Total">All together.</param>
/// <param name="Periods">By day or week, without gaps.</param>
/// <param name="Rows">By what they are compared by, the busiest first.</param>
/// <param name="Clocks">By clock, those with most misses first.</param>
/// <param name="Zone">Zone whose days they are.</param>
/// <param name="CurrentAt">Until when history is counted; null before that was ever done.</param>
public sealed record PerformanceReport(
    FigureQuery Query,
    Figures Total,
    IReadOnlyList<(LocalDate From, Figures Figures)> Periods,
    IReadOnlyList<FigureRow> Rows,
    IReadOnlyList<ClockRow> Clocks,
    DateTimeZone Zone,
    Instant? CurrentAt
);
