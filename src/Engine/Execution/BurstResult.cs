using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>
/// The effects of one burst as values. The runtime writes all of them in one transaction with the new state, or none.
/// </summary>
public sealed class BurstResult
{
    /// <summary>The state after the burst. The same object that was passed in, changed.</summary>
    public required InstanceState State { get; init; }

    /// <summary>Null when the stimulus did something; else why it changed nothing (its bookmark is gone, the instance has ended …).</summary>
    public string? Refused { get; init; }

    /// <summary>Executions this burst created or changed, in the order in which they were created. Ended ones are no longer in the state.</summary>
    public List<ActivityExecution> Executions { get; } = [];

    /// <summary>Bookmarks that this burst opened and that are still open at its end.</summary>
    public List<Bookmark> Opened { get; } = [];

    /// <summary>Bookmarks that existed before this burst and no longer do.</summary>
    public List<BurntBookmark> Burnt { get; } = [];

    /// <summary>Writes of activities outside the engine (open a task, cancel a task …), in the order in which they were asked for.</summary>
    public List<IBurstWrite> Writes { get; } = [];

    /// <summary>What to do to the outside world after commit.</summary>
    public List<Effect> Effects { get; } = [];

    /// <summary>What to tell other instances after commit.</summary>
    public List<OutgoingStimulus> Outgoing { get; } = [];

    /// <summary>Instances that ExecuteWorkflow started inside this burst: written in the same transaction (they are new, so they need no lock).</summary>
    public List<BurstResult> Children { get; } = [];

    /// <summary>What ran, in the order in which Elsa runs it.</summary>
    public List<JournalEntry> Journal { get; } = [];

    /// <summary>
    /// The same for Studio's journal and the compliance timeline, in the order in which people read it: a container is completed after everything in it. A race
    /// completes its flowchart before what follows the race; while that waits, the completion is left to a later burst.
    /// </summary>
    public IReadOnlyList<JournalEntry> History { get; internal set; } = [];

    /// <summary>Lines written by WriteLine, in order, those of <see cref="Children"/> included. For the log and for tests; not stored.</summary>
    public List<string> Lines { get; } = [];

    /// <summary>The answer a WriteHttpResponse activity gave, or null.</summary>
    public HttpAnswer? HttpAnswer { get; set; }

    /// <summary>Whether an activity faulted in this burst, or the instance did.</summary>
    public bool IsFaulted => State.SubStatus == WorkflowSubStatus.Faulted || Journal.Exists(e => e.EventName == "Faulted");

    /// <summary>The HTTP request that this burst works for (see <see cref="Bookmark.Caller"/>), or null.</summary>
    public string? Caller { get; init; }
}

/// <summary>A write of an activity outside the engine. The module that defines the activity registers how the write becomes SQL.</summary>
public interface IBurstWrite;

/// <summary>A place where an instance waits.</summary>
/// <param name="Id">Unique, UUIDv7 as 32 hex digits.</param>
/// <param name="Name">What kind of stimulus it waits for: an activity type name such as <c>Elsa.Event</c>.</param>
/// <param name="Hash">Hash of name and stimulus payload; a stimulus finds the bookmark by it.</param>
/// <param name="ActivityId">The activity in the definition.</param>
/// <param name="ActivityNodeId">Its path in the definition (<c>Workflow1:Flowchart1:a2</c>).</param>
/// <param name="ActivityInstanceId">The execution of that activity that waits.</param>
/// <param name="Payload">What it waits for, as workflow data.</param>
/// <param name="DueAt">For timers: the instant at which the runtime resumes it. Null otherwise.</param>
/// <param name="CreatedAt">The burst's now.</param>
/// <param name="AutoBurn">Whether resuming removes it. Default true.</param>
/// <param name="Caller">The HTTP request that led here and has no answer yet, or null: a WriteHttpResponse that follows answers it.</param>
public sealed record Bookmark(
    string Id,
    string Name,
    string Hash,
    string ActivityId,
    string ActivityNodeId,
    string ActivityInstanceId,
    object? Payload,
    Instant? DueAt,
    Instant CreatedAt,
    bool AutoBurn = true,
    string? Caller = null
);

/// <summary>A bookmark that went away, and why.</summary>
/// <param name="Bookmark">The bookmark.</param>
/// <param name="Reason">Its own stimulus resumed it, or something else (a lost race, a cancel, the end of the instance) removed it.</param>
public sealed record BurntBookmark(Bookmark Bookmark, BurnReason Reason);

/// <summary>Why a bookmark went away.</summary>
public enum BurnReason
{
    /// <summary>Its own stimulus.</summary>
    Resumed,

    /// <summary>Its activity was cancelled: a lost race, a cancelled container, the end or cancellation of the instance.</summary>
    Cancelled,
}

