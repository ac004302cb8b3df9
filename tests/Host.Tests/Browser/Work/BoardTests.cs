using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Orchestration.Host.Tests.Pages;

namespace Orchestration.Host.Tests.Browser.Work;

/// <summary>A lead at the board: it follows what happens elsewhere, and tasks are given out by dragging and by key.</summary>
public sealed class BoardTests(Chromium chromium)
{
    [Fact]
    public async Task The_board_follows_and_tasks_are_dragged_to_a_person_and_to_a_team()
    {
        await using var world = await PageWorld.CreateAsync();
        var first = await world.StartAsync("CLM-1");
        await world.MakeLeadAsync("claims-adjusting", "adjuster2");
        var page = await ListeningAsync(world, "adjuster2", "/team?key=claims-adjusting");
        await Waiting(page, 1).WaitForAsync();

        // Elsewhere another case starts.
        var second = await world.OpenTaskAsync(await world.StartAsync("CLM-2"));
        await Waiting(page, 2).WaitForAsync();
        var row = page.Locator($"#t-{second["/tasks/".Length..]}");
        await row.WaitForAsync();

        await KeepToastsAsync(page);
        await DragAsync(page, row, page.Locator("[data-drop-person=adjuster2]"));
        await ToldAsync(page, "good", @"Assigned to Sofia Rossi\s*Check the loss, CLM-2");
        await Waiting(page, 1).WaitForAsync();
        await page.Locator("[data-drop-person=adjuster2]").GetByText("1 open").WaitForAsync();

        // All that is selected goes with the one that is dragged. One of them is no longer as this page shows it.
        await page.EndAsync();
        page = await ListeningAsync(world, "supervisor", "/team");
        await page.GetByLabel("Select all open tasks").CheckAsync();
        await page.RouteAsync("**/team*", route => route.AbortAsync());
        await world.ClaimedByAsync("adjuster1", await world.OpenTaskAsync(first));
        await KeepToastsAsync(page);
        await DragAsync(page, page.Locator("#backlog [data-task]").First, page.Locator("[data-drop-team=claims-seniors] th"));
        await ToldAsync(page, "good", "Forwarded to Senior adjusters");
        await ToldAsync(page, "bad", "Daniel Brandt has changed this task since you opened it");
        await page.EndAsync();
    }

    [Fact]
    public async Task The_same_by_keyboard()
    {
        await using var world = await PageWorld.CreateAsync();
        await world.StartAsync("CLM-1");
        await world.StartAsync("CLM-2");
        var page = await ListeningAsync(world, "senior1", "/team?key=claims-adjusting");

        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("x");
        await page.GetByText("1 selected").WaitForAsync();
        await page.Keyboard.PressAsync("a");
        await page.Keyboard.TypeAsync("Sofia");
        var choices = page.Locator("#assign-list [role=option]");
        await Assertions.Expect(choices).ToHaveTextAsync([new Regex("Sofia Rossi")]);
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Assigned to Sofia Rossi").WaitForAsync();
        var given = page.Locator("#backlog .row-item", new() { HasText = "CLM-1" }).Locator(".assign");
        await Assertions.Expect(given).ToHaveTextAsync("Sofia Rossi");

        // From the row itself: the arrows choose, Escape changes nothing, and the focus comes back.
        await given.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Dialog, new() { Name = "Assign “Check the loss”" }).WaitForAsync();
        await Assertions.Expect(choices.Last).ToContainTextAsync("Unassigned");
        (await AccessibilityTests.ViolationsAsync(page)).Where(one => one.GetProperty("impact").GetString() is "serious" or "critical").ShouldBeEmpty();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(given).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(choices.Last).ToContainTextAsync("Unassigned");
        await page.Keyboard.PressAsync("ArrowUp");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(given).ToHaveTextAsync("Assign");
        await Assertions.Expect(given).ToBeFocusedAsync();

        // Without selecting: the row that has the focus.
        await page.Locator("#backlog .row-item", new() { HasText = "CLM-2" }).Locator(".row-main").FocusAsync();
        await page.Keyboard.PressAsync("f");
        await page.Keyboard.TypeAsync("Senior");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Done for 1 task").WaitForAsync();
        (await page.Locator("#backlog .rows > li").CountAsync()).ShouldBe(1);
        await page.EndAsync();
    }

    /// <summary>Good news goes away after seconds, which a busy machine may take.</summary>
    private static Task<JsonElement?> KeepToastsAsync(IPage page) =>
        page.EvaluateAsync(
            """
            () => {
              const told = document.body.appendChild(document.createElement("div"));
              told.id = "told";
              told.hidden = true;
              new MutationObserver(changes => changes.forEach(change => told.append(...[...change.addedNodes].map(node => node.cloneNode(true)))))
                .observe(document.getElementById("toasts"), { childList: true });
            }
            """
        );

    private static Task ToldAsync(IPage page, string kind, string text) =>
        page.Locator($"#told .{kind}", new() { HasTextRegex = new(text) }).First.WaitForAsync(new() { State = WaitForSelectorState.Attached });

    /// <summary>Drags as a hand does: the pointer keeps moving over the target until the page shows that it would take the task.</summary>
    private static async Task DragAsync(IPage page, ILocator from, ILocator to)
    {
        await to.ScrollIntoViewIfNeededAsync();
        await from.HoverAsync();
        var target = (await to.BoundingBoxAsync())!;
        var (x, y) = (target.X + (target.Width / 2), target.Y + (target.Height / 2));
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(x, y, new() { Steps = 10 });
        var ready = page.Locator(".drop").First;
        for (var move = 0; move < 60 && !await ready.IsVisibleAsync(); move++)
        {
            await page.Mouse.MoveAsync(x + (move % 2), y);
            await page.EvaluateAsync("new Promise(done => { requestAnimationFrame(done); setTimeout(done, 100); })");
        }

        await page.Mouse.MoveAsync(x, y, new() { Steps = 3 });
        await page.Mouse.UpAsync();
    }

    private static ILocator Waiting(IPage page, int count) =>
        page.Locator(".board-total [data-label=Unassigned] .board-number").Filter(new() { HasTextString = $"{count}" });

    private async Task<IPage> ListeningAsync(PageWorld world, string userName, string path)
    {
        var page = await chromium.SignedInAsync(world.App, userName);
        var listening = page.WaitForResponseAsync("**/live");
        await page.GotoAsync(path);
        await listening;
        return page;
    }
}
