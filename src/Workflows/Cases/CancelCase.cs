using System.Text.Json;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Cases;

/// <summary>How cancelling a case went.</summary>
public enum CancelCaseResult
{
    Cancelled,

    /// <summary>It had ended before.</summary>
    Ended,
    NotFound,
}

/// <summary>Cancels a case that runs or has failed: its tasks, timers and clocks go in the same transaction.</summary>
public static class CancelCase
{
    /// <summary>Cancels.</summary>
    public static async Task<CancelCaseResult> RunAsync(WorkflowRuntime runtime, Guid id, string reason, Person actor, CancellationToken cancel = default)
    {
        await using var transaction = await InstanceTransaction.OpenAsync(runtime, actor.UserName, ("$1", id), cancel: cancel);
        if (transaction.InstanceId is null)
            return CancelCaseResult.NotFound;
        await transaction.DoneReadingAsync();
        if (!transaction.IsRunning && transaction.State.SubStatus != WorkflowSubStatus.Faulted)
            return CancelCaseResult.Ended;
        transaction.Record(new("case.cancelled", "case", Ids.Text(id), 0, JsonSerializer.SerializeToUtf8Bytes(new { reason })));
        await transaction.AdvanceAsync(new Stimulus.Cancel(reason, GivesUp: true), cancel);
        await transaction.CommitAsync(cancel);
        return CancelCaseResult.Cancelled;
    }
}
