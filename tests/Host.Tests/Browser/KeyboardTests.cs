using Microsoft.Playwright;
using NodaTime;
using Orchestration.Host.Startup;
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

        // At the end of a long page the navigation, the search and the list are still there.
        await page.SetViewportSizeAsync(1600, 400);
        await page.EvaluateAsync("window.scrollTo(0, document.documentElement.scrollHeight)");
        (await page.EvaluateAsync<double>("window.scrollY")).ShouldBeGreaterThan(100);
        foreach (var part in new[] { ".side", ".top", "#beside" })
            (await page.Locator(part).First.EvaluateAsync<double>("e => e.getBoundingClientRect().top")).ShouldBeInRange(-1, 60, part);
        await page.SetViewportSizeAsync(1600, 900);
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
        await page.EndAsync();

        Task<string> FocusedAsync() => page.EvaluateAsync<string>("document.activeElement.pathname");
    }

    /// <summary>The main path of an employee, as docs/walkthrough.md counts it: what is typed into fields doesn't count, everything else does.</summary>
    [Fact]
    public async Task A_task_takes_two_clicks_or_four_keys_from_one_to_the_next()
    {
        const string Form = """
            { "type": "object", "title": "The check", "properties": { "amount": { "type": "number", "title": "Amount" } }, "required": ["amount"] }
            """;
        await using var world = await PageWorld.CreateAsync(form: Form);
        for (var i = 1; i <= 4; i++)
        {
            await world.StartAsync($"REF-{i}");
            world.App.Clock.Advance(Duration.FromMinutes(1));
        }

        var page = await chromium.NewPageAsync(world.App.ClientOptions.BaseAddress.ToString());
        var (clicks, keys) = (0, 0);
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("User name").FillAsync("adjuster1");
        await page.GetByLabel("Password").FillAsync(FirstStart.DemoPassword);
        await ClickAsync("Sign in");
        for (var i = 1; i <= 2; i++)
        {
            await ClickAsync("Take next task");
            await page.Locator("#main .lead-line", new() { HasText = $"REF-{i}" }).WaitForAsync();
            await page.GetByLabel("Amount").FillAsync("10");
            await ClickAsync("Approve");
            await page.GetByRole(AriaRole.Heading, new() { Name = "My work", Exact = true }).WaitForAsync();
            clicks.ShouldBe(1 + 2 * i);
        }

        for (var i = 3; i <= 4; i++)
        {
            await PressAsync("n");
            await page.Locator("#main .lead-line", new() { HasText = $"REF-{i}" }).WaitForAsync();
            await PressAsync("e");
            await page.Keyboard.TypeAsync("10");
            await PressAsync("Tab");
            await PressAsync("Enter");
            await page.GetByRole(AriaRole.Heading, new() { Name = "My work", Exact = true }).WaitForAsync();
            keys.ShouldBe(4 * (i - 2));
        }

        clicks.ShouldBe(5);
        await page.EndAsync();

        Task ClickAsync(string button)
        {
            clicks++;
            return page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();
        }

        Task PressAsync(string key)
        {
            keys++;
            return page.Keyboard.PressAsync(key);
        }
    }

    [Fact]
    public async Task A_known_customer_is_found_while_typing_and_taken_with_the_keyboard()
    {
        await using var world = await PageWorld.CreateAsync();
        await world.StartAsync("REF-1", "Marta Novak");
        var page = await chromium.SignedInAsync(world.App, "frontoffice");
        await page.GotoAsync("/start/walk");
        var (name, list) = (page.Locator("#customer-name"), page.GetByRole(AriaRole.Listbox, new() { Name = "Known customers" }));

        // What is missing is listed, and each entry leads to its field.
        await page.Locator("#customer-id").PressAsync("Enter");
        var errors = page.GetByRole(AriaRole.Alert);
        await Assertions.Expect(errors).ToBeFocusedAsync();
        (await errors.Locator("strong").InnerTextAsync()).ShouldBe("2 fields need your attention");
        foreach (var (label, field) in new[] { ("Customer number", "#customer-id"), ("Customer", "#customer-name") })
        {
            await errors.GetByRole(AriaRole.Link, new() { Name = label, Exact = true }).PressAsync("Enter");
            await Assertions.Expect(page.Locator(field)).ToBeFocusedAsync();
            (await page.Locator(field).GetAttributeAsync("aria-invalid")).ShouldBe("true");
        }

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
        await page.EndAsync();
    }
}
