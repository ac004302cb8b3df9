using System.Data.Common;
using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Activities;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>
/// Clocks of cases, moved by what happens to the case, in the transaction in which it happens: the case opens, a step is completed, an event is published by the case or to it, the case ends. No clock outlives its case;
/// one whose case ends without its goal is cancelled. A case that failed keeps its clocks: what it owes, it still owes.
/// </summary>
internal sealed class CaseClocks(ServiceLevelCatalog serviceLevels) : BurstObserver
{
    private const string EventBookmark = "Elsa.Event";
    private const string EventPayload = "__EventPayloadWorkflowInput";

    public override NpgsqlBatchCommand Select((string Sql, object? Value) instance) =>
        Sql.Command($"select id, state from sla_clock where instance_id = {instance.Sql} and task_id is null and status in ('Running', 'Paused') order by created_at, id", instance.Value);

    public override async Task<object?> ReadAsync(DbDataReader reader, CancellationToken cancel) =>
        (await TaskClocks.ReadAsync(reader, cancel)).Select(clock => new Live(clock.Id, clock.State)).ToList();

    public override object? Moved(BurstResult result, Stimulus stimulus, BurstWriteContext context, object? known)
    {
        var clocks = (List<Live>?)known ?? [];
        if (result.Refused is not null || context.State.ParentInstanceId is not null)
            return clocks;
        Follow(Happened(result, stimulus, context.State), context, clocks);
        if (context.State is { Status: WorkflowStatus.Finished, SubStatus: not WorkflowSubStatus.Faulted })
        {
            foreach (var clock in clocks.Where(c => !c.State.Ended))
                clock.Change(Clock.Cancel(clock.State, serviceLevels.CalendarOf(clock.State), context.Transaction.Now));
        }

        return Write(clocks, context);
    }

    public override object? Told(string eventName, object? payload, BurstWriteContext context, object? known)
    {
        var clocks = (List<Live>?)known ?? [];
        if (context.State.Status == WorkflowStatus.Running)
            Follow([($"event:{eventName}", payload)], context, clocks);
        return Write(clocks, context);
    }

