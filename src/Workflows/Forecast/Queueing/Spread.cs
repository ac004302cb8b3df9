namespace Orchestration.Workflows.Forecast.Queueing;

/// <summary>A distribution of times in minutes, as equally likely values in order. Between two values it is even. Immutable.</summary>
public sealed class Spread
{
    private const int MostPoints = 61;
    private readonly double[] _points;

    private Spread(double[] points) => (_points, Mean) = (points, points.Average());

    /// <summary>The mean in minutes.</summary>
    public double Mean { get; }

    /// <summary>From what was measured, in minutes; at least one value.</summary>
    public static Spread Of(IEnumerable<double> samples)
    {
        var sorted = samples.Order().ToArray();
        if (sorted.Length <= MostPoints)
            return new(sorted);
        return new([.. Enumerable.Range(0, MostPoints).Select(i => sorted[(int)Math.Round(i * (sorted.Length - 1.0) / (MostPoints - 1))])]);
    }

    /// <summary>Always the same.</summary>
    public static Spread Exactly(double minutes) => new([minutes]);

    /// <summary>Log-normal: half take less than the median, most are near it, some take much longer.</summary>
    /// <param name="median">In minutes.</param>
    /// <param name="spread">Standard deviation of the logarithm.</param>
    public static Spread Around(double median, double spread) =>
        new([.. Enumerable.Range(0, MostPoints).Select(i => median * Math.Exp(spread * Draw.Normal((i + 0.5) / MostPoints)))]);

    /// <summary>The value that a share of all stays below.</summary>
    /// <param name="unit">The share, 0 to 1.</param>
    public double At(double unit)
    {
        var place = unit * (_points.Length - 1);
        var below = Math.Clamp((int)place, 0, Math.Max(0, _points.Length - 2));
        return _points.Length == 1 ? _points[0] : _points[below] + (place - below) * (_points[below + 1] - _points[below]);
    }

    /// <summary>The share that stays below a value.</summary>
    public double ShareBelow(double minutes)
    {
        if (minutes <= _points[0])
            return 0;
        if (minutes >= _points[^1])
            return 1;
        var index = Array.BinarySearch(_points, minutes);
        if (index < 0)
            index = ~index - 1;
        while (index + 1 < _points.Length && _points[index + 1] <= minutes)
            index++;
        var part = (minutes - _points[index]) / (_points[index + 1] - _points[index]);
        return (index + part) / (_points.Length - 1);
    }

    /// <summary>
    /// What is left of a time of which so much has passed: the rest of those that take longer. Of one that is longer than any: half the mean.
    /// </summary>
    /// <param name="passed">Minutes.</param>
    /// <param name="unit">0 to 1.</param>
    public double Left(double passed, double unit)
    {
        var below = ShareBelow(passed);
        return below >= 0.995 ? Math.Max(1, Mean * unit) : Math.Max(0, At(below + unit * (1 - below)) - passed);
    }
}
