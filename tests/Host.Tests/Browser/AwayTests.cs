using System.Net;
using Microsoft.Playwright;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Browser;

/// <summary>Out of office, from the menu to what the substitute sees.</summary>
public sealed class AwayTests(Chromium chromium, Office office) : IClassFixture<Office>
{
    [Fact]
    public async Task Somebody_plans_an_absence_in_two_clicks_and_the_substitute_takes_over()
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
        await office.Person("adjuster1").ClaimAsync(id, "acknowledge");
        var page = await chromium.SignedInAsync(office.Host, "adjuster1", "Europe/Berlin");
        await page.GetByLabel("Daniel Brandt, menu").ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Out of office" }).ClickAsync();

        await page.Button("Plan absence").ClickAsync();
        await page.Locator("#until-error").WaitForAsync();
        var back = office.Clock.GetCurrentInstant().Plus(NodaTime.Duration.FromDays(7)).ToDateTimeUtc();
        await page.GetByLabel("Until").FillAsync(back.ToString("yyyy-MM-ddTHH:mm", System.Globalization.CultureInfo.InvariantCulture));
        await page.GetByLabel("Substitute").SelectOptionAsync("frontoffice");
        await page.GetByLabel("Reason").FillAsync("Holiday");
        await page.PictureAsync("away");
        await page.Button("Plan absence").ClickAsync();
        await page.GetByText("You: covered by Mei Lindqvist").WaitForAsync();
        await page.GotoAsync("/");
        await page.GetByText("You're out of office until").WaitForAsync();

        var substitute = await chromium.SignedInAsync(office.Host, "frontoffice");
        await substitute.GetByRole(AriaRole.Button, new() { NameRegex = new("^Take over Acknowledge the claim") }).ClickAsync();
        await substitute.GetByText("Mei Lindqvist (you)").WaitForAsync();
        ((string)(await office.Supervisor.TaskAsync(id, "acknowledge"))["onBehalfOf"]!).ShouldBe("Daniel Brandt");
        await substitute.EndAsync();

        await page.GotoAsync("/away");
        await page.Button("End: absence of Daniel Brandt").ClickAsync();
        await page.GetByText("No one is out of office").WaitForAsync();
        await page.EndAsync();
    }

    [Fact]
    public async Task A_supervisor_plans_for_others_a_second_substitute_is_refused_and_nobody_else_may()
    {
        var page = await chromium.SignedInAsync(office.Host, "supervisor");
        await PlanAsync("adjuster2", "senior1");
        await page.GetByText("Sofia Rossi: covered by Helen Kowalski").WaitForAsync();
        await PlanAsync("adjuster2", "adjuster1");
        await page.GetByText("Helen Kowalski already covers part of that time").WaitForAsync();
        (await page.GetByLabel("Substitute").InputValueAsync()).ShouldBe("adjuster1", "what was chosen is kept");
        await page.EndAsync();

        var colleague = await office.Host.BrowserAsync("underwriter1");
        (
            await colleague.SubmitAsync(
                "/away",
                new()
                {
                    ["person"] = "adjuster1",
                    ["substitute"] = "adjuster2",
                    ["until"] = "2026-06-05T08:00:00Z",
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await colleague.GetStringAsync("/away")).ShouldNotContain("Sofia Rossi: covered by Helen");

        async Task PlanAsync(string away, string standsIn)
        {
            await page.GotoAsync("/away");
            await page.GetByLabel("Person").SelectOptionAsync(away);
            await page.GetByLabel("Until").FillAsync("2026-06-05T08:00");
            await page.GetByLabel("Substitute").SelectOptionAsync(standsIn);
            await page.Button("Plan absence").ClickAsync();
        }
    }
}
