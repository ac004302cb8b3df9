using System.Globalization;
using Jint;
using Jint.Native;
using Jint.Runtime;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>
/// The engine that evaluates the JavaScript of one burst, made by the first expression that needs one. Nothing of the host is reachable from it but the
/// <see cref="ExpressionScope"/> of the expression being evaluated; time, randomness and ids come from there. Not thread safe.
/// </summary>
internal sealed class ScriptEngine
{
    /// <summary>Calls of one function inside each other.</summary>
    private const int MaxDepth = 500;

    public const int MaxArrayLength = 4_000_000;

    public static readonly TimeSpan MaxMatchTime = TimeSpan.FromMilliseconds(250);

    [ThreadStatic]
    private static ScriptEngine? t_current;

    private static readonly Options s_options = MakeOptions();

    private GlobalSnapshot _clean;
    private readonly ScriptGuards _guards;
    private VariablesObject? _variables;

    private ScriptEngine()
    {
        Engine = new Jint.Engine(s_options);
        Meter = Engine.Constraints.Find<ScriptMeter>()!;
        Values = new ScriptValues(this);
        _guards = new ScriptGuards(this);
        Engine.Global.Prototype = new WorkflowGlobals(this);
        _clean = Engine.Advanced.CaptureGlobalSnapshot();
    }

    public Jint.Engine Engine { get; }
    public ScriptMeter Meter { get; }
    public ScriptValues Values { get; }
    public ExpressionScope Scope { get; private set; } = null!;

    /// <summary>Names that the source writes as <c>variables.Name</c>; only these are members of <c>variables</c>.</summary>
    public string[] VariableNames { get; private set; } = [];

    public VariablesObject Variables => _variables ??= new VariablesObject(this, Values);

    /// <summary>Variables whose data a script was handed, with that data.</summary>
    public List<(string Name, object Data)> HandedOut { get; } = [];

    public JavaScriptException TypeError(string message) => new(Engine.Intrinsics.TypeError, message);

    public JavaScriptException Error(string message) => new(Engine.Intrinsics.Error, message);

    /// <summary>Evaluates a script in the engine of the scope's burst, or in a new one if the scope belongs to none.</summary>
    /// <param name="read">Reads the result from the value while the limits still apply.</param>
    /// <exception cref="ExpressionException">As <see cref="JavaScriptProgram.Evaluate"/>.</exception>
    public static T Evaluate<T>(JavaScriptProgram program, ExpressionScope scope, ScriptLimits limits, Func<ScriptEngine, JsValue, T> read)
    {
        scope.Budget?.Check();
        var script = scope.Budget?.Engine as ScriptEngine ?? new ScriptEngine();
        var outer = t_current;
        t_current = script;

        try
        {
            // A script's changes to built-in objects must not affect the next script, nor must a script that was stopped halfway.
            if (scope.Budget is { } budget)
                budget.Engine = null;

            var result = script.Run(program, scope, limits, read);

            if (scope.Budget is not null && program.LeavesBuiltInsAlone)
                scope.Budget.Engine = script;

            return result;
        }
        finally
        {
            t_current = outer;
        }
    }

    private T Run<T>(JavaScriptProgram program, ExpressionScope scope, ScriptLimits limits, Func<ScriptEngine, JsValue, T> read)
    {
        (Scope, VariableNames) = (scope, program.VariableNames);
        Meter.Start(limits);

        try
        {
            if (_guards.Add(program.Guards))
                _clean = Engine.Advanced.CaptureGlobalSnapshot();

            var value = Engine.Evaluate(program.Script);

            if (value.IsPromise())
                value = Settle(value);

            var result = read(this, value);
            CopyBack();
            return result;
        }
        catch (Exception error) when (JavaScriptErrors.Translate(error, this) is { } translated)
        {
            throw translated;
        }
        finally
        {
            Meter.Stop(scope.Budget);
            Values.Clear();
            HandedOut.Clear();
            _variables = null;
            Engine.Advanced.RestoreGlobalSnapshot(_clean);
        }
    }

    private JsValue Settle(JsValue promise)
    {
        Engine.Advanced.ProcessTasks();

        try
        {
            // Nothing outside settles a promise, so one that is pending now stays pending.
            return promise.UnwrapIfPromise(TimeSpan.FromMilliseconds(1));
        }
        catch (PromiseRejectedException error) when (error.Message.Contains("Timeout of 00:00:00.001", StringComparison.Ordinal))
        {
            throw Error("The promise is never settled");
        }
    }

    /// <summary>After the expression: stores changes to <c>variables</c> and to the data that was handed out.</summary>
    private void CopyBack()
    {
        if (Values.DataChanged)
        {
            foreach (var (name, data) in HandedOut)
            {
                // Unless the script has since given the variable another value.
                if (Scope.TryGetVariable(name, out var current) && ReferenceEquals(current, data))
                    Scope.SetVariable(name, data);
            }
        }

        _variables?.CopyBack();
    }

    private static Options MakeOptions()
    {
        var options = new Options
        {
            Culture = CultureInfo.InvariantCulture,
            TimeZone = TimeZoneInfo.Utc,
            TimeSystem = new BurstTime(),
        };
        options.Constraints.MaxArraySize = MaxArrayLength;
        options.Constraints.StackOverflowGuard = true;
        options.Constraints.RegexTimeout = MaxMatchTime;
        options.Constraints.MaxAtomicsPauseIterations = 1;
        return options
            .LimitRecursion(MaxDepth)
            // Charges a string that is put together only when it is read; the meter counts the rest.
            .LimitMemory(ScriptLimits.JavaScript.MaxMemory)
            .Constraint(static () => new ScriptMeter());
    }

    private sealed class BurstTime() : DefaultTimeSystem(TimeZoneInfo.Utc, CultureInfo.InvariantCulture)
    {
        public override DateTimeOffset GetUtcNow() => t_current!.Scope.Now.ToDateTimeOffset();
    }
}
