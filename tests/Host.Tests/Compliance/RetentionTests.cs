using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Host.Tests.Pages;
using Orchestration.Workflows.ProcessMining;
using static Orchestration.Host.Tests.Pages.PageWorld;

namespace Orchestration.Host.Tests.Compliance;

/// <summary>Holds, erasure and exports as people and programs meet them. Each test has customers of its own.</summary>
public sealed class RetentionTests(SharedWorld shared) : IClassFixture<SharedWorld>
{
    private readonly PageWorld _world = shared.World;

    [Fact]
    public async Task A_hold_is_placed_shown_and_lifted_and_only_compliance_reads_why()
    {
        var instance = await StartAsync("H-1", "Otto <b>Held</b>");
        var (reviewer, front) = (await _world.App.BrowserAsync("compliance"), await _world.App.BrowserAsync("frontoffice"));
        var form = $"/compliance/holds?caseId={instance:N}";
        (await reviewer.SubmitAsync(form, new() { ["caseId"] = $"{instance:N}", ["reason"] = " " }, "/compliance/holds")).StatusCode.ShouldBe(
            HttpStatusCode.UnprocessableEntity
        );
        var placed = await reviewer.SubmitAsync(
            form,
            new()
            {
                ["caseId"] = $"{instance:N}",
                ["reason"] = $"Matter 17 {Markup}",
                ["until"] = "2099-12-31",
            },
            "/compliance/holds"
        );
        placed.StatusCode.ShouldBe(HttpStatusCode.Found);
        var hold = placed.Headers.Location!.OriginalString;
        var page = await PageAsync(reviewer, hold);
        page.Body!.TextContent.ShouldContain(Markup);
        page.QuerySelector(".injected").ShouldBeNull();
        page.QuerySelector($"a[href='/cases/{instance:N}']").ShouldNotBeNull();

        (await PageAsync(reviewer, $"/cases/{instance:N}")).QuerySelector(".notice-info")!.TextContent.ShouldContain("Matter 17");
        var seen = (await PageAsync(front, $"/cases/{instance:N}")).QuerySelector(".notice-info")!.TextContent;
        seen.ShouldContain("On legal hold");
        seen.ShouldNotContain("Matter 17");
        (await PageAsync(front, await CustomerAsync("H-1"))).QuerySelector(".notice-info")!.TextContent.ShouldContain("On legal hold");
        (await front.GetAsync(hold)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        (await reviewer.SubmitAsync(hold, new() { ["reason"] = "Settled" }, $"{hold}/lift")).StatusCode.ShouldBe(HttpStatusCode.Found);
        (await PageAsync(front, $"/cases/{instance:N}")).QuerySelector(".notice-info").ShouldBeNull();
        (await PageAsync(reviewer, "/compliance/holds")).Body!.TextContent.ShouldContain("Lifted");
    }

    [Fact]
    public async Task One_person_asks_for_an_erasure_and_another_approves_it_and_only_the_receipt_is_left()
    {
        var instance = await StartAsync("E-1", "Elsa Gone");
        var customer = await CustomerAsync("E-1");
        var id = Guid.Parse(customer.Split('/')[^1]);
        using var asks = await _world.App.ApiAsync("compliance");
        using var approves = await _world.App.ApiAsync("admin");
        (await approves.PostAsJsonAsync("/api/erasures", new { customerId = id, reason = "x" })).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await asks.PostAsJsonAsync("/api/erasures", new { customerId = id })).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await asks.PostAsJsonAsync("/api/erasures", new { customerId = Guid.AllBitsSet, reason = "x" })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var asked = await asks.PostAsJsonAsync("/api/erasures", new { customerId = id, reason = "They wrote to us" });
        asked.EnsureSuccessStatusCode();
        var request = (await asked.Content.ReadFromJsonAsync<JsonObject>())!["id"]!.GetValue<string>();
        (await asks.PostAsync($"/api/erasures/{request}/approve", null)).StatusCode.ShouldBe(HttpStatusCode.Conflict);

        var supervisor = await _world.App.BrowserAsync("supervisor");
        (await PressAsync(supervisor, $"/cases/{instance:N}", $"/cases/{instance:N}/cancel", ("reason", "No longer wanted"))).StatusCode.ShouldBe(
            HttpStatusCode.Found
        );
        var admin = await _world.App.BrowserAsync("admin");
        var page = $"/compliance/erasures/{Guid.Parse(request):N}";
        (await PageAsync(admin, page)).Body!.TextContent.ShouldContain("Elsa Gone");
        (await PressAsync(admin, page, $"{page}/approve")).StatusCode.ShouldBe(HttpStatusCode.Found);
        var done = (await PageAsync(admin, page)).Body!.TextContent;
        done.ShouldNotContain("Elsa");
        done.ShouldContain("Payloads of history");
        (await admin.GetAsync($"/cases/{instance:N}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await admin.GetAsync(customer)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var receipt = (await approves.GetFromJsonAsync<JsonObject>($"/api/erasures/{request}"))!;
        receipt["state"]!.ToString().ShouldBe("Done");
        receipt["receipt"]!["hash"]!.GetValue<string>().Length.ShouldBe(64);
    }

    [Fact]
    public async Task A_customer_a_case_and_a_log_are_exported_and_history_knows()
    {
        var instance = await StartAsync("X-1", "Xaver Export");
        using var compliance = await _world.App.ApiAsync("compliance");
        var id = (await CustomerAsync("X-1")).Split('/')[^1];
        (await compliance.PostAsJsonAsync($"/api/customers/{id}/export", new { })).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var zip = await compliance.PostAsJsonAsync($"/api/customers/{id}/export", new { reason = "They asked" });
        zip.Content.Headers.ContentType!.MediaType.ShouldBe("application/zip");
        using (var archive = new ZipArchive(await zip.Content.ReadAsStreamAsync()))
        {
            using var page = new StreamReader(archive.GetEntry("index.html")!.Open());
            (await page.ReadToEndAsync()).ShouldContain("Xaver Export");
        }

        var reviewer = await _world.App.BrowserAsync("compliance");
        var report = await PageAsync(reviewer, $"/compliance/cases/{instance:N}/report");
        report.QuerySelector("#tasks-title")!.ShouldNotBeNull();
        report.Body!.TextContent.ShouldContain("Check the loss");
        var reference = report.QuerySelector("h1")!.TextContent.Replace("-", "\\00002d", StringComparison.Ordinal);
        report.DocumentElement.GetAttribute("style")!.ShouldStartWith($"--report-of: '{reference}'; --report-at: '");
        (await reviewer.GetAsync($"/compliance/cases/{Guid.AllBitsSet:N}/report")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await PageAsync(reviewer, $"/cases/{instance:N}")).QuerySelector(".timeline-list")!.TextContent.ShouldContain("Case exported");

        var wrong = await compliance.PostAsJsonAsync(
            "/api/logs",
            new
            {
                format = "xls",
                startedFrom = "soon",
                reason = "x",
            }
        );
        (await wrong.Content.ReadFromJsonAsync<JsonObject>())!["errors"]!["startedFrom"]!.ToString().ShouldContain("must be a date");
        var asked = await compliance.PostAsJsonAsync(
            "/api/logs",
            new
            {
                format = "xes",
                journey = "walk",
                reason = "Mining",
            }
        );
        asked.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var log = asked.Headers.Location!.OriginalString;
        while ((await compliance.GetFromJsonAsync<JsonObject>(log))!["endedAt"] is null)
            await _world.App.Services.GetRequiredService<WriteLogs>().RunAsync();
        (await compliance.GetStringAsync($"{log}/file")).ShouldContain("<trace>");
        (await PageAsync(reviewer, "/compliance/exports")).Body!.TextContent.ShouldContain("walk-");
        (string, string)[] plan = [("format", "csv"), ("calendar", "24x7"), ("keepDays", "30"), ("reason", "Mining")];
        var late = await PressAsync(reviewer, "/compliance/exports", "/compliance/exports/schedules", [("cron", "soon"), .. plan]);
        late.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await DocumentAsync(late)).QuerySelector("#schedules .notice-bad")!.TextContent.ShouldContain("Cron is no schedule");
        (await PressAsync(reviewer, "/compliance/exports", "/compliance/exports/schedules", [("cron", "0 6 * * MON"), .. plan])).StatusCode.ShouldBe(
            HttpStatusCode.Found
        );
        var schedule = (await compliance.GetFromJsonAsync<JsonArray>("/api/logs/schedules"))!.ShouldHaveSingleItem()!["id"]!.ToString();
        (await PageAsync(reviewer, "/compliance/exports")).QuerySelector("#schedules")!.TextContent.ShouldContain("0 6 * * MON");
        (await compliance.DeleteAsync($"/api/logs/schedules/{schedule}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await compliance.DeleteAsync($"/api/logs/schedules/{schedule}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_policy_is_shown_with_what_it_will_remove_and_a_wrong_one_is_refused_with_its_places()
    {
        using var compliance = await _world.App.ApiAsync("compliance");
        var policy = (await compliance.GetFromJsonAsync<JsonObject>("/api/retention/policy"))!;
        var version = policy["version"]!.GetValue<int>();
        var document = policy["policy"]!.AsObject();
        document["rules"]![0]!["years"] = -1;
        var refused = await compliance.PutAsJsonAsync(
            "/api/retention/policy",
            new
            {
                version,
                policy = document,
                reason = "x",
            }
        );
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await refused.Content.ReadFromJsonAsync<JsonObject>())!["errors"]!.AsObject().Single().Key.ShouldBe("policy.rules[0].years");
        document["rules"]![0]!["years"] = 5;
        (
            await compliance.PutAsJsonAsync(
                "/api/retention/policy",
                new
                {
                    version = version + 1,
                    policy = document,
                    reason = "x",
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.Conflict);

        var reviewer = await _world.App.BrowserAsync("compliance");
        var page = await PageAsync(reviewer, "/compliance/retention");
        page.Body!.TextContent.ShouldContain("Year of closing and 4 years more");
        page.QuerySelector("#policy")!.TextContent.ShouldContain("claims-us-ca");

        // Proposed by one, and refused by another: the policy stays.
        var proposed = await compliance.PutAsJsonAsync(
            "/api/retention/policy",
            new
            {
                version,
                policy = document,
                reason = $"Counsel {Markup}",
            }
        );
        proposed.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var proposal = (await proposed.Content.ReadFromJsonAsync<JsonObject>())!["proposal"]!;
        proposal["changes"]!.AsArray().ShouldHaveSingleItem()!.ToString().ShouldContain("year of closing and 5 years more (was:");
        var path = $"/proposals/{Guid.Parse(proposal["id"]!.ToString()):N}";
        (await compliance.PostAsync($"/api/retention{path}/approve", null)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        var admin = await _world.App.BrowserAsync("admin");
        var decide = await PageAsync(admin, "/compliance/retention");
        decide.QuerySelector("#proposal")!.TextContent.ShouldContain(Markup);
        decide.QuerySelector("#policy").ShouldBeNull("administrators decide, and don't propose");
        (await PressAsync(admin, "/compliance/retention", $"/compliance/retention{path}/refuse", ("reason", "Four are enough"))).StatusCode.ShouldBe(
            HttpStatusCode.Found
        );
        (await PageAsync(admin, "/compliance/retention")).QuerySelector("#proposal").ShouldBeNull();
        (await compliance.GetFromJsonAsync<JsonObject>("/api/retention/policy"))!["version"]!.GetValue<int>().ShouldBe(version);
        var bad = await PressAsync(reviewer, "/compliance/retention", "/compliance/retention/policy", ("version", $"{version}"), ("policy", "{ }"));
        bad.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await DocumentAsync(bad)).QuerySelector(".findings")!.TextContent.ShouldContain("$.rules is required");
    }

    private async Task<Guid> StartAsync(string number, string name)
    {
        using var front = await _world.App.ApiAsync("frontoffice");
        var answer = await front.PostAsJsonAsync(
            "/api/cases",
            new
            {
                journey = "walk",
                reference = _world.NewReference(),
                customer = new { id = number, name },
                input = new { },
            }
        );
        answer.EnsureSuccessStatusCode();
        return Guid.Parse((await answer.Content.ReadFromJsonAsync<JsonObject>())!["case"]!["id"]!.GetValue<string>());
    }

    /// <summary>Address of a customer's page.</summary>
    private async Task<string> CustomerAsync(string number)
    {
        using var compliance = await _world.App.ApiAsync("compliance");
        return $"/customers/{Guid.Parse((await compliance.GetFromJsonAsync<JsonObject>($"/api/customers/by-number/{number}"))!["id"]!.GetValue<string>()):N}";
    }
}
