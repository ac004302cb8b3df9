using Orchestration.Engine.Execution;

namespace Orchestration.Workflows.Tasks;

/// <summary>Write of a burst: opens a task for a bookmark.</summary>
/// <param name="ContainerId">The run of the container that the step is in: the same for everything in one branch or one iteration of a loop.</param>
public sealed record OpenTask(
    string BookmarkId,
    string? ContainerId,
    string ActivityId,
    string Title,
    string? Description,
    string[] Outcomes,
    object? Form,
    string? FormName,
    string? Team,
    string[] Candidates,
    string[] RequiredSkills,
    string[] PreferredSkills,
    string[] ExcludedSteps,
    int Priority,
    string? SlaPolicy,
    string[] SlaPolicies,
    string? SlaDuration,
    string? SlaUnit,
    string? SlaCalendar,
    bool RequiresReview,
    string? SkipOutcome
) : IBurstWrite
{
    /// <summary><c>live</c> or <c>deferred</c>.</summary>
    public string WorkKind { get; init; } = "deferred";

    /// <summary>How long someone is expected to work on it, in minutes; null: as learned from the same step before.</summary>
    public int? Effort { get; init; }

    /// <summary>How much of a person's capacity it takes.</summary>
    public int Weight { get; init; } = 100;

    /// <summary>Field of its form whose amount must be within the authority of whoever completes it; null: none.</summary>
    public string? DecidesOn { get; init; }

    /// <summary>ISO 4217 code of that amount's currency; null: unknown.</summary>
    public string? DecidesIn { get; init; }

    /// <summary>Whether it takes capacity while it is suspended.</summary>
    public bool SuspendedCounts { get; init; }
}

/// <summary>Write of a burst: the task of this bookmark is no longer needed.</summary>
public sealed record WithdrawTask(string BookmarkId, string ActivityId, string Reason) : IBurstWrite
{
    /// <summary>Whether the case was cancelled. The person who cancels it tells its owners, of all tasks at once (<c>AlterCase</c>).</summary>
    public bool CaseIsCancelled { get; private init; }

    /// <summary>Because the case was cancelled.</summary>
    public static WithdrawTask Cancelled(string bookmark, string activity) => new(bookmark, activity, "the case was cancelled") { CaseIsCancelled = true };
}
