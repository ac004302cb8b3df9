using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>What moves an instance.</summary>
public abstract record Stimulus
{
    private Stimulus() { }

    /// <summary>Start the instance.</summary>
    /// <param name="Input">Workflow input of this run.</param>
    /// <param name="CorrelationId">Business reference, or null.</param>
    /// <param name="TriggerActivityId">The trigger activity that fired, or null for the definition's own start.</param>
    /// <param name="TriggerPayload">Data of the trigger (event payload, HTTP request), or null.</param>
    public sealed record Start(
        OrderedDictionary<string, object?> Input,
        string? CorrelationId = null,
        string? TriggerActivityId = null,
        object? TriggerPayload = null
    ) : Stimulus
    {
        /// <summary>Id of the HTTP request that starts it and waits for an answer, or null.</summary>
        public string? Caller { get; init; }
    }

    /// <summary>Resume a bookmark.</summary>
    /// <param name="BookmarkId">Which. One that no longer exists is answered with an unchanged state (<see cref="BurstResult.Journal"/> empty).</param>
    /// <param name="Input">Workflow input of this run (RunTask reads <c>RunTaskInput</c>, Event reads <c>__EventPayloadWorkflowInput</c> …).</param>
    public sealed record Resume(string BookmarkId, OrderedDictionary<string, object?> Input) : Stimulus
    {
        /// <summary>Id of the HTTP request that resumes it and waits for an answer. Null: whichever request led to the bookmark.</summary>
        public string? Caller { get; init; }
    }

    /// <summary>What a bookmark waits for won't come: its activity faults, according to the incident strategy of the definition.</summary>
    /// <param name="BookmarkId">Which. One that no longer exists changes nothing.</param>
    /// <param name="Error">Why, for the incident.</param>
    public sealed record Fail(string BookmarkId, string Error) : Stimulus;

    /// <summary>Cancel the whole instance.</summary>
    /// <param name="Reason">Why, for history.</param>
    /// <param name="GivesUp">Whether to cancel a faulted instance too, which could run again. Default: it stays faulted, as in Elsa.</param>
    public sealed record Cancel(string Reason, bool GivesUp = false) : Stimulus;

    /// <summary>Run a faulted activity execution again.</summary>
    /// <param name="ActivityInstanceId">The faulted execution.</param>
    public sealed record Retry(string ActivityInstanceId) : Stimulus;

    /// <summary>
    /// Leave the activity that waits at a bookmark, and everything that came after an earlier activity, and run that one and what follows it anew.
    /// </summary>
    /// <param name="BookmarkId">Where the case is now. Its activity isn't notified that the bookmark is removed.</param>
    /// <param name="ActivityId">The earlier activity.</param>
    public sealed record GoBack(string BookmarkId, string ActivityId) : Stimulus;

    /// <summary>Alteration: give a variable another value.</summary>
    /// <param name="VariableId">Id of a variable of the workflow or of a container that is at work, or name of a workflow variable.</param>
    /// <param name="Value">The value; converted to the variable's type.</param>
    public sealed record ModifyVariable(string VariableId, object? Value) : Stimulus;

    /// <summary>
    /// Alteration: run an activity. An execution that is named runs again from its beginning (what it waited for is withdrawn); else the activity gets a
    /// new one.
    /// </summary>
    /// <param name="ActivityId">The activity, or null when an execution is named.</param>
    /// <param name="ActivityInstanceId">A living execution, or null.</param>
    public sealed record ScheduleActivity(string? ActivityId, string? ActivityInstanceId = null) : Stimulus;

    /// <summary>Alteration: cancel an activity's executions.</summary>
    /// <param name="ActivityId">All living executions of this activity; not looked at when an execution is named.</param>
    /// <param name="ActivityInstanceId">This execution only, or null.</param>
    public sealed record CancelActivity(string? ActivityId, string? ActivityInstanceId = null) : Stimulus;

    /// <summary>
    /// Alteration: continue in another version of the definition. Refused if the plan of <see cref="InstanceMigration"/> isn't possible.
    /// </summary>
    /// <param name="To">The other version.</param>
    /// <param name="Completed">Paths of the activities that the instance has completed so far, from its history.</param>
    public sealed record Migrate(CompiledWorkflow To, IReadOnlyCollection<string> Completed) : Stimulus;
}

/// <summary>
/// What a burst may know of the world besides definition, state and stimulus. Everything non-deterministic comes from here, so that a burst can be
/// replayed.
/// </summary>
/// <param name="Now">The host's clock, in microseconds.</param>
/// <param name="Seed">Seed of ids and random numbers of this burst.</param>
public sealed record BurstContext(Instant Now, ulong Seed)
{
    /// <summary>Published version of a definition by definition id, from the host's cache, or null. For ExecuteWorkflow.</summary>
    public Func<string, CompiledWorkflow?> FindPublished { get; init; } = _ => null;

    /// <summary>Mode of flowcharts whose definition does not say one. Default counter, as Elsa.</summary>
    public FlowchartMode FlowchartMode { get; init; }

    /// <summary>
    /// Most activity executions one burst may run, with those of the workflows it executes, before it is stopped with an incident. Default 10,000.
    /// </summary>
    public int MaxSteps { get; init; } = 10_000;

    /// <summary>How much one step can set off at once.</summary>
    public FanOutLimits FanOut { get; init; } = new();

    /// <summary>Nesting depth of ExecuteWorkflow for this burst.</summary>
    internal int Depth { get; init; }

    /// <summary>The burst of the enclosing ExecuteWorkflow activity: both count their steps together.</summary>
    internal BurstRun? Outer { get; init; }

    /// <summary>An enclosing burst can answer an HTTP request.</summary>
    internal bool HasHttpRequest { get; init; }

    /// <summary>The HTTP request that the enclosing burst works for, or null.</summary>
    internal string? Caller { get; init; }
}

/// <summary>How much one step of a workflow can set off at once; a step that wants more faults before it has set off anything.</summary>
public sealed record FanOutLimits
{
    /// <summary>Most items of a BulkDispatchWorkflows or ParallelForEach. Default 10,000.</summary>
    public int Items { get; init; } = 10_000;

    /// <summary>Most items of a ParallelForEach with steps for people in its body. Default 1,000.</summary>
    public int HumanSteps { get; init; } = 1_000;

    /// <exception cref="EngineException">There are more items than allowed.</exception>
    internal void Check(int items, bool areForPeople)
    {
        var (most, setting) = areForPeople ? (HumanSteps, "FanOut:HumanSteps") : (Items, "FanOut:Items");
        if (items > most)
            throw new EngineException(
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"This step has {items:N0} items{(areForPeople ? " for people to work on" : "")}; the limit is {most:N0} (setting {setting})."
                )
            );
    }
}
