using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Teams;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Simulation;
using Orchestration.Workflows.Workforce;
using static Orchestration.Host.Tests.Pages.PageWorld;

namespace Orchestration.Host.Tests.Pages;

/// <summary>The board of the teams' page.</summary>
public sealed class BoardPageTests
{
    /// <summary>Days of an office that real verbs filled, so that no number is zero everywhere.</summary>
    [Fact]
    public async Task Every_number_of_the_board_is_the_length_of_its_list()
    {
        await using var world = await CreateAsync();
        // A working afternoon, with a working day before it.
        world.App.Clock.Advance(Duration.FromHours(34));
        await ActivatorUtilities.CreateInstance<DemoOffice>(world.App.Services, world.ConnectionString).RunAsync(1, isNew: true);
        while (await world.App.Services.GetRequiredService<Presence>().SweepAsync(100) > 0) { }

        // Whether the simulated office is late just now, or has work that no one has, depends on its people.
        await using (
            var late = world
                .App.Services.GetRequiredService<NpgsqlDataSource>()
                .CreateCommand(
                    """
                    update task set due_at = created_at
                    where id = (select id from task where ended_at is null and suspended_from is null limit 1)
                    """
                )
        )
            (await late.ExecuteNonQueryAsync()).ShouldBe(1);
        await using (
            var left = world
                .App.Services.GetRequiredService<NpgsqlDataSource>()
                .CreateCommand(
                    """
                    update task set state = 'Ready', owner_id = null
                    where id = (select id from task where ended_at is null and state in ('Reserved', 'InProgress') limit 1)
                    """
                )
        )
            (await left.ExecuteNonQueryAsync()).ShouldBe(1);
        var supervisor = await world.App.BrowserAsync("supervisor");
        var (lists, someInThem) = (new HashSet<(string, int?)>(), new HashSet<string>());
        foreach (var address in new[] { "/team", "/team?key=claims-adjusting", "/team?key=mortgage-processing" })
        {
            var (board, people) = (
                await PageAsync(supervisor, address.Replace("/team", "/team/board", StringComparison.Ordinal)),
                await PeopleOfAsync(address)
            );
            var links = board
                .QuerySelectorAll("#board a:not(.board-wait, .board-share, .office-week a)")
                .Concat(people.QuerySelectorAll("#people a"))
                .OfType<IHtmlAnchorElement>()
                .Select(link => (Href: link.GetAttribute("href")!, Number: Number(link)))
                .Where(link => link.Number is not null)
                .ToList();
            links.Count.ShouldBeGreaterThan(20);
            board
                .QuerySelectorAll("#board td, #board dd")
                .Concat(people.QuerySelectorAll("#people .team-person"))
                .SelectMany(part => part.Descendants<IText>())
                .Where(text => text.Data.Any(char.IsDigit) && text.Ancestors<IElement>().All(e => e.LocalName is not ("a" or "time" or "option")))
                .Where(text => text.Ancestors<IElement>().All(e => !e.ClassList.Contains("trend")))
                .Select(text => text.Data.Trim())
                .ShouldBeEmpty("every number opens what is behind it");
            foreach (var (href, number) in links.Where(lists.Add))
            {
                if (href.EndsWith("#people", StringComparison.Ordinal))
                    (await PeopleOfAsync(href.Split('#')[0])).QuerySelectorAll("#people .team-person").Length.ShouldBe(number!.Value, href);
                else
                {
                    // As a part of the page, the list comes without the board.
                    using var part = new HttpRequestMessage(HttpMethod.Get, href.Split('#')[0]) { Headers = { { "HX-Request", "true" } } };
                    var list = await DocumentAsync(await supervisor.SendAsync(part));
                    list.QuerySelector("[data-length]")!.GetAttribute("data-length").ShouldBe($"{number}", href);
                    list.QuerySelectorAll("#backlog .rows > li").Length.ShouldBe(Math.Min(25, number!.Value), href);
                }

                if (number > 0)
                    someInThem.UnionWith(href.Split('?', '&', '#').Where(part => part.Contains('=', StringComparison.Ordinal)));
            }
        }

        var weeks = (await PageAsync(supervisor, "/team/board")).QuerySelectorAll(".office-week").Select(week => week.TextContent).ToList();
        weeks.Count.ShouldBe(2);
        weeks[0].ShouldContain("Response");
        weeks[1].ShouldContain("Right first time");
        var done = (await PageAsync(supervisor, "/team/board"))
            .QuerySelectorAll(".office-week a")
            .Select(link => (Href: link.GetAttribute("href")!, Text: link.TextContent))
            .Single(link => link.Href.Contains("office=back", StringComparison.Ordinal) && link.Href.EndsWith("show=completed", StringComparison.Ordinal));
        (await PageAsync(supervisor, done.Href))
            .QuerySelectorAll(".comparison tbody tr")
            .Length.ShouldBe(Math.Min(200, int.Parse(done.Text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture)));
        lists.Count.ShouldBeGreaterThan(120);
        foreach (var kind in new[] { "overdue", "on-track", "unassigned", "suspended", "arrived-today", "completed-today" })
            someInThem.ShouldContain($"show={kind}", $"no list of {kind} had a task");
        someInThem.ShouldContain(part => part.StartsWith("reason=", StringComparison.Ordinal));
        someInThem.ShouldContain(part => part.StartsWith("step=", StringComparison.Ordinal));
        someInThem.ShouldContain(part => part.StartsWith("owner=", StringComparison.Ordinal));
        new[] { "age=1", "age=3", "age=7" }.ShouldBeSubsetOf(someInThem);

        // The driver kept what the board showed at each hour.
        (await PageAsync(supervisor, "/team/board"))
            .QuerySelectorAll("#board .trend")
            .Length.ShouldBeGreaterThan(20);

        Task<IHtmlDocument> PeopleOfAsync(string address) => PageAsync(supervisor, address.Replace("/team", "/team/people", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_large_board_is_shown_as_it_was_while_it_is_read_again()
    {
        await using var world = await CreateAsync();
        await world.StartAsync();
        var runtime = world.App.Services.GetRequiredService<WorkflowRuntime>();
        var teams = await TeamQueries.ListAsync(runtime.Database);
        using var boards = new KeptBoards(runtime, NullLogger<KeptBoards>.Instance) { Large = 0 };
        (await ReadAsync()).ShouldBe((1, false));
        await CurrentAsync(1);
        (await boards.ReadCurrentAsync(teams, DateTimeZone.Utc, default)).ShouldBeSameAs((await boards.ReadAsync(teams, DateTimeZone.Utc, default)).Board);
        await world.StartAsync();
        (await ReadAsync()).ShouldBe((1, true));
        await CurrentAsync(2);

        // Time alone makes tasks overdue.
        world.App.Clock.Advance(Duration.FromSeconds(16));
        (await ReadAsync()).ShouldBe((2, true));
        await CurrentAsync(2);

        // Of a board that no one has looked at, everyone waits for the same reading.
        world.App.Clock.Advance(Duration.FromMinutes(11));
        await world.StartAsync();
        (await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => boards.ReadAsync(teams, DateTimeZone.Utc, default))))
            .Select(shown => shown.Board)
            .Distinct()
            .ShouldHaveSingleItem()
            .Total.Open.ShouldBe(3);

        // For programs it is as it is now.
        await world.StartAsync();
        var current = await boards.ReadCurrentAsync(teams, DateTimeZone.Utc, default);
        current.Total.Open.ShouldBe(4);
        world.App.Clock.Advance(Duration.FromSeconds(16));
        (await boards.ReadCurrentAsync(teams, DateTimeZone.Utc, default)).At.ShouldBe(current.At + Duration.FromSeconds(16));

        Task CurrentAsync(int open) => Eventually.AsksAsync(ReadAsync, shown => shown == (open, false), $"{open} open tasks on a current board");

        async Task<(int, bool)> ReadAsync()
        {
            var shown = await boards.ReadAsync(teams, DateTimeZone.Utc, default);
            return (shown.Board.Total.Open, shown.IsBehind);
        }
    }

    [Fact]
    public async Task A_small_board_is_read_each_time()
    {
        await using var world = await CreateAsync();
        var runtime = world.App.Services.GetRequiredService<WorkflowRuntime>();
        var teams = await TeamQueries.ListAsync(runtime.Database);
        using var boards = new KeptBoards(runtime, NullLogger<KeptBoards>.Instance);
        for (var cases = 1; cases <= 2; cases++)
        {
            await world.StartAsync();
            var shown = await boards.ReadAsync(teams, DateTimeZone.Utc, default);
            (shown.Board.Total.Open, shown.IsBehind).ShouldBe((cases, false));
        }
    }

    [Fact]
    public async Task A_lead_sees_their_teams_only_and_nobody_else_a_board()
    {
        await using var world = await CreateAsync();
        await world.StartAsync();
        await world.MakeLeadAsync("claims-adjusting", "adjuster2");
        var lead = await world.App.ApiAsync("adjuster2");
        var board = (await lead.GetFromJsonAsync<JsonObject>("/api/board"))!;
        board["teams"]!.AsArray().Select(team => (string?)team!["key"]).ShouldBe(["claims-adjusting"]);
        ((int)board["total"]!["open"]!, (int)board["total"]!["waiting"]!).ShouldBe((1, 1));
        var step = (await lead.GetFromJsonAsync<JsonObject>("/api/board?team=claims-adjusting"))!["teams"]![0]!["steps"]![0]!;
        ((string?)step["title"], (string?)step["step"], (int)step["figures"]!["open"]!).ShouldBe(("Check the loss", "check", 1));

        (await lead.GetAsync("/api/board?team=mortgage-processing")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await lead.GetAsync("/api/board?zone=Mars")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var nobody = await world.App.BrowserAsync("adjuster1");
        foreach (var address in new[] { "/team", "/team?key=claims-adjusting", "/team/board", "/team/people", "/api/board", "/performance/targets" })
            (await nobody.GetAsync(address)).StatusCode.ShouldBe(HttpStatusCode.NotFound, address);
        (await (await world.App.ApiAsync("adjuster1")).GetAsync("/api/board")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var browser = await world.App.BrowserAsync("adjuster2");
        foreach (var address in new[] { "/team", "/team/board", "/team/people" })
            (await browser.GetAsync($"{address}?key=mortgage-processing")).StatusCode.ShouldBe(HttpStatusCode.NotFound, address);

        // Who a task can be given to is told to those who steer its team.
        var own = (await world.OpenTaskAsync(await world.StartAsync("REF-9")))["/tasks/".Length..];
        var names = await PageAsync(browser, $"/team/assignees?task={own}&q=sof");
        names.QuerySelectorAll("[role=option]").Select(option => option.GetAttribute("data-person")).ShouldBe(["adjuster2"]);
        (await nobody.GetAsync($"/team/assignees?task={own}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await (await world.App.BrowserAsync("senior1")).GetAsync($"/team/assignees?task={own}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await browser.GetAsync($"/team/assignees?task={own}&task={Guid.Empty:N}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await browser.GetAsync("/team/assignees")).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);

        // A task that someone has can go back to its team. An offer is made to someone.
        await world.ClaimedByAsync("adjuster1", $"/tasks/{own}");
        (await PageAsync(browser, $"/team/assignees?task={own}")).QuerySelectorAll("[data-person='']").ShouldHaveSingleItem();
        (await PageAsync(browser, $"/team/assignees?task={own}&verb=offer")).QuerySelectorAll("[data-person='']").ShouldBeEmpty();
    }

    [Fact]
    public async Task Today_is_that_of_the_zone_someone_chose_then_of_their_browser()
    {
        await using var world = await CreateAsync();
        var supervisor = await world.App.ApiAsync("supervisor");
        (await ZoneAsync("")).ShouldBe("UTC");
        var chosen = new
        {
            emailKinds = Array.Empty<string>(),
            timeZone = "Asia/Tokyo",
            revision = 0,
        };
        (await supervisor.PutAsJsonAsync("/api/me/notification-preferences", chosen)).EnsureSuccessStatusCode();
        (await ZoneAsync("")).ShouldBe("Asia/Tokyo");
        (await ZoneAsync("?zone=Europe/London")).ShouldBe("Europe/London");

        async Task<string?> ZoneAsync(string query) =>
            (string?)(await supervisor.GetFromJsonAsync<JsonObject>($"/api/board{query}"))!["teams"]![0]!["timeZone"];
    }

    [Fact]
    public async Task A_verb_on_all_that_match_goes_to_the_background_when_there_are_many()
    {
        await using var world = await CreateAsync();
        const int Many = 203;
        for (var i = 0; i < Many; i++)
            await world.StartAsync();
        var browser = await world.App.BrowserAsync("supervisor");
        var page = await PageAsync(browser, "/team?journey=walk&show=unassigned");
        (await browser.GetStringAsync("/team")).Length.ShouldBeLessThan(60 * 1024);
        page.QuerySelector("[data-bulk-more]")!.TextContent.ShouldContain($"Select all {Many} that");
        var form = (IHtmlFormElement)page.QuerySelector("#bulk-team")!;
        var fields = form.QuerySelectorAll("input[type=hidden]")
            .OfType<IHtmlInputElement>()
            .Where(field => field.Name != ":all")
            .Select(field => KeyValuePair.Create(field.Name!, field.Value))
            .Append(new(":all", "true"))
            .Append(new(":verb", "priority"))
            .Append(new(":priority", "1"));
        var sent = await browser.PostAsync(form.GetAttribute("action")!, new FormUrlEncodedContent(fields));
        sent.StatusCode.ShouldBe(HttpStatusCode.Found);
        var id = sent.Headers.Location!.OriginalString.Split('/')[^1];
        var api = await world.App.ApiAsync("supervisor");
        var work = await Eventually.AsksAsync(
            async () => (await api.GetFromJsonAsync<JsonObject>($"/api/jobs/work/{id}"))!,
            one => (int)one["done"]! == Many,
            "all are done"
        );
        ((int)work["total"]!, (int)work["refused"]!).ShouldBe((Many, 0));
    }

    [Fact]
    public async Task Many_tasks_are_forwarded_or_offered_with_an_answer_for_each()
    {
        await using var world = await CreateAsync();
        var ids = new List<(string Id, int Revision)>();
        var api = await world.App.ApiAsync("supervisor");
        foreach (var reference in new[] { "REF-1", "REF-2", "REF-3" })
        {
            var id = (await world.OpenTaskAsync(await world.StartAsync(reference)))["/tasks/".Length..];
            ids.Add((id, (int)(await api.GetFromJsonAsync<JsonObject>($"/api/tasks/{Guid.Parse(id)}"))!["revision"]!));
        }

        // Someone else was faster with the first.
        await world.ClaimedByAsync("adjuster1", $"/tasks/{ids[0].Id}");
        var browser = await world.App.BrowserAsync("supervisor");

        var offered = await SendAsync("offer", (":person", "adjuster2"), ids);
        offered.QuerySelector(".good strong")!.TextContent.ShouldBe("Offered to Sofia Rossi");
        offered.QuerySelector(".good p")!.TextContent.ShouldBe("2 tasks");
        offered.QuerySelector(".bad")!.TextContent.ShouldContain("Check the loss, REF-1");

        var forwarded = await SendAsync("forward", (":team", "claims-seniors"), ids);
        forwarded.QuerySelector(".good strong")!.TextContent.ShouldBe("Forwarded to Senior adjusters");
        forwarded.QuerySelector(".bad p")!.TextContent.ShouldContain("Daniel Brandt has changed this task since you opened it");
        (await PageAsync(browser, "/team?key=claims-seniors")).QuerySelectorAll("#backlog .rows > li").Length.ShouldBe(2);

        async Task<IHtmlDocument> SendAsync(string verb, (string Name, string Value) to, List<(string Id, int Revision)> tasks)
        {
            var token = (await PageAsync(browser, "/team")).QuerySelector("meta[name=csrf]")!.GetAttribute("content")!;
            using var request = new HttpRequestMessage(HttpMethod.Post, "/tasks/bulk");
            request.Headers.Add("HX-Request", "true");
            request.Headers.Add("X-Csrf-Token", token);
            request.Content = new FormUrlEncodedContent([
                new(":verb", verb),
                new(":operation", $"many-{verb}"),
                new(to.Name, to.Value),
                .. tasks.Select(task => KeyValuePair.Create(":task", $"{task.Id}:{task.Revision.ToString(CultureInfo.InvariantCulture)}")),
            ]);
            return await DocumentAsync(await browser.SendAsync(request));
        }
    }

    [Fact]
    public async Task A_team_without_people_says_so_and_has_zeros()
    {
        await using var world = await CreateAsync();
        var admin = await world.App.ApiAsync("admin");
        var team = new
        {
            key = "empty",
            title = "Empty",
            office = "front",
            timeZone = "Asia/Tokyo",
        };
        (await admin.PostAsJsonAsync("/api/teams", team)).StatusCode.ShouldBe(HttpStatusCode.Created);
        (await admin.PostAsJsonAsync("/api/teams", team with { key = "wrong", timeZone = "Mars" })).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var supervisor = await world.App.BrowserAsync("supervisor");
        var row = (await PageAsync(supervisor, "/team/board")).QuerySelector("[data-drop-team=empty]")!;
        row.TextContent.ShouldContain("No one is in it");
        row.QuerySelectorAll(".board-number").ShouldAllBe(number => number.TextContent == "0");
        var page = await PageAsync(supervisor, "/team?key=empty");
        (await PageAsync(supervisor, "/team/people?key=empty")).QuerySelector("#people")!.TextContent.ShouldContain("No one is in this team");
        page.QuerySelector(".lead-line")!.TextContent.ShouldBe("No one is in this team.");
        var board = (await (await world.App.ApiAsync("supervisor")).GetFromJsonAsync<JsonObject>("/api/board?team=empty"))!["teams"]![0]!;
        ((string?)board["office"], (string?)board["timeZone"]).ShouldBe(("front", "Asia/Tokyo"));
    }

    /// <summary>The number a link shows, or says for those who don't see it; null: it shows none.</summary>
    private static int? Number(IElement link)
    {
        var text = link.GetAttribute("aria-label") ?? link.TextContent.Trim();
        if (link.ClassList.Contains("board-reason"))
            text = new string([.. link.TextContent.Where(c => char.IsDigit(c) || c == ',')]);
        else if (link.ClassList.Contains("in-hand") || link.GetAttribute("href")!.StartsWith("/tasks/", StringComparison.Ordinal))
            return null;
        return int.TryParse(text.Split(' ')[0], NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
