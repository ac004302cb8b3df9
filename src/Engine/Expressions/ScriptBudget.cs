using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions;

/// <summary>
/// What all expressions of one burst may use together, on top of what each may use: a loop over a costly expression ends as well. Not thread safe.
/// </summary>
public sealed class ScriptBudget
{
    /// <summary>Steps left. Default 50,000,000 (a few seconds).</summary>
    public long Steps { get; private set; } = 50_000_000;

    /// <summary>Bytes left, estimated. Default 512 MiB.</summary>
    public long Memory { get; private set; } = 512L << 20;

    /// <summary>The engine that evaluates the burst's JavaScript; null until an expression needs one.</summary>
    internal object? Engine { get; set; }

    /// <summary>Charges the use of an expression.</summary>
    public void Spend(long steps, long memory)
    {
        Steps -= steps;
        Memory -= memory;
    }

    /// <exception cref="ExpressionException">Nothing is left (kind <c>LimitError</c>).</exception>
    public void Check()
    {
        if (Steps <= 0 || Memory <= 0)
            throw new ExpressionException("The expressions of this run have used all the steps or memory they may have together without a wait")
            {
                Kind = "LimitError",
            };
    }
}
