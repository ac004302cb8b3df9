using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Browser.Designer;

/// <summary>An analyst's work in the unmodified Elsa Studio, in a real browser.</summary>
public sealed partial class DesignerTests(Chromium chromium)
{
    [Fact]
    public async Task A_journey_drawn_from_nothing_is_published_run_and_seen_to_finish_on_another_host()
    {
        await using var database = await StartedDatabase.CreateAsync();

        // Cookies expire by the clock of the browser.
        var clock = new FakeClock(NodaTime.Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()));
        await using var app = new HostApp(database.ConnectionString, clock);
        await using var other = new HostApp(database.ConnectionString, clock);
        var studio = await Studio.OpenAsync(chromium, app, "/studio/definitions");
        var page = studio.Page;

        await studio.ListAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create workflow" }).ClickAsync();
        await studio.Dialog.GetByLabel("Name").FillAsync("Window repair");
        await studio.Dialog.GetByRole(AriaRole.Button, new() { NameRegex = OkOrCreate() }).ClickAsync();
        await page.WaitForURLAsync("**/studio/definitions/*");
        await page.Locator(".mud-expand-panel-header").First.WaitForAsync();

        await studio.DragAsync("Orchestration", "Human step", 120, 140);
        await studio.DragAsync("Flow", "End", 560, 140);
        await studio.SelectAsync("HumanTask1");

        // A fresh step lacks its title and a team: publishing says so.
        await studio.Problems.GetByText("2 problems to fix before publishing").WaitForAsync();

        await studio.FillAsync("Title", "Inspect the window");
        await studio.Field("Outcomes").Locator("input").First.ClickAsync();
        await page.Keyboard.TypeAsync("Repaired");
        await page.Keyboard.PressAsync("Enter");
        await studio.Node("HumanTask1").Locator("[port=Repaired]").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await studio.Field("Team").Locator(".mud-input").First.ClickAsync();
        await page.Locator(".mud-popover-open [id^=listitem_]").GetByText("Claims adjusting", new() { Exact = true }).ClickAsync();
        await page.Locator(".x6-graph-svg")
            .ClickAsync(
                new()
                {
                    Position = new() { X = 30, Y = 30 },
                }
            );
        await studio.ConnectAsync("HumanTask1", "Repaired", "End1");
        await studio.PictureAsync("designer");

