using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Escalation;

/// <summary>
/// Clocks of tasks: a step may name several policies, and a policy of tasks with a condition on facts starts by itself where it holds. Facts are those of the
/// case, and <c>step</c>. They follow every verb; none outlives its task.
/// </summary>
internal static class TaskClocks
{
    private static readonly IReadOnlySet<string> Nothing = SubjectChange.Reasons([]);
    private static readonly IReadOnlyDictionary<string, string> NoFacts = new Dictionary<string, string>();

    /// <summary>Clocks of a task that opens. Nothing is written yet.</summary>
    public static ClockSet Open(ServiceLevelCatalog serviceLevels, BurstWriteContext context, OpenTask open)
    {
        const string Opened = "task.opened";
        var clocks = new ClockSet(serviceLevels, LiveClocks.None);
        var startable = Named(serviceLevels, open).Concat(serviceLevels.OfTask(Opened, [])).ToList();
        if (startable.Count > 0)
            clocks.Follow(Opened, Nothing, Facts(context.State, context.Workflow, open.ActivityId, null), startable, context.Transaction.Now);
        return clocks;
    }

    /// <summary>A verb moved a task: its clocks follow.</summary>
    public static async ValueTask MoveAsync(
        WorkflowRuntime runtime,
        ServiceLevelCatalog serviceLevels,
        InstanceTransaction transaction,
        LiveClocks stored,
        TaskMove move,
        CancellationToken cancel
    )
    {
        var clocks = new ClockSet(serviceLevels, stored);
        var startable = move.Ends ? [] : serviceLevels.OfTask(move.Event, move.Policies).ToList();
        if (clocks.IsEmpty && startable.Count == 0)
            return;
        var facts =
            clocks.AsksFacts || startable.Count > 0
                ? Facts(
                    transaction.State,
                    await runtime.Definitions.GetVersionAsync(transaction.DefinitionVersionId, cancel),
                    move.ActivityId,
                    move.SubmittedData
                )
                : NoFacts;
        var now = transaction.Now;
        if (move.Ends)
            clocks.End(new(now, move.Event, Nothing, facts), now);
        else
            clocks.Follow(move.Event, move.WaitsFor is { } reason ? SubjectChange.Reasons([reason]) : Nothing, facts, startable, now);

        clocks.Write(transaction, transaction.History, transaction.InstanceId!.Value, (move.Task, move.Title), move.Event);
    }

    /// <summary>The policies a step names: its own target as a policy, and shared ones.</summary>
    private static IEnumerable<SlaPolicy> Named(ServiceLevelCatalog serviceLevels, OpenTask open)
    {
        if (serviceLevels.Resolve(open.SlaPolicy, open.SlaDuration, open.SlaUnit, open.SlaCalendar).Policy is { } policy)
            yield return policy;
        foreach (var name in open.SlaPolicies)
        {
            if (serviceLevels.Policies.TryGetValue(name, out var shared))
                yield return shared;
        }
    }

    private static Dictionary<string, string> Facts(
        InstanceState state,
        CompiledWorkflow workflow,
        string activity,
        OrderedDictionary<string, object?>? submitted
    )
    {
        var facts = new Dictionary<string, string>(CaseFacts.With(CaseFacts.Of(state, workflow), submitted), StringComparer.Ordinal);
        facts["step"] = workflow.FindActivity(activity)?.Name ?? activity;
        return facts;
    }
}
