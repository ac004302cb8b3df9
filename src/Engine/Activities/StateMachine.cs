using System.Text.Json;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

/// <summary>Named states; the triggers of the current state's transitions wait side by side, and the first whose condition holds moves on.</summary>
internal sealed class StateMachine(StateMachine.State[] states, StateMachine.Transition[] transitions, string? initialState) : Activity
{
    private const string CurrentState = "CurrentState";

    internal sealed record State(string Name, ActivityNode? Entry, ActivityNode? Exit);

    internal sealed record Transition(string From, string To, ActivityNode? Trigger, ValueSource? Condition, bool HasCondition, ActivityNode? Action);

    public static Activity Compile(ActivityCompilation c)
    {
        var states = new List<State>();
        var transitions = new List<Transition>();
        var index = 0;

        foreach (var item in Objects(c, "states"))
        {
            var path = $"states[{index++}]";
            states.Add(new State(Text(item, "name") ?? "", Child(c, item, "entry", path), Child(c, item, "exit", path)));
        }

        index = 0;

        foreach (var item in Objects(c, "transitions"))
        {
            var path = $"transitions[{index++}]";
            var hasCondition =
                item.TryGetProperty("condition", out var condition)
                && condition.ValueKind == JsonValueKind.Object
                && condition.TryGetProperty("typeName", out _);
            transitions.Add(
                new Transition(
                    Text(item, "from") ?? "",
                    Text(item, "to") ?? "",
                    Child(c, item, "trigger", path),
                    hasCondition ? c.WrappedInput(condition, DataType.Boolean, path + ".condition") : null,
                    hasCondition,
                    Child(c, item, "action", path)
                )
            );
        }

        var initial = c.Text("currentState") is { Length: > 0 } current ? current : c.Text("initialState");

        if (states.Count > 0 && (initial is null || !states.Exists(x => x.Name == initial)))
            c.PublishError("initialState", $"the initial state '{initial}' is not one of its states.");

        foreach (var transition in transitions)
        {
            if (!states.Exists(x => x.Name == transition.From) || !states.Exists(x => x.Name == transition.To))
                c.PublishError("transitions", $"the transition {transition.From} → {transition.To} leads from or to a state that is not here.");
        }

        return new StateMachine([.. states], [.. transitions], initial);
    }

    internal override IEnumerable<ActivityNode> After(ActivityNode self, ActivityNode child) => self.ChildList;

    private static IEnumerable<JsonElement> Objects(ActivityCompilation c, string name) =>
        c.Property(name) is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray().Where(x => x.ValueKind == JsonValueKind.Object) : [];

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static ActivityNode? Child(ActivityCompilation c, JsonElement json, string name, string path) =>
        json.TryGetProperty(name, out var child) && child.ValueKind == JsonValueKind.Object ? c.Child(child, path + "." + name) : null;

    protected internal override void Execute(ActivityContext context)
    {
        context.Properties[CurrentState] = initialState;

        if (Find(initialState) is { } state)
            Enter(context, state);
        else
            context.Complete();
    }

    private static string? Current(ActivityContext context) => context.Properties.TryGetValue(CurrentState, out var value) ? value as string : null;

    private State? Find(string? name) => string.IsNullOrWhiteSpace(name) ? null : Array.Find(states, x => x.Name == name);

    private void Enter(ActivityContext context, State state)
    {
        if (state.Entry is { } entry)
            context.Schedule(entry, "entry");
        else
            ScheduleTriggers(context);
    }

    private void ScheduleTriggers(ActivityContext context)
    {
        var current = Current(context);
        var any = false;

        for (var i = 0; i < transitions.Length; i++)
        {
            var transition = transitions[i];

            if (transition.From != current || transition.Trigger is null || Find(transition.To) is null)
                continue;

            context.Schedule(transition.Trigger, "trigger", i);
            any = true;
        }

        if (!any)
            context.Complete();
    }

    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes)
    {
        if (callback == "entry")
        {
            ScheduleTriggers(context);
            return;
        }

        if (child.Tag is not int index || index >= transitions.Length || transitions[index] is var transition && transition.From != Current(context))
            return;

        switch (callback)
        {
            case "trigger":
                Triggered(context, child, index, transition);
                break;

            case "action":
                Exit(context, index, transition);
                break;

            case "exit":
                MoveOn(context, transition);
                break;
        }
    }

    private void Triggered(ActivityContext context, ActivityExecution child, int index, Transition transition)
    {
        if (Find(transition.To) is null)
            return;

        if (transition.HasCondition && (transition.Condition is null || context.Run.Evaluate(context.Execution, transition.Condition) is not true))
        {
            context.Schedule(transition.Trigger, "trigger", index);
            return;
        }

        CancelCompeting(context, child, transition);

        if (transition.Action is { } action)
            context.Schedule(action, "action", index);
        else
            Exit(context, index, transition);
    }

    private void CancelCompeting(ActivityContext context, ActivityExecution winner, Transition winning)
    {
        var competing = transitions
            .Where(x => x.From == winning.From && !ReferenceEquals(x, winning) && x.Trigger is not null)
            .Select(x => x.Trigger!)
            .ToHashSet();

        foreach (var child in context.Execution.Children.ToArray())
        {
            if (!ReferenceEquals(child, winner) && competing.Contains(child.Node))
                context.Run.Cancel(child);
        }

        var owner = context.Execution;
        context.Run.Unschedule(x => ReferenceEquals(x.Owner, owner) && competing.Contains(x.Node));
        context.Run.State.Callbacks.RemoveAll(x => ReferenceEquals(x.Owner, owner) && competing.Any(t => t.NodeId == x.ChildNodeId));
    }

    private void Exit(ActivityContext context, int index, Transition transition)
    {
        if (Find(transition.From)?.Exit is { } exit)
            context.Schedule(exit, "exit", index);
        else
            MoveOn(context, transition);
    }

    private void MoveOn(ActivityContext context, Transition transition)
    {
        context.Properties[CurrentState] = transition.To;

        if (Find(transition.To) is { } state)
            Enter(context, state);
        else
            context.Complete();
    }
}
