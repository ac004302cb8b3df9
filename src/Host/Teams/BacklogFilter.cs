using System.Globalization;
using NodaTime;
using Orchestration.Host.Tasks.Parts;
using Orchestration.Workflows.Board;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Teams;

/// <summary>What is shown of a backlog, and in which order: the query of the page. Every number of the board is the length of one of these lists.</summary>
/// <param name="Key">The team; null: all that the person steers.</param>
/// <param name="Q">Part of a step, reference or customer.</param>
/// <param name="Show">A key of <see cref="Shows"/>; null: all open tasks.</param>
/// <param name="Page">Page, from 1.</param>
/// <param name="Office"><c>front</c> or <c>back</c>: the teams of that office.</param>
/// <param name="Step">A step: journey, slash, step.</param>
/// <param name="Reason">Why tasks are suspended.</param>
/// <param name="Age">A key of <see cref="Ages"/>.</param>
/// <param name="Owner">User name of the owner.</param>
/// <param name="People"><c>present</c> or <c>all</c>: which people are shown beside the list.</param>
public sealed record BacklogFilter(
    string? Key = null,
    string? Q = null,
    string? Journey = null,
    string? Show = null,
    string? Sort = null,
    int? Page = null,
    string? Office = null,
    string? Step = null,
    string? Reason = null,
    string? Age = null,
    string? Owner = null,
    string? People = null
)
{
    /// <summary>How many tasks a page has.</summary>
    public const int PageSize = 25;

    public const string Overdue = "overdue";
    public const string AtRisk = "at-risk";
    public const string OnTrack = "on-track";
    public const string Waiting = "unassigned";
    public const string InWork = "in-work";
    public const string Suspended = "suspended";
    public const string ArrivedHour = "arrived-hour";
    public const string ArrivedToday = "arrived-today";
    public const string CompletedHour = "completed-hour";
    public const string CompletedToday = "completed-today";
    public const string LateToday = "late-today";

    /// <summary>What can be shown.</summary>
    public static readonly IReadOnlyList<(string Key, string Title)> Shows =
    [
        (Overdue, "Overdue"),
        (AtRisk, "At risk"),
        (OnTrack, "On track"),
        (Waiting, "Unassigned"),
        (InWork, "In work"),
        (Suspended, "Suspended"),
        (ArrivedHour, "Arrived in the last hour"),
        (ArrivedToday, "Arrived today"),
        (CompletedHour, "Completed in the last hour"),
        (CompletedToday, "Completed today"),
        (LateToday, "Completed overdue today"),
    ];

    /// <summary>How old tasks are, in days: from and to.</summary>
    public static readonly IReadOnlyList<(string Key, string Title, int? From, int? To)> Ages =
    [
        ("1", "Under 1 day", null, 1),
        ("3", "1 to 3 days", 1, 3),
        ("7", "3 to 7 days", 3, 7),
        ("older", "Over 7 days", 7, null),
    ];

    /// <summary>Whether it shows less than all open tasks.</summary>
    public bool IsOn =>
        Query != (this with { Q = null, Journey = null, Show = null, Office = null, Step = null, Reason = null, Age = null, Owner = null }).Query;

    /// <summary>Heading of the list.</summary>
    public string Title => Shows.FirstOrDefault(show => show.Key == Show).Title is { } title ? title : "Soonest due";

    public string Query =>
        QueryString
            .Create(
                new Dictionary<string, string?>
                {
                    ["key"] = Key,
                    ["office"] = Office,
                    ["step"] = Step,
                    ["q"] = Q,
                    ["journey"] = Journey,
                    ["show"] = Show,
                    ["reason"] = Reason,
                    ["age"] = Age,
                    ["owner"] = Owner,
                    ["sort"] = Sort,
                    ["people"] = People,
                    ["page"] = Page is > 1 and var page ? page.ToString(CultureInfo.InvariantCulture) : null,
                }.Where(p => !string.IsNullOrEmpty(p.Value))
            )
            .ToString();

    /// <summary>The list that it stands for.</summary>
    /// <param name="days">The day of each team that is shown.</param>
    /// <param name="owner">Id of the owner.</param>
    public TaskFilter List(IReadOnlyDictionary<string, BoardDay> days, Guid? owner, Instant now)
    {
        var age = Ages.FirstOrDefault(one => one.Key == Age);
        var hour = days.Keys.ToDictionary(team => team, _ => now - Duration.FromHours(1));
        var today = days.ToDictionary(day => day.Key, day => day.Value.Today);
        return new()
        {
            View = "all",
            Teams = [.. days.Keys],
            Search = Q,
            Journey = string.IsNullOrEmpty(Journey) ? null : Journey,
            Step = Step?.LastIndexOf('/') is > 0 and var at ? (Step[..at], Step[(at + 1)..]) : null,
            Owner = owner,
            Overdue = Show == Overdue ? true : null,
            AtRisk = Show switch
            {
                AtRisk => true,
                OnTrack => false,
                _ => null,
            },
            State = Show switch
            {
                Waiting => TaskState.Ready,
                Suspended => TaskState.Suspended,
                _ => null,
            },
            InWork = Show == InWork,
            WaitsFor = string.IsNullOrEmpty(Reason) ? null : Reason,
            Opened = (Ago(age.To), Ago(age.From)),
            Flow = Show switch
            {
                ArrivedHour => new(FlowKind.Arrived, hour),
                ArrivedToday => new(FlowKind.Arrived, today),
                CompletedHour => new(FlowKind.Completed, hour),
                CompletedToday => new(FlowKind.Completed, today),
                LateToday => new(FlowKind.CompletedLate, today),
                _ => null,
            },
            Sort = TaskOrder.Of(Sort),
            Skip = (Math.Max(1, Page ?? 1) - 1) * PageSize,
            Limit = PageSize,
        };

        Instant? Ago(int? number) => number is { } n ? now - Duration.FromDays(n) : null;
    }
}
