using Orchestration.Engine.Expressions;
using Orchestration.Engine.Expressions.JavaScript;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Tests.Expressions;

/// <summary>Evaluation without an engine gives the same result as the engine.</summary>
public sealed class SimpleFormsTests(ITestOutputHelper output)
{
    private static readonly object?[] s_values =
    [
        null,
        true,
        false,
        0,
        1,
        -7,
        2.5,
        double.NaN,
        double.PositiveInfinity,
        -0.0,
        4_000_000_000L,
        9007199254740993L,
        12.345m,
        "",
        "a",
        "B",
        "10",
        " 2.5 ",
        "true",
        "ä",
        "😀",
        "x y",
        Guid.Empty,
        TimeSpan.FromHours(1),
        new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        new byte[] { 1, 2 },
        WorkflowData.Parse("[1, 2]"),
        WorkflowData.Parse("""{"a": 1}"""),
    ];

    private static readonly string[] s_leaves =
    [
        "variables.A",
        "variables.B",
        "variables.toString",
        "variables.missing",
        "getA()",
        "getB()",
        "getNote()",
        "getMissing()",
        "getResultFromPrev()",
        "getCorrelationId()",
        "variables.A.length",
        "0",
        "1",
        "2.5",
        "1e3",
        "-1",
        "''",
        "'a'",
        "'10'",
        "\"B\"",
        "true",
        "false",
        "null",
        "undefined",
    ];

    private static readonly string[] s_operators = ["===", "!==", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "+", "-", "*", "/"];

    [Fact]
    public void Both_ways_of_evaluating_agree()
    {
        var random = new Random(20261129);
        var simple = 0;

        for (var i = 0; i < 6000; i++)
        {
            var source = Expression(random, random.Next(4));
            var (a, b, note) = (Pick(random, s_values), Pick(random, s_values), Pick(random, s_values));
            var program = JavaScriptProgram.Parse(source);
            var fast = Outcome(() => program.Evaluate(Scope(a, b, note)));

            fast.ShouldBe(
                Outcome(() => program.EvaluateInEngine(Scope(a, b, note))),
                $"{source} with A = {a ?? "null"}, B = {b ?? "null"}, Note = {note ?? "null"}"
            );
            Outcome(() => program.EvaluateBoolean(Scope(a, b, note)))
                .ShouldBe(Outcome(() => ValueConverter.Convert(program.EvaluateInEngine(Scope(a, b, note)), "Boolean") is true), source);
            simple += program.IsSimple(Scope(a, b, note)) ? 1 : 0;
        }

        output.WriteLine($"{simple} of 6000 without an engine");
        simple.ShouldBeGreaterThan(1500);
    }

    private static string Expression(Random random, int depth) =>
        depth == 0 ? Pick(random, s_leaves)
        : random.Next(8) == 0 ? $"!({Expression(random, depth - 1)})"
        : random.Next(8) == 0 ? $"-({Expression(random, depth - 1)})"
        : random.Next(8) == 0 ? $"({Expression(random, depth - 1)} ?? {Expression(random, depth - 1)})"
        : random.Next(8) == 0 ? $"({Expression(random, depth - 1)} ? {Expression(random, depth - 1)} : {Expression(random, depth - 1)})"
        : $"({Expression(random, depth - 1)} {Pick(random, s_operators)} {Expression(random, random.Next(depth))})";

    private static T Pick<T>(Random random, T[] from) => from[random.Next(from.Length)];

    private static TestScope Scope(object? a, object? b, object? note) => new() { Variables = { ["A"] = a, ["B"] = b }, Input = { ["Note"] = note } };

    private static string Outcome(Func<object?> evaluate)
    {
        try
        {
            var value = evaluate();
            return value is double number ? "number " + number.ToString("R", null) : value?.GetType().Name + " " + WorkflowData.ToJson(value);
        }
        catch (ExpressionException error)
        {
            return $"{error.Kind}: {error.Message}";
        }
    }
}
