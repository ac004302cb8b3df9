using System.Text.Json.Serialization;
using NodaTime;

namespace Orchestration.Workflows.Retention;

/// <summary>What a hold takes in: a case; or all cases that fit everything that is named.</summary>
/// <param name="CaseId">One case, and nothing else.</param>
/// <param name="CustomerId">Cases of a customer, and of the records merged with it; the record itself too.</param>
/// <param name="Journey">Cases of a journey.</param>
/// <param name="StartedFrom">Cases that began on this day (UTC) or later.</param>
/// <param name="StartedUntil">Cases that began on this day (UTC) or earlier.</param>
/// <param name="Words">Cases with this in their reference, customer or journey.</param>
public sealed record HoldScope(
    Guid? CaseId = null,
    Guid? CustomerId = null,
    string? Journey = null,
    LocalDate? StartedFrom = null,
    LocalDate? StartedUntil = null,
    string? Words = null
)
{
    /// <summary>Whether it names nothing.</summary>
    [JsonIgnore]
    public bool IsEmpty => this == new HoldScope();
}

/// <summary>A legal hold.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Scope">What it takes in.</param>
/// <param name="Reference">Reference of its case, or null.</param>
/// <param name="CustomerName">Name of its customer, or null.</param>
/// <param name="Reason">Why.</param>
/// <param name="PlacedBy">User name of who placed it.</param>
/// <param name="PlacedAt">When.</param>
/// <param name="Until">When it ends by itself; null: when someone lifts it.</param>
/// <param name="LiftedBy">User name of who lifted it; null: no one did.</param>
/// <param name="LiftedAt">When.</param>
/// <param name="LiftReason">Why.</param>
public sealed record LegalHold(
    Guid Id,
    HoldScope Scope,
    string? Reference,
    string? CustomerName,
    string Reason,
    string PlacedBy,
    Instant PlacedAt,
    Instant? Until,
    string? LiftedBy,
    Instant? LiftedAt,
    string? LiftReason
)
{
    /// <summary>Its last day (UTC), or null.</summary>
    public LocalDate? LastDay => Until?.InUtc().Date.PlusDays(-1);

    /// <summary>Whether it holds anything now.</summary>
    public bool IsInForce(Instant now) => LiftedAt is null && (Until is null || Until > now);
}

/// <summary>A case that a hold takes in.</summary>
public sealed record HeldCase(Guid Id, string Reference, string Journey, string CustomerName, Instant StartedAt, Instant? EndedAt);

/// <summary>How placing or lifting a hold went.</summary>
public abstract record HoldResult
{
    private HoldResult() { }

    /// <summary>Done.</summary>
    public sealed record Done(Guid Id) : HoldResult;

    /// <summary>Reasons by field.</summary>
    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : HoldResult;

    /// <summary>It was lifted before.</summary>
    public sealed record Ended : HoldResult;

    /// <summary>There is no such hold.</summary>
    public sealed record NotFound : HoldResult;
}
