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
/// <param name="Compile">Compiles a text. Throws <see cref="ExpressionException"/> for a syntax error.</param>
public sealed record ExpressionLanguage(string Type, Func<string, CompiledExpression> Compile)
{
    /// <summary>JavaScript with Elsa's functions, in its sandbox.</summary>
    public static ExpressionLanguage JavaScript { get; } = new("JavaScript", static text =>
    {
        var program = Expressions.JavaScript.JavaScriptProgram.Parse(text);
        return new CompiledExpression(scope => program.Evaluate(scope), scope => program.EvaluateBoolean(scope));
    });

    /// <summary>Liquid templates with Elsa's objects and filters.</summary>
    public static ExpressionLanguage Liquid { get; } = new("Liquid", static text =>
        Expressions.Liquid.LiquidTemplate.TryParse(text, out var template, out var error) ? new CompiledExpression(scope => template.Render(scope)) : throw error);
}
