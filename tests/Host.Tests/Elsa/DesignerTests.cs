using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Testing;
using Orchestration.Workflows.Forms;

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
        model["root"]!["activities"] = new JsonArray(
            new JsonObject
            {
                ["id"] = "a",
                ["type"] = "Elsa.NoSuchThing",
                ["version"] = 1,
                ["unknown"] = 7,
            }
        );
        var opened = (await SaveAsync(analyst, model)).Answer["workflowDefinition"]!;
        ((string)opened["root"]!["activities"]![0]!["type"]!).ShouldBe("Elsa.NotFoundActivity");
        opened["root"]!["activities"]![0]!["metadata"]!["designer"] = new JsonObject
        {
            ["position"] = new JsonObject { ["x"] = 5, ["y"] = 6 },
        };

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
        model["root"]!["activities"]![0]!["eventName"] = new JsonObject
        {
            ["typeName"] = "String",
            ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = "Go" },
        };
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
        model["root"]!["activities"] = new JsonArray(
            new JsonObject
            {
                ["id"] = "a",
                ["type"] = "Elsa.WriteLine",
                ["version"] = 1,
                ["text"] = new JsonObject
                {
                    ["typeName"] = "String",
                    ["expression"] = new JsonObject { ["type"] = "JavaScript", ["value"] = "'1' + 2" },
                },
            }
        );
        var saved = (await SaveAsync(analyst, model)).Answer["workflowDefinition"]!;

        var answer = JsonNode.Parse(
            await (
                await analyst.PostAsync(
                    "/elsa/api/tests/activities",
                    Json(
                        new JsonObject
                        {
                            ["workflowDefinitionHandle"] = new JsonObject { ["definitionVersionId"] = (string)saved["id"]! },
                            ["activityHandle"] = new JsonObject { ["activityNodeId"] = (string)saved["root"]!["activities"]![0]!["nodeId"]! },
                        }.ToJsonString()
                    )
                )
            ).Content.ReadAsStringAsync()
        )!;

        ((string)answer["status"]!).ShouldBe("Completed");
        ((string)answer["activityState"]!["Text"]!).ShouldBe("12");
        ((int)(await GetAsync(analyst, "/elsa/api/workflow-instances?definitionId=tried"))["totalCount"]!).ShouldBe(0);
    }

    [Fact]
    public async Task An_api_key_may_do_what_it_was_given_and_no_more()
    {
        const string key = "machine-key-of-the-test";
        await using var app = new HostApp(
            host.ConnectionString,
            settings: new Dictionary<string, string>
            {
                ["ApiKeys:ci:Sha256"] = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(key))),
                ["ApiKeys:ci:Rights:0"] = "journeys:read",
                ["ApiKeys:ci:Rights:1"] = "journeys:edit",
            }
        );
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
            "{\"model\":",
            "[]",
            "null",
            "7",
            "{\"model\":{\"name\":7}}",
            "{\"model\":{\"root\":[]}}",
            "{\"model\":{\"name\":\"a\\u0000b\"}}",
            "{\"model\":{\"name\":\"\\ud800\"}}",
            "{\"model\":{\"name\":\"x\",\"name\":\"y\"}}",
            "{\"model\":{\"definitionId\":\"../../x\"}}",
            "{\"model\":{\"variables\":[1,null,{}],\"root\":{\"id\":1,\"type\":[]}}}",
            "{\"model\":{\"root\":{\"id\":\"a\",\"type\":\"Elsa.Flowchart\",\"version\":1e999,"
                + "\"activities\":[null,1,{\"id\":\"a\"},{\"id\":\"a\",\"type\":\"Elsa.WriteLine\"},{\"id\":\"a\",\"type\":\"Elsa.WriteLine\"}],"
                + "\"connections\":[{},{\"source\":7}]}}}",
            "{\"model\":{\"root\":" + new string('[', 5000) + new string(']', 5000) + "}}",
            "{\"model\":{\"root\":"
                + string.Concat(Enumerable.Repeat("{\"id\":\"a\",\"type\":\"Elsa.Sequence\",\"activities\":[", 200))
                + string.Concat(Enumerable.Repeat("]}", 200))
                + "}}",
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

    /// <summary>Documents that can be stored as drafts, however odd, and whether they can be published.</summary>
    public static TheoryData<string, bool> Odd() =>
        new()
        {
            {
                """
                    {"name":"<script>alert(1)</script>","description":"</textarea><img src=x onerror=alert(1)>","root":{"id":"<b>","type":"Elsa.Flowchart",
                      "name":"<i>","activities":[{"id":"\"><script>","type":"Elsa.WriteLine","version":1}],"connections":[]}}
                    """,
                true
            },
            {
                """
                    {"root":{"id":"r","type":"Elsa.Flowchart","version":1e30,"activities":[{"id":"a","type":"Elsa.WriteLine","version":-1e300,
                      "metadata":{"designer":{"position":{"x":1e308,"y":-1e308},"size":{"width":"wide"}}}},{"id":"a","type":"Elsa.WriteLine"}],
                      "connections":[{"source":{"activity":"a","port":"Done"},"target":{"activity":"a","port":"In"}},{"source":{"activity":"nobody"},
                      "target":{"activity":"a"}},{"source":7,"target":[]},{}]}}
                    """,
                false
            },
            { """{"root":{"id":"r","type":"Elsa.Flowchart","activities":{"not":"a list"},"connections":"neither"}}""", false },
            {
                """
                    {"root":{"id":"r","type":"Elsa.Sequence","activities":[null,7,"x",[],{},{"id":null,"type":null},{"id":"f","type":"Elsa.ForEach",
                      "body":{"id":"f","type":"Elsa.ForEach","body":7}}]}}
                    """,
                false
            },
            {
                """
                    {"variables":[{"id":"v","name":"V","typeName":"No.Such.Type, Anywhere"},{"id":"v","name":"V"},{"name":[]}],"inputs":[{"name":"V",
                      "type":{}}],"outputs":[7],"outcomes":[{},null],"options":{"activationStrategyType":[],"incidentStrategyType":7},
                      "customProperties":{"Orchestration.Revision":"many"},"root":{"id":"r","type":"Elsa.WriteLine","version":1,"text":{"typeName":7,
                      "expression":{"type":[],"value":{"deep":[1]}}}}}
                    """,
                false
            },
            {
                """
                    {"root":{"id":"h","type":"Orchestration.HumanTask","version":1,"title":{"expression":{"type":"JavaScript","value":"while(true){}"}},
                      "outcomes":{"expression":{"type":"Object","value":"[1,{},null,\"<b>\",\"<b>\"]"}},"form":{"expression":{"type":"Object",
                      "value":"{\"type\":\"object\",\"properties\":{\"a\":{\"pattern\":\"(a+)+$\"}}}"}},"slaDuration":{"expression":{"type":"Literal",
                      "value":"P99999999999Y"}},"priority":{"expression":{"type":"Literal","value":"1e400"}}}}
                    """,
                false
            },
            { """{"root":{"id":"r","type":"Elsa.Flowchart","version":1,"customProperties":7,"activities":[],"connections":[]}}""", true },
            {
                """
                    {"root":{"id":"t","type":"Elsa.Cron","version":1,"customProperties":{"canStartWorkflow":true},
                      "cronExpression":{"expression":{"type":"Literal","value":"* * * * * * * * * ?"}}}}
                    """,
                false
            },
            {
                """
                    {"root":{"id":"j","type":"Elsa.RunJavaScript","version":1,"script":{"expression":{"type":"Literal",
                      "value":"(((((((((((((((((((((((((((((((((((((((("}}}}
                    """,
                false
            },
            {
                "{\"root\":"
                    + string.Concat(Enumerable.Repeat("{\"id\":\"s\",\"type\":\"Elsa.Sequence\",\"activities\":[", 120))
                    + string.Concat(Enumerable.Repeat("]}", 120))
                    + "}",
                true
            },
            { "{\"name\":\"" + new string('n', 490) + "\",\"root\":{\"id\":\"r\",\"type\":\"" + new string('T', 100_000) + "\",\"version\":1}}", false },
        };

    [Theory]
    [MemberData(nameof(Odd))]
    public async Task Whatever_is_kept_as_a_draft_can_be_read_checked_refused_run_exported_and_deleted_without_a_500(string document, bool isValid)
    {
        var analyst = await host.App.ApiAsync("analyst");
        var id = "odd-" + Ids.Text(Ids.New(host.App.Clock.GetCurrentInstant()));
        var model = JsonNode.Parse(document, documentOptions: Deep)!.AsObject();
        model["definitionId"] = id;
        var saved = await SaveAsync(analyst, model);
        saved.Status.ShouldBe(HttpStatusCode.OK, saved.Answer.ToJsonString());
        var version = (string)saved.Answer["workflowDefinition"]!["id"]!;

        var published = await SaveAsync(analyst, model, publish: true);
        published.Status.ShouldBe(isValid ? HttpStatusCode.OK : HttpStatusCode.BadRequest);
        if (!isValid)
            published.Answer["errors"]!.AsObject().Count.ShouldBeGreaterThan(0);
        foreach (
            var path in new[]
            {
                $"{Api}/by-definition-id/{id}",
                $"{Api}/by-id/{version}",
                $"{Api}/many-by-id?ids={version}",
                $"{Api}/{id}/versions",
                $"{Api}/{id}/export",
                $"{Api}/{id}/consumers",
                $"{Api}/subgraph/{version}?parentNodeId=Workflow1:r",
                $"{Api}/subgraph/segments/{version}?childNodeId=Workflow1:r",
                "/elsa/api/descriptors/activities",
                Api,
            }
        )
            ((int)(await analyst.GetAsync(path)).StatusCode).ShouldBeLessThan(500, path);
        foreach (
            var (path, body) in new[]
            {
                ($"{Api}/{id}/publish", "{}"),
                ($"{Api}/{id}/execute", """{"versionOptions":"Latest"}"""),
                ($"{Api}/{id}/dispatch", """{"versionOptions":"Latest"}"""),
                ($"{Api}/import", model.ToJsonString()),
                ($"/elsa/api/scripting/javascript/type-definitions/{id}", "{}"),
                ("/elsa/api/bulk-actions/export/workflow-definitions", $$"""{"ids":["{{version}}"]}"""),
                ("/elsa/api/bulk-actions/publish/workflow-definitions/by-definition-ids", $$"""{"definitionIds":["{{id}}"]}"""),
                (
                    "/elsa/api/tests/activities",
                    $$$"""{"workflowDefinitionHandle":{"definitionVersionId":"{{{version}}}"},"activityHandle":{"activityNodeId":"Workflow1:r"}}"""
                ),
            }
        )
            ((int)(await analyst.PostAsync(path, Json(body))).StatusCode).ShouldBeLessThan(500, path);
        (await analyst.DeleteAsync($"{Api}/{id}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task Choices_of_a_human_step_are_those_of_the_database_now()
    {
        var analyst = await host.App.ApiAsync("analyst");
        (await ChoicesAsync("Team")).ShouldNotContain("window-repair");
        await using (
            var insert = host
                .App.Services.GetRequiredService<WorkflowRuntime>()
                .Database.CreateCommand("insert into team (key, title, created_at) values ('window-repair', 'Window repair', now())")
        )
            await insert.ExecuteNonQueryAsync();
        (await ChoicesAsync("Team")).ShouldContain("window-repair");
        (await ChoicesAsync("SlaPolicy")).ShouldContain("claims-assess");
        (await ChoicesAsync("SlaPolicy")).ShouldNotContain("claims-settle", "a policy of cases");
        (await ChoicesAsync("FormName")).ShouldContain("claims-assessment");
        (await ChoicesAsync("SlaCalendar")).Count.ShouldBeGreaterThan(1);
        (await ChoicesAsync("SlaUnit")).ShouldBe(["elapsed", "workingTime", "businessDays", "calendarDays", "weeks"]);
        (await ChoicesAsync("RequiredSkills")).ShouldNotBeEmpty();
        (await ChoicesAsync("PreferredSkills")).ShouldBe(await ChoicesAsync("RequiredSkills"));
        (await ChoicesAsync("Team", "text")).ShouldContain("Window repair");
        (await ChoicesAsync("SlaPolicy", "text")).ShouldContain("Assess a claim (claims-assess)");
        (await ChoicesAsync("FormName", "text")).ShouldContain("Decision (claims-decision)");
        (await ChoicesAsync("SlaCalendar", "text")).ShouldContain("Around the clock (24x7)");
        (await ChoicesAsync("RequiredSkills", "text")).ShouldContain("Property claims");

        async Task<List<string>> ChoicesAsync(string input, string member = "value")
        {
            var step = await GetAsync(analyst, "/elsa/api/descriptors/activities/Orchestration.HumanTask");
            var described = step["inputs"]!.AsArray().Single(i => (string)i!["name"]! == input)!;
            ((string?)described["description"]).ShouldNotBeNullOrEmpty(input);
            var list = described["uiSpecifications"]!.AsObject().Single().Value!.AsObject().Single().Value!;
            return [.. list["items"]!.AsArray().Select(i => (string)i![member]!)];
        }
    }

    [Fact]
    public async Task Every_input_of_a_human_step_explains_itself()
    {
        var step = await GetAsync(await host.App.ApiAsync("analyst"), "/elsa/api/descriptors/activities/Orchestration.HumanTask");
        step["inputs"]!
            .AsArray()
            .Where(i => (bool)i!["isBrowsable"]! && string.IsNullOrWhiteSpace((string?)i["description"]))
            .Select(i => (string)i!["name"]!)
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task The_editor_of_forms_knows_the_keywords_that_the_server_reads()
    {
        var schema = await GetAsync(await host.App.ApiAsync("analyst"), "/studio/studio-form-schema.json");
        var keywords = schema["definitions"]!["keyword"]!["enum"]!.AsArray().Select(k => (string)k!).ToList();
        Unknown("x-nonsense").ShouldBeTrue();
        keywords.Where(Unknown).ShouldBeEmpty();
        foreach (var form in Directory.GetFiles(Repository.Path("definitions/forms")))
            Said(JsonNode.Parse(await File.ReadAllTextAsync(form))!).Except(keywords).ShouldBeEmpty(form);

        static bool Unknown(string keyword)
        {
            return !FormSchema.TryParse(
                    new JsonObject
                    {
                        ["type"] = "object",
                        ["properties"] = new JsonObject(),
                        [keyword] = keyword switch
                        {
                            "type" => "object",
                            "properties" => new JsonObject(),
                            _ => 7,
                        },
                    }.ToJsonString(),
                    out _,
                    out var errors
                ) && errors.Any(e => e.Reason.Contains("not a keyword", StringComparison.Ordinal));
        }

        static IEnumerable<string> Said(JsonNode field) =>
            field
                .AsObject()
                .Select(p => p.Key)
                .Concat((field["properties"] as JsonObject ?? []).SelectMany(p => Said(p.Value!)))
                .Concat(field["items"] is { } items ? Said(items) : []);
    }

    [Fact]
    public async Task Expressions_are_completed_with_the_form_fields_and_outcomes_of_human_steps()
    {
        var analyst = await host.App.ApiAsync("analyst");
        var types = await (await analyst.PostAsync("/elsa/api/scripting/javascript/type-definitions/claims", Json("{}"))).Content.ReadAsStringAsync();
        types.ShouldContain("""declare function getOutcomeFromAssess(): "Assessed" | "NeedInformation";""");
        var data = types.Split('\n').Single(line => line.Contains(" getDataFromAssess()", StringComparison.Ordinal));
        data.ShouldContain("\"inspection\"");
        data.ShouldContain("\"On site\" | \"Remote\" | \"From documents\"");
        data.ShouldContain("\"items\"?: Array<{ \"description\": string; ");
        types.ShouldContain("declare function getJurisdiction(): string;");
    }

    /// <summary>The file is the shipped journey, imported into a stock Elsa server, which knows no human steps, and exported from there.</summary>
    [Fact]
    public async Task A_journey_that_went_through_a_stock_server_is_the_same_journey_again()
    {
        var analyst = await host.App.ApiAsync("analyst");
        var shipped = JsonNode.Parse(await File.ReadAllTextAsync(Repository.Path("definitions/claims-status-letter.json")))!;
        var back = JsonNode.Parse(await File.ReadAllTextAsync(Repository.Path("tests/Host.Tests/Elsa/claims-status-letter-from-elsa.json")))!;
        back["definitionId"] = "letter-back";
        back["name"] = "Letter back";
        back.AsObject().Remove("id");
        (await analyst.PostAsync(Api + "/import", Json(back.ToJsonString()))).StatusCode.ShouldBe(HttpStatusCode.OK);

        var exported = JsonNode.Parse(await analyst.GetStringAsync(Api + "/letter-back/export"))!;

        Activities(exported).ShouldBe(Activities(shipped));
        Connections(exported).ShouldBe(Connections(shipped), ignoreOrder: true);

        static IEnumerable<string> Activities(JsonNode definition) => definition["root"]!["activities"]!.AsArray().Select(a => $"{a!["id"]} {a["type"]}");
        static IEnumerable<string> Connections(JsonNode definition) =>
            definition["root"]!["connections"]!.AsArray().Select(c => $"{c!["source"]!["activity"]} {c["source"]!["port"]} {c["target"]!["activity"]}");
    }

    /// <summary>Else a stock server refuses the file. Source: Elsa's <c>SerializationTypeOptions</c>; defaults of variables are read as text there.</summary>
    [Fact]
    public void Shipped_journeys_have_types_and_defaults_that_a_stock_server_reads()
    {
        string[] known =
        [
            "Object",
            "String",
            "Boolean",
            "Int16",
            "Int32",
            "Int64",
            "Single",
            "Double",
            "Decimal",
            "Guid",
            "DateTime",
            "DateTimeOffset",
            "TimeSpan",
            "JSON",
        ];
        foreach (var file in Directory.GetFiles(Repository.Path("definitions"), "*.json"))
        {
            if (JsonNode.Parse(File.ReadAllText(file)) is not JsonObject { } definition || definition["root"] is null)
                continue;
            foreach (var variable in definition["variables"]!.AsArray())
            {
                known.ShouldContain((string)variable!["typeName"]!, file);
                (variable["value"] is null || variable["value"]!.GetValueKind() == JsonValueKind.String).ShouldBeTrue($"{file}: {variable["name"]}");
            }

            foreach (var declared in definition["inputs"]!.AsArray().Concat(definition["outputs"]!.AsArray()))
                known.ShouldContain((string)declared!["type"]!, file);
        }
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
        caller["root"]!["activities"]![0]!["workflowDefinitionId"] = new JsonObject
        {
            ["typeName"] = "String",
            ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = "called" },
        };
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

    private static readonly System.Text.Json.JsonDocumentOptions Deep = new() { MaxDepth = 1000 };

    private static JsonObject Draft(string id, string description) =>
        new()
        {
            ["definitionId"] = id,
            ["name"] = id,
            ["description"] = description,
            ["root"] = new JsonObject
            {
                ["id"] = "root",
                ["type"] = "Elsa.Flowchart",
                ["version"] = 1,
                ["activities"] = new JsonArray(),
                ["connections"] = new JsonArray(),
            },
        };

    private static JsonObject Activity(string id, string type) =>
        new()
        {
            ["id"] = id,
            ["type"] = type,
            ["version"] = 1,
        };

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
        return (answer.StatusCode, text.Length == 0 ? new JsonObject() : JsonNode.Parse(text, documentOptions: Deep)!);
    }

    private static async Task<JsonNode> GetAsync(HttpClient client, string path) => JsonNode.Parse(await client.GetStringAsync(path))!;

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
