using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Elsa;

/// <summary>What the designer's server promises beyond the recorded contract.</summary>
public sealed class DesignerTests(SharedHost host) : IClassFixture<SharedHost>
{
    private const string Api = "/elsa/api/workflow-definitions";

    [Fact]
    public async Task Second_save_of_a_draft_that_somebody_else_changed_is_refused_and_overwrites_nothing()
    {
        var (analyst, admin) = (await host.App.ApiAsync("analyst"), await host.App.ApiAsync("admin"));
        var opened = (await SaveAsync(analyst, Draft("two-editors", "first"))).Answer["workflowDefinition"]!;

        (await SaveAsync(admin, Edited(opened, "by admin"))).Status.ShouldBe(HttpStatusCode.OK);
        var late = await SaveAsync(analyst, Edited(opened, "by analyst"));

        late.Status.ShouldBe(HttpStatusCode.Conflict);
        late.Answer.ToJsonString().ShouldContain("admin");
        ((string)(await GetAsync(analyst, $"{Api}/by-definition-id/two-editors"))["description"]!).ShouldBe("by admin");
    }

    [Fact]
    public async Task Overlapping_saves_of_one_page_do_not_conflict()
    {
        var analyst = await host.App.ApiAsync("analyst");
        analyst.DefaultRequestHeaders.Add("X-Designer-Page", "page-1");
        var opened = (await SaveAsync(analyst, Draft("one-editor", "first"))).Answer["workflowDefinition"]!;
        (await SaveAsync(analyst, Edited(opened, "second"))).Status.ShouldBe(HttpStatusCode.OK);
        (await SaveAsync(analyst, Edited(opened, "third"))).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Invalid_definition_is_kept_as_draft_and_refused_at_publish_with_all_reasons()
    {
        var analyst = await host.App.ApiAsync("analyst");
        var model = Draft("invalid", "");
        model["root"]!["activities"] = new JsonArray(Activity("a", "Elsa.NoSuchThing"), Activity("b", "Elsa.NorThis"));

        var saved = await SaveAsync(analyst, model);
        saved.Status.ShouldBe(HttpStatusCode.OK);
        saved.Answer["validationErrors"]!.AsArray().Count.ShouldBeGreaterThanOrEqualTo(2);

        var refused = await SaveAsync(analyst, Edited(saved.Answer["workflowDefinition"]!, "now"), publish: true);
        refused.Status.ShouldBe(HttpStatusCode.BadRequest);
        refused.Answer.ToJsonString().ShouldContain("NoSuchThing");
        refused.Answer.ToJsonString().ShouldContain("NorThis");
        ((bool)(await GetAsync(analyst, $"{Api}/by-definition-id/invalid"))["isPublished"]!).ShouldBeFalse();
    }

    [Fact]
    public async Task An_activity_of_a_missing_type_is_drawn_as_a_placeholder_and_saved_as_it_was()
    {
        var analyst = await host.App.ApiAsync("analyst");
        var model = Draft("missing-type", "");
        model["root"]!["activities"] = new JsonArray(new JsonObject { ["id"] = "a", ["type"] = "Elsa.NoSuchThing", ["version"] = 1, ["unknown"] = 7 });
        var opened = (await SaveAsync(analyst, model)).Answer["workflowDefinition"]!;
        ((string)opened["root"]!["activities"]![0]!["type"]!).ShouldBe("Elsa.NotFoundActivity");
        opened["root"]!["activities"]![0]!["metadata"]!["designer"] = new JsonObject { ["position"] = new JsonObject { ["x"] = 5, ["y"] = 6 } };

        (await SaveAsync(analyst, Edited(opened, "moved"))).Status.ShouldBe(HttpStatusCode.OK);

        var exported = (await GetAsync(analyst, Api + "/missing-type/export"))["root"]!["activities"]![0]!;
        ((string)exported["type"]!).ShouldBe("Elsa.NoSuchThing");
        ((int)exported["unknown"]!).ShouldBe(7);
        ((int)exported["metadata"]!["designer"]!["position"]!["x"]!).ShouldBe(5);
    }

    [Fact]
    public async Task A_trial_run_stays_on_the_draft_it_began_with_on_every_host()
    {
        await using var other = new HostApp(host.ConnectionString);
        var (analyst, admin) = (await host.App.ApiAsync("analyst"), await other.ApiAsync("admin"));
        var model = Draft("trial", "");
        model["root"]!["activities"] = new JsonArray(Activity("a", "Elsa.Event"));
        model["root"]!["activities"]![0]!["eventName"] = new JsonObject { ["typeName"] = "String", ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = "Go" } };
        var opened = (await SaveAsync(analyst, model)).Answer["workflowDefinition"]!;
        var started = await admin.PostAsync(Api + "/trial/execute", Json("{\"versionOptions\":\"Latest\"}"));
        started.StatusCode.ShouldBe(HttpStatusCode.OK);
        var run = started.Headers.GetValues("x-elsa-workflow-instance-id").Single();

        var changed = Edited(opened, "changed");
        changed["root"]!["activities"] = new JsonArray();
        var saved = await SaveAsync(analyst, changed);

        ((int)saved.Answer["workflowDefinition"]!["version"]!).ShouldBe(2);
        (await admin.PostAsync("/elsa/api/events/Go/trigger", Json($$"""{"workflowInstanceId":"{{run}}"}"""))).StatusCode.ShouldBe(HttpStatusCode.OK);
        ((string)(await GetAsync(analyst, "/elsa/api/workflow-instances/" + run))["subStatus"]!).ShouldBe("Finished");
    }

