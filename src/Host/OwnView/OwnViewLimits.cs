using System.Threading.RateLimiting;
using Orchestration.Workflows.OwnView;

namespace Orchestration.Host.OwnView;

/// <summary>How often one link can be used in a minute, on this host; how often one address can come is a policy of rate limiting.</summary>
internal sealed class OwnViewLimits(OwnViewSettings settings) : IDisposable
{
    private readonly PartitionedRateLimiter<string> _limiter = PartitionedRateLimiter.Create<string, string>(code =>
        RateLimitPartition.GetFixedWindowLimiter(code, _ => new() { PermitLimit = settings.RequestsPerMinute, Window = TimeSpan.FromMinutes(1) })
    );

    /// <summary>Whether one more request is allowed.</summary>
    public bool Allows(string code)
    {
        using var lease = _limiter.AttemptAcquire(code);
        return lease.IsAcquired;
    }

    public void Dispose() => _limiter.Dispose();
}
