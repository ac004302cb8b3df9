using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Elsa;

/// <summary>
/// Definitions, requests and expressions meant to hurt, through the host on PostgreSQL. Each ends in a clear error, and after each the same
/// host starts a case's worth of work and completes it.
/// </summary>
public sealed class BadInputTests(Office office) : IClassFixture<Office>, IAsyncLifetime
{
    private const string Api = "/elsa/api";
    private static int s_names;
    private HttpClient _analyst = null!;

    public async ValueTask InitializeAsync() => _analyst = await office.Host.ApiAsync("analyst");

    /// <summary>After every test the host still serves: a start that waits, and its completion; and nothing is left that is tried again and again.</summary>
    public async ValueTask DisposeAsync()
    {
        var id = Name();
        await PublishedAsync(id, Sequence(Event("wait", "go-on")));
        (await (await ExecuteAsync(id, new { correlationId = id })).Content.ReadAsStringAsync()).ShouldContain("Suspended");
        (await _analyst.PostAsJsonAsync($"{Api}/events/go-on/trigger", new { correlationId = id })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await office.QueryAsync<string>($"select sub_status from workflow_instance where definition_id = '{id}'")).ShouldBe(["Finished"]);
        (
            await office.QueryAsync<string>(
                "select last_error from stimulus where last_error is not null union all select last_error from deadline where last_error is not null"
            )
        ).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{"Size":3}""", "input.Who", "is required")]
    [InlineData("""{"Who":null,"Size":3}""", "input.Who", "is required")]
    [InlineData("""{"Who":"Ann","Size":"many"}""", "input.Size", "must be an integer")]
    [InlineData("""{"Who":"Ann","Size":3.5}""", "input.Size", "must be an integer")]
    [InlineData("""{"Who":"Ann","Size":3000000000}""", "input.Size", "in the range of Int32")]
    [InlineData("""{"Who":5}""", "input.Who", "must be a string")]
    [InlineData("""{"Who":"Ann","When":"soon"}""", "input.When", "must be a date and time")]
    [InlineData("""{"Who":"Ann","Items":"a"}""", "input.Items", "must be an array")]
    public async Task Input_that_is_not_what_the_workflow_declares_is_refused_by_name(string input, string field, string reason)
    {
        var id = Name();
        await PublishedAsync(
            id,
            Sequence(),
            """
            "inputs":[{"name":"Who","type":"String","isRequired":true},{"name":"Size","type":"Int32"},{"name":"When","type":"DateTimeOffset"},
              {"name":"Items","type":"String","isArray":true}],
            """
        );

        foreach (var verb in new[] { "execute", "dispatch" })
            await RefusedAsync(await _analyst.PostAsync($"{Api}/workflow-definitions/{id}/{verb}", Json($$"""{"input":{{input}}}""")), field, reason);
        await RefusedAsync(
            await _analyst.PostAsync($"{Api}/workflow-definitions/{id}/bulk-dispatch", Json($$"""{"count":2,"input":{{input}}}""")),
            field,
            reason
        );
        await RefusedAsync(await _analyst.GetAsync($"{Api}/workflow-definitions/{id}/execute?input={Uri.EscapeDataString(input)}"), field, reason);
        (await office.QueryAsync<string>($"select sub_status from workflow_instance where definition_id = '{id}'")).ShouldBeEmpty();

        (
            await ExecuteAsync(
                id,
                new
                {
                    input = new
                    {
                        who = "Ann",
                        Size = 3,
                        More = true,
                        When = "2026-06-01T10:00:00Z",
                    },
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("ExecuteWorkflow", "waitForCompletion")]
    [InlineData("DispatchWorkflow", "waitForCompletion")]
    [InlineData("BulkDispatchWorkflows", "waitForCompletion")]
    public async Task A_child_with_the_wrong_input_is_an_incident_of_the_activity_that_would_have_started_it(string type, string wait)
    {
        var (child, parent) = (Name(), Name());
        await PublishedAsync(child, Sequence(), """ "inputs":[{"name":"Who","type":"String","isRequired":true}],""");
        await PublishedAsync(
            parent,
            Sequence(
                $$$"""
                {"id":"start","type":"Elsa.{{{type}}}","workflowDefinitionId":{"typeName":"String","expression":{"type":"Literal","value":"{{{child}}}"}},
                 "items":{"typeName":"Object","expression":{"type":"JavaScript","value":"[{}]"}},"{{{wait}}}":{"typeName":"Boolean",
                   "expression":{"type":"Literal","value":true}} }
                """
            )
        );

        var state = await StateAsync(await ExecuteAsync(parent, new { }));

        ((string)state["subStatus"]!).ShouldBe("Faulted");
        var incident = state["incidents"]!.AsArray().ShouldHaveSingleItem()!;
        ((string)incident["activityId"]!).ShouldBe("start");
        ((string)incident["message"]!).ShouldBe($"Input 'Who' of workflow '{child}' is required.");
        (await office.QueryAsync<string>($"select sub_status from workflow_instance where definition_id = '{child}'")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(60, true)]
    [InlineData(61, false)]
    [InlineData(64, false)]
    [InlineData(65, false)]
    [InlineData(400, false)]
    public async Task Data_that_is_nested_too_deep_is_refused_and_what_is_taken_can_be_read_again(int levels, bool fits)
    {
        var deep = Nested(levels - 1);
        var id = Name();
        await PublishedAsync(
            id,
            Sequence(Event("wait", id)),
            """ "variables":[{"id":"V","name":"V","typeName":"Object","storageDriverTypeName":"Elsa.Workflows.WorkflowInstanceStorageDriver"}],"""
        );
        var execute = await _analyst.PostAsync(
            $"{Api}/workflow-definitions/{id}/execute",
            Json($$$$"""{"correlationId":"{{{{id}}}}","input":{"X":{{{{deep}}}}}}""")
        );

        if (!fits)
        {
            await RefusedAsync(execute, "input.X", "nested deeper than 60 levels");
            (await ExecuteAsync(id, new { correlationId = id })).StatusCode.ShouldBe(HttpStatusCode.OK);
        }
        else
        {
            execute.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        var instance = (await office.QueryAsync<Guid>($"select id from workflow_instance where definition_id = '{id}'")).ShouldHaveSingleItem().ToString("N");
        var text = Nested(levels);
        var variables = await _analyst.PostAsync($"{Api}/workflow-instances/{instance}/variables", Json($$"""{"variables":[{"id":"V","value":{{text}}}]}"""));
        var alteration = await _analyst.PostAsync(
            $"{Api}/alterations/run",
            Json($$"""{"workflowInstanceIds":["{{instance}}"],"alterations":[{"type":"ModifyVariable","variableId":"V","value":{{text}}}]}""")
        );
        var told = await _analyst.PostAsync($"{Api}/events/{id}/trigger", Json($$"""{"correlationId":"{{id}}","input":{{text}}}"""));
        foreach (var answer in new[] { variables, alteration, told })
            (answer.StatusCode == HttpStatusCode.OK).ShouldBe(fits, await answer.Content.ReadAsStringAsync());
        if (!fits)
            await RefusedAsync(told, "input", "nested deeper than 60 levels");
        (await office.QueryAsync<string>($"select sub_status from workflow_instance where definition_id = '{id}'")).ShouldBe([fits ? "Finished" : "Suspended"]);

        foreach (var path in new[] { "", "/journal", "/variables", "/execution-state" })
            (await _analyst.GetAsync($"{Api}/workflow-instances/{instance}{path}")).StatusCode.ShouldBe(HttpStatusCode.OK, path);
    }

    [Fact]
    public async Task Data_of_events_cases_and_tasks_that_can_not_be_kept_is_refused_by_field()
    {
        var front = await office.Host.ApiAsync("frontoffice");
        foreach (var (bad, reason) in new[] { (Nested(61), "nested deeper"), ("\"a\\u0000b\"", "U+0000"), ("1e999", "too large") })
        {
            await RefusedAsync(await front.PostAsync("/api/events", Json($$$$"""{"name":"x","correlationId":"c","payload":{{{{bad}}}}}""")), "payload", reason);
            await RefusedAsync(
                await front.PostAsync(
                    "/api/cases",
                    Json($$$$"""{"journey":"claims","reference":"R-1","customer":{"id":"1","name":"A"},"input":{"lossDescription":{{{{bad}}}}}}""")
                ),
                "input.lossDescription",
                reason
            );
        }

        // Half of a surrogate pair is no text at all.
        var half = await front.PostAsync("/api/events", Json("""{"name":"x","correlationId":"c","payload":"\ud800"}"""));
        half.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await half.Content.ReadAsStringAsync()).ShouldContain("$.payload");

        (await office.QueryAsync<int>("select count(*)::int from kept_event")).ShouldBe([0]);
    }

    [Theory]
    [InlineData("POST", "/api/events", """{"name":"a\u0000b"}""", "$.name")]
    [InlineData("POST", "/api/events", """{"name":"a","correlationId":"\u0000"}""", "$.correlationId")]
    [InlineData("POST", "/api/cases", """{"journey":"claims","reference":"R\u0000","customer":{"id":"1","name":"A"}}""", "$.reference")]
    [InlineData("POST", "/api/cases", """{"journey":"claims","reference":"R","customer":{"id":"1","name":"\u0000"}}""", "$.customer.name")]
    [InlineData("POST", "/api/tasks/01970000-0000-7000-8000-000000000000/comments", """{"revision":1,"operationId":"1","body":"a\u0000b"}""", "$.body")]
    [InlineData("GET", "/api/tasks?q=%00", null, "U+0000")]
    [InlineData("GET", "/api/cases?q=%00", null, "U+0000")]
    [InlineData("POST", "/elsa/api/workflow-definitions/claims/execute", """{"correlationId":"a\u0000"}""", "U+0000")]
    [InlineData("POST", "/elsa/api/workflow-definitions/claims/execute", """{"name":"a\u0000"}""", "U+0000")]
    [InlineData("POST", "/elsa/api/events/a%00b/trigger", "{}", "")]
    public async Task Text_with_the_character_that_no_column_can_hold_is_refused(string method, string path, string? body, string says)
    {
        var client = await office.Host.ApiAsync(path.StartsWith("/api", StringComparison.Ordinal) ? "frontoffice" : "analyst");

        var answer = await client.SendAsync(new HttpRequestMessage(new(method), path) { Content = body is null ? null : Json(body) });

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest, await answer.Content.ReadAsStringAsync());
        Plain(await answer.Content.ReadAsStringAsync()).ShouldContain(says);
    }

    [Theory]
    [InlineData(
        """{"id":"bad","type":"Elsa.Correlate","correlationId":{"typeName":"String","expression":{"type":"JavaScript","value":"'a\\u0000'"}}}""",
        "The correlation id must not hold the character U+0000."
    )]
    [InlineData(
        """{"id":"bad","type":"Elsa.SetName","value":{"typeName":"String","expression":{"type":"JavaScript","value":"'\\ud83d'"}}}""",
        "The name of the instance must not hold half of a surrogate pair."
    )]
    [InlineData(
        """{"id":"bad","type":"Elsa.RunJavaScript","script":{"typeName":"String","expression":{"type":"Literal","value":"setCorrelationId('\\u0000')"}}}""",
        "The correlation id must not hold the character U+0000."
    )]
    [InlineData(
        """
            {"id":"bad","type":"Elsa.PublishEvent","eventName":{"typeName":"String","expression":{"type":"Literal","value":"x"}},
              "correlationId":{"typeName":"String","expression":{"type":"JavaScript","value":"'a\\u0000'"}}}
            """,
        "CorrelationId must not hold the character U+0000."
    )]
    [InlineData(
        """
            {"id":"bad","type":"Elsa.DispatchWorkflow","workflowDefinitionId":{"typeName":"String","expression":{"type":"Literal","value":"claims"}},
              "input":{"typeName":"ObjectDictionary","expression":{"type":"JavaScript","value":"({jurisdiction:'GB',claimedAmount:1,lossDescription:'x'})"}},
              "correlationId":{"typeName":"String","expression":{"type":"JavaScript","value":"'a\\u0000'"}}}
            """,
        "CorrelationId must not hold the character U+0000."
    )]
    [InlineData(
        """
            {"id":"bad","type":"Orchestration.HumanTask","title":{"typeName":"String","expression":{"type":"JavaScript","value":"'a\\u0000'"}},
              "team":{"typeName":"String","expression":{"type":"Literal","value":"claims-intake"}}}
            """,
        "Title must not hold the character U+0000."
    )]
    [InlineData(
        """
            {"id":"bad","type":"Orchestration.HumanTask","title":{"typeName":"String","expression":{"type":"Literal","value":"t"}},
              "candidates":{"typeName":"String[]","expression":{"type":"JavaScript","value":"['a\\u0000']"}}}
            """,
        "Candidates must not hold the character U+0000."
    )]
    public async Task Text_that_a_script_makes_and_no_column_can_hold_is_an_incident(string activity, string message)
    {
        var id = Name();
        await PublishedAsync(id, Sequence(activity));

        var state = await StateAsync(await ExecuteAsync(id, new { }));

        var incident = state["incidents"]!.AsArray().ShouldHaveSingleItem()!;
        ((string)incident["activityId"]!).ShouldBe("bad");
        Plain(incident.ToJsonString()).ShouldContain(message);
    }

    [Fact]
    public async Task Data_may_hold_any_character_and_can_be_read_again()
    {
        var id = Name();
        await PublishedAsync(
            id,
            Sequence(
                """
                {"id":"set","type":"Elsa.RunJavaScript","script":{"typeName":"String","expression":{"type":"Literal",
                  "value":"setVariable('V', 'a\\u0000b\\ud800'); return 'x\\u0000'"}}}
                """,
                Event("wait", id)
            ),
            """ "variables":[{"id":"V","name":"V","typeName":"Object","storageDriverTypeName":"Elsa.Workflows.WorkflowInstanceStorageDriver"}],"""
        );

        var instance = (string)(await StateAsync(await ExecuteAsync(id, new { })))["id"]!;

        foreach (var path in new[] { "", "/journal", "/variables", "/execution-state" })
            (await _analyst.GetAsync($"{Api}/workflow-instances/{instance}{path}")).StatusCode.ShouldBe(HttpStatusCode.OK, path);
        (await (await _analyst.GetAsync($"{Api}/workflow-instances/{instance}/variables")).Content.ReadAsStringAsync()).ShouldContain("a\\u0000b");
    }

    [Fact]
    public async Task A_value_that_an_outputs_variable_can_not_hold_is_an_incident_and_a_large_input_is_left_out_of_the_journal()
    {
        var id = Name();
        await PublishedAsync(
            id,
            Sequence(
                """{"id":"large","type":"Elsa.WriteLine","text":{"typeName":"String","expression":{"type":"JavaScript","value":"'x'.repeat(100000)"}}}""",
                """
                {"id":"bad","type":"Elsa.RunJavaScript","result":{"typeName":"Object","memoryReference":{"id":"N"}},"script":{"typeName":"String",
                  "expression":{"type":"Literal","value":"return 1e20"}}}
                """
            ),
            """ "variables":[{"id":"N","name":"N","typeName":"Int32","storageDriverTypeName":"Elsa.Workflows.WorkflowInstanceStorageDriver"}],"""
        );

        var state = await StateAsync(await ExecuteAsync(id, new { }));

        var incident = state["incidents"]!.AsArray().ShouldHaveSingleItem()!;
        ((string)incident["activityId"]!).ShouldBe("bad");
        ((string)incident["message"]!).ShouldContain("Int32");
        var journal = await _analyst.GetStringAsync($"{Api}/workflow-instances/{state["id"]}/journal");
        journal.ShouldContain("left out: too large for the journal");
        journal.Length.ShouldBeLessThan(30_000);
    }

    [Theory]
    [InlineData(
        """
            {"id":"t","name":"Remind","type":"Elsa.Cron","cronExpression":{"typeName":"String","expression":{"type":"Literal",
              "value":"TZ=Europe/Nowhere 0 0 8 * * *"}}}
            """,
        "no time zone"
    )]
    [InlineData(
        """{"id":"t","name":"Remind","type":"Elsa.Cron","cronExpression":{"typeName":"String","expression":{"type":"Literal","value":"every day"}}}""",
        "fields"
    )]
    [InlineData(
        """{"id":"t","name":"Remind","type":"Elsa.Timer","interval":{"typeName":"TimeSpan","expression":{"type":"Literal","value":"soon"}}}""",
        "TimeSpan"
    )]
    [InlineData(
        """{"id":"t","name":"Remind","type":"Elsa.WriteLine","text":{"typeName":"String","expression":{"type":"JavaScript","value":"1 +"}}}""",
        "does not parse"
    )]
    [InlineData(
        """{"id":"t","name":"Remind","type":"Elsa.WriteLine","text":{"typeName":"String","expression":{"type":"Liquid","value":"{{ 'a' | upcaes }}"}}}""",
        "There is no filter"
    )]
    public async Task What_could_never_run_is_refused_when_published_with_the_name_of_the_activity(string activity, string reason)
    {
        var refused = await PublishAsync(Name(), Sequence(activity));

        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var text = await refused.Content.ReadAsStringAsync();
        text.ShouldContain("Remind");
        text.ShouldContain(reason);
    }

    [Fact]
    public async Task Workflows_that_use_each_other_as_activities_are_refused()
    {
        var (a, b) = (Name(), Name());
        await PublishedAsync(a, Sequence(), """ "options":{"usableAsActivity":true},""");
        await PublishedAsync(b, Sequence(Use("inner", a)), """ "options":{"usableAsActivity":true},""");

        var refused = await PublishAsync(a, Sequence(Use("inner", b)), """ "options":{"usableAsActivity":true},""");

        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("uses itself as an activity");
        (await ExecuteAsync(b, new { })).StatusCode.ShouldBe(HttpStatusCode.OK);

        static string Use(string id, string definition) => $$"""{"id":"{{id}}","type":"{{definition}}","workflowDefinitionId":"{{definition}}","version":1}""";
    }

    [Fact]
    public async Task A_join_that_can_never_be_satisfied_is_reported()
    {
        var id = Name();
        await PublishedAsync(
            id,
            """
            {"id":"flow","type":"Elsa.Flowchart","start":"begin","activities":[
                {"id":"begin","type":"Elsa.Start"},
                {"id":"d","type":"Elsa.FlowDecision","condition":{"typeName":"Boolean","expression":{"type":"Literal","value":true}}},
                {"id":"a","type":"Elsa.WriteLine","text":{"typeName":"String","expression":{"type":"Literal","value":"a"}}},
                {"id":"b","type":"Elsa.WriteLine","text":{"typeName":"String","expression":{"type":"Literal","value":"b"}}},
                {"id":"join","name":"Both papers","type":"Elsa.FlowJoin","mode":{"typeName":"Object","expression":{"type":"Literal","value":"WaitAll"}}},
                {"id":"after","type":"Elsa.WriteLine","text":{"typeName":"String","expression":{"type":"Literal","value":"after"}}}],
             "connections":[{"source":{"activity":"begin"},"target":{"activity":"a"}},{"source":{"activity":"begin"},"target":{"activity":"d"}},
                {"source":{"activity":"d","port":"False"},"target":{"activity":"b"}},
                {"source":{"activity":"a"},"target":{"activity":"join"}},{"source":{"activity":"b"},"target":{"activity":"join"}},
                  {"source":{"activity":"join"},"target":{"activity":"after"}}]}
            """
        );

        var state = await StateAsync(await ExecuteAsync(id, new { }));

        state["incidents"]!.AsArray().ShouldHaveSingleItem()!.ToJsonString().ShouldContain("Both papers");
    }

    [Theory]
    [InlineData("while (true) {}", "was stopped")]
    [InlineData("(function f() { return f() })()", "nested too deeply")]
    [InlineData("'x'.repeat(1e8)", "8,388,608 characters")]
    [InlineData("/^(?=(a+)+$)/.test('a'.repeat(40) + 'b')", "took more than 250 ms")]
    public async Task An_expression_that_would_hurt_is_an_incident(string script, string reason)
    {
        var id = Name();
        await PublishedAsync(
            id,
            Sequence($$$$"""{"id":"bad","type":"Elsa.RunJavaScript","script":{"typeName":"String","expression":{"type":"Literal","value":"{{{{script}}}}"}}}""")
        );

        var state = await StateAsync(await ExecuteAsync(id, new { }));

        ((string)state["subStatus"]!).ShouldBe("Faulted");
        state["incidents"]!.ToJsonString().ShouldContain(reason);
    }

    [Fact]
    public async Task A_loop_without_a_wait_is_an_incident()
    {
        var id = Name();
        await PublishedAsync(
            id,
            Sequence(
                """
                {"id":"loop","type":"Elsa.While","condition":{"typeName":"Boolean","expression":{"type":"Literal","value":true}},"body":{"id":"w",
                  "type":"Elsa.WriteLine","text":{"typeName":"String","expression":{"type":"Literal","value":"x"}}}}
                """
            )
        );

        var state = await StateAsync(await ExecuteAsync(id, new { }));

        ((string)state["subStatus"]!).ShouldBe("Faulted");
        state["incidents"]!.ToJsonString().ShouldContain("endless loop");
    }

    [Fact]
    public async Task A_definition_of_ten_megabytes_is_refused_with_its_size()
    {
        var refused = await PublishAsync(
            Name(),
            Sequence(
                $$$$"""
                {"id":"l","type":"Elsa.WriteLine","text":{"typeName":"String","expression":{"type":"Literal",
                  "value":"{{{{new string('x', 10_000_000)}}}}"}}}
                """
            )
        );

        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("at most 8,388,608 are allowed");
    }

    [Fact]
    public async Task Five_thousand_activities_and_two_hundred_levels_run_and_ten_thousand_and_one_or_two_hundred_and_fifty_one_are_refused()
    {
        var (many, deep) = (Name(), Name());
        await PublishedAsync(many, Sequence([.. Enumerable.Range(0, 5_000).Select(i => $$"""{"id":"n{{i}}","type":"Elsa.Start"}""")]));
        ((string)(await StateAsync(await ExecuteAsync(many, new { })))["subStatus"]!).ShouldBe("Finished");
        await PublishedAsync(deep, Levels(199, Event("wait", deep)));
        ((string)(await StateAsync(await ExecuteAsync(deep, new { correlationId = deep })))["subStatus"]!).ShouldBe("Suspended");
        (await _analyst.PostAsJsonAsync($"{Api}/events/{deep}/trigger", new { correlationId = deep })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await office.QueryAsync<string>($"select sub_status from workflow_instance where definition_id = '{deep}'")).ShouldBe(["Finished"]);

        var tooMany = await PublishAsync(Name(), Sequence([.. Enumerable.Range(0, 10_001).Select(i => $$"""{"id":"n{{i}}","type":"Elsa.Start"}""")]));
        tooMany.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await tooMany.Content.ReadAsStringAsync()).ShouldContain("10,000");
        var tooDeep = await PublishAsync(Name(), Levels(251, """{"id":"x","type":"Elsa.Start"}"""));
        tooDeep.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    private static string Plain(string json) => json.Replace("\\u002B", "+", StringComparison.Ordinal);

    private static string Name() => $"bad-input-{Interlocked.Increment(ref s_names)}";

    private static string Nested(int levels) => string.Concat(Enumerable.Repeat("[", levels)) + string.Concat(Enumerable.Repeat("]", levels));

    private static string Levels(int levels, string inner) =>
        string.Concat(Enumerable.Range(0, levels).Select(i => $$"""{"id":"s{{i}}","type":"Elsa.Sequence","activities":["""))
        + inner
        + string.Concat(Enumerable.Repeat("]}", levels));

    private static string Sequence(params string[] activities) =>
        $$"""{"id":"root","type":"Elsa.Sequence","version":1,"activities":[{{string.Join(',', activities)}}]}""";

    private static string Event(string id, string name) =>
        $$$$"""{"id":"{{{{id}}}}","type":"Elsa.Event","eventName":{"typeName":"String","expression":{"type":"Literal","value":"{{{{name}}}}"}}}""";

    private static StringContent Json(string text) => new(text, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));

    private Task<HttpResponseMessage> PublishAsync(string id, string root, string more = "") =>
        _analyst.PostAsync(
            $"{Api}/workflow-definitions",
            Json($$$$"""{"publish":true,"model":{"definitionId":"{{{{id}}}}","name":"{{{{id}}}}",{{{{more}}}}"root":{{{{root}}}}}}""")
        );

    private async Task PublishedAsync(string id, string root, string more = "")
    {
        var answer = await PublishAsync(id, root, more);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    private Task<HttpResponseMessage> ExecuteAsync(string id, object body) => _analyst.PostAsJsonAsync($"{Api}/workflow-definitions/{id}/execute", body);

    private static async Task<JsonNode> StateAsync(HttpResponseMessage answer)
    {
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<JsonNode>())!["workflowState"]!;
    }

    private static async Task RefusedAsync(HttpResponseMessage answer, string field, string reason)
    {
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest, text);
        var errors = JsonNode.Parse(text)!["errors"].ShouldNotBeNull(text).AsObject();
        errors.ShouldContain(
            e => e.Key.StartsWith(field, StringComparison.Ordinal) && Plain(e.Value!.ToJsonString()).Contains(reason, StringComparison.Ordinal),
            text
        );
    }
}
