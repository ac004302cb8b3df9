using NodaTime;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Away;

/// <summary>The data of the page Out of office.</summary>
public sealed record AwayView
{
    public required Person Me { get; init; }
    public required IReadOnlyList<Substitution> Substitutions { get; init; }

    /// <summary>Possible substitutes: colleagues of your teams first.</summary>
    public required IReadOnlyList<TeamMember> Colleagues { get; init; }
    public required IReadOnlyList<TeamMember> Others { get; init; }

    /// <summary>The people you can arrange it for, in addition to yourself.</summary>
    public required IReadOnlyList<TeamMember> Led { get; init; }
    public required Instant Now { get; init; }

    /// <summary>The refused input.</summary>
    public IFormCollection? Typed { get; init; }
    public string? Field { get; init; }
    public string? Reason { get; init; }

    public string Was(string field) => Typed?[field].ToString() ?? "";
}
