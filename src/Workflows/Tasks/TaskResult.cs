using NodaTime;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks;

/// <summary>The answer to a verb: the task's new state. Stored for the operation ID, so a retry gets the same answer.</summary>
/// <param name="Id">The task.</param>
/// <param name="State">Its state.</param>
/// <param name="Revision">Its revision: send it with the next verb.</param>
/// <param name="OwnerId">Who owns it.</param>
/// <param name="Outcome">With which outcome it ended.</param>
public sealed record TaskAnswer(Guid Id, TaskState State, int Revision, Guid? OwnerId, string? Outcome);

/// <summary>Something that was done to a task.</summary>
/// <param name="Revision">Revision it led to.</param>
/// <param name="Action">What, as history names it: <c>task.claimed</c>.</param>
/// <param name="By">User name of who did it; <c>system</c> for the product itself.</param>
/// <param name="At">When.</param>
public sealed record TaskChange(long Revision, string Action, string By, Instant At);

/// <summary>How a verb went. Everything expected is a value; nothing was changed unless it is <see cref="Done"/>.</summary>
public abstract record TaskResult
{
    private TaskResult() { }

    /// <summary>It happened (or had happened, by the same operation id).</summary>
    public sealed record Done(TaskAnswer Answer) : TaskResult;

    public sealed record NotFound : TaskResult;

    /// <summary>The person isn't allowed to do this.</summary>
    public sealed record Forbidden(string Reason) : TaskResult;

    /// <summary>The customer is sensitive, and the person has to say why they open the record.</summary>
    public sealed record ReasonRequired(GuardedRecord Record) : TaskResult;

    /// <summary>Four eyes: the person worked on a step that this one excludes.</summary>
    public sealed record ExcludedByFourEyes(string StepId, string StepTitle) : TaskResult;

    /// <summary>The amount is above the person's authority; it is kept as a draft.</summary>
    /// <param name="Decision">What is decided, and the person's limit.</param>
    /// <param name="Others">Names of people who may decide it, a few; empty: no one has a limit that high.</param>
    public sealed record AboveAuthority(AuthorityUse Decision, IReadOnlyList<string> Others) : TaskResult;

    /// <summary>Someone changed the task since the caller read it; <paramref name="Changes"/> lists the changes, oldest first.</summary>
    public sealed record StaleRevision(int Expected, int Actual, TaskState State, string ChangedBy, Instant ChangedAt, IReadOnlyList<TaskChange> Changes)
        : TaskResult;

    /// <summary>Not possible in this state.</summary>
    public sealed record WrongState(TaskState State, TaskVerb Verb) : TaskResult;

    /// <summary>The task has ended: the first terminal transition wins, and this says which one it was.</summary>
    public sealed record AlreadyEnded(TaskState State, string? Outcome, string EndedBy, Instant EndedAt) : TaskResult;

    /// <summary>The step requires a review: its owner can't complete it alone.</summary>
    public sealed record ReviewRequired : TaskResult;

    /// <summary>The operation id was used for something else.</summary>
    public sealed record OperationReused(string OperationId) : TaskResult;

    /// <summary>The data does not fit the form; it is kept as a draft.</summary>
    public sealed record InvalidData(IReadOnlyList<FormError> Errors) : TaskResult;

    /// <summary>A member of the request is wrong.</summary>
    public sealed record InvalidRequest(string Field, string Reason) : TaskResult;
}
