using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Orchestration.Host.Tests.Pages;

namespace Orchestration.Host.Tests.Browser;

/// <summary>Pages update while someone reads, types and clicks. Nothing typed, opened, chosen, focused or pressed is lost.</summary>
public sealed class LiveTests(Chromium chromium)
{
    /// <summary>Options whose text is wider than the select.</summary>
    private const string CutOff = """
        select => {
          const style = getComputedStyle(select), pen = document.createElement("canvas").getContext("2d");
          pen.font = style.font;
          const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
          return [...select.options].map(option => option.text).filter(text => pen.measureText(text).width > room);
        }
        """;

    [Fact]
    public async Task What_is_typed_opened_and_chosen_on_a_task_stays_when_somebody_changes_it()
    {
        await using var world = await PageWorld.CreateAsync();
        var task = await world.OpenTaskAsync(await world.StartAsync("CLM-1"));
        var page = await ListeningAsync(world, "senior1", task);
        await page.GetByText("Forward to another team …").ClickAsync();
        await page.GetByLabel("Assign to").SelectOptionAsync("adjuster2");
        await page.GetByLabel("Comment", new() { Exact = true }).PressSequentiallyAsync("Look at the ");
        await page.Locator(".top details.menu > summary[aria-label$=', menu']").ClickAsync();
        await page.GetByLabel("Comment", new() { Exact = true }).FocusAsync();

        var other = await world.App.ApiAsync("admin");
        await PrioritizeAsync(other, task, 1);
        await page.Locator("[aria-labelledby=facts-title]").GetByText("Critical").WaitForAsync();

        await page.Keyboard.TypeAsync("photographs");
        (await page.GetByLabel("Comment", new() { Exact = true }).InputValueAsync()).ShouldBe("Look at the photographs");
        (await page.GetByLabel("Assign to").InputValueAsync()).ShouldBe("adjuster2");
        (await page.Locator("details.disclosure[open] > summary").AllTextContentsAsync()).ShouldContain("Forward to another team …");
        (await page.Locator(".top details.menu:not(.presence-menu)").GetAttributeAsync("open")).ShouldNotBeNull();

        // On a phone, every name fits.
        await page.SetViewportSizeAsync(390, 844);
        var people = page.GetByLabel("Assign to");
        (await people.EvaluateAsync<string[]>(CutOff)).ShouldBeEmpty();
        (await people.BoundingBoxAsync())!.Width.ShouldBeGreaterThan(300);
        await people.ScrollIntoViewIfNeededAsync();
        await page.PictureAsync("assign-390");
        await page.GotoAsync("/team?key=claims-adjusting");
        foreach (var choice in await page.Locator("#team-filter select").AllAsync())
            (await choice.EvaluateAsync<string[]>(CutOff)).ShouldBeEmpty();
        var assign = page.GetByRole(AriaRole.Link, new() { Name = "assign Check the loss, CLM-1" });
        (await assign.BoundingBoxAsync())!.Width.ShouldBeGreaterThan(240);
        (await assign.EvaluateAsync<string>("link => getComputedStyle(link).fontSize")).ShouldBe("14px");
        await assign.ClickAsync();
        var name = page.Locator("#assign-list [role=option]").First.Locator("span:not(.quiet, .avatar-dot)");
        (await name.EvaluateAsync<bool>("name => name.scrollWidth <= name.clientWidth")).ShouldBeTrue();
        await page.PictureAsync("team-assign-390");
        await page.EndAsync();
    }

    [Fact]
    public async Task A_button_that_is_being_pressed_acts_although_the_page_changes_under_it()
    {
        await using var world = await PageWorld.CreateAsync();
        var task = await world.OpenTaskAsync(await world.StartAsync("CLM-1"));
        await world.StartAsync("CLM-2");
        var page = await ListeningAsync(world, "adjuster1", "/");
        await HoldAsync(page, page.GetByRole(AriaRole.Button, new() { Name = "Claim Check the loss, CLM-1" }));
        await PrioritizeAsync(await world.App.ApiAsync("admin"), task, 2);
        await page.Locator("#t-" + task["/tasks/".Length..]).Locator(".priority-2").WaitForAsync();
        await page.Mouse.UpAsync();

        // The task is another revision than the one that the finger went down on; the claim is of what the page shows now.
        await page.Locator("#task-form").WaitForAsync();
        await page.EndAsync();
    }

    [Fact]
    public async Task A_link_of_the_list_of_cases_keeps_focus_and_press_when_the_list_changes()
    {
        await using var world = await PageWorld.CreateAsync();
        await world.StartAsync("CLM-1");
        var page = await ListeningAsync(world, "frontoffice", "/cases");
        var link = page.GetByRole(AriaRole.Link, new() { Name = "CLM-1", Exact = true });
        await link.FocusAsync();
        await world.StartAsync("CLM-2");
        await page.GetByRole(AriaRole.Link, new() { Name = "CLM-2", Exact = true }).WaitForAsync();
        (await page.EvaluateAsync<string>("document.activeElement.textContent")).ShouldBe("CLM-1");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "CLM-1" }).WaitForAsync();
        await page.EndAsync();
    }

    [Fact]
    public async Task A_case_that_ends_says_so_in_its_head()
    {
        await using var world = await PageWorld.CreateAsync();
        var instance = await world.StartAsync("CLM-1");
        var page = await ListeningAsync(world, "frontoffice", $"/cases/{instance:N}");
        await page.Locator(".page-actions").GetByText("Running").WaitForAsync();
        var supervisor = await world.App.ApiAsync("supervisor");
        (await supervisor.PostAsJsonAsync($"/api/cases/{instance}/cancel", new { reason = "Opened twice" })).EnsureSuccessStatusCode();
        await page.Locator(".page-actions").GetByText("Cancelled").WaitForAsync();
        await page.GetByText("The case has ended.").WaitForAsync();
        await page.EndAsync();
    }

    /// <summary>Signed in, on this page, and listening.</summary>
    private async Task<IPage> ListeningAsync(PageWorld world, string userName, string path)
    {
        var page = await chromium.SignedInAsync(world.App, userName);
        var listening = page.WaitForResponseAsync("**/live");
        await page.GotoAsync(path);
        await listening;
        return page;
    }

    private static async Task HoldAsync(IPage page, ILocator button)
    {
        await button.HoverAsync();
        await page.Mouse.DownAsync();
    }

    private static async Task PrioritizeAsync(HttpClient who, string task, int priority)
    {
        var id = Guid.Parse(task["/tasks/".Length..]);
        var found = (await who.GetFromJsonAsync<JsonObject>($"/api/tasks/{id}"))!;
        var revision = (found["task"] ?? found)["revision"]!.GetValue<int>();
        (
            await who.PostAsJsonAsync(
                $"/api/tasks/{id}/priority",
                new
                {
                    revision,
                    operationId = "raise",
                    priority,
                }
            )
        ).EnsureSuccessStatusCode();
    }
}
