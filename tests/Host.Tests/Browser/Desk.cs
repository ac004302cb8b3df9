using Microsoft.Playwright;
using Orchestration.Host.Startup;

namespace Orchestration.Host.Tests.Browser;

/// <summary>The work UI in a browser, as an employee has it open.</summary>
public static class Desk
{
    /// <summary>Signs in, goes to My work, claims the open task of that title and completes it.</summary>
    public static async Task CompleteAsync(Chromium chromium, HostApp app, string userName, string title, string outcome)
    {
        app.StartServer();
        var page = await chromium.NewPageAsync(app.ClientOptions.BaseAddress.ToString());
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("User name").FillAsync(userName);
        await page.GetByLabel("Password").FillAsync(FirstStart.DemoPassword);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await page.WaitForURLAsync(url => !url.EndsWith("/sign-in", StringComparison.Ordinal));
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Button, new() { NameRegex = new($"^Claim {title}(,|$)") }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = outcome, Exact = true }).ClickAsync();
        await page.GetByText($"{title}: {outcome}").Or(page.Locator(".toast")).First.WaitForAsync();
        await page.EndAsync();
    }
}
