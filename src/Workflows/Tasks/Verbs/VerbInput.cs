using System.Text.Json.Nodes;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>What someone enters for a verb on a task. Each verb reads the members it needs and ignores the others.</summary>
public sealed record VerbInput
{
    /// <summary>Why; for a suspended task, what it waits for.</summary>
    public string? Reason { get; init; }

    /// <summary>User name of the new owner.</summary>
    public string? Person { get; init; }

    /// <summary>Key of the team the task goes to.</summary>
    public string? Team { get; init; }

    /// <summary>Id of the step the case returns to.</summary>
    public string? Step { get; init; }

    /// <summary>A comment, or more about the reason.</summary>
    public string? Note { get; init; }

    /// <summary>1 (critical) to 5 (planning).</summary>
    public int? Priority { get; init; }

    /// <summary>When a suspended task resumes by itself; null: only when someone resumes it.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>How the step ends.</summary>
    public string? Outcome { get; init; }

    /// <summary>User name of the reviewer; null: anyone who may review it.</summary>
    public string? Reviewer { get; init; }

    /// <summary>The form's data.</summary>
    public JsonObject? Data { get; init; }
}
