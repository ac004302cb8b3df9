using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Testing;
using static Orchestration.Host.Tests.Journeys.Journey;

namespace Orchestration.Host.Tests.Journeys;

/// <summary><c>POST /api/definitions</c>.</summary>
public sealed class DefinitionTests(Office office) : IClassFixture<Office>
{
    [Fact]
    public async Task A_published_definition_can_be_started_and_a_draft_keeps_what_is_wrong_with_it()
    {
        var published = await (await StoreAsync(Of("store-a", Step("first")), publish: true)).JsonAsync();
        ((int)published["version"]!).ShouldBe(1);
        ((bool)published["isPublished"]!).ShouldBeTrue();
        await office.FrontOffice.OpenAsync("store-a", office.NewReference("ST"), new { });

        var draft = await (await StoreAsync(Of("store-a", Step("first"), """{ "id": "x", "type": "Acme.Unknown" }"""), publish: false)).JsonAsync();
        ((int)draft["version"]!).ShouldBe(2);
        ((bool)draft["isPublished"]!).ShouldBeFalse();
        var problem = draft["problems"]!.AsArray().ShouldHaveSingleItem()!;
        ((string)problem["activity"]!).ShouldBe("x");
        ((string)problem["field"]!).ShouldBe("type");
        ((string)problem["reason"]!).ShouldContain("Acme.Unknown");
    }

    [Fact]
    public async Task Publishing_what_is_not_valid_names_every_activity_and_field_and_stores_nothing()
    {
        var definition = Of("store-b", """{ "id": "x", "type": "Acme.Unknown" }""", Delay("d", "soon"), """{ "id": "e", "type": "Elsa.Event" }""");

        var problem = await (await StoreAsync(definition, publish: true)).ProblemAsync(422);

        problem["problems"]!.AsArray().Select(p => $"{p!["activity"]}.{p["field"]}").ShouldBe(["x.type", "d.timeSpan", "e.eventName"], ignoreOrder: true);
        problem["errors"]!.AsObject().Select(e => e.Key).ShouldContain("$.root.activities[0].type");
        await NothingStoredAsync("store-b");
    }

    [Fact]
    public async Task The_same_operation_gives_the_same_answer_and_another_request_is_refused()
    {
        var operation = Worker.NewOperation();
        var first = await (await StoreAsync(Of("store-c", Step("first")), publish: true, operation)).JsonAsync();
        var again = await (await StoreAsync(Of("store-c", Step("first")), publish: true, operation)).JsonAsync();

        again.ToJsonString().ShouldBe(first.ToJsonString());
        (await office.QueryAsync<long>("select count(*) from workflow_definition where definition_id = 'store-c'")).ShouldBe([1]);
        ((string)(await (await StoreAsync(Of("store-c", Step("other")), publish: true, operation)).ProblemAsync(409))["type"]!).ShouldBe(
            "/problems/operation-reused"
        );
    }

