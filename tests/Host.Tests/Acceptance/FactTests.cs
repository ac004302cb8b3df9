using System.Text.Json.Nodes;
using static Orchestration.Host.Tests.Pages.PageWorld;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>What is known about a claim, in the API and on pages, by who asks.</summary>
public sealed class FactTests(Office office) : IClassFixture<Office>
{
    private const string Description = "A pipe burst in the kitchen on Sunday night";
    private const string Secret = "Neighbour reports a quarrel about the kitchen";

    [Fact]
    public async Task Whoever_works_on_the_first_step_reads_what_the_customer_said_beside_the_form_and_in_the_API()
    {
        var id = await ClaimAsync();
        var adjuster = office.Person("adjuster1");
        var task = await adjuster.ClaimAsync(id, "acknowledge");
        var browser = await office.Host.BrowserAsync("adjuster1");

        foreach (var address in new[] { $"/tasks/{task["id"]}", $"/cases/{id}" })
        {
            var page = await PageAsync(browser, address);
            var shown = page.QuerySelectorAll(".case-facts dt")
                .Zip(page.QuerySelectorAll(".case-facts dd"), (dt, dd) => $"{dt.TextContent.Trim()}: {dd.TextContent.Trim()}");
            shown.ShouldBe(
                [
                    $"What happened: {Description}",
                    "Claimed: GBP 2,400.50",
                    "Date of loss: 31 May 2026",
                    "Product: Home",
                    "Jurisdiction: GB",
                    "Authority limit: GBP 10,000.00",
                ],
                address
            );
        }

        (await adjuster.CaseAsync(id))["facts"]!
            .AsArray()
            .Select(f => $"{f!["name"]} {f["format"]} {f["value"]} {f["currency"]}".TrimEnd())
            .ShouldBe([
                $"lossDescription longText {Description}",
                "claimedAmount money 2400.5 GBP",
                "lossDate date 2026-05-31",
                "product text Home",
                "jurisdiction text GB",
                "authorityLimit money 10000 GBP",
            ]);
    }

    [Fact]
    public async Task A_fact_that_a_person_may_not_see_is_nowhere_they_can_look()
    {
        var id = await ClaimAsync();
        var adjuster = office.Person("adjuster1");
        await adjuster.DoAsync(id, "acknowledge", "Acknowledged", new { channel = "E-mail", acknowledgedOn = "2026-06-01" });
        await adjuster.DoAsync(id, "coverage", "Covered", new { policyInForce = true, peril = "Water" });
        await adjuster.DoAsync(
            id,
            "fraudCheck",
            "Clear",
            new
            {
                policyHistoryChecked = true,
                score = 82,
                notes = Secret,
            }
        );

        // Front office sees every case and task, but not this.
        var tasks = (await office.FrontOffice.GetAsync($"/api/tasks?view=all&case={id}"))["items"]!.AsArray().Select(t => (string)t!["id"]!).ToList();
        tasks.Count.ShouldBeGreaterThan(3);
        var browser = await office.Host.BrowserAsync("frontoffice");
        var looks = new List<string> { $"/cases/{id}", "/cases", "/cases/list?q=quarrel", "/work?view=all&q=quarrel", "/notifications" };
        looks.AddRange(tasks.Select(task => $"/tasks/{task}"));
        foreach (var address in looks)
            (await browser.GetStringAsync(address)).ShouldNotContain(Secret, Case.Insensitive, address);
        var asks = new List<string>
        {
            $"/api/cases/{id}",
            $"/api/cases/{id}/history?limit=1000",
            $"/api/cases/{id}/clocks",
            $"/api/cases?q=quarrel",
            $"/api/tasks?view=all&case={id}",
            $"/api/tasks?view=all&q=quarrel",
        };
        asks.AddRange(tasks.Select(task => $"/api/tasks/{task}"));
        foreach (var address in asks)
            (await office.FrontOffice.GetAsync(address)).ToJsonString().ShouldNotContain(Secret, Case.Insensitive, address);
        (await browser.GetStringAsync($"/cases/{id}")).ShouldContain(Description);

        // Administrators see every run in the designer, but not this.
        var run = $"/elsa/api/workflow-instances/{id:N}";
        string[] kept = [$"{run}/variables", $"{run}/journal", $"{run}/export?includeActivityExecutionLog=true&includeWorkflowExecutionLog=true"];
        foreach (var address in kept.Append(run).Append($"/elsa/api/activity-executions/list?workflowInstanceId={id:N}"))
        {
            var shown = await TextAsync(office.Person("admin"), address);
            shown.ShouldNotContain(Secret, Case.Insensitive, address);
            shown.Length.ShouldBeGreaterThan(200, address);
        }

        foreach (var address in kept)
            (await TextAsync(office.Supervisor, address)).ShouldContain(Secret, Case.Insensitive, address);

        (await FactAsync(office.Supervisor, id, "fraudFindings")).ShouldBe(Secret);
        (await FactAsync(office.Person("adjuster2"), id, "fraudFindings")).ShouldBe(Secret);
        (await FactAsync(office.FrontOffice, id, "fraudFindings")).ShouldBeNull();
        (await (await office.Host.BrowserAsync("supervisor")).GetStringAsync($"/cases/{id}")).ShouldContain(Secret);
    }

    [Fact]
    public async Task A_fact_is_only_text_on_a_page_whatever_the_customer_wrote()
    {
        var id = await ClaimAsync(Markup);
        var page = await PageAsync(await office.Host.BrowserAsync("frontoffice"), $"/cases/{id}");
        page.QuerySelector("[data-fact=lossDescription]")!.TextContent.Trim().ShouldBe(Markup);
        page.QuerySelector(".injected").ShouldBeNull();
    }

    private Task<Guid> ClaimAsync(string description = Description) =>
        office.FrontOffice.OpenAsync(
            "claims",
            office.NewReference("CLM"),
            new
            {
                jurisdiction = "GB",
                claimedAmount = 2400.5,
                lossDescription = description,
                lossDate = "2026-05-31",
            }
        );

    private static async Task<string> TextAsync(Worker worker, string address) =>
        await (await worker.SendAsync(HttpMethod.Get, address)).EnsureSuccessStatusCode().Content.ReadAsStringAsync();

    private static async Task<string?> FactAsync(Worker worker, Guid id, string name) =>
        (await worker.CaseAsync(id))["facts"]!.AsArray().OfType<JsonObject>().FirstOrDefault(f => (string)f["name"]! == name)?["value"]?.GetValue<string>();
}
