using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Hangfire;
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
    public async Task Every_job_of_the_catalog_is_scheduled()
    {
        using var admin = await host.App.ApiAsync("admin");
        var jobs = await Eventually.AsksAsync(
            async () => (await admin.GetFromJsonAsync<JobView[]>("/api/jobs"))!,
            all => all.Where(j => JobCatalog.Find(j.Name)!.Cron == "0 * * * * *").All(j => j.LastRunAt is not null),
            "every job that runs each minute has looked for work once"
        );
        jobs.Select(j => j.Name).ShouldBe(JobCatalog.All.Select(j => j.Name));
        jobs.ShouldAllBe(j => j.NextRunAt != null && j.State != "Error");
    }

    [Fact]
    public async Task Work_that_another_host_holds_is_looked_at_again()
    {
        var services = host.App.Services;
        var id = Ids.New(host.App.Clock.GetCurrentInstant());
        await using var other = await services.GetRequiredService<WorkflowRuntime>().Database.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("select pg_advisory_xact_lock(hashtextextended($1, 0))", other)
        {
            Parameters = { new() { Value = $"job work {id:N}" } },
        };
        await hold.ExecuteNonQueryAsync();

        (await services.GetRequiredService<DoWork>().RunAsync(id, CancellationToken.None)).ShouldBe("Already running");

        services
            .GetRequiredService<JobStorage>()
            .GetMonitoringApi()
            .ScheduledJobs(0, 1000)
            .Count(job => job.Value.Job?.Type == typeof(DoWork) && job.Value.Job.Args[0].Equals(id))
            .ShouldBe(1);
    }

    [Fact]
    public async Task A_paused_job_leaves_its_work_until_it_is_resumed()
    {
        using var admin = await host.App.ApiAsync("admin");
        (await admin.PostAsync("/api/jobs/stimuli/pause", null)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await admin.PostAsync("/api/jobs/stimuli/pause", null)).StatusCode.ShouldBe(HttpStatusCode.NoContent, "it is paused already");
        (await JobAsync(admin, "stimuli")).State.ShouldBe("Paused");

        // Runs that began before the pause are over when one of the same job is.
        await RunStimuliAsync();
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
        (await RunStimuliAsync()).ShouldBeFalse("it is paused");
        (await JobAsync(admin, "stimuli")).Due.ShouldBe(1);

        (await admin.PostAsync("/api/jobs/stimuli/resume", null)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await JobAsync(admin, "stimuli")).State.ShouldBe("Scheduled");
        await RunStimuliAsync();
        await Eventually.AsksAsync(() => JobAsync(admin, "stimuli"), job => job.Due == 0, "the stimulus is delivered");
        (await ChainAsync("jobs")).ShouldBe(["job.paused by admin", "job.resumed by admin"]);
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
    public async Task A_run_that_fails_is_among_the_failed_jobs_of_the_dashboard()
    {
        await using var database = NpgsqlDataSource.Create(host.ConnectionString);
        using var admin = await host.App.BrowserAsync("admin");

        // The sweep asks for a table that is away for a moment.
        await using (var rename = database.CreateCommand("alter table stimulus rename to stimulus_away"))
            await rename.ExecuteNonQueryAsync();
        try
        {
            await RunStimuliAsync();
            await Eventually.AsksAsync(
                () => admin.GetStringAsync("/jobs/jobs/failed"),
                page => page.Contains("Sweeps.StimuliAsync", StringComparison.Ordinal) && page.Contains("stimulus", StringComparison.Ordinal),
                "the failed run is listed"
            );
        }
        finally
        {
            await using var back = database.CreateCommand("alter table stimulus_away rename to stimulus");
            await back.ExecuteNonQueryAsync();
        }
    }

    [Fact]
    public async Task An_effect_that_is_given_up_is_a_dead_letter_and_a_failed_job()
    {
        var now = host.App.Clock.GetCurrentInstant();
        var runtime = host.App.Services.GetRequiredService<WorkflowRuntime>();
        var id = Ids.New(now);
        await using (
            var insert = runtime.Database.Query(
                "insert into effect (id, kind, payload, state, due_at, attempts, created_at) values ($1, 'nonsense', '{}', 'pending', $2, 9, $2)",
                id,
                now
            )
        )
            await insert.ExecuteNonQueryAsync();
        using var admin = await host.App.BrowserAsync("admin");
        var failed = await Eventually.AsksAsync(
            () => admin.GetStringAsync("/jobs/jobs/failed"),
            page => page.Contains(id.ToString(), StringComparison.Ordinal),
            "the job is among the failed ones"
        );
        failed.ShouldContain("was given up");
        (await admin.GetStringAsync("/administration/jobs")).ShouldContain("Nothing does effects of kind");
        using var api = await host.App.ApiAsync("admin");
        await api.PostAsJsonAsync("/api/effects/discard", new { ids = new[] { id }, reason = "made up" });
    }

    [Fact]
    public async Task The_dashboard_is_for_administrators_and_supervisors_may_look()
    {
        using var admin = await host.App.BrowserAsync("admin");
        using var supervisor = await host.App.BrowserAsync("supervisor");
        using var adjuster = await host.App.BrowserAsync("adjuster1");
        (await adjuster.GetAsync("/jobs")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await host.App.Browser().GetAsync("/jobs")).StatusCode.ShouldBe(HttpStatusCode.Found, "to the page of signing in");

        var page = await admin.GetAsync("/jobs/recurring");
        page.StatusCode.ShouldBe(HttpStatusCode.OK);
        page.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("style-src 'self' 'unsafe-inline'");
        (await admin.GetAsync("/")).Headers.GetValues("Content-Security-Policy").Single().ShouldNotContain("style-src 'self' 'unsafe-inline'");
        var html = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(await page.Content.ReadAsStringAsync());
        html.QuerySelectorAll("button[data-url]").Length.ShouldBePositive("an administrator triggers jobs");
        var forSupervisor = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(await supervisor.GetStringAsync("/jobs/recurring"));
        forSupervisor.QuerySelectorAll("button[data-url]").ShouldBeEmpty();

        var token = html.QuerySelector("meta[name=csrf-token]")!.GetAttribute("content")!;
        (await TriggerAsync(admin, null)).ShouldBe(HttpStatusCode.BadRequest, "a request from another site has no token");
        (await TriggerAsync(admin, token)).ShouldBe(HttpStatusCode.NoContent);
        var looksOn = forSupervisor.QuerySelector("meta[name=csrf-token]")!.GetAttribute("content")!;
        (await TriggerAsync(supervisor, looksOn)).ShouldNotBe(HttpStatusCode.NoContent);

        static async Task<HttpStatusCode> TriggerAsync(HttpClient browser, string? token)
        {
            using var trigger = new HttpRequestMessage(HttpMethod.Post, "/jobs/recurring/trigger")
            {
                Content = new FormUrlEncodedContent([new("jobs[]", "housekeeping")]),
            };
            if (token is not null)
                trigger.Headers.Add("X-Csrf-Token", token);
            return (await browser.SendAsync(trigger)).StatusCode;
        }
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
        (await refused.Content.ReadAsStringAsync()).ShouldContain("not a time zone");
        (await api.PutAsJsonAsync("/api/me/notification-preferences", new { emailKinds = new[] { "nonsense" } })).StatusCode.ShouldBe(
            HttpStatusCode.UnprocessableEntity
        );
        (await api.PutAsJsonAsync("/api/me/notification-preferences", new { emailKinds = Array.Empty<string>(), revision = 0 })).StatusCode.ShouldBe(
            HttpStatusCode.Conflict
        );
    }

    /// <summary>Runs the job now and waits until it is over. False: there was no run, because it is paused or nothing is due.</summary>
    private async Task<bool> RunStimuliAsync()
    {
        var services = host.App.Services;
        if (services.GetRequiredService<IRecurringJobManagerV2>().TriggerJob("stimuli") is not { } run)
            return false;
        using var storage = services.GetRequiredService<JobStorage>().GetConnection();
        await Eventually.AsksAsync(
            () => Task.FromResult(storage.GetJobData(run)?.State),
            state => state is "Succeeded" or "Failed",
            "the job that was asked for is over"
        );
        return true;
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

    private sealed record JobView(string Name, string State, DateTimeOffset? LastRunAt, DateTimeOffset? NextRunAt, long? Due);
}
