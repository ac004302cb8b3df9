namespace Orchestration.Engine.Execution;

/// <summary>
/// The behavior of one activity of a compiled definition. One object serves all instances and threads, so it keeps nothing of a run;
/// state of a run goes into <see cref="ActivityContext.Properties"/>. An exception becomes a fault of the activity and an incident.
/// </summary>
public abstract class Activity
{
    /// <summary>Callback of a child whose end its container wants to know, and nothing more.</summary>
    internal const string ChildDone = "child";

    /// <summary>Runs it for the first time. It completes, opens a bookmark to wait, or (containers) schedules children.</summary>
    protected internal abstract void Execute(ActivityContext context);

    /// <summary>A bookmark of it was resumed. The run's input is <see cref="ActivityContext.TryGetInput"/>. Default: complete with outcome Done.</summary>
    protected internal virtual void Resume(ActivityContext context, Bookmark bookmark) => context.Complete();

    /// <summary>
    /// Something other than its own stimulus removed one of its bookmarks: return writes that undo what was requested when it was opened.
    /// </summary>
    protected internal virtual void BookmarkBurnt(ActivityContext context, Bookmark bookmark, BurnReason reason) { }

    /// <summary>Whether <see cref="Execute"/> that neither completed nor opened a bookmark means done.</summary>
    protected internal virtual bool CompletesByItself => false;

    /// <summary>Whether it always completes with exactly one of its outcomes. Default: no.</summary>
    protected internal virtual bool HasOneOutcome(ActivityNode node) => false;

    /// <summary>An execution of it was read from storage: add what it declares beyond the node's variables.</summary>
    internal virtual void BindMemory(ActivityExecution execution) { }

    /// <summary>A child scheduled with a callback completed.</summary>
    internal virtual void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes) { }

    /// <summary>A Break below asks to leave the loop. True stops the signal here.</summary>
    internal virtual bool BreakRequested(ActivityContext context) => false;

    /// <summary>A Complete below asks its workflow to end. True stops the signal here.</summary>
    internal virtual bool CompletionRequested(ActivityContext context, ActivityExecution sender, string[] outcomes) => false;

    /// <summary>Whether one child comes before another on every or some way, so that the case can go back from the later one. Default: it cannot.</summary>
    internal virtual bool ComesBefore(ActivityNode earlier, ActivityNode later) => false;

    /// <summary>
    /// The case returns from one child to an earlier one: leave everything after the earlier one, forget its progress, and schedule it again.
    /// </summary>
    internal virtual void GoBack(ActivityContext context, ActivityExecution from, ActivityNode to) { }

    /// <summary>The children that can run because one of them has ended. Default: none.</summary>
    internal virtual IEnumerable<ActivityNode> After(ActivityNode self, ActivityNode child) => [];

    /// <summary>Of those, what can come right after the child.</summary>
    internal virtual IEnumerable<ActivityNode> RightAfter(ActivityNode self, ActivityNode child) => After(self, child);

    /// <summary>
    /// Nothing runs or waits, and the instance hasn't ended: name the children that should have run and never will. Default: none.
    /// </summary>
    internal virtual void ReportStall(ActivityContext context) { }

    /// <summary>Whether it is the root of a workflow; its descendants belong to that workflow. Default: no.</summary>
    internal virtual bool IsWorkflowRoot => false;

    /// <summary>Whether it is a workflow used as an activity: its outputs are captured around it, not inside. Default: no.</summary>
    internal virtual bool IsWorkflowActivity => false;

    /// <summary>
    /// Whether its inputs are evaluated again when it is resumed or a child of it completes. An activity that needs them only at its start says no: a
    /// list of thousands would be made again for each of its items.
    /// </summary>
    internal virtual bool ReadsInputsAgain => true;

    /// <summary>Whether it starts all its children together, so that one added later never runs. Default: no.</summary>
    internal virtual bool StartsAllChildrenAtOnce => false;

    /// <summary>This activity or one below it was cancelled.</summary>
    internal virtual void ActivityCanceled(ActivityContext context, ActivityExecution sender) { }
}

/// <summary>An activity that is done when <see cref="Activity.Execute"/> returns, unless it waits.</summary>
public abstract class CodeActivity : Activity
{
    protected internal override bool CompletesByItself => true;
}

/// <summary>Names of outcomes that many activities use.</summary>
internal static class Outcomes
{
    public const string DoneName = "Done";
    public static readonly string[] Done = [DoneName];
    public static readonly string[] None = [];
    public static readonly string[] True = ["True"];
    public static readonly string[] False = ["False"];
    public static readonly string[] Default = ["Default"];
}
