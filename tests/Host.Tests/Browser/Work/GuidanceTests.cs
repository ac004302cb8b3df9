using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Orchestration.Host.Tests.Pages;

namespace Orchestration.Host.Tests.Browser.Work;

public sealed class GuidanceTests(Chromium chromium)
{
    [Fact]
    public async Task An_article_opens_beside_the_task_with_one_click_and_is_shared_with_two()
    {
        await using var world = await PageWorld.CreateAsync();
        var (writer, lead) = (await world.App.ApiAsync("adjuster1"), await world.App.ApiAsync("senior1"));
        foreach (var title in new[] { "First thing", "Second thing" })
        {
            var article = new
            {
                title,
                body = $"Read the {title.ToLowerInvariant()}.",
                audience = "Customer",
                pins = new[] { "walk/check" },
            };
            var added = await writer.PostAsJsonAsync("/api/guidance", new { team = "claims-adjusting", article });
            var id = (string)(await added.Content.ReadFromJsonAsync<JsonObject>())!["id"]!;
            await writer.PostAsJsonAsync($"/api/guidance/{id}/submit", new { revision = 1 });
            (await lead.PostAsJsonAsync($"/api/guidance/{id}/approve", new { revision = 2 })).EnsureSuccessStatusCode();
        }

        var task = await world.OpenTaskAsync(await world.StartAsync());
        var page = await chromium.SignedInAsync(world.App, "adjuster1");
        await page.GotoAsync(task);
        var panel = page.Locator("#guidance");
        await panel.GetByText("Second thing").ClickAsync();
        await panel.Locator(".prose", new() { HasText = "Read the second thing." }).WaitForAsync();
        await panel.GetByRole(AriaRole.Button, new() { Name = "Share with a customer" }).ClickAsync();
        (await panel.GetByLabel("Link for customers").InputValueAsync()).ShouldContain("/g/");
        await panel.GetByRole(AriaRole.Button, new() { Name = "This helped" }).ClickAsync();
        await panel.GetByText("Thanks, that counts.").WaitForAsync();

        await panel.GetByLabel("Search guidance").First.FillAsync("scaffold");
        await panel.GetByLabel("Search guidance").First.PressAsync("Enter");
        await panel.GetByLabel("Your question").WaitForAsync();
        (await panel.GetByLabel("Your question").InputValueAsync()).ShouldBe("scaffold");
        await panel.GetByRole(AriaRole.Button, new() { Name = "Ask" }).ClickAsync();
        await panel.Locator("#guidance-found .guide-said").WaitForAsync();

        var figures = (await writer.GetFromJsonAsync<JsonObject>("/api/guidance/figures"))!;
        ((int)figures["uses"]!["Opened"]!, (int)figures["uses"]!["Helped"]!, (int)figures["uses"]!["Shared"]!).ShouldBe((1, 1, 1));
        ((double)figures["clicks"]![0]!["mean"]!).ShouldBe(1);
        ((string)figures["misses"]![0]!["question"]!).ShouldBe("scaffold");
        await page.EndAsync();
    }
}
