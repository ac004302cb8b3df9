using System.Net;
using AngleSharp.Html.Parser;

namespace Orchestration.Host.Tests.Shell;

public sealed class PageTests(SharedHost host) : IClassFixture<SharedHost>
{
    private HostApp App => host.App;

    [Fact]
    public async Task A_page_sends_a_stranger_to_sign_in_and_brings_them_back()
    {
        var browser = App.Browser();
        var refused = await browser.GetAsync("/administration/people?q=a");
        refused.StatusCode.ShouldBe(HttpStatusCode.Found);
        refused.Headers.Location!.PathAndQuery.ShouldBe("/sign-in?to=%2Fadministration%2Fpeople%3Fq%3Da");

        var signedIn = await browser.SubmitAsync(
            refused.Headers.Location.PathAndQuery,
            new()
            {
                ["userName"] = "admin",
                ["password"] = "demo",
                ["to"] = "/administration/people?q=a",
            },
            "/sign-in"
        );

        signedIn.StatusCode.ShouldBe(HttpStatusCode.Found);
        signedIn.Headers.Location!.OriginalString.ShouldBe("/administration/people?q=a");
        (await browser.GetAsync("/administration/people?q=a")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    [InlineData("evil")]
    [InlineData("/\t/evil.example/")]
    public async Task Signing_in_never_leads_to_another_site(string to)
    {
        var signedIn = await App.Browser()
            .SubmitAsync(
                "/sign-in",
                new()
                {
                    ["userName"] = "admin",
                    ["password"] = "demo",
                    ["to"] = to,
                }
            );

        signedIn.Headers.Location!.OriginalString.ShouldBe("/administration/people");
    }

    [Theory]
    [InlineData("adjuster1", "/")]
    [InlineData("frontoffice", "/front-office")]
    [InlineData("supervisor", "/")]
    [InlineData("senior1", "/")]
    [InlineData("analyst", "/studio")]
    [InlineData("admin", "/administration/people")]
    [InlineData("compliance", "/compliance")]
    public async Task Signing_in_leads_to_where_the_work_of_the_role_is(string userName, string home)
    {
        var browser = App.Browser();
        Dictionary<string, string> Fields(string to) =>
            new()
            {
                ["userName"] = userName,
                ["password"] = "demo",
                ["to"] = to,
            };

        (await browser.SubmitAsync("/sign-in", Fields("/"))).Headers.Location!.OriginalString.ShouldBe(home);
        (await browser.GetAsync("/sign-in")).Headers.Location!.OriginalString.ShouldBe(home);
        (await App.Browser().SubmitAsync("/sign-in", Fields("/notifications"))).Headers.Location!.OriginalString.ShouldBe("/notifications");
    }

    [Fact]
    public async Task A_refused_sign_in_keeps_the_name_and_says_why()
    {
        var refused = await App.Browser().SubmitAsync("/sign-in", new() { ["userName"] = "adm<in", ["password"] = "wrong" });

        refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        var page = await DocumentAsync(refused);
        page.QuerySelector("#user-name")!.GetAttribute("value").ShouldBe("adm<in");
        page.QuerySelector("[role=alert]")!.TextContent.ShouldContain("incorrect");
    }

    [Fact]
    public async Task A_form_without_proof_of_its_page_changes_nothing()
    {
        var browser = await App.BrowserAsync("admin");

        var forged = await browser.PostAsync("/sign-out", new FormUrlEncodedContent([]));

        forged.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await browser.GetAsync("/administration/people")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_api_takes_a_cookie_only_with_the_header_of_our_pages()
    {
        var browser = await App.BrowserAsync("admin");
        var token = new HtmlParser()
            .ParseDocument(await browser.GetStringAsync("/administration/people"))
            .QuerySelector("meta[name=csrf]")!
            .GetAttribute("content");
        (await browser.DeleteAsync("/api/session")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);

        using var request = new HttpRequestMessage(HttpMethod.Delete, "/api/session") { Headers = { { "X-Csrf-Token", token } } };

        (await browser.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_stranger_is_not_signed_in_by_somebody_elses_form()
    {
        var forged = await App.Browser()
            .PostAsync("/sign-in", new FormUrlEncodedContent(new Dictionary<string, string> { ["userName"] = "admin", ["password"] = "demo" }));

        forged.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Signing_out_ends_a_copied_cookie_too()
    {
        var browser = App.Browser();
        var signedIn = await browser.SubmitAsync("/sign-in", new() { ["userName"] = "admin", ["password"] = "demo" });
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("orchestration=", StringComparison.Ordinal)).Split(';')[0];

        (await browser.SubmitAsync("/administration/people", [], "/sign-out")).StatusCode.ShouldBe(HttpStatusCode.Found);

        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/me") { Headers = { { "Cookie", cookie } } };
        (await App.Api().SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData(
        "admin",
        "My work|Team|Forecast|Performance|Shifts|Skills|Customers|Promises|Cases|Guidance|Start a case|"
            + "Designer|Test a journey|Requested changes|Compliance|Administration"
    )]
    [InlineData("analyst", "My work|Performance|Customers|Cases|Guidance|Designer|Test a journey")]
    [InlineData("supervisor", "My work|Team|Forecast|Performance|Shifts|Skills|Customers|Promises|Cases|Guidance|Start a case|Requested changes")]
    [InlineData("frontoffice", "Front office|My work|Performance|Customers|Promises|Cases|Guidance|Start a case")]
    [InlineData("compliance", "My work|Performance|Customers|Promises|Cases|Guidance|Compliance|Administration")]
    [InlineData("adjuster1", "My work|Performance|Customers|Cases|Guidance|Start a case")]
    [InlineData("senior1", "My work|Team|Forecast|Performance|Shifts|Skills|Customers|Promises|Cases|Guidance|Start a case|Requested changes")]
    public async Task Everybody_sees_the_navigation_of_their_roles(string userName, string expected)
    {
        var browser = await App.BrowserAsync(userName);

        var page = new HtmlParser().ParseDocument(await browser.GetStringAsync("/cases"));

        string.Join("|", page.QuerySelectorAll("nav .side-link").Select(link => link.TextContent.Trim())).ShouldBe(expected);
    }

    [Theory]
    [InlineData("admin", HttpStatusCode.OK)]
    [InlineData("analyst", HttpStatusCode.Forbidden)]
    [InlineData("supervisor", HttpStatusCode.Forbidden)]
    [InlineData("frontoffice", HttpStatusCode.Forbidden)]
    [InlineData("compliance", HttpStatusCode.Forbidden)]
    [InlineData("adjuster1", HttpStatusCode.Forbidden)]
    public async Task Only_administrators_see_the_people(string userName, HttpStatusCode expected)
    {
        var browser = await App.BrowserAsync(userName);

        (await browser.GetAsync("/administration/people")).StatusCode.ShouldBe(expected);
    }

    [Fact]
    public async Task A_page_is_what_assistive_technology_expects()
    {
        var browser = await App.BrowserAsync("admin");

        var page = new HtmlParser().ParseDocument(await browser.GetStringAsync("/administration/people"));

        page.DocumentElement.GetAttribute("lang").ShouldBe("en");
        page.QuerySelectorAll("h1").Length.ShouldBe(1);
        page.QuerySelectorAll("main").Length.ShouldBe(1);
        page.QuerySelector("body > a")!.GetAttribute("href").ShouldBe("#main");
        page.QuerySelector("nav [aria-current=page]")!.TextContent.Trim().ShouldBe("Administration");
        foreach (var field in page.QuerySelectorAll("input:not([type=hidden]), select, textarea"))
            (field.HasAttribute("aria-label") || page.QuerySelector($"label[for='{field.Id}']") is not null || field.Closest("label") is not null).ShouldBeTrue(
                field.OuterHtml
            );
        foreach (var icon in page.QuerySelectorAll("i.ti"))
            icon.GetAttribute("aria-hidden").ShouldBe("true");
    }

    [Fact]
    public async Task A_page_loads_nothing_from_elsewhere_and_every_asset_exists()
    {
        var page = new HtmlParser().ParseDocument(await App.Browser().GetStringAsync("/sign-in"));

        foreach (var address in page.QuerySelectorAll("link[href], script[src]").Select(e => e.GetAttribute("href") ?? e.GetAttribute("src")!))
        {
            address.ShouldStartWith("/assets/");
            var asset = await App.Api().GetAsync(address);
            asset.StatusCode.ShouldBe(HttpStatusCode.OK, address);
            asset.Headers.ETag.ShouldNotBeNull();
        }
    }

    [Fact]
    public async Task Assets_with_a_fingerprint_are_kept_for_ever_and_others_are_asked_for()
    {
        var kept = await App.Api().GetAsync("/assets/app.css?v=1");
        kept.Headers.CacheControl!.ToString().ShouldContain("immutable");

        var asked = await App.Api().GetAsync("/assets/app.css");
        asked.Headers.CacheControl!.NoCache.ShouldBeTrue();
        using var again = new HttpRequestMessage(HttpMethod.Get, "/assets/app.css") { Headers = { IfNoneMatch = { asked.Headers.ETag! } } };
        (await App.Api().SendAsync(again)).StatusCode.ShouldBe(HttpStatusCode.NotModified);
    }

    private static async Task<AngleSharp.Html.Dom.IHtmlDocument> DocumentAsync(HttpResponseMessage answer) =>
        new HtmlParser().ParseDocument(await answer.Content.ReadAsStringAsync());
}
