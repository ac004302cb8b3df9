using NodaTime;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Away;

/// <summary>What the page of absences shows.</summary>
public sealed record AwayView
{
    public required Person Me { get; init; }
    public required IReadOnlyList<Substitution> Substitutions { get; init; }

    /// <summary>Whoever could stand in: colleagues of ones teams first.</summary>
    public required IReadOnlyList<TeamMember> Colleagues { get; init; }
    public required IReadOnlyList<TeamMember> Others { get; init; }

    /// <summary>For whom it may be arranged, besides oneself.</summary>
    public required IReadOnlyList<TeamMember> Led { get; init; }
    public required Instant Now { get; init; }

    /// <summary>What was typed and refused.</summary>
    public IFormCollection? Typed { get; init; }
    public string? Field { get; init; }
    public string? Reason { get; init; }

    public string Was(string field) => Typed?[field].ToString() ?? "";
}
