using Orchestration.Engine.Execution;

namespace Orchestration.Engine.Activities;

/// <summary>An activity with its own variables and a list of activities.</summary>
internal abstract class Container : Activity
{
    protected internal override void Execute(ActivityContext context)
    {
        foreach (var variable in context.Node.Variables)
        {
            if (context.Execution.FindLocal(variable.Id) is null)
                context.Execution.Declare(variable.Id, variable.Name, variable, variable.Default);
        }

        ScheduleChildren(context);
    }

    protected abstract void ScheduleChildren(ActivityContext context);
}

internal sealed class Sequence(ActivityNode[] activities) : Container
{
    private const string Index = "CurrentIndex";

    public static Activity Compile(ActivityCompilation c) => new Sequence([.. c.ChildList("activities")]);

    protected override void ScheduleChildren(ActivityContext context) => Next(context);

    private void Next(ActivityContext context)
    {
        var index = context.Properties.TryGetValue(Index, out var value) && value is int current ? current : 0;

        if (index >= activities.Length)
        {
            context.Complete();
            return;
        }

        context.Schedule(activities[index], "next");
        context.Properties[Index] = index + 1;
    }

    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes)
    {
        if (context.Execution.IsBreaking || child.Node.Type.IsTerminal)
        {
            context.Complete();
            return;
        }

        // Another child is running because an alteration scheduled this one: the sequence continues with the last of them.
        if (context.Execution.Children.Count > 0)
            return;

        // Not the index it was scheduled at: a migration can change it.
        if (Array.IndexOf(activities, child.Node) is >= 0 and var position)
            context.Properties[Index] = position + 1;

        Next(context);
    }

    internal override IEnumerable<ActivityNode> After(ActivityNode self, ActivityNode child) => activities.Skip(Array.IndexOf(activities, child) + 1);

    internal override IEnumerable<ActivityNode> RightAfter(ActivityNode self, ActivityNode child) => After(self, child).Take(1);

    internal override bool BreakRequested(ActivityContext context)
    {
        context.Execution.IsBreaking = true;
        return false;
    }

    internal override bool ComesBefore(ActivityNode earlier, ActivityNode later) =>
        Array.IndexOf(activities, earlier) is >= 0 and var first && first < Array.IndexOf(activities, later);

    internal override void GoBack(ActivityContext context, ActivityExecution from, ActivityNode to)
    {
        context.Run.Leave(from);
        context.Schedule(to, "next");
        context.Properties[Index] = Array.IndexOf(activities, to) + 1;
    }
}

internal sealed class Parallel(ActivityNode[] activities) : Container
{
    private const string Scheduled = "ScheduledChildren";

    internal override bool StartsAllChildrenAtOnce => true;

    public static Activity Compile(ActivityCompilation c) => new Parallel([.. c.ChildList("activities")]);

    protected override void ScheduleChildren(ActivityContext context)
    {
        if (activities.Length == 0)
        {
            context.Complete();
            return;
        }

        context.Properties[Scheduled] = activities.Length;

        foreach (var activity in activities)
            context.Schedule(activity, "child");
    }

    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes)
    {
        var remaining = (context.Properties.TryGetValue(Scheduled, out var value) && value is int count ? count : 0) - 1;
        context.Properties[Scheduled] = remaining;

        if (remaining == 0)
            context.Complete();
    }
}

internal sealed class Fork(ActivityNode[] branches, bool waitForAny) : Activity
{
    private const string Completed = "Completed";

    internal override bool StartsAllChildrenAtOnce => true;

    public static Activity Compile(ActivityCompilation c) =>
        new Fork([.. c.ChildList("branches")], string.Equals(c.Text("joinMode"), "WaitAny", StringComparison.OrdinalIgnoreCase));

    protected internal override void Execute(ActivityContext context)
    {
        if (branches.Length == 0)
        {
            context.Complete();
            return;
        }

        foreach (var branch in branches)
            context.Schedule(branch, "branch");
    }

    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes)
    {
        if (context.Execution.IsBreaking || waitForAny)
        {
            context.Complete();
            return;
        }

        var completed = context.Properties.TryGetValue(Completed, out var value) && value is List<object?> ids ? ids : [];

        if (!completed.Contains(child.Node.Id))
            completed.Add(child.Node.Id);

        context.Properties[Completed] = completed;

        if (Array.TrueForAll(branches, x => completed.Contains(x.Id)))
            context.Complete();
    }

    internal override bool BreakRequested(ActivityContext context)
    {
        context.Execution.IsBreaking = true;
        return false;
    }
}

/// <summary>Runs its body and is done with it.</summary>
internal sealed class FlowNode(ActivityNode? body) : Activity
{
    public static Activity Compile(ActivityCompilation c) => new FlowNode(c.Child("body"));

    protected internal override void Execute(ActivityContext context) => context.Schedule(body, "body");

    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes) =>
        context.Complete();
}
