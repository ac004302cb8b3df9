using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Audit;

/// <summary>A task as it was.</summary>
/// <param name="Id">The task.</param>
/// <param name="Step">Its step in the journey.</param>
/// <param name="Title">Its title.</param>
/// <param name="OpenedAt">When it was opened.</param>
public sealed record TaskAt(Guid Id, string Step, string Title, Instant OpenedAt)
{
    public TaskState State { get; init; } = TaskState.Ready;
    public string? Team { get; init; }
    public IReadOnlyList<string> Candidates { get; init; } = [];

    /// <summary>Who had it; null: no one.</summary>
    public Guid? Owner { get; init; }

    /// <summary>Who reviewed it, or was asked to.</summary>
    public Guid? Reviewer { get; init; }
    public int? Priority { get; init; }

    /// <summary>Name of its form, or null.</summary>
    public string? Form { get; init; }

    /// <summary>How it had ended.</summary>
    public string? Outcome { get; init; }

    /// <summary>Why it was suspended.</summary>
    public string? WaitsFor { get; init; }
    public Instant? EndedAt { get; init; }

    /// <summary>Everyone who had worked on it, reviewed it or watched it.</summary>
    public IReadOnlyList<Guid> Involved { get; init; } = [];

    /// <summary>In whose place the owner had it.</summary>
    public Guid? OnBehalfOf { get; init; }

    internal TaskState Before { get; init; } = TaskState.Ready;
}

/// <summary>A clock as it was.</summary>
/// <param name="Id">The clock.</param>
/// <param name="Name">What it is called: the policy's name, or what was promised.</param>
/// <param name="StartedAt">When it was started.</param>
public sealed record ClockAt(Guid Id, string Name, Instant StartedAt)
{
    /// <summary>Id of the policy; null for a promise.</summary>
    public string? Policy { get; init; }

    /// <summary>The task it belongs to; null: the case itself.</summary>
    public Guid? Task { get; init; }
    public bool IsPromise { get; init; }
    public ClockStatus Status { get; init; } = ClockStatus.Running;

    /// <summary>When it was due; null while it was paused.</summary>
    public Instant? DueAt { get; init; }
    public bool Breached { get; init; }
    public Instant? EndedAt { get; init; }

    /// <summary>What became of a promise, as history says it: <c>kept</c>, <c>broken</c> …</summary>
    public string? Settled { get; init; }
}

/// <summary>A case as it was at a moment, from its history alone (<see cref="CaseReplay"/>).</summary>
public sealed record CaseAt
{
    /// <summary>Time of the last event that is part of it; null: there was none yet.</summary>
    public Instant? At { get; init; }

    /// <summary>The last event that is part of it; 0: none.</summary>
    public int Sequence { get; init; }

    /// <summary>Running, Completed, Cancelled or Faulted; null: it hadn't begun.</summary>
    public string? Status { get; init; }
    public string? Journey { get; init; }
    public string? Reference { get; init; }
    public string? CustomerNumber { get; init; }
    public string? CustomerName { get; init; }
    public string? StartedBy { get; init; }
    public Instant? StartedAt { get; init; }
    public Instant? EndedAt { get; init; }

    /// <summary>Id of the version of the journey that it started with.</summary>
    public string? FirstVersionId { get; init; }

    /// <summary>Number of the version it was moved to since; null: it wasn't.</summary>
    public int? MovedTo { get; init; }

    /// <summary>Variables that were set, by name.</summary>
    public required IReadOnlyDictionary<string, JsonNode?> Variables { get; init; }

    /// <summary>What was entered in each step the last time it ended.</summary>
    public required IReadOnlyDictionary<string, JsonNode?> Entered { get; init; }
    public required IReadOnlyList<TaskAt> Tasks { get; init; }
    public required IReadOnlyList<ClockAt> Clocks { get; init; }

    /// <summary>Steps of the journey that had ended, and those that waited.</summary>
    public required IReadOnlySet<string> Ended { get; init; }
    public required IReadOnlySet<string> Waiting { get; init; }

    /// <summary>Everyone who watched the case.</summary>
    public required IReadOnlyList<Guid> Watchers { get; init; }

    /// <summary>Payloads that had been erased: what they said is unknown.</summary>
    public int Erased { get; init; }
}
