using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Orchestration.Host.Tests.Elsa;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Browser.Designer;

/// <summary>Files and versions of a journey, as an analyst handles them in Studio.</summary>
public sealed class VersionTests(Chromium chromium)
{
    private const string Api = "/elsa/api/workflow-definitions";

    // Cookies expire by the clock of the browser.
    private readonly FakeClock _clock = new(NodaTime.Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()));

    [Fact]
    public async Task A_journey_is_imported_from_a_file_exported_rolled_back_and_deleted()
    {
        await using var database = await StartedDatabase.CreateAsync();
        await using var app = new HostApp(database.ConnectionString, _clock);
        var studio = await Studio.OpenAsync(chromium, app, "/studio/definitions");
        var page = studio.Page;
        var file = Journey("parcel", "Weigh the parcel");

        await studio.ListAsync();
        await page.Locator("input[type=file]")
            .First.SetInputFilesAsync(
                new FilePayload
                {
                    Name = "parcel.json",
                    MimeType = "application/json",
                    Buffer = Encoding.UTF8.GetBytes(file.ToJsonString()),
                }
            );
        await studio.Row("parcel").ClickAsync();
        await studio.Node("Weigh the parcel").WaitForAsync();

        await studio.ChooseAsync(page.Locator("body"), "Export");
        var download = await page.RunAndWaitForDownloadAsync(() => studio.Dialog.GetByRole(AriaRole.Button, new() { Name = "Export" }).ClickAsync());
        var exported = JsonNode.Parse(await File.ReadAllTextAsync(await download.PathAsync()))!;
        Meaning.Lost(file, exported).ShouldBeEmpty();

        await studio.PublishAsync();
        await studio.SelectAsync("Weigh the parcel");
        await studio.SavedByAsync(() => studio.FillAsync("Title", "Weigh the parcel twice"));
        await studio.PublishAsync();
        var admin = await app.ApiAsync("admin");
        (await TitleAsync(admin, "Latest")).ShouldBe((2, true, "Weigh the parcel twice"));

        await studio.TabAsync("Version history");
        var first = page.Locator("tr").Filter(new() { Has = page.GetByRole(AriaRole.Cell, new() { Name = "1", Exact = true }) });
        var reverted = page.WaitForResponseAsync("**/revert/1");
        await studio.ChooseAsync(first, "Rollback to this version");
        await reverted;
        (await TitleAsync(admin, "Latest")).ShouldBe((3, false, "Weigh the parcel"));
        (await TitleAsync(admin, "Published")).ShouldBe((2, true, "Weigh the parcel twice"));

        await page.GetByRole(AriaRole.Link, new() { Name = "Journeys" }).ClickAsync();
        await studio.ListAsync();
        await DeleteAsync(studio, "parcel");
        await Assertions.Expect(studio.Row("parcel")).ToHaveCountAsync(0);
        (await admin.GetAsync(Api + "/by-definition-id/parcel")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await studio.CloseAsync();
    }

    [Fact]
    public async Task A_new_version_leaves_a_running_case_on_the_old_one()
    {
        await using var database = await StartedDatabase.CreateAsync();
        await using var app = new HostApp(database.ConnectionString, _clock);
        var admin = await app.ApiAsync("admin");
        (await admin.PostAsJsonAsync(Api, new JsonObject { ["model"] = Journey("parcel", "Weigh the parcel"), ["publish"] = true })).EnsureSuccessStatusCode();
        var studio = await Studio.OpenAsync(chromium, app, "/studio/definitions/parcel");
        await studio.Node("Weigh the parcel").WaitForAsync();
        var old = await studio.RunAsync();
        await studio.Node("Weigh the parcel").WaitForAsync();

        // The run stays open in one window while the journey changes in another.
        var editor = await Studio.OpenAsync(chromium, app, "/studio/definitions/parcel");
        await editor.SelectAsync("Weigh the parcel");
        await editor.SavedByAsync(() => editor.FillAsync("Title", "Measure the parcel"));
        await editor.PublishAsync();
        var young = await editor.RunAsync();
        (await RunAsync(admin, old)).ShouldBe((1, "Suspended"));
        (await RunAsync(admin, young)).ShouldBe((2, "Suspended"));

        await Desk.CompleteAsync(chromium, app, "analyst", "Weigh the parcel", "Weighed");
        await studio.Page.GetByText("Finished", new() { Exact = true }).First.WaitForAsync();
        (await RunAsync(admin, old)).ShouldBe((1, "Finished"));
        (await RunAsync(admin, young)).ShouldBe((2, "Suspended"));

        await Desk.CompleteAsync(chromium, app, "analyst", "Measure the parcel", "Weighed");
        await editor.Page.GetByText("Finished", new() { Exact = true }).First.WaitForAsync();
        (await RunAsync(admin, young)).ShouldBe((2, "Finished"));
        await studio.CloseAsync();
        await editor.CloseAsync();
    }

    [Fact]
    public async Task Why_a_journey_with_running_cases_is_not_deleted_is_said()
    {
        await using var database = await StartedDatabase.CreateAsync();
        await using var app = new HostApp(database.ConnectionString, _clock);
        var admin = await app.ApiAsync("admin");
        (await admin.PostAsJsonAsync(Api, new JsonObject { ["model"] = Journey("parcel", "Weigh the parcel"), ["publish"] = true })).EnsureSuccessStatusCode();
        (await admin.PostAsJsonAsync(Api + "/parcel/execute", new { })).EnsureSuccessStatusCode();
        var studio = await Studio.OpenAsync(chromium, app, "/studio/definitions");
        await studio.ListAsync();
        await DeleteAsync(studio, "parcel");
        await studio.Message.GetByText("Not deleted: 1 running case uses it. Unpublish it instead to prevent new cases.").WaitForAsync();
        (await studio.Row("parcel").CountAsync()).ShouldBe(1);
        await studio.CloseAsync();
    }

    private static async Task DeleteAsync(Studio studio, string journey)
    {
        await studio.ChooseAsync(studio.Row(journey), "Delete");
        await studio.Dialog.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
    }

    private static async Task<(int Version, bool IsPublished, string Title)> TitleAsync(HttpClient client, string version)
    {
        var model = (await client.GetFromJsonAsync<JsonObject>($"{Api}/by-definition-id/parcel?versionOptions={version}"))!;
        return (
            (int)model["version"]!,
            (bool)model["isPublished"]!,
            (string)model["root"]!["activities"]!.AsArray().Single(a => (string)a!["id"]! == "weigh")!["title"]!["expression"]!["value"]!
        );
    }

    private static async Task<(int Version, string SubStatus)> RunAsync(HttpClient client, string id)
    {
        var run = (await client.GetFromJsonAsync<JsonObject>("/elsa/api/workflow-instances/" + id))!;
        return ((int)run["version"]!, (string)run["subStatus"]!);
    }

    /// <summary>One human step and the end.</summary>
    private static JsonObject Journey(string id, string title) =>
        new()
        {
            // Studio takes no file without its schema.
            ["$schema"] = "https://elsaworkflows.io/schemas/workflow-definition/v3.0.0/schema.json",
            ["definitionId"] = id,
            ["name"] = "Parcel",
            ["root"] = new JsonObject
            {
                ["id"] = "root",
                ["type"] = "Elsa.Flowchart",
                ["version"] = 1,
                ["start"] = "weigh",
                ["activities"] = new JsonArray(
                    new JsonObject
                    {
                        ["id"] = "weigh",
                        ["name"] = title,
                        ["type"] = "Orchestration.HumanTask",
                        ["version"] = 1,
                        ["unknownMember"] = 7,
                        ["metadata"] = At(0, 0),
                        ["title"] = Literal(title),
                        ["team"] = Literal("claims-adjusting"),
                        ["outcomes"] = new JsonObject
                        {
                            ["typeName"] = "List<String>",
                            ["expression"] = new JsonObject { ["type"] = "Object", ["value"] = "[\"Weighed\"]" },
                        },
                    },
                    new JsonObject
                    {
                        ["id"] = "end",
                        ["name"] = "End",
                        ["type"] = "Elsa.End",
                        ["version"] = 1,
                        ["metadata"] = At(400, 0),
                    }
                ),
                ["connections"] = new JsonArray(
                    new JsonObject
                    {
                        ["source"] = new JsonObject { ["activity"] = "weigh", ["port"] = "Weighed" },
                        ["target"] = new JsonObject { ["activity"] = "end", ["port"] = "In" },
                        ["vertices"] = new JsonArray(),
                    }
                ),
            },
        };

    private static JsonObject Literal(string text) =>
        new()
        {
            ["typeName"] = "String",
            ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = text },
        };

    private static JsonObject At(int x, int y) =>
        new()
        {
            ["designer"] = new JsonObject
            {
                ["position"] = new JsonObject { ["x"] = x, ["y"] = y },
                ["size"] = new JsonObject { ["width"] = 240, ["height"] = 54 },
            },
        };
}
