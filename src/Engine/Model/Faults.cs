namespace Orchestration.Engine.Model;

/// <summary>Thrown by a Fault activity.</summary>
internal sealed class FaultException(string code, string category, string type, string? message)
    : Exception(message ?? $"The workflow was made to fault ({category} {code}).")
{
    public string Code { get; } = code;
    public string Category { get; } = category;
    public string FaultType { get; } = type;
}

/// <summary>An input could not be evaluated.</summary>
internal sealed class InputEvaluationException(string inputName, Exception inner) : Exception($"Failed to evaluate activity input '{inputName}'", inner);

/// <summary>A script does not parse.</summary>
internal sealed class ScriptPreparationException(ExpressionException inner) : Exception("Could not prepare script: " + inner.Message, inner);

/// <summary>The definition has an activity whose type this host does not know.</summary>
internal sealed class ActivityNotFoundException(string typeName) : Exception($"Activity type '{typeName}' version '0' could not be found.");

/// <summary>Something a run cannot do; Elsa throws a plain exception there.</summary>
internal sealed class EngineException(string message) : Exception(message);

/// <summary>
/// Exceptions as incidents show them: by the names a stock server gives them, so that what reads incidents need not care whose engine it was.
/// </summary>
internal static class Faults
{
    public static string TypeName(Exception exception) =>
        exception switch
        {
            EngineException => "Exception",
            ExpressionException { Kind: "FormatError" } => nameof(FormatException),
            ExpressionException { Kind: "OverflowError" } => nameof(OverflowException),
            ExpressionException { Kind: "CompilationError" } => "CompilationErrorException",
            ExpressionException { Kind: "TimeoutError" } => nameof(TimeoutException),
            ExpressionException => "JavaScriptException",
            _ => exception.GetType().Name,
        };

    public static IncidentException Describe(Exception exception) =>
        new(
            TypeName(exception),
            exception.Message,
            Where(exception),
            exception switch
            {
                { InnerException: { } inner } => Describe(inner),
                // The interpreter's error is wrapped once more there.
                ExpressionException when TypeName(exception) == "JavaScriptException" => new IncidentException(
                    "JavaScriptErrorWrapperException",
                    exception.Message,
                    null
                ),
                _ => null,
            }
        );

    /// <summary>
    /// Points to the cause: the position in the script, the analyst's own code, or the stack of an unexpected exception.
    /// </summary>
    private static string? Where(Exception exception) =>
        exception switch
        {
            FaultException fault => fault.Code,
            ExpressionException { Line: > 0 } script => $"{script.Kind}: {script.Message}\n   at line {script.Line}, column {script.Column} of the expression",
            ExpressionException or InputEvaluationException or ScriptPreparationException or ActivityNotFoundException or EngineException => null,
            _ => exception.StackTrace,
        };
}
