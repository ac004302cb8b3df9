using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Orchestration.Benchmarks;
using Orchestration.Benchmarks.Reads;

switch (args)
{
    case ["throughput", ..]:
        var measured = args.Skip(1).Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        await Throughput.RunAsync(
            measured is [var seconds, ..] ? seconds : 10,
            measured is [_, var cases, ..] ? cases : 0,
            measured.Length > 2 ? measured[2..] : [1, 8, 32]
        );
        break;
    case ["http", var host, ..]:
        var database = args.Length > 2 && args[2].Contains('=', StringComparison.Ordinal) ? args[2] : null;
        var wanted = args.Skip(database is null ? 2 : 3).Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        await HttpThroughput.RunAsync(host, database, wanted is [var length, ..] ? length : 10, wanted.Length > 1 ? wanted[1..] : [1, 8, 32]);
        break;
    case ["compile"]:
        ManyDefinitions.Compile();
        break;
    case ["load"]:
        await ManyDefinitions.LoadAsync();
        break;
    case ["office", ..]:
        await OfficeRun.RunAsync(args is [_, var weeks] ? int.Parse(weeks, CultureInfo.InvariantCulture) : 12);
        break;
    case ["forecast", ..]:
        await Forecasts.RunAsync(args is [_, var history] ? int.Parse(history, CultureInfo.InvariantCulture) : 0);
        break;
    case ["push"]:
        Push.Run();
        break;
    case ["push-database", ..]:
        var sizes = args.Skip(1).Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        await PushDatabase.RunAsync(sizes is [var open, ..] ? open : 100_000, sizes is [_, var many, ..] ? many : 20, sizes is [_, _, var runs] ? runs : 200);
        break;
    case ["cost", ..]:
        await Cost.RunAsync(args is [_, var times] ? int.Parse(times, CultureInfo.InvariantCulture) : 1000);
        break;
    case ["log", ..]:
        await HistoryLogCost.RunAsync(
            args.Length > 1 ? long.Parse(args[1], CultureInfo.InvariantCulture) : 1_000_000,
            args is [_, _, var folder] ? folder : Directory.CreateTempSubdirectory("orchestration-bench-").FullName
        );
        break;
    case ["sweeper", ..]:
        var numbers = args.Skip(1).Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        await Sweeper.RunAsync(numbers is [var clocks, ..] ? clocks : 100_000, numbers.Length > 1 ? numbers[1..] : [1, 2]);
        break;
    case ["fanout", ..]:
        await FanOut.RunAsync(args is [_, var children] ? int.Parse(children, CultureInfo.InvariantCulture) : 100_000);
        break;
    case ["sweep-worker", var connection]:
        await Sweeper.WorkAsync(connection);
        break;
    case ["seed-reads", var connection, ..]:
        var seeded = args.Skip(2).Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        var all = seeded is [var finished, ..] ? finished : 1_000_000;
        await SeedReads.RunAsync(connection, all, seeded is [_, var running, ..] ? running : 100_000, seeded is [_, _, var full] ? full : all);
        break;
    case ["reads", var url, ..]:
        await MeasureReads.RunAsync(
            url,
            args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 20,
            args.Length > 3 ? args[3] : "",
            args.Length > 4 ? args[4..] : []
        );
        break;
    default:
        // In this process: a project generated beside this one would need restoring, with the lock files and analyzers of the solution.
        BenchmarkSwitcher
            .FromAssembly(typeof(Program).Assembly)
            .Run(args, DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)));
        break;
}
