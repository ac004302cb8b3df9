using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Engine.Definitions;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Http;

/// <summary>Names a host answers to, what it tells browsers in Production, and how much one person can hold open.</summary>
public sealed class HostNameTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task In_production_a_foreign_host_name_is_refused()
    {
        await using var app = Production(("Mail:PublicUrl", "https://claims.example.com"), ("Proxies:0", "127.0.0.1"), ("Proxies:1", "::1"));

        (await AskAsync(app, "/sign-in", "evil.example")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await AskAsync(app, "/api/me", "evil.example")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await AskAsync(app, "/sign-in", "claims.example.com")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await AskAsync(app, "/sign-in", "localhost:8080")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await AskAsync(app, "/health/live", "10.1.2.3")).StatusCode.ShouldBe(HttpStatusCode.OK, "probes ask by address");
    }

    [Fact]
    public async Task Configured_names_replace_the_usual_ones()
    {
        await using var app = Production(("Hosts:0", "*.example.com"));

        (await AskAsync(app, "/sign-in", "claims.example.com")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await AskAsync(app, "/sign-in", "localhost")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task In_production_browsers_are_told_to_use_TLS_only()
    {
        await using var app = Production(("Proxies:0", "127.0.0.1"), ("Proxies:1", "::1"));
        await using var development = new HostApp(_database.ConnectionString, settings: new Dictionary<string, string> { ["Proxies:0"] = "127.0.0.1" });

        (await AskAsync(app, "/sign-in", "localhost", "https")).Headers.GetValues("Strict-Transport-Security").ShouldBe(["max-age=31536000"]);
        (await AskAsync(app, "/sign-in", "localhost")).Headers.Contains("Strict-Transport-Security").ShouldBeFalse("not over plain HTTP");
        (await AskAsync(development, "/sign-in", "localhost", "https")).Headers.Contains("Strict-Transport-Security").ShouldBeFalse();
    }

    [Fact]
    public async Task One_person_can_hold_only_so_many_live_streams_open()
    {
        await using var app = new HostApp(_database.ConnectionString);
        using var client = await app.ApiAsync("adjuster1");
        var open = new List<HttpResponseMessage>();
        for (var i = 0; i < Host.Http.LiveStreams.MostPerPerson; i++)
            open.Add(await OpenAsync(client));
        open.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.OK);

        (await OpenAsync(client)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        using var other = await app.ApiAsync("adjuster2");
        (await OpenAsync(other)).StatusCode.ShouldBe(HttpStatusCode.OK, "another person");
        open[0].Dispose();
        await Eventually.AsksAsync(
            async () => (await OpenAsync(client)).StatusCode,
            status => status == HttpStatusCode.OK,
            "a closed stream makes room for another"
        );
        open.ForEach(answer => answer.Dispose());

        static Task<HttpResponseMessage> OpenAsync(HttpClient client) => client.GetAsync("/live", HttpCompletionOption.ResponseHeadersRead);
    }

    [Fact]
    public async Task An_answer_of_a_workflow_sets_only_headers_of_the_list()
    {
        await using var app = new HostApp(_database.ConnectionString, settings: new Dictionary<string, string> { ["Http:AnswerHeaders:0"] = "X-Claim" });
        app.StartServer();
        const string Document = """
            { "definitionId": "headers", "name": "headers", "root": { "id": "steps", "type": "Elsa.Sequence", "activities": [
              { "id": "in", "type": "Elsa.HttpEndpoint", "customProperties": { "canStartWorkflow": true },
                "path": { "typeName": "String", "expression": { "type": "Literal", "value": "headers" } } },
              { "id": "out", "type": "Elsa.WriteHttpResponse", "responseHeaders": { "typeName": "Object", "expression": { "type": "Object",
                "value": "{\"Location\":\"/x\",\"X-Claim\":\"1\",\"X-Accel-Redirect\":\"/etc\",\"Access-Control-Allow-Origin\":\"*\",\"Set-Cookie\":\"a=b\"}"
              } } } ] } }
            """;
        (
            await app
                .Services.GetRequiredService<DefinitionStore>()
                .PublishAsync(new("headers", Encoding.UTF8.GetBytes(Document), "designer"), "test", app.Clock.GetCurrentInstant())
        ).ShouldBeOfType<PublishResult.Published>();

        var answer = await app.Api().GetAsync("/workflows/headers");

        answer.Headers.GetValues("X-Claim").ShouldBe(["1"]);
        answer.Headers.Location!.ToString().ShouldBe("/x");
        foreach (var name in (string[])["X-Accel-Redirect", "Access-Control-Allow-Origin", "Set-Cookie"])
            answer.Headers.Contains(name).ShouldBeFalse(name);
    }

    private HostApp Production(params (string Key, string Value)[] settings) =>
        new(
            _database.ConnectionString,
            environment: "Production",
            settings: settings
                .Concat([("FirstAdministrator:UserName", "root"), ("FirstAdministrator:Password", "four horses in a field")])
                .ToDictionary(s => s.Item1, s => s.Item2)
        );

    private static async Task<HttpResponseMessage> AskAsync(HostApp app, string path, string host, string? scheme = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = host } };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/html"));
        if (scheme is not null)
            request.Headers.Add("X-Forwarded-Proto", scheme);
        return await app.Browser().SendAsync(request);
    }
}
