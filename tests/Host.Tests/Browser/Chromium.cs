using System.Diagnostics;
using Microsoft.Playwright;
using Orchestration.Host.Tests.Browser;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace Orchestration.Host.Tests.Browser;

/// <summary>
/// The browser of all browser tests, started by the first of them. Where Debian's headless Chromium is missing it is installed, or the test
/// fails with the command to run.
/// </summary>
public sealed class Chromium : IAsyncDisposable
{
    /// <summary>Milliseconds until something that should be seen is given up on.</summary>
    public const int Patience = 90_000;

    // The whole browser without a screen draws no frame at times, and then a page waits for one forever.
    private const string Executable = "/usr/bin/chromium-headless-shell";
    private const string Install = "apt-get update && apt-get install -y --no-install-recommends chromium-headless-shell";

    private static readonly string[] Arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic"];

    private readonly Lazy<Task<(IPlaywright Playwright, IBrowser Browser)>> _started = new(StartAsync);

    /// <summary>A page with its own cookies and storage, until <see cref="Visits.EndAsync"/>.</summary>
    public async Task<IPage> NewPageAsync(
        string? baseUrl = null,
        string timeZone = "UTC",
        bool scripts = true,
        ColorScheme scheme = ColorScheme.Light,
        string locale = "en-GB"
    )
    {
        var (_, browser) = await _started.Value;
        var context = await browser.NewContextAsync(
            new()
            {
                BaseURL = baseUrl,
                Locale = locale,
                TimezoneId = timeZone,
                JavaScriptEnabled = scripts,
                ColorScheme = scheme,
            }
        );
        context.SetDefaultTimeout(Patience);
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_started.IsValueCreated)
        {
            var (playwright, browser) = await _started.Value;
            await browser.DisposeAsync();
            playwright.Dispose();
        }
    }

    private static async Task<(IPlaywright Playwright, IBrowser Browser)> StartAsync()
    {
        if (!File.Exists(Executable))
        {
            await InstallAsync();
        }

        Assertions.SetDefaultExpectTimeout(Patience);
        var playwright = await Playwright.CreateAsync();
        return (playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Executable, Args = Arguments }));
    }

    private static async Task InstallAsync()
    {
        if (Environment.IsPrivilegedProcess && File.Exists("/usr/bin/apt-get"))
        {
            using var apt = Process.Start(
                new ProcessStartInfo("/bin/sh", ["-c", $"({Install}) </dev/null >/dev/null 2>&1"]) { Environment = { ["DEBIAN_FRONTEND"] = "noninteractive" } }
            )!;
            await apt.WaitForExitAsync();
        }

        if (!File.Exists(Executable))
        {
            throw new InvalidOperationException($"The browser tests need {Executable}. On Debian, as root: {Install}");
        }
    }
}
