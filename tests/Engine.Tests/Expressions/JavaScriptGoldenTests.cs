using Orchestration.Engine.Expressions.JavaScript;

namespace Orchestration.Engine.Tests.Expressions;

public sealed class JavaScriptGoldenTests(ITestOutputHelper output)
{
    /// <summary>Where we differ from stock Elsa, and why.</summary>
    private static readonly Dictionary<string, string> s_reasoned = new()
    {
        ["getArr().indexOf(2)"] = "Elsa contradicts itself: includes(2) finds the element, indexOf(2) does not",
        ["getInput(\"Customer\")"] =
            "an object converted to a number or Boolean: Elsa throws for an input and gives 0 for the same object in a variable; ours gives 0",
        ["typeof importNamespace"] = HostObjects,
        ["typeof System"] = HostObjects,
        ["typeof DateTime"] = HostObjects,
        ["typeof TimeSpan"] = HostObjects,
        ["10n"] = BigIntegers,
        ["BigInt(10) + 5n"] = BigIntegers,
        ["typeof 1n"] = BigIntegers,
        ["JSON.stringify({k:1n})"] = BigIntegers,
        ["1n + 1"] = BigIntegers,
        ["() => 1"] = "a function is no data: its text instead of a .NET delegate that cannot be stored",
        ["Symbol(\"x\")"] = "a symbol is no data: its description instead of an internal object of the interpreter",
        ["(0.5).toLocaleString(\"en-US\", { style: \"percent\" })"] = "the host knows no languages but the invariant one, which writes a blank before %",
    };

    private const string HostObjects = "no host objects: an expression reaches nothing of .NET";
    private const string BigIntegers = "no BigInt: one multiplication may take forever; refused when the definition is published";

    [Fact]
    public void Expressions_give_what_Elsa_gives()
    {
        var verdicts = GoldenExpressions.Run("javascript.json", (expression, scope) => JavaScriptProgram.Parse(expression).Evaluate(scope));
        output.WriteLine(GoldenExpressions.Table(verdicts, s_reasoned));
        verdicts.Where(v => v.Difference is not null).Select(v => v.Expression).ShouldBe(s_reasoned.Keys, ignoreOrder: true);
    }
}
