using Microsoft.Playwright;
using Orchestration.Host.Tests.Pages;

namespace Orchestration.Host.Tests.Browser.Work;

/// <summary>A lead at the board: it follows what happens elsewhere, and tasks are given out by dragging and by key.</summary>
public sealed class BoardTests(Chromium chromium)
{
    [Fact]
    public async Task The_board_follows_and_a_task_is_dragged_to_a_person()
    {
        await using var world = await PageWorld.CreateAsync();
        await world.StartAsync("CLM-1");
        await world.MakeLeadAsync("claims-adjusting", "adjuster2");
        var page = await ListeningAsync(world, "adjuster2", "/team?key=claims-adjusting");
        await Waiting(page, 1).WaitForAsync();

        // Elsewhere another case starts.
        var second = await world.OpenTaskAsync(await world.StartAsync("CLM-2"));
        await Waiting(page, 2).WaitForAsync();
        var row = page.Locator($"#t-{second["/tasks/".Length..]}");
        await row.WaitForAsync();

        // A list that is replaced under the pointer loses the drag; people try again too.
        var told = page.Locator("#toasts .good").GetByText("Assigned to Sofia Rossi");
        for (var attempt = 1; ; attempt++)
        {
            await row.DragToAsync(page.Locator("[data-drop-person=adjuster2]"));
            try
            {
                await told.WaitForAsync(new() { Timeout = 15_000 });
                break;
            }
            catch (TimeoutException) when (attempt < 5) { }
        }

        await Waiting(page, 1).WaitForAsync();
        await page.Locator("[data-drop-person=adjuster2]").GetByText("1 open").WaitForAsync();
        await page.Context.CloseAsync();
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
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Done for 1 task").WaitForAsync();
        (await page.Locator("#backlog .assign-form option:checked").AllTextContentsAsync()).ShouldBe(["Sofia Rossi", "Unassigned"], ignoreOrder: true);

        // Without selecting: the row that has the focus.
        await page.Locator("#backlog .row-item", new() { HasText = "CLM-2" }).Locator(".row-main").FocusAsync();
        await page.Keyboard.PressAsync("f");
        await page.Keyboard.TypeAsync("Senior");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Done for 1 task").WaitForAsync();
        (await page.Locator("#backlog .rows > li").CountAsync()).ShouldBe(1);
        await page.Context.CloseAsync();
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
