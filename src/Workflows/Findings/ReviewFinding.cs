using System.Text.Json.Serialization;
using NodaTime;

namespace Orchestration.Workflows.Findings;

/// <summary>How much a finding matters. Its tasks have the priority that fits.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FindingSeverity>))]
public enum FindingSeverity
{
    /// <summary>Worth mending.</summary>
    Low,

    /// <summary>Against a rule, without harm so far.</summary>
    Medium,

    /// <summary>Harms a customer or breaks the law.</summary>
    High,
}

/// <summary>How far a finding is: what the tasks of its journey say.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FindingState>))]
public enum FindingState
{
    /// <summary>No one has it yet.</summary>
    Open,

    /// <summary>Someone has the task to remedy it.</summary>
    InProgress,

    /// <summary>Remedied; a reviewer has to accept that.</summary>
    Remedied,

    /// <summary>The owner says that it isn't one; a reviewer has to accept that.</summary>
    Disputed,

    /// <summary>A reviewer accepted the remedy.</summary>
    Accepted,

    /// <summary>A reviewer accepted that it isn't one.</summary>
    Rejected,

    /// <summary>Its task was cancelled or failed.</summary>
    Cancelled,
}

/// <summary>What a finding is about: a case, and a step or event of it; a person; or a search over history.</summary>
/// <param name="Case">Id of the case.</param>
/// <param name="Step">Id of a step of it.</param>
/// <param name="Event">Number of an event of it.</param>
/// <param name="Person">User name of a person.</param>
/// <param name="Search">Query of a search over history, such as <c>?action=task.completed</c>.</param>
public sealed record FindingSubject(Guid? Case = null, string? Step = null, int? Event = null, string? Person = null, string? Search = null)
{
    /// <summary>Reference of the case; names it, if its id doesn't.</summary>
    public string? Reference { get; init; }

    /// <summary>Name of the person.</summary>
    public string? PersonName { get; init; }
}

/// <summary>A finding to record.</summary>
/// <param name="Title">At most 200 characters.</param>
/// <param name="Body">What is wrong: at most 4000 characters. Its owner reads it, whether they see the case or not.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="About">What it is about.</param>
/// <param name="Team">Key of the team that remedies it; or:</param>
/// <param name="Owner">user name of the person who does.</param>
/// <param name="Due">Last day to remedy it, in the time zone of who records it.</param>
public sealed record FindingRequest(string? Title, string? Body, FindingSeverity Severity, FindingSubject About, string? Team, string? Owner, LocalDate? Due);

/// <summary>A finding.</summary>
/// <param name="Id">Its id, also of its journey's run.</param>
/// <param name="Title">One line.</param>
/// <param name="Body">What is wrong.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="State">How far it is.</param>
/// <param name="About">What it is about; null: nothing, or the reader may not see that.</param>
/// <param name="Team">Key of the team that remedies it.</param>
/// <param name="TeamTitle">Its name.</param>
/// <param name="Owner">User name of the person who remedies it.</param>
/// <param name="OwnerName">Their name.</param>
/// <param name="DueAt">When it has to be remedied by.</param>
/// <param name="IsOverdue">Not remedied, and that time is over.</param>
/// <param name="RecordedBy">User name of who recorded it.</param>
/// <param name="RecordedByName">Their name.</param>
/// <param name="RecordedAt">When.</param>
/// <param name="TaskId">The task that is open.</param>
/// <param name="WorkedOnBy">Name of who has that task.</param>
public sealed record ReviewFinding(
    Guid Id,
    string Title,
    string Body,
    FindingSeverity Severity,
    FindingState State,
    FindingSubject? About,
    string? Team,
    string? TeamTitle,
    string? Owner,
    string? OwnerName,
    Instant DueAt,
    bool IsOverdue,
    string RecordedBy,
    string RecordedByName,
    Instant RecordedAt,
    Guid? TaskId,
    string? WorkedOnBy
);

/// <summary>A task of a finding that has ended: an answer of its owner, or the decision of a reviewer.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Step">remedy or accept.</param>
/// <param name="Outcome">Remedied, Dispute, Accept or SendBack; null: it was cancelled.</param>
/// <param name="Text">What they wrote.</param>
/// <param name="By">User name of who ended it.</param>
/// <param name="ByName">Their name.</param>
/// <param name="At">When.</param>
public sealed record FindingAnswer(Guid TaskId, string Step, string? Outcome, string? Text, string By, string ByName, Instant At);

/// <summary>Which findings. Members that are null don't filter.</summary>
public sealed record FindingFilter
{
    /// <summary>In one of these states.</summary>
    public IReadOnlyList<FindingState>? States { get; init; }
    public FindingSeverity? Severity { get; init; }

    /// <summary>Key of the team that remedies them.</summary>
    public string? Team { get; init; }

    /// <summary>User name of the person who remedies them.</summary>
    public string? Owner { get; init; }

    /// <summary>Reference or id of a case.</summary>
    public string? Case { get; init; }

    /// <summary>Only those that should be remedied by now.</summary>
    public bool Overdue { get; init; }
    public (DateTime At, Guid Id)? Before { get; init; }
    public int Limit { get; init; } = 50;
}

/// <summary>How many findings there are.</summary>
/// <param name="Open">That no one has.</param>
/// <param name="InProgress">That someone works on.</param>
/// <param name="ToAccept">Whose answer a reviewer has to decide on.</param>
/// <param name="Overdue">That should be remedied by now.</param>
/// <param name="Settled">Accepted, rejected or cancelled.</param>
public sealed record FindingCounts(long Open, long InProgress, long ToAccept, long Overdue, long Settled);

/// <summary>How recording went.</summary>
public abstract record FindingResult
{
    private FindingResult() { }

    /// <summary>Recorded.</summary>
    public sealed record Done(Guid Id) : FindingResult;

    /// <summary>Reasons by field.</summary>
    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : FindingResult;

    /// <summary>Its journey isn't published.</summary>
    public sealed record Unpublished : FindingResult;
}
