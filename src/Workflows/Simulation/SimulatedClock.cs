using NodaTime;

namespace Orchestration.Workflows.Simulation;

/// <summary>A clock that whoever drives a simulation sets.</summary>
internal sealed class SimulatedClock(Instant now) : IClock
{
    /// <summary>Now; it never goes back.</summary>
    public Instant Now { get; private set; } = now;

    /// <summary>Goes on to an instant, unless it is past it already.</summary>
    public void To(Instant at) => Now = Instant.Max(Now, at);

    /// <inheritdoc/>
    public Instant GetCurrentInstant() => Now;
}
