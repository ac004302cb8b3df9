using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Orchestration.Embedded.Tests;

/// <summary>
/// A process to be killed: this test assembly again, which with the variable set is no test run but a host of the cluster in the
/// named directory. It writes its connection string, then waits for the end of its input.
/// </summary>
internal static class HostProcess
{
    private const string Variable = "ORCHESTRATION_TEST_HOST_PROCESS";

    /// <param name="mode">Empty, <c>temporary</c>, or <c>innocent</c> for a process that has no server.</param>
    public static Process Start(string mode, string directory) =>
        Process.Start(
            new ProcessStartInfo("dotnet", ["exec", typeof(HostProcess).Assembly.Location])
            {
                Environment = { [Variable] = $"{mode}:{directory}" },
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            }
        )!;

    [ModuleInitializer]
    internal static void Run()
    {
        if (Environment.GetEnvironmentVariable(Variable)?.Split(':', 2) is not [var mode, var directory])
        {
            return;
        }

        if (mode != "innocent")
        {
            // Not awaited: other threads may not run this assembly's code before its initializer has returned.
            var server = EmbeddedPostgres.StartAsync(new() { Directory = directory, Temporary = mode == "temporary" }).GetAwaiter().GetResult();
            Console.WriteLine(server.ConnectionString);
        }

        Console.In.ReadToEnd();
        Environment.Exit(0);
    }
}
