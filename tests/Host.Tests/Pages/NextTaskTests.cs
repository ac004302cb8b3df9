using NodaTime;
using static Orchestration.Host.Tests.Pages.PageWorld;

namespace Orchestration.Host.Tests.Pages;

/// <summary>Taking the next task, and finding things with Ctrl+K.</summary>
public sealed class NextTaskTests
{
    [Fact]
    public async Task The_next_task_is_the_first_of_the_list_and_stays_it_until_it_is_done()
    {
        await using var world = await CreateAsync();
        var tasks = new List<string>();
        foreach (var reference in new[] { "REF-1", "REF-2" })
        {
            tasks.Add(await world.OpenTaskAsync(await world.StartAsync(reference)));
            world.App.Clock.Advance(Duration.FromMinutes(5));
        }

        var browser = await world.App.BrowserAsync("adjuster1");
        (await NextAsync(browser)).ShouldBe(tasks[0]);
        (await NextAsync(browser)).ShouldBe(tasks[0]);
        (await NextAsync(await world.App.BrowserAsync("adjuster2"))).ShouldBe(tasks[1]);
        await PressAsync(browser, tasks[0], $"{tasks[0]}/complete", ("amount", "1"), (":outcome", "Approve"));

        // What is left is excluded by four eyes, or someone else's.
        (await NextAsync(browser)).ShouldBe("/?nothing=true");
        (await PageAsync(browser, "/?nothing=true")).QuerySelector(".toast-card")!.TextContent.ShouldContain("No task to take");
    }

    [Fact]
    public async Task Pressing_twice_takes_one_task_and_many_people_at_once_take_as_many()
    {
        await using var world = await CreateAsync();
        for (var i = 1; i <= 3; i++)
            await world.StartAsync($"REF-{i}");
        var browser = await world.App.BrowserAsync("adjuster1");
        var form = (await PageAsync(browser, "/")).QuerySelector("#take-next")!;
        var fields = form.QuerySelectorAll("input").ToDictionary(i => i.GetAttribute("name")!, i => i.GetAttribute("value")!);

        var twice = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => browser.PostAsync("/work/next", new FormUrlEncodedContent(fields))));
        twice.Select(answer => answer.Headers.Location!.OriginalString).Distinct().Count().ShouldBe(1);

        var others = new[] { await world.App.BrowserAsync("adjuster2"), await world.App.BrowserAsync("senior1") };
        var taken = await Task.WhenAll(others.Select(NextAsync));
        taken.Append(twice[0].Headers.Location!.OriginalString).Distinct().Count().ShouldBe(3);
        taken.ShouldNotContain("/?nothing=true");
    }

    [Fact]
    public async Task Commands_find_actions_pages_cases_and_tasks_by_what_the_person_may_see()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync("REF-1", "Marta Novak");
        var task = await world.OpenTaskAsync(instance);

        var customer = (await FindAsync("adjuster1", "novak")).First()!;
        customer.ShouldStartWith("/customers/");
        (await FindAsync("adjuster1", "novak")).ShouldBe([customer, $"/cases/{instance:N}", task, "/search?q=novak"]);
        (await FindAsync("adjuster1", "nowack")).ShouldBe([customer, $"/cases/{instance:N}", task, "/search?q=nowack"]);
        (await FindAsync("closer1", "novak")).ShouldBeEmpty();
        (await FindAsync("compliance", "REF-1")).ShouldBe([$"/cases/{instance:N}", "/search?q=REF-1"]);
        (await FindAsync("frontoffice", "start walk")).First().ShouldBe("/start/walk");
        (await FindAsync("frontoffice", "start complant")).First().ShouldBe("/start/complaint");
        (await FindAsync("supervisor", "go to team")).First().ShouldBe("/team");
        (await FindAsync("supervisor", "go to team board")).First().ShouldBe("/team");
        (await FindAsync("compliance", "start")).ShouldBeEmpty();
        (await FindAsync("admin", "webhooks")).First().ShouldBe("/administration/webhooks");
        (await FindAsync("adjuster1", "webhooks")).ShouldBeEmpty();
        (await FindAsync("adjuster1", "take next")).First().ShouldBe("take-next");

        async Task<IEnumerable<string?>> FindAsync(string userName, string q) =>
            (await PageAsync(await world.App.BrowserAsync(userName), $"/commands?q={Uri.EscapeDataString(q)}"))
                .QuerySelectorAll("[role=option]")
                .Select(option => option.GetAttribute("href") ?? option.GetAttribute("form"));
    }

    private static async Task<string> NextAsync(HttpClient browser) => (await PressAsync(browser, "/", "/work/next")).Headers.Location!.OriginalString;
}
