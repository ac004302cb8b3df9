using System.Net;
using NodaTime;
using static Orchestration.Host.Tests.Pages.PageWorld;

namespace Orchestration.Host.Tests.Pages;

/// <summary>Filters, orders and saved filters of lists.</summary>
public sealed class FilterTests(SharedWorld shared) : IClassFixture<SharedWorld>
{
    [Fact]
    public async Task A_filter_is_saved_under_a_name_for_one_person_and_removed()
    {
        var world = shared.World;
        var browser = await world.App.BrowserAsync("supervisor");
        const string Shown = "/cases?q=novak&status=Running&sort=oldest";
        var query = (await PageAsync(browser, Shown)).QuerySelector("input[form=save-filter]")!.GetAttribute("value")!;
        query.ShouldBe("?q=novak&status=Running&sort=oldest");

        var saved = await PressAsync(browser, Shown, "/filters/cases", ("name", "Novak, oldest"), ("query", query));

        saved.Headers.Location!.OriginalString.ShouldBe(Shown);
        var link = (await PageAsync(browser, "/cases")).QuerySelector(".saved-filter a")!;
        (link.TextContent, link.GetAttribute("href")).ShouldBe(("Novak, oldest", Shown));
        (await PageAsync(browser, "/team")).QuerySelector(".saved-filter").ShouldBeNull();
        (await PageAsync(await world.App.BrowserAsync("compliance"), "/cases")).QuerySelector(".saved-filter").ShouldBeNull();

        var remove = (await PageAsync(browser, "/cases")).QuerySelector(".saved-filter form")!.GetAttribute("action")!;
        (await PressAsync(browser, "/cases", remove)).Headers.Location!.OriginalString.ShouldBe("/cases");
        (await PageAsync(browser, "/cases")).QuerySelector(".saved-filter").ShouldBeNull();
    }

    [Fact]
    public async Task A_filter_leads_to_its_own_list_only()
    {
        var world = shared.World;
        var browser = await world.App.BrowserAsync("supervisor");
        foreach (var query in new[] { "//evil.example", "https://evil.example", "?q=" + new string('x', 1001) })
            (await PressAsync(browser, "/cases", "/filters/cases", ("name", "Bad"), ("query", query))).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await PressAsync(browser, "/cases", "/filters/cases", ("name", " "))).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task Lists_are_filtered_and_put_in_order()
    {
        var world = shared.World;
        foreach (var (reference, customer) in new[] { ("REF-1", "Zoe Adler"), ("REF-2", "Adam Young"), ("REF-3", "Mia Zander") })
        {
            await world.StartAsync(reference, customer);
            world.App.Clock.Advance(Duration.FromMinutes(1));
        }

        var supervisor = await world.App.BrowserAsync("supervisor");
        (await RowsAsync("/cases", "tbody th")).ShouldBe(["REF-3", "REF-2", "REF-1"]);
        (await RowsAsync("/cases?sort=oldest", "tbody th")).ShouldBe(["REF-1", "REF-2", "REF-3"]);
        (await RowsAsync("/team", Row)).ShouldBe(["REF-1", "REF-2", "REF-3"]);
        (await RowsAsync("/team?sort=newest", Row)).ShouldBe(["REF-3", "REF-2", "REF-1"]);
        (await RowsAsync("/team?sort=customer", Row)).ShouldBe(["REF-2", "REF-3", "REF-1"]);
        (await RowsAsync("/team?q=z&show=unassigned&journey=walk", Row)).ShouldBe(["REF-1", "REF-3"]);
        (await RowsAsync("/team?show=suspended", Row)).ShouldBeEmpty();

        async Task<IEnumerable<string>> RowsAsync(string page, string row) =>
            (await PageAsync(supervisor, page)).QuerySelectorAll(row).Select(element => element.TextContent.Trim().Split(' ')[0]);
    }

    [Theory]
    [InlineData("/administration/policies?q=alaska", 3)]
    [InlineData("/administration/policies?q=statutory%20trid", 7)]
    [InlineData("/administration/policies?q=nothing-like-it", 0)]
    [InlineData("/administration/calendars?q=london", 1)]
    public async Task Service_levels_are_found_by_name_type_and_calendar(string page, int expected)
    {
        var world = shared.World;
        (await PageAsync(await world.App.BrowserAsync("admin"), page)).QuerySelectorAll("#documents tbody tr").Length.ShouldBe(expected);
    }

    private const string Row = "#backlog .row-main .quiet";
}