    [Fact]
    public async Task Two_of_the_same_operation_at_once_store_one_version()
    {
        var operation = Worker.NewOperation();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => StoreAsync(Of("store-d", Step("first")), publish: false, operation)));

        var ids = new HashSet<string>();
        foreach (var answer in answers)
            ids.Add((string)(await answer.JsonAsync())["id"]!);
        ids.Count.ShouldBe(1);
        (await office.QueryAsync<long>("select count(*) from workflow_definition where definition_id = 'store-d'")).ShouldBe([1]);
        (await office.QueryAsync<long>("select count(*) from event where entity = 'definition' and entity_id = 'store-d'")).ShouldBe([1]);
    }

    [Fact]
    public async Task A_stale_revision_is_told_who_changed_it()
    {
        var first = await (await StoreAsync(Of("store-e", Step("first")), publish: false)).JsonAsync();
        var revision = (int)first["revision"]!;
        await StoreAsync(Of("store-e", Step("second")), publish: false);

        foreach (var publish in new[] { false, true })
        {
            var problem = await (await StoreAsync(Of("store-e", Step("third")), publish, revision: revision)).ProblemAsync(409);
            ((string)problem["type"]!).ShouldBe("/problems/stale-revision");
            ((string)problem["by"]!).ShouldBe("analyst");
        }
    }

    [Fact]
    public async Task Who_may_not_design_is_refused()
    {
        foreach (var name in new[] { "frontoffice", "supervisor", "compliance" })
            (await office.Person(name).SendAsync(HttpMethod.Post, "/api/definitions", Body(Of("store-f", Step("first")), false))).StatusCode.ShouldBe(
                System.Net.HttpStatusCode.Forbidden,
                name
            );
        (await office.Host.Api().PostAsync("/api/definitions", new StringContent("{}", Encoding.UTF8, "application/json"))).StatusCode.ShouldBe(
            System.Net.HttpStatusCode.Unauthorized
        );
        await NothingStoredAsync("store-f");
    }

    [Fact]
    public async Task Who_may_design_but_not_publish_stores_drafts_only()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var host = new HostApp(
            database.ConnectionString,
            settings: new Dictionary<string, string> { ["Designer:PublishRoles:0"] = "administrator" }
        );
        var analyst = new Worker(host.Api(), "analyst");

        (
            (string)(await (await analyst.SendAsync(HttpMethod.Post, "/api/definitions", Body(Of("store-g", Step("first")), true))).ProblemAsync(403))["type"]!
        ).ShouldBe("/problems/may-not-publish");
        (await analyst.SendAsync(HttpMethod.Post, "/api/definitions", Body(Of("store-g", Step("first")), false))).StatusCode.ShouldBe(
            System.Net.HttpStatusCode.OK
        );
    }

    public static TheoryData<string, int> Hostile =>
        new()
        {
            { "", 422 },
            { "{", 400 },
            { "[]", 400 },
            { "null", 400 },
            { "\"x\"", 400 },
            { "{}", 422 },
            { """{ "operationId": 5, "definition": [] }""", 422 },
            { """{ "operationId": "h1", "definition": { "definitionId": "../../x" } }""", 422 },
            { """{ "operationId": "h2", "definition": { "definitionId": 7 } }""", 422 },
            { """{ "operationId": "h3", "publish": "yes", "definition": {} }""", 422 },
            { """{ "operationId": "h4", "revision": -1, "definition": {} }""", 422 },
            { """{ "operationId": "h4", "revision": 1.5, "definition": {} }""", 422 },
            { """{ "operationId": "h5", "definition": { "root": 5 } }""", 422 },
            { """{ "operationId": "h6", "definition": { "name": "a\u0000b" } }""", 400 },
            { """{ "operationId": "h7", "definition": { "name": "\ud800" } }""", 400 },
            { """{ "operationId": "h8", "definition": { "name": "a", "name": "b" } }""", 400 },
            { """{ "operationId": "h9", "publish": true, "definition": { "definitionId": "store-h", "root": { "type": 5 } } }""", 422 },
            {
                """
                    { "operationId": "h10", "publish": true, "definition": { "definitionId": "store-h", "root": { "id": "r", "type": "Elsa.Flowchart",
                      "activities": 5, "connections": [1, {}, { "source": {} }] } } }
                    """,
                422
            },
            { """{ "operationId": "h11", "publish": true, "definition": { "definitionId": "store-h" } }""", 422 },
            {
                $$"""
                    { "operationId": "h12", "publish": true, "definition": { "definitionId": "store-h",
                      "root": {{new string('[', 600)}}{{new string(']', 600)}} } }
                    """,
                400
            },
            { $$"""{ "operationId": "h13", "definition": { "definitionId": "store-h", "description": "{{new string('x', 9_000_000)}}" } }""", 422 },
            { $$"""{ "operationId": "h14", "definition": { "definitionId": "store-h", "description": "{{new string('x', 17_000_000)}}" } }""", 413 },
            { $$"""{ "operationId": "{{new string('o', 201)}}", "definition": { "definitionId": "store-h" } }""", 422 },
            {
                $$"""
                    { "operationId": "h15", "publish": true, "definition": { "definitionId": "store-h",
                      "root": { "id": "r", "type": "Elsa.Sequence", "activities": [ {{string.Join(
                        ',',
                        Enumerable.Repeat("{\"type\":\"Elsa.End\"}", 10_001)
                    )}} ] } } }
                    """,
                422
            },
        };

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(Hostile))]
    public async Task Hostile_documents_are_refused_with_a_reason_and_lose_nothing(string json, int status)
    {
        var client = await office.Host.ApiAsync("analyst");
        client.DefaultRequestHeaders.ExpectContinue = true;
        using var content = new StringContent(json, Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");

        var problem = await (await client.PostAsync("/api/definitions", content)).ProblemAsync(status);

        (problem["errors"]?.ToJsonString() ?? (string?)problem["detail"]).ShouldNotBeNullOrEmpty();
        await NothingStoredAsync("store-h");
    }

    private Task<HttpResponseMessage> StoreAsync(JsonObject definition, bool publish, string? operation = null, int? revision = null) =>
        office.Person("analyst").SendAsync(HttpMethod.Post, "/api/definitions", Body(definition, publish, operation, revision));

    private static object Body(JsonObject definition, bool publish, string? operation = null, int? revision = null) =>
        new
        {
            definition,
            publish,
            revision,
            operationId = operation ?? Worker.NewOperation(),
        };

    private async Task NothingStoredAsync(string id)
    {
        (await office.QueryAsync<long>($"select count(*) from workflow_definition where definition_id = '{id}'")).ShouldBe([0]);
        (await office.QueryAsync<long>($"select count(*) from event where entity = 'definition' and entity_id = '{id}'")).ShouldBe([0]);
    }
}
