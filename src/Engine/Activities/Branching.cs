using System.Text.Json;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

internal sealed class If(ActivityNode? then, ActivityNode? otherwise) : Activity
{
    public static Activity Compile(ActivityCompilation c) => new If(c.Child("then"), c.Child("else"));

    protected internal override void Execute(ActivityContext context)
    {
        var result = context.Input<bool>("Condition");
        context.SetOutput("Result", result);
        context.Schedule(result ? then : otherwise, "branch");
    }

    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes) =>
        context.Complete();
}

internal sealed class FlowDecision : Activity
{
    protected internal override void Execute(ActivityContext context) => context.Complete(context.Input<bool>("Condition") ? Outcomes.True : Outcomes.False);

    protected internal override bool HasOneOutcome(ActivityNode node) => true;
}

internal sealed class FlowFork : Activity
{
    public static Activity Compile(ActivityCompilation c)
    {
        if (c.TryLiteral("Branches", out var value))
            c.Node.Outcomes = value is List<object?> names ? [.. names.OfType<string>()] : Outcomes.Done;
        else
            c.Node.HasOpenOutcomes = true;

        return new FlowFork();
    }

    protected internal override void Execute(ActivityContext context) =>
        context.Complete(context.Input("Branches") is List<object?> branches ? [.. branches.Select(x => Data.Text(x))] : Outcomes.Done);
}

internal enum JoinMode
{
    WaitAll,
    WaitAllActive,
    WaitAny,
}

internal sealed class FlowJoin : Activity
{
    public static JoinMode ModeOf(object? value) =>
        value switch
        {
            string text when Enum.TryParse<JoinMode>(text, ignoreCase: true, out var mode) && Enum.IsDefined(mode) => mode,
            int number when Enum.IsDefined((JoinMode)number) => (JoinMode)number,
            _ => JoinMode.WaitAll,
        };

    protected internal override void Execute(ActivityContext context)
    {
        // The flowchart has decided what can run; here the losing branches are cancelled.
        if (context.Execution.Parent is { } parent)
        {
            if (parent.Node.Activity is not Flowchart flowchart)
                throw new InvalidOperationException("Activity context is not a flowchart.");

            flowchart.CancelInboundAncestors(new ActivityContext(context.Run, parent), context.Node);
        }

        context.Complete();
    }
}

/// <summary>One case of a switch.</summary>
internal sealed record SwitchCase(string Label, ValueSource? Condition, ActivityNode? Activity)
{
    private const string Mode = "Mode";

    public static SwitchCase[] Read(ActivityCompilation c, bool withActivities)
    {
        if (c.Property("cases") is not { ValueKind: JsonValueKind.Array } items)
            return [];

        var cases = new List<SwitchCase>();
        var index = 0;

        foreach (var item in items.EnumerateArray())
        {
            var path = $"cases[{index++}]";

            if (item.ValueKind != JsonValueKind.Object)
            {
                c.Error(path, "a case is a JSON object.");
                continue;
            }

            var label = item.TryGetProperty("label", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString()! : "";
            var condition =
                item.TryGetProperty("condition", out var expression) && expression.ValueKind == JsonValueKind.Object
                    ? c.Expression(expression, DataType.Boolean, path + ".condition")
                    : null;
            var activity =
                withActivities && item.TryGetProperty("activity", out var json) && json.ValueKind == JsonValueKind.Object
                    ? c.Child(json, path + ".activity")
                    : null;
            cases.Add(new SwitchCase(label, condition, activity));
        }

        return [.. cases];
    }

    public static List<SwitchCase> Match(ActivityContext context, SwitchCase[] cases)
    {
        // Every condition is evaluated, also after a match, as in Elsa: conditions can have side effects.
        var matches = new List<SwitchCase>();

        foreach (var item in cases)
        {
            if (item.Condition is { } condition && context.Run.Evaluate(context.Execution, condition) is true)
                matches.Add(item);
        }

        if (matches.Count > 1 && !IsMatchAny(context.Input(Mode)))
            matches.RemoveRange(1, matches.Count - 1);

        return matches;
    }

    /// <summary>Whether no more than one case is taken, whatever the conditions say.</summary>
    public static bool MatchesOne(ActivityNode node) => node.IsLiteral(Mode) && !IsMatchAny(node.Literal(Mode));

    private static bool IsMatchAny(object? mode) => mode is 1 || mode is string text && string.Equals(text, "MatchAny", StringComparison.OrdinalIgnoreCase);
}

internal sealed class FlowSwitch(SwitchCase[] cases) : Activity
{
    public static Activity Compile(ActivityCompilation c)
    {
        var cases = SwitchCase.Read(c, withActivities: false);
        c.Node.Outcomes = [.. cases.Select(x => x.Label), "Default"];
        return new FlowSwitch(cases);
    }

    protected internal override void Execute(ActivityContext context)
    {
        var matches = SwitchCase.Match(context, cases);
        context.Complete(matches.Count > 0 ? [.. matches.Select(x => x.Label)] : Outcomes.Default);
    }

    protected internal override bool HasOneOutcome(ActivityNode node) => SwitchCase.MatchesOne(node);
}

internal sealed class Switch(SwitchCase[] cases, ActivityNode? otherwise) : Activity
{
    private const string Scheduled = "ScheduledActivityIds";

    public static Activity Compile(ActivityCompilation c) => new Switch(SwitchCase.Read(c, withActivities: true), c.Child("default"));

    protected internal override void Execute(ActivityContext context)
    {
        var matches = SwitchCase.Match(context, cases);
        var scheduled = new List<object?>();

        if (matches.Count > 0)
        {
            foreach (var match in matches)
                Add(match.Activity);
        }
        else
        {
            Add(otherwise);
        }

        if (scheduled.Count == 0)
            context.Complete();
        else
            context.Properties[Scheduled] = scheduled;

        void Add(ActivityNode? activity)
        {
            if (activity is null)
                return;

            context.Schedule(activity, "case");

            if (!scheduled.Contains(activity.Id))
                scheduled.Add(activity.Id);
        }
    }

    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes)
    {
        if (context.Properties.TryGetValue(Scheduled, out var value) && value is List<object?> ids && ids.Remove(child.Node.Id) && ids.Count == 0)
            context.Complete();
    }
}
