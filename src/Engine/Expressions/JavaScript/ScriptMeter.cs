using System.Globalization;
using System.Runtime.CompilerServices;
using Jint;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>A limit of an expression was reached. Scripts cannot catch it.</summary>
internal sealed class ScriptLimitException(string message) : Exception("The expression was stopped " + message);

/// <summary>
/// Counts what one expression uses: steps (statements, and the work of built-in functions), memory allocated on its thread, time. The engine asks it
/// before every
/// statement and every thousand or so rounds of a built-in; <see cref="ScriptGuards"/> asks it where built-ins do neither.
/// </summary>
internal sealed class ScriptMeter : Constraint
{
    private const int ClockInterval = 64;

    /// <summary>Stack available to a script, of at least 1.5 MB per thread: leaves enough for a function to run until the next check.</summary>
    private const long MaxStack = 768 * 1024;

    private ScriptLimits? _limits;
    private long _steps;
    private long _memory;
    private long _start;
    private long _stack;

    public override bool IsAmortizable => false;

    public int MaxStringLength => _limits?.MaxStringLength ?? int.MaxValue;

    public void Start(ScriptLimits limits)
    {
        _limits = limits;
        _steps = 0;
        _memory = GC.GetAllocatedBytesForCurrentThread();
        _start = limits.Clock.GetTimestamp();
        _stack = StackAddress();
    }

    /// <summary>
    /// Stops counting and charges the budget. Time is charged as the steps it would allow, because built-in functions count few steps.
    /// </summary>
    public void Stop(ScriptBudget? budget)
    {
        if (budget is not null && _limits is { } limits)
        {
            var share = limits.Clock.GetElapsedTime(_start) / ScriptLimits.JavaScript.MaxTime;
            budget.Spend(Math.Max(_steps, (long)(share * limits.MaxSteps)), GC.GetAllocatedBytesForCurrentThread() - _memory);
        }

        _limits = null;
    }

    public override void Check()
    {
        if (_limits is not { } limits)
            return;

        if (++_steps > limits.MaxSteps)
            throw new ScriptLimitException($"after {limits.MaxSteps.ToString("N0", CultureInfo.InvariantCulture)} steps");

        if (GC.GetAllocatedBytesForCurrentThread() - _memory > limits.MaxMemory)
            throw OutOfMemory();

        if (_stack - StackAddress() > MaxStack)
            throw new ScriptLimitException("because too many calls are inside each other");

        if (_steps % ClockInterval == 0)
            CheckTime();
    }

    /// <summary>Like <see cref="Check"/>, but always reads the clock: before a built-in that can take long.</summary>
    public void CheckNow()
    {
        Check();
        CheckTime();
    }

    public ScriptLimitException OutOfMemory() =>
        new($"because it used more than {((_limits?.MaxMemory ?? 0) >> 20).ToString(CultureInfo.InvariantCulture)} MiB");

    public void CheckLength(double length, int most)
    {
        most = Math.Min(most, MaxStringLength);

        if (length > most)
            throw new ScriptLimitException(
                $"because it built or searched a string of more than {most.ToString("N0", CultureInfo.InvariantCulture)} characters"
            );
    }

    private static long StackAddress()
    {
        var here = default(byte);
        return Unsafe.ByteOffset(in Unsafe.NullRef<byte>(), in here);
    }

    private void CheckTime()
    {
        if (_limits is { } limits && limits.Clock.GetElapsedTime(_start) > limits.MaxTime)
            throw new ScriptLimitException($"after {limits.MaxTime.TotalMilliseconds.ToString("N0", CultureInfo.InvariantCulture)} ms");
    }

    /// <summary>Nothing: an expression may enter the engine more than once.</summary>
    public override void Reset() { }
}
