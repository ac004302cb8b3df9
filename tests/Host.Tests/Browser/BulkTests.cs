using Microsoft.Playwright;
using Orchestration.Host.Tests.Pages;

namespace Orchestration.Host.Tests.Browser;

/// <summary>The same of many tasks of a list, with mouse and with keyboard alone.</summary>
public sealed class BulkTests(Chromium chromium)
{
    [Fact]
    public async Task Several_are_claimed_at_once_with_the_keyboard_alone()
    {
        await using var world = await PageWorld.CreateAsync();
        foreach (var reference in new[] { "CLM-1", "CLM-2", "CLM-3" })
            await world.StartAsync(reference);
        var page = await chromium.SignedInAsync(world.App, "adjuster1");

        await page.GetByLabel("Select Check the loss, CLM-1").FocusAsync();
        await page.Keyboard.PressAsync("Space");
        await page.GetByLabel("Select Check the loss, CLM-3").FocusAsync();
        await page.Keyboard.PressAsync("Space");
        await page.GetByText("2 selected").WaitForAsync();
        await page.Button("Claim selected").FocusAsync();
        await page.Keyboard.PressAsync("Enter");

        await page.GetByText("Done for 2 tasks").WaitForAsync();
        (await page.Locator("[aria-labelledby=mine-title] .row-item").CountAsync()).ShouldBe(2);
        (await page.Locator("[aria-labelledby=open-title] .row-item").AllTextContentsAsync()).ShouldHaveSingleItem().ShouldContain("CLM-2");
        new Uri(page.Url).Query.ShouldBeEmpty("the message does not come again with the page");
        await page.EndAsync();
    }

    [Fact]
    public async Task Each_of_many_is_answered_and_one_that_is_refused_stops_no_other()
    {
        await using var world = await PageWorld.CreateAsync();
        var lost = await world.OpenTaskAsync(await world.StartAsync("CLM-1"));
        await world.StartAsync("CLM-2");
        var page = await chromium.SignedInAsync(world.App, "adjuster1");
        await page.GetByLabel("Select all available tasks").CheckAsync();
        await page.GetByText("2 selected").WaitForAsync();

        // Someone else is faster, and this page doesn't know yet.
        await page.RouteAsync("**/work*", route => route.AbortAsync());
        await world.ClaimedByAsync("adjuster2", lost);
        await page.Button("Claim selected").ClickAsync();

        await page.GetByRole(AriaRole.Heading, new() { Name = "1 done, 1 not" }).WaitForAsync();
        (await page.Locator("[aria-labelledby=refused-title] .row-item").TextContentAsync())!.ShouldSatisfyAllConditions(
            t => t.ShouldContain("CLM-1"),
            t => t.ShouldContain("Sofia Rossi has changed this task since you opened it")
        );
        (await page.Locator("[aria-labelledby=done-title] .row-item").TextContentAsync())!.ShouldContain("CLM-2");
        await page.EndAsync();
    }

    [Fact]
    public async Task A_supervisor_gives_many_to_one_raises_their_priority_and_lets_them_wait()
    {
        await using var world = await PageWorld.CreateAsync();
        foreach (var reference in new[] { "CLM-1", "CLM-2", "CLM-3" })
            await world.StartAsync(reference);
        var page = await chromium.SignedInAsync(world.App, "supervisor");

        await page.GotoAsync("/team?key=claims-adjusting");
        await page.GetByLabel("Select all open tasks").CheckAsync();
        await page.Locator(".bulk-bar").GetByRole(AriaRole.Button, new() { Name = "Assign" }).ClickAsync();
        await page.GetByRole(AriaRole.Option, new() { Name = "Sofia Rossi" }).ClickAsync();
        await page.GetByText("Assigned to Sofia Rossi").WaitForAsync();
        await Assertions.Expect(page.Locator("#backlog .assign")).ToHaveTextAsync(["Sofia Rossi", "Sofia Rossi", "Sofia Rossi"]);
        await OnAllAsync("Change priority", () => page.GetByLabel("Priority", new() { Exact = true }).SelectOptionAsync("1"));
        (await page.Locator("#backlog .priority .sr").AllTextContentsAsync()).ShouldAllBe(priority => priority == "Priority: Critical");
        await OnAllAsync("Suspend", () => page.GetByLabel("Suspend for").SelectOptionAsync("3"));
        (await page.Locator("#backlog .row-state").AllTextContentsAsync()).ShouldAllBe(state => state.Contains("Suspended until"));
        (await page.Locator("#backlog a.assign").CountAsync()).ShouldBe(0, "what waits is given to nobody");
        await page.EndAsync();

        async Task OnAllAsync(string button, Func<Task> choose)
        {
            await page.GotoAsync("/team?key=claims-adjusting");
            await page.GetByLabel("Select all open tasks").CheckAsync();
            await choose();
            await page.Button(button).ClickAsync();
            await page.GetByText("Done for 3 tasks").WaitForAsync();
        }
    }

