using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Browser;

/// <summary>An analyst's work in the unmodified Elsa Studio, in a real browser.</summary>
public sealed partial class DesignerTests(Chromium chromium)
{
    private const int Patience = 60_000;

    [Fact]
    public async Task A_journey_drawn_from_nothing_is_published_run_and_seen_to_finish_on_another_host()
    {
        await using var database = await TestDatabase.CreateAsync();

        // Cookies expire by the clock of the browser.
        var clock = new FakeClock(NodaTime.Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()));
        await using var app = new HostApp(database.ConnectionString, clock);
        await using var other = new HostApp(database.ConnectionString, clock);
        var worker = await other.ApiAsync("adjuster1");
        app.StartServer();
        var page = await SignInAsync(app, "/studio/definitions");

        await page.GetByRole(AriaRole.Button, new() { Name = "Create workflow" }).ClickAsync();
        var dialog = page.Locator(".mud-dialog");
        await dialog.GetByLabel("Name").FillAsync("Window repair");
        await dialog.GetByRole(AriaRole.Button, new() { NameRegex = OkOrCreate() }).ClickAsync();
        await page.WaitForURLAsync("**/studio/definitions/*");
        await page.Locator(".mud-expand-panel-header").First.WaitForAsync();

        await DragAsync(page, "Orchestration", "Human step", 120, 140);
        await DragAsync(page, "Flow", "End", 560, 140);
        await Node(page, "HumanTask1").ClickAsync(new() { Position = new() { X = 70, Y = 15 } });

        // A fresh step lacks its title: publishing says so.
        await page.Locator("#designer-problems").GetByText("1 thing to put right before publishing").WaitForAsync();

        await Field(page, "Title").Locator("input").First.FillAsync("Inspect the window");
        await page.Keyboard.PressAsync("Tab");
        await Field(page, "Outcomes").Locator("input").First.ClickAsync();
        await page.Keyboard.TypeAsync("Repaired");
        await page.Keyboard.PressAsync("Enter");
        await Node(page, "HumanTask1").Locator("[port=Repaired]").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await Field(page, "Team").Locator(".mud-input").First.ClickAsync();
        await page.Locator(".mud-popover-open [id^=listitem_]").GetByText("Claims adjusting", new() { Exact = true }).ClickAsync();
        await page.Locator(".x6-graph-svg").ClickAsync(new() { Position = new() { X = 30, Y = 30 } });
        await ConnectAsync(page, "HumanTask1", "Repaired", "End1");
        await PictureAsync(page, "designer");

