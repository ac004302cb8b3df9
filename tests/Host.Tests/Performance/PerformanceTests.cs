using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MiniExcelLibs;
using Orchestration.Host.Performance;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Host.Tests.Browser;
using Orchestration.Workflows.Performance;

namespace Orchestration.Host.Tests.Performance;

/// <summary>Figures over HTTP: who sees whose, files, and what a chart shows. The clock stands at Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class PerformanceTests(Office office, Chromium chromium) : IClassFixture<Office>, IAsyncLifetime
{
    private const string Day = "from=2026-06-01&to=2026-06-01";

    public async ValueTask InitializeAsync()
    {
        // The host adds its people when it starts.
        var figures = office.Host.Services.GetRequiredService<KeepFigures>();
        if ((await office.QueryAsync<long>("select count(*) from step_fact"))[0] > 0)
            return;

        await office.QueryAsync<string>(
            "update team set lead_id = (select id from person where user_name = 'adjuster2') where key = 'claims-intake' returning key"
        );

        // Two visits that a person completed, in two teams, with a title that a spreadsheet would take for a formula.
        foreach (
            var (reference, team, person) in new[]
            {
                ("A", "claims-intake", "adjuster1"),
                ("B", "claims-adjusting", "adjuster1"),
                ("C", "mortgage-closing", "closer1"),
            }
        )
        {
            await office.QueryAsync<int>(
                $$"""
                with c as (select gen_random_uuid() id, gen_random_uuid() task)
                , e as (insert into event (chain_id, sequence, at, actor, action, entity, entity_id, revision, activity_id, leaf, salt, payload)
                select c.id, n, timestamptz '2026-06-01 08:00Z' + n * interval '10 minutes', '{{person}}', a, kind,
                    replace(case kind when 'case' then c.id else c.task end::text, '-', ''), n,
                    case kind when 'task' then 'check' end, '', '', p::json
                from c, (values
                    (1, 'case.started', 'case', '{"journey":"claims","reference":"{{reference}}"}'),
                    (2, 'task.opened', 'task', '{"title":"=1+1","team":"{{team}}"}'),
                    (3, 'task.claimed', 'task', '{"owner":"{{person}}"}'),
                    (4, 'task.completed', 'task', '{"outcome":"Done"}')) v(n, a, kind, p) returning 1)
                select count(*)::int from e
                """
            );
        }

        // An older transaction of another test on the same server holds figures up.
        do await figures.RunAsync();
        while ((await office.QueryAsync<bool>("select exists (select from event where xact >= (select xact from performance_cursor))"))[0]);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Everyone_sees_their_own_leads_those_they_lead_supervisors_all_and_nobody_else_anybodys()
    {
        var (daniel, luca) = (await IdAsync("adjuster1"), await IdAsync("closer1"));
        var own = await office.Person("adjuster1").GetAsync($"/api/performance/me?{Day}");
        Value(own, "throughput").ShouldBe(2);
        Value(await office.Person("adjuster2").GetAsync($"/api/performance/me?{Day}"), "throughput").ShouldBe(0);
        Value(await office.Supervisor.GetAsync($"/api/performance?{Day}"), "throughput").ShouldBe(3);
        Value(await office.Supervisor.GetAsync($"/api/performance?{Day}&person={daniel}"), "throughput").ShouldBe(2);

        // Sofia leads one team and has no other role.
        var lead = office.Person("adjuster2");
        Value(await lead.GetAsync($"/api/performance?{Day}"), "throughput").ShouldBe(1);
        Value(await lead.GetAsync($"/api/performance?{Day}&person={daniel}"), "throughput").ShouldBe(1, "what he did for the other team is not theirs to see");
        (await lead.GetAsync($"/api/performance?{Day}"))["total"]!["cases"]!["value"]!.GetValue<double>().ShouldBe(0);
        foreach (var address in new[] { $"person={luca}", $"person={Guid.Empty}", "team=claims-adjusting", "team=no-team" })
        {
            await StatusAsync(lead, $"/performance?{address}", HttpStatusCode.NotFound);
            await StatusAsync(lead, $"/performance/tasks?{address}", HttpStatusCode.NotFound);
            await StatusAsync(lead, $"/performance/export/comparison.csv?{address}", HttpStatusCode.NotFound);
            await StatusAsync(lead, $"/api/performance?{address}", HttpStatusCode.NotFound);
        }

        await StatusAsync(lead, "/performance/targets", HttpStatusCode.NotFound);
        foreach (var other in new[] { office.Person("closer1"), office.Person("compliance"), office.FrontOffice })
        {
            await StatusAsync(other, $"/performance?person={daniel}", HttpStatusCode.NotFound);
            await StatusAsync(other, "/performance?team=claims-intake", HttpStatusCode.NotFound);
            await StatusAsync(other, $"/performance/tasks?person={daniel}", HttpStatusCode.NotFound);
            await StatusAsync(other, "/performance/tasks", HttpStatusCode.NotFound);
            await StatusAsync(other, $"/performance/export/tasks.xlsx?person={daniel}", HttpStatusCode.NotFound);
            await StatusAsync(other, "/api/performance", HttpStatusCode.NotFound);
            await StatusAsync(other, "/performance/me", HttpStatusCode.OK);
        }

        await StatusAsync(office.Person("closer1"), $"/performance/tasks?{Day}&person={luca}", HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("from=tomorrow", "from")]
    [InlineData("from=2026-06-02&to=2026-06-01", "to")]
    [InlineData("from=2016-06-02&to=2026-06-01", "to")]
    [InlineData("grain=month", "grain")]
    [InlineData("by=customer", "by")]
    [InlineData("person=adjuster1", "person")]
    [InlineData("step=check", "journey")]
    public async Task An_address_that_makes_no_sense_is_refused_with_its_field(string query, string field)
    {
        var answer = await office.Supervisor.SendAsync(HttpMethod.Get, $"/api/performance?{query}");
        (await answer.ProblemAsync(400))["errors"]!.AsObject().Select(e => e.Key).ShouldBe([field]);
    }

    [Fact]
    public async Task Files_have_every_row_and_no_formula()
    {
        var csv = await (await office.Supervisor.SendAsync(HttpMethod.Get, $"/performance/export/tasks.csv?{Day}")).Content.ReadAsStringAsync();
        var lines = csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(4);
        lines[1].ShouldContain(",'=1+1,");
        csv.ShouldNotContain(",=1+1,");

        await using var xlsx = await (await office.Supervisor.SendAsync(HttpMethod.Get, $"/performance/export/tasks.xlsx?{Day}")).Content.ReadAsStreamAsync();
        using var copy = new MemoryStream();
        await xlsx.CopyToAsync(copy);
        var rows = copy.Query(useHeaderRow: true).Cast<IDictionary<string, object>>().ToList();
        rows.Count.ShouldBe(3);
        rows.ShouldAllBe(row => (string)row["Title"] == "=1+1" && Convert.ToInt32(row["Working (s)"]) == 600);
        foreach (var (table, _) in PerformanceExport.Tables)
        {
            await StatusAsync(office.Supervisor, $"/performance/export/{table}.csv?{Day}", HttpStatusCode.OK);
            await StatusAsync(office.Supervisor, $"/performance/export/{table}.xlsx?{Day}", HttpStatusCode.OK);
        }

        foreach (var chart in ChartData.All.Keys)
            await StatusAsync(office.Supervisor, $"/performance/export/{chart}.csv?{Day}", HttpStatusCode.OK);
        foreach (var table in PerformanceExport.MyTables)
            await StatusAsync(office.Person("adjuster1"), $"/performance/me/export/{table}.xlsx?{Day}", HttpStatusCode.OK);
        await StatusAsync(office.Supervisor, "/performance/export/tasks.exe", HttpStatusCode.NotFound);
        await StatusAsync(office.Supervisor, "/performance/me/export/tasks.csv", HttpStatusCode.NotFound);

        // A file without a row has its headings.
        (await TextAsync("/performance/export/tasks.csv?from=2020-01-01&to=2020-01-02")).ShouldBe(lines[0] + "\r\n");
        (await TextAsync("/performance/export/comparison.csv?from=2020-01-01&to=2020-01-02")).ShouldStartWith("Step,Arrivals (count),");
        var empty = await office.Supervisor.SendAsync(HttpMethod.Get, "/performance/export/tasks.xlsx?from=2020-01-01&to=2020-01-02");
        using var headings = new MemoryStream(await empty.Content.ReadAsByteArrayAsync());
        var row = (IDictionary<string, object>)headings.Query().ShouldHaveSingleItem();
        row.Values.ShouldBe(lines[0].TrimStart('\uFEFF').Split(','));

        async Task<string> TextAsync(string address) => await (await office.Supervisor.SendAsync(HttpMethod.Get, address)).Content.ReadAsStringAsync();
    }

    [Fact]
    public async Task A_figure_opens_the_tasks_it_counts_or_nothing()
    {
        var page = await PageAsync($"/performance?{Day}");
        var links = page.QuerySelectorAll(".all-figures tbody tr")
            .ToDictionary(row => row.QuerySelector("summary")!.TextContent, row => row.QuerySelector("td")!);
        foreach (var (title, count) in new[] { ("Arrivals", 3), ("Throughput", 3), ("Backlog at end", 0) })
        {
            links[title].TextContent.Trim().ShouldBe($"{count}");
            (await PageAsync(links[title].QuerySelector("a")!.GetAttribute("href")!)).QuerySelectorAll(".comparison tbody tr").Length.ShouldBe(count, title);
        }

        links["Working, median"].QuerySelector("a")!.GetAttribute("href")!.ShouldEndWith("&show=working");
        links["Cases started"].QuerySelector("a").ShouldBeNull("cases aren't tasks");
        var team = await PageAsync($"/performance?{Day}&by=team");
        foreach (var cell in team.QuerySelectorAll("table.comparison tbody tr td:nth-of-type(2) a"))
            (await PageAsync(cell.GetAttribute("href")!)).QuerySelectorAll(".comparison tbody tr").Length.ShouldBe(int.Parse(cell.TextContent));
        (await PageAsync($"/performance?{Day}&office=front")).QuerySelector(".lead-line")!.TextContent.ShouldContain("Front office");
    }

    [Fact]
    public async Task A_large_file_takes_no_more_memory_than_a_small_one()
    {
        const int Rows = 100_000;
        var (before, most) = (GC.GetTotalMemory(forceFullCollection: true), 0L);
        var file = await PerformanceExport.WriteAsync("tasks", isXlsx: true, PerformanceExport.Columns("tasks", FigureGroup.Step), RowsAsync(), default);
        most.ShouldBeInRange(1, before + 32_000_000);
        await using var written = file.ShouldBeOfType<Microsoft.AspNetCore.Http.HttpResults.FileStreamHttpResult>().FileStream;
        written.Query(useHeaderRow: true).Count().ShouldBe(Rows);

        async IAsyncEnumerable<Dictionary<string, object?>> RowsAsync()
        {
            for (var i = 0; i < Rows; i++)
            {
                // What lives in between is what the file takes; the first rows are its beginning.
                if (i % 20_000 == 10_000)
                    most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true));
                yield return PerformanceExport.Columns("tasks", FigureGroup.Step).ToDictionary(column => column, column => (object?)$"{column} of row {i}");
            }

            await Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData("=1", "'=1")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@a", "'@a")]
    [InlineData("\t=1", "'\t=1")]
    [InlineData("a,\"b\"", "\"a,\"\"b\"\"\"")]
    [InlineData("a=1", "a=1")]
    public void A_cell_is_never_a_formula(string text, string cell) => PerformanceExport.Cell(text).ShouldBe(cell);

    [Fact]
    public async Task Targets_are_kept_with_history_and_stale_or_senseless_ones_are_refused()
    {
        const string Address = "/api/performance/targets/onTime";
        (await office.Supervisor.SendAsync(HttpMethod.Put, Address, new { good = 0.9, fair = 0.95 })).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await office.Supervisor.SendAsync(HttpMethod.Put, "/api/performance/targets/arrivals", new { good = 1, fair = 1 })).StatusCode.ShouldBe(
            HttpStatusCode.UnprocessableEntity
        );
        (
            await office.Supervisor.SendAsync(
                HttpMethod.Put,
                Address,
                new
                {
                    good = 0.95,
                    fair = 0.9,
                    team = "claims-intake",
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.OK);
        (
            await office.Supervisor.SendAsync(
                HttpMethod.Put,
                Address,
                new
                {
                    good = 0.9,
                    fair = 0.8,
                    team = "claims-intake",
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await office.Person("adjuster1").SendAsync(HttpMethod.Put, Address, new { good = 0.9, fair = 0.8 })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await StatusAsync(office.Person("adjuster1"), "/api/performance/targets", HttpStatusCode.NotFound);
        (await office.QueryAsync<string>("select action from event where action like 'target.%'")).ShouldBe(["target.set"]);
        var page = await (await office.Supervisor.SendAsync(HttpMethod.Get, "/performance/targets")).Content.ReadAsStringAsync();
        WebUtility.HtmlDecode(page).ShouldContain("≥ 95%");
        (
            await office.Supervisor.SendAsync(
                HttpMethod.Put,
                Address,
                new
                {
                    team = "claims-intake",
                    revision = 1,
                    remove = true,
                }
            )
        ).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await office.QueryAsync<string>("select action from event where action like 'target.%' order by sequence")).ShouldBe(["target.set", "target.removed"]);
    }

    [Fact]
    public async Task A_chart_draws_and_its_table_has_the_numbers_of_the_API()
    {
        var page = await chromium.SignedInAsync(office.Host, "supervisor");
        var errors = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                errors.Add(message.Text);
        };
        await page.GotoAsync("/performance?from=2026-05-25&to=2026-06-07");
        await page.Locator("#flow .chart-canvas[data-drawn] svg").WaitForAsync();
        await page.Locator("#spread .chart-canvas[data-drawn] svg").WaitForAsync();
        await page.Locator("#flow summary").ClickAsync();
        var shown = await page.Locator("#flow tbody tr").AllInnerTextsAsync();
        var api = await office.Supervisor.GetAsync("/api/performance?from=2026-05-25&to=2026-06-07");
        shown
            .Select(row => string.Join(' ', row.Split('\t', StringSplitOptions.TrimEntries)))
            .ShouldBe(
                api["periods"]!
                    .AsArray()
                    .Select(p =>
                        $"{DateOnly.Parse(p!["from"]!.GetValue<string>()).ToString("d MMM", System.Globalization.CultureInfo.InvariantCulture)} "
                        + $"{p["figures"]!["arrivals"]!["value"]} {p["figures"]!["throughput"]!["value"]} {p["figures"]!["backlog"]!["value"]}"
                    )
            );
        shown[1].ShouldStartWith("1 Jun\t3\t3\t0");
        errors.ShouldBeEmpty("the charts keep to the content security policy");
        await page.EndAsync();
    }

    private async Task<AngleSharp.Html.Dom.IHtmlDocument> PageAsync(string address) =>
        new AngleSharp.Html.Parser.HtmlParser().ParseDocument(await (await office.Supervisor.SendAsync(HttpMethod.Get, address)).Content.ReadAsStringAsync());

    private static double? Value(JsonNode report, string figure) => report["total"]![figure]!["value"]?.GetValue<double>();

    private async Task<Guid> IdAsync(string userName) => (await office.QueryAsync<Guid>($"select id from person where user_name = '{userName}'"))[0];

    private static async Task StatusAsync(Worker worker, string address, HttpStatusCode status) =>
        (await worker.SendAsync(HttpMethod.Get, address)).StatusCode.ShouldBe(status, address);
}
