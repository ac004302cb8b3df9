using System.Net;
using Microsoft.Playwright;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Browser;

/// <summary>Calendars and policies under the hands of an administrator.</summary>
public sealed class ServiceLevelPageTests(Chromium chromium, Office office) : IClassFixture<Office>
{
    [Fact]
    public async Task A_calendar_shows_its_year_tries_a_time_and_gets_a_closed_day_after_a_preview()
    {
        var page = await chromium.SignedInAsync(office.Host, "admin");
        await page.GetByRole(AriaRole.Link, new() { Name = "Administration" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Calendars" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "England and Wales business hours" }).ClickAsync();

        await page.GotoAsync(new Uri(page.Url).AbsolutePath + "?year=2026&month=4");
        (await page.Locator("[aria-labelledby=holidays-title]").TextContentAsync())!.ShouldSatisfyAllConditions(
            t => t.ShouldContain("Good Friday"),
            t => t.ShouldContain("Fri 3 Apr 2026"),
            t => t.ShouldContain("Mon 6 Apr 2026")
        );
        (await page.GetByRole(AriaRole.Table, new() { Name = "April 2026" }).Locator("td.holiday").AllTextContentsAsync())
            .Select(t => t.Trim()[..1])
            .ShouldBe(["3", "6"]);
        (await page.Locator("#month p").Nth(2).TextContentAsync())!.ShouldSatisfyAllConditions(
            t => t.ShouldContain("closed"),
            t => t.ShouldContain("Good Friday")
        );

        // Thursday before Easter and two business days: Friday and Monday are closed.
        await page.GetByLabel("From", new() { Exact = true }).FillAsync("2026-04-02T10:00");
        await page.GetByLabel("For", new() { Exact = true }).FillAsync("2");
        await page.GetByLabel("Unit").SelectOptionAsync("businessDays");
        await page.Button("Calculate").ClickAsync();
        await page.GetByText("2 business days: due").WaitForAsync();
        (await page.Locator(".trial-due").TextContentAsync())!.ShouldContain("Wed 8 Apr 2026");
        (await page.Locator(".trial-result ol").TextContentAsync())!.ShouldContain("Good Friday");

        // An impossible value is refused with its position, and nothing is lost.
        var document = await page.Locator("#document").InputValueAsync();
        await page.Locator("#document").FillAsync(document.Replace("Europe/London", "Europe/Londom", StringComparison.Ordinal));
        await page.Button("Check and preview").ClickAsync();
        await page.GetByRole(AriaRole.Alert).GetByText("'Europe/Londom' is not a time zone of the IANA database").WaitForAsync();
        (await page.Locator("#document").InputValueAsync()).ShouldContain("Europe/Londom");
        await page.Locator("#document").FillAsync(document);

        await page.Locator("[name=dayName]").FillAsync("Stocktaking");
        await page.Locator("[name=dayDate]").FillAsync("2026-06-17");
        await page.Button("Add day").ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Preview of changes" }).WaitForAsync();
        (await page.Locator("[aria-labelledby=changes-title] tbody tr").AllTextContentsAsync())
            .ShouldHaveSingleItem()
            .ShouldSatisfyAllConditions(
                t => t.ShouldContain("Wed 17 Jun 2026"),
                t => t.ShouldContain("09:00–17:00"),
                t => t.ShouldContain("closed (Stocktaking)")
            );
        await page.PictureAsync("calendar-preview");
        await page.Button("Save as revision 2").ClickAsync();
        await page.GetByText("Revision 2, by admin").WaitForAsync();
        await page.GotoAsync(new Uri(page.Url).AbsolutePath + "?year=2026&month=6");
        (await page.Locator("#month p").Nth(16).TextContentAsync())!.ShouldContain("Stocktaking");
        await page.PictureAsync("calendar");
        await page.EndAsync();
    }

    [Fact]
    public async Task A_new_policy_version_changes_no_running_clock_until_it_is_previewed_and_computed_again()
    {
        var reference = office.NewReference("CLM");
        var id = await office.FrontOffice.OpenAsync(
            "claims",
            reference,
            new
            {
                jurisdiction = "US-CA",
                claimedAmount = 900,
                lossDescription = "Hail",
            }
        );
        var before = (string)(await office.Supervisor.TaskAsync(id, "acknowledge"))["dueAt"]!;
        var page = await chromium.SignedInAsync(office.Host, "admin");
        await page.GotoAsync("/administration/policies/claims-acknowledge-internal");

        await page.Locator("#document").FillAsync((await page.Locator("#document").InputValueAsync()).Replace("PT8H", "PT4H", StringComparison.Ordinal));
        await page.Button("Check and preview").ClickAsync();
        (await page.Locator("[aria-labelledby=changes-title]").TextContentAsync())!.ShouldSatisfyAllConditions(
            t => t.ShouldContain("8 h working time"),
            t => t.ShouldContain("4 h working time")
        );
        await page.Button("Save as revision 2").ClickAsync();
        await page.GetByText("Revision 2, by admin").WaitForAsync();
        ((string)(await office.Supervisor.TaskAsync(id, "acknowledge"))["dueAt"]!).ShouldBe(before);

        await page.Button("Preview").ClickAsync();
        var row = page.Locator("[aria-labelledby=recomputed-title] tbody tr", new() { HasText = reference });
        (await row.TextContentAsync())!.ShouldContain("policy 1 → 2");
        await page.PictureAsync("recompute");
        ((string)(await office.Supervisor.TaskAsync(id, "acknowledge"))["dueAt"]!).ShouldBe(before, "a preview changes nothing");
        await page.GetByLabel("Reason (recorded").FillAsync("We promised four hours.");
        await page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Recompute [0-9]") }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { NameRegex = new("recomputed$") }).WaitForAsync();

        string.CompareOrdinal((string)(await office.Supervisor.TaskAsync(id, "acknowledge"))["dueAt"]!, before).ShouldBeLessThan(0);
        (await office.Supervisor.HistoryAsync(id)).ShouldContain(e =>
            (string)e["action"]! == "sla.recomputed" && (string)e["payload"]!["reason"]! == "We promised four hours."
        );
        await page.EndAsync();
    }

    [Fact]
    public async Task A_new_policy_is_written_and_a_backward_one_is_tried_from_its_date()
    {
        var page = await chromium.SignedInAsync(office.Host, "admin");
        await page.GotoAsync("/administration/policies/new");
        await page.Locator("#document")
            .FillAsync((await page.Locator("#document").InputValueAsync()).Replace("\"24x7\"", "\"nowhere\"", StringComparison.Ordinal));
        await page.Button("Save as revision 1").ClickAsync();
        await page.GetByRole(AriaRole.Alert).GetByText("there is no calendar 'nowhere'").WaitForAsync();
        await page.Locator("#document")
            .FillAsync((await page.Locator("#document").InputValueAsync()).Replace("\"nowhere\"", "\"24x7\"", StringComparison.Ordinal));
        await page.Button("Save as revision 1").ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "My target" }).WaitForAsync();

        // 12 CFR 1026.19(f)(1)(ii): closing on Wednesday 19 March 2025, received by Saturday 15 March.
        await page.GotoAsync("/administration/policies/us-trid-closing-disclosure-received?start=2025-03-01T09:00&anchor=2025-03-19T12:00");
        (await page.Locator(".trial-due").TextContentAsync())!.ShouldContain("Sun 16 Mar 2025, 00:00");
        await page.EndAsync();
    }

