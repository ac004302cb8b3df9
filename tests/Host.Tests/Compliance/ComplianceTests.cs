using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Host.Access;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Proof;
using Orchestration.Testing;
using Orchestration.Workflows.Audit;

namespace Orchestration.Host.Tests.Compliance;

public sealed class ComplianceTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("orchestration-history-").FullName;
    private TestDatabase _database = null!;
    private HostApp _host = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await StartedDatabase.CreateAsync();
        _host = new(
            _database.ConnectionString,
            settings: new Dictionary<string, string>
            {
                ["History:KeyFile"] = Path.Combine(_folder, "key"),
                ["History:CreateKey"] = "true",
                ["History:Folder"] = Path.Combine(_folder, "held"),
            }
        );
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Compliance_exports_a_case_that_the_verifier_accepts_and_sees_what_was_altered()
    {
        using var frontOffice = await _host.ApiAsync("frontoffice");
        var opened = await frontOffice.PostAsJsonAsync(
            "/api/cases",
            new
            {
                journey = "claims",
                reference = "CLM-2026-000001",
                customer = new { id = "C-1", name = "Maria Weiss" },
                input = new
                {
                    jurisdiction = "US-CA",
                    claimedAmount = 900,
                    lossDescription = "Fire",
                },
            }
        );
        opened.StatusCode.ShouldBe(HttpStatusCode.Created);
        var id = opened.Headers.Location!.ToString().Split('/')[^1];
        var keep = _host.Services.GetRequiredService<KeepHistory>();

        // What another transaction of the server holds back comes with a later run.
        while (await ScalarAsync("select count(*) - (select size from log_state) from event") is not 0L)
            await keep.RunAsync();
        _host.Clock.Advance(NodaTime.Duration.FromMinutes(5));
        await keep.RunAsync();
        await _host.Services.GetRequiredService<HoldHeads>().RunAsync();
        using var compliance = await _host.ApiAsync("compliance");
        var head = (await compliance.GetFromJsonAsync<JsonObject>("/api/history/head"))!;
        VerifierKey[] keys = [VerifierKey.Parse(head["keys"]!.AsArray().ShouldHaveSingleItem()!.ToString())!];
        head["copies"]!.AsArray().ShouldHaveSingleItem()!["place"]!.ToString().ShouldBe($"folder {Path.Combine(_folder, "held")}");

        var file = Path.Combine(_folder, "case.json");
        await File.WriteAllTextAsync(file, await compliance.GetStringAsync($"/api/cases/{id}/proof"));
        var proof = JsonSerializer.Deserialize<CaseProof>(await File.ReadAllTextAsync(file), JsonSerializerOptions.Web)!;
        proof.Check(keys).ShouldBeEmpty();
        proof.NotYetProven.ShouldBe(0);
        proof.Events.Count.ShouldBeGreaterThan(3);

        using var adjuster = await _host.ApiAsync("adjuster1");
        (await adjuster.GetAsync($"/api/cases/{id}/proof")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await compliance.GetAsync("/api/cases/00000000-0000-0000-0000-000000000001/proof")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await compliance.GetAsync("/api/history/growth?from=1&to=2")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        using var reviewer = await _host.BrowserAsync("compliance");
        (await reviewer.SubmitAsync("/compliance", [], "/compliance/check")).StatusCode.ShouldBe(HttpStatusCode.Found);
        var page = await Eventually.AsksAsync(
            () => reviewer.GetStringAsync("/compliance"),
            answer => answer.Contains("Nothing differs", StringComparison.Ordinal) && !answer.Contains("A check is running", StringComparison.Ordinal),
            "the check that runs in the background has ended"
        );
        page.ShouldContain("Held outside");

        await ScalarAsync($"set session_replication_role = replica; update event set actor = 'someone' where chain_id = '{id}' and sequence = 2");
        await reviewer.SubmitAsync("/compliance", [], "/compliance/check");
        page = await Eventually.AsksAsync(
            () => reviewer.GetStringAsync("/compliance"),
            answer => answer.Contains("event 2: The event was changed.", StringComparison.Ordinal),
            "the second check has ended"
        );
        (await ScalarAsync("select title from notification where kind = 'history.differs'")).ShouldBe("History was altered");
    }

    [Fact]
    public async Task Compliance_searches_history_sees_a_case_as_it_was_and_who_opened_it()
    {
        using var frontOffice = await _host.ApiAsync("frontoffice");
        var opened = await frontOffice.PostAsJsonAsync(
            "/api/cases",
            new
            {
                journey = "claims",
                reference = "CLM-2026-000002",
                customer = new { id = "C-2", name = "Nadia Haddad" },
                input = new
                {
                    jurisdiction = "US-CA",
                    claimedAmount = 900,
                    lossDescription = "Fire",
                },
            }
        );
        var id = Guid.Parse(opened.Headers.Location!.ToString().Split('/')[^1]);
        using var api = await _host.ApiAsync("compliance");
        using var reviewer = await _host.BrowserAsync("compliance");

        var hits = (await api.GetFromJsonAsync<JsonNode>("/api/history/search?customer=C-2&action=case.started"))!["items"]!.AsArray();
        var hit = hits.ShouldHaveSingleItem()!;
        ((string?)hit["source"], (string?)hit["case"]).ShouldBe(("api", "CLM-2026-000002"));
        (await api.GetAsync("/api/history/search?from=2020-01-01")).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await reviewer.GetStringAsync("/compliance/history?customer=C-2")).ShouldContain($"/compliance/cases/{id:N}?event=");
        (await api.GetStringAsync("/api/history/search.csv?customer=C-2")).ShouldContain("case.started");
        (await ScalarAsync("select count(*) from event where action = 'history.exported'")).ShouldBe(1L);

        var now = (await api.GetFromJsonAsync<JsonNode>($"/api/history/cases/{id:N}"))!;
        ((string?)now["tasks"]!.AsArray().ShouldHaveSingleItem()!["state"]).ShouldBe("Ready");
        now["facts"]!.AsArray().ShouldContain(fact => (string?)fact!["name"] == "claimedAmount");
        ((int)(await api.GetFromJsonAsync<JsonNode>($"/api/history/cases/{id:N}?at=2020-01-01T00:00:00Z"))!["sequence"]!).ShouldBe(0);
        (await api.GetAsync($"/api/history/cases/{id:N}?at=yesterday")).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var page = await reviewer.GetStringAsync($"/compliance/cases/{id:N}?than=2020-01-01T00:00");
        page.ShouldContain("What changed");
        page.ShouldContain("journey-step waits");
        (await reviewer.GetStringAsync("/compliance/four-eyes")).ShouldContain("Nothing to look at");

        using var office = await _host.BrowserAsync("frontoffice");
        await office.GetStringAsync($"/cases/{id:N}");
        await office.GetStringAsync($"/cases/{id:N}");
        (await office.GetAsync($"/cases/{Guid.AllBitsSet:N}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var own = await office.GetStringAsync("/me/access");
        own.ShouldContain("CLM-2026-000002");
        own.ShouldContain("2 times");
        (await reviewer.GetStringAsync("/compliance/access?person=frontoffice&case=CLM-2026-000002")).ShouldContain("Mei Lindqvist");
        (await office.GetAsync("/compliance/access")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await ScalarAsync("select count(*) from access_log where kind = 'export'")).ShouldBe(1L);
    }

    [Fact]
    public void Every_endpoint_of_the_access_log_exists()
    {
        _ = _host.Api();
        var routes = _host
            .Services.GetServices<Microsoft.AspNetCore.Routing.EndpointDataSource>()
            .SelectMany(source => source.Endpoints)
            .OfType<Microsoft.AspNetCore.Routing.RouteEndpoint>()
            .Select(endpoint => endpoint.RoutePattern.RawText)
            .ToHashSet();
        AccessLogging.Endpoints.Keys.Where(route => !routes.Contains(route)).ShouldBeEmpty();
    }

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var command = _database.DataSource.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
