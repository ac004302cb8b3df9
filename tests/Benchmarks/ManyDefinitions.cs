using System.Diagnostics;
using Orchestration.Engine.Execution;

namespace Orchestration.Benchmarks;

/// <summary>
/// A host that has to know many definitions: 1,000 of 50 activities, compiled and kept. Goals: under 5 s and 200 MB.
/// <c>dotnet run -c Release --project tests/Benchmarks -- compile</c>
/// </summary>
internal static class ManyDefinitions
{
    public static void Compile()
    {
        var json = BurstBenchmarks.Journey(50);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
#pragma warning disable RS0030 // A benchmark measures real time.
        var watch = Stopwatch.StartNew();
#pragma warning restore RS0030
        var kept = new List<CompiledWorkflow>();

        for (var i = 0; i < 1000; i++)
            kept.Add(BurstBenchmarks.Compile(json));

        var elapsed = watch.Elapsed;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.WriteLine(
            $"{kept.Count} definitions of 50 activities: {elapsed.TotalSeconds:0.00} s, {held / 1048576.0:0.0} MB kept, "
                + $"{allocated / 1048576.0:0.0} MB allocated, {Environment.WorkingSet / 1048576.0:0} MB working set"
        );
        GC.KeepAlive(kept);
    }
}
