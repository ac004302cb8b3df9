using System.Net;
using System.Net.Http.Json;
using NodaTime;
using Orchestration.Host.Identity;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.SignOn;

public sealed class SingleSignOnTests(SingleSignOnTests.Pair pair) : IClassFixture<SingleSignOnTests.Pair>
{
    private static int _accounts;
    private readonly HostApp _app = pair.App;
    private readonly IdentityProvider _provider = pair.Provider;

    [Fact]
    public async Task Someone_signs_in_with_their_account_and_comes_to_where_they_wanted_to_go()
    {
        var account = NewAccount("Contoso Adjusters");
        var browser = _app.Browser();
        (await browser.GetStringAsync("/sign-in?to=/cases")).ShouldContain("/sign-in/provider?to=%2Fcases");

        var arrived = await SignInAsync(browser, account, "/cases?q=1");

        arrived.ShouldBe("/cases?q=1");
        var page = await browser.GetStringAsync("/security");
        page.ShouldContain(account.Name);
        page.ShouldContain("with Contoso");
        var admin = await _app.ApiAsync("admin");
        var person = (await (await admin.GetAsync($"/api/people?search={account.UserName}")).JsonAsync())["items"]![0]!;
        person["roles"]!.AsArray().Select(role => (string)role!).ShouldBe(["employee"]);
        person["teams"]!.AsArray().Select(team => (string)team!).ShouldBe(["Claims adjusting"]);
        ((bool)person["hasPassword"]!).ShouldBeFalse();
    }

    [Fact]
    public async Task The_code_is_asked_for_with_pkce_and_is_worth_nothing_in_another_browser()
    {
        _provider.Current = NewAccount("Contoso Adjusters");
        var browser = _app.Browser();
        var challenge = (await browser.GetAsync("/sign-in/provider")).Headers.Location!;
        challenge.Query.ShouldContain("code_challenge_method=S256");
        challenge.Query.ShouldContain("response_type=code");
        var callback = await AtProviderAsync(challenge);

        (await _app.Browser().GetAsync(callback)).Headers.Location!.OriginalString.ShouldStartWith("/sign-in/refused?reason=state-lost");
        (await browser.GetAsync("/sign-in/callback?code=made-up&state=made-up")).Headers.Location!.OriginalString.ShouldContain("reason=state-lost");
        (await browser.GetAsync(callback)).Headers.Location!.OriginalString.ShouldBe("/");
    }

    [Theory]
    [InlineData("no-role", "None of your groups has access", "Contoso Guests")]
    [InlineData("user-name-taken", "A local account has the same user name", "Contoso Adjusters", "admin")]
    public async Task A_refusal_has_a_page_that_says_why(string reason, string advice, string group, string? userName = null)
    {
        var account = NewAccount(group);
        var browser = _app.Browser();

        var refused = await SignInAsync(browser, account with { UserName = userName ?? account.UserName }, "/cases");

        refused.ShouldBe($"/sign-in/refused?reason={reason}&to=%2Fcases");
        (await browser.GetStringAsync(refused)).ShouldContain(advice);
        (await browser.GetAsync("/cases")).StatusCode.ShouldBe(HttpStatusCode.Found, "nobody is signed in");
    }

