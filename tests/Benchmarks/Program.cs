using BenchmarkDotNet.Running;

if (args is ["throughput", ..])
    await Orchestration.Benchmarks.Throughput.RunAsync(args is [_, var seconds] ? int.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture) : 5);
else
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
