using NodaTime;
using Orchestration.Host.Identity;
using Orchestration.Host.Tasks.Parts;
using Orchestration.Workflows;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Cases;

/// <summary>The data of the list of cases.</summary>
public sealed record CaseListView(Page<CaseSummary> Page, CaseListFilter Filter, IReadOnlyDictionary<string, string> Journeys, Instant Now);

/// <summary>The filter of the list.</summary>
public sealed record CaseListFilter(string? Q, string? Journey, string? Status, string? Cursor)
{
    public bool IsOn => !string.IsNullOrWhiteSpace(Q) || !string.IsNullOrEmpty(Journey) || !string.IsNullOrEmpty(Status);

    public string Query =>
        QueryString
            .Create(
                new Dictionary<string, string?>
                {
                    ["q"] = Q,
                    ["journey"] = Journey,
                    ["status"] = Status,
                    ["cursor"] = Cursor,
                }.Where(p => !string.IsNullOrEmpty(p.Value))
            )
            .ToString();
}

/// <summary>The data of a case's page.</summary>
public sealed record CaseView
{
    public required CaseDetail Detail { get; init; }
    public required string Journey { get; init; }
    public required IReadOnlyList<CaseStep> Steps { get; init; }
    public required IReadOnlyList<TimelineEntry> Timeline { get; init; }

    /// <summary>Clocks of the case itself.</summary>
    public required IReadOnlyList<StoredClock> Clocks { get; init; }

    /// <summary>Step titles by activity.</summary>
    public required Func<string, string> StepName { get; init; }
    public required IReadOnlyDictionary<string, string> Teams { get; init; }

    /// <summary>Changes by hand that wait for a second person.</summary>
    public required IReadOnlyList<CaseChange> Changes { get; init; }

    /// <summary>Names of people in the history, by user name.</summary>
    public required IReadOnlyDictionary<string, string> Names { get; init; }
    public required string CreatedBy { get; init; }
    public required Person Me { get; init; }
    public required Instant Now { get; init; }

    /// <summary>Why the last thing asked for was not done.</summary>
    public string? Refused { get; init; }
    public DoneStep? Done { get; init; }

    public CaseSummary Case => Detail.Case;
    public bool MaySteer => Policies.Allow(Policies.AlterCases, Me);
    public bool IsRunning => Case.Status == "Running";
}
