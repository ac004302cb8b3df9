using BenchmarkDotNet.Attributes;
using NodaTime;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Expressions.JavaScript;
using Orchestration.Engine.Model;

namespace Orchestration.Benchmarks;

/// <summary>What expressions of a journey cost: time and allocation.</summary>
[MemoryDiagnoser]
public class JavaScriptBenchmarks
{
    private static readonly JavaScriptProgram s_comparison = JavaScriptProgram.Parse("variables.x > 5");
    private static readonly JavaScriptProgram s_getter = JavaScriptProgram.Parse("getX() * 2 + 1");
    private static readonly JavaScriptProgram s_member = JavaScriptProgram.Parse("getClaim().amount > 1000 && getClaim().status === 'open'");
    private static readonly JavaScriptProgram s_sum = JavaScriptProgram.Parse("getItems().filter(i => i.qty > 0).reduce((t, i) => t + i.qty * i.price, 0)");
    private static readonly JavaScriptProgram s_loop = JavaScriptProgram.Parse("let s = 0; for (let i = 0; i < 1000; i++) s += i; s");
    private readonly Scope _scope = new();

    [Benchmark]
    public bool Comparison() => s_comparison.EvaluateBoolean(_scope);

    [Benchmark]
    public object? Getter() => s_getter.Evaluate(_scope);

    [Benchmark]
    public bool Member() => s_member.EvaluateBoolean(_scope);

    [Benchmark]
    public object? SumOfItems() => s_sum.Evaluate(_scope);

    [Benchmark]
    public object? LoopOf1000() => s_loop.Evaluate(_scope);

    [Benchmark]
    public JavaScriptProgram Parse() => JavaScriptProgram.Parse("getItems().filter(i => i.qty > 0).map(i => `${i.sku}: ${i.qty}`).join(', ')");

    private sealed class Scope : ExpressionScope
    {
        private readonly Dictionary<string, object?> _variables = new()
        {
            ["x"] = 7,
            ["X"] = 7,
            ["Claim"] = WorkflowData.Parse("""{"amount":1500,"status":"open"}"""),
            ["Items"] = WorkflowData.Parse("""[{"sku":"A","qty":2,"price":1.5},{"sku":"B","qty":1,"price":10},{"sku":"C","qty":0,"price":4.25}]"""),
        };

        public override bool TryGetVariable(string name, out object? value) => _variables.TryGetValue(name, out value);

        public override void SetVariable(string name, object? value) => _variables[name] = value;

        public override IEnumerable<string> VariableNames => _variables.Keys;

        public override bool TryGetInput(string name, out object? value)
        {
            value = null;
            return false;
        }

        public override IEnumerable<string> InputNames => [];

        public override object? GetOutputFrom(string activityIdOrName, string? outputName) => null;

        public override IEnumerable<(string Id, string? Name, IReadOnlyList<string> Outputs)> ActivitiesWithOutputs => [];

        public override object? LastResult => null;
        public override string WorkflowInstanceId => "i";
        public override string WorkflowDefinitionId => "d";
        public override string WorkflowDefinitionVersionId => "v";
        public override int WorkflowDefinitionVersion => 1;
        public override string? CorrelationId { get; set; }
        public override string? WorkflowInstanceName { get; set; }

        public override void SetOutcomes(IReadOnlyList<string> outcomes) { }

        public override Instant Now => Instant.FromUnixTimeSeconds(0);

        public override double NextRandom() => 0.5;

        public override Guid NextGuid() => Guid.Empty;
    }
}
