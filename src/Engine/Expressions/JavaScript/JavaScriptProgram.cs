using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>
/// A JavaScript expression or script, parsed once. Immutable and thread safe. Understands the expressions, statements and classes of ECMAScript 2023 without
/// generators, async functions, modules, proxies, <c>eval</c> and <c>with</c>; knows Elsa's functions; reaches nothing of the host but its <see cref="ExpressionScope"/>.
/// </summary>
public sealed partial class JavaScriptProgram
{
    [ThreadStatic]
    private static Realm? t_realm;

    private readonly FunctionCode _code;
    private readonly string[] _variableNames;
    private readonly Expression? _single;

    private JavaScriptProgram(string source, FunctionCode code)
    {
        Source = source;
        _code = code;
        _variableNames = [.. VariableNamesPattern().Matches(source).Select(m => m.Groups[1].Value).Distinct()];
        if (code is { Body: [ExpressionStatement only], Functions: [] } && code.Scope.SlotCount == 0)
            _single = only.Expression;
    }

    /// <summary>The source it was parsed from.</summary>
    public string Source { get; }

    /// <summary>Parses a script. Its value is that of its last expression statement, or of a <c>return</c>.</summary>
    /// <param name="source">The script. Empty is allowed and has the value null.</param>
    /// <param name="program">The program, or null.</param>
    /// <param name="error">Why it does not parse (kind <c>SyntaxError</c>, with position), or null.</param>
    public static bool TryParse(string source, [NotNullWhen(true)] out JavaScriptProgram? program, [NotNullWhen(false)] out ExpressionException? error)
    {
        program = null;
        error = null;
        try
        {
            program = new JavaScriptProgram(source, Parser.Parse(source));
            return true;
        }
        catch (SyntaxException syntax)
        {
            var (line, column) = PositionOf(source, syntax.Position);
            error = new ExpressionException($"{syntax.Message} (<anonymous>:{line}:{column})")
            {
                Kind = "SyntaxError",
                Line = line,
                Column = column,
            };
            return false;
        }
    }

    /// <summary>Parses a script that must be valid.</summary>
    /// <exception cref="ExpressionException">It is not.</exception>
    public static JavaScriptProgram Parse(string source) => TryParse(source, out var program, out var error) ? program : throw error;

    /// <summary>Runs the script.</summary>
    /// <param name="scope">What it may see and change.</param>
    /// <param name="limits">What it may use; null for the defaults.</param>
    /// <returns>Its value as workflow data; all numbers are doubles, a Date is a <see cref="DateTimeOffset"/> in UTC.</returns>
    /// <exception cref="ExpressionException">It threw, or reached a limit (kind <c>LimitError</c>). Changes to <c>variables</c> are then not copied back; setters called before stay called.</exception>
    public object? Evaluate(ExpressionScope scope, ScriptLimits? limits = null)
    {
        var realm = Rent(scope, limits);
        try
        {
            var value = Run(realm);
            var data = DataConversion.ToData(realm, value);
            realm.Workflow.CopyBack();
            return data;
        }
        catch (Exception error) when (error is JsThrow or LimitException)
        {
            throw Translate(realm, error);
        }
        finally
        {
            Return(realm);
        }
    }

    /// <summary>Runs the script and takes its value for true or false as Elsa converts a result to Boolean. Allocates nothing for a comparison of plain variables.</summary>
    /// <inheritdoc cref="Evaluate"/>
    public bool EvaluateBoolean(ExpressionScope scope, ScriptLimits? limits = null)
    {
        var realm = Rent(scope, limits);
        try
        {
            var value = Run(realm);
            var result =
                value.IsBoolean ? value.Boolean
                : value.IsNumber ? value.Number != 0
                : ValueConverter.Convert(DataConversion.ToData(realm, value), "Boolean") is true;
            realm.Workflow.CopyBack();
            return result;
        }
        catch (Exception error) when (error is JsThrow or LimitException)
        {
            throw Translate(realm, error);
        }
        finally
        {
            Return(realm);
        }
    }

    private Realm Rent(ExpressionScope scope, ScriptLimits? limits)
    {
        var realm = t_realm ?? new Realm();
        t_realm = null;
        realm.Begin(scope, limits ?? ScriptLimits.Default);
        realm.Workflow.VariableNames = _variableNames;
        return realm;
    }

    private static void Return(Realm realm)
    {
        realm.End();
        if (!realm.IsUsed)
            t_realm = realm;
    }

    private JsValue Run(Realm realm)
    {
        var frame = realm.EnterFunction();
        frame.Function = null;
        frame.NewTarget = default;
        frame.Result = default;
        frame.This = _code.UsesThis ? realm.Global : default;
        frame.Environment = realm.ProgramEnvironment(_code.Scope);
        if (_single is not null)
            return _single.Evaluate(frame);
        foreach (var function in _code.Functions)
            function.Hoist(frame);
        Statement.Run(frame, _code.Body);
        return frame.Result;
    }

    private ExpressionException Translate(Realm realm, Exception error)
    {
        if (error is LimitException)
            return At(error.Message, "LimitError", realm.Position, null);
        var thrown = (JsThrow)error;
        string message,
            kind = "Error";
        try
        {
            // A script may give its errors a getter; it runs under what is left of the limits.
            realm.Depth = 0;
            message = thrown.Value.AsObject is { } holder ? Operators.ToText(realm, holder.Get(realm, "message")) : thrown.Value.ToString();
            if (thrown.Value.Ref is JsError instance && instance.Get(realm, "name") is { IsString: true } name)
                kind = name.String;
        }
        catch (Exception second) when (second is JsThrow or LimitException)
        {
            message = "Unknown error";
        }

        return At(message, kind, thrown.Position, null);
    }

    private ExpressionException At(string message, string kind, int position, Exception? inner)
    {
        var (line, column) = PositionOf(Source, position);
        return new ExpressionException(message, inner)
        {
            Kind = kind,
            Line = line,
            Column = column,
        };
    }

    private static (int Line, int Column) PositionOf(string source, int offset)
    {
        var line = 1;
        var start = 0;
        for (var i = 0; i < offset && i < source.Length; i++)
        {
            if (source[i] != '\n')
                continue;
            line++;
            start = i + 1;
        }

        return (line, offset - start + 1);
    }

    [GeneratedRegex(@"variables\.(\w+)")]
    private static partial Regex VariableNamesPattern();
}
