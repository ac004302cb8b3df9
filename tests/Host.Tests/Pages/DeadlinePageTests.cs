using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using NodaTime.Text;
using Orchestration.Host.ServiceLevels;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using static Orchestration.Host.Tests.Pages.PageWorld;

namespace Orchestration.Host.Tests.Pages;

/// <summary>A complaint whose eight weeks are over while its next task has hours left.</summary>
public sealed class DeadlinePageTests
{
    private const string EightWeeks = "Final response within 8 weeks of the complaint";

    [Fact]
    public async Task A_missed_statutory_deadline_is_overdue_on_every_page_and_in_the_API()
    {
        await using var world = await CreateAsync();
        await world.StartAsync("REF-1");
        var id = await ComplaintAsync(world, "CMP-1", days: 59);
        var task = await world.OpenTaskAsync(id);
        var agent = await world.App.BrowserAsync("frontoffice");
        var supervisor = await world.App.BrowserAsync("supervisor");

        ShouldBeOverdue((await PageAsync(agent, "/cases?q=cmp-1")).QuerySelectorAll("tbody tr").Single());
        (await PageAsync(agent, "/cases?urgency=Breached")).QuerySelectorAll("tbody th").Select(r => r.TextContent.Trim()).ShouldBe(["CMP-1"]);
        (await PageAsync(agent, "/cases?urgency=AtRisk")).QuerySelectorAll("tbody tr").ShouldBeEmpty();
        ShouldBeOverdue((await PageAsync(agent, $"/cases/{id:N}")).QuerySelector(".page-actions")!);
        ShouldBeOverdue((await PageAsync(agent, $"/cases/{id:N}")).QuerySelector("[aria-labelledby=open-title]")!);
        ShouldBeOverdue((await PageAsync(agent, task)).QuerySelector("[aria-labelledby=case-due-title]")!);
        ShouldBeOverdue((await PageAsync(agent, "/front-office")).QuerySelector("[aria-labelledby=waiting-title] .row-item")!);
        var team = await PageAsync(supervisor, "/team");
        ShouldBeOverdue(team.QuerySelectorAll("#backlog .row-item").First(row => row.TextContent.Contains("CMP-1", StringComparison.Ordinal)));
        var board = await PageAsync(supervisor, "/team/board");
        new[] { "Overdue", "At risk", "Open" }
            .Select(label => board.QuerySelector($".board-total [data-label='{label}'] .board-number")!.TextContent)
            .ShouldBe(["1", "0", "2"]);

        // The ladder of the statute gives it to the lead.
        var api = await world.App.ApiAsync("supervisor");
        var address = $"/api{task}";
        await Eventually.AsksAsync(
            async () => (string?)(await api.GetFromJsonAsync<JsonObject>(address))!["owner"],
            owner => owner is not null,
            "the lead has the task"
        );
        var mine = await PageAsync(supervisor, "/");
        ShouldBeOverdue(mine.QuerySelector("#t-" + task["/tasks/".Length..])!);
        Tiles(mine).Take(3).ShouldBe(["1 Overdue", "0 Due within 24 hours", "1 Assigned to me"]);
        (await PageAsync(supervisor, "/?show=overdue")).QuerySelectorAll("#work .row-item").ShouldHaveSingleItem();
        (await PageAsync(supervisor, "/?show=soon")).QuerySelectorAll("#work .row-item").ShouldBeEmpty("what is overdue is not due soon");

        var listed = (await api.GetFromJsonAsync<JsonObject>("/api/tasks?view=all&overdue=true"))!["items"]!.AsArray().ShouldHaveSingleItem()!;
        var found = (await api.GetFromJsonAsync<JsonObject>("/api/cases?urgency=breached"))!["items"]!.AsArray().ShouldHaveSingleItem()!;
        foreach (var answer in new[] { listed, found })
        {
            ((bool)answer["breached"]!, (bool)answer["atRisk"]!).ShouldBe((true, false));
            var clock = answer["clock"]!;
            ((string)clock["name"]!, (string)clock["kind"]!, (string)clock["urgency"]!, (bool)clock["ofCase"]!).ShouldBe(
                (EightWeeks, "Statutory", "Breached", true)
            );
            ((DateTime)answer["dueAt"]!).ShouldBe((DateTime)clock["dueAt"]!);
            ((DateTime)answer["nextDueAt"]!).ShouldBeGreaterThan(world.App.Clock.GetCurrentInstant().ToDateTimeUtc(), "the task has hours left");
        }
    }

    [Fact]
    public async Task What_is_at_risk_says_which_deadline_that_is()
    {
        await using var world = await CreateAsync();
        await ComplaintAsync(world, "CMP-1", days: 45);
        var row = (await PageAsync(await world.App.BrowserAsync("supervisor"), "/team")).QuerySelector("#backlog .row-item")!;
        row.QuerySelector(".sla-risk")!.TextContent.ShouldStartWith("At risk");
        row.QuerySelector(".sla-name")!.TextContent.ShouldBe(EightWeeks);
    }

