using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Staff;

/// <summary>The data of a team's page; of a new team's, while <see cref="Team"/> is null.</summary>
public sealed record StaffTeamView
{
    public TeamDetails? Team { get; init; }

    /// <summary>As they were typed.</summary>
    public required AddTeamBody Form { get; init; }

    /// <summary>Active people, to choose from.</summary>
    public required IReadOnlyList<PersonRow> People { get; init; }
    public IReadOnlyList<StaffEvent> History { get; init; } = [];
    public IReadOnlyDictionary<string, string[]> Errors { get; init; } = new Dictionary<string, string[]>();

    /// <summary>Why the last thing asked for was not done.</summary>
    public string? Refused { get; init; }

    /// <summary>What was done.</summary>
    public string? Done { get; init; }
}
