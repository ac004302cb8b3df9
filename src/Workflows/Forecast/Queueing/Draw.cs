namespace Orchestration.Workflows.Forecast.Queueing;

/// <summary>
/// Chance that belongs to what it is for, not to when it is asked: the same seed, run, item and purpose give the same number in every scenario. So two
/// scenarios differ by what was changed, not by luck (common random numbers).
/// </summary>
internal static class Draw
{
    public const int Effort = 1;
    public const int Waits = 2;
    public const int Wait = 3;
    public const int Gap = 4;
    public const int Count = 5;
    public const int Time = 6;
    public const int Due = 7;
    public const int Rest = 8;
    public const int Load = 9;

    /// <summary>A number from 0 to 1, exclusive.</summary>
    public static double Unit(ulong seed, int run, int item, int purpose)
    {
        var x = Mix(seed + 0x9E3779B97F4A7C15UL * (ulong)(run + 1));
        x = Mix(x ^ ((ulong)(uint)item << 8 | (uint)purpose));
        return ((x >> 11) + 0.5) * (1.0 / (1UL << 53));
    }

    /// <summary>A number of events of a Poisson distribution, from a number between 0 and 1.</summary>
    public static int Poisson(double mean, double unit)
    {
        if (mean <= 0)
            return 0;

        // Above that the normal distribution is as good.
        if (mean > 200)
            return Math.Max(0, (int)Math.Round(mean + Math.Sqrt(mean) * Normal(unit)));
        var (count, chance) = (0, Math.Exp(-mean));
        for (var sum = chance; unit > sum && count < 1000; sum += chance)
            chance *= mean / ++count;
        return count;
    }

    /// <summary>The standard normal quantile (Acklam's approximation, error below 1.2e-9).</summary>
    public static double Normal(double unit)
    {
        ReadOnlySpan<double> a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716, 2.506628277459239];
        ReadOnlySpan<double> b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
        ReadOnlySpan<double> c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
        ReadOnlySpan<double> d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
        if (unit is > 0.02425 and < 0.97575)
        {
            var (q, r) = (unit - 0.5, (unit - 0.5) * (unit - 0.5));
            return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5])
                * q
                / (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
        }

        var tail = Math.Sqrt(-2 * Math.Log(Math.Min(unit, 1 - unit)));
        var value =
            (((((c[0] * tail + c[1]) * tail + c[2]) * tail + c[3]) * tail + c[4]) * tail + c[5])
            / ((((d[0] * tail + d[1]) * tail + d[2]) * tail + d[3]) * tail + 1);
        return unit < 0.5 ? value : -value;
    }

    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9UL;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBUL;
        return x ^ (x >> 31);
    }
}