        await studio.PublishAsync();
        await studio.RunAsync();
        await studio.SelectAsync("HumanTask1");
        await page.GetByText("Unassigned (Claims adjusting)").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });

        // What someone starts in the designer is their test: they complete its step in the work UI, on another host.
        await Desk.CompleteAsync(chromium, other, "analyst", "Inspect the window", "Repaired");

        // Told by the hub: nothing in the browser asked.
        await page.GetByText("End - Completed").WaitForAsync();
        await page.GetByText("Finished", new() { Exact = true }).First.WaitForAsync();
        await studio.PictureAsync("run");
        await studio.CloseAsync();
    }

    [Fact]
    public async Task Names_are_text_conflicts_are_told_and_a_token_that_ran_out_costs_nothing()
    {
        const string markup = "<img src=x onerror=window.injected=1>";
        const string Facts = """[{"name":"note","from":"steps.a.note","format":"longText","roles":["supervisor"],"teams":["claims-seniors"]}]""";
        await using var database = await StartedDatabase.CreateAsync();
        var clock = new FakeClock(NodaTime.Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()));
        await using var app = new HostApp(database.ConnectionString, clock);
        var admin = await app.ApiAsync("admin");
        var document = new JsonObject
        {
            ["definitionId"] = "names",
            ["name"] = "Names " + markup,
            ["description"] = markup,
            ["customProperties"] = new JsonObject { ["facts"] = JsonNode.Parse(Facts) },
            ["root"] = new JsonObject
            {
                ["id"] = "root",
                ["type"] = "Elsa.Flowchart",
                ["version"] = 1,
                ["connections"] = new JsonArray(),
                ["activities"] = new JsonArray(
                    new JsonObject
                    {
                        ["id"] = "a",
                        ["name"] = "Step " + markup,
                        ["type"] = "Orchestration.HumanTask",
                        ["version"] = 1,
                    },
                    new JsonObject
                    {
                        ["id"] = "b",
                        ["name"] = "Gone",
                        ["type"] = "Elsa.Gone" + markup,
                        ["version"] = 1,
                        ["metadata"] = new JsonObject
                        {
                            ["designer"] = new JsonObject
                            {
                                ["position"] = new JsonObject { ["x"] = 400, ["y"] = 0 },
                            },
                        },
                    }
                ),
            },
        };
        (await admin.PostAsJsonAsync("/elsa/api/workflow-definitions/import", document)).EnsureSuccessStatusCode();
        var studio = await Studio.OpenAsync(chromium, app, "/studio/definitions/names");
        var page = studio.Page;
        await studio.Node("Not found: Elsa.Gone").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await studio.SelectAsync("Step ");

        // The tokens of before are refused now; the page renews them by its cookie.
        clock.Advance(NodaTime.Duration.FromHours(2));
        await studio.FillAsync("Title", "A title");
        await studio.Problems.GetByText("to fix before publishing").First.WaitForAsync();
        await page.Locator("button.mud-icon-button.mud-primary-text").First.ClickAsync();
        await page.GetByText("Not published.").First.WaitForAsync();
        (await page.EvaluateAsync<int>("document.querySelectorAll('img[src=x]').length")).ShouldBe(0);
        (await page.EvaluateAsync<bool>("'injected' in window")).ShouldBeFalse();

        admin = await app.ApiAsync("admin");
        var model = (await admin.GetFromJsonAsync<JsonObject>("/elsa/api/workflow-definitions/by-definition-id/names"))!;
        model["root"]!.ToJsonString().ShouldContain("A title", Case.Sensitive, "Studio saved it");
        model["customProperties"]!["facts"]!.ToJsonString().ShouldBe(Facts, "Studio keeps what it doesn't know");
        model["description"] = "by admin";
        (
            await admin.PostAsJsonAsync("/elsa/api/workflow-definitions", new JsonObject { ["model"] = model.DeepClone(), ["publish"] = false })
        ).EnsureSuccessStatusCode();
        await studio.FillAsync("Title", "Another title");
        await studio.Message.GetByText("Not saved: admin changed this journey").WaitForAsync();
        ((string)(await admin.GetFromJsonAsync<JsonObject>("/elsa/api/workflow-definitions/by-definition-id/names"))!["description"]!).ShouldBe("by admin");
        await studio.CloseAsync();
    }

    [Fact]
    public async Task The_schema_of_a_form_is_checked_while_it_is_typed()
    {
        await using var database = await StartedDatabase.CreateAsync();
        await using var app = new HostApp(database.ConnectionString, new FakeClock(NodaTime.Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow())));
        var studio = await Studio.OpenAsync(chromium, app, "/studio/definitions/claims-status-letter");
        await studio.SelectAsync("Send the status letter");
        var editor = studio.Page.Locator(".mud-input-control").Filter(new() { HasText = "Form schema" }).Locator(".monaco-editor").Last;
        await editor.ClickAsync();
        await studio.Page.Keyboard.InsertTextAsync("""{ "type": "object", "properties": { "a": { "type": "text", "x-widht": 6 } } }""");
        await studio.Page.WaitForFunctionAsync(
            "() => monaco.editor.getModelMarkers({}).filter(m => m.message.startsWith('Value is not accepted')).length === 2"
        );
        await studio.PictureAsync("form-schema");
        await studio.CloseAsync();
    }

    [GeneratedRegex("^(ok|create)$", RegexOptions.IgnoreCase)]
    private static partial Regex OkOrCreate();
}
