using Microsoft.Playwright;
using Orchestration.Host.Tests.Pages;

namespace Orchestration.Host.Tests.Browser;

/// <summary>A day's work in a real browser. With <c>ORCHESTRATION_SCREENSHOTS</c> set to a folder, pictures of the pages are kept there.</summary>
public sealed class WorkTests(Chromium chromium)
{
    [Fact]
    public async Task A_person_signs_in_claims_fills_the_form_completes_and_sees_the_next_step()
    {
        await using var world = await PageWorld.CreateAsync();
        await world.StartAsync("CLM-2026-000123", "Marta Novak");
        var page = await chromium.NewPageAsync(world.App.ClientOptions.BaseAddress.ToString());

        await page.GotoAsync("/");
        await page.GetByLabel("User name").FillAsync("adjuster1");
        await page.GetByLabel("Password").FillAsync("demo");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await PictureAsync(page, "my-work");

        await page.GetByRole(AriaRole.Button, new() { Name = "Claim Check the loss, CLM-2026-000123" }).ClickAsync();
        await page.GetByLabel("Amount").FillAsync("12400.50");
        await page.GetByLabel("Water").CheckAsync();
        await page.Locator("[name='items[0].name']").FillAsync("Sofa");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        await page.RunAndWaitForResponseAsync(
            () => page.Locator("[name='items[1].name']").FillAsync("Carpet"),
            answer => answer.Url.EndsWith("/draft", StringComparison.Ordinal) && answer.Request.PostData!.Contains("Carpet", StringComparison.Ordinal)
        );
        await page.GetByText("Draft saved").WaitForAsync();
        await PictureAsync(page, "task");

        // What was typed is still there after coming back.
        await page.ReloadAsync();
        (await page.Locator("[name='items[1].name']").InputValueAsync()).ShouldBe("Carpet");

        await page.GetByRole(AriaRole.Button, new() { Name = "Need info" }).ClickAsync();
        await page.GetByRole(AriaRole.Alert).GetByRole(AriaRole.Link, new() { Name = "Note" }).ClickAsync();
        (await page.EvaluateAsync<string>("document.activeElement.id")).ShouldBe("f-note");
        await PictureAsync(page, "task-refused");

        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await page.GetByText("Next in CLM-2026-000123: Sign it (Claims adjusting).").WaitForAsync();

        await page.GotoAsync("/cases");
        await page.GetByRole(AriaRole.Link, new() { Name = "CLM-2026-000123" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Open tasks" }).WaitForAsync();
        (await page.Locator("[aria-labelledby=open-title]").TextContentAsync())!.ShouldContain("Sign it");
        await PictureAsync(page, "case");
        await page.EndAsync();
    }

    [Fact]
    public async Task What_somebody_else_claims_leaves_the_list_by_itself()
    {
        await using var world = await PageWorld.CreateAsync();
        var task = await world.OpenTaskAsync(await world.StartAsync("CLM-1"));
        var page = await chromium.NewPageAsync(world.App.ClientOptions.BaseAddress.ToString());
        await page.GotoAsync("/");
        await page.GetByLabel("User name").FillAsync("adjuster2");
        await page.GetByLabel("Password").FillAsync("demo");
        var listening = page.WaitForRequestAsync("**/live");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await (await listening).ResponseAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Claim Check the loss, CLM-1" }).WaitForAsync();

        await world.ClaimedByAsync("adjuster1", task);

        await page.GetByText("No tasks available").WaitForAsync();
        await page.EndAsync();
    }

    private static async Task PictureAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("ORCHESTRATION_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), FullPage = true });
    }
}
