using NodaTime;
using Orchestration.Host.CustomerPromises;
using Orchestration.Host.Identity;
using Orchestration.Host.OwnView;
using Orchestration.Host.Tasks.Parts;
using Orchestration.Workflows;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Filters;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Retention;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Lists;
using Orchestration.Workflows.Tasks.Notes;

namespace Orchestration.Host.Cases;

/// <summary>The data of the list of cases.</summary>
public sealed record CaseListView(Page<CaseSummary> Page, CaseListFilter Filter, IReadOnlyDictionary<string, string> Journeys, Instant Now)
{
    public IReadOnlyList<SavedFilter> Saved { get; init; } = [];
}

/// <summary>The filter of the list.</summary>
public sealed record CaseListFilter(string? Q, string? Journey, string? Status, string? Urgency, string? Cursor, string? Sort = null)
{
    /// <summary>The orders that the list offers.</summary>
    public static readonly IReadOnlyList<(string Key, string Title)> Orders = [("", "Newest first"), ("oldest", "Oldest first")];

    public bool IsOn => !string.IsNullOrWhiteSpace(Q) || !string.IsNullOrEmpty(Journey) || !string.IsNullOrEmpty(Status) || !string.IsNullOrEmpty(Urgency);

    public string Query =>
        QueryString
            .Create(
                new Dictionary<string, string?>
                {
                    ["q"] = Q,
                    ["journey"] = Journey,
                    ["status"] = Status,
                    ["urgency"] = Urgency,
                    ["sort"] = Sort,
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

    /// <summary>Clocks of the case itself, except promises.</summary>
    public required IReadOnlyList<StoredClock> Clocks { get; init; }

    /// <summary>Clocks of the case itself that can't be read.</summary>
    public required IReadOnlyList<LostClock> LostClocks { get; init; }

    /// <summary>What the customer was promised.</summary>
    public required PromiseView Promises { get; init; }

    /// <summary>The customer's own view; null: the case has no customer with a record that the reader sees.</summary>
    public required OwnViewPanelView? OwnView { get; init; }

    /// <summary>Files of tasks that the reader can open.</summary>
    public required IReadOnlyList<CaseFile> Files { get; init; }

    /// <summary>Step titles by activity.</summary>
    public required Func<string, string> StepName { get; init; }
    public required IReadOnlyDictionary<string, string> Teams { get; init; }

    /// <summary>Changes by hand that wait for a second person.</summary>
    public required IReadOnlyList<CaseChange> Changes { get; init; }

    /// <summary>Legal holds in force.</summary>
    public IReadOnlyList<LegalHold> Holds { get; init; } = [];

    /// <summary>Names of people in the history, by user name.</summary>
    public required IReadOnlyDictionary<string, string> Names { get; init; }
    public required string CreatedBy { get; init; }
    public required Person Me { get; init; }
    public required Instant Now { get; init; }

    /// <summary>Why the last thing asked for was not done.</summary>
    public string? Refused { get; init; }
    public DoneStep? Done { get; init; }

    public CaseSummary Case => Detail.Case;
    public bool MaySteer => Me.May(Permissions.AlterCases);
    public bool MayRemove => Case.TestBy == Me.Id || (Case.IsTest && Me.May(Permissions.RemoveTests));
    public bool IsRunning => Case.Status == "Running";

    /// <summary>It runs, or it failed and could run again.</summary>
    public bool CanBeCancelled => IsRunning || Case.SubStatus == "Faulted";
}