    [Fact]
    public async Task Trying_an_activity_stores_nothing()
    {
        var analyst = await host.App.ApiAsync("analyst");
        var model = Draft("tried", "");
        model["root"]!["activities"] = new JsonArray(new JsonObject
        {
            ["id"] = "a", ["type"] = "Elsa.WriteLine", ["version"] = 1, ["text"] = new JsonObject { ["typeName"] = "String", ["expression"] = new JsonObject { ["type"] = "JavaScript", ["value"] = "'1' + 2" } },
        });
        var saved = (await SaveAsync(analyst, model)).Answer["workflowDefinition"]!;

        var answer = JsonNode.Parse(await (await analyst.PostAsync("/elsa/api/tests/activities", Json(new JsonObject
        {
            ["workflowDefinitionHandle"] = new JsonObject { ["definitionVersionId"] = (string)saved["id"]! },
            ["activityHandle"] = new JsonObject { ["activityNodeId"] = (string)saved["root"]!["activities"]![0]!["nodeId"]! },
        }.ToJsonString()))).Content.ReadAsStringAsync())!;

        ((string)answer["status"]!).ShouldBe("Completed");
        ((string)answer["activityState"]!["Text"]!).ShouldBe("12");
        ((int)(await GetAsync(analyst, "/elsa/api/workflow-instances?definitionId=tried"))["totalCount"]!).ShouldBe(0);
    }

