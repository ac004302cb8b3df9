using NodaTime;

namespace Orchestration.Engine.Expressions;

/// <summary>A scope for templates outside of workflows: they can read these values as <c>Variables</c>, and nothing else.</summary>
/// <param name="now">The time that templates see.</param>
/// <param name="values">Values by name.</param>
public sealed class ValueScope(Instant now, IReadOnlyDictionary<string, object?> values) : ExpressionScope
{
    public override IEnumerable<string> VariableNames => values.Keys;
    public override IEnumerable<string> InputNames => [];
    public override IEnumerable<(string Id, string? Name, IReadOnlyList<string> Outputs)> ActivitiesWithOutputs => [];
    public override object? LastResult => null;
    public override string WorkflowInstanceId => "";
    public override string WorkflowDefinitionId => "";
    public override string WorkflowDefinitionVersionId => "";
    public override int WorkflowDefinitionVersion => 0;
    public override string? CorrelationId { get; set; }
    public override string? WorkflowInstanceName { get; set; }
    public override Instant Now => now;

    public override bool TryGetVariable(string name, out object? value) => values.TryGetValue(name, out value);

    public override bool TryGetInput(string name, out object? value)
    {
        value = null;
        return false;
    }

    public override object? GetOutputFrom(string activityIdOrName, string? outputName) => null;

    public override void SetVariable(string name, object? value) => throw new NotSupportedException();

    public override void SetOutcomes(IReadOnlyList<string> outcomes) => throw new NotSupportedException();

    public override double NextRandom() => throw new NotSupportedException();

    public override Guid NextGuid() => throw new NotSupportedException();
}