/// <summary>Something to do to the outside world after commit, at least once.</summary>
/// <param name="Id">Also the idempotency key the receiver sees.</param>
/// <param name="Kind">Which deliverer does it, e.g. <c>http</c>, <c>email</c>, <c>webhook</c>.</param>
/// <param name="Payload">What the delivery needs, as workflow data.</param>
/// <param name="BookmarkId">The bookmark that its answer resumes, or null if nothing waits for it.</param>
/// <param name="ActivityId">The activity that asked for it.</param>
public sealed record Effect(string Id, string Kind, object? Payload, string? BookmarkId, string ActivityId);

/// <summary>Something for other instances: delivered right after commit by the host that wrote it, or by the sweeper.</summary>
public abstract record OutgoingStimulus
{
    private OutgoingStimulus() { }

    /// <summary>Publishes an event: resumes its waits and starts the definitions it triggers.</summary>
    public sealed record PublishEvent(string EventName, string? CorrelationId, string? InstanceId, object? Payload, bool IsLocal) : OutgoingStimulus;

    /// <summary>Start an instance of another definition.</summary>
    /// <param name="InstanceId">The id the new instance gets: chosen here, so that a retry is harmless.</param>
    /// <param name="DefinitionId">Definition whose published version is started.</param>
    /// <param name="CorrelationId">Correlation of the child.</param>
    /// <param name="Input">Input of the child.</param>
    /// <param name="ParentBookmarkId">Bookmark of this instance that the child's end resumes, or null.</param>
    public sealed record StartInstance(
        string InstanceId,
        string DefinitionId,
        string? CorrelationId,
        OrderedDictionary<string, object?> Input,
        string? ParentBookmarkId
    ) : OutgoingStimulus;

    /// <summary>Tell the parent that this instance ended.</summary>
    public sealed record ChildEnded(
        string ParentInstanceId,
        string ParentBookmarkId,
        string ChildInstanceId,
        string Status,
        string SubStatus,
        OrderedDictionary<string, object?> Output
    ) : OutgoingStimulus
    {
        /// <summary>The stimulus for the parent.</summary>
        public Stimulus.Resume ToResume() =>
            new(
                ParentBookmarkId,
                new()
                {
                    [StimulusInput.ChildInstanceId] = ChildInstanceId,
                    [StimulusInput.ChildStatus] = Status,
                    [StimulusInput.ChildSubStatus] = SubStatus,
                    [StimulusInput.ChildOutput] = Output,
                }
            );
    }

    /// <summary>Cancel another instance (a child of a cancelled parent).</summary>
    public sealed record CancelInstance(string InstanceId, string Reason) : OutgoingStimulus;
}

/// <summary>The answer of a workflow to an HTTP request.</summary>
public sealed record HttpAnswer(int StatusCode, string? ContentType, object? Content, IReadOnlyDictionary<string, string[]> Headers);

/// <summary>One journal row of an activity execution.</summary>
public sealed class JournalEntry
{
    private readonly ActivityExecution _execution;
    private readonly object?[]? _inputs;

    internal JournalEntry(string eventName, ActivityExecution execution, string? message, object?[]? inputs, OrderedDictionary<string, object?>? payload)
    {
        EventName = eventName;
        _execution = execution;
        Message = message;
        _inputs = inputs;
        Payload = payload;
    }

    /// <summary>Started, Completed, Suspended, Resumed, Faulted, Canceled, or an activity's own.</summary>
    public string EventName { get; }

    internal ActivityExecution Execution => _execution;

    /// <summary>The activity execution.</summary>
    public string ActivityInstanceId => _execution.Id;

    /// <summary>The execution of its container, or null for the root.</summary>
    public string? ParentActivityInstanceId => _execution.Parent?.Id;

    /// <summary>Id in the definition.</summary>
    public string ActivityId => _execution.Node.Id;

    /// <summary>Path in the definition.</summary>
    public string NodeId => _execution.NodeId;

    /// <summary>Elsa type name.</summary>
    public string ActivityType => _execution.Node.TypeName;

    /// <summary>Version of the type.</summary>
    public int ActivityTypeVersion => _execution.Node.Version;

    /// <summary>Name given by the analyst, or null.</summary>
    public string? ActivityName => _execution.Node.Name;

    /// <summary>Text for people, or null.</summary>
    public string? Message { get; }

    /// <summary>Whether there are <see cref="Inputs"/>.</summary>
    public bool HasInputs => _inputs is { Length: > 0 };

    /// <summary>Evaluated inputs (Studio's <c>activityState</c>), in the order in which the type declares them; empty when none were evaluated.</summary>
    public IEnumerable<KeyValuePair<string, object?>> Inputs
    {
        get
        {
            for (var i = 0; i < (_inputs?.Length ?? 0); i++)
                yield return new(_execution.Node.Type.Inputs[i].Name, _inputs![i]);
        }
    }

    /// <summary>Outputs, outcomes or exception, or null.</summary>
    public OrderedDictionary<string, object?>? Payload { get; }

    /// <summary>In the last entry of a burst: the workflow's variables that the burst set, by name, with their values at its end. Null: none.</summary>
    public OrderedDictionary<string, object?>? Variables { get; internal set; }
}
