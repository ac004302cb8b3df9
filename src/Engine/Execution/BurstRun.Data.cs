using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>Inputs, outputs and the journal of executions.</summary>
internal sealed partial class BurstRun
{
    public void EvaluateInputs(ActivityExecution execution)
    {
        if (execution.Inputs is not null)
            return;

        var node = execution.Node;
        var inputs = node.Type.Inputs;

        if (inputs.Count == 0)
        {
            execution.Inputs = [];
            return;
        }

        var values = new object?[inputs.Count];

        for (var i = 0; i < values.Length; i++)
        {
            if (inputs[i].AutoEvaluate && node.Inputs[i] is { } source)
                values[i] = Evaluate(execution, source, inputs[i].Name);
        }

        execution.Inputs = values;
    }

    /// <summary>Value of an input: the one evaluated before the activity ran, or, for inputs that evaluate on demand, a fresh one.</summary>
    public object? Input(ActivityExecution execution, int index)
    {
        var input = execution.Node.Type.Inputs[index];

        if (!input.AutoEvaluate)
            return execution.Node.Inputs[index] is { } source ? Evaluate(execution, source, input.Name) : null;

        EvaluateInputs(execution);
        return execution.Inputs![index];
    }

    private object? Evaluate(ActivityExecution execution, ValueSource source, string inputName)
    {
        try
        {
            return source.Evaluate(_scope.For(execution));
        }
#pragma warning disable CA1031 // Elsa wraps whatever an expression throws, so that the incident names the input.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            throw new InputEvaluationException(inputName, exception);
        }
    }

    public object? Evaluate(ActivityExecution execution, ValueSource source) => source.Evaluate(_scope.For(execution));

    public bool TryGetInput(string name, out object? value)
    {
        if (WorkflowInput.TryGetValue(name, out value))
            return true;

        foreach (var (key, candidate) in WorkflowInput)
        {
            if (string.Equals(key, name, StringComparison.OrdinalIgnoreCase))
            {
                value = candidate;
                return true;
            }
        }

        return false;
    }

    public void SetOutput(ActivityExecution execution, string name, object? value)
    {
        var node = execution.Node;
        var index = node.Type.OutputIndex(name);

        if (index >= 0 && node.OutputTargets[index] is { } target)
            SetBlock(execution, target, value);

        RecordOutput(execution, name, value, index >= 0 && node.Type.Outputs[index].IsTransient);
    }

    /// <summary>Writes to the nearest block with this id; a workflow output of that name gets the value too.</summary>
    public void SetBlock(ActivityExecution execution, string blockId, object? value)
    {
        // What captures an output of a workflow used as an activity stands around it, whatever that workflow's own outputs are called.
        var at = execution.Node.Activity.IsWorkflowActivity ? execution.Parent! : execution;

        if (at.FindBlock(blockId) is { } block)
        {
            // A value that its type can't hold is a fault of the activity that sets it, not of the next commit.
            block.Definition?.Type.Convert(value);
            block.Value = value;
            Set(block);
        }
        else
        {
            at.Declare(blockId, blockId, null, value);
        }

        if (execution.Node.IsInsideWorkflowActivity)
            return;

        foreach (var output in Workflow.Outputs)
        {
            if (output.Name == blockId)
                State.Output[blockId] = value;
        }
    }

    private HashSet<MemoryBlock>? _set;

    /// <summary>A variable got a value, which history will tell.</summary>
    public void Set(MemoryBlock block) => (_set ??= []).Add(block);

    /// <summary>The last entry of the burst says which variables of the workflow it set.</summary>
    private void TellVariables()
    {
        if (_set is null || Result.History.Count == 0)
            return;

        OrderedDictionary<string, object?>? variables = null;
        var root = State.ExecutionList.Find(static x => x.Parent is null);

        foreach (var variable in Workflow.Variables)
        {
            if (root?.FindLocal(variable.Id) is { } block && _set.Contains(block))
                (variables ??= [])[variable.Name] = block.Value;
        }

        Result.History[^1].Variables = variables;
    }

    public void RecordOutput(ActivityExecution execution, string name, object? value, bool isTransient = false)
    {
        if (isTransient)
            _hasTransientOutputs = true;
        else
            (execution.Outputs ??= [])[name] = value;

        var container = execution.Parent?.Id ?? State.Id;
        var records = State.ActivityOutputs;
        var index = records.Count - 1;

        while (index >= 0 && !(records[index].NodeId == execution.NodeId && records[index].ContainerId == container && records[index].Name == name))
            index--;

        if (index < 0)
            records.Add(new OutputRecord(container, execution.NodeId, name) { Value = value, IsTransient = isTransient });
        else
            records[index].Value = value;

        if (name == "Result")
            LastResult = value;
    }

    /// <summary>
    /// Of outputs in containers that have ended only each activity's last can still be asked for: a loop whose body is a container would keep one a
    /// round.
    /// </summary>
    private void ForgetOutputs()
    {
        var living = State.ExecutionList.Select(static x => x.Id).ToHashSet(StringComparer.Ordinal);
        var seen = new HashSet<(string, string)>();

        for (var i = State.ActivityOutputs.Count - 1; i >= 0; i--)
        {
            var record = State.ActivityOutputs[i];

            if (!seen.Add((record.NodeId, record.Name)) && !living.Contains(record.ContainerId))
                State.ActivityOutputs.RemoveAt(i);
        }
    }

    public void Journal(string eventName, ActivityExecution execution, string? message, bool withInputs = true)
    {
        var payload = execution.JournalData is { Count: > 0 } data ? new OrderedDictionary<string, object?>(data) : null;

        if (eventName == "Completed" && execution.Outcomes is { } outcomes)
            (payload ??= [])["Outcomes"] = new List<object?>(outcomes);

        if (eventName is "Completed" or "Suspended" && execution.Outputs is { } outputs)
            (payload ??= [])["Outputs"] = outputs;

        Result.Journal.Add(new JournalEntry(eventName, execution, message, withInputs ? execution.Inputs : null, payload));
    }
}
