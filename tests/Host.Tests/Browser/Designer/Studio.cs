using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Orchestration.Host.Http;
using Orchestration.Host.Startup;

namespace Orchestration.Host.Tests.Browser.Designer;

/// <summary>Elsa Studio in a browser, signed in: its elements, and how a person uses them.</summary>
public sealed class Studio(IPage page)
{
    /// <summary>
    /// An animation that a busy machine has not begun yet looks like an element at rest: a press would go down on a button and come up
    /// beside it. People do not press that soon; the browser does.
    /// </summary>
    private const string Still = """
        const still = new CSSStyleSheet();
        still.replaceSync("*, *::before, *::after { animation: none !important; transition: none !important; }");
        document.adoptedStyleSheets = [still];
        """;

    public IPage Page => page;

    /// <summary>The designer's list of problems with the journey.</summary>
    public ILocator Problems => page.Locator("#designer-problems");

    /// <summary>The message after a save, a start or the end of a session.</summary>
    public ILocator Message => page.Locator("#designer-message");

    public ILocator Dialog => page.Locator(".mud-dialog");

    public static async Task<Studio> OpenAsync(Chromium chromium, HostApp app, string path, string userName = "analyst")
    {
        var page = await SignInAsync(chromium, app, path, userName);
        await page.Locator(".designer-bar").WaitForAsync();
        return new(page);
    }

    /// <summary>A page that has just signed in and continues to a path.</summary>
    public static async Task<IPage> SignInAsync(Chromium chromium, HostApp app, string path, string userName = "analyst")
    {
        app.StartServer();
        var page = await chromium.NewPageAsync(app.ClientOptions.BaseAddress.ToString());
        await page.AddInitScriptAsync(Still);
        await page.SetViewportSizeAsync(1600, 1000);
        await page.GotoAsync("/sign-in?to=" + path);
        await page.FillAsync("[name=userName]", userName);
        await page.FillAsync("[name=password]", FirstStart.DemoPassword);
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
        return page;
    }

    public ILocator Node(string text) => page.Locator(".x6-node").Filter(new() { HasText = text }).First;

    public Task SelectAsync(string node) =>
        Node(node)
            .ClickAsync(
                new()
                {
                    Position = new() { X = 70, Y = 15 },
                }
            );

    /// <summary>The editor of a property, by its label.</summary>
    public ILocator Field(string label) =>
        page.Locator(".mud-input-control:visible")
            .Filter(new() { Has = page.Locator(".mud-input-label").Filter(new() { HasTextRegex = new Regex($"^{label}$") }) })
            .Last;

    /// <summary>Types a property and leaves the field, which is when Studio saves it.</summary>
    public async Task FillAsync(string label, string text)
    {
        await Field(label).Locator("input").First.FillAsync(text);
        await page.Keyboard.PressAsync("Tab");
    }

    public Task TabAsync(string name) => page.Locator(".mud-tab").Filter(new() { HasText = name }).First.ClickAsync();

    /// <summary>Waits until the list has loaded: then Studio writes its paging into the address, which closes whatever dialog is open.</summary>
    public Task ListAsync(string name = "definitions") => page.WaitForURLAsync(new Regex($@"/studio/{name}\?.*pageSize="));

    /// <summary>The row of a list that has this text.</summary>
    public ILocator Row(string text) => page.Locator("tr").Filter(new() { Has = page.GetByText(text, new() { Exact = true }) });

    /// <summary>Opens a menu and chooses from it.</summary>
    public async Task ChooseAsync(ILocator from, string choice)
    {
        await from.Locator(".mud-menu-icon-button-activator").First.ClickAsync();
        await page.Locator(".mud-popover-open").GetByText(choice, new() { Exact = true }).ClickAsync();
    }

    /// <summary>Drags an activity from the palette onto the canvas.</summary>
    public async Task DragAsync(string category, string activity, int x, int y)
    {
        var header = page.Locator(".mud-expand-panel-header").Filter(new() { HasTextRegex = new Regex($@"^\s*{category}\s*$") });
        await header.ClickAsync();
        var item = page.Locator(".mud-expand-panel")
            .Filter(new() { Has = header })
            .Locator("[draggable=true]")
            .Filter(new() { HasTextRegex = new Regex($@"^\s*{activity}\s*$") })
            .First;
        await SavedByAsync(() =>
            item.DragToAsync(
                page.Locator(".x6-graph-svg").First,
                new()
                {
                    TargetPosition = new() { X = x, Y = y },
                }
            )
        );
    }

    public async Task ConnectAsync(string from, string port, string to)
    {
        var (start, end) = (
            await CentreAsync(Node(from).Locator($".x6-port-body[port={port}]")),
            await CentreAsync(Node(to).Locator(".x6-port-body[port=In]"))
        );
        await page.Mouse.MoveAsync(start.X, start.Y);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(end.X, end.Y, new() { Steps = 12 });
        await SavedByAsync(() => page.Mouse.UpAsync());
        await page.Locator(".x6-edge").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
    }

    public async Task PublishAsync()
    {
        await page.Locator("button.mud-icon-button.mud-primary-text").First.ClickAsync();
        await page.GetByText("Workflow published").WaitForAsync();
    }

    /// <summary>Starts a run and opens it in the viewer.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> RunAsync()
    {
        await page.Locator("button.mud-icon-button.mud-success-text").First.ClickAsync();
        await Message.GetByRole(AriaRole.Link, new() { Name = "View run", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/studio/instances/*");
        return new Uri(page.Url).Segments[^1];
    }

    /// <summary>Does something that Studio saves, and waits until it was saved.</summary>
    public async Task SavedByAsync(Func<Task> act)
    {
        var saved = page.WaitForResponseAsync(r => r.Request.Method == "POST" && r.Url.EndsWith("/elsa/api/workflow-definitions", StringComparison.Ordinal));
        await act();
        await saved;
    }

    /// <summary>A picture of the page in the folder <c>ORCHESTRATION_SCREENSHOTS</c>, where that is set.</summary>
    public async Task PictureAsync(string name)
    {
        if (Environment.GetEnvironmentVariable("ORCHESTRATION_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png") });
    }

    public Task CloseAsync() => page.EndAsync();

    private static async Task<(float X, float Y)> CentreAsync(ILocator locator)
    {
        var box = (await locator.First.BoundingBoxAsync())!;
        return (box.X + box.Width / 2, box.Y + box.Height / 2);
    }
}
