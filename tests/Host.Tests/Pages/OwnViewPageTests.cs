using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using AngleSharp.Html.Dom;
using NodaTime;
using static Orchestration.Host.Tests.Pages.PageWorld;

namespace Orchestration.Host.Tests.Pages;

/// <summary>The customer's own view, and what staff see of it.</summary>
public sealed class OwnViewPageTests
{
    [Fact]
    public async Task A_customer_follows_answers_and_is_seen_to_have_looked()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var page = $"/cases/{instance:N}";
        var browser = await world.App.BrowserAsync("frontoffice");
        var made = await PressAsync(browser, page, $"{page}/own-view#own-view", ("language", "de"), ("days", "10"));
        made.StatusCode.ShouldBe(HttpStatusCode.OK);
        made.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var follow = new Uri((await DocumentAsync(made)).QuerySelector("#own-view code")!.TextContent).PathAndQuery;
        (await PageAsync(browser, page))
            .QuerySelector("#own-view")!
            .TextContent.ShouldSatisfyAllConditions(
                text => text.ShouldContain("The customer hasn't looked at this yet."),
                text => text.ShouldNotContain(follow.Split('/')[^1])
            );
        var unsent = await PressAsync(browser, page, $"{page}/own-view#own-view", ("sendTo", "marta@example.com"));
        unsent.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await DocumentAsync(unsent)).QuerySelector("#own-view [role=alert]")!.TextContent.ShouldContain("set up the mail server");
        await PressAsync(browser, page, $"{page}/own-view/messages#own-view", ("text", Markup));

        var customer = world.App.Browser();
        var shown = await PageAsync(customer, follow);
        shown.DocumentElement.GetAttribute("lang").ShouldBe("de");
        shown.QuerySelector("h1")!.TextContent.ShouldBe("Ihr Vorgang");
        shown.QuerySelector(".injected").ShouldBeNull();
        shown.QuerySelector(".own-messages")!.TextContent.ShouldContain(Markup);
        shown.Body!.TextContent.ShouldNotContain("Check the loss");
        shown.Body.TextContent.ShouldNotContain("Lindqvist");
        (await PageAsync(customer, $"{follow}?lang=en")).QuerySelector("h1")!.TextContent.ShouldBe("Your case");

        var sent = await SendAsync(customer, follow, "Wann kommt jemand?", "photo.pdf", "%PDF-1.7 x");
        sent.Headers.Location!.OriginalString.ShouldBe($"{follow}?lang=de&told=sent");
        var refused = await SendAsync(customer, follow, "Noch etwas", "photo.pdf", "<html>");
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var again = await DocumentAsync(refused);
        again.QuerySelector("#problem")!.TextContent.ShouldContain("Eines der Dokumente können wir nicht annehmen.");
        again.QuerySelector("#text")!.TextContent.ShouldBe("Noch etwas");
        again.QuerySelector("nav a")!.GetAttribute("href").ShouldBe($"{follow}?lang=en");

        var after = await PageAsync(browser, page);
        after.QuerySelector("#own-view")!.TextContent.ShouldContain("The customer looked at this on");
        var told = after.QuerySelector(".timeline-list")!.TextContent;
        told.ShouldContain("Message from the customer");
        told.ShouldContain("File attached to Check the loss");
    }

    [Fact]
    public async Task Whatever_does_not_work_is_one_and_the_same_page()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var api = await world.App.ApiAsync("frontoffice");
        var revoked = await MakeAsync(api, instance);
        var expired = await MakeAsync(api, instance, days: 1);
        (await api.DeleteAsync($"/api/cases/{instance}/own-view-links/{revoked.Id}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        world.App.Clock.Advance(Duration.FromDays(1));
        var customer = world.App.Browser();
        var pages = new List<string>();
        foreach (var address in new[] { revoked.Path, expired.Path, "/follow/abcdefghijklmnopqrstuvwxyz0", "/follow/x", "/follow/%F0%9F%98%80" })
        {
            var answer = await customer.GetAsync(address);
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound, address);
            answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
            answer.Headers.GetValues("Referrer-Policy").ShouldBe(["no-referrer"]);
            answer.Headers.GetValues("X-Robots-Tag").ShouldBe(["noindex, nofollow"]);
            pages.Add((await answer.Content.ReadAsStringAsync()).Replace(address, "", StringComparison.Ordinal));
        }

        pages.Take(4).Distinct().ShouldHaveSingleItem();
        customer.DefaultRequestHeaders.AcceptLanguage.ParseAdd("fr, de;q=0.9, en;q=0.8");
        (await customer.GetStringOfAsync("/follow/x")).ShouldContain("Diese Seite gibt es nicht");
    }

    [Fact]
    public async Task A_form_without_its_token_a_stranger_and_a_wrong_date_of_birth_get_nowhere()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var api = await world.App.ApiAsync("frontoffice");
        var id = (string)(await api.GetFromJsonAsync<JsonObject>("/api/customers/by-number/C-1"))!["id"]!;
        var record = new
        {
            name = "Marta Novak",
            bornOn = "1968-04-12",
            emails = new[] { "marta@example.com" },
        };
        (await api.PutAsJsonAsync($"/api/customers/{id}", new { revision = 1, record })).EnsureSuccessStatusCode();
        var (_, path) = await MakeAsync(api, instance, asksBirth: true);
        var customer = world.App.Browser();

        var asked = await PageAsync(customer, path);
        asked.Body!.TextContent.ShouldNotContain("REF-1");
        var wrong = await PressAsync(customer, path, path, ("day", "13"), ("month", "4"), ("year", "1968"));
        wrong.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var token = asked.QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        var message = new Dictionary<string, string> { ["text"] = "Let me in" };
        (await customer.PostAsync($"{path}/messages", new FormUrlEncodedContent(message))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        message["__RequestVerificationToken"] = token;
        (await DocumentAsync(await customer.PostAsync($"{path}/messages", new FormUrlEncodedContent(message))))
            .QuerySelector("input[name=day]")
            .ShouldNotBeNull();

        (await PressAsync(customer, path, path, ("day", "12"), ("month", "4"), ("year", "1968"))).StatusCode.ShouldBe(HttpStatusCode.Found);
        var shown = await PageAsync(customer, path);
        shown.Body!.TextContent.ShouldContain("REF-1");
        shown.Body.TextContent.ShouldContain("m•••@example.com");
        (await customer.PostAsync($"{path}/messages", new FormUrlEncodedContent(new Dictionary<string, string> { ["text"] = "x" }))).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest
        );

        // The cookie of one link opens no other.
        var (_, other) = await MakeAsync(api, await world.StartAsync(), asksBirth: true);
        (await PageAsync(customer, other)).QuerySelector("input[name=day]").ShouldNotBeNull();
    }

    [Fact]
    public async Task Who_does_not_see_the_case_makes_no_link_and_reads_none()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var links = $"/api/cases/{instance}/own-view-links";
        var (id, _) = await MakeAsync(await world.App.ApiAsync("frontoffice"), instance);
        var closer = await world.App.ApiAsync("closer1");
        (await closer.GetAsync(links)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await closer.PostAsJsonAsync(links, new { })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await closer.DeleteAsync($"{links}/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await closer.PostAsJsonAsync($"/api/cases/{instance}/messages", new { text = "Hello" })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await closer.GetAsync($"/api/cases/{instance}/rating")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var reader = await PageAsync(await world.App.BrowserAsync("compliance"), $"/cases/{instance:N}");
        reader.QuerySelector("#own-view")!.TextContent.ShouldContain("Link until");
        reader.QuerySelectorAll("#own-view form").ShouldBeEmpty();
        var wrong = await (await world.App.ApiAsync("adjuster1")).PostAsJsonAsync(links, new { days = 0 });
        wrong.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await wrong.Content.ReadAsStringAsync()).ShouldContain("must be from 1 to 365");
    }

    private static async Task<(Guid Id, string Path)> MakeAsync(HttpClient api, Guid instance, int days = 30, bool asksBirth = false)
    {
        var answer = await api.PostAsJsonAsync($"/api/cases/{instance}/own-view-links", new { days, asksBirth });
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        var made = (await answer.Content.ReadFromJsonAsync<JsonObject>())!;
        return (Guid.Parse((string)made["id"]!), new Uri((string)made["url"]!).PathAndQuery);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient customer, string follow, string text, string name, string content)
    {
        var form = (IHtmlFormElement)(await PageAsync(customer, $"{follow}?lang=de")).QuerySelector("form[action*='/messages']")!;
        using var body = new MultipartFormDataContent { { new StringContent(text), "text" } };
        foreach (var field in form.QuerySelectorAll("input[type=hidden]").OfType<IHtmlInputElement>())
            body.Add(new StringContent(field.Value), field.Name!);
        var file = new ByteArrayContent(Encoding.ASCII.GetBytes(content));
        file.Headers.ContentType = new MediaTypeHeaderValue("application/pdf");
        body.Add(file, "files", name);
        return await customer.PostAsync(form.GetAttribute("action"), body);
    }
}

file static class Reading
{
    public static async Task<string> GetStringOfAsync(this HttpClient client, string address) =>
        await (await client.GetAsync(address)).Content.ReadAsStringAsync();
}
