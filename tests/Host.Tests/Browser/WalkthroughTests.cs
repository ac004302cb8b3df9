using Microsoft.Playwright;
using NodaTime;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Browser;

/// <summary>docs/walkthrough.md from the open claim to the last step, click by click; the minutes pass on the test's clock.</summary>
public sealed class WalkthroughTests(Chromium chromium, Office office) : IClassFixture<Office>
{
    private const string Reference = "CLM-2026-000123";
    private readonly Dictionary<string, IPage> _pages = [];

    [Fact]
    public async Task A_claim_is_opened_forgotten_escalated_and_settled()
    {
        // What step 1 does in Studio: two minutes instead of eight hours.
        var admin = office.Person("admin");
        var policy = await admin.GetAsync("/api/sla-policies/claims-acknowledge-internal");
        var document = policy["document"]!.DeepClone();
        (document["target"], document["calendar"]) = (new System.Text.Json.Nodes.JsonObject { ["amount"] = "PT2M", ["unit"] = "elapsed" }, "24x7");
        (
            await admin.SendAsync(HttpMethod.Put, "/api/sla-policies/claims-acknowledge-internal", new { revision = (int)policy["revision"]!, document })
        ).EnsureSuccessStatusCode();

        // 2. Open a claim.
        var front = await PersonAsync("frontoffice");
        await front.GetByRole(AriaRole.Link, new() { Name = "Start a case" }).First.ClickAsync();
        await front.GetByRole(AriaRole.Link, new() { Name = "Claim", Exact = true }).ClickAsync();
        await front.Locator("#customer-name").FillAsync("Ines Castellan");
        await front.Locator("#customer-id").FillAsync("C-1001");
        await front.Locator("#reference").FillAsync(Reference);
        await front.Locator("[name=jurisdiction]").SelectOptionAsync("US-CA");
        await front.Locator("[name=claimedAmount]").FillAsync("14000");
        await front.Locator("[name=lossDescription]").FillAsync("Burst pipe in the kitchen");
        await front.Button("Start case").ClickAsync();
        await front.GetByRole(AriaRole.Heading, new() { Name = Reference }).WaitForAsync();
        (await front.Locator("[aria-labelledby=open-title]").TextContentAsync())!.ShouldContain("Acknowledge the claim");

        // 3. Take the step and let it lie.
        var adjuster = await PersonAsync("adjuster1");
        await adjuster.GetByRole(AriaRole.Button, new() { Name = $"Claim Acknowledge the claim, {Reference}" }).ClickAsync();
        await adjuster.GetByLabel("Contact named to the customer").FillAsync("Daniel Brandt");
        await adjuster.GetByText("Draft saved").WaitForAsync();
        office.Clock.Advance(Duration.FromSeconds(90));
        await adjuster.Locator(".bell-count").WaitForAsync();
        office.Clock.Advance(Duration.FromSeconds(30));
        await adjuster.GetByText("This task is with Tomás Herrera now. Your changes are saved as a draft.").WaitForAsync();

        var supervisor = await PersonAsync("supervisor");
        await supervisor.Locator(".bell-count").WaitForAsync();
        (await supervisor.Locator("[aria-labelledby=mine-title]").TextContentAsync())!.ShouldSatisfyAllConditions(
            t => t.ShouldContain("Acknowledge the claim"),
            t => t.ShouldContain("Overdue")
        );
        await supervisor.GotoAsync("/notifications");
        await supervisor.GetByRole(AriaRole.Button, new() { NameRegex = new("^Overdue: Acknowledge the claim") }).ClickAsync();
        await supervisor.GetByRole(AriaRole.Link, new() { Name = Reference }).First.ClickAsync();
        var history = await supervisor.Locator(".timeline-list").TextContentAsync();
        foreach (
            var told in new[]
            {
                "Overdue: Acknowledge the claim",
                "Escalated at 75%",
                "Escalated at 100%",
                "Priority raised to high",
                "Assigned to Tomás Herrera",
                "System",
            }
        )
            history!.ShouldContain(told);
        await supervisor.PictureAsync("case-escalated");

        await adjuster.GetByLabel("Letter", new() { Exact = true }).CheckAsync();
        await adjuster.Button("Acknowledged").ClickAsync();
        await adjuster.GetByText("The task has changed").WaitForAsync();
        (await adjuster.GetByRole(AriaRole.Alert).First.TextContentAsync())!.ShouldContain("The system has changed this task");

        // 4. Move the claim on.
        await supervisor.GetByRole(AriaRole.Link, new() { Name = "Acknowledge the claim" }).First.ClickAsync();
        await supervisor.GetByLabel("Assign to").SelectOptionAsync("adjuster1");
        await supervisor.Button("Assign").ClickAsync();
        await supervisor.GetByText("Daniel Brandt owns this task").WaitForAsync();
        await adjuster.GotoAsync("/");
        await adjuster.GetByRole(AriaRole.Link, new() { NameRegex = new("^Acknowledge the claim") }).ClickAsync();
        (await adjuster.GetByLabel("Contact named to the customer").InputValueAsync()).ShouldBe("Daniel Brandt", "the draft came back with the task");
        await adjuster.GetByLabel("Letter", new() { Exact = true }).CheckAsync();
        await adjuster.GetByLabel("Acknowledged on").FillAsync("2026-06-01");
        await adjuster.Button("Acknowledged").ClickAsync();
        await adjuster.GetByText($"Next in {Reference}").WaitForAsync();

        await DoAsync(
            "adjuster1",
            "Check the cover",
            "Covered",
            async page =>
            {
                await page.Locator("[name=policyInForce]").CheckAsync();
                await page.Locator("[name=peril]").SelectOptionAsync("Water");
            }
        );
        await DoAsync("adjuster2", "Request documents", "Requested", page => page.Locator("[name='documents[0].kind']").SelectOptionAsync("Invoice"));
        await DoAsync("adjuster1", "Check for fraud", "Clear", page => page.Locator("[name=policyHistoryChecked]").CheckAsync());
        (await office.FrontOffice.PublishAsync("DocumentReceived", Reference, new { kind = "Invoice" })).EnsureSuccessStatusCode();
        await DoAsync(
            "adjuster2",
            "Assess the loss",
            "Assessed",
            async page =>
            {
                await page.Locator("[name=assessedAmount]").FillAsync("12,500");
                await page.GetByLabel("Pay", new() { Exact = true }).CheckAsync();
                await page.Locator("[name=reasoning]").FillAsync("Invoice and photos agree.");
            }
        );
        await DoAsync(
            "senior1",
            "Decide above the limit",
            "Approve",
            async page =>
            {
                await page.Locator("[name=approvedAmount]").FillAsync("12000");
                await page.Locator("#f-reason").FillAsync("As assessed, less the deductible.");
            }
        );
        await DoAsync(
            "adjuster2",
            "Pay the claim",
            "Paid",
            async page =>
            {
                await page.Locator("[name=payee]").FillAsync("Ines Castellan");
                await page.Locator("[name=paidAmount]").FillAsync("12000");
                await page.Locator("[name=paidOn]").FillAsync("2026-06-01");
            }
        );

        await front.GotoAsync("/cases");
        await front.GetByRole(AriaRole.Link, new() { Name = Reference }).ClickAsync();
        (await front.Locator(".page-actions").TextContentAsync())!.ShouldContain("Finished");
        (await front.Locator("[aria-labelledby=steps-title] .case-step.done").CountAsync()).ShouldBe(7);
        foreach (var page in _pages.Values)
            await page.EndAsync();
    }

    private async Task DoAsync(string who, string step, string outcome, Func<IPage, Task> fill)
    {
        var page = await PersonAsync(who);
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Button, new() { Name = $"Claim {step}, {Reference}" }).ClickAsync();
        await page.Locator("#task-form").WaitForAsync();
        await fill(page);
        await page.Button(outcome).ClickAsync();
        await page.GetByText($"{step}: {outcome}").WaitForAsync();
    }

    private async Task<IPage> PersonAsync(string userName) =>
        _pages.TryGetValue(userName, out var page) ? page : _pages[userName] = await chromium.SignedInAsync(office.Host, userName);
}
