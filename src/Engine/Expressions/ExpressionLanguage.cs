using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions;

/// <summary>Evaluates one compiled expression.</summary>
/// <exception cref="ExpressionException">The expression failed.</exception>
public delegate object? EvaluateExpression(ExpressionScope scope);

/// <summary>Evaluates one compiled expression as a condition, with Elsa's conversion to Boolean.</summary>
/// <exception cref="ExpressionException">The expression failed.</exception>
public delegate bool EvaluateCondition(ExpressionScope scope);

/// <summary>An expression, compiled once per definition version. Thread safe.</summary>
/// <param name="Evaluate">Its value.</param>
/// <param name="EvaluateCondition">A faster way when only true or false is asked for, or null.</param>
public sealed record CompiledExpression(EvaluateExpression Evaluate, EvaluateCondition? EvaluateCondition = null);

/// <summary>A language that definitions may write expressions in.</summary>
/// <param name="Type">Elsa's expression type, e.g. <c>JavaScript</c>.</param>
/// <param name="Compile">Compiles a text that stands where these names are declared. Throws <see cref="ExpressionException"/> when it does not compile.</param>
public sealed record ExpressionLanguage(string Type, Func<string, Declarations, CompiledExpression> Compile)
{
    /// <summary>Name in the designer. Default: the type.</summary>
    public string DisplayName { get; init; } = Type;

    /// <summary>JavaScript with Elsa's functions, in its sandbox.</summary>
    public static ExpressionLanguage JavaScript { get; } =
        new(
            "JavaScript",
            static (text, _) =>
            {
                var program = Expressions.JavaScript.JavaScriptProgram.Parse(text);
                return new CompiledExpression(scope => program.Evaluate(scope), scope => program.EvaluateBoolean(scope));
            }
        );

    /// <summary>Liquid templates with Elsa's objects and filters.</summary>
    public static ExpressionLanguage Liquid { get; } =
        new(
            "Liquid",
            static (text, _) =>
                Expressions.Liquid.LiquidTemplate.TryParse(text, out var template, out var error)
                    ? new CompiledExpression(scope => template.Render(scope))
                    : throw error
        );

    /// <summary>
    /// C# with Elsa's globals, by Roslyn. <b>Not a sandbox</b>: an expression may do whatever the host may, so only those who may change the host should write definitions where it is on.
    /// Limits on rounds, calls, memory and time stop mistakes, not attacks. Source: Elsa's CSharp module.
    /// </summary>
    public static ExpressionLanguage CSharp { get; } = new("CSharp", CSharpWith(ScriptLimits.Default)) { DisplayName = "C#" };

    internal static Func<string, Declarations, CompiledExpression> CSharpWith(ScriptLimits limits) =>
        (text, declarations) =>
        {
            var script = Expressions.CSharp.CSharpScript.Compile(text, declarations);
            return new CompiledExpression(scope => script.Run(scope, limits));
        };
}

/// <summary>The names an expression finds declared where it stands.</summary>
/// <param name="node">The activity it belongs to, or null.</param>
/// <param name="inputs">Inputs of the workflow it is written in.</param>
public sealed class Declarations(ActivityNode? node, IReadOnlyList<InputDefinition> inputs)
{
    /// <summary>Nothing is declared: an expression outside a workflow.</summary>
    public static Declarations None { get; } = new(null, []);

    /// <summary>Variables, innermost container first, the values of loops around it included.</summary>
    public IEnumerable<(string Name, DataType Type)> Variables
    {
        get
        {
            for (var at = node; at is not null; at = at.Parent)
            {
                foreach (var variable in at.Variables)
                    yield return (variable.Name, variable.Type);

                foreach (var name in at.Type.LoopVariables)
                    yield return (name, DataType.Any);
            }
        }
    }

    /// <summary>Inputs of the workflow.</summary>
    public IEnumerable<(string Name, DataType Type)> Inputs => inputs.Select(static x => (x.Name, x.Type));
}
