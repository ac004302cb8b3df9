using System.Runtime.CompilerServices;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.CSharp;

/// <summary>
/// One run of a script: what it may see, and what it has used. After <see cref="Expire"/> a script that still runs can change nothing any more.
/// </summary>
internal sealed class CSharpRun(ExpressionScope scope, ScriptLimits limits)
{
    private static readonly AsyncLocal<CSharpRun?> Running = new();

    private readonly Lock _lock = new();
    private readonly List<(string Name, object Value, string Before)> _lent = [];
    private long _steps;
    private long _allocatedBefore;
    private int _thread;
    private volatile bool _hasExpired;

    public static CSharpRun Current => Running.Value ?? throw new InvalidOperationException("No script runs here.");

    public long Steps => Interlocked.Read(ref _steps);

    /// <summary>Bytes allocated on the script's first thread, as of its last step.</summary>
    public long Memory { get; private set; }

    public object? Execute(Func<object?[], Task<object?>> accessors, Func<object?[], Task<object?>> script)
    {
        Running.Value = this;
        _thread = Environment.CurrentManagedThreadId;
        _allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        object?[] submissions = [new CSharpGlobals(this), null, null];
        accessors(submissions).GetAwaiter().GetResult();
        var value = CSharpData.FromClr(script(submissions).GetAwaiter().GetResult(), this);

        // An object that was lent out and changed in place is changed, as it would be where variables hold the objects themselves.
        foreach (var (name, lent, before) in _lent)
        {
            var data = CSharpData.FromClr(lent, this);

            if (WorkflowData.ToJson(data) != before)
                Use(x => x.SetVariable(name, data));
        }

        return value;
    }

    /// <summary>Counts a round or a call.</summary>
    /// <exception cref="ExpressionException">A limit is reached.</exception>
    public void Step()
    {
        if (_hasExpired)
            throw TooLong();

        if (Interlocked.Increment(ref _steps) > limits.MaxSteps)
            throw Limit($"The C# expression took more than {limits.MaxSteps:N0} rounds and calls");

        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Limit("The C# expression calls itself too deep");

        if (Environment.CurrentManagedThreadId == _thread && (Memory = GC.GetAllocatedBytesForCurrentThread() - _allocatedBefore) > limits.MaxMemory)
            throw Limit($"The C# expression allocated more than {limits.MaxMemory:N0} bytes");
    }

    /// <exception cref="ExpressionException">The text is too long to be kept.</exception>
    public void CheckLength(string text)
    {
        if (text.Length > limits.MaxStringLength)
            throw Limit($"The C# expression made a text of more than {limits.MaxStringLength:N0} characters");
    }

    public T Use<T>(Func<ExpressionScope, T> read)
    {
        lock (_lock)
            return _hasExpired ? throw TooLong() : read(scope);
    }

    public void Use(Action<ExpressionScope> change)
    {
        lock (_lock)
        {
            if (_hasExpired)
                throw TooLong();

            change(scope);
        }
    }

    /// <summary>Remembers an object given to the script, which may change it in place.</summary>
    public T Lend<T>(string variable, T value, object? data)
    {
        if (value is not null && !value.GetType().IsValueType && value is not string and not byte[])
            _lent.Add((variable, value, WorkflowData.ToJson(data)));

        return value;
    }

    public ExpressionException Expire()
    {
        lock (_lock)
            _hasExpired = true;

        return TooLong();
    }

    private ExpressionException TooLong() => Limit($"The C# expression took longer than {limits.MaxTime.TotalSeconds:0.###} s");

    private static ExpressionException Limit(string message) => new(message) { Kind = "TimeoutError" };
}
