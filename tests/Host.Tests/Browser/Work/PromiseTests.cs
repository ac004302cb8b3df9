using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using NodaTime;
using Orchestration.Host.Tests.Pages;
using Orchestration.Workflows.Escalation;

namespace Orchestration.Host.Tests.Browser.Work;

public sealed class PromiseTests(Chromium chromium)
{
    [Fact]
    public async Task A_promise_says_its_odds_is_called_to_mind_before_it_breaks_and_is_settled_from_home()
    {
        await using var world = await PageWorld.CreateAsync();
        var id = await world.StartAsync();
        var (api, now) = (await world.App.ApiAsync("frontoffice"), world.App.Clock.GetCurrentInstant());
        for (var i = 0; i < 10; i++)
        {
            var made = await api.PostAsJsonAsync($"/api/cases/{id}/promises", new { what = $"Call {i}", dueAt = $"{now + Duration.FromHours(2)}" });
            var clock = made.Headers.Location!.OriginalString.Split('/')[^1];
            (await api.PostAsJsonAsync($"/api/cases/{id}/promises/{clock}/settle", new { outcome = "Kept" })).EnsureSuccessStatusCode();
        }

        var page = await chromium.SignedInAsync(world.App, "frontoffice");
        await page.GotoAsync($"/cases/{id:N}");
        await page.GetByText("Record a promise …").ClickAsync();
        await page.Locator("#promise-what").FillAsync("Call back about the cover");
        var due = now + Duration.FromHours(30);
        await page.Locator("#promise-step").SelectOptionAsync("");
        await page.Locator("#promise-dueAt").FillAsync(due.InUtc().LocalDateTime.ToString("uuuu-MM-dd'T'HH:mm", null));
        await page.Locator("#promise-what").FocusAsync();
        await Assertions.Expect(page.Locator("#promise-odds")).ToContainTextAsync("95% likely to be kept.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Record promise" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-promise]").First).ToContainTextAsync("Call back about the cover");

        // Not yet on the home page; when three quarters of its time have passed, it is, and the front office was told.
        await page.GotoAsync("/front-office");
        await Assertions.Expect(page.GetByText("Call back about the cover")).ToHaveCountAsync(0);
        world.App.Clock.Advance(Duration.FromHours(24));
        await world.App.Services.GetRequiredService<Escalate>().SweepAsync(1000);
        await page.EndAsync();
        page = await chromium.SignedInAsync(world.App, "frontoffice");
        await page.GotoAsync("/notifications");
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Call back about the cover");
        await page.GotoAsync("/front-office");
        var row = page.Locator("[data-promise]", new() { HasText = "Call back about the cover" });
        await row.GetByRole(AriaRole.Button, new() { Name = "Kept" }).ClickAsync();
        await page.WaitForURLAsync("**/front-office");
        await Assertions.Expect(row).ToHaveCountAsync(0);
        await page.GotoAsync("/promises?state=Kept");
        await Assertions.Expect(page.Locator("[data-promise]")).ToHaveCountAsync(11);
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("said 95%");
        await page.EndAsync();
    }
}