    [Fact]
    public async Task Somebody_elses_version_is_not_overwritten_and_only_administrators_are_let_in()
    {
        var first = await chromium.SignedInAsync(office.Host, "admin");
        await first.GotoAsync("/administration/calendars/us-alaska");
        var second = await chromium.SignedInAsync(office.Host, "admin");
        await second.GotoAsync("/administration/calendars/us-alaska");
        await second
            .Locator("#document")
            .FillAsync((await second.Locator("#document").InputValueAsync()).Replace("\"name\": \"Alaska", "\"name\": \"The Alaska", StringComparison.Ordinal));
        await second.Button("Save as revision 2").ClickAsync();
        await second.GetByText("Revision 2, by admin").WaitForAsync();

        await first
            .Locator("#document")
            .FillAsync((await first.Locator("#document").InputValueAsync()).Replace("\"name\": \"Alaska", "\"name\": \"Mine", StringComparison.Ordinal));
        await first.Button("Save as revision 2").ClickAsync();
        await first.GetByText("Someone saved revision 2 while you were editing revision 1").WaitForAsync();
        (await first.Locator("#document").InputValueAsync()).ShouldContain("\"name\": \"Mine");
        await first.EndAsync();
        await second.EndAsync();

        foreach (var path in new[] { "/administration/calendars", "/administration/policies/claims-assess", "/administration/policies/new" })
            (await (await office.Host.BrowserAsync("supervisor")).GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.Forbidden, path);
    }
}
