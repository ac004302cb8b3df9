namespace Orchestration.Engine.Expressions;

/// <summary>
/// What one evaluation may use. Immutable, thread safe. Reaching a limit is an <see cref="ExpressionException"/> of kind <c>LimitError</c> that the
/// script cannot catch.
/// </summary>
public sealed record ScriptLimits
{
    /// <summary>The defaults below.</summary>
    public static ScriptLimits Default { get; } = new();

    /// <summary>Limits of a JavaScript expression: 96 MiB, as allocated on its thread, and 1.5 s; otherwise the defaults.</summary>
    public static ScriptLimits JavaScript { get; } = new() { MaxMemory = 96L << 20, MaxTime = TimeSpan.FromSeconds(1.5) };

    /// <summary>Most steps: statements, loop iterations, calls and elements that built-in functions visit. Default 5,000,000 (well under a second).</summary>
    public long MaxSteps { get; init; } = 5_000_000;

    /// <summary>Most bytes allocated, estimated, without subtracting what was collected. Default 64 MiB.</summary>
    public long MaxMemory { get; init; } = 64L << 20;

    /// <summary>Most calls inside each other. Default 500. A thread with a small stack may reach its own end earlier; that is reported the same way.</summary>
    public int MaxDepth { get; init; } = 500;

    /// <summary>Longest string, in UTF-16 units. Default 8 Mi.</summary>
    public int MaxStringLength { get; init; } = 8 << 20;

    /// <summary>Longest wall time. Default 10 s, far beyond what the steps allow, so that a replay does not depend on the machine.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Measures <see cref="MaxTime"/>. Default the system's monotonic clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
