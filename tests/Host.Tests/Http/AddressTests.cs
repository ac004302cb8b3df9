using System.Net;
using System.Net.Http.Json;
using Orchestration.Host.Startup;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Http;

public sealed class AddressTests(SharedHost host) : IClassFixture<SharedHost>
{
    private const int Limit = 3;

    [Fact]
    public async Task An_address_that_tries_too_often_to_sign_in_is_told_when_to_try_again()
    {
        await using var app = App();
        var refused = await RefusedAsync(app.Api(), "/api/session");

        var problem = await refused.ProblemAsync(429);
        ((string)problem["title"]!).ShouldBe("Too many sign-in attempts");
        refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds.ShouldBeInRange(1, 60);
        ((string)problem["detail"]!).ShouldContain($"Try again in {refused.Headers.RetryAfter.Delta.Value.TotalSeconds} seconds");
    }

    [Fact]
    public async Task The_page_and_the_designers_clients_have_the_limit_too()
    {
        await using var app = App();
        (await RefusedAsync(app.Api(), "/elsa/api/identity/login")).Headers.RetryAfter.ShouldNotBeNull();

        using var browser = app.Browser();
        HttpResponseMessage page;
        var asked = 0;
        do page = await browser.SubmitAsync("/sign-in", new() { ["userName"] = "nobody", ["password"] = "" });
        while (page.StatusCode != HttpStatusCode.TooManyRequests && ++asked <= 2 * Limit);
        page.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        (await page.Content.ReadAsStringAsync()).ShouldContain("Too many sign-in attempts");
        (await browser.GetAsync("/sign-in")).StatusCode.ShouldBe(HttpStatusCode.OK, "looking is no attempt");
    }

    [Fact]
    public async Task A_header_that_names_another_address_is_believed_only_from_a_proxy_that_is_configured()
    {
        await using var open = App();
        await using var behind = App(("Proxies:0", "127.0.0.0/8"), ("Proxies:1", "::1"));

        (await TryAsync(open)).ShouldContain(HttpStatusCode.TooManyRequests);
        (await TryAsync(behind)).ShouldAllBe(status => status == HttpStatusCode.Unauthorized);
        await RefusedAsync(behind.Api(), "/api/session", "203.0.113.77");

        // Each attempt seems to come from a different address.
        static async Task<List<HttpStatusCode>> TryAsync(HostApp app)
        {
            using var api = app.Api();
            var answers = new List<HttpStatusCode>();
            for (var i = 0; i <= 2 * Limit; i++)
                answers.Add((await AttemptAsync(api, "/api/session", $"203.0.113.{i}")).StatusCode);
            return answers;
        }
    }

    [Fact]
    public async Task Addresses_of_one_IPv6_network_count_as_one()
    {
        await using var app = App(("Proxies:0", "127.0.0.1"), ("Proxies:1", "::1"));
        using var api = app.Api();
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i <= 2 * Limit; i++)
            answers.Add((await AttemptAsync(api, "/api/session", $"2001:db8:1:2::{i}")).StatusCode);

        answers.ShouldContain(HttpStatusCode.TooManyRequests);
        (await AttemptAsync(api, "/api/session", "2001:db8:1:3::1")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("Proxies:0", "our-proxy", "must be an IP address")]
    [InlineData("SignIn:AttemptsPerMinute", "0", "a whole number from 1")]
    [InlineData("SignIn:AttemptsPerMinute", "many", "a whole number from 1")]
    public async Task A_setting_that_can_not_be_meant_stops_the_start(string setting, string value, string reason)
    {
        await using var app = App((setting, value));

        Should.Throw<ConfigurationException>(() => app.StartServer()).Message.ShouldContain(reason);
    }

    private HostApp App(params (string Key, string Value)[] settings) =>
        new(
            host.ConnectionString,
            settings: settings.Prepend(("SignIn:AttemptsPerMinute", $"{Limit}")).GroupBy(s => s.Item1).ToDictionary(s => s.Key, s => s.Last().Item2)
        );

    private static async Task<HttpResponseMessage> AttemptAsync(HttpClient api, string path, string from)
    {
        // One API calls it userName, the other username, and ours does not mind.
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = JsonContent.Create(new { username = "nobody", password = "x" }),
            Headers = { { "X-Forwarded-For", from } },
        };
        return await api.SendAsync(request);
    }

    /// <summary>Tries until refused: within two minutes, however slow they are, there is one more than two minutes allow.</summary>
    private static async Task<HttpResponseMessage> RefusedAsync(HttpClient api, string path, string from = "203.0.113.99")
    {
        for (var i = 0; i <= 2 * Limit; i++)
        {
            var answer = await AttemptAsync(api, path, from);
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
                return answer;
        }

        throw new ShouldAssertException($"{path} was asked {(2 * Limit) + 1} times without a refusal");
    }
}
