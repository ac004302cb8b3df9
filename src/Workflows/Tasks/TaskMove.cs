using Orchestration.Engine.Runtime;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows.Tasks;

/// <summary>Something that happened to a task, for its clocks.</summary>
/// <param name="Task">The task.</param>
/// <param name="Title">Its title, for history.</param>
/// <param name="ActivityId">Its step.</param>
/// <param name="Policies">SLA policies that the step names.</param>
/// <param name="Event">What happened, as history names it: <c>task.claimed</c>.</param>
public sealed record TaskMove(Guid Task, string Title, string ActivityId, string[] Policies, string Event)
{
    /// <summary>The pause reason of the task after the move, or null.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>The task has ended.</summary>
    public bool Ends { get; init; }

    /// <summary>Data that a person entered with it.</summary>
    public OrderedDictionary<string, object?>? SubmittedData { get; init; }
}

/// <summary>Moves the clocks of a task after it moved, in the same transaction. The only call from tasks into a folder above them.</summary>
/// <param name="transaction">Transaction of the task's case.</param>
/// <param name="clocks">Live clocks of the task, read under the case's lock.</param>
/// <param name="move">What happened.</param>
public delegate ValueTask ClocksFollow(InstanceTransaction transaction, LiveClocks clocks, TaskMove move, CancellationToken cancel);
