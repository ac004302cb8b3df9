using System.Net.Http.Json;
using Microsoft.Playwright;
using Orchestration.Host.Tests.Pages;

namespace Orchestration.Host.Tests.Browser;

/// <summary>Deadlines as people read them. With <c>ORCHESTRATION_SCREENSHOTS</c> set to a folder, pictures of the pages are kept there.</summary>
public sealed class DeadlineTests(Chromium chromium)
{
    private const string Now = "2026-06-01T05:00:00Z";

    [Theory]
    [InlineData("2026-06-02T21:00:00Z", "tomorrow, 21:00", "40 hours ahead, over one night")]
    [InlineData("2026-06-02T05:00:00Z", "tomorrow, 05:00", "24 hours ahead")]
    [InlineData("2026-06-03T00:30:00Z", "in 2 days", "44 hours ahead, over two nights")]
    [InlineData("2026-06-01T23:59:00Z", "in 19 hours", "today")]
    [InlineData("2026-06-01T05:59:45Z", "in 1 hour", "and not in 60 minutes")]
    [InlineData("2026-06-01T05:25:00Z", "in 25 minutes", "")]
    [InlineData("2026-06-01T05:00:10Z", "in a moment", "")]
    [InlineData("2026-05-31T23:20:00Z", "6 hours ago", "half a night ago")]
    [InlineData("2026-05-31T09:00:00Z", "yesterday, 09:00", "20 hours ago")]
    [InlineData("2026-05-29T23:00:00Z", "3 days ago", "54 hours ago, over three nights")]
    [InlineData("2026-06-10T05:00:00Z", "in 9 days", "")]
    [InlineData("2026-06-22T05:00:00Z", "in 3 weeks", "")]
    [InlineData("2026-12-01T05:00:00Z", "in 6 months", "")]
    public async Task Times_are_told_as_people_tell_them(string at, string told, string why) => (await ToldAsync("UTC", "en-GB", at)).ShouldBe(told, why);

    [Theory]
    [InlineData("America/New_York", "2026-06-02T03:30:00Z", "in 23 hours", "05:00 is 01:00 there, and it is still the same day")]
    [InlineData("Australia/Sydney", "2026-06-01T14:30:00Z", "tomorrow, 00:30", "05:00 is 15:00 there, so the day ends in nine hours")]
    public async Task Days_are_those_of_the_reader(string zone, string at, string told, string why) => (await ToldAsync(zone, "en-GB", at)).ShouldBe(told, why);

    [Fact]
    public async Task An_hour_is_told_as_the_language_tells_it() => (await ToldAsync("UTC", "en-US", "2026-06-02T21:00:00Z")).ShouldBe("tomorrow, 9 pm");

    [Fact]
    public async Task A_missed_deadline_of_the_law_is_seen_wherever_the_case_is()
    {
        await using var world = await PageWorld.CreateAsync();
        await world.StartAsync("REF-1");
        var api = await world.App.ApiAsync("frontoffice");
        foreach (var (reference, days) in new[] { ("CMP-1", 59), ("CMP-2", 45) })
        {
            var received = world.App.Clock.GetCurrentInstant().InUtc().Date.PlusDays(-days);
            (
                await api.PostAsJsonAsync(
                    "/api/cases",
                    new
                    {
                        journey = "complaint",
                        reference,
                        customer = new { id = "C-7", name = "Lena Fischer" },
                        input = new { subject = "Nobody called back", receivedOn = NodaTime.Text.LocalDatePattern.Iso.Format(received) },
                    }
                )
            ).EnsureSuccessStatusCode();
        }

        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            var page = await chromium.NewPageAsync(world.App.ClientOptions.BaseAddress.ToString(), "Europe/London", scheme: scheme);
            await page.Clock.SetFixedTimeAsync(world.App.Clock.GetCurrentInstant().ToDateTimeUtc());
            await page.GotoAsync("/");
            await page.GetByLabel("User name").FillAsync("supervisor");
            await page.GetByLabel("Password").FillAsync("demo");
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
            foreach (var (width, height) in new[] { (1280, 900), (390, 844) })
            {
                await page.SetViewportSizeAsync(width, height);
                foreach (var address in new[] { "/team", "/front-office", "/cases", "/cases?q=cmp-1" })
                {
                    await page.GotoAsync(address);
                    var overdue = page.Locator("#main .sla-breached").First;
                    (await overdue.InnerTextAsync()).ShouldContain("Overdue");
                    await PictureAsync(page, $"{address.Trim('/').Replace('?', '-').Replace('=', '-')}-{scheme}-{width}");
                }

                await page.GetByRole(AriaRole.Link, new() { Name = "CMP-1", Exact = true }).ClickAsync();
                await page.GetByRole(AriaRole.Heading, new() { Name = "Deadlines" }).WaitForAsync();
                await PictureAsync(page, $"case-{scheme}-{width}");
                await page.GetByRole(AriaRole.Link, new() { Name = "Acknowledge and triage" }).First.ClickAsync();
                await page.GetByRole(AriaRole.Heading, new() { Name = "Deadline of the case" }).WaitForAsync();
                await PictureAsync(page, $"task-{scheme}-{width}");
            }

            await page.EndAsync();
        }
    }

    /// <summary>What the script makes of an instant on a page of someone who reads at five in the morning, UTC.</summary>
    private async Task<string> ToldAsync(string zone, string locale, string at)
    {
        var page = await chromium.NewPageAsync(timeZone: zone, locale: locale);
        await page.Clock.SetFixedTimeAsync(Now);
        await page.SetContentAsync($"<div id=\"toasts\"></div><time datetime=\"{at}\" data-moment=\"relative\"></time>");
        await page.AddScriptTagAsync(new() { Content = await File.ReadAllTextAsync(Orchestration.Testing.Repository.Path("src/Host/wwwroot/app.js")) });
        var told = await page.Locator("time").TextContentAsync();
        await page.EndAsync();
        return told!;
    }

    private static async Task PictureAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("ORCHESTRATION_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), FullPage = true });
    }
}