    [Fact]
    public async Task An_api_key_may_do_what_it_was_given_and_no_more()
    {
        const string key = "machine-key-of-the-test";
        await using var app = new HostApp(host.ConnectionString, settings: new Dictionary<string, string>
        {
            ["ApiKeys:ci:Sha256"] = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(key))),
            ["ApiKeys:ci:Rights:0"] = "journeys:read", ["ApiKeys:ci:Rights:1"] = "journeys:edit",
        });
        var machine = app.Api();
        machine.DefaultRequestHeaders.Add("Authorization", "ApiKey " + key);
        (await machine.GetAsync(Api)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await SaveAsync(machine, Draft("by-machine", ""))).Status.ShouldBe(HttpStatusCode.OK);
        (await SaveAsync(machine, Draft("by-machine", ""), publish: true)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await machine.PostAsync(Api + "/by-machine/execute", Json("{}"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await machine.GetAsync("/api/tasks")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        machine.DefaultRequestHeaders.Remove("Authorization");
        machine.DefaultRequestHeaders.Add("Authorization", "ApiKey wrong");
        (await machine.GetAsync(Api)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Only_those_allowed_publish()
    {
        await using var app = new HostApp(host.ConnectionString, settings: new Dictionary<string, string> { ["Designer:PublishRoles:0"] = "administrator" });
        var (analyst, admin) = (await app.ApiAsync("analyst"), await app.ApiAsync("admin"));
        (await SaveAsync(analyst, Draft("four-eyes", ""))).Status.ShouldBe(HttpStatusCode.OK);
        (await analyst.PostAsync(Api + "/four-eyes/publish", Json("{}"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await admin.PostAsync(Api + "/four-eyes/publish", Json("{}"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("analyst", HttpStatusCode.OK, HttpStatusCode.OK)]
    [InlineData("supervisor", HttpStatusCode.OK, HttpStatusCode.Forbidden)]
    [InlineData("compliance", HttpStatusCode.OK, HttpStatusCode.Forbidden)]
    [InlineData("frontoffice", HttpStatusCode.Forbidden, HttpStatusCode.Forbidden)]
    [InlineData("adjuster1", HttpStatusCode.Forbidden, HttpStatusCode.Forbidden)]
    public async Task Roles_decide_who_looks_and_who_edits(string person, HttpStatusCode looks, HttpStatusCode edits)
    {
        var client = await host.App.ApiAsync(person);
        (await client.GetAsync(Api)).StatusCode.ShouldBe(looks);
        (await SaveAsync(client, Draft("of-" + person, ""))).Status.ShouldBe(edits);
    }

    [Fact]
    public async Task Cookie_alone_does_not_reach_the_api()
    {
        // Cookies expire by the clock of the browser.
        await using var app = new HostApp(host.ConnectionString, new FakeClock(NodaTime.Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow())));
        var browser = await app.BrowserAsync("analyst");
        (await browser.GetAsync("/studio/session")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await browser.GetAsync(Api)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    public static TheoryData<string> Hostile() =>
    [
        "{\"model\":", "[]", "null", "7", "{\"model\":{\"name\":7}}", "{\"model\":{\"root\":[]}}", "{\"model\":{\"name\":\"a\\u0000b\"}}", "{\"model\":{\"name\":\"\\ud800\"}}",
        "{\"model\":{\"name\":\"x\",\"name\":\"y\"}}", "{\"model\":{\"definitionId\":\"../../x\"}}", "{\"model\":{\"variables\":[1,null,{}],\"root\":{\"id\":1,\"type\":[]}}}",
        "{\"model\":{\"root\":{\"id\":\"a\",\"type\":\"Elsa.Flowchart\",\"version\":1e999,\"activities\":[null,1,{\"id\":\"a\"},{\"id\":\"a\",\"type\":\"Elsa.WriteLine\"},{\"id\":\"a\",\"type\":\"Elsa.WriteLine\"}],\"connections\":[{},{\"source\":7}]}}}",
        "{\"model\":{\"root\":" + new string('[', 5000) + new string(']', 5000) + "}}",
        "{\"model\":{\"root\":" + string.Concat(Enumerable.Repeat("{\"id\":\"a\",\"type\":\"Elsa.Sequence\",\"activities\":[", 200)) + string.Concat(Enumerable.Repeat("]}", 200)) + "}}",
        "{\"model\":{\"name\":\"<script>alert(1)</script>\",\"definitionId\":\"<img src=x>\"}}",
    ];

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Hostile_documents_never_break_the_server(string body)
    {
        var analyst = await host.App.ApiAsync("analyst");
        foreach (var path in new[] { Api, Api + "/import", "/elsa/api/workflow-instances", "/elsa/api/activity-executions/report" })
            ((int)(await analyst.PostAsync(path, Json(body))).StatusCode).ShouldBeLessThan(500, path);
        ((int)(await analyst.GetAsync(Api + "?versionOptions=99999999999&page=-1&pageSize=0&searchTerm=%25%27")).StatusCode).ShouldBeLessThan(500);
        ((int)(await analyst.GetAsync(Api + "?searchTerm=%00")).StatusCode).ShouldBe(400);
        var list = await analyst.GetStringAsync(Api);
        list.ShouldNotContain("<script>");
    }

    [Fact]
    public async Task What_was_imported_is_exported_with_nothing_lost()
    {
        var analyst = await host.App.ApiAsync("analyst");
        var shipped = JsonNode.Parse(await File.ReadAllTextAsync(Repository.Path("definitions/claims.json")))!.AsObject();
        shipped["definitionId"] = "claims-copy";
        shipped["unknownMember"] = new JsonObject { ["kept"] = true };
        (await analyst.PostAsync(Api + "/import", Json(shipped.ToJsonString()))).StatusCode.ShouldBe(HttpStatusCode.OK);

        var exported = JsonNode.Parse(await analyst.GetStringAsync(Api + "/claims-copy/export"))!;

        Meaning.Lost(shipped, exported).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_exported_zip_imports_back()
    {
        var analyst = await host.App.ApiAsync("analyst");
        var saved = (await SaveAsync(analyst, Draft("zipped", "as it was"))).Answer["workflowDefinition"]!;
        var answer = await analyst.PostAsync("/elsa/api/bulk-actions/export/workflow-definitions", Json($$"""{"ids":["{{saved["id"]}}"]}"""));
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        using (var zip = new ZipArchive(new MemoryStream(bytes)))
            zip.Entries.ShouldHaveSingleItem().Name.ShouldBe($"workflow-definition-zipped-zipped-{saved["id"]}.json");

        (await SaveAsync(analyst, Edited(saved, "changed"))).Status.ShouldBe(HttpStatusCode.OK);
        using var form = new MultipartFormDataContent { { new ByteArrayContent(bytes), "files", "all.zip" } };
        (await analyst.PostAsync(Api + "/import-files", form)).StatusCode.ShouldBe(HttpStatusCode.OK);

        ((string)(await GetAsync(analyst, Api + "/by-definition-id/zipped"))["description"]!).ShouldBe("as it was");
    }

    [Fact]
    public async Task A_burst_finds_the_workflow_it_dispatches_while_others_are_published()
    {
        var analyst = await host.App.ApiAsync("analyst");
        await SaveAsync(analyst, Draft("called", ""), publish: true);
        var caller = Draft("calling", "");
        caller["root"]!["activities"] = new JsonArray(Activity("a", "Elsa.DispatchWorkflow"));
        caller["root"]!["activities"]![0]!["workflowDefinitionId"] = new JsonObject { ["typeName"] = "String", ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = "called" } };
        await SaveAsync(analyst, caller, publish: true);

        for (var round = 0; round < 20; round++)
        {
            var other = Draft("published-beside", $"round {round}");
            var published = SaveAsync(analyst, other, publish: true);
            var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => analyst.PostAsync(Api + "/calling/execute", Json("{}"))));
            (await published).Status.ShouldBe(HttpStatusCode.OK);
            foreach (var answer in answers)
                JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["workflowState"]!["incidents"]!.AsArray().ShouldBeEmpty();
        }
    }

    private static JsonObject Draft(string id, string description) => new()
    {
        ["definitionId"] = id, ["name"] = id, ["description"] = description,
        ["root"] = new JsonObject { ["id"] = "root", ["type"] = "Elsa.Flowchart", ["version"] = 1, ["activities"] = new JsonArray(), ["connections"] = new JsonArray() },
    };

    private static JsonObject Activity(string id, string type) => new() { ["id"] = id, ["type"] = type, ["version"] = 1 };

    private static JsonObject Edited(JsonNode opened, string description)
    {
        var model = opened.DeepClone().AsObject();
        model["description"] = description;
        return model;
    }

    private static async Task<(HttpStatusCode Status, JsonNode Answer)> SaveAsync(HttpClient client, JsonObject model, bool publish = false)
    {
        var answer = await client.PostAsync(Api, Json(new JsonObject { ["model"] = model.DeepClone(), ["publish"] = publish }.ToJsonString()));
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!);
    }

    private static async Task<JsonNode> GetAsync(HttpClient client, string path) => JsonNode.Parse(await client.GetStringAsync(path))!;

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
