using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Elsa;

/// <summary>Callers of workflows that wait before they answer. Two hosts on one database.</summary>
public sealed class WorkflowReplyTests(WorkflowReplyTests.TwoHosts hosts) : IClassFixture<WorkflowReplyTests.TwoHosts>
{
    private const string Out = """
        { "id": "out", "type": "Elsa.WriteHttpResponse", "content": { "typeName": "Object", "expression": { "type": "Literal", "value": "hello" } },
          "contentType": { "typeName": "String", "expression": { "type": "Literal", "value": "text/plain" } },
          "responseHeaders": { "typeName": "Object", "expression": { "type": "Object", "value": "{\"X-Kind\":[\"a\",\"b\"]}" } } }
        """;

    private readonly FakeClock _clock = hosts.Clock;
    private readonly HostApp _first = hosts.First;
    private readonly HostApp _second = hosts.Second;

    [Theory]
    [InlineData("Elsa.SendHttpRequest")]
    [InlineData("Elsa.FlowSendHttpRequest")]
    public async Task A_caller_gets_the_answer_that_follows_requests_of_the_workflow(string type)
    {
        using var receiver = Receiver(out var address);
        await PublishAsync("calls", Endpoint("calls"), Call(type, "one", address), Call(type, "two", address), Out);

        var asked = _first.Api().GetAsync("/workflows/calls");
        await AnswerAsync(receiver, 204);
        await AnswerAsync(receiver, 204);

        var answer = await asked;
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await answer.Content.ReadAsStringAsync()).ShouldBe("hello");
        answer.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; charset=utf-8");
        answer.Headers.GetValues("X-Kind").ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task A_caller_gets_the_answer_that_follows_a_child_workflow_which_another_host_ends()
    {
        await PublishAsync("child", Waits("approved"));
        await PublishAsync(
            "parent",
            Endpoint("parent"),
            """
            { "id": "run", "type": "Elsa.DispatchWorkflow",
              "workflowDefinitionId": { "typeName": "String", "expression": { "type": "Literal", "value": "child" } },
              "correlationId": { "typeName": "String", "expression": { "type": "Literal", "value": "REF-1" } },
              "waitForCompletion": { "typeName": "Boolean", "expression": { "type": "Literal", "value": true } } }
            """,
            Out
        );
        _second.StartServer();

        var asked = _first.Api().GetAsync("/workflows/parent");
        await _second.Services.GetRequiredService<WorkflowRuntime>().Stimuli.PublishAsync("approved", "REF-1", null, "test");

        (await (await asked).Content.ReadAsStringAsync()).ShouldBe("hello");
    }

    [Fact]
    public async Task A_child_that_runs_within_its_parent_answers_the_caller_too()
    {
        using var receiver = Receiver(out var address);
        await PublishAsync("inner", Call("Elsa.SendHttpRequest", "one", address), Out);
        await PublishAsync(
            "outer",
            Endpoint("outer"),
            """
            { "id": "run", "type": "Elsa.ExecuteWorkflow",
              "workflowDefinitionId": { "typeName": "String", "expression": { "type": "Literal", "value": "inner" } },
              "waitForCompletion": { "typeName": "Boolean", "expression": { "type": "Literal", "value": true } } }
            """
        );

        var asked = _first.Api().GetAsync("/workflows/outer");
        await AnswerAsync(receiver, 200);

        (await (await asked).Content.ReadAsStringAsync()).ShouldBe("hello");
    }

    [Fact]
    public async Task A_caller_waits_for_a_short_delay()
    {
        await PublishAsync(
            "soon",
            Endpoint("soon"),
            """
            { "id": "wait", "type": "Elsa.Delay", "timeSpan": { "typeName": "TimeSpan", "expression": { "type": "Literal", "value": "00:00:20" } } }
            """,
            Out
        );

        var asked = _first.Api().GetAsync("/workflows/soon");
        await Eventually.AsksAsync(() => RunsAsync("soon"), runs => runs == 1, "the workflow waits");
        _clock.Advance(Duration.FromSeconds(20));

        (await (await asked).Content.ReadAsStringAsync()).ShouldBe("hello");
    }