    [Fact]
    public async Task Roles_follow_the_groups_at_the_next_sign_in_and_a_deactivated_person_is_refused()
    {
        var account = NewAccount("Contoso Adjusters");
        await SignInAsync(_app.Browser(), account, "/");
        await SignInAsync(_app.Browser(), account with { Groups = ["Contoso Adjusters", "Contoso Leads"] }, "/");
        var admin = await _app.ApiAsync("admin");
        var person = (await (await admin.GetAsync($"/api/people?search={account.UserName}")).JsonAsync())["items"]![0]!;
        person["roles"]!.AsArray().Select(role => (string)role!).ShouldBe(["employee", "supervisor"]);
        var page = await (await _app.BrowserAsync("admin")).GetStringAsync($"/administration/people/{(string)person["id"]!}");
        page.ShouldContain("Contoso (single sign-on)");

        (await admin.PostAsJsonAsync($"/api/people/{(string)person["id"]!}/deactivate", new { revision = 2 })).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await SignInAsync(_app.Browser(), account, "/")).ShouldStartWith("/sign-in/refused?reason=deactivated");
    }

    [Theory]
    [InlineData(50, true)]
    [InlineData(-50, true)]
    [InlineData(120, false)]
    [InlineData(-7200, false)]
    public async Task A_providers_clock_may_be_off_by_a_minute(int seconds, bool accepted)
    {
        _provider.Ahead = Duration.FromSeconds(seconds);

        var arrived = await SignInAsync(_app.Browser(), NewAccount("Contoso Adjusters"), "/cases");

        _provider.Ahead = Duration.Zero;
        arrived.ShouldBe(accepted ? "/cases" : "/sign-in/refused?reason=clock&to=%2Fcases");
    }

    [Fact]
    public async Task Someone_who_cancels_there_is_told_so()
    {
        (await SignInAsync(_app.Browser(), null, "/cases")).ShouldBe("/sign-in/refused?reason=declined&to=%2Fcases");
    }

    [Fact]
    public async Task Signing_out_ends_the_session_here_and_at_the_provider()
    {
        var account = NewAccount("Contoso Adjusters");
        var browser = _app.Browser();
        await SignInAsync(browser, account, "/");

        var page = await browser.SubmitAsync("/security", [], "/sign-out");

        page.StatusCode.ShouldBe(HttpStatusCode.OK);
        var there = page.Headers.GetValues("Refresh").Single().Split("url=")[1];
        there.ShouldStartWith($"{_provider.Address}/connect/logout?");
        var back = await AtProviderAsync(new(there));
        _provider.SignOuts.ShouldContain(account.Subject);
        (await browser.GetAsync(back)).Headers.Location!.OriginalString.ShouldBe("/sign-in");
        (await browser.GetAsync("/security")).StatusCode.ShouldBe(HttpStatusCode.Found);
    }

    [Fact]
    public async Task A_local_account_signs_in_beside_it_and_signs_out_here_only()
    {
        var browser = await _app.BrowserAsync("adjuster1");

        (await browser.SubmitAsync("/security", [], "/sign-out")).Headers.Location!.OriginalString.ShouldBe("/sign-in");
    }

    /// <summary>Where a browser comes to at last.</summary>
    private async Task<string> SignInAsync(HttpClient browser, Account? account, string to)
    {
        _provider.Current = account;
        var challenge = (await browser.GetAsync($"/sign-in/provider?to={Uri.EscapeDataString(to)}")).Headers.Location!;
        return (await browser.GetAsync(await AtProviderAsync(challenge))).Headers.Location!.OriginalString;
    }

    /// <summary>What the provider sends a browser back to.</summary>
    private static async Task<Uri> AtProviderAsync(Uri address)
    {
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        address.IsAbsoluteUri.ShouldBeTrue(address.OriginalString);
        var answer = await client.GetAsync(address);
        return answer.Headers.Location ?? throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
    }

    private static Account NewAccount(params string[] groups)
    {
        var number = Interlocked.Increment(ref _accounts);
        return new($"subject-{number}", $"Ines Duarte {number}", $"ines{number}", $"ines{number}@example.com", true, groups);
    }

    /// <summary>A host and its provider, started once.</summary>
    public sealed class Pair : IAsyncLifetime
    {
        private TestDatabase _database = null!;

        public IdentityProvider Provider { get; private set; } = null!;

        public HostApp App { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            var clock = new FakeClock();
            Provider = await IdentityProvider.StartAsync(clock);
            _database = await StartedDatabase.CreateAsync();
            App = new(
                _database.ConnectionString,
                clock,
                settings: new Dictionary<string, string>
                {
                    ["SignIn:OpenIdConnect:Authority"] = Provider.Address,
                    ["SignIn:OpenIdConnect:ClientId"] = IdentityProvider.ClientId,
                    ["SignIn:OpenIdConnect:ClientSecret"] = IdentityProvider.Secret,
                    ["SignIn:OpenIdConnect:Name"] = "Contoso",
                    ["SignIn:OpenIdConnect:Groups:0:Group"] = "Contoso Adjusters",
                    ["SignIn:OpenIdConnect:Groups:0:Roles:0"] = "employee",
                    ["SignIn:OpenIdConnect:Groups:0:Teams:0"] = "claims-adjusting",
                    ["SignIn:OpenIdConnect:Groups:1:Group"] = "Contoso Leads",
                    ["SignIn:OpenIdConnect:Groups:1:Roles:0"] = "supervisor",
                }
            );
        }

        public async ValueTask DisposeAsync()
        {
            await App.DisposeAsync();
            await Provider.DisposeAsync();
            await _database.DisposeAsync();
        }
    }
}
