using System.Globalization;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Filters;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Teams;

/// <summary>The backlog of the teams a person steers.</summary>
/// <param name="Teams">Those teams.</param>
/// <param name="Shown">The one that is shown, or null for all.</param>
/// <param name="Tasks">A page of their open tasks.</param>
/// <param name="Load">How many open tasks the teams have, whatever the filter.</param>
/// <param name="Assignees">Who could be given which of the tasks.</param>
/// <param name="Now">Now.</param>
public sealed record TeamBacklog(IReadOnlyList<Team> Teams, Team? Shown, Page<TaskSummary> Tasks, TeamLoad Load, ILookup<Guid, Assignee> Assignees, Instant Now)
{
    /// <summary>How many tasks a page has. The choices of people are most of its size.</summary>
    public const int PageSize = 25;

    /// <summary>How many people the workload of all teams names. A team's page names all of them.</summary>
    private const int Busiest = 12;

    public required BacklogFilter Filter { get; init; }
    public IReadOnlyList<SavedFilter> Saved { get; init; } = [];

    /// <summary>Names of journeys by id.</summary>
    public IReadOnlyDictionary<string, string> Journeys { get; init; } = new Dictionary<string, string>();

    /// <summary>How many tasks the list has; of a filtered list that is longer than a page, at least so many.</summary>
    public string Count => !Filter.IsOn ? $"{Load.Open:N0}" : $"{((Filter.Page ?? 1) - 1) * PageSize + Tasks.Items.Count:N0}{(Tasks.Next is null ? "" : "+")}";

    /// <summary>The busiest owners, and of few teams also their members who own nothing.</summary>
    public IReadOnlyList<OwnerLoad> People { get; } =
    [
        .. Load
            .Owners.Concat((
                    Shown is not null ? [Shown]
                    : Load.Owners.Count > Busiest ? []
                    : Teams
                ).SelectMany(team => team.Members).Select(member => new OwnerLoad(member.Id, member.DisplayName, 0, 0)))
            .DistinctBy(l => l.Id)
            .Take(Shown is null ? Busiest : int.MaxValue),
    ];

    /// <summary>How many owners are not named.</summary>
    public int MorePeople => Load.Owners.Count - People.Count(p => p.Open > 0);

    /// <summary>The people one of the tasks can be assigned to, by name.</summary>
    public IReadOnlyList<Assignee> Anybody { get; } =
    [.. Assignees.SelectMany(a => a).DistinctBy(a => a.UserName).OrderBy(a => a.DisplayName, StringComparer.CurrentCulture)];

    /// <summary>
    /// The choices of people, each once however many tasks have it: tasks of a team differ only in their owner, who is left out where it is read.
    /// </summary>
    public IReadOnlyDictionary<Guid, int> Choices => _choices ??= GroupChoices();

    /// <summary>The people of each choice, the least busy first.</summary>
    public IReadOnlyList<IReadOnlyList<Assignee>> ChoicesOf
    {
        get
        {
            _ = Choices;
            return _people!;
        }
    }

    public string AllHref => $"/team{(Filter with { Q = null, Journey = null, Show = null, Page = null }).Query}";

    public string Href => $"/team{Filter.Query}";

    public string PageHref(int page) => $"/team{(Filter with { Page = page > 1 ? page : null }).Query}";

    private Dictionary<Guid, int>? _choices;
    private List<IReadOnlyList<Assignee>>? _people;

    private Dictionary<Guid, int> GroupChoices()
    {
        var (choices, numbers, people) = (new Dictionary<Guid, int>(), new Dictionary<string, int>(), new List<List<Assignee>>());
        foreach (var task in Tasks.Items.Where(task => Assignees[task.Id].Any()))
        {
            var who = Assignees[task.Id].Select(a => a.Id).Concat(task.OwnerId is { } owner ? [owner] : []).Order();
            var key = string.Join(' ', who);
            if (!numbers.TryGetValue(key, out var number))
            {
                numbers.Add(key, number = people.Count);
                people.Add([]);
            }

            choices[task.Id] = number;
            people[number].AddRange(Assignees[task.Id]);
        }

        _people =
        [
            .. people.Select(all => all.DistinctBy(a => a.Id).OrderBy(a => a.OpenTasks).ThenBy(a => a.DisplayName, StringComparer.CurrentCulture).ToList()),
        ];
        return choices;
    }
}

/// <summary>What is shown of a backlog, and in which order.</summary>
/// <param name="Key">The team; null: all that the person steers.</param>
/// <param name="Q">Part of a step, reference or customer.</param>
/// <param name="Page">Page, from 1.</param>
/// <param name="Show"><c>overdue</c>, <c>unassigned</c>, <c>suspended</c>, or all.</param>
public sealed record BacklogFilter(string? Key, string? Q = null, string? Journey = null, string? Show = null, string? Sort = null, int? Page = null)
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
                    ["page"] = Page is > 1 and var page ? page.ToString(CultureInfo.InvariantCulture) : null,
                }.Where(p => !string.IsNullOrEmpty(p.Value))
            )
            .ToString();
}
