using NodaTime;
using Orchestration.Workflows.Filters;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Inbox;

/// <summary>What My work shows.</summary>
/// <param name="Count">How much there is.</param>
/// <param name="Mine">Tasks the person owns, by due time.</param>
/// <param name="Open">Tasks they can claim, by due time.</param>
/// <param name="Journeys">Names of journeys by id.</param>
/// <param name="Teams">Titles of teams by key.</param>
/// <param name="Filter">The filter of the lists.</param>
/// <param name="Now">Now.</param>
public sealed record MyWork(
    WorkCount Count,
    IReadOnlyList<TaskSummary> Mine,
    IReadOnlyList<TaskSummary> Open,
    IReadOnlyDictionary<string, string> Journeys,
    IReadOnlyDictionary<string, string> Teams,
    WorkFilter Filter,
    Instant Now
)
{
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