    /// <summary>What a burst means to clocks, in order: what set it off, what was done, how it ended.</summary>
    private static List<(string Name, object? Brought)> Happened(BurstResult result, Stimulus stimulus, InstanceState state)
    {
        var happened = new List<(string, object?)>();
        var resume = stimulus as Stimulus.Resume;
        if (stimulus is Stimulus.Start)
            happened.Add(("case.opened", null));
        foreach (var burnt in result.Burnt)
        {
            if (burnt is { Reason: BurnReason.Resumed, Bookmark: { Name: EventBookmark, Payload: OrderedDictionary<string, object?> waited } } && waited.GetValueOrDefault("EventName") is string name)
                happened.Add(($"event:{name}", resume?.Input.GetValueOrDefault(EventPayload)));
        }

        foreach (var execution in result.Executions)
        {
            if (execution.Status != ActivityStatus.Completed || execution.Node.TypeName != HumanTask.TypeName)
                continue;
            var data = resume is null ? null : HumanTask.DataOf(resume.Input);
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

    private void Follow(List<(string Name, object? Brought)> happened, BurstWriteContext context, List<Live> clocks)
    {
        if (clocks.Count == 0 && !happened.Exists(h => serviceLevels.StartedBy(h.Name).Any()))
            return;
        var now = context.Transaction.Now;
        var known = CaseFacts.Of(context.State, context.Workflow);
        var waits = Waits(context.State, context.Workflow);
        foreach (var (name, brought) in happened)
        {
            var facts = CaseFacts.With(known, brought);
            var touched = new HashSet<string>(StringComparer.Ordinal);
            foreach (var clock in clocks.Where(c => !c.State.Ended).ToList())
            {
                touched.Add(clock.State.Policy.Id);
                Evaluate(clock.State.Policy, clock);
            }

            foreach (var policy in serviceLevels.StartedBy(name))
            {
                if (!touched.Contains(policy.Id))
                    Evaluate(policy, null);
            }

            void Evaluate(SlaPolicy policy, Live? clock)
            {
                // A running clock goes on with the calendar it was computed with; its next generation starts with it too.
                var calendar = clock is null ? serviceLevels.Calendars.GetValueOrDefault(policy.Calendar) : serviceLevels.CalendarOf(clock.State);
                if (calendar is null)
                    return;
                var starts = clock is null || policy.Reset is not null;
                var change = new SubjectChange(starts ? CaseFacts.Started(policy, facts, calendar, now) : now, name, waits, facts);
                if (Clock.Evaluate(policy, clock?.State, change, calendar, now, CaseFacts.Anchor(policy, facts, calendar)) is not { } moved)
                    return;
                if (clock is null)
                    clocks.Add(new(Ids.New(now), moved.State) { IsNew = true, Rows = [.. moved.Rows] });
                else
                    clock.Change(moved);
                if (moved.Next is { } next)
                    clocks.Add(new(Ids.New(now), next) { IsNew = true });
            }
        }
    }

    /// <summary>What the case waits for, as policies name it in <c>pauseReasons</c>: <c>step:NAME</c> for an activity that waits, <c>event:NAME</c> for an event.</summary>
    private static HashSet<string> Waits(InstanceState state, CompiledWorkflow workflow)
    {
        var waits = new HashSet<string>(StringComparer.Ordinal);
        foreach (var bookmark in state.Bookmarks)
        {
            waits.Add($"step:{workflow.FindActivity(bookmark.ActivityId)?.Name ?? bookmark.ActivityId}");
            if (bookmark is { Name: EventBookmark, Payload: OrderedDictionary<string, object?> waited } && waited.GetValueOrDefault("EventName") is string name)
                waits.Add($"event:{name}");
        }

        return waits;
    }

    private List<Live> Write(List<Live> clocks, BurstWriteContext context)
    {
        foreach (var clock in clocks)
        {
            if (clock.IsNew)
                Record("sla.started", clock, context, new { policy = clock.State.Policy.Id, name = clock.State.Policy.Name, target = clock.State.Target.ToString(), due = clock.State.DueAt?.ToString() });
            if (!clock.IsNew && ReferenceEquals(clock.State, clock.Stored))
                continue;
            ClockRows.Write(context.Transaction, context.InstanceId, null, clock.Id, clock.IsNew, clock.State, clock.Rows, serviceLevels);
            var state = clock.State;
            var told = new { policy = state.Policy.Id, name = state.Policy.Name, due = state.DueAt?.ToString(), reason = state.Status == ClockStatus.Paused ? state.Segments[^1].Cause : null };
            if (state.Ended)
                Record(state.Status == ClockStatus.Cancelled ? "sla.cancelled" : state.Breached ? "sla.missed" : "sla.met", clock, context, told);
            else if (clock.Stored is { } before && before.Status != state.Status)
                Record(state.Status == ClockStatus.Paused ? "sla.paused" : "sla.resumed", clock, context, told);
            clock.Written();
        }

        clocks.RemoveAll(clock => clock.State.Ended);
        return clocks;
    }

    private static void Record(string action, Live clock, BurstWriteContext context, object payload) =>
        context.History.Add(new(action, "clock", Ids.Text(clock.Id), clock.State.Generation, JsonSerializer.SerializeToUtf8Bytes(payload, TaskJson.Options)));

    /// <summary>A clock within a transaction.</summary>
    private sealed class Live(Guid id, ClockState state)
    {
        public Guid Id => id;
        public ClockState State { get; private set; } = state;

        /// <summary>As it is in the database once what was written so far is.</summary>
        public ClockState? Stored { get; private set; } = state;
        public bool IsNew { get; set; }
        public List<LedgerRow> Rows { get; init; } = [];

        public void Change(ClockChange change)
        {
            State = change.State;
            Rows.AddRange(change.Rows);
        }

        public void Written()
        {
            (Stored, IsNew) = (State, false);
            Rows.Clear();
        }
    }
}
