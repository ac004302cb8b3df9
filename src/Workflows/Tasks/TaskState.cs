using System.Text.Json.Serialization;

namespace Orchestration.Workflows.Tasks;

/// <summary>States of a task (domain.md "Task"; WS-HumanTask).</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TaskState>))]
public enum TaskState
{
    Created,

    /// <summary>Has candidates and no owner.</summary>
    Ready,

    /// <summary>Has an owner who has not begun.</summary>
    Reserved,

    /// <summary>Is being worked on.</summary>
    InProgress,
    Suspended,
    ReadyForReview,
    InReview,
    Completed,
    Skipped,
    Cancelled,
    Failed,
}

/// <summary>Groups of states.</summary>
public static class TaskStates
{
    /// <summary>Whether nothing can happen to it any more.</summary>
    public static bool IsTerminal(this TaskState state) => state is TaskState.Completed or TaskState.Skipped or TaskState.Cancelled or TaskState.Failed;
}

/// <summary>What a task can be asked to do.</summary>
public enum TaskVerb
{
    Claim,
    Start,
    Release,
    Assign,
    Complete,
    Cancel,
}

/// <summary>The state diagram, as data: from which states a verb is allowed. docs/tasks.md shows it; a test holds both together.</summary>
public static class TaskLifeCycle
{
    private static readonly Dictionary<TaskVerb, TaskState[]> From = new()
    {
        [TaskVerb.Claim] = [TaskState.Ready],
        [TaskVerb.Start] = [TaskState.Reserved],
        [TaskVerb.Release] = [TaskState.Reserved, TaskState.InProgress],
        [TaskVerb.Assign] = [TaskState.Ready, TaskState.Reserved, TaskState.InProgress],
        [TaskVerb.Complete] = [TaskState.Reserved, TaskState.InProgress],
        [TaskVerb.Cancel] = [TaskState.Created, TaskState.Ready, TaskState.Reserved, TaskState.InProgress, TaskState.Suspended, TaskState.ReadyForReview, TaskState.InReview],
    };

    /// <summary>Whether a task in this state can be asked this.</summary>
    public static bool Allows(TaskState state, TaskVerb verb) => From[verb].Contains(state);

    /// <summary>States a verb is allowed from.</summary>
    public static IReadOnlyList<TaskState> StatesFor(TaskVerb verb) => From[verb];
}
