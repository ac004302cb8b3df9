using NodaTime;
using Orchestration.Workflows.Filters;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Inbox;

/// <summary>What My work shows.</summary>
/// <param name="Count">How much there is.</param>
/// <param name="MinePage">The first tasks the person owns.</param>
/// <param name="OpenPage">The first tasks they can claim.</param>
/// <param name="Journeys">Names of journeys by id.</param>
/// <param name="Teams">Titles of teams by key.</param>
/// <param name="Filter">The filter of the lists.</param>
/// <param name="Now">Now.</param>
/// <param name="Me">Id of the person.</param>
public sealed record MyWork(
    WorkCount Count,
    Page<TaskSummary> MinePage,
    Page<TaskSummary> OpenPage,
    IReadOnlyDictionary<string, string> Journeys,
    IReadOnlyDictionary<string, string> Teams,
    WorkFilter Filter,
    Instant Now,
    Guid Me
)
{
    public IReadOnlyList<TaskSummary> Mine => MinePage.Items;
    public IReadOnlyList<TaskSummary> Open => OpenPage.Items;

    /// <summary>Whether someone asked them to review it, and they haven't begun.</summary>
    public bool AwaitsReview(TaskSummary task) => task.State == TaskState.ReadyForReview && task.ReviewerId == Me;

    /// <summary>How many they own; of a filtered list that is longer than shown, at least so many.</summary>
    public string MineCount => Filter is { IsOn: false } && MinePage.Next is not null ? $"{Count.Mine}" : Shown(MinePage);

    /// <summary>How many they can claim.</summary>
    public string OpenCount =>
        Filter is { IsOn: false } && OpenPage.Next is not null ? $"{Count.Open}{(Count.Open >= TaskList.MostOffered ? "+" : "")}" : Shown(OpenPage);

    private static string Shown(Page<TaskSummary> page) => $"{page.Items.Count}{(page.Next is null ? "" : "+")}";

    public IReadOnlyList<SavedFilter> Saved { get; init; } = [];
}

/// <summary>The filter of My work.</summary>
public sealed record WorkFilter(string? Q, string? Journey, string? Show, string? Sort = null)
{
    public bool IsOn => !string.IsNullOrWhiteSpace(Q) || !string.IsNullOrEmpty(Journey) || Show is not null;

    public string Query =>
        QueryString
            .Create(
                new Dictionary<string, string?>
                {
                    ["q"] = Q,
                    ["journey"] = Journey,
                    ["show"] = Show,
                    ["sort"] = Sort,
                }.Where(p => !string.IsNullOrEmpty(p.Value))
            )
            .ToString();
}
