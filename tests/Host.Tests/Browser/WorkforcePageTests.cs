using Microsoft.Playwright;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Browser;

/// <summary>Presence in the top bar and on the team's page, the shift plan, people and their skills.</summary>
public sealed class WorkforcePageTests(Chromium chromium, Office office) : IClassFixture<Office>
{
    [Theory]
    [InlineData(ColorScheme.Light, "adjuster2", "Sofia Rossi")]
    [InlineData(ColorScheme.Dark, "adjuster1", "Daniel Brandt")]
    public async Task A_person_sets_their_presence_by_key_and_the_team_page_follows_at_once(ColorScheme scheme, string user, string name)
    {
        var look = $"workforce-{scheme}".ToLowerInvariant();
        var lead = await chromium.SignedInAsync(office.Host, "supervisor", scheme: scheme);
        await lead.GotoAsync("/team?key=claims-adjusting");
        var row = lead.Locator(".team-person", new() { HasText = name });
        await row.GetByText("Off shift").First.WaitForAsync();

        var worker = await chromium.SignedInAsync(office.Host, user, scheme: scheme);
        var chip = worker.Locator("#presence summary");
        await chip.GetByText("Off shift").WaitForAsync();
        await worker.Keyboard.PressAsync("p");
        await worker.PictureAsync($"{look}-menu");
        await worker.Keyboard.PressAsync("Enter");
        await chip.GetByText("Available").WaitForAsync();
        await row.Locator(".presence-line").GetByText("Available").WaitForAsync();

        // A second page of the same person follows; a reason of their own is typed.
        var second = await worker.Context.NewPageAsync();
        await second.GotoAsync(office.Host.ClientOptions.BaseAddress.ToString());
        await second.Locator("#presence summary").GetByText("Available").WaitForAsync();
        await second.BringToFrontAsync();
        await second.Locator("#presence summary").ClickAsync();
        await second.GetByLabel("Away for something else").FillAsync("Fire drill");
        await second.Keyboard.PressAsync("Enter");
        await row.GetByText("Away: Fire drill").WaitForAsync();
        await worker.BringToFrontAsync();
        await chip.GetByText("Fire drill").WaitForAsync();

        // The lead sets it; the worker is told.
        await row.GetByLabel($"Presence of {name}").SelectOptionAsync("Available:");
        await row.Locator(".presence-line").GetByText("Available").WaitForAsync();
        await chip.GetByText("Available").WaitForAsync();
        await lead.PictureAsync($"{look}-team");
        await worker.EndAsync();
        await lead.EndAsync();
    }

    [Fact]
    public async Task The_matrix_shows_levels_and_expiry_and_the_plan_takes_and_loses_a_shift()
    {
        var page = await chromium.SignedInAsync(office.Host, "supervisor");
        await page.GotoAsync("/skills?team=mortgage-underwriting");
        await page.GetByRole(AriaRole.Columnheader, new() { Name = "FHA underwriting" }).WaitForAsync();
        await page.GetByText("until 1 Jan 2028").WaitForAsync();

        await page.GotoAsync("/shifts?team=mortgage-underwriting&week=2026-06-08");
        await page.GetByLabel("Day").FillAsync("2026-06-10");
        await page.Button("Add shift").ClickAsync();
        await page.GetByText("1 shift planned.").WaitForAsync();
        await page.GetByText("08:00–16:30").WaitForAsync();
        await page.GetByLabel("Day").FillAsync("2026-06-10");
        await page.Button("Add shift").ClickAsync();
        await page.GetByText("The plan is up to date.").WaitForAsync();
        await page.GetByLabel("From").FillAsync("15:00");
        await page.GetByLabel("Until").FillAsync("18:00");
        await page.GetByLabel("Day").FillAsync("2026-06-10");
        await page.Button("Add shift").ClickAsync();
        await page.GetByText("The shift overlaps another one of the same person.").WaitForAsync();
        (await page.GetByLabel("From").InputValueAsync()).ShouldBe("15:00", "what was typed is kept");
        await page.PictureAsync("workforce-shifts");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove Aisha Bello's shift on Wed 10, 08:00" }).ClickAsync();
        await page.GetByText("08:00–16:30").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await page.EndAsync();
    }
}
