using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using JsonArray = System.Text.Json.Nodes.JsonArray;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>
/// What the API says to calendars, policies, forms, comments and files that are wrong, and to people who ask at once: a problem with the field
/// and the reason, and nothing is lost.
/// </summary>
public sealed class BadTaskInputTests(Office office) : IClassFixture<Office>
{
    private static readonly object Notice = new
    {
        jurisdiction = "GB",
        claimedAmount = 900,
        lossDescription = "Hail",
    };

    [Theory]
    [InlineData(
        """
            { "id": "bad", "name": "Bad", "zone": "Europe/London", "hours": [{ "days": ["mon"], "open": "08:00", "close": "12:00" }, { "days": ["mon"],
              "open": "11:00", "close": "16:00" }] }
            """,
        "overlap"
    )]
    [InlineData("""{ "id": "bad", "name": "Bad", "zone": "Europe/Atlantis", "hours": [{ "days": ["mon"], "open": "08:00", "close": "16:00" }] }""", "zone")]
    [InlineData("""{ "id": "bad", "name": "Bad", "zone": "Europe/London", "hours": [] }""", "open")]
    [InlineData("""{ "id": "bad", "name": "Bad", "zone": "Europe/London", "hours": [{ "days": ["mon"], "open": "08:00", "close": "07:60" }] }""", "")]
    [InlineData("""{ "id": "bad", "name": "Bad", "zone": "Europe/London", "hours": "always" }""", "")]
    public async Task A_calendar_that_is_none_is_refused_with_the_place_and_the_reason(string document, string says)
    {
        var problem = await RefusedAsync("/api/calendars/bad", document);
        if (says.Length > 0)
            problem.ToJsonString().ShouldContain(says, Case.Insensitive);
        (await office.Person("admin").SendAsync(HttpMethod.Get, "/api/calendars/bad")).StatusCode.ShouldBe(
            System.Net.HttpStatusCode.NotFound,
            "nothing of it is kept"
        );
    }

    [Theory]
    [InlineData(
        """{ "id": "bad", "name": "Bad", "calendar": "moon", "target": { "amount": "PT8H", "unit": "elapsed" } }""",
        "$.calendar",
        "there is no calendar"
    )]
    [InlineData("""{ "id": "bad", "name": "Bad", "calendar": "24x7", "target": { "amount": "-PT8H", "unit": "elapsed" } }""", "$.target.amount", "")]
    [InlineData("""{ "id": "bad", "name": "Bad", "calendar": "24x7", "target": { "amount": "PT8H", "unit": "fortnights" } }""", "$.target.unit", "")]
    [InlineData(
        """
            { "id": "bad", "name": "Bad", "calendar": "24x7", "target": { "amount": "PT8H", "unit": "elapsed" }, "ladder": [ { "percent": 400,
              "actions": [{ "action": "relaxSkills" }] } ] }
            """,
        "$.ladder[0].percent",
        "300"
    )]
    [InlineData(
        """
            { "id": "bad", "name": "Bad", "calendar": "24x7", "target": { "amount": "PT8H", "unit": "elapsed" }, "ladder": [ { "before": { "amount": "PT9H",
              "unit": "elapsed" }, "actions": [{ "action": "relaxSkills" }] } ] }
            """,
        "$.ladder[0].before",
        "before the start"
    )]
    [InlineData(
        """
            { "id": "bad", "name": "Bad", "calendar": "24x7", "direction": "backward", "anchor": "closing", "target": { "amount": "3",
              "unit": "businessDays" }, "ladder": [ { "after": { "amount": "3", "unit": "businessDays" }, "actions": [{ "action": "relaxSkills" }] } ] }
            """,
        "$.ladder[0].after",
        "after the end"
    )]
    [InlineData(
        """
            { "id": "bad", "name": "Bad", "calendar": "24x7", "target": { "amount": "PT8H", "unit": "elapsed" }, "ladder": [ { "percent": 50,
              "actions": [{ "action": "explode" }] } ] }
            """,
        "$.ladder[0].actions[0].action",
        ""
    )]
    [InlineData(
        """
            { "id": "bad", "name": "Bad", "calendar": "24x7", "target": { "amount": "PT8H", "unit": "elapsed" }, "ladder": [ { "percent": 50,
              "actions": [{ "action": "webhook", "url": "file:///etc/passwd" }] } ] }
            """,
        "$.ladder[0].actions[0].url",
        "http"
    )]
    public async Task A_policy_that_is_none_is_refused_with_the_place_and_the_reason(string document, string path, string says)
    {
        var problem = await RefusedAsync("/api/sla-policies/bad", document);
        problem["errors"]!.AsObject().Select(e => e.Key).ShouldContain(path, problem.ToJsonString());
        problem["errors"]![path]!.ToJsonString().ShouldContain(says);
        (await office.Person("admin").SendAsync(HttpMethod.Get, "/api/sla-policies/bad")).StatusCode.ShouldBe(
            System.Net.HttpStatusCode.NotFound,
            "nothing of it is kept"
        );
    }

