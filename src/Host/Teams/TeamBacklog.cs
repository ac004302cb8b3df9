using NodaTime;
using Orchestration.Workflows.Board;
using Orchestration.Workflows.Filters;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Teams;

/// <summary>The backlog of the teams a person steers.</summary>
/// <param name="Teams">Those teams.</param>
/// <param name="Shown">The one that is shown, or null for all.</param>
/// <param name="Tasks">A page of their tasks.</param>
/// <param name="Length">How many tasks the list has.</param>
/// <param name="Now">Now.</param>
public sealed record TeamBacklog(IReadOnlyList<Team> Teams, Team? Shown, Page<TaskSummary> Tasks, ListLength Length, Instant Now)
{
    /// <summary>Teams that tasks can be forwarded to, whoever steers them.</summary>
    public required IReadOnlyList<Team> AllTeams { get; init; }
    public required BacklogFilter Filter { get; init; }
    public IReadOnlyList<SavedFilter> Saved { get; init; } = [];

    /// <summary>Names of journeys by id.</summary>
    public IReadOnlyDictionary<string, string> Journeys { get; init; } = new Dictionary<string, string>();

    /// <summary>Name of the step that is shown.</summary>
    public string? StepTitle { get; init; }

    /// <summary>Name of the owner whose tasks are shown.</summary>
    public string? OwnerName { get; init; }

    /// <summary>How many tasks the list has.</summary>
    public string Count => $"{Length.Count:N0}{(Length.IsMore ? "+" : "")}";

    /// <summary>Whether the list has more tasks than the page.</summary>
    public bool HasMore => Length.IsMore || Length.Count > Tasks.Items.Count;

    public string AllHref => $"/team{new BacklogFilter(Filter.Key, Sort: Filter.Sort).Query}";

    public string Href => $"/team{Filter.Query}";

    public string PageHref(int page) => $"/team{(Filter with { Page = page > 1 ? page : null }).Query}";
}
