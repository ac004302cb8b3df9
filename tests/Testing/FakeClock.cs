using NodaTime;

namespace Orchestration.Testing;

/// <summary>A clock that stands still until a test moves it. Safe for any number of threads.</summary>
public sealed class FakeClock(Instant start) : IClock
{
    private readonly Lock _lock = new();
    private Instant _now = start;

    /// <summary>Monday 2026-06-01, 09:00 UTC.</summary>
    public FakeClock()
        : this(Instant.FromUtc(2026, 6, 1, 9, 0)) { }

    public Instant GetCurrentInstant()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    /// <returns>The new time.</returns>
    public Instant Advance(Duration by)
    {
        lock (_lock)
        {
            return _now += by;
        }
    }

    public void Set(Instant now)
    {
        lock (_lock)
        {
            _now = now;
        }
    }
}
