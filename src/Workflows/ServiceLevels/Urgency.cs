using System.Text.Json.Serialization;
using NodaTime;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>How close a clock is to its due time.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Urgency>))]
public enum Urgency
{
    OnTime,

    /// <summary>Three quarters of its time are used.</summary>
    AtRisk,

    /// <summary>The due time has passed, whether or not that has been recorded yet.</summary>
    Breached,
}

/// <summary>From when on a clock is urgent: two instants that hold until something moves the clock.</summary>
/// <param name="RiskAt">From when it is at risk, never after <paramref name="LateAt"/>.</param>
/// <param name="LateAt">From when it is late: its due time, or the one it has missed.</param>
public readonly record struct Urgent(Instant RiskAt, Instant LateAt)
{
    private const int RiskPercent = 75;

    /// <summary>From when it is late, if the law sets its deadline.</summary>
    public Instant? StatutoryAt { get; init; }

    /// <summary>Null if the clock can't be late: it has ended, is paused and was in time, or measures no deadline.</summary>
    public static Urgent? Of(ClockState state, BusinessCalendar calendar)
    {
        if (state.Ended || !state.Policy.IsDeadline || (state.BreachedAt ?? state.DueAt) is not { } late)
            return null;
        return new(state.Status == ClockStatus.Running ? Ladder.At(state, RiskPercent, calendar) : late, late)
        {
            StatutoryAt = state.Policy.Kind == SlaKind.Statutory ? late : null,
        };
    }

    /// <summary>The earliest of each; null if there are none.</summary>
    public static Urgent? Earliest(IEnumerable<Urgent?> clocks)
    {
        var known = clocks.OfType<Urgent>().ToList();
        return known.Count == 0 ? null : new(known.Min(u => u.RiskAt), known.Min(u => u.LateAt)) { StatutoryAt = known.Min(u => u.StatutoryAt) };
    }

    /// <summary>How urgent it is at an instant.</summary>
    public Urgency At(Instant now) =>
        now >= LateAt ? Urgency.Breached
        : now >= RiskAt ? Urgency.AtRisk
        : Urgency.OnTime;
}
