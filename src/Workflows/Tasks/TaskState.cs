using System.Text.Json.Serialization;

namespace Orchestration.Workflows.Tasks;

/// <summary>States of a task (domain.md "Task"; WS-HumanTask).</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TaskState>))]
public enum TaskState
{
    Created,

    /// <summary>Has candidates and no owner.</summary>
    Ready,

    /// <summary>Has an owner who hasn't started.</summary>
    Reserved,

    /// <summary>Is being worked on.</summary>
    InProgress,

    /// <summary>Waits for something, then returns to its previous state.</summary>
    Suspended,

    /// <summary>Done, and waits for a second pair of eyes.</summary>
    ReadyForReview,

    /// <summary>Is being reviewed by another person.</summary>
    InReview,
    Completed,

    /// <summary>Not done because the step allows that; the case went on by the outcome for it.</summary>
    Skipped,

    /// <summary>Not needed: the case took another path or went back, or a person cancelled it.</summary>
    Cancelled,

    /// <summary>Its owner could not do it.</summary>
    Failed,
}

/// <summary>Groups of states.</summary>
public static class TaskStates
{
    /// <summary>Whether it has ended for good.</summary>
    public static bool IsTerminal(this TaskState state) => state is TaskState.Completed or TaskState.Skipped or TaskState.Cancelled or TaskState.Failed;
}

/// <summary>Verbs on a task.</summary>
public enum TaskVerb
{
    Claim,
    TakeOver,
    Start,
    Stop,
    Release,
    Assign,
    Delegate,
    Forward,
    Suspend,
    Resume,
    Prioritize,
    Comment,
    Attach,
    RequestReview,
    StartReview,
    ApproveReview,
    RequestChanges,
    Complete,
    Skip,
    Return,
    Fail,
    Cancel,
}

/// <summary>
/// The state diagram, as data: from which states a verb is allowed, and to which it leads. docs/tasks.md shows it; a test holds both together.
/// </summary>
public static class TaskLifeCycle
{
    private static readonly TaskState[] Live =
    [
        TaskState.Created,
        TaskState.Ready,
        TaskState.Reserved,
        TaskState.InProgress,
        TaskState.Suspended,
        TaskState.ReadyForReview,
        TaskState.InReview,
    ];
    private static readonly TaskState[] AtWork = [TaskState.Ready, TaskState.Reserved, TaskState.InProgress];
    private static readonly TaskState[] Owned = [TaskState.Reserved, TaskState.InProgress];

    private static readonly Dictionary<TaskVerb, (TaskState[] From, TaskState[] To)> Moves = new()
    {
        [TaskVerb.Claim] = ([TaskState.Ready], [TaskState.Reserved]),
        [TaskVerb.TakeOver] = (Owned, [TaskState.Reserved]),
        [TaskVerb.Start] = ([TaskState.Reserved, TaskState.ReadyForReview], [TaskState.InProgress]),
        [TaskVerb.Stop] = ([TaskState.InProgress], [TaskState.Reserved]),
        [TaskVerb.Release] = ([TaskState.Reserved, TaskState.InProgress, TaskState.InReview], [TaskState.Ready, TaskState.ReadyForReview]),
        [TaskVerb.Assign] = (AtWork, [TaskState.Reserved]),
        [TaskVerb.Delegate] = (Owned, [TaskState.Reserved]),
        [TaskVerb.Forward] = (AtWork, [TaskState.Ready]),
        [TaskVerb.Suspend] = (AtWork, [TaskState.Suspended]),
        [TaskVerb.Resume] = ([TaskState.Suspended], AtWork),
        [TaskVerb.Prioritize] = (Live, []),
        [TaskVerb.Comment] = (Live, []),
        [TaskVerb.Attach] = (Live, []),
        [TaskVerb.RequestReview] = (Owned, [TaskState.ReadyForReview]),
        [TaskVerb.StartReview] = ([TaskState.ReadyForReview], [TaskState.InReview]),
        [TaskVerb.ApproveReview] = ([TaskState.InReview], [TaskState.Completed]),
        [TaskVerb.RequestChanges] = ([TaskState.InReview], [TaskState.InProgress, TaskState.Ready]),
        [TaskVerb.Complete] = (Owned, [TaskState.Completed]),
        [TaskVerb.Skip] = ([.. AtWork, TaskState.Suspended], [TaskState.Skipped]),
        [TaskVerb.Return] = (AtWork, [TaskState.Cancelled]),
        [TaskVerb.Fail] = ([TaskState.InProgress], [TaskState.Failed]),
        [TaskVerb.Cancel] = (Live, [TaskState.Cancelled]),
    };

    /// <summary>Whether a task in this state can be asked this.</summary>
    public static bool Allows(TaskState state, TaskVerb verb) => Moves[verb].From.Contains(state);

    /// <summary>States a verb is allowed from.</summary>
    public static IReadOnlyList<TaskState> StatesFor(TaskVerb verb) => Moves[verb].From;

    /// <summary>States a verb leads to; empty when it changes none.</summary>
    public static IReadOnlyList<TaskState> LeadsTo(TaskVerb verb) => Moves[verb].To;
}
