using NodaTime;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Inbox;

/// <summary>What My work shows.</summary>
/// <param name="Count">How much there is.</param>
/// <param name="Mine">What the person has, by due time.</param>
/// <param name="Open">What they could claim, by due time.</param>
/// <param name="Journeys">Names of journeys by id.</param>
/// <param name="Teams">Titles of teams by key.</param>
/// <param name="Filter">What the lists are narrowed to.</param>
/// <param name="Now">Now.</param>
public sealed record MyWork(
    WorkCount Count,
    IReadOnlyList<TaskSummary> Mine,
    IReadOnlyList<TaskSummary> Open,
    IReadOnlyDictionary<string, string> Journeys,
    IReadOnlyDictionary<string, string> Teams,
    WorkFilter Filter,
    Instant Now
);

/// <summary>What the lists of My work are narrowed to.</summary>
public sealed record WorkFilter(string? Q, string? Journey, string? Show)
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
                }.Where(p => !string.IsNullOrEmpty(p.Value))
            )
            .ToString();
}