        await page.Locator("button.mud-icon-button.mud-primary-text").First.ClickAsync();
        await page.GetByText("Workflow published").WaitForAsync();
        await page.Locator("button.mud-icon-button.mud-success-text").First.ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Open it", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/studio/instances/*");
        await Node(page, "HumanTask1").ClickAsync(new() { Position = new() { X = 70, Y = 15 } });
        await page.GetByText("Nobody yet: Claims adjusting may take it").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });

        var run = new Uri(page.Url).Segments[^1];
        var task = (await worker.GetFromJsonAsync<JsonObject>("/api/tasks?view=team"))!["items"]!.AsArray().Single(t => (string)t!["title"]! == "Inspect the window")!;
        (await worker.PostAsJsonAsync($"/api/tasks/{task["id"]}/claim", new { revision = 1, operationId = "claim" })).EnsureSuccessStatusCode();
        (await worker.PostAsJsonAsync($"/api/tasks/{task["id"]}/complete", new { revision = 2, operationId = "complete", outcome = "Repaired", data = new { } })).EnsureSuccessStatusCode();

        // Told by the hub: nothing in the browser asked.
        await page.GetByText("End - Completed").WaitForAsync();
        await page.GetByText("Finished", new() { Exact = true }).First.WaitForAsync();
        await PictureAsync(page, "run");
        run.ShouldNotBeEmpty();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Names_are_text_conflicts_are_told_and_a_token_that_ran_out_costs_nothing()
    {
        const string markup = "<img src=x onerror=window.injected=1>";
        await using var database = await TestDatabase.CreateAsync();
        var clock = new FakeClock(NodaTime.Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()));
        await using var app = new HostApp(database.ConnectionString, clock);
        var admin = await app.ApiAsync("admin");
        var document = new JsonObject
        {
            ["definitionId"] = "names", ["name"] = "Names " + markup, ["description"] = markup,
            ["root"] = new JsonObject
            {
                ["id"] = "root", ["type"] = "Elsa.Flowchart", ["version"] = 1, ["connections"] = new JsonArray(),
                ["activities"] = new JsonArray(
                    new JsonObject { ["id"] = "a", ["name"] = "Step " + markup, ["type"] = "Orchestration.HumanTask", ["version"] = 1 },
                    new JsonObject { ["id"] = "b", ["name"] = "Gone", ["type"] = "Elsa.Gone" + markup, ["version"] = 1, ["metadata"] = new JsonObject { ["designer"] = new JsonObject { ["position"] = new JsonObject { ["x"] = 400, ["y"] = 0 } } } }),
            },
        };
        (await admin.PostAsJsonAsync("/elsa/api/workflow-definitions/import", document)).EnsureSuccessStatusCode();
        var page = await SignInAsync(app, "/studio/definitions/names");
        await Node(page, "Not found: Elsa.Gone").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await Node(page, "Step ").ClickAsync(new() { Position = new() { X = 70, Y = 15 } });

        // The tokens of before are refused now; the page renews them by its cookie.
        clock.Advance(NodaTime.Duration.FromHours(2));
        await Field(page, "Title").Locator("input").First.FillAsync("A title");
        await page.Keyboard.PressAsync("Tab");
        await page.Locator("#designer-problems").GetByText("to put right before publishing").First.WaitForAsync();
        await page.Locator("button.mud-icon-button.mud-primary-text").First.ClickAsync();
        await page.GetByText("Not published.").First.WaitForAsync();
        (await page.EvaluateAsync<int>("document.querySelectorAll('img[src=x]').length")).ShouldBe(0);
        (await page.EvaluateAsync<bool>("'injected' in window")).ShouldBeFalse();

        admin = await app.ApiAsync("admin");
        var model = (await admin.GetFromJsonAsync<JsonObject>("/elsa/api/workflow-definitions/by-definition-id/names"))!;
        model["description"] = "by admin";
        (await admin.PostAsJsonAsync("/elsa/api/workflow-definitions", new JsonObject { ["model"] = model.DeepClone(), ["publish"] = false })).EnsureSuccessStatusCode();
        await Field(page, "Title").Locator("input").First.FillAsync("Another title");
        await page.Keyboard.PressAsync("Tab");
        await page.Locator("#designer-message").GetByText("Not saved: admin changed this journey").WaitForAsync();
        ((string)(await admin.GetFromJsonAsync<JsonObject>("/elsa/api/workflow-definitions/by-definition-id/names"))!["description"]!).ShouldBe("by admin");
        await page.Context.CloseAsync();
    }

    private async Task<IPage> SignInAsync(HostApp app, string to)
    {
        var page = await chromium.NewPageAsync(app.ClientOptions.BaseAddress.ToString());
        page.SetDefaultTimeout(Patience);
        await page.SetViewportSizeAsync(1600, 1000);
        await page.GotoAsync("/sign-in?to=" + to);
        await page.FillAsync("[name=userName]", "analyst");
        await page.FillAsync("[name=password]", "demo");
        await page.Keyboard.PressAsync("Enter");
        return page;
    }

    private static ILocator Node(IPage page, string text) => page.Locator(".x6-node").Filter(new() { HasText = text }).First;

    private static ILocator Field(IPage page, string label) =>
        page.Locator(".mud-input-control:visible").Filter(new() { Has = page.Locator(".mud-input-label").Filter(new() { HasTextRegex = new Regex($"^{label}$") }) }).Last;

    private static async Task DragAsync(IPage page, string category, string activity, int x, int y)
    {
        var header = page.Locator(".mud-expand-panel-header").Filter(new() { HasTextRegex = new Regex($@"^\s*{category}\s*$") });
        await header.ClickAsync();
        var item = page.Locator(".mud-expand-panel").Filter(new() { Has = header }).Locator("[draggable=true]").Filter(new() { HasTextRegex = new Regex($@"^\s*{activity}\s*$") }).First;
        var saved = page.WaitForResponseAsync(r => r.Request.Method == "POST" && r.Url.EndsWith("/elsa/api/workflow-definitions", StringComparison.Ordinal));
        await item.DragToAsync(page.Locator(".x6-graph-svg").First, new() { TargetPosition = new() { X = x, Y = y } });
        await saved;
    }

    private static async Task ConnectAsync(IPage page, string from, string port, string to)
    {
        var (start, end) = (await CentreAsync(Node(page, from).Locator($".x6-port-body[port={port}]")), await CentreAsync(Node(page, to).Locator(".x6-port-body[port=In]")));
        await page.Mouse.MoveAsync(start.X, start.Y);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(end.X, end.Y, new() { Steps = 12 });
        var saved = page.WaitForResponseAsync(r => r.Request.Method == "POST" && r.Url.EndsWith("/elsa/api/workflow-definitions", StringComparison.Ordinal));
        await page.Mouse.UpAsync();
        await saved;
        await page.Locator(".x6-edge").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
    }

    private static async Task<(float X, float Y)> CentreAsync(ILocator locator)
    {
        var box = (await locator.First.BoundingBoxAsync())!;
        return (box.X + box.Width / 2, box.Y + box.Height / 2);
    }

    private static async Task PictureAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("ORCHESTRATION_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png") });
    }

    [GeneratedRegex("^(ok|create)$", RegexOptions.IgnoreCase)]
    private static partial Regex OkOrCreate();
}
