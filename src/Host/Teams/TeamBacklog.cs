using NodaTime;
using Orchestration.Engine.Storage;
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

    public string Href => Shown is null ? "/team" : $"/team?key={Shown.Key}";
}
