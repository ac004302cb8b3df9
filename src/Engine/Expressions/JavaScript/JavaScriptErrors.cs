using System.Text.RegularExpressions;
using Acornima;
using Jint;
using Jint.Native;
using Jint.Native.Object;
using Jint.Runtime;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>What went wrong in a script, as its author sees it.</summary>
internal static class JavaScriptErrors
{
    public static ExpressionException Syntax(string message, int line = 0, int column = 0) =>
        new(message)
        {
            Kind = "SyntaxError",
            Line = line,
            Column = column,
        };

    public static ExpressionException Syntax(Jint.ScriptPreparationException error) =>
        error.InnerException switch
        {
            ParseErrorException parse => Syntax(parse.Message, parse.LineNumber, parse.Column + 1),
            InsufficientExecutionStackException => Syntax("The expression is nested too deeply"),
            { } inner => Syntax(inner.Message),
            null => Syntax(error.Message),
        };

    /// <summary>Null if the script didn't cause it.</summary>
    public static ExpressionException? Translate(Exception error, ScriptEngine script) =>
        error switch
        {
            JavaScriptException thrown => Thrown(thrown),
            PromiseRejectedException rejected => new ExpressionException(rejected.Message, error),
            ScriptLimitException => Limit(error.Message),
            MemoryLimitExceededException or OutOfMemoryException => Limit(script.Meter.OutOfMemory().Message),
            RecursionDepthOverflowException => Limit("The expression was stopped because calls are nested too deeply"),
            RegexMatchTimeoutException => Limit(
                $"The expression was stopped because a regular expression took more than {ScriptEngine.MaxMatchTime.TotalMilliseconds} ms"
            ),
            JintException or InsufficientExecutionStackException => Limit(error.Message),
            _ => null,
        };

    private static ExpressionException Limit(string message) => new(message) { Kind = "LimitError" };

    private static ExpressionException Thrown(JavaScriptException thrown)
    {
        var kind = "Error";

        try
        {
            if (thrown.Error is JsError error && error.Get("name") is { } name && name.IsString())
                kind = name.AsString();
        }
        catch (Exception second) when (second is JintException or ScriptLimitException)
        {
            // The name has a getter of the script's that throws.
        }

        var at = thrown.Location.Start;
        return new ExpressionException(thrown.Message, thrown)
        {
            Kind = kind,
            Line = at.Line,
            Column = at.Line > 0 ? at.Column + 1 : 0,
        };
    }
}
