using NodaTime;

namespace Orchestration.Workflows.Forecast.Queueing;

/// <summary>What will become of a clock.</summary>
/// <param name="Clock">Its id.</param>
/// <param name="Breach">Probability that it isn't met, 0 to 1.</param>
/// <param name="Late">How late it will be on average if it isn't met, in working time of its calendar.</param>
/// <param name="LateElapsed">The same in elapsed time.</param>
/// <param name="Likely">Half of the runs end by then; null: not within the horizon.</param>
/// <param name="AtLatest">Four of five end by then; null: not within the horizon.</param>
public sealed record ClockForecast(Guid Clock, double Breach, Duration Late, Duration LateElapsed, Instant? Likely, Instant? AtLatest);

/// <summary>
/// How probable it is that clocks are missed: the office is simulated many times with the present people, shifts, order and efforts. Pure; the same input gives
/// the same answer, on any number of cores.
/// </summary>
public static class Forecaster
{
    /// <summary>How many times an office is simulated.</summary>
    public const int Runs = 200;

    /// <summary>Forecasts every clock, in the order of the input.</summary>
    public static IReadOnlyList<ClockForecast> Run(OfficeInput input, int runs = Runs) => Summary(Simulate(OfficeBuilder.Build(input), runs));

    internal static Ends Simulate(Office office, int runs, bool busy = false, bool parallel = true)
    {
        var ends = new Ends(office, runs);
        var workers = parallel ? Math.Clamp(Environment.ProcessorCount, 1, Math.Max(1, runs / 10)) : 1;
        var busyBy = new int[workers][];
        var begun = new long[workers];
        Parallel.For(
            0,
            workers,
            worker =>
            {
                var simulation = new OfficeRun(office) { BusyUntilFirstDay = busy ? busyBy[worker] = new int[office.People] : null };
                for (var run = worker; run < runs; run += workers)
                    simulation.Run(run, ends.Ended.AsSpan(run * office.Clocks, office.Clocks), ends.Due.AsSpan(run * office.Clocks, office.Clocks));
                begun[worker] = simulation.Begun;
            }
        );
        ends.Begun = begun.Sum();
        if (busy)
            ends.Busy = [.. Enumerable.Range(0, office.People).Select(person => busyBy.Sum(one => (double)one[person]) / runs)];
        return ends;
    }

    internal static IReadOnlyList<ClockForecast> Summary(Ends ends)
    {
        var office = ends.Office;
        var row = new int[ends.Runs];
        var forecasts = new ClockForecast[office.Clocks];
        for (var clock = 0; clock < office.Clocks; clock++)
        {
            var (breaches, late, elapsed) = (0, 0.0, 0.0);
            var axis = office.ClockAxis[clock];
            for (var run = 0; run < ends.Runs; run++)
            {
                var ended = row[run] = ends.Ended[run * office.Clocks + clock];
                if (!ends.IsLate(run, clock))
                    continue;
                breaches++;
                var due = ends.Due[run * office.Clocks + clock];
                var end = Math.Min(ended, office.Horizon);
                late += Math.Max(0, axis.Open(end) - axis.Open(due));
                elapsed += Math.Max(0, end - due);
            }

            Array.Sort(row);
            forecasts[clock] = new(
                office.ClockIds[clock],
                (double)breaches / ends.Runs,
                Duration.FromMinutes(Math.Round(late / Math.Max(1, breaches))),
                Duration.FromMinutes(Math.Round(elapsed / Math.Max(1, breaches))),
                At(row[(ends.Runs - 1) / 2]),
                At(row[(int)Math.Ceiling(ends.Runs * 0.8) - 1])
            );
        }

        return forecasts;

        Instant? At(int minute) => minute >= office.Horizon ? null : office.Now + Duration.FromMinutes(minute);
    }
}

/// <summary>When the clocks of an office ended, and when they were due, in each run.</summary>
internal sealed class Ends(Office office, int runs)
{
    public Office Office => office;

    public int Runs => runs;

    /// <summary>By run and clock.</summary>
    public int[] Ended { get; } = new int[runs * office.Clocks];

    /// <summary>By run and clock: a pause moves it.</summary>
    public int[] Due { get; } = new int[runs * office.Clocks];

    /// <summary>Tasks begun in all runs.</summary>
    public long Begun { get; set; }

    /// <summary>Mean minutes of work of the first day, by person.</summary>
    public double[] Busy { get; set; } = [];

    /// <summary>The due minute itself is too late.</summary>
    public bool IsLate(int run, int clock) => Due[run * office.Clocks + clock] is var due && due != Office.Never && Ended[run * office.Clocks + clock] >= due;

    public double Breach(int clock)
    {
        var late = 0;
        for (var run = 0; run < runs; run++)
            late += IsLate(run, clock) ? 1 : 0;
        return (double)late / runs;
    }
}
