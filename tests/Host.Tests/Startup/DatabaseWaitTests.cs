using System.Net;
using System.Net.Sockets;
using Npgsql;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Host.Tests.Durability;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Startup;

/// <summary>A host that starts before its database.</summary>
public sealed class DatabaseWaitTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task It_says_that_it_waits_and_is_ready_once_the_database_is_there()
    {
        var server = new NpgsqlConnectionStringBuilder(_database.ConnectionString);
        var (host, port) = (server.Host!, server.Port);
        (server.Host, server.Port) = ("127.0.0.1", HostProcess.FreePort());
        await using var process = await HostProcess.StartAsync(server.ConnectionString);
        using var client = new HttpClient { BaseAddress = process.Address };

        var ready = await client.GetAsync("/health/ready");
        ready.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await ready.Content.ReadAsStringAsync()).ShouldContain("Waiting for the database.");
        (await client.GetAsync("/health/live")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var page = await client.GetAsync("/sign-in");
        page.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        page.Headers.RetryAfter.ShouldNotBeNull();

        using var line = new Line(server.Port, host, port);
        await Eventually.AsksAsync(() => StatusAsync(client, "/sign-in"), status => status == HttpStatusCode.OK, "the host runs");

        process.HasExited.ShouldBeFalse();
        process.Said.ShouldContain("The database can't be reached: Connection refused. Trying again in 1 s");
        process.Said.ShouldNotContain("   at ", Case.Sensitive, "no stack trace");
    }

    [Fact]
    public async Task It_can_be_stopped_while_it_waits()
    {
        var server = new NpgsqlConnectionStringBuilder(_database.ConnectionString) { Host = "127.0.0.1", Port = HostProcess.FreePort() };
        await using var process = await HostProcess.StartAsync(server.ConnectionString);

        (await process.StopAsync()).ShouldBe(0, process.Said);
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        try
        {
            return (await client.GetAsync(path)).StatusCode;
        }
        catch (HttpRequestException)
        {
            // Between the one that waits and the one that works.
            return HttpStatusCode.ServiceUnavailable;
        }
    }

    /// <summary>A port that leads to a server from now on.</summary>
    private sealed class Line : IDisposable
    {
        private readonly TcpListener _listener;

        public Line(int from, string host, int port)
        {
            _listener = new(IPAddress.Loopback, from);
            _listener.Start();
            _ = AcceptAsync(host, port);
        }

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync(string host, int port)
        {
            try
            {
                while (true)
                    _ = JoinAsync(await _listener.AcceptTcpClientAsync(), host, port);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private static async Task JoinAsync(TcpClient client, string host, int port)
        {
            using var near = client;
            using var far = new TcpClient();
            try
            {
                await far.ConnectAsync(host, port);
                await Task.WhenAny(near.GetStream().CopyToAsync(far.GetStream()), far.GetStream().CopyToAsync(near.GetStream()));
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // One end hung up.
            }
        }
    }
}
