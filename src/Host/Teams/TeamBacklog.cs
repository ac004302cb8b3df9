using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Filters;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Teams;

/// <summary>The backlog of the teams a person steers.</summary>
/// <param name="Teams">Those teams.</param>
/// <param name="Shown">The one that is shown, or null for all.</param>
/// <param name="Tasks">Their open tasks, by due time.</param>
/// <param name="Cut">There are more than are shown.</param>
/// <param name="Assignees">Who could be given which of the tasks.</param>
/// <param name="Now">Now.</param>
public sealed record TeamBacklog(
    IReadOnlyList<Team> Teams,
    Team? Shown,
    IReadOnlyList<TaskSummary> Tasks,
    bool Cut,
    ILookup<Guid, Assignee> Assignees,
    Instant Now
)
{
    public required BacklogFilter Filter { get; init; }
    public IReadOnlyList<SavedFilter> Saved { get; init; } = [];

    /// <summary>Names of journeys by id.</summary>
    public IReadOnlyDictionary<string, string> Journeys { get; init; } = new Dictionary<string, string>();

    /// <summary>Members of the teams, and other owners of their tasks.</summary>
    public IReadOnlyList<(Guid Id, string Name)> People { get; } =
    [
        .. (Shown is null ? Teams : [Shown])
            .SelectMany(t => t.Members)
            .Select(m => (m.Id, Name: m.DisplayName))
            .Concat(Tasks.Where(t => t.OwnerId is not null).Select(t => (Id: t.OwnerId!.Value, Name: t.Owner!)))
            .DistinctBy(p => p.Id)
            .OrderBy(p => p.Name, StringComparer.CurrentCulture),
    ];

    /// <summary>The people one of the tasks can be assigned to, by name.</summary>
    public IReadOnlyList<Assignee> Anybody { get; } =
    [.. Assignees.SelectMany(a => a).DistinctBy(a => a.UserName).OrderBy(a => a.DisplayName, StringComparer.CurrentCulture)];

    public IEnumerable<TaskSummary> Unassigned => Tasks.Where(t => t.OwnerId is null);

    public string AllHref => $"/team{(Filter with { Q = null, Journey = null, Show = null }).Query}";

    public string Href => $"/team{Filter.Query}";
}

/// <summary>What is shown of a backlog, and in which order.</summary>
/// <param name="Key">The team; null: all that the person steers.</param>
/// <param name="Q">Part of a step, reference or customer.</param>
/// <param name="Show"><c>overdue</c>, <c>unassigned</c>, <c>suspended</c>, or all.</param>
public sealed record BacklogFilter(string? Key, string? Q = null, string? Journey = null, string? Show = null, string? Sort = null)
{
    public bool IsOn => !string.IsNullOrWhiteSpace(Q) || !string.IsNullOrEmpty(Journey) || !string.IsNullOrEmpty(Show);

    public string Query =>
        QueryString
            .Create(
                new Dictionary<string, string?>
                {
                    ["key"] = Key,
                    ["q"] = Q,
                    ["journey"] = Journey,
                    ["show"] = Show,
                    ["sort"] = Sort,
                }.Where(p => !string.IsNullOrEmpty(p.Value))
            )
            .ToString();
}
