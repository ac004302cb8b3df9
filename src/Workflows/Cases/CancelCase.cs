using System.Text.Json;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Cases;

/// <summary>How cancelling a case went.</summary>
public enum CancelCaseResult
{
    Cancelled,

    /// <summary>It had ended before.</summary>
    Ended,
    NotFound,
}

/// <summary>
/// Cancels a case that runs or has failed: its tasks, timers and clocks go in the same transaction. A case whose state or definition can't be read ends
/// too; its steps then have no say in it.
/// </summary>
public static class CancelCase
{
    /// <summary>Cancels.</summary>
    public static Task<CancelCaseResult> RunAsync(WorkflowRuntime runtime, Guid id, string reason, Person actor, CancellationToken cancel = default) =>
        RunAsync(runtime, id, reason, actor.UserName, cancel);

    /// <summary>Cancels, in the name of who made it needless.</summary>
    internal static async Task<CancelCaseResult> RunAsync(WorkflowRuntime runtime, Guid id, string reason, string actor, CancellationToken cancel)
    {
        try
        {
            await using var transaction = await InstanceTransaction.OpenAsync(runtime, actor, ("$1", id), cancel: cancel);
            if (transaction.InstanceId is null)
                return CancelCaseResult.NotFound;
            await transaction.DoneReadingAsync();
            if (!transaction.IsRunning && transaction.State.SubStatus != WorkflowSubStatus.Faulted)
                return CancelCaseResult.Ended;
            Record(transaction, id, reason);
            await transaction.AdvanceAsync(new Stimulus.Cancel(reason, GivesUp: true), cancel);
            await AlterCase.CancelledAsync(transaction, reason, cancel);
            await transaction.CommitAsync(cancel);
            return CancelCaseResult.Cancelled;
        }
        catch (Exception e) when (e is InvalidDataException or DefinitionUnavailableException)
        {
            return await GiveUpAsync(runtime, id, reason, actor, cancel);
        }
    }

    private static async Task<CancelCaseResult> GiveUpAsync(WorkflowRuntime runtime, Guid id, string reason, string actor, CancellationToken cancel)
    {
        var ends = Sql.Command("select status = 'Running' or sub_status = 'Faulted' from workflow_instance where id = $1", id);
        await using var transaction = await InstanceTransaction.OpenAsync(runtime, actor, ("$1", id), reads: [ends], cancel: cancel);
        await transaction.NextResultAsync(cancel);
        if (!await transaction.Reads.ReadAsync(cancel) || !transaction.Reads.GetBoolean(0))
            return CancelCaseResult.Ended;
        await transaction.DoneReadingAsync();
        Record(transaction, id, reason);
        await transaction.GiveUpAsync(cancel);
        await AlterCase.CancelledAsync(transaction, reason, cancel);
        await transaction.CommitAsync(cancel);
        return CancelCaseResult.Cancelled;
    }

    private static void Record(InstanceTransaction transaction, Guid id, string reason) =>
        transaction.Record(new("case.cancelled", "case", Ids.Text(id), 0, JsonSerializer.SerializeToUtf8Bytes(new { reason })));
}
