namespace Orchestration.Workflows.Performance;

/// <summary>What is counted, as <c>performance_day</c> stores it. Durations are in seconds.</summary>
internal enum Measure : short
{
    /// <summary>Cases started, on that day.</summary>
    CaseStarted = 1,

    /// <summary>Cases that ended in any way.</summary>
    CaseEnded = 2,

    /// <summary>Start to completion of cases.</summary>
    CaseCycle = 3,

    /// <summary>Visits to steps that opened, on that day.</summary>
    Opened = 10,

    /// <summary>Visits that ended in any way.</summary>
    Ended = 11,

    /// <summary>Opening to completion of visits.</summary>
    Cycle = 12,

    /// <summary>Of that, when nobody worked on it and it wasn't suspended.</summary>
    Waiting = 13,

    /// <summary>Of that, when someone worked on it.</summary>
    Working = 14,

    /// <summary>Of that, when it was suspended.</summary>
    Suspended = 15,

    /// <summary>Clocks that were met or missed; the total is those met.</summary>
    Clock = 20,

    /// <summary>Deadlines that passed, on that day.</summary>
    Breach = 21,

    /// <summary>Completed visits; the total is those without a return and without a review that asked for changes.</summary>
    FirstTime = 22,

    /// <summary>Completed visits; the total is how often someone began to work on them.</summary>
    Touches = 23,

    /// <summary>Completed visits with an expectation; the total is the time worked.</summary>
    Worked = 24,

    /// <summary>The same visits; the total is the time expected.</summary>
    Expected = 25,

    /// <summary>Offers.</summary>
    Offered = 26,

    /// <summary>Offers declined.</summary>
    Declined = 27,

    /// <summary>Offers that expired.</summary>
    Missed = 28,

    /// <summary>Promises that were kept, broken or whose time passed; the total is those kept in time.</summary>
    Promise = 29,

    /// <summary>Ratings of cases by their customers, on the day of the last change; the total is those of 4 or 5 out of 5.</summary>
    Satisfied = 30,

    /// <summary>Those that say whether they would recommend us; the total is promoters (9 or 10) minus detractors (0 to 6).</summary>
    Recommend = 31,
}

/// <summary>
/// Buckets of durations whose bounds grow by a fourth of an octave (19 %), so that medians of days, teams and steps can be added up: bucket -1 is no time at
/// all, bucket 0 less than a minute, and bucket n ends at 60 · 2^(n/4) seconds.
/// </summary>
public static class DurationBucket
{
    /// <summary>The bucket of a duration in seconds.</summary>
    public static short Of(long seconds) =>
        seconds <= 0 ? (short)-1
        : seconds < 60 ? (short)0
        : (short)(1 + Math.Floor(4 * Math.Log2(seconds / 60d)));

    /// <summary>Its begin in seconds, inclusive.</summary>
    public static double From(int bucket) => bucket <= 0 ? 0 : 60 * Math.Pow(2, (bucket - 1) / 4d);

    /// <summary>Its end in seconds, exclusive.</summary>
    public static double To(int bucket) => bucket < 0 ? 0 : 60 * Math.Pow(2, bucket / 4d);
}

/// <summary>What one chain of history adds to the sums of a day.</summary>
internal readonly record struct PartKey(
    Guid Person,
    Measure Measure,
    NodaTime.LocalDate Day,
    string Journey,
    string Step,
    string Team,
    string Clock,
    short Bucket
);

/// <summary>Sums by key. Parts that cancel out leave nothing.</summary>
internal sealed class Parts
{
    private readonly Dictionary<PartKey, (long Count, long Total)> _sums = [];

    public IReadOnlyDictionary<PartKey, (long Count, long Total)> Sums => _sums;

    public void Add(PartKey key, long count, long total)
    {
        var (before, sum) = _sums.GetValueOrDefault(key);
        if (before + count == 0 && sum + total == 0)
            _sums.Remove(key);
        else
            _sums[key] = (before + count, sum + total);
    }

    public void Add(Parts other, int times)
    {
        foreach (var (key, (count, total)) in other._sums)
            Add(key, count * times, total * times);
    }
}
