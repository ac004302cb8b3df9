using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Host.Compliance;
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
        using var compliance = await _host.ApiAsync("compliance");
        var head = (await compliance.GetFromJsonAsync<HistoryHead>("/api/history/head"))!;
        VerifierKey[] keys = [VerifierKey.Parse(head.Keys.ShouldHaveSingleItem())!];

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
        var page = await reviewer.GetStringAsync("/compliance");
        page.ShouldContain("Nothing differs");
        page.ShouldContain("Held outside");

        await ScalarAsync($"set session_replication_role = replica; update event set actor = 'someone' where chain_id = '{id}' and sequence = 2");
        await reviewer.SubmitAsync("/compliance", [], "/compliance/check");
        page = await reviewer.GetStringAsync("/compliance");
        page.ShouldContain("event 2: The event was changed.");
        (await ScalarAsync("select title from notification where kind = 'history.differs'")).ShouldBe("History was altered");
    }

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var command = _database.DataSource.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
