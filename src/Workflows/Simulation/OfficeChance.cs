namespace Orchestration.Workflows.Simulation;

/// <summary>Chance from a seed. The same seed gives the same numbers on every machine.</summary>
internal sealed class OfficeChance(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>A number from 0 to <paramref name="below"/> − 1.</summary>
    public int Number(int below) => _random.Next(below);

    /// <summary>Whether something of this probability happens.</summary>
    public bool Is(double probability) => _random.NextDouble() < probability;

    /// <summary>A number from <paramref name="from"/> to <paramref name="to"/>.</summary>
    public double Between(double from, double to) => from + _random.NextDouble() * (to - from);

    /// <summary>A time of this mean between independent events.</summary>
    public double Exponential(double mean) => -mean * Math.Log(1 - _random.NextDouble());

    /// <summary>A time of this median: most are near it, some are much longer.</summary>
    public double Around(double median, double spread = 0.5) => median * Math.Exp(spread * Normal());

    /// <summary>One of them.</summary>
    public T Of<T>(IReadOnlyList<T> all) => all[_random.Next(all.Count)];

    /// <summary>The place of one of them, by weight.</summary>
    public int Weighted(IReadOnlyList<double> weights)
    {
        var left = _random.NextDouble() * weights.Sum();
        for (var i = 0; i < weights.Count; i++)
        {
            left -= weights[i];
            if (left < 0)
                return i;
        }

        return weights.Count - 1;
    }

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
