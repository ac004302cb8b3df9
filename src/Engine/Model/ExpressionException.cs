namespace Orchestration.Engine.Model;

/// <summary>An expression failed. The author of the expression sees its message.</summary>
public sealed class ExpressionException : Exception
{
    public ExpressionException() { }

    public ExpressionException(string message)
        : base(message) { }

    public ExpressionException(string message, Exception? inner)
        : base(message, inner) { }

    /// <summary>Error class as JavaScript names it (TypeError, ReferenceError, SyntaxError, LimitError …).</summary>
    public string Kind { get; init; } = "Error";

    /// <summary>1-based position in the expression's text, or 0.</summary>
    public int Line { get; init; }

    public int Column { get; init; }
}
