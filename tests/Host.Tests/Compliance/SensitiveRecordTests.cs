using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Compliance;

/// <summary>A reason is asked before a sensitive record is opened: pages, API, documents and exports.</summary>
public sealed class SensitiveRecordTests(SharedHost shared) : IClassFixture<SharedHost>
{
    [Fact]
    public async Task Nothing_of_a_sensitive_customer_opens_without_a_reason_and_all_of_it_does_with_one()
    {
        var (id, customer, task, file) = await OpenAsync("C-701");
        using var supervisor = await shared.App.ApiAsync("supervisor");
        (
            await supervisor.PutAsJsonAsync(
                $"/api/customers/{customer}/sensitive",
                new
                {
                    revision = 1,
                    kind = "Relative",
                    reason = "Married to a colleague",
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var reviewer = await shared.App.ApiAsync("compliance");
        string[] addresses =
        [
            $"/api/customers/{customer}",
            $"/api/customers/{customer}/cases",
            $"/api/customers/{customer}/contacts",
            "/api/customers/by-number/C-701",
            $"/api/cases/{id}",
            $"/api/cases/{id}/history",
            $"/api/cases/{id}/clocks",
            $"/api/history/cases/{id}",
            $"/api/cases/{id}/proof",
            $"/api/cases/{id}/report",
            $"/api/tasks/{task}",
            $"/api/tasks/{task}/attachments/{file}",
        ];
        foreach (var address in addresses)
        {
            var refused = await reviewer.GetAsync(address);
            refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden, address);
            ((string?)(await refused.Content.ReadFromJsonAsync<JsonNode>())!["type"]).ShouldBe("/problems/reason-required", address);
        }

        using var page = await shared.App.BrowserAsync("compliance");
        (await page.GetAsync($"/guidance/of-customer/{customer}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await reviewer.PostAsJsonAsync($"/api/customers/{customer}/export", new { reason = "They asked" })).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        foreach (var verb in new[] { "claim", "complete", "start", "release" })
        {
            var asked = await supervisor.PostAsJsonAsync($"/api/tasks/{task}/{verb}", new { revision = 1, operationId = $"{verb}-C-701" });
            asked.StatusCode.ShouldBe(HttpStatusCode.Forbidden, verb);
            var problem = (await asked.Content.ReadFromJsonAsync<JsonNode>())!;
            ((string?)problem["type"], (string?)problem["customer"]).ShouldBe(("/problems/reason-required", customer), verb);
        }

        using var closer = await shared.App.ApiAsync("closer1");
        (await closer.PostAsJsonAsync($"/api/tasks/{task}/claim", new { revision = 1, operationId = "unseen" })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var added = await supervisor.PutAsJsonAsync("/api/customers/by-number/C-791", new { name = "Written twice" });
        var merged = await supervisor.PostAsJsonAsync(
            $"/api/customers/{(string?)(await added.Content.ReadFromJsonAsync<JsonNode>())!["id"]}/merge",
            new { into = customer }
        );
        ((string?)(await merged.Content.ReadFromJsonAsync<JsonNode>())!["type"]).ShouldBe("/problems/reason-required", "the answer is the other record");
        using var stranger = await shared.App.ApiAsync("closer1");
        (await stranger.GetAsync($"/api/customers/{customer}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (
            await stranger.PostAsJsonAsync(
                "/api/access-reasons",
                new
                {
                    kind = "customer",
                    id = customer,
                    why = "review",
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        var vague = await reviewer.PostAsJsonAsync("/api/access-reasons", new { kind = "thing", why = "other" });
        vague.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await vague.Content.ReadFromJsonAsync<JsonNode>())!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["kind", "id", "text"], ignoreOrder: true);
        (
            await reviewer.PostAsJsonAsync(
                "/api/access-reasons",
                new
                {
                    kind = "case",
                    id,
                    why = "review",
                    text = "Audit 2026/4",
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.OK);
        foreach (var address in addresses)
            (await reviewer.GetAsync(address)).StatusCode.ShouldBe(HttpStatusCode.OK, address);

        var log = (await reviewer.GetFromJsonAsync<JsonNode>("/api/history/access?customer=C-701&reason=true"))!["items"]!.AsArray();
        log.Select(row => ((string?)row!["userName"], (string?)row["reason"])).ShouldBe([("compliance", "Review or audit: Audit 2026/4")]);
        (await reviewer.GetFromJsonAsync<JsonNode>("/api/history/sensitive-customers"))!.AsArray().Select(c => (string?)c!["number"]).ShouldContain("C-701");
    }

    [Fact]
    public async Task A_program_sends_the_reason_with_its_request()
    {
        var (_, customer, _, _) = await OpenAsync("C-702");
        using var supervisor = await shared.App.ApiAsync("supervisor");
        await supervisor.PutAsJsonAsync(
            $"/api/customers/{customer}/sensitive",
            new
            {
                revision = 1,
                kind = "PublicFigure",
                reason = "A minister",
            }
        );
        using var front = await shared.App.ApiAsync("frontoffice");
        (await AskAsync("x")).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);

        var answer = await AskAsync("The customer called");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var sensitive = (await answer.Content.ReadFromJsonAsync<JsonNode>())!["sensitive"]!;
        sensitive["reason"].ShouldBeNull("the front office may not know why");
        (await front.GetAsync($"/api/customers/{customer}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await front.DeleteAsync($"/api/customers/{customer}/sensitive")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (
            await supervisor.PostAsJsonAsync(
                "/api/access-reasons",
                new
                {
                    kind = "customer",
                    id = customer,
                    why = "case-work",
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.OK);
        var stale = await supervisor.DeleteAsync($"/api/customers/{customer}/sensitive?revision=1");
        stale.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        ((int?)(await stale.Content.ReadFromJsonAsync<JsonNode>())!["revision"]).ShouldBe(2);
        (await supervisor.DeleteAsync($"/api/customers/{customer}/sensitive?revision=2")).StatusCode.ShouldBe(HttpStatusCode.OK);

        Task<HttpResponseMessage> AskAsync(string reason)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, $"/api/customers/{customer}");
            request.Headers.Add("X-Access-Reason", reason);
            return front.SendAsync(request);
        }
    }

    [Fact]
    public async Task A_page_asks_for_the_reason_and_then_opens_what_was_asked_for()
    {
        var (id, customer, task, file) = await OpenAsync("C-703");
        using var supervisor = await shared.App.BrowserAsync("supervisor");
        var mark = new Dictionary<string, string>
        {
            ["revision"] = "0",
            ["mark"] = "true",
            ["kind"] = "Threatened",
            ["reason"] = "Must not be found",
        };
        var stale = await supervisor.SubmitAsync($"/customers/{customer}", new(mark), $"/customers/{customer}/sensitive");
        stale.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await stale.Content.ReadAsStringAsync()).ShouldContain("Someone has changed this customer meanwhile.");
        mark["revision"] = "1";
        var marked = await supervisor.SubmitAsync($"/customers/{customer}", mark, $"/customers/{customer}/sensitive");
        marked.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        using var front = await shared.App.BrowserAsync("frontoffice");
        foreach (
            var address in new[] { $"/customers/{customer}", $"/customers/{customer}/edit", $"/cases/{id}", $"/tasks/{task}", $"/tasks/{task}/files/{file}" }
        )
        {
            var asked = await front.GetAsync(address);
            asked.StatusCode.ShouldBe(HttpStatusCode.Forbidden, address);
            var page = await asked.Content.ReadAsStringAsync();
            page.ShouldContain("Why are you opening this?", customMessage: address);
            page.ShouldNotContain("Must not be found", customMessage: address);
            page.ShouldNotContain("20 7946", customMessage: address);
        }

        (await front.GetStringAsync("/customers?q=C-703")).ShouldNotContain("20 7946");
        var typed = new Dictionary<string, string>
        {
            ["kind"] = "case",
            ["id"] = id,
            ["to"] = $"/cases/{id}",
            ["why"] = "other",
        };
        (await front.SubmitAsync("/customers", new(typed), "/access-reasons")).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        typed["text"] = "Door phone rang";
        (await front.SubmitAsync("/customers", typed, "/access-reasons")).Headers.Location!.OriginalString.ShouldBe($"/cases/{id}");

        (await front.GetAsync($"/cases/{id}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await front.GetStringAsync("/customers?q=C-703")).ShouldContain("20 7946");
        (await front.GetStringAsync("/me/access")).ShouldContain("Something else: Door phone rang");
        using var reviewer = await shared.App.BrowserAsync("compliance");
        var access = await reviewer.GetStringAsync("/compliance/access?reason=true");
        access.ShouldContain("Door phone rang");
        access.ShouldContain("Must not be found");
    }

    /// <summary>A case of a new customer with a file at its first task.</summary>
    private async Task<(string Case, string Customer, string Task, string File)> OpenAsync(string number)
    {
        using var front = await shared.App.ApiAsync("frontoffice");
        var record = new { name = $"Nadia {number}", phones = new[] { "+44 20 7946 0123" } };
        (await front.PostAsJsonAsync("/api/customers", new { number, record })).EnsureSuccessStatusCode();
        var opened = await front.PostAsJsonAsync(
            "/api/cases",
            new
            {
                journey = "claims",
                reference = $"CLM-{number}",
                customer = new { id = number, name = $"Nadia {number}" },
                input = new
                {
                    jurisdiction = "GB",
                    claimedAmount = 900,
                    lossDescription = "Fire",
                },
            }
        );
        var id = opened.Headers.Location!.ToString().Split('/')[^1];
        var customer = (string)(await front.GetFromJsonAsync<JsonNode>($"/api/customers/by-number/{number}"))!["id"]!;
        var task = (string)(await front.GetFromJsonAsync<JsonNode>($"/api/tasks?view=all&case={id}"))!["items"]![0]!["id"]!;
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes("burnt"));
        content.Headers.ContentType = new("text/plain");
        var attached = await front.PostAsync($"/api/tasks/{task}/attachments?name=photo.txt&revision=1&operationId=photo-{number}", content);
        attached.EnsureSuccessStatusCode();
        var files = (await front.GetFromJsonAsync<JsonNode>($"/api/tasks/{task}/attachments"))!;
        return (id, customer, task, (string)files[0]!["id"]!);
    }
}
