using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Workflows.Jobs;
using JsonArray = System.Text.Json.Nodes.JsonArray;

namespace Orchestration.Host.Tests.Administration;

public sealed class JobTests(SharedHost host) : IClassFixture<SharedHost>
{
    [Theory]
    [InlineData("GET", "/api/jobs")]
    [InlineData("POST", "/api/jobs/effects/pause")]
    [InlineData("GET", "/api/effects")]
    [InlineData("GET", "/api/webhooks")]
    [InlineData("GET", "/api/notification-preferences")]
    [InlineData("GET", "/administration/jobs")]
    [InlineData("GET", "/administration/webhooks")]
    public async Task Only_administrators_look_after_jobs(string method, string path)
    {
        using var supervisor = await host.App.ApiAsync("supervisor");
        (await supervisor.SendAsync(new(new(method), path))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await host.App.Api().SendAsync(new(new(method), path))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Every_job_of_the_catalog_is_scheduled_and_tells_how_it_ran()
    {
        using var admin = await host.App.ApiAsync("admin");
        var jobs = await Eventually.AsksAsync(
            async () => (await admin.GetFromJsonAsync<JobView[]>("/api/jobs"))!,
            all => all.Where(j => j.Name != "housekeeping").All(j => j is { LastRunAt: not null, LastHost: not null }),
            "every job has run once"
        );
        jobs.Select(j => j.Name).ShouldBe(JobCatalog.All.Select(j => j.Name));
        jobs.ShouldAllBe(j => j.NextRunAt != null || j.State == "Paused");
    }

    [Fact]
    public async Task What_a_host_that_died_was_told_of_a_job_another_one_does()
    {
        using var admin = await host.App.ApiAsync("admin");
        var desk = host.App.Services.GetRequiredService<JobDesk>();
        var database = host.App.Services.GetRequiredService<NpgsqlDataSource>();
        await WishAsync("pause");
        await desk.FulfilAsync();
        (await JobAsync(admin, "housekeeping")).State.ShouldBe("Paused");

        // In the order in which it was wished, and again does no harm.
        await WishAsync("resume");
        await WishAsync("pause");
        await WishAsync("resume");
        await Task.WhenAll(desk.FulfilAsync(), desk.FulfilAsync());
        (await JobAsync(admin, "housekeeping")).State.ShouldNotBe("Paused");
        await using var left = database.Query("select count(*)::int from job_wish");
        (await left.ExecuteScalarAsync()).ShouldBe(0);

        async Task WishAsync(string wish)
        {
            var now = host.App.Clock.Advance(NodaTime.Duration.FromMilliseconds(1));
            await using var insert = database.Query(
                "insert into job_wish (id, job, wish, created_at) values ($1, 'housekeeping', $2, $3)",
                Ids.New(now),
                wish,
                now
            );
            await insert.ExecuteNonQueryAsync();
        }
    }

    [Fact]
    public async Task A_paused_job_leaves_its_work_until_it_is_run_by_hand_or_resumed()
    {
        using var admin = await host.App.ApiAsync("admin");
        (await admin.PostAsync("/api/jobs/stimuli/pause", null)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await JobAsync(admin, "stimuli")).State.ShouldBe("Paused");

        var runtime = host.App.Services.GetRequiredService<WorkflowRuntime>();
        var row = Ids.New(host.App.Clock.GetCurrentInstant());
        await using (
            var insert = runtime.Database.Query(
                "insert into stimulus (id, kind, payload, due_at, created_at) values ($1, 'publish', '{\"name\":\"Nobody waits\"}', $2, $2)",
                row,
                host.App.Clock.GetCurrentInstant()
            )
        )
            await insert.ExecuteNonQueryAsync();
        (await JobAsync(admin, "stimuli")).Due.ShouldBe(1);

        (await admin.PostAsync("/api/jobs/stimuli/run", null)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await Eventually.AsksAsync(() => JobAsync(admin, "stimuli"), job => job.Due == 0, "the stimulus is delivered by the run by hand");
        (await JobAsync(admin, "stimuli")).State.ShouldBe("Paused", "a run by hand resumes nothing");
        (await admin.PostAsync("/api/jobs/stimuli/resume", null)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await JobAsync(admin, "stimuli")).State.ShouldNotBe("Paused");
        (await ChainAsync("jobs")).ShouldBe(["job.paused by admin", "job.run by admin", "job.resumed by admin"]);

        (await admin.PostAsync("/api/jobs/nonsense/pause", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Failing_rows_and_dead_letters_are_listed_with_their_stack_and_dealt_with_one_by_one()
    {
        using var admin = await host.App.ApiAsync("admin");
        var now = host.App.Clock.GetCurrentInstant();
        var runtime = host.App.Services.GetRequiredService<WorkflowRuntime>();
        Guid dead = Ids.New(now),
            other = Ids.New(now);
        await using (
            var insert = runtime.Database.Query(
                "insert into effect (id, kind, payload, state, due_at, attempts, last_error, created_at) "
                    + "select id, 'webhook', '{\"endpoint\":\"0197c1a0000070008000000000000001\",\"to\":\"https://example.com/hooks\"}', "
                    + "'dead', $2, 17, 'System.IO.IOException: the line is dead', $2 from unnest($1::uuid[]) id",
                new[] { dead, other },
                now
            )
        )
            await insert.ExecuteNonQueryAsync();

        var listed = (await admin.GetFromJsonAsync<JsonArray>("/api/effects"))!;
        listed.Select(e => (string)e!["lastError"]!).ShouldAllBe(error => error.Contains("the line is dead"));
        (await admin.PostAsJsonAsync("/api/effects/discard", new { ids = new[] { dead } })).StatusCode.ShouldBe(
            HttpStatusCode.UnprocessableEntity,
            "without a reason"
        );
        (await admin.PostAsJsonAsync("/api/effects/retry", new { ids = Array.Empty<Guid>() })).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);

        var page = await (await host.App.BrowserAsync("admin")).GetStringAsync("/administration/jobs");
        page.ShouldContain("the line is dead");
        page.ShouldContain("Webhook to https://example.com/hooks");

        var answers = await (
            await admin.PostAsJsonAsync("/api/effects/discard", new { ids = new[] { dead, Ids.New(now) }, reason = "receiver closed" })
        ).Content.ReadFromJsonAsync<JsonArray>();
        answers!.Select(a => (bool)a!["done"]!).ShouldBe([true, false]);
        await admin.PostAsJsonAsync("/api/effects/retry", new { ids = new[] { other } });
        await Eventually.AsksAsync(async () => (await admin.GetFromJsonAsync<JsonArray>("/api/effects"))!.Count, count => count == 0, "no dead letter is left");
        (await ChainAsync("effects")).ShouldContain("effect.discarded by admin");
    }

    [Fact]
    public async Task A_run_that_fails_is_kept_with_its_stack()
    {
        using var admin = await host.App.ApiAsync("admin");
        var database = host.App.Services.GetRequiredService<NpgsqlDataSource>();

        // The sweep asks for a table that is away for a moment.
        await using (var rename = database.CreateCommand("alter table stimulus rename to stimulus_away"))
            await rename.ExecuteNonQueryAsync();
        JobFailure[] failures;
        try
        {
            failures = await Eventually.AsksAsync(
                async () => (await admin.GetFromJsonAsync<JobFailure[]>("/api/jobs/failures?job=stimuli"))!,
                all => all.Length > 0,
                "a failed run is written down"
            );
        }
        finally
        {
            await using var back = database.CreateCommand("alter table stimulus_away rename to stimulus");
            await back.ExecuteNonQueryAsync();
        }

        failures[0].Error.ShouldContain("stimulus");
        failures[0].Error.ShouldContain("   at ", Case.Sensitive);
        (await admin.GetAsync("/api/jobs/failures?job=nonsense")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await admin.GetAsync("/api/jobs/failures?limit=0")).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task Webhooks_are_added_changed_renewed_and_removed_and_their_secret_is_shown_once()
    {
        using var admin = await host.App.ApiAsync("admin");
        var added = await (
            await admin.PostAsJsonAsync("/api/webhooks", new { url = "https://hooks.example.com/a", eventTypes = new[] { "case.started" } })
        ).Content.ReadFromJsonAsync<JsonObject>();
        ((string)added!["secret"]!).ShouldStartWith("whsec_");
        var id = (string)added["endpoint"]!["id"]!;
        (await admin.GetStringAsync("/api/webhooks")).ShouldNotContain("whsec_");

        (await admin.PostAsJsonAsync("/api/webhooks", new { url = "https://hooks.example.com/a", eventTypes = new[] { "case.started" } })).StatusCode.ShouldBe(
            HttpStatusCode.UnprocessableEntity,
            "it is there already"
        );
        (
            await admin.PutAsJsonAsync(
                $"/api/webhooks/{id}",
                new
                {
                    revision = 1,
                    eventTypes = new[] { "task.completed" },
                    active = false,
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await admin.PutAsJsonAsync($"/api/webhooks/{id}", new { revision = 1, eventTypes = new[] { "task.completed" } })).StatusCode.ShouldBe(
            HttpStatusCode.Conflict
        );
        (await admin.PostAsync($"/api/webhooks/{id}/test", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound, "it is off");
        var renewed = await (await admin.PostAsJsonAsync($"/api/webhooks/{id}/renew-secret", new { revision = 2 })).Content.ReadFromJsonAsync<JsonObject>();
        ((string)renewed!["secret"]!).ShouldNotBe((string)added["secret"]!);
        (await admin.DeleteAsync($"/api/webhooks/{id}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await admin.DeleteAsync($"/api/webhooks/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task People_choose_their_mail_and_quiet_hours_on_their_page_and_by_the_api()
    {
        using var browser = await host.App.BrowserAsync("closer1");
        (
            await browser.SubmitAsync(
                "/notifications/preferences",
                new()
                {
                    ["kind"] = "task.assigned",
                    ["quietFrom"] = "19:00",
                    ["quietTo"] = "07:30",
                    ["timeZone"] = "America/New_York",
                    ["revision"] = "0",
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.Found);
        using var api = await host.App.ApiAsync("closer1");
        var chosen = await api.GetFromJsonAsync<JsonObject>("/api/me/notification-preferences");
        chosen!
            .ToJsonString()
            .ShouldBe("""{"emailKinds":["task.assigned"],"quietFrom":"19:00","quietTo":"07:30","timeZone":"America/New_York","revision":1}""");

        var refused = await browser.SubmitAsync(
            "/notifications/preferences",
            new()
            {
                ["quietFrom"] = "26:00",
                ["timeZone"] = "Mars",
                ["revision"] = "1",
            }
        );
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("no time zone");
        (await api.PutAsJsonAsync("/api/me/notification-preferences", new { emailKinds = new[] { "nonsense" } })).StatusCode.ShouldBe(
            HttpStatusCode.UnprocessableEntity
        );
        (await api.PutAsJsonAsync("/api/me/notification-preferences", new { emailKinds = Array.Empty<string>(), revision = 0 })).StatusCode.ShouldBe(
            HttpStatusCode.Conflict
        );
    }

    private static async Task<JobView> JobAsync(HttpClient admin, string name) =>
        (await admin.GetFromJsonAsync<JobView[]>("/api/jobs"))!.Single(j => j.Name == name);

    private async Task<List<string>> ChainAsync(string name)
    {
        await using var query = host
            .App.Services.GetRequiredService<NpgsqlDataSource>()
            .Query("select action || ' by ' || actor from event where chain_id = $1 order by sequence", Ids.Named(name));
        await using var rows = await query.ExecuteReaderAsync();
        var actions = new List<string>();
        while (await rows.ReadAsync())
            actions.Add(rows.GetString(0));
        return actions;
    }

    private sealed record JobView(string Name, string State, DateTimeOffset? LastRunAt, DateTimeOffset? NextRunAt, string? LastHost, long? Due);

    private sealed record JobFailure(string Job, string Error);
}
