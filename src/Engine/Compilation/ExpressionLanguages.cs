using Orchestration.Engine.Expressions;
using Orchestration.Engine.Expressions.CSharp;
using Orchestration.Engine.Expressions.JavaScript;
using Orchestration.Engine.Expressions.Liquid;

namespace Orchestration.Engine.Compilation;

/// <summary>The expression languages that come with the engine.</summary>
public static class ExpressionLanguages
{
    /// <summary>JavaScript with Elsa's functions, in its sandbox.</summary>
    public static ExpressionLanguage JavaScript { get; } =
        new(
            "JavaScript",
            static (text, _) =>
            {
                var program = JavaScriptProgram.Parse(text);
                return new CompiledExpression(scope => program.Evaluate(scope), scope => program.EvaluateBoolean(scope));
            }
        );

    /// <summary>Liquid templates with Elsa's objects and filters. A filter that doesn't exist passes its input on, and can't be published.</summary>
    public static ExpressionLanguage Liquid { get; } =
        new(
            "Liquid",
            static (text, _) =>
                LiquidTemplate.TryParse(text, out var template, out var error)
                    ? new CompiledExpression(scope => template.Render(scope))
                    {
                        Mistake = template.UnknownFilter is { } filter ? $"There is no filter '{filter}'" : null,
                    }
                    : throw error
        );

    /// <summary>
    /// C# with Elsa's globals, through Roslyn. <b>Not a sandbox</b>: an expression can do whatever the host can, so only people who may change the
    /// host should
    /// write definitions where it is enabled.
    /// Limits on rounds, calls, memory and time stop mistakes, not attacks. Source: Elsa's CSharp module.
    /// </summary>
    public static ExpressionLanguage CSharp { get; } = new("CSharp", CSharpWith(ScriptLimits.Default)) { DisplayName = "C#" };

    internal static Func<string, Declarations, CompiledExpression> CSharpWith(ScriptLimits limits) =>
        (text, declarations) =>
        {
            var script = CSharpScript.Compile(text, declarations);
            return new CompiledExpression(scope => script.Run(scope, limits));
        };
}
