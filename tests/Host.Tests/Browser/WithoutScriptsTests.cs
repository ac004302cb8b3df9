using Microsoft.Playwright;
using Orchestration.Host.Tests.Pages;

namespace Orchestration.Host.Tests.Browser;

/// <summary>Scripts make pages smoother; a step can be done without them.</summary>
public sealed class WithoutScriptsTests(Chromium chromium)
{
    [Fact]
    public async Task A_step_is_claimed_filled_in_kept_refused_and_completed_with_scripts_switched_off()
    {
        await using var world = await PageWorld.CreateAsync();
        await world.StartAsync("CLM-1");
        var page = await chromium.NewPageAsync(world.App.ClientOptions.BaseAddress.ToString(), scripts: false);

        await page.GotoAsync("/");
        await page.GetByLabel("User name").FillAsync("adjuster1");
        await page.GetByLabel("Password").FillAsync("demo");
        await page.Button("Sign in").ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "My work", Exact = true }).WaitForAsync();
        await page.PictureAsync("no-scripts-work");

        await page.Button("Claim Check the loss, CLM-1").ClickAsync();
        await page.GetByLabel("Amount").FillAsync("1,250.50");
        await page.GetByLabel("Water").CheckAsync();
        await page.Locator("[name='items[0].name']").FillAsync("Sofa");
        await page.PictureAsync("no-scripts-task");

        // Enter keeps what was typed and sends nothing.
        await page.GetByLabel("Amount").PressAsync("Enter");
        await page.GetByRole(AriaRole.Link, new() { Name = "My work" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { NameRegex = new("^Check the loss") }).ClickAsync();
        (await page.Locator("[name='items[0].name']").InputValueAsync()).ShouldBe("Sofa");

        // A refusal gives the reason and loses nothing.
        await page.Button("Need info").ClickAsync();
        await page.GetByRole(AriaRole.Alert).GetByRole(AriaRole.Link, new() { Name = "Note" }).WaitForAsync();
        (await page.Locator("[name='items[0].name']").InputValueAsync()).ShouldBe("Sofa");
        await page.PictureAsync("no-scripts-refused");

        await page.Button("Approve").ClickAsync();
        await page.GetByText("Next in CLM-1: Sign it (Claims adjusting).").WaitForAsync();

        await page.Locator(".top details.menu > summary").ClickAsync();
        await page.Button("Sign out").ClickAsync();
        await page.Button("Sign in").WaitForAsync();
        await page.GotoAsync("/cases");
        await page.Button("Sign in").WaitForAsync();
        await page.EndAsync();
    }
}
