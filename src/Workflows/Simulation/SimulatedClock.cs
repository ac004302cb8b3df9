using NodaTime;

namespace Orchestration.Workflows.Simulation;

/// <summary>A clock that whoever drives a simulation sets.</summary>
internal sealed class SimulatedClock(Instant now) : IClock
{
    private readonly AsyncLocal<Instant?> _here = new();
    private Instant _now = now;

    /// <summary>Now; it never goes back.</summary>
    public Instant Now => _here.Value ?? _now;

    /// <summary>Goes on to an instant, unless it is past it already.</summary>
    public void To(Instant at) => _now = Instant.Max(_now, at);

    /// <summary>Says what time it is for the asynchronous method that calls this and for what it calls, and for nobody else.</summary>
    public void Here(Instant at) => _here.Value = Instant.Max(_now, at);

    /// <inheritdoc/>
    public Instant GetCurrentInstant() => Now;
}
