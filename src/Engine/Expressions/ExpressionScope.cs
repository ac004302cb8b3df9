using NodaTime;

namespace Orchestration.Engine.Expressions;

/// <summary>
/// What an expression may see and change. Values are workflow data: null, bool, int, long, double, decimal, string, Guid,
/// <see cref="DateTimeOffset"/>, <see cref="TimeSpan"/>, byte[], <c>List&lt;object?&gt;</c> and <c>OrderedDictionary&lt;string, object?&gt;</c>, nothing else.
/// Everything non-deterministic comes from the burst, so that history can be replayed.
/// </summary>
public abstract class ExpressionScope
{
    /// <summary>Finds a variable by name, innermost container first. Names are compared as Elsa does.</summary>
    public abstract bool TryGetVariable(string name, out object? value);

    /// <summary>Sets a variable visible here; one that does not exist is created at workflow level, as Elsa does.</summary>
    public abstract void SetVariable(string name, object? value);

    /// <summary>Names of all variables visible here.</summary>
    public abstract IEnumerable<string> VariableNames { get; }

    /// <summary>Finds a workflow input of this run.</summary>
    public abstract bool TryGetInput(string name, out object? value);

    /// <summary>Names of all declared workflow inputs.</summary>
    public abstract IEnumerable<string> InputNames { get; }

    /// <summary>Output of an earlier activity, by activity ID or name; null if there is none.</summary>
    public abstract object? GetOutputFrom(string activityIdOrName, string? outputName);

    /// <summary>Activities with outputs, for the generated <c>getXFromY()</c> functions: (activity id, activity name, output names).</summary>
    public abstract IEnumerable<(string Id, string? Name, IReadOnlyList<string> Outputs)> ActivitiesWithOutputs { get; }

    /// <summary>Result of the activity that completed last.</summary>
    public abstract object? LastResult { get; }

    public abstract string WorkflowInstanceId { get; }
    public abstract string WorkflowDefinitionId { get; }
    public abstract string WorkflowDefinitionVersionId { get; }
    public abstract int WorkflowDefinitionVersion { get; }
    public abstract string? CorrelationId { get; set; }
    public abstract string? WorkflowInstanceName { get; set; }

    /// <summary>Outcomes a RunJavaScript expression set by <c>setOutcome</c> or <c>setOutcomes</c>.</summary>
    public abstract void SetOutcomes(IReadOnlyList<string> outcomes);

    /// <summary>The remaining common budget of the burst's expressions; null (default) for no common limit.</summary>
    public virtual ScriptBudget? Budget => null;

    /// <summary>The burst's now.</summary>
    public abstract Instant Now { get; }

    /// <summary>Next random number in [0, 1) of the burst's seed.</summary>
    public abstract double NextRandom();

    /// <summary>Next id of the burst's seed.</summary>
    public abstract Guid NextGuid();
}
