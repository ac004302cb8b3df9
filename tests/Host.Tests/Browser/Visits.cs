using Microsoft.Playwright;

namespace Orchestration.Host.Tests.Browser;

/// <summary>What tests in a browser share.</summary>
internal static class Visits
{
    /// <summary>A page of a demo person who signed in through the form.</summary>
    public static async Task<IPage> SignedInAsync(
        this Chromium chromium,
        HostApp app,
        string userName,
        string timeZone = "UTC",
        ColorScheme scheme = ColorScheme.Light
    )
    {
        app.StartServer();
        var page = await chromium.NewPageAsync(app.ClientOptions.BaseAddress.ToString(), timeZone, scheme: scheme);

        // Not every role's home is My work.
        await page.GotoAsync("/?q=");
        await page.GetByLabel("User name").FillAsync(userName);
        await page.GetByLabel("Password").FillAsync("demo");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "My work", Exact = true }).WaitForAsync();
        return page;
    }

    /// <summary>Closes a page and all of its context.</summary>
    public static async Task EndAsync(this IPage page)
    {
        try
        {
            await page.Context.CloseAsync().WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (TimeoutException)
        {
            // Of a page that is still loading Chromium may never say that it is closed. The end of the browser closes it, too.
        }
    }

    public static ILocator Button(this IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    /// <summary>Keeps a picture when <c>ORCHESTRATION_SCREENSHOTS</c> names a folder.</summary>
    public static async Task PictureAsync(this IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("ORCHESTRATION_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), FullPage = true });
    }
}
