namespace Orchestration.Workflows.Tests;

internal static class Sweeping
{
    /// <summary>Tries every effect that is due, as its jobs would. Returns how many.</summary>
    public static async Task<int> SweepAsync(this Engine.Runtime.Effects effects, int limit)
    {
        var leased = await effects.LeaseAsync(limit);
        await Task.WhenAll(leased.Select(one => effects.TryAsync(one.Id, one.LeasedUntil)));
        return leased.Count;
    }
}
