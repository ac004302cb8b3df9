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
/// <param name="Assignees">Who could be given which of the tasks.</param>
/// <param name="Now">Now.</param>
public sealed record TeamBacklog(
    IReadOnlyList<Team> Teams,
    Team? Shown,
    Page<TaskSummary> Tasks,
    ListLength Length,
    ILookup<Guid, Assignee> Assignees,
    Instant Now
)
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

    /// <summary>Whether the list has more tasks than the page.</summary>
    public bool HasMore => Length.IsMore || Length.Count > Tasks.Items.Count;

    public string AllHref => $"/team{new BacklogFilter(Filter.Key, Sort: Filter.Sort).Query}";

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
