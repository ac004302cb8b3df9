using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

/// <summary>The workflow itself as an activity: owns its variables and runs its root.</summary>
internal sealed class WorkflowRoot(ActivityNode? root) : Activity
{
    internal override bool IsWorkflowRoot => true;

    protected internal override void Execute(ActivityContext context)
    {
        foreach (var variable in context.Node.Variables)
        {
            if (context.Execution.FindBlock(variable.Id) is { } block)
            {
                block.Value = variable.Default;
                block.Definition ??= variable;
            }
            else
            {
                context.Execution.Declare(variable.Id, variable.Name, variable, variable.Default);
            }
        }

        context.Schedule(root, "root");
    }

    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes) =>
        context.Complete();

    internal override bool CompletionRequested(ActivityContext context, ActivityExecution sender, string[] outcomes)
    {
        context.Run.CompositeOutcomes = outcomes;

        // The sender first, so that its ancestors learn of its end; then the workflow.
        context.Run.Complete(sender, null);
        context.Run.Complete(context.Execution, outcomes);
        return true;
    }
}

/// <summary>A published workflow used as an activity.</summary>
internal sealed class WorkflowActivity(ActivityNode root, List<InputDefinition> inputs, List<OutputDefinition> outputs) : Activity
{
    internal override bool IsWorkflowActivity => true;

    private readonly VariableDefinition[] _variables =
    [
        .. inputs.Select(x => new VariableDefinition(x.Name, x.Name, x.Type, null, IsPersisted: true)),
        .. outputs.Where(x => !inputs.Exists(i => i.Name == x.Name)).Select(x => new VariableDefinition(x.Name, x.Name, DataType.Any, null, IsPersisted: true)),
    ];

    protected internal override void Execute(ActivityContext context)
    {
        BindMemory(context.Execution);

        for (var i = 0; i < inputs.Count; i++)
            context.Execution.FindLocal(inputs[i].Name)!.Value = inputs[i].Type.Convert(context.Run.Input(context.Execution, i));

        context.Schedule(root, "root");
    }

    internal override void BindMemory(ActivityExecution execution)
    {
        foreach (var variable in _variables)
            Burst.BindVariable(execution, variable);
    }

    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes)
    {
        var requested = context.Run.CompositeOutcomes;
        context.Run.CompositeOutcomes = null;

        foreach (var output in context.Node.Type.Outputs)
        {
            if (context.Execution.FindLocal(output.Name) is { Value: { } value })
                context.SetOutput(output.Name, value);
        }

        context.Run.Complete(context.Execution, requested);
    }

    internal override bool CompletionRequested(ActivityContext context, ActivityExecution sender, string[] outcomes)
    {
        context.Run.Complete(sender, null);
        context.Run.Complete(context.Execution, outcomes);
        return true;
    }

    /// <summary>SetOutput inside the workflow.</summary>
    internal static void SetOutput(BurstRun run, ActivityExecution execution, string name, object? value)
    {
        if (execution.FindLocal(name) is { } block)
            block.Value = value;

        var target = execution.Node.OutputTargets[execution.Node.Type.OutputIndex(name)];

        if (target is not null)
            run.SetBlock(execution, target, value);

        run.RecordOutput(execution, name, value);
    }
}