    [Fact]
    public async Task A_window_that_closed_is_neither_met_nor_late()
    {
        await using var world = await CreateAsync();
        var id = await ComplaintAsync(world, "CMP-1", days: 59);
        var page = await PageAsync(await world.App.BrowserAsync("supervisor"), $"/cases/{id:N}");
        var clock = page.QuerySelectorAll(".clock").Single(c => c.TextContent.Contains("Summary resolution", StringComparison.Ordinal));
        var label = clock.QuerySelector(".clock-line .status")!;
        label.TextContent.ShouldStartWith("Window closed on ");
        label.ClassList.ShouldContain("status-off");
        clock.QuerySelector(".meter").ShouldBeNull();
        clock.TextContent.ShouldNotContain("%");
        clock.QuerySelectorAll(".ti-circle-check").ShouldBeEmpty();
        page.QuerySelectorAll(".timeline-item").ShouldAllBe(entry => !entry.TextContent.Contains("Workflow1", StringComparison.Ordinal));
        var technical = page.QuerySelectorAll(".technical").Select(entry => entry.TextContent).ToList();
        technical.ShouldContain(entry => entry.Contains("Started Complaint", StringComparison.Ordinal));
        technical.ShouldContain(entry => entry.Contains("Register the complaint", StringComparison.Ordinal), "as the designer shows it");

        // A waiting period isn't a window: whoever waited has done well, and whoever didn't has not been late.
        var catalog = world.App.Services.GetRequiredService<ServiceLevelCatalog>();
        var (closed, over) = (Instant.FromUtc(2018, 6, 1, 18, 0), Instant.FromUtc(2018, 6, 8, 12, 0));
        var policy = catalog.Policies["us-rescission"];
        var calendar = catalog.Calendars[policy.Calendar];
        var wait = Clock.Start(policy, calendar, closed, closed, "LoanClosed");
        (await LabelAsync(world, wait, over)).ShouldBe("status-on Waiting period ended on 6 Jun");
        (await LabelAsync(world, Clock.Stop(wait, calendar, closed + Duration.FromHours(1)).State, over)).ShouldBe("status-off Ended early");
    }

    [Fact]
    public async Task A_task_that_ended_while_its_clock_was_paused_can_still_be_read()
    {
        await using var world = await CreateAsync();
        var api = await world.App.ApiAsync("supervisor");
        var id = await StartAsync(
            world,
            new
            {
                journey = "mortgage-origination",
                reference = "MTG-1",
                customer = new { id = "C-7", name = "Lena Fischer" },
                input = new
                {
                    loanAmount = 300000,
                    propertyAddress = "12 Alder Lane",
                    purpose = "Refinance",
                },
            }
        );
        var task = await world.OpenTaskAsync(id);
        var suspended = await api.PostAsJsonAsync(
            $"/api{task}/suspend",
            new
            {
                revision = 1,
                operationId = "wait",
                reason = "waitingForCustomer",
            }
        );
        suspended.EnsureSuccessStatusCode();
        (await PageAsync(await world.App.BrowserAsync("supervisor"), task)).QuerySelector(".due")!.TextContent.ShouldContain("Paused");

        (await api.PostAsJsonAsync($"/api/cases/{id}/cancel", new { reason = "Withdrawn" })).EnsureSuccessStatusCode();
        (await PageAsync(await world.App.BrowserAsync("supervisor"), task)).QuerySelector(".due")!.TextContent.ShouldContain("Cancelled");
    }

    private static async Task<string> LabelAsync(PageWorld world, ClockState state, Instant now)
    {
        await using var scope = world.App.Services.CreateAsyncScope();
        await using var renderer = new HtmlRenderer(scope.ServiceProvider, NullLoggerFactory.Instance);
        var parameters = ParameterView.FromDictionary(new Dictionary<string, object?> { ["State"] = state, ["Now"] = now });
        var html = await renderer.Dispatcher.InvokeAsync(async () => (await renderer.RenderComponentAsync<ClockLabel>(parameters)).ToHtmlString());
        var label = new HtmlParser().ParseDocument(html).QuerySelector(".status")!;
        return $"{label.ClassList[1]} {label.TextContent}";
    }

    private static void ShouldBeOverdue(IElement row)
    {
        row.QuerySelector(".sla")!.TextContent.ShouldStartWith("Overdue");
        row.TextContent.ShouldContain(EightWeeks);
        row.TextContent.ShouldNotContain("On track");
    }

    private static IEnumerable<string> Tiles(IDocument page) =>
        page.QuerySelectorAll(".tile")
            .Select(tile => $"{tile.QuerySelector(".tile-count")!.TextContent.Trim()} {tile.QuerySelector(".tile-title")!.TextContent.Trim()}");

    private static async Task<Guid> ComplaintAsync(PageWorld world, string reference, int days)
    {
        var received = world.App.Clock.GetCurrentInstant().InUtc().Date.PlusDays(-days);
        return await StartAsync(
            world,
            new
            {
                journey = "complaint",
                reference,
                customer = new { id = "C-7", name = "Lena Fischer" },
                input = new { subject = "Nobody called back", receivedOn = LocalDatePattern.Iso.Format(received) },
            }
        );
    }

    private static async Task<Guid> StartAsync(PageWorld world, object body)
    {
        var answer = await (await world.App.ApiAsync("frontoffice")).PostAsJsonAsync("/api/cases", body);
        answer.EnsureSuccessStatusCode();
        return Guid.Parse((await answer.Content.ReadFromJsonAsync<JsonObject>())!["case"]!["id"]!.GetValue<string>());
    }
}
