using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Orchestration.Host.Tests.Pages;

namespace Orchestration.Host.Tests.Browser.Work;

public sealed class FrontOfficeTests(Chromium chromium, ITestOutputHelper output)
{
    [Fact]
    public async Task A_call_is_answered_recorded_and_a_call_back_promised_with_few_keys_and_clicks()
    {
        await using var world = await PageWorld.CreateAsync();
        await world.StartAsync("REF-1", "Marta Novak");
        var page = await chromium.SignedInAsync(world.App, "frontoffice");
        await page.GotoAsync("/front-office");
        var (keys, clicks) = (0, 0);

        // Home has the search first. The name is misspelt; Enter opens the first that is found.
        await Assertions.Expect(page.Locator("#front-search")).ToBeFocusedAsync();
        await page.Locator("#front-search").PressSequentiallyAsync("nowack");
        await page.GetByRole(AriaRole.Option, new() { Name = "Marta Novak" }).First.WaitForAsync();
        await Assertions.Expect(page.Locator("#front-search")).ToHaveAttributeAsync("aria-activedescendant", "front-0");
        await page.Keyboard.PressAsync("Enter");
        keys++;

        // Where the case is needs no click.
        await page.GetByRole(AriaRole.Heading, new() { Name = "Marta Novak" }).WaitForAsync();
        var row = page.Locator("[data-case]").First;
        (await row.InnerTextAsync()).ShouldContain("Next: Check the loss");
        (await row.BoundingBoxAsync())!.Y.ShouldBeLessThan(page.ViewportSize!.Height);

        // The call is recorded with one click: what is usual is chosen already.
        await ClickAsync(page.GetByRole(AriaRole.Button, new() { Name = "Record contact" }));
        await page.GetByText("Contact recorded").WaitForAsync();
        clicks.ShouldBeLessThanOrEqualTo(2);
        await page.GetByText("Call from the customer: question answered").WaitForAsync();

        // And a call-back with three more.
        await ClickAsync(page.GetByText("Promise something …"));
        await page.Locator("#contact-dueAt").FillAsync("2031-05-01T10:00");
        await ClickAsync(page.GetByRole(AriaRole.Button, new() { Name = "Record contact" }));
        await page.GetByText("Contact and promise recorded").WaitForAsync();
        (await page.Locator("#promises").InnerTextAsync()).ShouldContain("Call back");
        output.WriteLine($"{keys} key after the name, {clicks} clicks");
        (keys, clicks).ShouldBe((1, 3));

        // The same search from any page by one key.
        await page.GotoAsync("/cases");
        await page.Keyboard.PressAsync("/");
        await page.Locator("#command").PressSequentiallyAsync("nowack");

        // The list of the letters before may begin with the case.
        await Assertions.Expect(page.Locator("#command-list [role=option]").First).ToHaveAttributeAsync("href", new Regex("^/customers/"));
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Marta Novak" }).WaitForAsync();
        await page.EndAsync();

        Task ClickAsync(ILocator what)
        {
            clicks++;
            return what.ClickAsync();
        }
    }
}
