using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AngleSharp.Html.Parser;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Workflows.Forecast;

namespace Orchestration.Host.Tests.Forecast;

/// <summary>
/// Forecasts over HTTP: who sees and fixes what, and what a list says of deadlines that were never examined. It is Monday 2026-06-01, 09:00 UTC.
/// </summary>
public sealed class ForecastTests(Office office) : IClassFixture<Office>, IAsyncLifetime
{
    /// <summary>More than a page of the list, and more than are examined at once.</summary>
    private const int Cases = 52;

    public async ValueTask InitializeAsync()
    {
        // The host adds its people when it starts.
        var forecasts = office.Host.Services.GetRequiredService<ForecastOffice>();
        if ((await office.QueryAsync<long>("select count(*) from journey_case"))[0] > 0)
            return;
        foreach (var (team, lead) in new[] { ("claims-intake", "adjuster2"), ("mortgage-closing", "closer1") })
            await office.QueryAsync<string>($"update team set lead_id = (select id from person where user_name = '{lead}') where key = '{team}' returning key");
        var items = new List<object>();
        for (var i = 0; i < Cases; i++)
        {
            var input = new
            {
                jurisdiction = "GB",
                claimedAmount = 900,
                lossDescription = "Burst pipe",
                lossDate = "2026-05-28",
                product = "Home",
            };
            var id = await office.FrontOffice.OpenAsync("claims", office.NewReference("CLM"), input);
            var task = (await office.Supervisor.GetAsync($"/api/tasks?view=all&case={id}"))["items"]!.AsArray().First(one => one!["endedAt"] is null)!;
            items.Add(new { id = (Guid)task["id"]!, revision = (int)task["revision"]! });
        }

        // Someone who comes back in ten days has all of it.
        var shift = new
        {
            person = "adjuster1",
            from = "2026-06-11T13:00:00Z",
            until = "2026-06-11T21:00:00Z",
            kind = "Work",
        };
        (await office.Supervisor.SendAsync(HttpMethod.Post, "/api/shifts", new { shifts = new[] { shift } })).EnsureSuccessStatusCode();
        var assigned = await office.Supervisor.SendAsync(
            HttpMethod.Post,
            "/api/tasks/bulk",
            new
            {
                verb = "assign",
                operationId = "all",
                person = "adjuster1",
                items,
            }
        );
        (await assigned.JsonAsync()).AsArray().ShouldAllBe(one => (int)one!["status"]! == 200);
        forecasts.Forget();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_deadline_that_was_not_examined_is_not_said_to_be_beyond_help()
    {
        office.Host.Services.GetRequiredService<ForecastOffice>().Forget();
        var list = await office.Supervisor.GetAsync("/api/forecast?fixes=true");
        var items = list["items"]!.AsArray();
        items.Count.ShouldBe(50);
        items.Count(item => (bool)item!["isExamined"]!).ShouldBe(40);
        items.Where(item => !(bool)item!["isExamined"]!).ShouldAllBe(item => item!["fix"] == null);

        // The second page was not examined at all.
        var page = await PageAsync("/forecast?page=2");
        var rest = int.Parse(page.QuerySelector("#deadlines .count")!.TextContent, CultureInfo.InvariantCulture) - 50;
        rest.ShouldBeGreaterThan(0);
        page.QuerySelectorAll(".forecast-row").Length.ShouldBe(rest);
        page.QuerySelectorAll(".forecast-looking").Length.ShouldBe(rest);
        office.Host.Services.GetRequiredService<ForecastOffice>().Forget();
        page = await PageAsync("/forecast?fixes=true");
        page.QuerySelectorAll(".forecast-fix > a").Count(link => link.TextContent == "Open it to look for a fix").ShouldBe(10);
        page.QuerySelectorAll(".forecast-looking").ShouldBeEmpty();
        page.Body!.TextContent.ShouldNotContain("Nothing simple helps");
        var saved = page.QuerySelector("#can-be-saved")!.TextContent;
        saved.ShouldStartWith("40 of 40 that were looked at can be saved: 40 by ");
        saved.ShouldContain(". Together, they prevent ");
    }

    [Fact]
    public async Task Every_tile_opens_the_list_it_counts()
    {
        var page = await PageAsync("/forecast");
        var tiles = page.QuerySelectorAll(".tile-count").ToList();
        tiles.Count.ShouldBe(4);
        int.Parse(tiles[0].TextContent, CultureInfo.InvariantCulture).ShouldBeGreaterThan(50);
        foreach (var (tile, show) in new[] { (tiles[0], "likely"), (tiles[1], "possible"), (tiles[3], "all") })
        {
            tile.GetAttribute("href")!.ShouldBe($"/forecast?show={show}#deadlines");
            (await PageAsync($"/forecast?show={show}")).QuerySelector("#deadlines .count")!.TextContent.ShouldBe(tile.TextContent);
        }

        ((int)(await office.Supervisor.GetAsync("/api/forecast?show=all&page=2"))["total"]!).ShouldBeGreaterThanOrEqualTo(Cases);
        foreach (var (query, field) in new[] { ("show=some", "show"), ("page=0", "page"), ("by=soon", "by") })
            (await (await office.Supervisor.SendAsync(HttpMethod.Get, $"/api/forecast?{query}")).ProblemAsync(422))["errors"]!
                .AsObject()
                .Select(e => e.Key)
                .ShouldBe([field]);
    }

    [Fact]
    public async Task A_lead_sees_and_fixes_only_what_they_lead_and_lends_nobody_elses_people()
    {
        var (lead, other, nobody) = (office.Person("adjuster2"), office.Person("closer1"), office.Person("underwriter1"));
        ((int)(await lead.GetAsync("/api/forecast"))["total"]!).ShouldBeGreaterThanOrEqualTo(Cases);
        var none = await other.GetAsync("/api/forecast");
        ((int)none["total"]!, none["items"]!.AsArray().Count, (int)none["beyond"]!, (int)none["unknown"]!, (int)none["missed"]!).ShouldBe((0, 0, 0, 0, 0));
        await StatusAsync(other.SendAsync(HttpMethod.Get, "/api/forecast?team=claims-intake"), HttpStatusCode.NotFound);
        foreach (var address in new[] { "/api/forecast", "/api/forecast/calibration", "/forecast" })
            await StatusAsync(nobody.SendAsync(HttpMethod.Get, address), HttpStatusCode.NotFound);

        var item = (await lead.GetAsync("/api/forecast"))["items"]![0]!;
        var clock = (Guid)item["clock"]!;
        await StatusAsync(other.SendAsync(HttpMethod.Get, $"/forecast/{clock}"), HttpStatusCode.NotFound);
        await StatusAsync(lead.SendAsync(HttpMethod.Get, $"/forecast/{clock}"), HttpStatusCode.OK);
        var closer = (await office.QueryAsync<Guid>("select id from person where user_name = 'closer1'"))[0];
        var loan = new
        {
            clock,
            kind = "Move",
            taskId = (Guid)item["taskId"]!,
            personId = closer,
            team = "claims-intake",
            until = "2026-06-01T12:00:00Z",
            operationId = "loan",
        };
        await StatusAsync(lead.SendAsync(HttpMethod.Post, "/api/forecast/apply", loan), HttpStatusCode.NotFound);
        foreach (var stranger in new[] { other, nobody })
            await StatusAsync(stranger.SendAsync(HttpMethod.Post, "/api/forecast/apply", loan), HttpStatusCode.NotFound);
        (await office.QueryAsync<long>("select count(*) from team_loan"))[0].ShouldBe(0);

        // More people are tried only where someone leads.
        object Try(string team, int people = 1) =>
            new
            {
                team,
                people,
                until = "2026-06-03T12:00:00Z",
            };
        await StatusAsync(other.SendAsync(HttpMethod.Post, "/api/forecast/what-if", Try("claims-intake")), HttpStatusCode.NotFound);
        await StatusAsync(lead.SendAsync(HttpMethod.Post, "/api/forecast/what-if", Try("claims-intake")), HttpStatusCode.OK);
        (await (await lead.SendAsync(HttpMethod.Post, "/api/forecast/what-if", Try("claims-intake", 0))).ProblemAsync(422))["errors"]!
            ["people"]
            .ShouldNotBeNull();
    }

    [Fact]
    public async Task A_fix_is_applied_once_and_counted_with_what_it_promised()
    {
        var item = (await office.Supervisor.GetAsync("/api/forecast?fixes=true"))["items"]!.AsArray().First(one => (string?)one!["fix"]?["kind"] == "Push")!;
        var fix = item["fix"]!.AsObject();
        var order = new JsonObject { ["clock"] = item["clock"]!.DeepClone(), ["operationId"] = "push" };
        foreach (var name in new[] { "kind", "taskId", "revision", "personId", "team", "from", "until" })
            order[name] = fix[name]?.DeepClone();
        (await (await ApplyAsync(order, kind: "Pray")).ProblemAsync(422))["errors"]!["kind"].ShouldNotBeNull();
        (await (await ApplyAsync(order, kind: "NewDate")).ProblemAsync(422))["errors"]!["kind"].ShouldNotBeNull();
        var before = (int)(await office.Supervisor.GetAsync("/api/forecast/calibration"))["fixes"]!["applied"]!;
        foreach (var _ in new[] { 1, 2 })
            (await ApplyAsync(order, "Push")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        ((int)(await office.Supervisor.GetAsync("/api/forecast/calibration"))["fixes"]!["applied"]!).ShouldBe(before + 1);
        var told = (
            await office.QueryAsync<string>("select payload::text from event where action = 'fix.applied' and payload->>'kind' = 'Push'")
        ).ShouldHaveSingleItem();
        ((string?)JsonNode.Parse(told)!["kind"], (double?)JsonNode.Parse(told)!["before"]).ShouldBe(("Push", 1));
        (await PageAsync($"/forecast?page=1")).QuerySelector("#calibration-title")!.ParentElement!.ParentElement!.TextContent.ShouldContain("fix applied");

        Task<HttpResponseMessage> ApplyAsync(JsonObject body, string kind)
        {
            var sent = body.DeepClone().AsObject();
            sent["kind"] = kind;
            return office.Supervisor.SendAsync(HttpMethod.Post, "/api/forecast/apply", JsonContent.Create(sent));
        }
    }

    [Fact]
    public async Task A_filter_of_the_forecast_is_saved()
    {
        var page = await PageAsync("/forecast?team=claims-intake&show=likely&page=2");
        page.QuerySelector("input[form=save-filter]")!.GetAttribute("value").ShouldBe("?team=claims-intake&show=likely");
        page.QuerySelector("#save-filter")!.GetAttribute("action").ShouldBe("/filters/forecast");
    }

    private async Task<AngleSharp.Html.Dom.IHtmlDocument> PageAsync(string address) =>
        new HtmlParser().ParseDocument(await (await office.Supervisor.SendAsync(HttpMethod.Get, address)).Content.ReadAsStringAsync());

    private static async Task StatusAsync(Task<HttpResponseMessage> answer, HttpStatusCode status) => (await answer).StatusCode.ShouldBe(status);
}
