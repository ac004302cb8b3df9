using System.Text.Json.Serialization;
using NodaTime;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Jobs;

/// <summary>What someone wants done in the background.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Bulk), "bulk")]
[JsonDerivedType(typeof(Migrate), "migrate")]
[JsonDerivedType(typeof(Recompute), "recompute")]
[JsonDerivedType(typeof(CheckHistory), "check-history")]
public abstract record WorkOrder
{
    /// <summary>Most items of one order.</summary>
    public const int MaxItems = 10_000;

    private WorkOrder() { }

    /// <summary>The same verb on many tasks.</summary>
    public sealed record Bulk(string Verb, VerbInput Input, IReadOnlyList<BulkItem> Items) : WorkOrder;

    /// <summary>Move cases to another version of their definition.</summary>
    public sealed record Migrate(string DefinitionId, int ToVersion, string Reason, bool MayAlterCases, IReadOnlyList<Guid> Instances) : WorkOrder;

    /// <summary>Recompute clocks after a calendar or policy changed, or preview that.</summary>
    public sealed record Recompute(string? Calendar, string? Policy, string? Reason, bool Store) : WorkOrder;

    /// <summary>Check all history against its hashes, its log and what is held outside. Its items are events.</summary>
    public sealed record CheckHistory : WorkOrder;
}

/// <summary>How far it is.</summary>
public enum WorkState
{
    /// <summary>Not started yet.</summary>
    Queued,

    /// <summary>It has been started.</summary>
    Running,

    /// <summary>Every item was dealt with.</summary>
    Done,

    /// <summary>It used up its retries; completed items are kept.</summary>
    Failed,
}

/// <summary>An item that was not done.</summary>
/// <param name="Id">The task or case.</param>
/// <param name="Reason">Why, as a sentence.</param>
public sealed record RefusedItem(Guid Id, string Reason);

/// <summary>The result.</summary>
/// <param name="Refused">Items that were not done, the first 500.</param>
/// <param name="Recomputed">For clocks: what changed, or would.</param>
/// <param name="Findings">For a check of history: how many differences were found.</param>
public sealed record WorkResult(IReadOnlyList<RefusedItem> Refused, RecomputeAnswer? Recomputed = null, int? Findings = null);

/// <summary>Work in the background, as the person who asked for it sees it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="RequestedBy">Who asked for it.</param>
/// <param name="RequestedAt">When.</param>
/// <param name="Order">What to do.</param>
/// <param name="State">How far it is.</param>
/// <param name="Total">Items.</param>
/// <param name="Done">Items that were done.</param>
/// <param name="Refused">Items that were not.</param>
/// <param name="Position">Where to continue; null at the beginning.</param>
/// <param name="Result">The result so far; null before the first step.</param>
/// <param name="Error">Why it was given up.</param>
/// <param name="EndedAt">When it ended.</param>
public sealed record WorkStatus(
    Guid Id,
    Guid RequestedBy,
    Instant RequestedAt,
    WorkOrder Order,
    WorkState State,
    int Total,
    int Done,
    int Refused,
    string? Position,
    WorkResult? Result,
    string? Error,
    Instant? EndedAt
)
{
    /// <summary>Whether nothing more happens to it.</summary>
    public bool Ended => State is WorkState.Done or WorkState.Failed;
}
