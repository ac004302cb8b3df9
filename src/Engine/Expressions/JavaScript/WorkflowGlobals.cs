using System.Text;
using Jint.Native;
using Jint.Runtime.Interop;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>
/// The workflow as an expression sees it, with Elsa's names: functions, getters and setters of variables, inputs and outputs, and the
/// <c>variables</c> object.
/// </summary>
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

        if (name.StartsWith("get", StringComparison.Ordinal) && TryFind(Script.Scope, name, out _, out _))
            return Made(name, 0, _ => Get(name));

        if (name.StartsWith("set", StringComparison.Ordinal) && FindVariable(Script.Scope, name[3..], out _) is not null)
            return Made(name, 1, arguments => Set(name[3..], arguments));

        return null;
    }

    private JsValue Made(string name, int length, Func<JsValue[], JsValue> call)
    {
        if (!_functions.TryGetValue(name, out var function))
            _functions[name] = function = new ClrFunction(_engine, name, (_, arguments) => call(arguments), length);

        return function;
    }

    private JsValue Get(string name) =>
        !TryFind(Script.Scope, name, out var variable, out var data) ? Null
        : variable is null ? Script.Values.ToScript(data)
        : WorkflowFunctions.HandOut(Script, variable, data);

    private JsValue Set(string name, JsValue[] arguments)
    {
        if (FindVariable(Script.Scope, name, out _) is { } variable)
            WorkflowFunctions.SetVariable(Script, variable, arguments.Length > 0 ? arguments[0] : Undefined);

        return Undefined;
    }

    /// <summary>What <c>getX()</c> answers: an input of that name hides a variable, as in Elsa.</summary>
    /// <param name="accessor">With the <c>get</c>.</param>
    /// <param name="variable">The variable's name, when the data is that of one.</param>
    /// <returns>False when there is no such function.</returns>
    public static bool TryFind(ExpressionScope scope, string accessor, out string? variable, out object? data)
    {
        var name = accessor[3..];
        variable = null;

        if (scope.TryGetInput(name, out data))
            return true;

        foreach (var declared in scope.InputNames)
        {
            if (declared == name)
                return true;
        }

        if ((variable = FindVariable(scope, name, out data)) is not null)
            return true;

        if (!name.Contains("From", StringComparison.Ordinal))
            return false;

        foreach (var (id, activity, outputs) in scope.ActivitiesWithOutputs)
        {
            if (activity is not null && outputs.FirstOrDefault(output => name == output + "From" + Pascalize(activity)) is { } found)
            {
                data = scope.GetOutputFrom(id, found);
                return true;
            }
        }

        return false;
    }

    /// <summary>The variable behind <c>getName</c>: accessors start with a capital even if the variable doesn't.</summary>
    private static string? FindVariable(ExpressionScope scope, string name, out object? value)
    {
        value = null;

        if (name.Length == 0)
            return null;

        if (scope.TryGetVariable(name, out value))
            return name;

        var lower = char.ToLowerInvariant(name[0]) + name[1..];
        return char.IsUpper(name[0]) && scope.TryGetVariable(lower, out value) ? lower : null;
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
