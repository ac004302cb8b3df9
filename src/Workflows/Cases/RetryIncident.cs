using System.Text.Json;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Cases;

/// <summary>Runs a failed step of a case again, after the cause was fixed.</summary>
public static class RetryIncident
{
    /// <summary>
    /// Retries the activity of an incident. Null if it ran (it may have failed again, as a new incident); empty if there is no such incident;
    /// otherwise why it can't run.
    /// </summary>
    public static async Task<string?> RunAsync(
        WorkflowRuntime runtime,
        Guid id,
        string activityInstanceId,
        string reason,
        Person actor,
        CancellationToken cancel = default
    )
    {
        await using var transaction = await InstanceTransaction.OpenAsync(runtime, actor.UserName, ("$1", id), cancel: cancel);
        if (
            transaction.InstanceId is null
            || activityInstanceId.Length == 0
            || !transaction.State.Incidents.Exists(i => i.ActivityInstanceId == activityInstanceId)
        )
            return "";
        transaction.Record(new("incident.retried", "activity", activityInstanceId, 0, JsonSerializer.SerializeToUtf8Bytes(new { reason })));
        var burst = await transaction.AdvanceAsync(new Stimulus.Retry(activityInstanceId), cancel);
        if (burst.Refused is { } refused)
            return refused;
        await AlterCase.ToldAsync(transaction, "A failed step was retried.", new(reason), cancel);
        await transaction.CommitAsync(cancel);
        return null;
    }
}