    [Fact]
    public async Task What_takes_longer_is_202_with_an_address_that_has_the_answer_later_on_every_host()
    {
        await PublishAsync("long", Endpoint("long"), Waits("approved"), Out);
        using var caller = _first.Api();

        var accepted = await caller.GetAsync("/workflows/long?correlationId=REF-2");

        accepted.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        accepted.Headers.RetryAfter.ShouldNotBeNull();
        var location = accepted.Headers.Location!.ToString();
        location.ShouldMatch("^/workflow-replies/[A-Za-z0-9_-]{43}$");
        (await caller.GetAsync(location)).StatusCode.ShouldBe(HttpStatusCode.Accepted, "not yet");
        (await caller.GetAsync(location[..^1] + (location[^1] == 'A' ? 'B' : 'A'))).StatusCode.ShouldBe(HttpStatusCode.NotFound, "a guess");

        await _first.Services.GetRequiredService<WorkflowRuntime>().Stimuli.PublishAsync("approved", "REF-2", null, "test");

        foreach (var host in (HostApp[])[_first, _second])
        {
            var answer = await host.Api().GetAsync(location);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            (await answer.Content.ReadAsStringAsync()).ShouldBe("hello");
        }

        await HttpReplies.PurgeAsync(_first.Services.GetRequiredService<Npgsql.NpgsqlDataSource>(), _clock.Advance(HttpReplies.Retention));
        (await caller.GetAsync(location)).StatusCode.ShouldBe(HttpStatusCode.OK, "kept for a day");
        await HttpReplies.PurgeAsync(_first.Services.GetRequiredService<Npgsql.NpgsqlDataSource>(), _clock.Advance(Duration.FromSeconds(1)));
        (await caller.GetAsync(location)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_caller_whose_wait_takes_longer_than_the_limit_gets_202_and_can_fetch_the_answer()
    {
        using var receiver = Receiver(out var address);
        await PublishAsync("slow", Endpoint("slow"), Call("Elsa.SendHttpRequest", "one", address), Out);
        await using var impatient = new HostApp(
            hosts.ConnectionString,
            _clock,
            settings: new Dictionary<string, string> { ["Http:AllowPrivateAddresses"] = "true", ["Http:ReplySeconds"] = "1" }
        );
        using var caller = impatient.Api();

        var accepted = await caller.GetAsync("/workflows/slow");

        accepted.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var location = accepted.Headers.Location.ShouldNotBeNull();
        (await caller.GetAsync(location)).StatusCode.ShouldBe(HttpStatusCode.Accepted, "it still waits");
        await AnswerAsync(receiver, 200);
        await Eventually.AsksAsync(() => caller.GetAsync(location), answer => answer.StatusCode == HttpStatusCode.OK, "the workflow has answered");
        (await (await caller.GetAsync(location)).Content.ReadAsStringAsync()).ShouldBe("hello");
    }

    [Fact]
    public async Task Who_signed_in_to_ask_must_sign_in_to_fetch_the_answer()
    {
        await PublishAsync("private", Endpoint("private"), Waits("approved"), Out);
        using var asks = await _first.ApiAsync("adjuster1");
        using var other = await _first.ApiAsync("adjuster2");

        var location = (await asks.GetAsync("/workflows/private")).Headers.Location!;

        (await asks.GetAsync(location)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await other.GetAsync(location)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _first.Api().GetAsync(location)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_fault_after_the_wait_is_told_as_one_and_a_cancelled_run_ends_the_wait()
    {
        using var receiver = Receiver(out var address);
        await PublishAsync(
            "faulty",
            Endpoint("faulty"),
            Call("Elsa.SendHttpRequest", "one", address),
            """{ "id": "F", "type": "Elsa.Fault", "message": { "typeName": "String", "expression": { "type": "Literal", "value": "secret" } } }"""
        );
        await PublishAsync("stopped", Endpoint("stopped"), Waits("approved"), Out);

        var asked = _first.Api().GetAsync("/workflows/faulty");
        await AnswerAsync(receiver, 200);

        (await asked).StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await (await asked).Content.ReadAsStringAsync()).ShouldNotContain("secret");

        var accepted = await _first.Api().GetAsync("/workflows/stopped");
        var run = (await InstanceQueries.ListAsync(Database, new() { DefinitionIds = ["stopped"] })).Items.Single().Id;
        await _first.Services.GetRequiredService<WorkflowRuntime>().CancelAsync(run, "no longer needed", "test");
        var ended = await _first.Api().GetAsync(accepted.Headers.Location);
        ended.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await ended.Content.ReadAsStringAsync()).ShouldBeEmpty();
    }

    private Npgsql.NpgsqlDataSource Database => _first.Services.GetRequiredService<Npgsql.NpgsqlDataSource>();

    private async Task<long> RunsAsync(string definition) => (await InstanceQueries.ListAsync(Database, new() { DefinitionIds = [definition] })).Total;

    private static HttpListener Receiver(out string address)
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/";
        }

        var receiver = new HttpListener();
        receiver.Prefixes.Add(address);
        receiver.Start();
        return receiver;
    }

