using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using AngleSharp.Html.Parser;
using NodaTime;
using Orchestration.Host.Identity;
using Orchestration.Host.Startup;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Testing;
using OtpNet;

namespace Orchestration.Host.Tests.SignOn;

/// <summary>A host on which administrators need a code, and whose identity provider doesn't answer.</summary>
public sealed class SecondFactorPageTests(SecondFactorPageTests.Strict strict) : IClassFixture<SecondFactorPageTests.Strict>
{
    private readonly HostApp _app = strict.App;

    [Fact]
    public async Task An_administrator_sets_up_an_app_and_signs_in_with_its_codes()
    {
        var browser = _app.Browser();
        var first = await SignInAsync(browser, "admin", "/administration/teams");
        first.Headers.Location!.OriginalString.ShouldBe("/sign-in/set-up");
        (await browser.GetAsync("/administration/teams")).StatusCode.ShouldBe(HttpStatusCode.Found, "the password alone opens nothing");
        var form = new HtmlParser().ParseDocument(await browser.GetStringAsync("/sign-in/set-up"));
        form.QuerySelector("img.qr")!.GetAttribute("src")!.ShouldStartWith("data:image/svg+xml;base64,");
        var key = Base32Encoding.ToBytes(form.QuerySelector("code.secret")!.TextContent.Replace(" ", ""));
        var secret = form.QuerySelector("input[name=secret]")!.GetAttribute("value")!;

        var wrong = await browser.SubmitAsync("/sign-in/set-up", new() { ["secret"] = secret, ["code"] = "000000" });
        wrong.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var done = await browser.SubmitAsync("/sign-in/set-up", new() { ["secret"] = secret, ["code"] = CodeOf(key) });

        done.StatusCode.ShouldBe(HttpStatusCode.OK);
        var codes = new HtmlParser()
            .ParseDocument(await done.Content.ReadAsStringAsync())
            .QuerySelectorAll(".codes code")
            .Select(code => code.TextContent)
            .ToList();
        codes.Count.ShouldBe(10);
        (await browser.GetAsync("/administration/teams")).StatusCode.ShouldBe(HttpStatusCode.OK);

        _app.Clock.Advance(Duration.FromSeconds(30));
        var other = _app.Browser();
        (await SignInAsync(other, "admin", "/administration/teams")).Headers.Location!.OriginalString.ShouldBe("/sign-in/code");
        (await other.SubmitAsync("/sign-in/code", new() { ["code"] = "123456" })).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await other.SubmitAsync("/sign-in/code", new() { ["code"] = CodeOf(key) })).Headers.Location!.OriginalString.ShouldBe("/administration/teams");
        (await other.GetStringAsync("/security")).ShouldContain("with a password and a code");

        // Elsa's clients can't send a code, and are told so.
        var elsa = await (
            await _app.Api().PostAsJsonAsync("/elsa/api/identity/login", new { username = "admin", password = FirstStart.DemoPassword })
        ).JsonAsync();
        ((bool)elsa["isAuthenticated"]!, (string?)elsa["error"]).ShouldBe((false, "second-factor-required"));

        // The API asks for the code too, and the other browser is signed out from here.
        var problem = await (await _app.Api().PostAsJsonAsync("/api/session", new SignInRequest("admin", FirstStart.DemoPassword))).JsonAsync();
        ((string)problem["type"]!).ShouldEndWith("second-factor-required");
        var answer = await _app.Api().PostAsJsonAsync("/api/session", new SignInRequest("admin", FirstStart.DemoPassword, codes[0]));
        var api = _app.Api();
        api.DefaultRequestHeaders.Authorization = new("Bearer", (await answer.Content.ReadFromJsonAsync<SessionTokens>())!.AccessToken);
        var sessions = (await (await api.GetAsync("/api/me/sessions")).JsonAsync()).AsArray();
        sessions.Select(session => (string)session!["kind"]!).Order().ShouldBe(["api", "browser", "browser"]);
        foreach (var session in sessions.Where(session => (string)session!["kind"]! == "browser"))
            (await api.DeleteAsync($"/api/me/sessions/{(string)session!["id"]!}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        foreach (var gone in new[] { browser, other })
            (await gone.GetAsync("/administration/teams")).StatusCode.ShouldBe(HttpStatusCode.Found);
        (await api.GetAsync("/api/me")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_provider_that_does_not_answer_is_named_and_local_accounts_still_sign_in()
    {
        var browser = _app.Browser();

        var refused = (await browser.GetAsync("/sign-in/provider?to=/cases")).Headers.Location!.OriginalString;

        refused.ShouldBe("/sign-in/refused?reason=provider-down&to=%2Fcases");
        (await browser.GetStringAsync(refused)).ShouldContain("Your identity provider doesn&#x27;t answer");
        (await SignInAsync(browser, "adjuster1", "/cases")).Headers.Location!.OriginalString.ShouldBe("/cases");
    }

    [Fact]
    public async Task The_pages_of_the_code_lead_nowhere_without_a_password()
    {
        var browser = _app.Browser();
        foreach (var page in new[] { "/sign-in/code", "/sign-in/set-up" })
            (await browser.GetAsync(page)).Headers.Location!.OriginalString.ShouldBe("/sign-in");
        (await browser.SubmitAsync("/sign-in", new() { ["code"] = "123456" }, "/sign-in/code")).Headers.Location!.OriginalString.ShouldBe("/sign-in");
    }

    private static Task<HttpResponseMessage> SignInAsync(HttpClient browser, string userName, string to) =>
        browser.SubmitAsync(
            "/sign-in",
            new()
            {
                ["userName"] = userName,
                ["password"] = FirstStart.DemoPassword,
                ["to"] = to,
            }
        );

    private string CodeOf(byte[] key) => new Totp(key).ComputeTotp(_app.Clock.GetCurrentInstant().ToDateTimeUtc());

    /// <summary>Started once.</summary>
    public sealed class Strict : IAsyncLifetime
    {
        private TestDatabase _database = null!;

        public HostApp App { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            _database = await StartedDatabase.CreateAsync();
            App = new(
                _database.ConnectionString,
                settings: new Dictionary<string, string>
                {
                    ["SignIn:SecondFactor:Required"] = "true",
                    ["SignIn:SecondFactor:Roles:0"] = "administrator",
                    ["SignIn:OpenIdConnect:Authority"] = "http://127.0.0.1:1",
                    ["SignIn:OpenIdConnect:ClientId"] = "orchestration",
                }
            );
        }

        public async ValueTask DisposeAsync()
        {
            await App.DisposeAsync();
            await _database.DisposeAsync();
        }
    }
}
