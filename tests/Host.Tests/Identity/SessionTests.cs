using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Orchestration.Host.Identity;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Testing;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Tests.Identity;

public sealed class SessionTests(SessionTests.TwoHosts hosts) : IClassFixture<SessionTests.TwoHosts>
{
    private readonly HostApp _app = hosts.App;

    [Fact]
    public async Task A_token_says_who_asks()
    {
        var api = await _app.ApiAsync("senior1");

        var me = await api.GetFromJsonAsync<Me>("/api/me");

        me!.DisplayName.ShouldBe("Helen Kowalski");
        me.Roles.ShouldBe(["employee", "supervisor"]);
        me.Teams.ShouldBe(["claims-adjusting", "claims-seniors"]);
        me.Leads.ShouldBe(["claims-adjusting", "claims-seniors"]);
    }

    [Fact]
    public async Task A_user_name_that_no_text_can_be_is_refused_by_its_field()
    {
        var answer = await _app.Api().PostAsJsonAsync("/api/session", new SignInRequest("adjuster1\0", "demo"));

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("userName");
    }

    [Theory]
    [InlineData("adjuster1", "wrong")]
    [InlineData("nobody", "demo")]
    [InlineData(null, null)]
    public async Task A_wrong_password_and_an_unknown_person_get_the_same_answer(string? userName, string? password)
    {
        var answer = await _app.Api().PostAsJsonAsync("/api/session", new SignInRequest(userName, password));

        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await answer.Content.ReadAsStringAsync()).ShouldContain("The user name or password is incorrect");
    }

    [Fact]
    public async Task After_five_failures_the_right_password_is_refused_for_five_minutes()
    {
        var api = _app.Api();
        for (var i = 0; i < 5; i++)
            (await SignInAsync(api, "wrong")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);

        (await SignInAsync(api, "demo")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        _app.Clock.Advance(Duration.FromMinutes(5) - Duration.FromSeconds(1));
        (await SignInAsync(api, "demo")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        _app.Clock.Advance(Duration.FromSeconds(1));
        (await SignInAsync(api, "demo")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_access_token_ends_after_an_hour_and_its_refresh_token_brings_a_new_one()
    {
        var api = _app.Api();
        var tokens = await TokensAsync(await SignInAsync(api, "demo"));
        tokens.ExpiresIn.ShouldBe(3600);
        _app.Clock.Advance(Duration.FromHours(1));
        (await MeAsync(api, tokens)).ShouldBe(HttpStatusCode.Unauthorized);

        var renewed = await TokensAsync(await api.PostAsJsonAsync("/api/session/refresh", new RefreshRequest(tokens.RefreshToken)));

        (await MeAsync(api, renewed)).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_refresh_token_is_no_access_token_and_expires()
    {
        var api = _app.Api();
        var tokens = await TokensAsync(await SignInAsync(api, "demo"));

        (await MeAsync(api, tokens with { AccessToken = tokens.RefreshToken })).ShouldBe(HttpStatusCode.Unauthorized);
        (await api.PostAsJsonAsync("/api/session/refresh", new RefreshRequest(tokens.AccessToken))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        _app.Clock.Advance(Duration.FromDays(14));
        (await api.PostAsJsonAsync("/api/session/refresh", new RefreshRequest(tokens.RefreshToken))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_refresh_token_that_comes_a_second_time_ends_its_session_for_whoever_has_it()
    {
        var api = _app.Api();
        var other = await TokensAsync(await SignInAsync(api, "demo"));
        var stolen = await TokensAsync(await SignInAsync(api, "demo"));
        var second = await TokensAsync(await RefreshAsync(api, stolen));
        var third = await TokensAsync(await RefreshAsync(api, second));
        (await MeAsync(api, third)).ShouldBe(HttpStatusCode.OK);

        (await RefreshAsync(api, stolen)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);

        foreach (var tokens in new[] { stolen, second, third })
        {
            (await RefreshAsync(api, tokens)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            (await MeAsync(api, tokens)).ShouldBe(HttpStatusCode.Unauthorized);
        }

        (await TokensAsync(await RefreshAsync(api, other))).ShouldNotBeNull("another session of the person goes on");
        await using var told = hosts.Database.CreateCommand(
            "select payload::text from event where action = 'person.session-ended' order by at desc, sequence desc limit 1"
        );
        ((string)(await told.ExecuteScalarAsync())!).ShouldContain("used twice");
    }

    [Fact]
    public async Task Windows_that_refresh_at_the_same_moment_stay_signed_in_and_a_moment_later_the_old_token_is_a_thiefs()
    {
        var (api, there) = (_app.Api(), hosts.Other.Api());
        var tokens = await TokensAsync(await SignInAsync(api, "demo"));

        var renewed = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i => await TokensAsync(await RefreshAsync(i % 2 == 0 ? api : there, tokens))));

        foreach (var each in renewed)
            (await MeAsync(api, each)).ShouldBe(HttpStatusCode.OK);
        _app.Clock.Advance(RefreshSession.Grace);
        (await TokensAsync(await RefreshAsync(api, tokens))).ShouldNotBeNull("the client may not have got its answer");
        _app.Clock.Advance(Duration.FromSeconds(1));
        (await RefreshAsync(api, tokens)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await RefreshAsync(api, renewed[0])).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task The_designers_clients_exchange_their_tokens_once_too()
    {
        var api = _app.Api();
        var login = await (
            await api.PostAsJsonAsync("/elsa/api/identity/login", new { username = "analyst", password = "demo" })
        ).Content.ReadFromJsonAsync<ElsaTokens>();
        var second = await RefreshAsync(login!.RefreshToken);
        var third = await RefreshAsync(second.RefreshToken);
        third.IsAuthenticated.ShouldBeTrue();

        (await RefreshAsync(login.RefreshToken)).ShouldBe(new ElsaTokens(false, null, null));
        (await RefreshAsync(third.RefreshToken)).ShouldBe(new ElsaTokens(false, null, null));

        async Task<ElsaTokens> RefreshAsync(string? token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/elsa/api/identity/refresh-token")
            {
                Headers = { Authorization = new("Bearer", token) },
            };
            return (await (await api.SendAsync(request)).Content.ReadFromJsonAsync<ElsaTokens>())!;
        }
    }

    [Fact]
    public async Task Signing_out_ends_the_tokens_of_that_session_only()
    {
        var api = _app.Api();
        var ended = await TokensAsync(await SignInAsync(api, "demo"));
        var other = await TokensAsync(await SignInAsync(api, "demo"));

        using var request = new HttpRequestMessage(HttpMethod.Delete, "/api/session") { Headers = { Authorization = new("Bearer", ended.AccessToken) } };
        (await api.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        (await MeAsync(api, ended)).ShouldBe(HttpStatusCode.Unauthorized);
        (await api.PostAsJsonAsync("/api/session/refresh", new RefreshRequest(ended.RefreshToken))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await MeAsync(api, other)).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_deactivated_person_is_out_at_once_on_every_host()
    {
        var here = await _app.ApiAsync("adjuster2");
        var there = await hosts.Other.ApiAsync("adjuster2");
        var me = (await here.GetFromJsonAsync<Me>("/api/me"))!;
        (await there.GetAsync("/api/me")).StatusCode.ShouldBe(HttpStatusCode.OK);

        var admin = await _app.ApiAsync("admin");
        var deactivated = await admin.PostAsJsonAsync($"/api/people/{me.Id}/deactivate", new { revision = 1 });

        deactivated.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await here.GetAsync("/api/me")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        await Eventually.AsksAsync(
            async () => (await there.GetAsync("/api/me")).StatusCode,
            status => status == HttpStatusCode.Unauthorized,
            "the other host is told, without waiting for what it knows to grow old"
        );
    }

    [Fact]
    public async Task A_host_reads_the_cookies_and_tokens_of_another()
    {
        var tokens = await TokensAsync(await SignInAsync(_app.Api(), "demo"));
        (await MeAsync(hosts.Other.Api(), tokens)).ShouldBe(HttpStatusCode.OK);

        var browser = _app.Browser();
        var signedIn = await browser.SubmitAsync("/sign-in", new() { ["userName"] = "admin", ["password"] = "demo" });
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("orchestration=", StringComparison.Ordinal)).Split(';')[0];
        using var request = new HttpRequestMessage(HttpMethod.Get, "/administration/people") { Headers = { { "Cookie", cookie } } };
        (await hosts.Other.Api().SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_hub_and_only_a_hub_takes_the_token_from_the_address()
    {
        var tokens = await TokensAsync(await SignInAsync(_app.Api(), "demo"));

        var token = Uri.EscapeDataString(tokens.AccessToken);
        (await _app.Api().GetAsync($"/elsa/hubs/none?access_token={token}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _app.Api().GetAsync("/elsa/hubs/none")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await _app.Api().GetAsync($"/api/me?access_token={token}")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    private static Task<HttpResponseMessage> SignInAsync(HttpClient api, string password) =>
        api.PostAsJsonAsync("/api/session", new SignInRequest("adjuster1", password));

    private static Task<HttpResponseMessage> RefreshAsync(HttpClient api, SessionTokens tokens) =>
        api.PostAsJsonAsync("/api/session/refresh", new RefreshRequest(tokens.RefreshToken));

    private static async Task<SessionTokens> TokensAsync(HttpResponseMessage answer)
    {
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return (await answer.Content.ReadFromJsonAsync<SessionTokens>())!;
    }

    private static async Task<HttpStatusCode> MeAsync(HttpClient api, SessionTokens tokens)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/me")
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", tokens.AccessToken) },
        };
        return (await api.SendAsync(request)).StatusCode;
    }

    private sealed record ElsaTokens(bool IsAuthenticated, string? AccessToken, string? RefreshToken);

    /// <summary>Two hosts on one database, started once. Only adjuster1 signs in with wrong passwords, and adjuster2 is deactivated.</summary>
    public sealed class TwoHosts : IAsyncLifetime
    {
        private TestDatabase _database = null!;

        public HostApp App { get; private set; } = null!;

        public HostApp Other { get; private set; } = null!;

        public Npgsql.NpgsqlDataSource Database => _database.DataSource;

        public async ValueTask InitializeAsync()
        {
            _database = await StartedDatabase.CreateAsync();
            App = new(_database.ConnectionString);
            Other = new(_database.ConnectionString, App.Clock);
        }

        public async ValueTask DisposeAsync()
        {
            await Other.DisposeAsync();
            await App.DisposeAsync();
            await _database.DisposeAsync();
        }
    }
}