    [Fact]
    public async Task All_that_match_are_selected_beyond_the_page()
    {
        await using var world = await PageWorld.CreateAsync();
        for (var i = 0; i < 27; i++)
            await world.StartAsync();
        var page = await chromium.SignedInAsync(world.App, "supervisor");
        await page.GotoAsync("/team?key=claims-adjusting");
        await page.GetByLabel("Select all open tasks of this page").CheckAsync();
        await page.GetByText("25 selected").WaitForAsync();
        await page.Button("Select all 27 that match").ClickAsync();
        await page.GetByText("All 27 selected").WaitForAsync();
        await page.Locator("#backlog .row-check input").First.UncheckAsync();
        await page.GetByText("24 selected").WaitForAsync();
        await page.Locator("#backlog .row-check input").First.CheckAsync();
        await page.Button("Select all 27 that match").ClickAsync();
        await page.GetByLabel("Priority", new() { Exact = true }).SelectOptionAsync("1");
        await page.Button("Change priority").ClickAsync();
        await page.GetByText("Done for 27 tasks").WaitForAsync();
        await page.GetByLabel("Select all open tasks of this page").CheckAsync();
        await page.Button("Select all 27 that match").ClickAsync();
        await page.Locator(".bulk-bar").GetByRole(AriaRole.Button, new() { Name = "Assign" }).ClickAsync();
        await page.GetByRole(AriaRole.Option, new() { Name = "Sofia Rossi" }).ClickAsync();
        await page.GetByText("Done for 27 tasks").WaitForAsync();
        await page.GotoAsync("/team?key=claims-adjusting&page=2");
        await Assertions.Expect(page.Locator("#backlog .assign")).ToHaveTextAsync(["Sofia Rossi", "Sofia Rossi"]);
        (await page.Locator("#backlog .priority .sr").AllTextContentsAsync()).ShouldAllBe(priority => priority == "Priority: Critical");
        await page.EndAsync();
    }

    [Fact]
    public async Task A_selection_survives_that_the_list_is_fetched_again()
    {
        await using var world = await PageWorld.CreateAsync();
        await world.StartAsync("CLM-1");
        await world.StartAsync("CLM-2");
        var page = await chromium.SignedInAsync(world.App, "adjuster1");
        await page.GetByLabel("Select Check the loss, CLM-2").CheckAsync();

        await world.StartAsync("CLM-3");

        await page.GetByLabel("Select Check the loss, CLM-3").WaitForAsync();
        (await page.GetByLabel("Select Check the loss, CLM-2").IsCheckedAsync()).ShouldBeTrue();
        (await page.GetByLabel("Select Check the loss, CLM-1").IsCheckedAsync()).ShouldBeFalse();
        (await page.GetByLabel("Select Check the loss, CLM-3").IsCheckedAsync()).ShouldBeFalse();
        (await page.Locator("[data-bulk-count]").Last.TextContentAsync()).ShouldBe("1 selected");
        await page.EndAsync();
    }
}
