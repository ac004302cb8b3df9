using System.Net;
using NodaTime;
using static Orchestration.Host.Tests.Pages.PageWorld;

namespace Orchestration.Host.Tests.Pages;

public sealed class CasePageTests
{
    [Fact]
    public async Task A_case_tells_its_history_in_words()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var task = await world.OpenTaskAsync(instance);
        world.App.Clock.Advance(Duration.FromMinutes(2));
        var browser = await world.ClaimedByAsync("adjuster1", task);
        world.App.Clock.Advance(Duration.FromMinutes(20));
        await PressAsync(browser, task, $"{task}/complete", ("amount", "1"), (":outcome", "Approve"));

        var page = await PageAsync(browser, $"/cases/{instance:N}");

        var heads = page.QuerySelectorAll(".timeline-item strong").Select(s => s.TextContent.Trim()).ToList();
        heads.ShouldBe(["Check the loss: Approve", "Claimed: Check the loss", "Case started"]);
        page.QuerySelectorAll(".timeline-body > p.quiet")
            .Select(p => p.TextContent.Split('·')[0].Trim())
            .ShouldBe(["Daniel Brandt", "Daniel Brandt", "Mei Lindqvist"]);
        page.QuerySelector(".technical")!.TextContent.ShouldContain("Completed");
        page.QuerySelector("[aria-labelledby=open-title]")!.TextContent.ShouldContain("Sign it");
        page.QuerySelector("#case")!.TextContent.ShouldNotContain(instance.ToString("N"));
    }

    [Fact]
    public async Task Whoever_is_mentioned_is_told_of_which_case_and_may_open_task_and_case()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var task = await world.OpenTaskAsync(instance);
        var stranger = await world.App.BrowserAsync("closer1");
        (await stranger.GetAsync($"/cases/{instance:N}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await PressAsync(await world.App.BrowserAsync("adjuster1"), task, $"{task}/comment", (":note", "@closer1 have you seen this?"))).StatusCode.ShouldBe(
            HttpStatusCode.Found
        );

        var told = (await PageAsync(stranger, "/notifications")).QuerySelector(".row-item")!;
        told.TextContent.ShouldSatisfyAllConditions(
            text => text.ShouldContain("mentioned you: Check the loss"),
            text => text.ShouldContain("REF-1 · @closer1 have you seen this?")
        );
        var opened = await PressAsync(stranger, "/notifications", told.QuerySelector("form")!.GetAttribute("action")!);
        opened.Headers.Location!.ToString().ShouldBe(task);
        (await PageAsync(stranger, task)).QuerySelector($"a[href='/cases/{instance:N}']").ShouldNotBeNull();
        (await PageAsync(stranger, $"/cases/{instance:N}")).QuerySelector("#case")!.TextContent.ShouldContain("Check the loss");
    }

    [Fact]
    public async Task Cases_are_found_by_reference_and_customer()
    {
        await using var world = await CreateAsync();
        await world.StartAsync("REF-1", "Marta Novak");
        await world.StartAsync("REF-2", "Owen Clarke");
        var browser = await world.App.BrowserAsync("frontoffice");

        (await PageAsync(browser, "/cases/list?q=owen")).QuerySelectorAll("tbody tr").Single().TextContent.ShouldContain("REF-2");
        (await PageAsync(browser, "/cases?q=ref-1")).QuerySelectorAll("tbody tr").Single().TextContent.ShouldContain("Marta Novak");
        (await PageAsync(browser, "/cases?q=nobody")).QuerySelector(".empty-title")!.TextContent.ShouldBe("No cases found");
        (await PageAsync(browser, "/cases?status=Finished")).QuerySelectorAll("tbody tr").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_supervisor_cancels_a_case_with_a_reason()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var page = $"/cases/{instance:N}";
        var supervisor = await world.App.BrowserAsync("supervisor");

        (await PressAsync(supervisor, page, $"{page}/cancel", ("reason", " "))).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await PressAsync(supervisor, page, $"{page}/cancel", ("reason", "Sent twice"))).StatusCode.ShouldBe(HttpStatusCode.Found);

        (await PageAsync(supervisor, page)).QuerySelector(".timeline-item")!.TextContent.ShouldContain("Sent twice");
        (await PageAsync(await world.App.BrowserAsync("frontoffice"), page)).QuerySelector($"form[action='{page}/cancel']").ShouldBeNull();
    }

    [Fact]
    public async Task A_case_is_started_from_its_form()
    {
        await using var world = await CreateAsync();
        var browser = await world.App.BrowserAsync("frontoffice");
        (await PageAsync(browser, "/start")).QuerySelectorAll(".card-item strong").Select(s => s.TextContent).ShouldContain("Walk");

        var refused = await PressAsync(browser, "/start/walk", "/start/walk", (":customer-name", "Lena Fischer"));
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var again = await DocumentAsync(refused);
        again.QuerySelector("#customer-name")!.GetAttribute("value").ShouldBe("Lena Fischer");
        again.QuerySelector("#reference-error")!.TextContent.ShouldContain("required");

        var started = await PressAsync(
            browser,
            "/start/walk",
            "/start/walk",
            (":customer-name", "Lena Fischer"),
            (":customer-id", "C-9"),
            (":reference", "REF-9")
        );
        started.StatusCode.ShouldBe(HttpStatusCode.Found);
        (await PageAsync(browser, started.Headers.Location!.OriginalString)).QuerySelector("h1")!.TextContent.ShouldBe("REF-9");

        (
            await PressAsync(browser, "/start/walk", "/start/walk", (":customer-name", "Lena Fischer"), (":customer-id", "C-9"), (":reference", "REF-9"))
        ).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await (await world.App.BrowserAsync("compliance")).GetAsync("/start")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_lead_sees_and_spreads_the_backlog_of_the_team()
    {
        await using var world = await CreateAsync();
        var task = await world.OpenTaskAsync(await world.StartAsync());
        var lead = await world.App.BrowserAsync("senior1");
        (await PageAsync(lead, "/team?key=claims-adjusting")).QuerySelector("#backlog")!.TextContent.ShouldContain("Check the loss");

        var assigned = await PressAsync(lead, "/team?key=claims-adjusting", $"{task}/assign", (":person", "adjuster1"));

        assigned.Headers.Location!.OriginalString.ShouldBe("/team?key=claims-adjusting");
        (await PageAsync(lead, "/team?key=claims-adjusting"))
            .QuerySelectorAll(".load")
            .Single(l => l.TextContent.Contains("Daniel Brandt", StringComparison.Ordinal))
            .TextContent.ShouldContain("1 open");
    }

    [Fact]
    public async Task Every_page_is_what_assistive_technology_expects()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var task = await world.OpenTaskAsync(instance);
        await world.ClaimedByAsync("senior1", task);
        var browser = await world.App.BrowserAsync("senior1");
        foreach (var address in new[] { "/", "/cases", $"/cases/{instance:N}", task, "/start", "/start/claims", "/team", "/notifications" })
        {
            var page = await PageAsync(browser, address);
            page.QuerySelectorAll("h1").Length.ShouldBe(1, address);
            foreach (var field in page.QuerySelectorAll("input:not([type=hidden]), select, textarea"))
                (
                    field.HasAttribute("aria-label") || page.QuerySelector($"label[for='{field.Id}']") is not null || field.Closest("label") is not null
                ).ShouldBeTrue($"{address}: {field.OuterHtml}");
            foreach (var icon in page.QuerySelectorAll("i.ti"))
                icon.GetAttribute("aria-hidden").ShouldBe("true");
            foreach (var button in page.QuerySelectorAll("button, a:not([aria-hidden])"))
                (button.TextContent.Trim().Length > 0 || button.HasAttribute("aria-label")).ShouldBeTrue($"{address}: {button.OuterHtml}");
            page.QuerySelectorAll("[id]").Select(e => e.Id).GroupBy(id => id).Where(g => g.Count() > 1).ShouldBeEmpty(address);
        }
    }
}
