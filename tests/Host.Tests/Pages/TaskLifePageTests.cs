using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Pages;

/// <summary>The other actions on a task's page, as a person without scripts uses them.</summary>
public sealed class TaskLifePageTests(Office office) : IClassFixture<Office>
{
    [Fact]
    public async Task Work_waits_goes_on_is_commented_and_gets_files()
    {
        var (browser, page) = await OpenAsync("adjuster1");
        (
            await SubmitAsync(
                browser,
                page,
                "suspend",
                new()
                {
                    [":reason"] = "waitingForCustomer",
                    [":days"] = "7",
                    [":note"] = "asked for photographs",
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.Found);
        (await browser.GetStringAsync(page)).ShouldContain("Waiting for customer.");
        (await SubmitAsync(browser, page, "resume", [])).StatusCode.ShouldBe(HttpStatusCode.Found);
        (await browser.GetStringAsync(page)).ShouldNotContain("Waiting for customer.");

        (await SubmitAsync(browser, page, "comment", new() { [":note"] = "Call back at noon, @supervisor <b>please</b>" })).StatusCode.ShouldBe(
            HttpStatusCode.Found
        );
        var shown = await browser.GetStringAsync(page);
        shown.ShouldContain("Call back at noon");
        shown.ShouldNotContain("<b>please</b>");
        (await (await office.Host.BrowserAsync("supervisor")).GetStringAsync("/notifications")).ShouldContain("mention");

        var document = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(shown);
        var timeline = await browser.GetStringAsync(document.QuerySelector("a[href^='/cases/0']")!.GetAttribute("href"));
        timeline.ShouldContain("Suspended: Acknowledge the claim");
        timeline.ShouldContain("Comment on Acknowledge the claim");
        timeline.ShouldNotContain("<b>please</b>");
        using var upload = new MultipartFormDataContent();
        foreach (var field in document.QuerySelector($"form[action='{page}/attach']")!.QuerySelectorAll("input[type=hidden]"))
            upload.Add(new StringContent(field.GetAttribute("value")!), field.GetAttribute("name")!);
        var file = new ByteArrayContent(Encoding.ASCII.GetBytes("%PDF-1.7 an invoice\n%%EOF"));
        file.Headers.ContentType = new MediaTypeHeaderValue("application/pdf");
        upload.Add(file, "file", "invoice.pdf");
        (await browser.PostAsync($"{page}/attach", upload)).StatusCode.ShouldBe(HttpStatusCode.Found);

        document = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(await browser.GetStringAsync(page));
        var link = document.QuerySelector("#notes a[download]")!;
        link.GetAttribute("download").ShouldBe("invoice.pdf");
        var answer = await browser.GetAsync(link.GetAttribute("href"));
        answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        answer.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
        (await (await office.Host.BrowserAsync("closer1")).GetAsync(link.GetAttribute("href"))).StatusCode.ShouldBe(
            HttpStatusCode.NotFound,
            "who may not see the task may not see its files"
        );
    }

    [Theory]
    [InlineData("<script>alert(1)</script>", 1, "The content doesn't match the extension .pdf.")]
    [InlineData("%PDF-1.7 an invoice\n%%EOF ", 1024 * 1024, "The file is larger than 10 MB.")]
    public async Task A_file_that_is_not_what_it_says_or_too_large_is_refused_with_the_reason(string text, int times, string reason)
    {
        var (browser, page) = await OpenAsync("adjuster1");
        var document = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(await browser.GetStringAsync(page));
        using var upload = new MultipartFormDataContent();
        foreach (var field in document.QuerySelector($"form[action='{page}/attach']")!.QuerySelectorAll("input[type=hidden]"))
            upload.Add(new StringContent(field.GetAttribute("value")!), field.GetAttribute("name")!);
        upload.Add(new ByteArrayContent(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(text, times)))), "file", "invoice.pdf");

        var refused = await browser.PostAsync($"{page}/attach", upload);

        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        document = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(await refused.Content.ReadAsStringAsync());
        document.QuerySelector("#main [role=alert]")!.TextContent.ShouldContain(reason);
    }

