using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Tests.Elsa;

/// <summary>HttpEndpoint as a trigger and as a wait, answered by WriteHttpResponse.</summary>
public sealed class WorkflowRequestTests(SharedHost host) : IClassFixture<SharedHost>
{
    private HttpClient Client => host.App.Api();

    private DefinitionStore Definitions => host.App.Services.GetRequiredService<DefinitionStore>();

    [Fact]
    public async Task A_request_starts_a_workflow_and_gets_its_answer()
    {
        await PublishAsync(
            "greet",
            Endpoint("greet/{name}", "GET POST"),
            Answer(
                "`Hello ${getRouteDataFromIn().name} ${getQueryStringDataFromIn().greeting}`",
                status: 201,
                contentType: "text/plain",
                headers: """{"ETag":"\"greeting\""}"""
            )
        );

        var answer = await Client.GetAsync("/workflows/GREET/Marta?greeting=morning");

        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await answer.Content.ReadAsStringAsync()).ShouldBe("Hello Marta morning");
        answer.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; charset=utf-8");
        answer.Headers.ETag!.Tag.ShouldBe("\"greeting\"");
        (await Client.DeleteAsync("/workflows/greet/Marta")).StatusCode.ShouldBe(HttpStatusCode.NotFound, "a method it does not take");
    }

    [Fact]
    public async Task Json_and_forms_come_parsed_and_json_that_can_not_be_read_is_refused()
    {
        await PublishAsync("echo", Endpoint("echo", "POST"), Answer("getParsedContentFromIn()", contentType: "application/json"));

        var json = await Client.PostAsJsonAsync("/workflows/echo", new { amount = 12, lines = new[] { "a" } });
        var form = await Client.PostAsync("/workflows/echo", new FormUrlEncodedContent(new Dictionary<string, string> { ["amount"] = "12" }));
        var bad = await Client.PostAsync("/workflows/echo", new StringContent("{\"amount\":", Encoding.UTF8, "application/json"));

        (await json.Content.ReadAsStringAsync()).ShouldBe("""{"amount":12,"lines":["a"]}""");
        (await form.Content.ReadAsStringAsync()).ShouldBe("""{"amount":"12"}""");
        bad.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        bad.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    [Fact]
    public async Task A_waiting_instance_goes_on_with_a_later_request()
    {
        await PublishAsync(
            "approve",
            Endpoint("approve/begin", "POST"),
            Answer("getWorkflowInstanceId()"),
            Endpoint("approve/{answer}", "POST", id: "Wait", starts: false),
            Answer("getRouteDataFromWait().answer", id: "Second")
        );

        var instance = await (await Client.PostAsync("/workflows/approve/begin?correlationId=REF-1", null)).Content.ReadAsStringAsync();
        var other = await (await Client.PostAsync("/workflows/approve/begin?correlationId=REF-2", null)).Content.ReadAsStringAsync();
        (await Client.PostAsync("/workflows/approve/yes", null)).StatusCode.ShouldBe(HttpStatusCode.Conflict, "two wait for it");
        (await Client.PostAsync("/workflows/approve/yes?correlationId=REF-3", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        (await (await Client.PostAsync("/workflows/approve/yes?correlationId=REF-1", null)).Content.ReadAsStringAsync()).ShouldBe("yes");
        (await (await Client.PostAsync($"/workflows/approve/no?workflowInstanceId={other}", null)).Content.ReadAsStringAsync()).ShouldBe("no");

        (await StatusAsync(instance)).ShouldBe("Finished");
        (await Client.PostAsync($"/workflows/approve/no?workflowInstanceId={other}", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound, "it waits no longer");
    }

    [Fact]
    public async Task Without_an_answer_the_caller_is_told_that_all_is_well_and_of_a_fault_only_that_it_was_one()
    {
        await PublishAsync("silent", Endpoint("silent", "GET"));
        await PublishAsync(
            "faulty",
            Endpoint("faulty", "GET"),
            """{"id":"F","type":"Elsa.Fault","message":{"typeName":"String","expression":{"type":"Literal","value":"secret detail"}}}"""
        );

        var silent = await Client.GetAsync("/workflows/silent");
        var faulty = await Client.GetAsync("/workflows/faulty");

        silent.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await silent.Content.ReadAsStringAsync()).ShouldBeEmpty();
        faulty.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await faulty.Content.ReadAsStringAsync()).ShouldNotContain("secret");
    }

    [Fact]
    public async Task A_workflow_s_own_404_is_not_replaced_by_ours_and_its_page_runs_no_scripts()
    {
        await PublishAsync(
            "gone",
            Endpoint("gone", "GET"),
            Answer("'<script>1</script>'", status: 404, contentType: "text/html", headers: """{"Set-Cookie":"a=b","Content-Security-Policy":"default-src *"}""")
        );
        await PublishAsync("nothing", Endpoint("nothing", "GET"), Answer("null", status: 404));

        var gone = await Client.GetAsync("/workflows/gone");

        gone.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await gone.Content.ReadAsStringAsync()).ShouldBe("<script>1</script>");
        gone.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("sandbox");
        gone.Headers.Contains("Set-Cookie").ShouldBeFalse();
        (await (await Client.GetAsync("/workflows/nothing")).Content.ReadAsStringAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_endpoint_for_callers_who_are_signed_in_lets_nobody_else_in()
    {
        await PublishAsync("private", Endpoint("private", "POST", more: ("authorize", Literal("Boolean", true))), Answer("'in'"));
        await PublishAsync(
            "admins",
            Endpoint("admins", "POST", more: [("authorize", Literal("Boolean", true)), ("policy", Literal("String", Roles.Administrator))]),
            Answer("'in'")
        );

        (await Client.PostAsync("/workflows/private", null)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        using var worker = await host.App.ApiAsync("adjuster1");
        (await worker.PostAsync("/workflows/private", null)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await worker.PostAsync("/workflows/admins", null)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        using var admin = await host.App.ApiAsync("admin");
        (await admin.PostAsync("/workflows/admins", null)).StatusCode.ShouldBe(HttpStatusCode.OK);

        // A cookie alone proves nothing: a browser sends it for any site that triggers a request.
        using var browser = await host.App.BrowserAsync("admin");
        (await browser.PostAsync("/workflows/admins", null)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task What_is_too_large_or_of_the_wrong_kind_is_refused_or_takes_its_own_way()
    {
        await PublishAsync("small", Endpoint("small", "POST", more: ("requestSizeLimit", Literal("Int64", 10))), Answer("'in'"));
        await PublishAsync(
            "upload",
            Endpoint(
                "upload",
                "POST",
                more:
                [
                    ("fileSizeLimit", Literal("Int64", 4)),
                    ("allowedFileExtensions", Literal("List<String>", """[".txt"]""", "Object")),
                    ("exposeFileTooLargeOutcome", true),
                ]
            ),
            Answer("getFileFromIn() ? getFileFromIn().FileName : 'no file'")
        );

        (await Client.PostAsync("/workflows/small", new StringContent("0123456789"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Client.PostAsync("/workflows/small", new StringContent("0123456789A"))).StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        using var unsaid = new StreamContent(new MemoryStream(new byte[11]));
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "/workflows/small") { Content = unsaid, Headers = { TransferEncodingChunked = true } };
        (await Client.SendAsync(chunked)).StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge, "also when it does not say its length");
        (await UploadAsync("a.txt", 4)).ShouldBe((HttpStatusCode.OK, "a.txt"));
        (await UploadAsync("a.exe", 4)).Status.ShouldBe(HttpStatusCode.UnsupportedMediaType);
        (await UploadAsync("a.txt", 5)).ShouldBe((HttpStatusCode.OK, ""), "its own outcome leads nowhere here");
    }

    [Fact]
    public async Task A_time_limit_is_kept_and_nothing_is_begun()
    {
        await PublishAsync("slow", Endpoint("slow", "POST", more: ("requestTimeout", Literal("TimeSpan", "00:00:00.05"))), Answer("'in'"));

        // A client that announces a body and never sends it.
        var site = Client.BaseAddress!;
        using var caller = new System.Net.Sockets.TcpClient(site.Host, site.Port);
        await using var stream = caller.GetStream();
        await stream.WriteAsync(
            System.Text.Encoding.ASCII.GetBytes(
                $"POST /workflows/slow HTTP/1.1\r\nHost: {site.Authority}\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n"
            )
        );
        using var answer = new StreamReader(stream);
        (await answer.ReadLineAsync()).ShouldBe("HTTP/1.1 408 Request Timeout");
        (await InstancesAsync("slow")).ShouldBe(0);
    }

    [Fact]
    public async Task A_path_starts_one_definition_only_and_is_free_again_once_that_is_retracted()
    {
        var clock = host.App.Clock;
        await PublishAsync("first", Endpoint("taken/{a}", "POST"), Answer("'first'"));

        var refused = (await TryPublishAsync("second", Endpoint("Taken/{a}", "GET POST"), Answer("'second'")))
            .ShouldBeOfType<PublishResult.Invalid>()
            .Errors.ShouldHaveSingleItem();
        refused.Reason.ShouldBe("Activity 'In': POST Taken/{a} starts 'first' already.");

        (await Definitions.RetractAsync("first", "test", clock.GetCurrentInstant())).ShouldBeOfType<EditResult.Saved>();
        (await Client.PostAsync("/workflows/taken/1", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await PublishAsync("second", Endpoint("Taken/{a}", "GET POST"), Answer("'second'"));
        (await (await Client.PostAsync("/workflows/taken/1", null)).Content.ReadAsStringAsync()).ShouldBe("second");
    }

    [Fact]
    public async Task A_new_version_answers_at_its_own_path_at_once()
    {
        await PublishAsync("moving", Endpoint("moving/old", "GET"), Answer("'one'"));
        (await Client.GetAsync("/workflows/moving/old")).StatusCode.ShouldBe(HttpStatusCode.OK);

        await PublishAsync("moving", Endpoint("moving/new", "GET"), Answer("'two'"));

        (await Client.GetAsync("/workflows/moving/old")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await (await Client.GetAsync("/workflows/moving/new")).Content.ReadAsStringAsync()).ShouldBe("two");
    }

    [Fact]
    public async Task What_can_not_be_a_path_is_refused_at_publish_with_the_activity_s_name() =>
        (await TryPublishAsync("odd", Endpoint("a/{b", "GET")))
            .ShouldBeOfType<PublishResult.Invalid>()
            .Errors.ShouldHaveSingleItem()
            .Reason.ShouldStartWith("Activity 'In':");

    [Fact]
    public async Task An_instance_id_chosen_by_the_caller_starts_once()
    {
        await PublishAsync("once", Endpoint("once", "POST"), Answer("'in'"));
        var id = Ids.Text(Ids.New(host.App.Clock.GetCurrentInstant()));

        (await Client.PostAsync($"/workflows/once?workflowInstanceId={id}", null)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Client.PostAsync($"/workflows/once?workflowInstanceId={id}", null)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await Client.PostAsync("/workflows/once?workflowInstanceId=nonsense", null)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    private async Task<(HttpStatusCode Status, string Text)> UploadAsync(string name, int size)
    {
        using var form = new MultipartFormDataContent();
        using var file = new ByteArrayContent(new byte[size]) { Headers = { ContentType = new MediaTypeHeaderValue("text/plain") } };
        form.Add(file, "document", name);
        var answer = await Client.PostAsync("/workflows/upload", form);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<string> StatusAsync(string instance) =>
        (await InstanceQueries.FindAsync(host.App.Services.GetRequiredService<Npgsql.NpgsqlDataSource>(), Guid.Parse(instance)))!.Value.Summary.Status;

    private async Task<long> InstancesAsync(string definition) =>
        (await InstanceQueries.ListAsync(host.App.Services.GetRequiredService<Npgsql.NpgsqlDataSource>(), new() { DefinitionIds = [definition] })).Total;

    private async Task PublishAsync(string id, params string[] activities) => (await TryPublishAsync(id, activities)).ShouldBeOfType<PublishResult.Published>();

    private async Task<PublishResult> TryPublishAsync(string id, params string[] activities)
    {
        var ids = activities.Select(a => (string)JsonNode.Parse(a)!["id"]!).ToArray();
        var connections = ids.Zip(ids.Skip(1), (a, b) => $$$"""{"source":{"activity":"{{{a}}}","port":"Done"},"target":{"activity":"{{{b}}}","port":"In"} }""");
        var document = $$"""
            {"definitionId":"{{id}}","name":"{{id}}","root":{"id":"flow","type":"Elsa.Flowchart","activities":[{{string.Join(',', activities)}}],
              "connections":[{{string.Join(',', connections)}}] } }
            """;
        _ = Client;
        return await Definitions.PublishAsync(new(id, Encoding.UTF8.GetBytes(document), "designer"), "test", host.App.Clock.GetCurrentInstant());
    }

    private static JsonObject Literal(string type, JsonNode? value, string language = "Literal") =>
        new()
        {
            ["typeName"] = type,
            ["expression"] = new JsonObject { ["type"] = language, ["value"] = value },
        };

    private static string Endpoint(string path, string methods, string id = "In", bool starts = true, params (string Name, JsonNode Value)[] more)
    {
        var activity = new JsonObject
        {
            ["id"] = id,
            ["name"] = id,
            ["type"] = "Elsa.HttpEndpoint",
            ["customProperties"] = new JsonObject { ["canStartWorkflow"] = starts },
            ["path"] = Literal("String", path),
            ["supportedMethods"] = Literal("List<String>", JsonSerializer.Serialize(methods.Split(' ')), "Object"),
        };
        foreach (var (name, value) in more)
            activity[name] = value;
        return activity.ToJsonString();
    }

    private static string Answer(string script, int status = 200, string contentType = "text/plain", string headers = "{}", string id = "Out") =>
        new JsonObject
        {
            ["id"] = id,
            ["type"] = "Elsa.WriteHttpResponse",
            ["statusCode"] = Literal("Object", status),
            ["content"] = Literal("Object", script, "JavaScript"),
            ["contentType"] = Literal("String", contentType),
            ["responseHeaders"] = Literal("Object", headers, "Object"),
        }.ToJsonString();
}
