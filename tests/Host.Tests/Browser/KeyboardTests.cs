using Microsoft.Playwright;
using NodaTime;
using Orchestration.Host.Tests.Pages;

namespace Orchestration.Host.Tests.Browser;

public sealed class KeyboardTests(Chromium chromium)
{
    [Fact]
    public async Task A_day_goes_by_keys_with_the_list_beside_the_task()
    {
        await using var world = await PageWorld.CreateAsync();
        var tasks = new List<string>();
        foreach (var reference in new[] { "REF-1", "REF-2", "REF-3" })
        {
            tasks.Add(await world.OpenTaskAsync(await world.StartAsync(reference)));
            world.App.Clock.Advance(Duration.FromMinutes(1));
        }

        var page = await chromium.SignedInAsync(world.App, "adjuster1");
        await page.SetViewportSizeAsync(1600, 900);

        // Letters move in the list, but not while someone types.
        await page.GetByLabel("Filter my work").PressSequentiallyAsync("jc?");
        (await page.GetByLabel("Filter my work").InputValueAsync()).ShouldBe("jc?");
        await page.GetByLabel("Filter my work").FillAsync("");
        await page.Locator("#work .row-item").Nth(2).WaitForAsync();
        await page.Locator("h1").ClickAsync();
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("k");
        (await FocusedAsync()).ShouldBe(tasks[1]);

        // The task opens with the list beside it; another one takes its place without a new page, and going back works.
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync($"**{tasks[1]}");
        await page.Locator("#beside .row-item").Nth(2).WaitForAsync();
        await page.EvaluateAsync("window.same = true");
        await page.Keyboard.PressAsync("j");
        (await FocusedAsync()).ShouldBe(tasks[0]);
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync($"**{tasks[0]}");
        await page.Locator($"#beside a[aria-current=page][href='{tasks[0]}']").WaitForAsync();
        (await page.EvaluateAsync<bool>("window.same")).ShouldBeTrue();
        await page.Locator("#main", new() { HasText = "REF-1" }).WaitForAsync();
        await page.PictureAsync("beside");
        await page.GoBackAsync();
        await page.Locator("#main .lead-line", new() { HasText = "REF-2" }).WaitForAsync();

        // A key claims, others go elsewhere.
        await page.Keyboard.PressAsync("c");
        await page.GetByRole(AriaRole.Button, new() { Name = "Release" }).WaitForAsync();
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("w");
        await page.GetByRole(AriaRole.Heading, new() { Name = "My work", Exact = true }).WaitForAsync();

        // Help and commands.
        await page.Keyboard.PressAsync("?");
        var help = page.GetByRole(AriaRole.Dialog, new() { Name = "Keyboard shortcuts" });
        await help.WaitForAsync();
        await page.PictureAsync("keys");
        await page.Keyboard.PressAsync("Escape");
        await help.WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        await page.Keyboard.PressAsync("Control+k");
        await page.GetByRole(AriaRole.Option, new() { Name = "Take next task" }).WaitForAsync();
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Find a customer" }).FillAsync("REF-3");
        await page.GetByRole(AriaRole.Option, new() { Name = "REF-3 Marta Novak" }).WaitForAsync();
        await page.PictureAsync("commands");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "REF-3" }).WaitForAsync();

        // One key takes the next task from anywhere: the one that is due first.
        await page.Keyboard.PressAsync("n");
        await page.WaitForURLAsync($"**{tasks[0]}");
        await page.Context.CloseAsync();

        Task<string> FocusedAsync() => page.EvaluateAsync<string>("document.activeElement.pathname");
    }

    [Fact]
    public async Task A_known_customer_is_found_while_typing_and_taken_with_the_keyboard()
    {
        await using var world = await PageWorld.CreateAsync();
        await world.StartAsync("REF-1", "Marta Novak");
        var page = await chromium.SignedInAsync(world.App, "frontoffice");
        await page.GotoAsync("/start/walk");
        var (name, list) = (page.Locator("#customer-name"), page.GetByRole(AriaRole.Listbox, new() { Name = "Known customers" }));

        await name.PressSequentiallyAsync("nov");
        await list.GetByRole(AriaRole.Option).WaitForAsync();
        await page.PictureAsync("start-customer");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(list).ToBeHiddenAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        (await name.GetAttributeAsync("aria-activedescendant")).ShouldBe("customer-0");
        await page.Keyboard.PressAsync("Enter");
        (await name.InputValueAsync()).ShouldBe("Marta Novak");
        (await page.Locator("#customer-id").InputValueAsync()).ShouldBe("C-1");

        // With the list closed, Enter sends the form.
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "WALK-2026-000001" }).WaitForAsync();
        await page.Context.CloseAsync();
    }
}
