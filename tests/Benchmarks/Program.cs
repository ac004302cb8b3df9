using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Orchestration.Benchmarks;

if (args is ["throughput", ..])
    await Throughput.RunAsync(args is [_, var seconds] ? int.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture) : 5);
else if (args is ["compile"])
    ManyDefinitions.Compile();
else
{
    // In this process: a project generated beside this one would need restoring, with the lock files and analyzers of the solution.
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly)
        .Run(args, DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)));
}
