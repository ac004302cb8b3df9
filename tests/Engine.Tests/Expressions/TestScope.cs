using NodaTime;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Tests.Expressions;

/// <summary>The scope the golden expressions were recorded in: workflow <c>wf-js</c>, after an activity <c>prev</c> that returned something.</summary>
internal sealed class TestScope : ExpressionScope
{
    private uint _random = 1;

    public OrderedDictionary<string, object?> Variables { get; } = [];
    public OrderedDictionary<string, object?> Input { get; } = [];
    public List<string> Outcomes { get; } = [];
    public object? Previous { get; set; } = WorkflowData.Parse("""{"score":5,"tags":["a","b"]}""");

    public override bool TryGetVariable(string name, out object? value) => Variables.TryGetValue(name, out value);

    public override void SetVariable(string name, object? value) => Variables[name] = value;

    public override IEnumerable<string> VariableNames => Variables.Keys;

    public override bool TryGetInput(string name, out object? value) => Input.TryGetValue(name, out value);

    public override IEnumerable<string> InputNames => Input.Keys;

    public override object? GetOutputFrom(string activityIdOrName, string? outputName) =>
        activityIdOrName is "prev" or "Prev" && outputName is null or "Result" ? Previous : null;

    public override IEnumerable<(string Id, string? Name, IReadOnlyList<string> Outputs)> ActivitiesWithOutputs => [("prev", "Prev", ["Result"])];

    public override object? LastResult => Previous;
    public override string WorkflowInstanceId => "inst-1";
    public override string WorkflowDefinitionId => "wf-js";
    public override string WorkflowDefinitionVersionId => "wf-js-v1";
    public override int WorkflowDefinitionVersion => 1;
    public override string? CorrelationId { get; set; } = "corr-1";
    public override string? WorkflowInstanceName { get; set; }

    public override void SetOutcomes(IReadOnlyList<string> outcomes)
    {
        Outcomes.Clear();
        Outcomes.AddRange(outcomes);
    }

    public override Instant Now { get; } = Instant.FromUtc(2026, 3, 4, 5, 6, 7);

    public override double NextRandom() => Next() / 4294967296.0;

    public override Guid NextGuid() => new(Next(), (ushort)Next(), (ushort)Next(), 1, 2, 3, 4, 5, 6, (byte)Next(), (byte)(Next() >> 8));

    private uint Next() => _random = _random * 1664525 + 1013904223;
}
