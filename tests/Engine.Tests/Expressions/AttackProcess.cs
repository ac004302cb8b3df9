using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Orchestration.Engine.Tests.Expressions;

/// <summary>A hostile expression.</summary>
/// <param name="Name">What it does, for the table.</param>
/// <param name="Text">The expression.</param>
/// <param name="Outcome">The kind of error it must end with, <c>error</c> for any, or <c>value</c> when it may also finish within the limits.</param>
internal sealed record Attack(string Name, string Text, string Outcome = "LimitError")
{
    public object? Variables { get; init; }
}

/// <summary>What became of an attack: <c>value</c>, a kind of error, or how its process died.</summary>
internal sealed record AttackResult(string Outcome, string? Message, long Milliseconds, long ProcessorMilliseconds, long PeakBytes);

/// <summary>Runs attacks, each in its own process: at most 1 GiB of heap, and killed if it doesn't end.</summary>
internal static class AttackProcess
{
    /// <summary>Most that an expression may add to the memory of its process.</summary>
    public const long MaxPeakBytes = 256L << 20;

    // Far beyond the two seconds an expression has: the machine may be busy.
    private static readonly TimeSpan s_killAfter = TimeSpan.FromSeconds(60);

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    /// <summary>Runs each attack and writes a table of outcome, time and peak.</summary>
    /// <returns>The failures.</returns>
    public static async Task<List<string>> RunAllAsync(string language, IEnumerable<Attack> attacks, ITestOutputHelper output)
    {
        var failures = new List<string>();
        var table = new StringBuilder("wall ms   cpu ms  peak MiB  outcome      attack\n");

        foreach (var attack in attacks)
        {
            var result = await RunAsync(language, attack);
            table.AppendLine(
                CultureInfo.InvariantCulture,
                $"{result.Milliseconds, 7} {result.ProcessorMilliseconds, 8} {result.PeakBytes >> 20, 9}  "
                    + $"{result.Outcome, -12} {attack.Name}: {result.Message?.ReplaceLineEndings(" ")}"
            );

            var isExpected = attack.Outcome switch
            {
                "error" => result.Outcome.EndsWith("Error", StringComparison.Ordinal),
                "value" => result.Outcome == "value" || result.Outcome.EndsWith("Error", StringComparison.Ordinal),
                var kind => result.Outcome == kind,
            };

            if (!isExpected)
                failures.Add($"{attack.Name}: {result.Outcome} instead of {attack.Outcome} ({result.Message})");
            else if (result.PeakBytes > MaxPeakBytes)
                failures.Add($"{attack.Name}: took {result.PeakBytes >> 20} MiB");
        }

        output.WriteLine(table.ToString());
        return failures;
    }

    private static async Task<AttackResult> RunAsync(string language, Attack attack)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var process = Process.Start(
            new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Orchestration.Attack.dll")])
            {
                Environment = { ["DOTNET_GCHeapHardLimit"] = "0x40000000", ["DOTNET_DbgEnableMiniDump"] = "0" },
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(s_killAfter);

        try
        {
            var line = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            var request = JsonSerializer.Serialize(
                new
                {
                    language,
                    text = attack.Text,
                    variables = attack.Variables,
                }
            );
            await process.StandardInput.WriteAsync(request.AsMemory(), limit.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0
                ? JsonSerializer.Deserialize<AttackResult>(await line, s_json)!
                : new AttackResult($"exit {process.ExitCode}", Beginning(await error), 0, 0, 0);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new AttackResult("killed", null, (long)s_killAfter.TotalMilliseconds, 0, 0);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    private static string Beginning(string text) => text.Length > 300 ? text[..300] : text;
}
