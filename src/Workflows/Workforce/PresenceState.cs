using System.Text.Json.Serialization;
using NodaTime;

namespace Orchestration.Workflows.Workforce;

/// <summary>What a person does now.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PresenceState>))]
public enum PresenceState
{
    /// <summary>Can be given work.</summary>
    Available,

    /// <summary>Available, and works on a task. It is derived and never set: <see cref="PresenceQueries.Shown"/>.</summary>
    Engaged,

    /// <summary>At work, but not at their desk: a break or a meeting, for example.</summary>
    Away,

    /// <summary>In training.</summary>
    Training,

    /// <summary>On leave: out of office.</summary>
    Leave,

    /// <summary>Not at work. Also everyone who never said anything else.</summary>
    OffShift,
}

/// <summary>What set a presence.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PresenceCause>))]
public enum PresenceCause
{
    /// <summary>The person, or the end of the time they gave.</summary>
    Person,

    /// <summary>A shift that began or ended.</summary>
    Shift,

    /// <summary>An absence that began or ended.</summary>
    Absence,

    /// <summary>A supervisor, or the lead of one of their teams.</summary>
    Supervisor,

    /// <summary>Offers in a row that they let expire.</summary>
    MissedOffers,

    /// <summary>Signing out.</summary>
    SignOut,

    /// <summary>None of their pages was connected for a while; or one is again.</summary>
    Silence,
}

/// <summary>A person's presence.</summary>
/// <param name="State">As others see it: <see cref="PresenceState.Engaged"/> while they are available and work on a task.</param>
/// <param name="Reason">What they are away for; or empty.</param>
/// <param name="Cause">What set it.</param>
/// <param name="ChangedBy">User name of who set it, or <c>system</c>.</param>
/// <param name="Since">Since when; null: they never had a presence.</param>
/// <param name="Until">When it ends by itself; null while that is open.</param>
/// <param name="ShiftEnds">End of the shift they are in; null outside of shifts.</param>
public sealed record PresenceStatus(
    PresenceState State,
    string Reason,
    PresenceCause Cause,
    string ChangedBy,
    Instant? Since,
    Instant? Until,
    Instant? ShiftEnds
);

/// <summary>How setting a presence went.</summary>
public abstract record PresenceResult
{
    private PresenceResult() { }

    /// <summary>It is set, or was like that already.</summary>
    public sealed record Done : PresenceResult;

    /// <summary>What is wrong, by field; a reason completes a sentence that begins with the field.</summary>
    public sealed record Invalid(Dictionary<string, string[]> Errors) : PresenceResult;

    /// <summary>No active person has this id, or the actor may not set their presence.</summary>
    public sealed record NotFound : PresenceResult;
}
