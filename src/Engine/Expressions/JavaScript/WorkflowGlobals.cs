using System.Text;
using Jint.Native;
using Jint.Runtime.Interop;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>What an expression sees of its workflow, by the names Elsa gives it: its functions, getters and setters of variables, inputs and outputs, and the <c>variables</c> object.</summary>
internal sealed class WorkflowGlobals(ScriptEngine script) : LazyObject(script)
{
    private readonly Dictionary<string, JsValue> _functions = new(StringComparer.Ordinal);

    protected override bool IsEnumerable => false;

    protected override JsValue? Find(string name)
    {
        if (name == "variables")
            return Script.Variables;

        if (WorkflowFunctions.Find(name) is { } function)
            return Made(name, function.Length, arguments => function.Call(Script, arguments));

        if (name.StartsWith("get", StringComparison.Ordinal) && TryGet(name[3..], out _))
            return Made(name, 0, _ => TryGet(name[3..], out var value) ? value() : JsValue.Null);

        if (name.StartsWith("set", StringComparison.Ordinal) && FindVariable(name[3..], out _) is not null)
            return Made(name, 1, arguments => Set(name[3..], arguments));

        return null;
    }

    private JsValue Made(string name, int length, Func<JsValue[], JsValue> call)
    {
        if (!_functions.TryGetValue(name, out var function))
            _functions[name] = function = new ClrFunction(_engine, name, (_, arguments) => call(arguments), length);

        return function;
    }

    private JsValue Set(string name, JsValue[] arguments)
    {
        if (FindVariable(name, out _) is { } variable)
            WorkflowFunctions.SetVariable(Script, variable, arguments.Length > 0 ? arguments[0] : Undefined);

        return Undefined;
    }

    /// <summary>What <c>getX()</c> answers: an input of that name hides a variable, as in Elsa.</summary>
    private bool TryGet(string name, out Func<JsValue> value)
    {
        var (scope, values) = (Script.Scope, Script.Values);
        value = static () => Null;

        if (scope.TryGetInput(name, out var input))
        {
            value = () => values.ToScript(input);
            return true;
        }

        foreach (var declared in scope.InputNames)
        {
            if (declared == name)
                return true;
        }

        if (FindVariable(name, out var data) is { } variable)
        {
            value = () => WorkflowFunctions.HandOut(Script, variable, data);
            return true;
        }

        if (!name.Contains("From", StringComparison.Ordinal))
            return false;

        foreach (var (id, activity, outputs) in scope.ActivitiesWithOutputs)
        {
            if (activity is not null && outputs.FirstOrDefault(output => name == output + "From" + Pascalize(activity)) is { } found)
            {
                value = () => values.ToScript(scope.GetOutputFrom(id, found));
                return true;
            }
        }

        return false;
    }

    /// <summary>The variable behind <c>getName</c>: accessors have a capital where the variable may not.</summary>
    private string? FindVariable(string name, out object? value)
    {
        value = null;

        if (name.Length == 0)
            return null;

        if (Script.Scope.TryGetVariable(name, out value))
            return name;

        var lower = char.ToLowerInvariant(name[0]) + name[1..];
        return char.IsUpper(name[0]) && Script.Scope.TryGetVariable(lower, out value) ? lower : null;
    }

    /// <summary>First letter and letters after blanks, dashes and underscores in upper case, those separators removed.</summary>
    private static string Pascalize(string name)
    {
        var result = new StringBuilder(name.Length);
        var upper = true;

        foreach (var c in name)
        {
            if (c is ' ' or '_' or '-')
            {
                upper = true;
                continue;
            }

            result.Append(upper ? char.ToUpperInvariant(c) : c);
            upper = false;
        }

        return result.ToString();
    }
}
