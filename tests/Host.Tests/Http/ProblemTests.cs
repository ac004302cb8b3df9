using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Npgsql;
using Orchestration.Host.Identity;

namespace Orchestration.Host.Tests.Http;

public sealed class ProblemTests(SharedHost host) : IClassFixture<SharedHost>
{
    private HostApp App => host.App;

    [Theory]
    [InlineData("{", "line 1")]
    [InlineData("""{ "userName": 5, "password": "x" }""", "$.userName")]
    public async Task Json_that_can_not_be_read_is_answered_with_the_place_and_the_reason(string body, string place)
    {
        var problem = await ProblemAsync(await PostAsync(body), HttpStatusCode.BadRequest);

        problem.GetProperty("detail").GetString()!.ShouldContain(place);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_a_megabyte_is_too_large_also_for_those_who_send_it_before_they_read_the_answer(bool expectsContinue)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/session") { Content = Json($"\"{new string('a', 16 * 1024 * 1024)}\"") };
        request.Headers.ExpectContinue = expectsContinue;

        var problem = await ProblemAsync(await App.Api().SendAsync(request), HttpStatusCode.RequestEntityTooLarge);

        problem.GetProperty("detail").GetString().ShouldBe("It can't be larger than 1 MB.");
    }

    [Fact]
    public async Task An_unknown_address_of_the_api_is_not_found()
    {
        var api = await App.ApiAsync("admin");

        await ProblemAsync(await api.GetAsync("/api/nothing"), HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_stranger_to_the_api_is_told_to_sign_in()
    {
        var refused = await App.Api().GetAsync("/api/me");

        await ProblemAsync(refused, HttpStatusCode.Unauthorized);
        refused.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer");
    }

    [Fact]
    public async Task A_person_gets_a_page_and_a_part_of_a_page_a_message()
    {
        var browser = await App.BrowserAsync("adjuster1");

        var page = await browser.GetAsync("/nothing");
        page.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await page.Content.ReadAsStringAsync()).ShouldContain("<h1>Not found</h1>");

        using var request = new HttpRequestMessage(HttpMethod.Get, "/administration/people/list") { Headers = { { "HX-Request", "true" } } };
        var part = await browser.SendAsync(request);
        part.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        part.Headers.GetValues("HX-Retarget").ShouldBe(["#toasts"]);
        (await part.Content.ReadAsStringAsync()).ShouldNotContain("<html");
    }

    [Fact]
    public async Task While_the_database_is_away_requests_are_told_to_come_back_and_the_host_recovers_by_itself()
    {
        var server = new NpgsqlConnectionStringBuilder(host.ConnectionString);
        await using var wire = new Wire(server.Port);
        server.Port = wire.Port;
        await using var app = new HostApp(server.ConnectionString);
        var api = app.Api();
        (await api.PostAsJsonAsync("/api/session", new SignInRequest("admin", "demo"))).StatusCode.ShouldBe(HttpStatusCode.OK);

        wire.Cut();
        for (var i = 0; i < 3; i++)
        {
            var away = await api.PostAsJsonAsync("/api/session", new SignInRequest("admin", "demo"));
            await ProblemAsync(away, HttpStatusCode.ServiceUnavailable);
            away.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(2));
        }

        (await api.GetAsync("/health/ready")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await api.GetAsync("/health/live")).StatusCode.ShouldBe(HttpStatusCode.OK);

        wire.Mend();
        (await api.PostAsJsonAsync("/api/session", new SignInRequest("admin", "demo"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_document_of_the_api_names_its_endpoints_and_no_pages()
    {
        var document = await App.Api().GetFromJsonAsync<JsonElement>("/openapi/v1.json");

        var paths = document.GetProperty("paths").EnumerateObject().Select(p => p.Name).ToArray();
        paths.ShouldContain("/api/session");
        paths.ShouldAllBe(path => path.StartsWith("/api/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_answer_carries_the_security_headers()
    {
        var answer = await App.Browser().GetAsync("/sign-in");

        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        policy.ShouldContain("script-src 'self';");
        policy.ShouldNotContain("unsafe-eval");
        answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
    }

    private Task<HttpResponseMessage> PostAsync(string body) => App.Api().PostAsync("/api/session", Json(body));

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        answer.StatusCode.ShouldBe(status);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        problem.GetProperty("status").GetInt32().ShouldBe((int)status);
        problem.GetProperty("title").GetString().ShouldNotBeNullOrEmpty();
        return problem;
    }

    /// <summary>The network between host and database.</summary>
    private sealed class Wire : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly ConcurrentBag<TcpClient> _open = [];
        private readonly int _to;
        private volatile bool _cut;

        public Wire(int to)
        {
            _to = to;
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Cut()
        {
            _cut = true;
            foreach (var connection in _open)
                connection.Close();
        }

        public void Mend() => _cut = false;

        public ValueTask DisposeAsync()
        {
            _listener.Dispose();
            Cut();
            return ValueTask.CompletedTask;
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    var host = await _listener.AcceptTcpClientAsync();
                    if (_cut)
                    {
                        host.Close();
                        continue;
                    }

                    var server = new TcpClient();
                    await server.ConnectAsync(IPAddress.Loopback, _to);
                    _open.Add(host);
                    _open.Add(server);
                    _ = PumpAsync(host, server);
                    _ = PumpAsync(server, host);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException) { }
        }

        private static async Task PumpAsync(TcpClient from, TcpClient to)
        {
            try
            {
                await from.GetStream().CopyToAsync(to.GetStream());
                to.Close();
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException) { }
        }
    }
}
