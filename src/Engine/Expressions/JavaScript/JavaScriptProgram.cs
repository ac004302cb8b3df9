using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Acornima.Ast;
using Jint;
using Jint.Native;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>
/// A JavaScript expression or script, prepared once for Jint. Immutable and thread safe. Provides Elsa's functions; reaches nothing of the host
/// except its <see cref="ExpressionScope"/>.
/// BigInt, <c>eval</c> and <c>import</c> are refused.
/// </summary>
public sealed partial class JavaScriptProgram
{
    private const int MaxSourceLength = 100_000;

    private static readonly ScriptPreparationOptions s_preparation = new()
    {
        ParsingOptions = new ScriptParsingOptions { RegexTimeout = ScriptEngine.MaxMatchTime, CompileRegex = false },
    };

    private readonly Expression? _simple;

    private JavaScriptProgram(string source, Prepared<Script> script)
    {
        (Source, Script) = (source, script);
        VariableNames = [.. VariableNamesPattern().Matches(source).Select(m => m.Groups[1].Value).Distinct()];
        var names = ScriptNames.Of(script.Program!);
        _simple = SimpleForms.Of(script.Program!, VariableNames);
        (Guards, LeavesBuiltInsAlone) = (ScriptGuards.Of(names.Names), names.LeavesBuiltInsAlone);
    }

    /// <summary>The source it was parsed from.</summary>
    public string Source { get; }

    internal Prepared<Script> Script { get; }

    internal string[] VariableNames { get; }

    /// <summary>The names in it that have a guard.</summary>
    internal string[] Guards { get; }

    /// <summary>The script can't change built-in objects for the next script.</summary>
    internal bool LeavesBuiltInsAlone { get; }

    /// <summary>Parses a script. Its value is that of its last expression statement, or of a <c>return</c>.</summary>
    /// <param name="source">The script. Empty is allowed and has the value null.</param>
    /// <param name="program">The program, or null.</param>
    /// <param name="error">Why it does not parse (kind <c>SyntaxError</c>, with position), or null.</param>
    public static bool TryParse(string source, [NotNullWhen(true)] out JavaScriptProgram? program, [NotNullWhen(false)] out ExpressionException? error)
    {
        (program, error) = (null, null);

        try
        {
            program = Parse(source);
            return true;
        }
        catch (ExpressionException syntax)
        {
            error = syntax;
            return false;
        }
    }

    /// <summary>Parses a script that must be valid.</summary>
    /// <exception cref="ExpressionException">It is not.</exception>
    public static JavaScriptProgram Parse(string source)
    {
        if (source.Length > MaxSourceLength)
            throw JavaScriptErrors.Syntax("The expression is longer than 100,000 characters");

        try
        {
            return new JavaScriptProgram(source, Jint.Engine.PrepareScript(source, options: s_preparation));
        }
        catch (Jint.ScriptPreparationException error)
        {
            throw JavaScriptErrors.Syntax(error);
        }
    }

    /// <summary>Runs the script.</summary>
    /// <param name="scope">What it can see and change.</param>
    /// <param name="limits">Its limits; null for the defaults.</param>
    /// <returns>Its value as workflow data: numbers are doubles, a Date is a <see cref="DateTimeOffset"/> in UTC, a promise is its settled
    /// value.</returns>
    /// <exception cref="ExpressionException">It threw, or reached a limit (kind <c>LimitError</c>). Changes to <c>variables</c> are then discarded;
    /// calls of setters keep their effect.</exception>
    public object? Evaluate(ExpressionScope scope, ScriptLimits? limits = null) =>
        TrySimple(scope, out var value) ? value.ToData() : EvaluateInEngine(scope, limits);

    /// <summary>Like <see cref="Evaluate"/>, but never uses <see cref="SimpleForms"/>.</summary>
    internal object? EvaluateInEngine(ExpressionScope scope, ScriptLimits? limits = null) =>
        ScriptEngine.Evaluate(this, scope, limits ?? ScriptLimits.JavaScript, static (script, value) => script.Values.ToData(value));

    /// <summary>Runs the script and converts its value to Boolean as Elsa does. A comparison of plain variables allocates nothing.</summary>
    /// <inheritdoc cref="Evaluate"/>
    public bool EvaluateBoolean(ExpressionScope scope, ScriptLimits? limits = null) =>
        TrySimple(scope, out var value)
            ? value.IsBoolean || value.IsNumber
                ? value.Number != 0
                : ValueConverter.Convert(value.ToData(), "Boolean") is true
            : ScriptEngine.Evaluate(this, scope, limits ?? ScriptLimits.JavaScript, static (script, value) => ToBoolean(script, value));

    /// <summary>Whether no engine is needed.</summary>
    internal bool IsSimple(ExpressionScope scope) => TrySimple(scope, out _);

    private bool TrySimple(ExpressionScope scope, out SimpleForms.Value value)
    {
        value = default;

        if (_simple is null)
            return false;

        scope.Budget?.Check();
        scope.Budget?.Spend(1, 0);
        return SimpleForms.TryEvaluate(_simple, scope, out value);
    }

    private static bool ToBoolean(ScriptEngine script, JsValue value) =>
        value.IsBoolean() ? value.AsBoolean() : ValueConverter.Convert(script.Values.ToData(value), "Boolean") is true;

    [GeneratedRegex(@"variables\.(\w+)")]
    private static partial Regex VariableNamesPattern();
}
