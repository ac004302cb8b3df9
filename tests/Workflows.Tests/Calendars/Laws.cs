using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace Orchestration.Workflows.Tests.Calendars;

/// <summary>
/// Runs laws on random cases. The seed is fixed so that a build is repeatable; LAWS_SEED and LAWS_CASES in the environment override it.
/// A failing case is printed with its seed.
/// </summary>
internal static class Laws
{
    private static readonly ulong Seed = ulong.Parse(Environment.GetEnvironmentVariable("LAWS_SEED") ?? "20261122", CultureInfo.InvariantCulture);
    private static readonly int Cases = int.Parse(Environment.GetEnvironmentVariable("LAWS_CASES") ?? "1000", CultureInfo.InvariantCulture);

    /// <param name="cases">Random cases.</param>
    /// <param name="law">What must hold for each.</param>
    /// <param name="oneOf">Of so many cases one is tried: for laws that take long, on a database.</param>
    public static void Hold<T>(Gen<T> cases, Action<T> law, int oneOf = 1)
    {
        var config = Config
            .QuickThrowOnFailure.WithMaxTest(Math.Max(1, Cases / oneOf))
            .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(Seed), FSharpOption<int>.None)));
        Prop.ForAll(Arb.From(cases), law).Check(config);
    }
}
