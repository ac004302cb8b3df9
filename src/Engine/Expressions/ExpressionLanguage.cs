namespace Orchestration.Engine.Expressions;

/// <summary>Evaluates one compiled expression.</summary>
/// <exception cref="ExpressionException">The expression failed.</exception>
public delegate object? EvaluateExpression(ExpressionScope scope);

/// <summary>A language that definitions may write expressions in.</summary>
/// <param name="Type">Elsa's expression type, e.g. <c>JavaScript</c>.</param>
/// <param name="Compile">Compiles a text once per definition version. Throws <see cref="ExpressionException"/> for a syntax error.</param>
public sealed record ExpressionLanguage(string Type, Func<string, EvaluateExpression> Compile);