    [Theory]
    [InlineData("""{ "a": "\ud800" }""", "surrogate")]
    [InlineData("""{ "a": [{ "b": 1, "b": 2 }] }""", "twice")]
    public async Task Data_that_could_not_be_written_again_are_refused_and_what_was_typed_stays(string data, string says)
    {
        var person = office.Person("adjuster1");
        var task = await person.ClaimAsync(await office.FrontOffice.OpenAsync("claims", office.NewReference("CLM"), Notice), "acknowledge");
        var address = $"/api/tasks/{task["id"]}";
        (await person.SendAsync(HttpMethod.Put, $"{address}/draft", new { a = "typed" })).StatusCode.ShouldBe(System.Net.HttpStatusCode.NoContent);

        (await (await person.SendAsync(HttpMethod.Put, $"{address}/draft", Json(data))).ProblemAsync(400)).ToJsonString().ShouldContain(says);
        (
            await (
                await person.SendAsync(
                    HttpMethod.Post,
                    $"{address}/complete",
                    Json($$"""{ "revision": {{task["revision"]}}, "operationId": "{{Worker.NewOperation()}}", "data": {{data}} }""")
                )
            ).ProblemAsync(400)
        )
            .ToJsonString()
            .ShouldContain(says);
        (await person.GetAsync(address))["draft"]!.ToJsonString().ShouldBe("""{"a":"typed"}""");

        static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
    }

    [Fact]
    public async Task A_draft_is_kept_for_its_owner_who_has_seen_what_is_new()
    {
        var person = office.Person("adjuster1");
        var task = await person.ClaimAsync(await office.FrontOffice.OpenAsync("claims", office.NewReference("CLM"), Notice), "acknowledge");
        var draft = $"/api/tasks/{task["id"]}/draft";
        await office.Supervisor.DoneAsync(task, "priority", new { priority = 1 });
        var stale = await (await person.SendAsync(HttpMethod.Put, $"{draft}?revision={task["revision"]}", new { a = 1 })).ProblemAsync(409);
        ((int)stale["revision"]!).ShouldBe((int)task["revision"]! + 1);
        await (await office.FrontOffice.SendAsync(HttpMethod.Put, draft, new { a = 1 })).ProblemAsync(403);
        await (await office.Person("closer1").SendAsync(HttpMethod.Put, draft, new { a = 1 })).ProblemAsync(404);
        (await person.SendAsync(HttpMethod.Put, draft, new { a = 1 })).StatusCode.ShouldBe(System.Net.HttpStatusCode.NoContent);
    }

