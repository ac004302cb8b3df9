using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Orchestration.Engine.Runtime;
using static Orchestration.Host.Tests.Pages.PageWorld;

namespace Orchestration.Host.Tests.Pages;

public sealed class CasePageTests(SharedWorld shared) : IClassFixture<SharedWorld>
{
    private readonly PageWorld _world = shared.World;

    [Fact]
    public async Task A_case_tells_its_history_in_words()
    {
        var instance = await _world.StartAsync();
        var task = await _world.OpenTaskAsync(instance);
        _world.App.Clock.Advance(Duration.FromMinutes(2));
        var browser = await _world.ClaimedByAsync("adjuster1", task);
        _world.App.Clock.Advance(Duration.FromMinutes(20));
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
        var reference = _world.NewReference();
        var instance = await _world.StartAsync(reference);
        var task = await _world.OpenTaskAsync(instance);
        var stranger = await _world.App.BrowserAsync("closer1");
        (await stranger.GetAsync($"/cases/{instance:N}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await PressAsync(await _world.App.BrowserAsync("adjuster1"), task, $"{task}/comment", (":note", "@closer1 have you seen this?"))).StatusCode.ShouldBe(
            HttpStatusCode.Found
        );

        var told = (await PageAsync(stranger, "/notifications")).QuerySelector(".row-item")!;
        told.TextContent.ShouldSatisfyAllConditions(
            text => text.ShouldContain("mentioned you: Check the loss"),
            text => text.ShouldContain($"{reference} · @closer1 have you seen this?")
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
        var instance = await _world.StartAsync();
        var page = $"/cases/{instance:N}";
        var supervisor = await _world.App.BrowserAsync("supervisor");

        (await PressAsync(supervisor, page, $"{page}/cancel", ("reason", " "))).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await PressAsync(supervisor, page, $"{page}/cancel", ("reason", "Sent twice"))).StatusCode.ShouldBe(HttpStatusCode.Found);

        (await PageAsync(supervisor, page)).QuerySelector(".timeline-item")!.TextContent.ShouldContain("Sent twice");
        (await PageAsync(await _world.App.BrowserAsync("frontoffice"), page)).QuerySelector($"form[action='{page}/cancel']").ShouldBeNull();
    }

    [Fact]
    public async Task Cases_are_changed_only_by_those_who_see_them()
    {
        var instance = await _world.StartAsync();
        var task = await _world.OpenTaskAsync(instance);
        var (supervisor, admin) = (await _world.App.ApiAsync("supervisor"), await _world.App.ApiAsync("admin"));
        var failed = new
        {
            revision = 1,
            operationId = "fail",
            reason = "No longer needed",
        };
        (await supervisor.PostAsJsonAsync($"/api{task}/cancel", failed)).EnsureSuccessStatusCode();
        var incident = (string)(await supervisor.GetFromJsonAsync<JsonObject>($"/api/cases/{instance}"))!["incidents"]![0]!["activityInstanceId"]!;
        var role = new
        {
            revision = 0,
            title = "Case mender",
            permissions = new[] { "cases:alter" },
        };
        (await admin.PutAsJsonAsync("/api/roles/case-mender", role)).EnsureSuccessStatusCode();
        var found = (await admin.GetFromJsonAsync<JsonObject>("/api/people?search=processor1"))!["items"]![0]!;
        var person = (await admin.GetFromJsonAsync<JsonObject>($"/api/people/{found["id"]}"))!;
        var change = new
        {
            revision = (int)person["revision"]!,
            displayName = "Jonas Eriksen",
            roles = new[] { "employee", "case-mender" },
            teams = new[] { "mortgage-processing" },
        };
        (await admin.PutAsJsonAsync($"/api/people/{person["id"]}", change)).EnsureSuccessStatusCode();
        var (mender, browser) = (await _world.App.ApiAsync("processor1"), await _world.App.BrowserAsync("processor1"));

        foreach (var verb in (string[])["cancel", $"incidents/{incident}/retry"])
        {
            (await mender.PostAsJsonAsync($"/api/cases/{instance}/{verb}", new { reason = "Why not." })).StatusCode.ShouldBe(HttpStatusCode.NotFound, verb);
            (await browser.SubmitAsync("/", new() { ["reason"] = "Why not." }, $"/cases/{instance:N}/{verb}")).StatusCode.ShouldBe(
                HttpStatusCode.NotFound,
                verb
            );
        }

        var after = (await supervisor.GetFromJsonAsync<JsonObject>($"/api/cases/{instance}"))!;
        ((string)after["incidents"]!.AsArray().ShouldHaveSingleItem()!["activityInstanceId"]!, (string)after["case"]!["subStatus"]!).ShouldBe(
            (incident, "Faulted")
        );

        // A run that is no case isn't cancelled as one.
        var run = await _world.App.Services.GetRequiredService<WorkflowRuntime>().StartAsync(new("walk", []), "test");
        var id = run.ShouldBeOfType<StartResult.Started>().InstanceId;
        (await supervisor.PostAsJsonAsync($"/api/cases/{id}/cancel", new { reason = "Why not." })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_case_is_started_from_its_form()
    {
        var browser = await _world.App.BrowserAsync("frontoffice");
        (await PageAsync(browser, "/start")).QuerySelectorAll(".card-item strong").Select(s => s.TextContent).ShouldContain("Walk");

        var refused = await PressAsync(browser, "/start/walk", "/start/walk", (":customer-name", "Lena Fischer"));
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var again = await DocumentAsync(refused);
        again.QuerySelector("#customer-name")!.GetAttribute("value").ShouldBe("Lena Fischer");
        again.QuerySelector("#customer-id-error")!.TextContent.ShouldContain("required");
        again.QuerySelector("[role=alert] a")!.GetAttribute("href").ShouldBe("#customer-id");

        var started = await PressAsync(
            browser,
            "/start/walk",
            "/start/walk",
            (":customer-name", "Lena Fischer"),
            (":customer-id", "C-9"),
            (":reference", "WALK-9")
        );
        started.StatusCode.ShouldBe(HttpStatusCode.Found);
        (await PageAsync(browser, started.Headers.Location!.OriginalString)).QuerySelector("h1")!.TextContent.ShouldBe("WALK-9");

        (
            await PressAsync(browser, "/start/walk", "/start/walk", (":customer-name", "Lena Fischer"), (":customer-id", "C-9"), (":reference", "WALK-9"))
        ).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await (await _world.App.BrowserAsync("compliance")).GetAsync("/start")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_reference_is_generated_and_a_known_customer_found()
    {
        await using var world = await CreateAsync();
        await world.StartAsync("REF-1", "Marta Novak");
        var browser = await world.App.BrowserAsync("frontoffice");

        (await PageAsync(browser, "/start/walk")).QuerySelector("#reference")!.GetAttribute("value").ShouldBe("WALK-2026-000001");
        (await PageAsync(browser, "/start/walk")).QuerySelector("#reference")!.GetAttribute("value").ShouldBe("WALK-2026-000002");
        (await PageAsync(browser, "/start/claims")).QuerySelector("#reference")!.GetAttribute("value").ShouldBe("CLM-2026-000001");
        var found = (await PageAsync(browser, "/start/customers?:customer-name=nov")).QuerySelectorAll("[role=option]").ShouldHaveSingleItem();
        found.GetAttribute("data-fill").ShouldBe("""{"customer-name":"Marta Novak","customer-id":"C-1"}""");

        // Those who see none of the cases find none of the customers.
        var closer = await world.App.BrowserAsync("closer1");
        (await PageAsync(closer, "/start/customers?:customer-name=nov")).QuerySelectorAll("[role=option]").ShouldBeEmpty();
    }

    [Fact]
    public async Task An_analyst_starts_test_cases_only_and_removes_them()
    {
        await using var world = await CreateAsync();
        var analyst = await world.App.BrowserAsync("analyst");
        (await PageAsync(analyst, "/start")).QuerySelector("a[href='/start/walk?test=true']").ShouldNotBeNull();

        var started = await PressAsync(
            analyst,
            "/start/walk",
            "/start/walk?test=true",
            (":customer-name", "Test"),
            (":customer-id", "T"),
            (":reference", "TEST-1")
        );
        var page = started.Headers.Location!.OriginalString;
        (await PageAsync(analyst, page)).QuerySelector(".status-test").ShouldNotBeNull();
        (await PageAsync(analyst, "/")).QuerySelectorAll("#work .status-test").Length.ShouldBe(1);
        foreach (var list in (string[])["/commands?q=TEST-1", "/commands?q=check", "/search?q=TEST-1", "/search?q=check"])
            (await PageAsync(analyst, list))
                .QuerySelectorAll(".palette-item, #main .row-item")
                .Where(found => (found.QuerySelector("a") ?? found).GetAttribute("href") is { } at && (at.StartsWith("/cases/") || at.StartsWith("/tasks/")))
                .Select(found => found.QuerySelectorAll(".status-test").Length)
                .Distinct()
                .ShouldBe([1], list);
        (await PageAsync(await world.App.BrowserAsync("supervisor"), "/cases")).QuerySelectorAll(".status-test").Length.ShouldBe(1);
        (await PageAsync(await world.App.BrowserAsync("adjuster1"), "/")).QuerySelector("#work .row-item").ShouldBeNull();

        (await PressAsync(analyst, page, $"{page}/remove")).Headers.Location!.OriginalString.ShouldBe("/cases");
        (await analyst.GetAsync(page)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_api_knows_test_cases_and_generated_references()
    {
        var (analyst, office) = (await _world.App.ApiAsync("analyst"), await _world.App.ApiAsync("frontoffice"));
        object Body(bool test) =>
            new
            {
                journey = "walk",
                customer = new { id = "C-1", name = "Marta Novak" },
                input = new { },
                test,
            };

        (await analyst.PostAsJsonAsync("/api/cases", Body(false))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await office.PostAsJsonAsync("/api/cases", Body(true))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await analyst.PostAsJsonAsync("/api/cases", Body(true))).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        analyst.DefaultRequestHeaders.Add("Idempotency-Key", "one");
        var started = await (await analyst.PostAsJsonAsync("/api/cases", Body(true))).Content.ReadFromJsonAsync<JsonObject>();
        started!["case"]!["reference"]!.GetValue<string>().ShouldBe("TEST-WALK-2026-000001");
        started["case"]!["isTest"]!.GetValue<bool>().ShouldBeTrue();
        var id = started["case"]!["id"]!.GetValue<string>();

        (await office.DeleteAsync($"/api/cases/{id}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await analyst.DeleteAsync($"/api/cases/{await _world.StartAsync()}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await analyst.DeleteAsync($"/api/cases/{id}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await analyst.GetAsync($"/api/cases/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_lead_sees_and_spreads_the_backlog_of_the_team()
    {
        await using var world = await CreateAsync();
        var task = await world.OpenTaskAsync(await world.StartAsync());
        var lead = await world.App.BrowserAsync("senior1");
        (await PageAsync(lead, "/team?key=claims-adjusting")).QuerySelector("#backlog")!.TextContent.ShouldContain("Check the loss");

        var assigned = await PressAsync(lead, task, $"{task}/assign", (":person", "adjuster1"));

        assigned.Headers.Location!.OriginalString.ShouldBe(task);
        var board = await PageAsync(lead, "/team/board?key=claims-adjusting");
        board.QuerySelector(".board-total [data-label='In work'] .board-number")!.TextContent.ShouldBe("1");
        (await PageAsync(lead, "/team/people?key=claims-adjusting"))
            .QuerySelectorAll(".load")
            .Single(l => l.TextContent.Contains("Daniel Brandt", StringComparison.Ordinal))
            .TextContent.ShouldContain("1 open");
    }

    [Fact]
    public async Task Every_page_is_what_assistive_technology_expects()
    {
        var instance = await _world.StartAsync();
        var task = await _world.OpenTaskAsync(instance);
        await _world.ClaimedByAsync("senior1", task);
        var browser = await _world.App.BrowserAsync("senior1");
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
