using Orchestration.Engine.Execution;

namespace Orchestration.Engine.Activities;

/// <summary>A loop that Break leaves and that Complete cancels.</summary>
internal abstract class Loop : Activity
{
    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes) =>
        Iterate(context);

    protected abstract void Iterate(ActivityContext context);

    internal override IEnumerable<ActivityNode> After(ActivityNode self, ActivityNode child) => self.ChildList;

    internal override bool BreakRequested(ActivityContext context)
    {
        context.Execution.IsBreaking = true;
        return true;
    }

    internal override bool CompletionRequested(ActivityContext context, ActivityExecution sender, string[] outcomes)
    {
        context.Run.Cancel(context.Execution);
        return false;
    }
}

internal sealed class While(ActivityNode? body) : Loop
{
    public static Activity Compile(ActivityCompilation c) => new While(c.Child("body"));

    protected internal override void Execute(ActivityContext context) => Iterate(context);

    protected override void Iterate(ActivityContext context)
    {
        while (!context.Execution.IsBreaking && context.Input<bool>("Condition"))
        {
            if (body is not null)
            {
                context.Schedule(body, "body");
                return;
            }

            // Nothing comes back from an empty body: only the condition can end this.
            context.Run.CountStep(context.Node);
        }

        context.Complete();
    }
}

internal sealed class For(ActivityNode? body) : Loop
{
    private const string CurrentStep = "CurrentStep";

    public static Activity Compile(ActivityCompilation c) => new For(c.Child("body"));

    protected internal override void Execute(ActivityContext context)
    {
        if (body is not null)
            Iterate(context);
    }

    protected override void Iterate(ActivityContext context)
    {
        int start = context.Input<int>("Start"),
            end = context.Input<int>("End"),
            step = context.Input<int>("Step");
        var inclusive = context.Input<bool>("OuterBoundInclusive");
        var current = context.Properties.TryGetValue(CurrentStep, out var value) && value is int last ? last + step : start;
        var goesOn =
            step >= 0
                ? inclusive
                    ? current <= end
                    : current < end
                : inclusive
                    ? current >= end
                    : current > end;

        if (context.Execution.IsBreaking || !goesOn)
        {
            context.Complete();
            return;
        }

        context.Run.Schedule(context.Execution, body, "body", variables: [("CurrentValue", current)]);
        context.Properties[CurrentStep] = current;
        context.SetOutput("CurrentValue", current);
    }
}

internal sealed class ForEach(ActivityNode? body) : Loop
{
    private const string CurrentIndex = "CurrentIndex";

    public static Activity Compile(ActivityCompilation c) => new ForEach(c.Child("body"));

    protected internal override void Execute(ActivityContext context) => Iterate(context);

    protected override void Iterate(ActivityContext context)
    {
        var index = context.Properties.TryGetValue(CurrentIndex, out var value) && value is int current ? current : 0;
        var items = context.RequiredInput<List<object?>>("Items");

        if (context.Execution.IsBreaking || index >= items.Count)
        {
            context.Complete();
            return;
        }

        context.SetOutput("CurrentValue", items[index]);

        if (body is null)
            context.Complete();
        else
            context.Run.Schedule(context.Execution, body, "body", variables: [("CurrentIndex", index), ("CurrentValue", items[index])]);

        context.Properties[CurrentIndex] = index + 1;
    }
}

internal sealed class ParallelForEach(ActivityNode? body) : Activity
{
    private const string Scheduled = "Scheduled";
    private const string Completed = "Completed";

    public static Activity Compile(ActivityCompilation c) => new ParallelForEach(c.Child("body"));

    protected internal override void Execute(ActivityContext context)
    {
        var items = context.Input("Items") as List<object?> ?? [];
        context.Run.Context.FanOut.Check(items.Count, areForPeople: body is not null && IsForPeople(body));
        context.Properties[Scheduled] = items.Count;

        for (var i = 0; i < items.Count; i++)
            context.Run.Schedule(context.Execution, body, "body", tag: i, variables: [("CurrentValue", items[i]), ("CurrentIndex", i)]);

        if (items.Count == 0)
            context.Complete();
    }

    private static bool IsForPeople(ActivityNode node) => node.Type.IsForPeople || node.Children.Any(IsForPeople);

    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes)
    {
        var completed = (context.Properties.TryGetValue(Completed, out var value) && value is int count ? count : 0) + 1;
        context.Properties[Completed] = completed;

        if (context.Properties.TryGetValue(Scheduled, out var scheduled) && scheduled is int all && completed == all)
            context.Complete();
    }
}
