using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>What an activity can see and do while it runs. Valid only during the call it was passed to.</summary>
public readonly struct ActivityContext
{
    internal ActivityContext(BurstRun run, ActivityExecution execution)
    {
        Run = run;
        Execution = execution;
    }

    internal BurstRun Run { get; }

    /// <summary>The running execution of the activity.</summary>
    public ActivityExecution Execution { get; }

    /// <summary>The activity in the definition.</summary>
    public ActivityNode Node => Execution.Node;

    /// <summary>The burst's now.</summary>
    public Instant Now => Run.Context.Now;

    public string InstanceId => Run.State.Id;
    public CompiledWorkflow Workflow => Run.Workflow;

    /// <summary>Business reference of the instance.</summary>
    public string? CorrelationId
    {
        get => Run.State.CorrelationId;
        set => Run.State.CorrelationId = Storable("The correlation id", value);
    }

    /// <summary>Name of the instance.</summary>
    public string? InstanceName
    {
        get => Run.State.Name;
        set => Run.State.Name = Storable("The name of the instance", value);
    }

    /// <summary>Whether the bookmark goes because the whole instance is cancelled.</summary>
    public bool InstanceIsCancelled => Run.IsCancelling;

    /// <summary>What this execution remembers between bursts: workflow data by name.</summary>
    public OrderedDictionary<string, object?> Properties => Execution.Properties ??= [];

    /// <summary>Whether this activity is the trigger that started the instance in this burst.</summary>
    public bool IsTrigger => Run.TriggerActivityId is { } id && id == Node.Id;

    /// <summary>
    /// Value of an input of the activity, converted to its declared type; null when it has none. Throws <see cref="KeyNotFoundException"/> for an input
    /// the type does not declare.
    /// </summary>
    public object? Input(string name)
    {
        var index = Node.Type.InputIndex(name);

        return index < 0 ? throw new KeyNotFoundException($"Activity type {Node.Type.TypeName} has no input '{name}'.") : Run.Input(Execution, index);
    }

    /// <summary>As <see cref="Input(string)"/>, or <paramref name="fallback"/> when it is null or of another type.</summary>
    public T? Input<T>(string name, T? fallback = default) => Input(name) is T value ? value : fallback;

    /// <summary>
    /// Like <see cref="Input{T}(string, T)"/>, for text that is stored in its own column: a value that the column can't hold is a fault.
    /// </summary>
    public string? TextInput(string name) => Storable(name, Input<string>(name));

    internal static string? Storable(string what, string? text) =>
        text is not null && WorkflowData.Unfit(text) is { } reason ? throw new EngineException($"{what} {reason}.") : text;

    /// <summary>Value of an input that must be there. Its lack is a fault.</summary>
    public T RequiredInput<T>(string name) => Input(name) is T value ? value : throw new EngineException($"{name} is required.");

    /// <summary>Workflow input of this run, from the stimulus.</summary>
    public bool TryGetInput(string name, out object? value) => Run.TryGetInput(name, out value);

    /// <summary>The whole workflow input of this run.</summary>
    public OrderedDictionary<string, object?> RunInput => Run.WorkflowInput;

    /// <summary>Sets an output: it is written to the variable it is bound to and can be read by later expressions.</summary>
    public void SetOutput(string name, object? value) => Run.SetOutput(Execution, name, value);

    /// <summary>Completes the activity with outcome Done.</summary>
    public void Complete() => Run.Complete(Execution, null);

    /// <summary>Completes the activity with these outcomes.</summary>
    public void Complete(params string[] outcomes) => Run.Complete(Execution, outcomes);

    /// <summary>Opens a bookmark: the instance waits here.</summary>
    /// <param name="name">Kind of stimulus; usually the activity's type name.</param>
    /// <param name="hash">Matches the stimulus; see <see cref="StimulusHash"/>.</param>
    /// <param name="payload">What it waits for, as workflow data.</param>
    /// <param name="dueAt">For timers: when the runtime resumes it.</param>
    /// <param name="autoBurn">Whether resuming removes it.</param>
    public Bookmark OpenBookmark(string name, string hash, object? payload = null, Instant? dueAt = null, bool autoBurn = true) =>
        Run.OpenBookmark(Execution, name, hash, payload, dueAt, autoBurn);

    /// <summary>Opens a bookmark that only its id can resume.</summary>
    public Bookmark OpenBookmark(string name, object? payload = null) => Run.OpenBookmark(Execution, name, null, payload, null, true);

    /// <summary>Asks for a write in the burst's transaction.</summary>
    public void Write(IBurstWrite write) => Run.Result.Writes.Add(write);

    /// <summary>Asks for something to be done to the outside world after commit; returns its id.</summary>
    public string AddEffect(string kind, object? payload, string? bookmarkId = null)
    {
        var effect = new Effect(Run.Ids.Next(), kind, payload, bookmarkId, Node.Id);
        Run.Result.Effects.Add(effect);
        return effect.Id;
    }

    /// <summary>Tells another instance something after commit.</summary>
    public void Send(OutgoingStimulus stimulus) => Run.Result.Outgoing.Add(stimulus);

    /// <summary>A new unique id (UUIDv7, 32 hex digits).</summary>
    public string NewId() => Run.Ids.Next();

    /// <summary>Adds a value to the activity's journal entry.</summary>
    public void Journal(string key, object? value) => (Execution.JournalData ??= [])[key] = value;

    internal void Schedule(ActivityNode? child, string? callback = null, object? tag = null) => Run.Schedule(Execution, child, callback, tag);
}
