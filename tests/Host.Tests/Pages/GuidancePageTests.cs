using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AngleSharp.Html.Dom;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using static Orchestration.Host.Tests.Pages.PageWorld;

namespace Orchestration.Host.Tests.Pages;

public sealed class GuidancePageTests(SharedWorld shared) : IClassFixture<SharedWorld>
{
    private PageWorld World => shared.World;

    [Fact]
    public async Task What_fits_a_task_is_open_beside_its_form_and_hints_at_fields()
    {
        var title = $"Look at the pipe {Markup}";
        var article = await PublishedAsync(title, "**First** the pipe. <script>injected()</script>", "walk/check");
        await PublishedAsync("How to estimate", "With an invoice.", "walk/check#amount");
        var task = await World.OpenTaskAsync(await World.StartAsync());
        var browser = await World.ClaimedByAsync("adjuster1", task);

        var page = await PageAsync(browser, task);
        var open = page.QuerySelector($"#guidance details#guide-{article}[open]")!;
        open.QuerySelector(".prose strong")!.TextContent.ShouldBe("First");
        open.TextContent.ShouldContain(Markup);
        page.QuerySelector(".injected").ShouldBeNull();
        page.QuerySelectorAll("#guidance script").ShouldBeEmpty();
        page.QuerySelector("#task-form .field-hint a")!.TextContent.ShouldContain("How to estimate");
        (await (await World.App.ApiAsync("closer1")).GetAsync($"/api{task}/guidance")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        var id = Guid.ParseExact(article, "N");
        await RetireAsync(id);
        (await PageAsync(browser, task)).QuerySelector($"#guide-{article}").ShouldBeNull();
    }

    [Fact]
    public async Task A_letter_is_filled_with_the_case_and_recorded_as_sent()
    {
        var article = await PublishedAsync("Letter: your claim", "Dear {{ Variables.customerName }}, {{ Variables.reference }}", "walk/sign", kind: "Letter");
        var reference = World.NewReference();
        var task = await World.OpenTaskAsync(await World.StartAsync(reference));
        var browser = await World.App.BrowserAsync("frontoffice");
        var part = $"/guidance/{article}/read?task={task.Split('/')[^1]}";

        var letter = await PageAsync(browser, part);
        ((IHtmlTextAreaElement)letter.QuerySelector("textarea[name=text]")!).Value.ShouldBe($"Dear Marta Novak, {reference}");
        (await PressAsync(browser, part, $"/guidance/{article}/sent", ("text", "Dear Ms Novak"))).StatusCode.ShouldBe(HttpStatusCode.Found);
        var customer = (await browser.GetFromJsonAsync<JsonObject>("/api/customers/by-number/C-1"))!["id"];
        var contacts = (await browser.GetFromJsonAsync<JsonArray>($"/api/customers/{customer}/contacts"))!;
        ((string)contacts[0]!["note"]!).ShouldBe("Letter: your claim\n\nDear Ms Novak");
        ((string)contacts[0]!["reference"]!).ShouldBe(reference);
    }

    [Fact]
    public async Task What_is_being_written_is_shown_as_its_readers_would_see_it()
    {
        var browser = await World.App.BrowserAsync("adjuster1");
        var reference = World.NewReference();
        await World.StartAsync(reference);
        var article = await BodyAsync(("kind", "Article"), ("title", "Pipes"), ("body", "**First** the pipe <b>x</b>"));
        article.QuerySelector(".prose strong")!.TextContent.ShouldBe("First");
        article.QuerySelector(".prose b").ShouldBeNull();
        article.QuerySelector(".notice").ShouldBeNull();

        var text = "Dear {{ Variables.customerName }}, {{ Variables.reference }}\n{{ Variables.colour }}";
        var letter = await BodyAsync(("kind", "Letter"), ("title", "Pipes"), ("body", text), ("pins", "walk/sign#colour"), ("case", reference));
        letter.QuerySelector("pre")!.TextContent.ShouldStartWith($"Dear Marta Novak, {reference}");
        letter.QuerySelector(".notice")!.TextContent.ShouldContain("“colour” in line 2");
        letter.QuerySelector(".notice")!.TextContent.ShouldContain("the step has no form");
        var stranger = await (await World.App.ApiAsync("closer1")).PostAsJsonAsync(
            "/api/guidance/preview",
            new
            {
                article = new
                {
                    title = "x",
                    kind = "Letter",
                    body = "{{ Variables.customerName }}",
                },
                @case = reference,
            }
        );
        var seen = (await stranger.Content.ReadFromJsonAsync<JsonObject>())!;
        ((string)seen["text"]!).ShouldBe("[customer name]");
        ((string)seen["errors"]!["case"]![0]!).ShouldContain("that you can see");

        async Task<IHtmlDocument> BodyAsync(params (string, string)[] typed) =>
            await DocumentAsync(await PressAsync(browser, "/guidance/new", "/guidance/new", [.. typed, ("then", "preview")]));
    }

    [Fact]
    public async Task The_page_of_a_customer_shows_what_fits_their_open_steps_and_counts_where_it_is_read()
    {
        var article = await PublishedAsync("Tell the customer about pipes", "Soon.", "walk/check");
        await World.StartAsync();
        var browser = await World.App.BrowserAsync("frontoffice");
        var customer = (string)(await browser.GetFromJsonAsync<JsonObject>("/api/customers/by-number/C-1"))!["id"]!;

        var part = await PageAsync(browser, $"/guidance/of-customer/{customer}");
        var address = part.QuerySelector($"#guide-{article}")!.GetAttribute("hx-get")!;
        address.ShouldStartWith($"/guidance/{article}/read?clicks=1&place=Customer&task=");
        (await browser.GetAsync(address)).EnsureSuccessStatusCode();
        (await browser.GetAsync(address.Replace("clicks=1", "clicks=2", StringComparison.Ordinal))).EnsureSuccessStatusCode();
        await PageAsync(browser, $"/guidance/{article}");
        await using var uses = World
            .App.Services.GetRequiredService<NpgsqlDataSource>()
            .CreateCommand(
                $"""
                select string_agg(place || ' ' || uses || ' ' || slow, ', ' order by place) from guidance_use
                where article_id = '{article}' and kind = 'Opened'
                """
            );
        (await uses.ExecuteScalarAsync()).ShouldBe("Customer 2 1, Page 1 0", "one click is our goal there");
        (await (await World.App.BrowserAsync("closer1")).GetAsync($"/guidance/of-customer/{customer}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await RetireAsync(Guid.ParseExact(article, "N"));
    }

    [Fact]
    public async Task A_report_is_reached_from_its_task_and_its_number()
    {
        var article = await PublishedAsync("Old pipes", "Old.", "walk/sign");
        var worker = await World.App.ApiAsync("frontoffice");
        var noted = new
        {
            kind = "OutOfDate",
            body = "Pipes are new",
            articleId = Guid.ParseExact(article, "N"),
        };
        (await worker.PostAsJsonAsync("/api/guidance/notes", noted)).EnsureSuccessStatusCode();
        var owner = await World.App.BrowserAsync("adjuster2");
        var notes = (await owner.GetFromJsonAsync<JsonArray>("/api/guidance/notes?kind=OutOfDate&open=true"))!;
        var task = (string)notes.Single(n => (string)n!["body"]! == "Pipes are new")!["taskId"]!;
        var page = await PageAsync(owner, $"/tasks/{task}");
        page.QuerySelectorAll($"main a[href='/guidance/{article}']").Length.ShouldBeGreaterThan(1);
        page.QuerySelector("main a[href^='/cases/']").ShouldBeNull();

        var run = (string)(await owner.GetFromJsonAsync<JsonObject>($"/api/tasks/{task}"))!["caseId"]!;
        (await owner.GetAsync($"/cases/{run}")).Headers.Location!.ToString().ShouldBe($"/guidance/{article}");
        (await (await World.App.BrowserAsync("closer1")).GetAsync($"/cases/{run}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_stale_form_keeps_what_was_typed_and_says_what_changed()
    {
        var article = await PublishedAsync("Two writers", "One", "walk/sign");
        var browser = await World.App.BrowserAsync("adjuster1");
        var form = await PageAsync(browser, $"/guidance/{article}/edit");
        var revision = form.QuerySelector("input[name=revision]")!.GetAttribute("value")!;
        await (await World.App.ApiAsync("adjuster2")).PutAsJsonAsync(
            $"/api/guidance/{article}",
            new
            {
                revision = int.Parse(revision, System.Globalization.CultureInfo.InvariantCulture),
                article = new
                {
                    title = "Two writers",
                    body = "Theirs",
                    pins = new[] { "walk/sign" },
                },
            }
        );

        var refused = await PressStaleAsync(browser, form, $"/guidance/{article}/edit", "Mine");
        refused.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        var page = await DocumentAsync(refused);
        page.QuerySelector("[role=alert]")!.TextContent.ShouldContain("Sofia Rossi changed text since you opened it");
        page.QuerySelector(".guide-theirs")!.TextContent.ShouldBe("Theirs");
        ((IHtmlTextAreaElement)page.QuerySelector("#article-body")!).Value.ShouldBe("Mine");
        (await PressStaleAsync(browser, page, $"/guidance/{article}/edit", "Mine")).StatusCode.ShouldBe(HttpStatusCode.Found);
    }

    [Fact]
    public async Task A_shared_link_shows_only_the_article_to_anyone_until_it_is_ended()
    {
        var article = await PublishedAsync("For customers", "Keep the receipts.", "walk/sign", audience: "Customer");
        var browser = await World.App.BrowserAsync("adjuster1");
        (await PressAsync(browser, $"/guidance/{article}", $"/guidance/{article}/share")).StatusCode.ShouldBe(HttpStatusCode.Found);
        var page = await PageAsync(browser, $"/guidance/{article}");
        var link = page.QuerySelector("#links a")!.GetAttribute("href")!;

        using var stranger = World.App.CreateDefaultClient();
        var read = await stranger.GetAsync(link);
        (await DocumentAsync(read)).QuerySelector("h1")!.TextContent.ShouldBe("For customers");
        read.Headers.CacheControl!.NoStore.ShouldBeTrue();
        read.Headers.GetValues("X-Robots-Tag").ShouldBe(["noindex, nofollow"]);
        (await stranger.GetAsync($"/guidance/{article}")).RequestMessage!.RequestUri!.AbsolutePath.ShouldNotContain("/g/");
        var end = page.QuerySelector("#links form")!.GetAttribute("action")!;
        await PressAsync(browser, $"/guidance/{article}", end);
        (await stranger.GetAsync(link)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Refusals_name_the_field_and_drafts_are_of_their_team()
    {
        var writer = await World.App.ApiAsync("adjuster1");
        var refused = await writer.PostAsJsonAsync(
            "/api/guidance",
            new
            {
                team = "claims-adjusting",
                article = new
                {
                    title = "x",
                    body = new string('a', 40_001),
                    pins = new[] { "no where" },
                },
            }
        );
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("isn't a place");
        (await writer.PostAsJsonAsync("/api/guidance", new { team = "mortgage-closing", article = new { title = "x", body = "y" } })).StatusCode.ShouldBe(
            HttpStatusCode.Forbidden
        );
        var draft = await writer.PostAsJsonAsync("/api/guidance", new { team = "claims-adjusting", article = new { title = "Secret draft", body = "y" } });
        var id = (string)(await draft.Content.ReadFromJsonAsync<JsonObject>())!["id"]!;
        (await (await World.App.ApiAsync("closer1")).GetAsync($"/api/guidance/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await (await World.App.BrowserAsync("closer1")).GetAsync($"/guidance/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await writer.PostAsJsonAsync($"/api/guidance/{id}/approve", new { revision = 1 })).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        foreach (
            var page in new[]
            {
                "/guidance",
                "/guidance?show=Drafts",
                "/guidance/figures",
                "/guidance/figures/Opened",
                "/guidance/notes",
                $"/guidance/{id}",
                $"/guidance/{id}/edit",
                "/guidance?q=qqqq",
            }
        )
            await PageAsync(await World.App.BrowserAsync("adjuster1"), page);
    }

    [Fact]
    public async Task The_api_changes_sends_back_confirms_discards_counts_and_shares()
    {
        var (writer, lead, stranger) = (await World.App.ApiAsync("adjuster1"), await World.App.ApiAsync("senior1"), await World.App.ApiAsync("closer1"));
        var id = await PublishedAsync("Drying of walls", "Wait a week.", "walk/check", audience: "Customer");
        var path = $"/api/guidance/{id}";
        var article = new { title = "Drying of walls", body = "Wait two weeks." };
        await IsAsync(stranger.PutAsJsonAsync(path, new { revision = 3, article }), HttpStatusCode.Forbidden);
        await IsAsync(writer.PutAsJsonAsync(path, new { revision = 2, article }), HttpStatusCode.Conflict);
        await IsAsync(writer.PutAsJsonAsync(path, new { revision = 3, article = article with { body = "" } }), HttpStatusCode.UnprocessableEntity, "body");
        await IsAsync(writer.PutAsJsonAsync(path, new { revision = 3, article }), HttpStatusCode.OK);
        await IsAsync(writer.PostAsJsonAsync($"{path}/submit", new { revision = 4 }), HttpStatusCode.OK);
        await IsAsync(lead.PostAsJsonAsync($"{path}/send-back", new { revision = 5, note = " " }), HttpStatusCode.UnprocessableEntity, "note");
        await IsAsync(lead.PostAsJsonAsync($"{path}/send-back", new { revision = 5, note = "Which walls?" }), HttpStatusCode.OK);
        await IsAsync(writer.PostAsJsonAsync($"{path}/discard", new { revision = 6 }), HttpStatusCode.OK);
        await IsAsync(writer.PostAsJsonAsync($"{path}/discard", new { revision = 7 }), HttpStatusCode.Conflict);
        await IsAsync(stranger.PostAsJsonAsync($"{path}/confirm", new { revision = 7 }), HttpStatusCode.Forbidden);
        await IsAsync(writer.PostAsJsonAsync($"{path}/confirm", new { revision = 7 }), HttpStatusCode.OK);

        await IsAsync(stranger.PostAsJsonAsync($"{path}/uses", new { use = "Read" }), HttpStatusCode.UnprocessableEntity, "use");
        await IsAsync(stranger.PostAsJsonAsync($"{path}/uses", new { use = "Opened", clicks = 1 }), HttpStatusCode.NoContent);
        await IsAsync(stranger.PostAsJsonAsync($"/api/guidance/{Guid.AllBitsSet}/uses", new { use = "Opened" }), HttpStatusCode.NotFound);
        var shared = await stranger.PostAsync($"{path}/shares", null);
        var share = (string)(await shared.Content.ReadFromJsonAsync<JsonObject>())!["id"]!;
        await IsAsync(stranger.DeleteAsync($"{path}/shares/{Guid.AllBitsSet}"), HttpStatusCode.NotFound);
        await IsAsync(stranger.DeleteAsync($"{path}/shares/{share}"), HttpStatusCode.OK);
        await IsAsync(lead.PostAsJsonAsync($"{path}/retire", new { revision = 8 }), HttpStatusCode.OK);

        static async Task IsAsync(Task<HttpResponseMessage> request, HttpStatusCode status, string? field = null)
        {
            using var answer = await request;
            var text = await answer.Content.ReadAsStringAsync();
            answer.StatusCode.ShouldBe(status, text);
            if (field is not null)
                JsonNode.Parse(text)!["errors"]![field].ShouldNotBeNull();
        }
    }

    private static async Task<HttpResponseMessage> PressStaleAsync(HttpClient browser, IHtmlDocument page, string action, string body)
    {
        var form = (IHtmlFormElement)page.QuerySelector($"form[action='{action}']")!;
        var fields = form.QuerySelectorAll("input:not([type=radio]):not([type=checkbox]), select, textarea")
            .Where(field => field.GetAttribute("name") is not null)
            .Select(field =>
                KeyValuePair.Create(
                    field.GetAttribute("name")!,
                    field.GetAttribute("name") == "body" ? body
                        : field is IHtmlInputElement input ? input.Value
                        : field is IHtmlSelectElement choice ? choice.Value!
                        : ((IHtmlTextAreaElement)field).Value
                )
            );
        return await browser.PostAsync(action, new FormUrlEncodedContent(fields));
    }

    private async Task<string> PublishedAsync(string title, string body, string pin, string kind = "Article", string audience = "Internal")
    {
        var (writer, lead) = (await World.App.ApiAsync("adjuster1"), await World.App.ApiAsync("senior1"));
        var added = await writer.PostAsJsonAsync(
            "/api/guidance",
            new
            {
                team = "claims-adjusting",
                article = new
                {
                    title,
                    body,
                    kind,
                    audience,
                    pins = new[] { pin },
                },
            }
        );
        added.StatusCode.ShouldBe(HttpStatusCode.Created, await added.Content.ReadAsStringAsync());
        var id = (string)(await added.Content.ReadFromJsonAsync<JsonObject>())!["id"]!;
        (await writer.PostAsJsonAsync($"/api/guidance/{id}/submit", new { revision = 1 })).EnsureSuccessStatusCode();
        (await lead.PostAsJsonAsync($"/api/guidance/{id}/approve", new { revision = 2 })).EnsureSuccessStatusCode();
        return Guid.Parse(id).ToString("N");
    }

    private async Task RetireAsync(Guid id) =>
        (await (await World.App.ApiAsync("senior1")).PostAsJsonAsync($"/api/guidance/{id}/retire", new { revision = 3 })).EnsureSuccessStatusCode();
}
