using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NodaTime;
using static Orchestration.Host.Tests.Pages.PageWorld;

namespace Orchestration.Host.Tests.Pages;

public sealed class CustomerPageTests
{
    [Fact]
    public async Task A_customers_page_says_where_each_case_is_and_records_a_contact_with_a_promise()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var browser = await world.App.BrowserAsync("frontoffice");
        var page = await CustomerAsync(browser, "C-1");

        var shown = await PageAsync(browser, page);
        shown.QuerySelector("h1")!.TextContent.ShouldBe("Marta Novak");
        var row = shown.QuerySelector($"[data-case='{instance:N}']")!.TextContent;
        row.ShouldContain("Next: Check the loss");
        row.ShouldContain("not assigned yet");
        (await PageAsync(browser, $"/cases/{instance:N}")).QuerySelector("a[href='/customers/by-number?number=C-1']").ShouldNotBeNull();

        var due = world.App.Clock.GetCurrentInstant() + Duration.FromHours(3);
        var recorded = await PressAsync(
            browser,
            page,
            $"{page}/contacts",
            ("channel", "Call"),
            ("direction", "in"),
            ("outcome", "CallBackPromised"),
            ("case", $"{instance:N}"),
            ("note", Markup),
            ("promise", "Call back with the date"),
            ("dueAt", $"{due}")
        );
        recorded.Headers.Location!.OriginalString.ShouldBe($"{page}?told=promise");
        var after = await PageAsync(browser, page);
        after.QuerySelector("#promises")!.TextContent.ShouldContain("Call back with the date");
        after.QuerySelector(".timeline-list")!.TextContent.ShouldContain("Call from the customer: call-back promised");
        after.QuerySelector(".injected").ShouldBeNull();
        after.QuerySelector(".timeline-list")!.TextContent.ShouldContain(Markup);

