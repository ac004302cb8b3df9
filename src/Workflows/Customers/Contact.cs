using System.Text.Json.Serialization;
using NodaTime;

namespace Orchestration.Workflows.Customers;

/// <summary>How a customer and we came together.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ContactChannel>))]
public enum ContactChannel
{
    Call,
    Email,
    Letter,
    Portal,
    Visit,
}

/// <summary>What came of a contact.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ContactOutcome>))]
public enum ContactOutcome
{
    /// <summary>The question was answered.</summary>
    Answered,

    /// <summary>We call back.</summary>
    CallBackPromised,
    MessageLeft,
    NotReached,

    /// <summary>We received what we had asked for.</summary>
    Received,

    /// <summary>We sent something.</summary>
    Sent,
}

/// <summary>A contact to record.</summary>
/// <param name="Channel">How.</param>
/// <param name="Incoming">Whether the customer came to us.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Note">More, at most 4000 characters.</param>
/// <param name="CaseId">Case it was about; null: none in particular.</param>
/// <param name="TaskId">Step of that case; null: none in particular.</param>
/// <param name="Resume">Tasks of that case that waited for the customer and go on now.</param>
/// <param name="OperationId">Chosen by the caller: the same id records it once. Null: each call records one.</param>
public sealed record ContactRequest(
    ContactChannel Channel,
    bool Incoming,
    ContactOutcome Outcome,
    string Note = "",
    Guid? CaseId = null,
    Guid? TaskId = null,
    IReadOnlyList<Guid>? Resume = null,
    string? OperationId = null
);

/// <summary>A contact as it was recorded.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Channel">How.</param>
/// <param name="Incoming">Whether the customer came to us.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Note">More; or empty.</param>
/// <param name="CaseId">Case it was about, if the reader can see it.</param>
/// <param name="Reference">Reference of that case.</param>
/// <param name="TaskId">Step it was about.</param>
/// <param name="TaskTitle">What the step is called.</param>
/// <param name="At">When.</param>
/// <param name="RecordedBy">User name of who recorded it.</param>
/// <param name="RecordedByName">Their name.</param>
public sealed record Contact(
    Guid Id,
    ContactChannel Channel,
    bool Incoming,
    ContactOutcome Outcome,
    string Note,
    Guid? CaseId,
    string? Reference,
    Guid? TaskId,
    string? TaskTitle,
    Instant At,
    string RecordedBy,
    string RecordedByName
);

/// <summary>How recording a contact went.</summary>
public abstract record ContactResult
{
    private ContactResult() { }

    /// <summary>Recorded.</summary>
    /// <param name="Id">The contact.</param>
    /// <param name="NotResumed">Why tasks that should go on still wait.</param>
    public sealed record Done(Guid Id, IReadOnlyList<string> NotResumed) : ContactResult;

    /// <summary>Reasons by field.</summary>
    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : ContactResult;

    /// <summary>There is no such customer, or the person can't see them.</summary>
    public sealed record NotFound : ContactResult;

    /// <summary>The operation id was used for another request.</summary>
    public sealed record OperationReused : ContactResult;
}
