using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Orchestration.Benchmarks;

switch (args)
{
    case ["throughput", ..]:
        await Throughput.RunAsync(args is [_, var seconds] ? int.Parse(seconds, CultureInfo.InvariantCulture) : 5);
        break;
    case ["compile"]:
        ManyDefinitions.Compile();
        break;
    case ["push"]:
        Push.Run();
        break;
    case ["cost", ..]:
        await Cost.RunAsync(args is [_, var times] ? int.Parse(times, CultureInfo.InvariantCulture) : 1000);
        break;
    case ["sweeper", ..]:
        var numbers = args.Skip(1).Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        await Sweeper.RunAsync(numbers is [var clocks, ..] ? clocks : 100_000, numbers.Length > 1 ? numbers[1..] : [1, 2]);
        break;
    case ["sweep-worker", var connection]:
        await Sweeper.WorkAsync(connection);
        break;
    default:
        // In this process: a project generated beside this one would need restoring, with the lock files and analyzers of the solution.
        BenchmarkSwitcher
            .FromAssembly(typeof(Program).Assembly)
            .Run(args, DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)));
        break;
}
