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
/// <param name="EvaluateCondition">A faster way if only true or false is needed, or null.</param>
public sealed record CompiledExpression(EvaluateExpression Evaluate, EvaluateCondition? EvaluateCondition = null)
{
    /// <summary>A mistake that doesn't stop it from being evaluated, but from being published; null if there is none.</summary>
    public string? Mistake { get; init; }
}

/// <summary>A language that definitions may write expressions in.</summary>
/// <param name="Type">Elsa's expression type, e.g. <c>JavaScript</c>.</param>
/// <param name="Compile">Compiles a text that stands where these names are declared. Throws <see cref="ExpressionException"/> when it does not compile.</param>
public sealed record ExpressionLanguage(string Type, Func<string, Declarations, CompiledExpression> Compile)
{
    /// <summary>Name in the designer. Default: the type.</summary>
    public string DisplayName { get; init; } = Type;
}

/// <summary>The names declared at the position of an expression.</summary>
/// <param name="variables">Variables, innermost container first, the values of loops around it included.</param>
/// <param name="inputs">Inputs of the workflow it is written in.</param>
public sealed class Declarations(IEnumerable<(string Name, DataType Type)> variables, IReadOnlyList<InputDefinition> inputs)
{
    /// <summary>Nothing is declared: an expression outside a workflow.</summary>
    public static Declarations None { get; } = new([], []);

    /// <summary>Variables, innermost container first, the values of loops around it included.</summary>
    public IEnumerable<(string Name, DataType Type)> Variables => variables;

    /// <summary>Inputs of the workflow.</summary>
    public IEnumerable<(string Name, DataType Type)> Inputs => inputs.Select(static x => (x.Name, x.Type));
}