    [Theory]
    [InlineData("not-a-schema")]
    [InlineData("deep")]
    [InlineData("wide")]
    [InlineData("pattern")]
    public async Task A_form_that_is_no_schema_or_a_bomb_is_refused_when_the_journey_is_published(string kind)
    {
        var schema = kind switch
        {
            "not-a-schema" => """{ "type": "object", "properties": { "a": { "type": "colour" } } }""",
            "deep" => Nested(200),
            "wide" => $$"""
                { "type": "object", "properties": {
                  {{string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"f{i}\": {{ \"type\": \"string\" }}"))}} } }
                """,
            _ => """{ "type": "object", "properties": { "a": { "type": "string", "pattern": "([" } } }""",
        };
        var model = JsonNode.Parse(
            $$"""
            { "definitionId": "bad-{{kind}}", "name": "bad", "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [ { "id": "a",
              "type": "Orchestration.HumanTask", "version": 1,
              "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Look" } }, "form": { "typeName": "Object",
                "expression": { "type": "Object", "value": {{JsonValue.Create(
                schema
            ).ToJsonString()}} } } } ] } }
            """
        )!;
        var answer = await office
            .Person("admin")
            .SendAsync(HttpMethod.Post, "/elsa/api/workflow-definitions", new JsonObject { ["model"] = model, ["publish"] = true });
        var said = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).ShouldBe(400, said);
        said.ShouldContain("form", Case.Insensitive);
        said.Length.ShouldBeLessThan(100_000, "an answer to a bomb is none itself");
        (await office.FrontOffice.StartAsync($"bad-{kind}", office.NewReference("BAD"), new { })).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
        await office.FrontOffice.OpenAsync("claims", office.NewReference("CLM"), Notice);
    }

    [Fact]
    public async Task Data_of_a_bomb_is_refused_by_field_and_what_was_typed_before_stays()
    {
        var adjuster = office.Person("adjuster1");
        var task = await adjuster.ClaimAsync(await OpenAsync(), "acknowledge");
        var wide = new JsonObject { ["channel"] = "E-mail", ["acknowledgedOn"] = "2026-06-01" };
        for (var i = 0; i < 10_000; i++)
            wide[$"f{i}"] = i;
        var refused = await (await adjuster.AskAsync(task, "complete", new { outcome = "Acknowledged", data = wide })).ProblemAsync(422);
        refused["errors"]!.AsObject().Count.ShouldBeLessThanOrEqualTo(100);

        var deep = await SendAsync(
            adjuster,
            $"/api/tasks/{task["id"]}/complete",
            $$"""
            { "revision": {{task["revision"]}}, "operationId": "deep", "outcome": "Acknowledged",
              "data": { "channel": {{new string('[', 5000)}}{{new string(']', 5000)}} } }
            """
        );
        await deep.ProblemAsync(400);
        ((string)(await adjuster.GetAsync($"/api/tasks/{task["id"]}"))["state"]!).ShouldBe("Reserved");
        await adjuster.DoneAsync(task, "complete", new { outcome = "Acknowledged", data = new { channel = "E-mail", acknowledgedOn = "2026-06-01" } });
    }

    [Theory]
    [InlineData("photo.png", "image/png", "<html><script>alert(1)</script></html>", 422)]
    [InlineData("terms.pdf", "application/pdf", "MZ\u0090\0\u0003", 422)]
    [InlineData("setup.exe", "application/octet-stream", "MZ\u0090\0\u0003", 422)]
    [InlineData("", "text/plain", "text", 422)]
    public async Task A_file_whose_name_or_type_lies_is_refused(string name, string type, string content, int status)
    {
        var adjuster = office.Person("adjuster1");
        var task = await adjuster.ClaimAsync(await OpenAsync(), "acknowledge");
        var problem = await (await AttachAsync(adjuster, task, name, type, Encoding.Latin1.GetBytes(content))).ProblemAsync(status);
        problem["errors"]!.AsObject().Count.ShouldBe(1, problem.ToJsonString());
        (await adjuster.GetAsync($"/api/tasks/{task["id"]}/attachments")).AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_over_the_limit_is_refused_and_one_below_it_is_kept()
    {
        var adjuster = office.Person("adjuster1");
        var task = await adjuster.ClaimAsync(await OpenAsync(), "acknowledge");
        var large = new byte[(10 << 20) + 1];
        Array.Fill(large, (byte)'x');
        await (await AttachAsync(adjuster, task, "large.txt", "text/plain", large)).ProblemAsync(422);
        await (await AttachAsync(adjuster, task, "larger.txt", "text/plain", [.. large, (byte)'x'])).ProblemAsync(413);
        (await AttachAsync(adjuster, task, "fits.txt", "text/plain", large[..^1])).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        ((string)(await adjuster.GetAsync($"/api/tasks/{task["id"]}/attachments")).AsArray().ShouldHaveSingleItem()!["name"]!).ShouldBe("fits.txt");
    }

    [Fact]
    public async Task Markup_in_a_comment_is_text()
    {
        const string markup = "<script>alert('x')</script><img src=x onerror=alert(1)> **bold** @adjuster2";
        var adjuster = office.Person("adjuster1");
        var task = await adjuster.ClaimAsync(await OpenAsync(), "acknowledge");
        await adjuster.DoneAsync(task, "comments", new { body = markup });
        ((string)(await adjuster.GetAsync($"/api/tasks/{task["id"]}/comments")).AsArray().ShouldHaveSingleItem()!["body"]!).ShouldBe(
            markup,
            "as it was written"
        );

        using var browser = await office.Host.BrowserAsync("adjuster1");
        var page = await browser.GetStringAsync($"/tasks/{task["id"]}");
        page.ShouldNotContain("<script>alert", Case.Insensitive);
        page.ShouldNotContain("<img src=x", Case.Insensitive);
        page.ShouldContain("&lt;script&gt;alert");
        (
            (string)(await (await adjuster.AskAsync(task, "comments", new { body = new string('x', 10_001) })).ProblemAsync(422))["errors"]!["body"]![0]!
        ).ShouldContain("10,000");
    }

    [Fact]
    public async Task Every_verb_on_a_task_that_has_ended_is_told_how_it_ended()
    {
        var adjuster = office.Person("adjuster1");
        var id = await OpenAsync();
        var task = await adjuster.ClaimAsync(id, "acknowledge");
        await adjuster.DoneAsync(task, "complete", new { outcome = "Acknowledged", data = new { channel = "E-mail", acknowledgedOn = "2026-06-01" } });
        foreach (
            var (verb, more) in new (string, object)[]
            {
                ("claim", new { }),
                ("start", new { }),
                ("stop", new { }),
                ("release", new { }),
                ("assign", new { person = "adjuster1" }),
                ("delegate", new { person = "frontoffice" }),
                ("forward", new { team = "claims-adjusting" }),
                ("suspend", new { reason = "waitingForCustomer" }),
                ("resume", new { }),
                ("priority", new { priority = 1 }),
                ("comments", new { body = "late" }),
                ("request-review", new { outcome = "Acknowledged", data = new { } }),
                ("approve", new { }),
                ("request-changes", new { reason = "x" }),
                ("complete", new { outcome = "Acknowledged", data = new { } }),
                ("skip", new { reason = "x" }),
                ("return", new { step = "acknowledge", reason = "incomplete" }),
                ("fail", new { reason = "x" }),
                ("cancel", new { reason = "x" }),
                ("take-over", new { }),
                ("start-review", new { }),
            }
        )
        {
            var problem = await (await adjuster.AskAsync(task, verb, more)).ProblemAsync(409);
            ((string)problem["type"]!).ShouldBe("/problems/already-ended", verb);
            ((string)problem["endedBy"]!).ShouldBe("adjuster1", verb);
        }

        ((string)(await (await AttachAsync(adjuster, task, "late.txt", "text/plain", "late"u8.ToArray())).ProblemAsync(409))["type"]!).ShouldBe(
            "/problems/already-ended"
        );
    }

    [Fact]
    public async Task Of_many_who_ask_at_once_one_wins_and_each_other_is_told_who()
    {
        var id = await OpenAsync();
        var task = await office.Supervisor.TaskAsync(id, "acknowledge");
        var claims = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => office.Person(i % 2 == 0 ? "adjuster1" : "frontoffice").AskAsync(task, "claim")));
        claims.Count(a => a.StatusCode == System.Net.HttpStatusCode.OK).ShouldBe(1);
        foreach (var late in claims.Where(a => a.StatusCode != System.Net.HttpStatusCode.OK))
            ((string)(await late.ProblemAsync(409))["type"]!).ShouldBe("/problems/stale-revision");

        var owner = office.Person(
            (await office.Supervisor.HistoryAsync(id)).Single(e => (string)e["action"]! == "task.claimed") is var claimed ? (string)claimed["actor"]! : ""
        );
        var mine = await owner.GetAsync($"/api/tasks/{task["id"]}");
        var ends = await Task.WhenAll(
            owner.AskAsync(mine, "complete", new { outcome = "Acknowledged", data = new { channel = "E-mail", acknowledgedOn = "2026-06-01" } }),
            office.Supervisor.AskAsync(mine, "cancel", new { reason = "duplicate" }),
            owner.AskAsync(mine, "complete", new { outcome = "Acknowledged", data = new { channel = "Letter", acknowledgedOn = "2026-06-01" } })
        );
        ends.Count(a => a.StatusCode == System.Net.HttpStatusCode.OK).ShouldBe(1);
        foreach (var late in ends.Where(a => a.StatusCode != System.Net.HttpStatusCode.OK))
            ((string)(await late.ProblemAsync(409))["type"]!).ShouldBe("/problems/already-ended");
        (await office.Supervisor.HistoryAsync(id)).Count(e => (string)e["action"]! is "task.completed" or "task.cancelled").ShouldBe(1);
    }

    private Task<Guid> OpenAsync() => office.FrontOffice.OpenAsync("claims", office.NewReference("CLM"), Notice);

    private async Task<JsonNode> RefusedAsync(string path, string document)
    {
        var problem = await (
            await office.Person("admin").SendAsync(HttpMethod.Put, path, new JsonObject { ["revision"] = 0, ["document"] = JsonNode.Parse(document) })
        ).ProblemAsync(422);
        problem["errors"]!.AsObject().ShouldNotBeEmpty();
        problem["errors"]!.AsObject().ShouldAllBe(e => e.Key.StartsWith('$') && e.Value is JsonArray);
        return problem;
    }

    private static async Task<HttpResponseMessage> AttachAsync(Worker worker, JsonNode task, string name, string type, byte[] content) =>
        await worker.SendAsync(
            HttpMethod.Post,
            $"/api/tasks/{task["id"]}/attachments?name={Uri.EscapeDataString(name)}&revision={task["revision"]}&operationId={Worker.NewOperation()}",
            new ByteArrayContent(content) { Headers = { ContentType = new MediaTypeHeaderValue(type) } }
        );

    private static Task<HttpResponseMessage> SendAsync(Worker worker, string path, string json) =>
        worker.SendAsync(HttpMethod.Post, path, new StringContent(json, Encoding.UTF8, "application/json"));

    private static string Nested(int levels)
    {
        var schema = """{ "type": "string" }""";
        for (var i = 0; i < levels; i++)
            schema = $$"""{ "type": "object", "properties": { "a": {{schema}} } }""";
        return schema;
    }
}
