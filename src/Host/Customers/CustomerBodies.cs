using Orchestration.Workflows.Customers;
using Orchestration.Workflows.OwnView;

namespace Orchestration.Host.Customers;

/// <summary>What is known about a customer. Everything that is left out is cleared.</summary>
/// <param name="Name">What we call them.</param>
/// <param name="OtherNames">Other names and spellings they are known by.</param>
/// <param name="Emails">Email addresses.</param>
/// <param name="Phones">Telephone numbers.</param>
/// <param name="Addresses">Postal addresses, each with its lines.</param>
/// <param name="Languages">Tags such as en or pt-BR, the preferred one first.</param>
/// <param name="BornOn">Date of birth.</param>
/// <param name="Consents">What they agreed to.</param>
/// <param name="Identifiers">What others call them; each is unique.</param>
/// <param name="Vulnerability">Why they need particular care. Ignored from those who may not know it.</param>
public sealed record CustomerRecordBody(
    string? Name,
    IReadOnlyList<string>? OtherNames = null,
    IReadOnlyList<string>? Emails = null,
    IReadOnlyList<string>? Phones = null,
    IReadOnlyList<string>? Addresses = null,
    IReadOnlyList<string>? Languages = null,
    DateOnly? BornOn = null,
    IReadOnlyList<Consent>? Consents = null,
    IReadOnlyList<CustomerIdentifier>? Identifiers = null,
    string? Vulnerability = null
)
{
    internal CustomerData Data(string? number) =>
        new(number ?? "", Name ?? "")
        {
            OtherNames = Some(OtherNames),
            Emails = Some(Emails),
            Phones = Some(Phones),
            Addresses = Some(Addresses),
            Languages = Some(Languages),
            BornOn = BornOn,
            Consents = [.. (Consents ?? []).OfType<Consent>().Select(c => c with { What = c.What ?? "" })],
            Identifiers = [.. (Identifiers ?? []).OfType<CustomerIdentifier>().Select(i => new CustomerIdentifier(i.Kind ?? "", i.Value ?? ""))],
            Vulnerability = Vulnerability,
        };

    private static List<string> Some(IReadOnlyList<string>? texts) => [.. (texts ?? []).OfType<string>()];
}

/// <summary>A customer to add.</summary>
/// <param name="Number">What cases name them by. It can't be changed later.</param>
/// <param name="Record">What is known about them.</param>
public sealed record AddCustomerBody(string? Number, CustomerRecordBody? Record);

/// <summary>What a customer becomes.</summary>
/// <param name="Revision">Revision you last saw.</param>
/// <param name="Record">What is known about them.</param>
public sealed record ChangeCustomerBody(int? Revision, CustomerRecordBody? Record);

/// <summary>Which record is left.</summary>
/// <param name="Into">Its id.</param>
public sealed record MergeBody(Guid Into);

/// <summary>A contact with a customer.</summary>
/// <param name="Channel">Call, Email, Letter, Portal or Visit.</param>
/// <param name="Incoming">Whether the customer came to us. Default: yes.</param>
/// <param name="Outcome">Answered, CallBackPromised, MessageLeft, NotReached, Received or Sent.</param>
/// <param name="Note">More, at most 4000 characters.</param>
/// <param name="CaseId">Case it was about.</param>
/// <param name="TaskId">Step of that case.</param>
/// <param name="Resume">Tasks of that case that waited for the customer and go on now.</param>
/// <param name="OperationId">Chosen by you; the same ID with the same contact records it once.</param>
public sealed record ContactBody(
    string? Channel,
    bool Incoming = true,
    string? Outcome = null,
    string? Note = null,
    Guid? CaseId = null,
    Guid? TaskId = null,
    IReadOnlyList<Guid>? Resume = null,
    string? OperationId = null
)
{
    /// <summary>The contact, or null with the errors.</summary>
    internal ContactRequest? Read(Dictionary<string, string[]> errors)
    {
        if (!Enum.TryParse<ContactChannel>(Channel, ignoreCase: true, out var channel) || !Enum.IsDefined(channel))
            errors["channel"] = [$"must be one of {string.Join(", ", Enum.GetNames<ContactChannel>())}"];
        if (!Enum.TryParse<ContactOutcome>(Outcome, ignoreCase: true, out var outcome) || !Enum.IsDefined(outcome))
            errors["outcome"] = [$"must be one of {string.Join(", ", Enum.GetNames<ContactOutcome>())}"];
        if (OperationId is { Length: 0 or > 200 })
            errors["operationId"] = ["must have from 1 to 200 characters"];
        return errors.Count > 0 ? null : new(channel, Incoming, outcome, Note ?? "", CaseId, TaskId, Resume, OperationId);
    }
}

/// <summary>A contact that was recorded.</summary>
/// <param name="Id">Its id.</param>
/// <param name="NotResumed">Why tasks that should go on still wait.</param>
public sealed record RecordedContact(Guid Id, IReadOnlyList<string> NotResumed);

/// <summary>That a customer is sensitive.</summary>
/// <param name="Revision">Revision of the customer you last saw.</param>
/// <param name="Kind">Why.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record SensitiveBody(int? Revision, SensitiveKind? Kind, string? Reason);

/// <summary>What customers say about us.</summary>
/// <param name="Figures">In numbers.</param>
/// <param name="Ratings">What they said, the newest first.</param>
public sealed record SatisfactionAnswer(Satisfaction Figures, IReadOnlyList<CustomerRating> Ratings);
