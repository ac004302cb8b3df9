using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AngleSharp.Html.Parser;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Compliance;

/// <summary>Findings and saved searches through pages and the API.</summary>
public sealed class FindingPageTests(SharedHost shared) : IClassFixture<SharedHost>
{
    [Fact]
    public async Task A_finding_recorded_on_a_page_is_work_of_its_owner_who_doesn_t_see_the_case()
    {
        using var frontOffice = await shared.App.ApiAsync("frontoffice");
        var opened = await frontOffice.PostAsJsonAsync(
            "/api/cases",
            new
            {
                journey = "claims",
                reference = "CLM-2026-000042",
                customer = new { id = "C-42", name = "Maria Weiss" },
                input = new
                {
                    jurisdiction = "US-CA",
                    claimedAmount = 900,
                    lossDescription = "Fire",
                },
            }
        );
        var id = Guid.Parse(opened.Headers.Location!.ToString().Split('/')[^1]);
        using var reviewer = await shared.App.BrowserAsync("compliance");
        (await reviewer.GetStringAsync($"/compliance/cases/{id:N}?event=1")).ShouldContain($"/compliance/findings/new?case={id:N}&amp;event=1");
        var typed = new Dictionary<string, string>
        {
            ["case"] = id.ToString("N"),
            ["event"] = "1",
            ["title"] = "No photographs",
            ["body"] = "There are none.",
            ["severity"] = "High",
            ["due"] = "2020-01-01",
            ["owner"] = "closer1",
        };
        var form = $"/compliance/findings/new?case={id:N}&event=1";
        var refused = await reviewer.SubmitAsync(form, new(typed), "/compliance/findings");
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("Must not be in the past");
        typed["due"] = shared.App.Clock.GetCurrentInstant().Plus(NodaTime.Duration.FromDays(3)).ToString("uuuu-MM-dd", null);
        var page = (await reviewer.SubmitAsync(form, typed, "/compliance/findings")).Headers.Location!.OriginalString;

        (await reviewer.GetStringAsync(page)).ShouldContain($"/compliance/cases/{id:N}?event=1");
        (await reviewer.GetStringAsync("/compliance/findings?state=Open&severity=High")).ShouldContain(page);
        (await reviewer.GetStringAsync("/compliance/findings?state=Accepted")).ShouldNotContain(page);
        (await reviewer.GetAsync("/compliance/findings?state=lost")).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await reviewer.GetStringAsync($"/compliance/cases/{id:N}")).ShouldContain(page);

        using var owner = await shared.App.BrowserAsync("closer1");
        var seen = new HtmlParser().ParseDocument(await owner.GetStringAsync(page));
        seen.Body!.TextContent.ShouldContain("There are none.");
        seen.Body.TextContent.ShouldNotContain("CLM-2026-000042");
        (await owner.GetStringAsync(seen.QuerySelector("dd a[href^='/tasks/']")!.GetAttribute("href")!)).ShouldContain(page);
        using var stranger = await shared.App.BrowserAsync("processor1");
        (await stranger.GetAsync(page)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var api = await shared.App.ApiAsync("closer1");
        (await api.GetAsync("/api/findings")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        var view = (await api.GetFromJsonAsync<JsonNode>($"/api{page}"))!;
        ((string?)view["finding"]!["state"], view["finding"]!["about"]).ShouldBe(("Open", null));
    }

    [Fact]
    public async Task A_search_is_saved_from_the_history_renamed_paused_and_deleted()
    {
        using var reviewer = await shared.App.BrowserAsync("compliance");
        var history = "/compliance/history?action=case.cancelled";
        (await reviewer.GetStringAsync(history)).ShouldContain("Save this search");
        var saved = await reviewer.SubmitAsync(
            history,
            new()
            {
                ["query"] = "?action=case.cancelled",
                ["name"] = "Cancelled",
                ["time"] = "06:30",
            },
            "/compliance/searches"
        );
        saved.Headers.Location!.OriginalString.ShouldBe("/compliance/searches");
        (await reviewer.SubmitAsync(history, new() { ["query"] = "?source=fax", ["name"] = "Fax" }, "/compliance/searches")).StatusCode.ShouldBe(
            HttpStatusCode.UnprocessableEntity
        );
        using var api = await shared.App.ApiAsync("compliance");
        var search = (await api.GetFromJsonAsync<JsonNode>("/api/history/searches"))!.AsArray().ShouldHaveSingleItem()!;
        ((string?)search["query"], (string?)search["time"], (bool)search["isPaused"]!).ShouldBe(("?action=case.cancelled", "06:30", false));

        var path = $"/compliance/searches/{Guid.Parse((string)search["id"]!):N}";
        await reviewer.SubmitAsync(
            "/compliance/searches",
            new()
            {
                ["name"] = "Cancelled cases",
                ["weekday"] = "Friday",
                ["time"] = "17:00",
            },
            path
        );
        await reviewer.SubmitAsync("/compliance/searches", [], $"{path}/pause");
        var page = await reviewer.GetStringAsync("/compliance/searches");
        foreach (var words in new[] { "Cancelled cases", "Every Friday, 17:00", "Paused", "Resume" })
            page.ShouldContain(words);
        (await api.DeleteAsync($"/api/history/searches/{search["id"]}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await api.GetAsync($"/api/history/searches/{search["id"]}/runs")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }
}
