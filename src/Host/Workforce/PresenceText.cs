using Orchestration.Workflows.Workforce;

namespace Orchestration.Host.Workforce;

/// <summary>Presence in words.</summary>
internal static class PresenceText
{
    /// <summary>What the menu offers: one click each.</summary>
    public static readonly IReadOnlyList<(PresenceState State, string Reason)> Choices =
    [
        (PresenceState.Available, ""),
        (PresenceState.Away, "Break"),
        (PresenceState.Away, "Lunch"),
        (PresenceState.Away, "Meeting"),
        (PresenceState.Training, ""),
        (PresenceState.OffShift, ""),
    ];

    public static string Title(PresenceState state) =>
        state switch
        {
            PresenceState.Training => "In training",
            PresenceState.Leave => "On leave",
            PresenceState.OffShift => "Off shift",
            _ => state.ToString(),
        };

    /// <summary>The state, or what someone is away for: “Meeting”.</summary>
    public static string Short(PresenceState state, string reason) => state == PresenceState.Away && reason.Length > 0 ? reason : Title(state);

    /// <summary>Of a choice: “Away: meeting”.</summary>
    public static string Choice(PresenceState state, string reason) => reason.Length > 0 ? $"{Title(state)}: {reason.ToLowerInvariant()}" : Title(state);

    public static string Icon(PresenceState state, string reason = "") =>
        state switch
        {
            PresenceState.Available => "circle-check",
            PresenceState.Engaged => "player-play",
            PresenceState.Training => "school",
            PresenceState.Leave => "beach",
            PresenceState.OffShift => "moon",
            _ => reason switch
            {
                "Meeting" => "users",
                "Lunch" => "tools-kitchen-2",
                "Break" => "coffee",
                _ => "clock-pause",
            },
        };

    /// <summary>What set it; null: they did so themselves.</summary>
    public static string? Why(PresenceStatus presence) =>
        presence.Cause switch
        {
            PresenceCause.Shift when presence.Since is not null => "Set by the shift plan",
            PresenceCause.Absence => "Set by an absence",
            PresenceCause.Supervisor => "Set by a supervisor",
            PresenceCause.MissedOffers => "Offers were missed",
            PresenceCause.SignOut => "Signed out",
            PresenceCause.Silence when presence.State == PresenceState.Away => "No page was open",
            _ => null,
        };
}