    [Fact]
    public async Task A_form_without_revision_and_operation_is_refused_with_the_fields()
    {
        var (browser, page) = await OpenAsync("adjuster1");
        var shown = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(await browser.GetStringAsync(page));
        var token = shown.QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!;

        var problem = await (await PostAsync("application/json")).ProblemAsync(422);
        problem["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["revision", "operationId"], ignoreOrder: true);

        var refused = await PostAsync("text/html");
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        new AngleSharp.Html.Parser.HtmlParser()
            .ParseDocument(await refused.Content.ReadAsStringAsync())
            .QuerySelector("[role=alert]")!
            .TextContent.ShouldContain("The form is incomplete. Reload the page and try again.");

        Task<HttpResponseMessage> PostAsync(string accept) =>
            browser.SendAsync(
                new(HttpMethod.Post, $"{page}/start")
                {
                    Headers = { { "Accept", accept } },
                    Content = new FormUrlEncodedContent([new("__RequestVerificationToken", token)]),
                }
            );
    }

    [Fact]
    public async Task Work_is_passed_on_to_another_team_and_is_gone_from_ones_own()
    {
        var (browser, page) = await OpenAsync("adjuster1");
        (await SubmitAsync(browser, page, "forward", new() { [":team"] = "customer-service", [":reason"] = "they know the customer" })).StatusCode.ShouldBe(
            HttpStatusCode.Found
        );
        (await browser.GetAsync(page)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Many_are_asked_at_once_and_each_answers_for_itself()
    {
        var ids = new List<Guid>();
        for (var i = 0; i < 2; i++)
        {
            var opened = await office.FrontOffice.OpenAsync(
                "claims",
                office.NewReference("CLM"),
                new
                {
                    jurisdiction = "US-CA",
                    claimedAmount = 900,
                    lossDescription = "Hail",
                }
            );
            ids.Add(Guid.Parse((string)(await office.Supervisor.TaskAsync(opened, "acknowledge"))["id"]!));
        }

        using var api = await office.Host.ApiAsync("supervisor");
        var body = new
        {
            verb = "priority",
            operationId = "urgent",
            priority = 1,
            reason = "storm",
            items = new[]
            {
                new { id = ids[0], revision = 1 },
                new { id = ids[1], revision = 7 },
                new { id = Guid.CreateVersion7(DateTimeOffset.UnixEpoch), revision = 1 },
            },
        };
        var answers = await (await api.PostAsJsonAsync("/api/tasks/bulk", body)).JsonAsync();
        answers.AsArray().Select(a => (int)a!["status"]!).ShouldBe([200, 409, 404]);
        (await (await api.PostAsJsonAsync("/api/tasks/bulk", body)).JsonAsync()).ToJsonString().ShouldBe(answers.ToJsonString(), "the same operation again");
        var nonsense = await (await api.PostAsJsonAsync("/api/tasks/bulk", new { verb = "explode" })).ProblemAsync(422);
        nonsense["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["items", "operationId", "verb"], ignoreOrder: true);
    }

    [Fact]
    public async Task Who_is_away_is_represented_until_that_ends()
    {
        using var api = await office.Host.ApiAsync("processor1");
        (
            await api.PostAsJsonAsync(
                "/api/substitutions",
                new { substitute = "processor1", until = office.Clock.GetCurrentInstant().ToDateTimeOffset().AddDays(7) }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity, "oneself");
        (
            await api.PostAsJsonAsync(
                "/api/substitutions",
                new
                {
                    person = "closer1",
                    substitute = "underwriter1",
                    until = office.Clock.GetCurrentInstant().ToDateTimeOffset().AddDays(7),
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        var made = await api.PostAsJsonAsync(
            "/api/substitutions",
            new
            {
                substitute = "closer1",
                until = office.Clock.GetCurrentInstant().ToDateTimeOffset().AddDays(7),
                reason = "holiday",
            }
        );
        made.StatusCode.ShouldBe(HttpStatusCode.Created);
        (
            await api.PostAsJsonAsync(
                "/api/substitutions",
                new { substitute = "underwriter1", until = office.Clock.GetCurrentInstant().ToDateTimeOffset().AddDays(2) }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        var listed = await (await api.GetAsync("/api/substitutions")).JsonAsync();
        ((string)listed[0]!["substitute"]!).ShouldBe("closer1");
        (await api.DeleteAsync($"/api/substitutions/{(string)listed[0]!["id"]!}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await (await api.GetAsync("/api/substitutions")).JsonAsync()).AsArray().ShouldBeEmpty();
    }

    private async Task<(HttpClient Browser, string Page)> OpenAsync(string userName)
    {
        var id = await office.FrontOffice.OpenAsync(
            "claims",
            office.NewReference("CLM"),
            new
            {
                jurisdiction = "US-CA",
                claimedAmount = 900,
                lossDescription = "Hail",
            }
        );
        var task = await office.Person(userName).ClaimAsync(id, "acknowledge");
        return (await office.Host.BrowserAsync(userName), $"/tasks/{Guid.Parse((string)task["id"]!):N}");
    }

    private static async Task<HttpResponseMessage> SubmitAsync(HttpClient browser, string page, string verb, Dictionary<string, string> fields)
    {
        var document = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(await browser.GetStringAsync(page));
        var form = document.QuerySelector($"form[action='{page}/{verb}']").ShouldNotBeNull($"the page offers {verb}");
        foreach (var field in form.QuerySelectorAll("input[type=hidden]"))
            fields.TryAdd(field.GetAttribute("name")!, field.GetAttribute("value")!);
        return await browser.PostAsync($"{page}/{verb}", new FormUrlEncodedContent(fields));
    }
}