        var home = await PageAsync(browser, "/front-office");
        home.QuerySelector("[data-promise]")!.TextContent.ShouldContain("Marta Novak: Call back with the date");
        var kept = home.QuerySelector("[data-promise] form")!.GetAttribute("action")!;
        (await PressAsync(browser, "/front-office", kept)).Headers.Location!.OriginalString.ShouldBe("/front-office");
        (await PageAsync(browser, "/front-office")).QuerySelector("[data-promise]").ShouldBeNull();
    }

    [Fact]
    public async Task A_refused_contact_keeps_what_was_typed_and_names_the_field()
    {
        await using var world = await CreateAsync();
        await world.StartAsync();
        var browser = await world.App.BrowserAsync("frontoffice");
        var page = await CustomerAsync(browser, "C-1");

        var refused = await PressAsync(
            browser,
            page,
            $"{page}/contacts",
            ("channel", "Call"),
            ("outcome", "Answered"),
            ("case", ""),
            ("note", "Asked for\u0001 news"),
            ("dueAt", "tomorrow")
        );
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var again = await DocumentAsync(refused);
        again.QuerySelector("#contact-dueAt-error")!.TextContent.ShouldContain("The time must be a date and time");
        again.QuerySelector("#contact-case-error")!.TextContent.ShouldContain("is required for a promise");
        again.QuerySelector("#contact-note")!.TextContent.ShouldContain("Asked for");
        (await PressAsync(browser, page, $"{page}/contacts", ("channel", "Call"), ("outcome", "Answered"), ("note", "\u0001"))).StatusCode.ShouldBe(
            HttpStatusCode.UnprocessableEntity
        );
    }

    [Fact]
    public async Task Who_sees_no_case_of_a_customer_gets_404_everywhere()
    {
        await using var world = await CreateAsync();
        await world.StartAsync();
        var page = await CustomerAsync(await world.App.BrowserAsync("frontoffice"), "C-1");
        var id = page.Split('/')[^1];
        var closer = await world.App.BrowserAsync("closer1");
        foreach (var address in new[] { page, $"{page}/history", "/customers/by-number?number=C-1" })
            (await closer.GetAsync(address)).StatusCode.ShouldBe(HttpStatusCode.NotFound, address);
        (await closer.GetAsync($"{page}/edit")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await PageAsync(closer, "/customers")).QuerySelectorAll("tbody tr").ShouldBeEmpty();
        (await PageAsync(closer, "/search?q=novak")).QuerySelectorAll("#main .row-item").ShouldBeEmpty();
        var api = await world.App.ApiAsync("closer1");
        foreach (var address in new[] { $"/api/customers/{id}", $"/api/customers/{id}/cases", $"/api/customers/{id}/contacts", "/api/customers/by-number/C-1" })
            (await api.GetAsync(address)).StatusCode.ShouldBe(HttpStatusCode.NotFound, address);

        var worker = await PageAsync(await world.App.BrowserAsync("adjuster1"), page);
        worker.QuerySelectorAll("[data-case]").Length.ShouldBe(1);
        worker.QuerySelector("a[href$='/edit']").ShouldBeNull();
    }

    [Fact]
    public async Task A_customer_is_added_edited_merged_and_taken_apart_on_pages()
    {
        await using var world = await CreateAsync();
        await world.StartAsync();
        var browser = await world.App.BrowserAsync("frontoffice");
        var wrong = await PressAsync(browser, "/customers/new", "/customers/new", ("number", ""), ("name", "Lena"), ("consents", "marketing"));
        wrong.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await DocumentAsync(wrong)).QuerySelector("#customer-consents-error")!.TextContent.ShouldContain("can't have “marketing”");

        var added = await PressAsync(
            browser,
            "/customers/new",
            "/customers/new",
            ("number", "C-9"),
            ("name", Markup),
            ("phones", "+44 20 7946 0001\n+44 20 7946 0002"),
            ("identifiers", "policy:P-1"),
            ("consents", "marketing:2026-01-31")
        );
        var nine = added.Headers.Location!.OriginalString.Split('?')[0];
        (await PageAsync(browser, nine)).QuerySelector(".injected").ShouldBeNull();
        var edited = await PressAsync(browser, $"{nine}/edit", $"{nine}/edit", ("name", "Lena Fischer"));
        edited.StatusCode.ShouldBe(HttpStatusCode.Found);

        var one = await CustomerAsync(browser, "C-1");
        (await PressAsync(browser, one, $"{one}/merge", ("duplicate", "C-9"))).Headers.Location!.OriginalString.ShouldBe($"{one}?told=merged");
        (await browser.GetAsync("/customers/by-number?number=C-9")).Headers.Location!.OriginalString.ShouldBe(one);
        (await PageAsync(browser, nine)).QuerySelector("h1")!.TextContent.ShouldBe("Marta Novak");
        (await PressAsync(browser, one, $"{nine}/unmerge")).Headers.Location!.OriginalString.ShouldBe($"{one}?told=unmerged");
        (await PageAsync(browser, nine)).QuerySelector("h1")!.TextContent.ShouldBe("Lena Fischer");
        (await PageAsync(browser, $"/start/walk?customer={nine.Split('/')[^1]}")).QuerySelector("#customer-id")!.GetAttribute("value").ShouldBe("C-9");
    }

    [Fact]
    public async Task The_api_adds_changes_upserts_and_refuses_with_field_and_reason()
    {
        await using var world = await CreateAsync();
        var api = await world.App.ApiAsync("frontoffice");
        var refused = await api.PostAsJsonAsync("/api/customers", new { number = "C-5", record = new { name = "", emails = new[] { "x" } } });
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var errors = (await refused.Content.ReadFromJsonAsync<JsonNode>())!["errors"]!;
        ((string?)errors["name"]![0]).ShouldBe("is required");
        ((string?)errors["emails"]![0]).ShouldBe("“x” isn't an email address");

        var added = await api.PostAsJsonAsync("/api/customers", new { number = "C-5", record = new { name = "Lena" } });
        added.StatusCode.ShouldBe(HttpStatusCode.Created);
        var address = added.Headers.Location!.OriginalString;
        (await api.PutAsJsonAsync(address, new { revision = 1, record = new { name = "Lena F" } })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await api.PutAsJsonAsync(address, new { revision = 1, record = new { name = "Lena G" } })).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await api.PutAsJsonAsync("/api/customers/by-number/C-6", new { name = "Omar" })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await api.PutAsJsonAsync("/api/customers/by-number/C-6", new { name = "Omar H" })).StatusCode.ShouldBe(HttpStatusCode.OK);
        var found = (await api.GetFromJsonAsync<JsonNode>("/api/search?q=omr"))!;
        ((string?)found["customers"]![0]!["name"]).ShouldBe("Omar H");
        (await api.GetAsync("/api/search?q=due:soon")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await (await world.App.ApiAsync("adjuster1")).PutAsJsonAsync("/api/customers/by-number/C-6", new { name = "X" })).StatusCode.ShouldBe(
            HttpStatusCode.Forbidden
        );
    }

    [Fact]
    public async Task The_api_records_contacts_once_and_refuses_bad_ones_with_field_and_reason()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var api = await world.App.ApiAsync("frontoffice");
        var page = $"/api{await CustomerAsync(await world.App.BrowserAsync("frontoffice"), "C-1")}";
        (object Body, string Field, string Reason)[] bad =
        [
            (new { channel = "Pigeon", outcome = "Answered" }, "channel", "must be one of Call, Email, Letter, Portal, Visit"),
            (new { channel = "Call" }, "outcome", "must be one of Answered, CallBackPromised, MessageLeft, NotReached, Received, Sent"),
            (
                new
                {
                    channel = "Call",
                    outcome = "Answered",
                    operationId = "",
                },
                "operationId",
                "must have from 1 to 200 characters"
            ),
            (
                new
                {
                    channel = "Call",
                    outcome = "Answered",
                    note = new string('x', 4001),
                },
                "note",
                "must have at most 4000 characters"
            ),
            (
                new
                {
                    channel = "Call",
                    outcome = "Answered",
                    taskId = Guid.AllBitsSet,
                },
                "case",
                "is required for a step"
            ),
            (
                new
                {
                    channel = "Call",
                    outcome = "Answered",
                    caseId = Guid.AllBitsSet,
                },
                "case",
                "isn't a case of this customer"
            ),
        ];
        foreach (var (body, field, reason) in bad)
        {
            var answer = await api.PostAsJsonAsync($"{page}/contacts", body);
            answer.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity, field);
            ((string?)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["errors"]![field]![0]).ShouldBe(reason);
        }

        var call = new
        {
            channel = "Call",
            outcome = "Answered",
            note = Markup,
            caseId = instance,
            operationId = "once",
        };
        var first = await api.PostAsJsonAsync($"{page}/contacts", call);
        first.StatusCode.ShouldBe(HttpStatusCode.Created);
        var recorded = (await first.Content.ReadFromJsonAsync<JsonNode>())!;
        recorded["notResumed"]!.AsArray().ShouldBeEmpty();
        var again = await api.PostAsJsonAsync($"{page}/contacts", call);
        ((string?)(await again.Content.ReadFromJsonAsync<JsonNode>())!["id"]).ShouldBe((string?)recorded["id"]);
        (await api.PostAsJsonAsync($"{page}/contacts", call with { note = "Other" })).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await api.GetFromJsonAsync<JsonArray>($"{page}/contacts"))!.Count.ShouldBe(1);
        (await api.PostAsJsonAsync($"{page}/contacts/{recorded["id"]}/answered", new { })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await api.PostAsJsonAsync($"/api/customers/{Guid.AllBitsSet}/contacts", call)).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        var next = (await api.GetFromJsonAsync<JsonArray>($"{page}/cases"))![0]!["next"]!;
        ((string?)next["title"], (string?)next["team"]).ShouldBe(("Check the loss", "Claims adjusting"));
    }

    [Fact]
    public async Task The_api_merges_undoes_and_imports_and_refuses_what_cannot_be()
    {
        await using var world = await CreateAsync();
        var api = await world.App.ApiAsync("frontoffice");
        var (one, two) = (await AddAsync("C-21"), await AddAsync("C-22"));
        (await api.PostAsJsonAsync($"{one}/merge", new { into = one.Split('/')[^1] })).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await api.PostAsJsonAsync($"{one}/merge", new { into = Guid.AllBitsSet })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await api.PostAsJsonAsync($"{two}/merge", new { into = one.Split('/')[^1] })).StatusCode.ShouldBe(HttpStatusCode.OK);
        ((string?)(await api.GetFromJsonAsync<JsonNode>(two))!["data"]!["number"]).ShouldBe("C-21");
        (await api.PostAsJsonAsync($"{two}/unmerge", new { })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await api.PostAsJsonAsync($"{two}/unmerge", new { })).StatusCode.ShouldBe(HttpStatusCode.Conflict);

        var wrong = await api.PostAsync("/api/customers/import", Csv("number,name,emails\nC-23,,nobody\n"));
        wrong.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await wrong.Content.ReadFromJsonAsync<JsonNode>())!["lines"]!
            .AsArray()
            .Select(line => ((int?)line!["line"], (string?)line["column"]))
            .ShouldBe([(2, "name"), (2, "emails")]);
        (await api.PostAsync("/api/customers/import?apply=true", Csv("number,name\nC-23,Ana\n"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        ((string?)(await api.GetFromJsonAsync<JsonNode>("/api/customers/by-number/C-23"))!["data"]!["name"]).ShouldBe("Ana");

        async Task<string> AddAsync(string number) =>
            (await api.PostAsJsonAsync("/api/customers", new { number, record = new { name = number } })).Headers.Location!.OriginalString;

        static StringContent Csv(string text) => new(text, System.Text.Encoding.UTF8, "text/csv");
    }

    [Fact]
    public async Task The_timeline_shows_contacts_only_when_asked_for_and_links_work_without_scripts()
    {
        await using var world = await CreateAsync();
        await world.StartAsync();
        var browser = await world.App.BrowserAsync("frontoffice");
        var page = await CustomerAsync(browser, "C-1");
        await PressAsync(browser, page, $"{page}/contacts", ("channel", "Call"), ("direction", "in"), ("outcome", "Answered"), ("note", "About the roof"));

        var link = (await PageAsync(browser, page)).QuerySelectorAll("#timeline nav a").Single(a => a.TextContent == "Contacts").GetAttribute("href")!;
        link.ShouldBe($"{page}?show=contacts#timeline");
        var shown = await PageAsync(browser, link);
        shown.QuerySelector("#timeline [aria-current]")!.TextContent.ShouldBe("Contacts");
        shown.QuerySelectorAll("#timeline .timeline-item").ShouldHaveSingleItem().TextContent.ShouldContain("About the roof");
        (await PageAsync(browser, $"{page}?show=documents")).QuerySelector("#timeline .timeline-list")!.TextContent.Trim().ShouldBe("No documents yet.");
        (await PageAsync(browser, $"{page}?show=nonsense")).QuerySelector("#timeline [aria-current]")!.TextContent.ShouldBe("All");
        (await PageAsync(browser, $"{page}/history?show=promises")).Body!.TextContent.ShouldContain("No promises yet.");
    }

    private static async Task<string> CustomerAsync(HttpClient browser, string number) =>
        (await browser.GetAsync($"/customers/by-number?number={number}")).Headers.Location!.OriginalString;
}
