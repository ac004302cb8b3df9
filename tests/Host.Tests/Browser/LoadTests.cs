using Microsoft.Playwright;
using Orchestration.Host.Tests.Browser.Designer;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Browser;

/// <summary>What opening the designer costs on the wire, and that all of it comes from this host.</summary>
public sealed class LoadTests(SharedHost host, Chromium chromium, ITestOutputHelper output) : IClassFixture<SharedHost>
{
    private const long Megabyte = 1_000_000;

    [Theory]
    [InlineData("/studio/definitions", ".mud-table-body tr")]
    [InlineData("/studio/definitions/claims", ".x6-edge")]
    public async Task A_first_visit_is_below_10_MB_and_a_second_below_1_MB_and_nothing_is_asked_of_anybody_else(string path, string seen)
    {
        // Cookies expire by the clock of the browser.
        await using var app = new HostApp(host.ConnectionString, new FakeClock(NodaTime.Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow())));
        var page = await Studio.SignInAsync(chromium, app, "/");
        var traffic = await Traffic.WatchAsync(page);
        var errors = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                errors.Add(message.Text);
        };

        var cold = await LoadAsync("cold");
        cold.Bytes.ShouldBeLessThan(10 * Megabyte);
        var warm = await LoadAsync("warm");
        warm.Bytes.ShouldBeLessThan(Megabyte);
        traffic.Elsewhere(app.ClientOptions.BaseAddress).ShouldBeEmpty();
        errors.ShouldBeEmpty();
        await page.EndAsync();

        async Task<(int Requests, long Bytes)> LoadAsync(string kind)
        {
            traffic.Clear();
            await page.GotoAsync(path);
            await page.Locator(seen).First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
            await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            output.WriteLine($"{path} {kind}: {traffic.Requests} requests, {traffic.FromServer} answered by the server, {traffic.Bytes:N0} bytes");
            return (traffic.Requests, traffic.Bytes);
        }
    }

    /// <summary>Bytes on the wire as the browser counts them: headers and compressed bodies; answers from its cache count as zero.</summary>
    private sealed class Traffic
    {
        private readonly Lock _lock = new();
        private readonly List<string> _urls = [];
        private readonly HashSet<string> _fromServer = [];
        private long _bytes;

        public int Requests => With(() => _urls.Count);

        public int FromServer => With(() => _fromServer.Count);

        public long Bytes => With(() => _bytes);

        public static async Task<Traffic> WatchAsync(IPage page)
        {
            var traffic = new Traffic();
            var session = await page.Context.NewCDPSessionAsync(page);
            session.Event("Network.requestWillBeSent").OnEvent += (_, e) =>
                traffic.With(() =>
                {
                    traffic._urls.Add(e!.Value.GetProperty("request").GetProperty("url").GetString()!);
                    return 0;
                });
            session.Event("Network.loadingFinished").OnEvent += (_, e) =>
                traffic.With(() =>
                {
                    var bytes = (long)e!.Value.GetProperty("encodedDataLength").GetDouble();
                    if (bytes > 0)
                        traffic._fromServer.Add(e.Value.GetProperty("requestId").GetString()!);
                    return traffic._bytes += bytes;
                });
            await session.SendAsync("Network.enable");
            return traffic;
        }

        /// <summary>Addresses outside of this host. Data and blobs are in the page.</summary>
        public List<string> Elsewhere(Uri home) =>
            With(() =>
                _urls
                    .Where(u =>
                        !u.StartsWith(home.ToString(), StringComparison.Ordinal)
                        && !u.StartsWith("data:", StringComparison.Ordinal)
                        && !u.StartsWith("blob:", StringComparison.Ordinal)
                    )
                    .ToList()
            );

        public void Clear() =>
            With(() =>
            {
                _urls.Clear();
                _fromServer.Clear();
                return _bytes = 0;
            });

        private T With<T>(Func<T> act)
        {
            lock (_lock)
                return act();
        }
    }
}
