using NodaTime;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>The scope of an activity's expressions. One object per burst, moved from execution to execution.</summary>
internal sealed class ActivityScope(BurstRun run) : ExpressionScope
{
    private ActivityExecution _execution = null!;

    public BurstRun Run => run;
    public ActivityExecution Execution => _execution;

    public ActivityScope For(ActivityExecution execution)
    {
        _execution = execution;
        return this;
    }

    public override bool TryGetVariable(string name, out object? value)
    {
        var block = _execution.FindVariable(name);
        value = block?.Value;
        return block is not null;
    }

    public override void SetVariable(string name, object? value)
    {
        if (name.Length == 0)
            throw new EngineException("A variable has a name.");

        if (_execution.FindVariable(name) is { } block)
        {
            // A value that its type can't hold is a fault of the activity that sets it, not of the next commit.
            if (block.Definition is { } definition)
                definition.Type.Convert(value);

            block.Value = value;
            run.Set(block);
            return;
        }

        var container = _execution;

        while (!container.Node.Type.OwnsVariables && container.Parent is not null)
            container = container.Parent;

        container.Declare(BurstRun.LoopVariableId(name), name, null, value);
    }

    public override IEnumerable<string> VariableNames
    {
        get
        {
            var names = new HashSet<string>(StringComparer.Ordinal);

            for (var execution = _execution; execution is not null; execution = execution.Parent)
            {
                if (execution.Memory is null)
                    continue;

                foreach (var block in execution.Memory)
                {
                    if (names.Add(block.Name))
                        yield return block.Name;
                }
            }
        }
    }

    public override bool TryGetInput(string name, out object? value)
    {
        // Inside a workflow used as an activity, its inputs are variables of that activity.
        if (_execution.Node.IsInsideWorkflowActivity && _execution.FindVariable(name) is { } block)
        {
            value = block.Value;
            return true;
        }

        return run.TryGetInput(name, out value);
    }

    public override IEnumerable<string> InputNames
    {
        get
        {
            foreach (var input in run.Workflow.Inputs)
                yield return input.Name;

            foreach (var name in run.WorkflowInput.Keys)
                yield return name;
        }
    }

    public override object? GetOutputFrom(string activityIdOrName, string? outputName)
    {
        outputName ??= "Result";
        var container = _execution.Node.Container;

        foreach (var node in container.ChildList)
        {
            if (node.Name != activityIdOrName && node.Id != activityIdOrName)
                continue;

            var records = run.State.ActivityOutputs;

            for (var i = records.Count - 1; i >= 0; i--)
            {
                var record = records[i];

                if (record.NodeId == node.NodeId && record.Name == outputName && IsAncestor(record.ContainerId))
                    return record.Value;
            }

            return null;
        }

        throw new InvalidOperationException("Activity not found.");
    }

    private bool IsAncestor(string executionId)
    {
        for (var ancestor = _execution.Parent; ancestor is not null; ancestor = ancestor.Parent)
        {
            if (ancestor.Id == executionId)
                return true;
        }

        return false;
    }

    public override IEnumerable<(string Id, string? Name, IReadOnlyList<string> Outputs)> ActivitiesWithOutputs
    {
        get
        {
            foreach (var node in _execution.Node.Container.ChildList)
            {
                if (node.Type.Outputs.Count > 0)
                    yield return (node.Id, node.Name, node.Type.Outputs.Select(static x => x.Name).ToList());
            }
        }
    }

    public override object? LastResult => run.LastResult;
    public override string WorkflowInstanceId => run.State.Id;
    public override string WorkflowDefinitionId => run.Workflow.DefinitionId;
    public override string WorkflowDefinitionVersionId => run.Workflow.Id;
    public override int WorkflowDefinitionVersion => run.Workflow.Version;
    public override string? CorrelationId
    {
        get => run.State.CorrelationId;
        set => run.State.CorrelationId = ActivityContext.Storable("The correlation id", value);
    }
    public override string? WorkflowInstanceName
    {
        get => run.State.Name;
        set => run.State.Name = ActivityContext.Storable("The name of the instance", value);
    }

    public override void SetOutcomes(IReadOnlyList<string> outcomes) => run.ScriptOutcomes = [.. outcomes];

    public override ScriptBudget Budget => run.ScriptBudget;
    public override Instant Now => run.Context.Now;

    public override double NextRandom() => run.Ids.NextDouble();

    public override Guid NextGuid() => run.Ids.NextGuid();
}