    private static async Task AnswerAsync(HttpListener receiver, int status)
    {
        var request = await receiver.GetContextAsync();
        request.Response.StatusCode = status;
        request.Response.Close();
    }

    private static string Endpoint(string path) =>
        $$"""
            { "id": "in", "type": "Elsa.HttpEndpoint", "customProperties": { "canStartWorkflow": true },
              "path": { "typeName": "String", "expression": { "type": "Literal", "value": "{{path}}" } },
              "supportedMethods": { "typeName": "List<String>", "expression": { "type": "Object", "value": "[\"GET\"]" } } }
            """;

    private static string Call(string type, string id, string address) =>
        $$"""
            { "id": "{{id}}", "type": "{{type}}", "url": { "typeName": "Uri", "expression": { "type": "Literal", "value": "{{address}}" } },
              "method": { "typeName": "String", "expression": { "type": "Literal", "value": "GET" } } }
            """;

    private static string Waits(string name) =>
        $$"""
            { "id": "wait", "type": "Elsa.Event", "eventName": { "typeName": "String", "expression": { "type": "Literal", "value": "{{name}}" } } }
            """;

    private async Task PublishAsync(string id, params string[] activities)
    {
        _first.StartServer();
        var document = $$"""
            { "definitionId": "{{id}}", "name": "{{id}}", "root": { "id": "steps", "type": "Elsa.Sequence", "activities": [{{string.Join(',', activities)}}] } }
            """;
        (
            await _first
                .Services.GetRequiredService<DefinitionStore>()
                .PublishAsync(new(id, Encoding.UTF8.GetBytes(document), "designer"), "test", _clock.GetCurrentInstant())
        ).ShouldBeOfType<PublishResult.Published>();
    }

    /// <summary>Started once for all of these tests; each publishes workflows of its own.</summary>
    public sealed class TwoHosts : IAsyncLifetime
    {
        private TestDatabase _database = null!;

        public FakeClock Clock { get; } = new();

        public string ConnectionString => _database.ConnectionString;

        public HostApp First { get; private set; } = null!;

        public HostApp Second { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            _database = await StartedDatabase.CreateAsync();
            var settings = new Dictionary<string, string>
            {
                ["Http:AllowPrivateAddresses"] = "true",
                ["Http:ReplySeconds"] = "120",
                ["Http:AnswerHeaders:0"] = "X-Kind",
            };
            First = new(_database.ConnectionString, Clock, settings: settings);
            Second = new(_database.ConnectionString, Clock, settings: settings);
        }

        public async ValueTask DisposeAsync()
        {
            await First.DisposeAsync();
            await Second.DisposeAsync();
            await _database.DisposeAsync();
        }
    }
}
