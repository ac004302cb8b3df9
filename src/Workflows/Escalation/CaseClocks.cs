using System.Data.Common;
using Npgsql;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Escalation;

/// <summary>
/// Clocks of cases, moved by what happens to the case, in the transaction in which it happens: the case opens, a step is completed, an event is published by
/// the case or to it, the case ends. No clock outlives its case; one whose case ends without its goal is cancelled. A case that failed keeps its clocks: what
/// it owes, it still owes.
/// </summary>
internal sealed class CaseClocks(ServiceLevelCatalog serviceLevels) : BurstObserver
{
    private const string EventBookmark = "Elsa.Event";
    private const string EventPayload = "__EventPayloadWorkflowInput";

    public override NpgsqlBatchCommand Select((string Sql, object? Value) instance) =>
        Sql.Command(
            $"""
            select id, state, policy from sla_clock where instance_id = {instance.Sql} and task_id is null and status in ('Running', 'Paused')
                order by created_at, id
            """,
            instance.Value
        );

    public override async Task<object?> ReadAsync(DbDataReader reader, CancellationToken cancel) =>
        new ClockSet(serviceLevels, await ClockReader.ReadLiveAsync(reader, cancel));

    public override object? Moved(BurstResult result, Stimulus stimulus, BurstWriteContext context, object? known)
    {
        var clocks = (ClockSet?)known ?? new(serviceLevels, LiveClocks.None);
        if (result.Refused is not null || context.State.ParentInstanceId is not null)
            return clocks;
        if (context.State.Status == WorkflowStatus.Finished || !context.Transaction.IsRunning)
            CaseWords.Keep(context.Transaction, context.InstanceId);
        Follow(Happened(result, stimulus, context.State), context, clocks);
        if (context.State is { Status: WorkflowStatus.Finished, SubStatus: not WorkflowSubStatus.Faulted })
            clocks.End(null, context.Transaction.Now);
        clocks.Write(context.Transaction, context.History, context.InstanceId, null);
        return clocks;
    }

    public override object? Told(string eventName, object? payload, BurstWriteContext context, object? known)
    {
        var clocks = (ClockSet?)known ?? new(serviceLevels, LiveClocks.None);
        if (context.State.Status == WorkflowStatus.Running)
            Follow([($"event:{eventName}", payload)], context, clocks);
        clocks.Write(context.Transaction, context.History, context.InstanceId, null);
        return clocks;
    }

    public override async Task<IReadOnlyList<IBurstWrite>> GivenUpAsync(InstanceTransaction transaction, object? known, CancellationToken cancel)
    {
        if (known is ClockSet clocks)
        {
            clocks.End(null, transaction.Now);
            clocks.Write(transaction, transaction.History, transaction.InstanceId!.Value, null);
        }

        CaseWords.Keep(transaction, transaction.InstanceId!.Value);
        var tasks = new List<IBurstWrite>();
        await using var reader = await transaction.QueryAsync(
            Sql.Command("select bookmark_id, activity_id from task where instance_id = $1 and ended_at is null", transaction.InstanceId),
            cancel
        );
        while (await reader.ReadAsync(cancel))
            tasks.Add(WithdrawTask.Cancelled(Ids.Text(reader.GetGuid(0)), reader.GetString(1)));
        return tasks;
    }

    /// <summary>The clock events of a burst, in order: its cause, the completed steps, its end.</summary>
    private static List<(string Name, object? Data)> Happened(BurstResult result, Stimulus stimulus, InstanceState state)
    {
        var happened = new List<(string, object?)>();
        var resume = stimulus as Stimulus.Resume;
        if (stimulus is Stimulus.Start)
            happened.Add(("case.opened", null));
        foreach (var burnt in result.Burnt)
        {
            if (
                burnt is { Reason: BurnReason.Resumed, Bookmark: { Name: EventBookmark, Payload: OrderedDictionary<string, object?> waited } }
                && waited.GetValueOrDefault("EventName") is string name
            )
                happened.Add(($"event:{name}", resume?.Input.GetValueOrDefault(EventPayload)));
        }

        foreach (var execution in result.Executions)
        {
            if (execution.Status != ActivityStatus.Completed || execution.Node.TypeName != TaskBookmark.Name)
                continue;
            var data = resume is null ? null : TaskBookmark.DataOf(resume.Input);
            happened.Add(($"step:{execution.Node.Name ?? execution.Node.Id}.completed", data));
            if (execution.Node.Name is { } given && given != execution.Node.Id)
                happened.Add(($"step:{execution.Node.Id}.completed", data));
        }

        foreach (var outgoing in result.Outgoing)
        {
            // One that this case waits for itself counts when it arrives.
            if (outgoing is OutgoingStimulus.PublishEvent e && IsToItself(e, state) && !state.Bookmarks.Exists(b => b.Hash == StimulusHash.Event(e.EventName)))
                happened.Add(($"event:{e.EventName}", e.Payload));
        }

        if (state is { Status: WorkflowStatus.Finished, SubStatus: WorkflowSubStatus.Finished })
            happened.Add(("case.completed", null));
        else if (state is { Status: WorkflowStatus.Finished, SubStatus: WorkflowSubStatus.Cancelled })
            happened.Add(("case.cancelled", null));
        if (happened.Count == 0)
            happened.Add(("case.moved", null));
        return happened;
    }

    private static bool IsToItself(OutgoingStimulus.PublishEvent e, InstanceState state) =>
        e.InstanceId is { } instance ? instance == state.Id : e.CorrelationId is { } reference && reference == state.CorrelationId;

    private void Follow(List<(string Name, object? Data)> happened, BurstWriteContext context, ClockSet clocks)
    {
        if (clocks.IsEmpty && !happened.Exists(h => serviceLevels.OfCase(h.Name).Any()))
            return;
        var known = CaseFacts.Of(context.State, context.Workflow);
        var waits = Waits(context.State, context.Workflow);
        foreach (var (name, data) in happened)
            clocks.Follow(name, waits, CaseFacts.With(known, data), serviceLevels.OfCase(name), context.Transaction.Now);
    }

    /// <summary>
    /// What the case waits for, as policies name it in <c>pauseReasons</c>: <c>step:NAME</c> for an activity that waits, <c>event:NAME</c> for an event.
    /// </summary>
    private static HashSet<string> Waits(InstanceState state, CompiledWorkflow workflow)
    {
        var waits = SubjectChange.Reasons([]);
        foreach (var bookmark in state.Bookmarks)
        {
            waits.Add($"step:{workflow.FindActivity(bookmark.ActivityId)?.Name ?? bookmark.ActivityId}");
            if (bookmark is { Name: EventBookmark, Payload: OrderedDictionary<string, object?> waited } && waited.GetValueOrDefault("EventName") is string name)
                waits.Add($"event:{name}");
        }

        return waits;
    }
}
