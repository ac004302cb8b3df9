using System.Net;
using static Orchestration.Host.Tests.Pages.PageWorld;

namespace Orchestration.Host.Tests.Pages;

public sealed class TaskPageTests(SharedWorld shared) : IClassFixture<SharedWorld>
{
    private readonly PageWorld _world = shared.World;

    [Fact]
    public async Task Claiming_in_my_work_leads_to_the_task()
    {
        var task = await _world.OpenTaskAsync(await _world.StartAsync());
        var browser = await _world.App.BrowserAsync("adjuster1");

        var claimed = await PressAsync(browser, "/", $"{task}/claim");

        claimed.StatusCode.ShouldBe(HttpStatusCode.Found);
        claimed.Headers.Location!.OriginalString.ShouldBe(task);
        (await PageAsync(browser, task)).QuerySelector("#task-form .outcomes")!.TextContent.ShouldContain("Approve");
        (await PageAsync(browser, "/")).QuerySelector("[aria-labelledby=mine-title]")!.TextContent.ShouldContain("Check the loss");
    }

    [Fact]
    public async Task The_form_is_as_its_schema_says()
    {
        var task = await _world.OpenTaskAsync(await _world.StartAsync());
        var browser = await _world.ClaimedByAsync("adjuster1", task);

        var page = await PageAsync(browser, task);

        page.QuerySelectorAll("#task-form [name]:not([type=hidden])")
            .Select(f => f.GetAttribute("name"))
            .Where(n => n![0] != ':')
            .Distinct()
            .ShouldBe(["amount", "cause", "urgent", "items[0].name", "items[0].price", "items[1].name", "items[1].price", "note"]);
        page.QuerySelector("label[for=f-amount]")!.TextContent.ShouldContain("required");
        page.QuerySelector("label[for=f-note]")!.TextContent.ShouldContain("required for Need info");
        page.QuerySelectorAll("input[name=cause]").Length.ShouldBe(2);
        page.QuerySelectorAll(".outcomes > button[name=':outcome']").Select(b => b.TextContent).ShouldBe(["Approve", "Need info"]);
    }

    [Fact]
    public async Task A_refused_form_names_each_field_and_keeps_what_was_typed()
    {
        var task = await _world.OpenTaskAsync(await _world.StartAsync());
        var browser = await _world.ClaimedByAsync("adjuster1", task);

        var refused = await PressAsync(
            browser,
            task,
            $"{task}/complete",
            ("amount", "a lot"),
            ("items[0].price", "12"),
            ("cause", "Fire"),
            (":outcome", "NeedInfo")
        );

        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var page = await DocumentAsync(refused);
        page.QuerySelector("#f-amount-error")!.TextContent.ShouldContain("number");
        page.QuerySelector("#f-items-0-name-error")!.TextContent.ShouldContain("required");
        page.QuerySelector("#f-note-error").ShouldNotBeNull();
        page.QuerySelector("[role=alert] a[href='#f-items-0-name']")!.TextContent.ShouldBe("Items 1, Item");
        page.QuerySelector("#f-amount")!.GetAttribute("value").ShouldBe("a lot");
        (await PageAsync(browser, task)).QuerySelector("#f-amount")!.GetAttribute("value").ShouldBe("a lot");
    }

    [Fact]
    public async Task A_completed_step_says_what_happens_next()
    {
        var reference = _world.NewReference();
        var task = await _world.OpenTaskAsync(await _world.StartAsync(reference));
        var browser = await _world.ClaimedByAsync("adjuster1", task);

        var done = await PressAsync(browser, task, $"{task}/complete", ("amount", "12,400.50"), ("cause", "Fire"), (":outcome", "Approve"));

        done.StatusCode.ShouldBe(HttpStatusCode.Found);
        var notice = (await PageAsync(browser, done.Headers.Location!.OriginalString)).QuerySelector("[data-done]")!;
        notice.QuerySelector("strong")!.TextContent.ShouldBe("Check the loss: Approve");
        notice.QuerySelector("p")!.TextContent.ShouldBe($"Next in {reference}: Sign it (Claims adjusting).");
        var next = notice.QuerySelector("a")!.GetAttribute("href")!;
        (await PageAsync(browser, next)).QuerySelector("h1")!.TextContent.ShouldBe("Sign it");
        var page = await PageAsync(browser, task);
        page.QuerySelector(".sent")!.TextContent.ShouldContain("12,400.50");
        page.QuerySelector("#task-form").ShouldBeNull();
    }

    [Fact]
    public async Task Sending_a_form_twice_completes_once_and_says_the_same()
    {
        var task = await _world.OpenTaskAsync(await _world.StartAsync());
        var browser = await _world.ClaimedByAsync("adjuster1", task);
        var form = (await PageAsync(browser, task)).QuerySelector("#task-form")!;
        var fields = form.QuerySelectorAll("input[type=hidden]").ToDictionary(i => i.GetAttribute("name")!, i => i.GetAttribute("value")!);
        fields["amount"] = "1";
        fields[":outcome"] = "Approve";

        var first = await browser.PostAsync($"{task}/complete", new FormUrlEncodedContent(fields));
        var second = await browser.PostAsync($"{task}/complete", new FormUrlEncodedContent(fields));

        first.StatusCode.ShouldBe(HttpStatusCode.Found);
        second.StatusCode.ShouldBe(HttpStatusCode.Found);
        second.Headers.Location.ShouldBe(first.Headers.Location);
    }

    [Fact]
    public async Task Whoever_comes_second_learns_who_was_first()
    {
        var task = await _world.OpenTaskAsync(await _world.StartAsync());
        var late = await _world.App.BrowserAsync("adjuster2");
        var fields = (await PageAsync(late, task))
            .QuerySelector($"form[action='{task}/claim']")!
            .QuerySelectorAll("input[type=hidden]")
            .ToDictionary(i => i.GetAttribute("name")!, i => i.GetAttribute("value")!);
        await _world.ClaimedByAsync("adjuster1", task);

        var refused = await late.PostAsync($"{task}/claim", new FormUrlEncodedContent(fields));

        refused.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        var page = await DocumentAsync(refused);
        page.QuerySelector("[role=alert]")!.TextContent.ShouldContain("Daniel Brandt");
        page.QuerySelector($"form[action='{task}/claim']").ShouldBeNull();
    }

    [Fact]
    public async Task Four_eyes_are_explained()
    {
        var instance = await _world.StartAsync();
        var check = await _world.OpenTaskAsync(instance);
        var browser = await _world.ClaimedByAsync("adjuster1", check);
        await PressAsync(browser, check, $"{check}/complete", ("amount", "1"), (":outcome", "Approve"));
        var sign = await _world.OpenTaskAsync(instance);
        var page = await PageAsync(browser, sign);
        page.QuerySelector($"form[action='{sign}/claim']").ShouldBeNull();

        var token = page.QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        var refused = await browser.PostAsync(
            $"{sign}/claim",
            new FormUrlEncodedContent(
                new Dictionary<string, string>
                {
                    ["__RequestVerificationToken"] = token,
                    [":revision"] = "1",
                    [":operation"] = "op",
                }
            )
        );

        refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await DocumentAsync(refused)).QuerySelector("[role=alert]")!.TextContent.ShouldContain("Check the loss");
    }

    [Fact]
    public async Task A_draft_is_kept_while_typing_and_restored()
    {
        var task = await _world.OpenTaskAsync(await _world.StartAsync());
        var browser = await _world.ClaimedByAsync("adjuster1", task);
        var token = (await PageAsync(browser, task)).QuerySelector("meta[name=csrf]")!.GetAttribute("content");
        using var draft = new HttpRequestMessage(HttpMethod.Put, $"{task}/draft")
        {
            Headers = { { "HX-Request", "true" }, { "X-Csrf-Token", token } },
            Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["note"] = "half a sen", ["items[3].name"] = "Sofa" }),
        };

        (await browser.SendAsync(draft)).StatusCode.ShouldBe(HttpStatusCode.OK);

        var page = await PageAsync(browser, task);
        page.QuerySelector("#f-note")!.TextContent.ShouldBe("half a sen");
        page.QuerySelector("#f-items-0-name")!.TextContent.ShouldBe("Sofa");
    }

    [Fact]
    public async Task A_supervisor_assigns_and_the_person_is_told()
    {
        var task = await _world.OpenTaskAsync(await _world.StartAsync());
        var supervisor = await _world.App.BrowserAsync("supervisor");

        (await PressAsync(supervisor, task, $"{task}/assign", (":person", "adjuster2"))).StatusCode.ShouldBe(HttpStatusCode.Found);

        var browser = await _world.App.BrowserAsync("adjuster2");
        (await PageAsync(browser, "/notifications/bell")).Body!.TextContent.ShouldContain("1 unread");
        var list = await PageAsync(browser, "/notifications");
        var open = list.QuerySelector("#notifications form")!.GetAttribute("action")!;
        var opened = await PressAsync(browser, "/notifications", open);
        opened.Headers.Location!.OriginalString.ShouldBe(task);
        (await PageAsync(browser, "/notifications/bell")).Body!.TextContent.ShouldNotContain("unread");
    }

    [Fact]
    public async Task Only_whoever_steers_the_team_is_offered_to_steer()
    {
        var task = await _world.OpenTaskAsync(await _world.StartAsync());

        (await PageAsync(await _world.App.BrowserAsync("senior1"), task)).QuerySelector($"form[action='{task}/assign']").ShouldNotBeNull();
        (await PageAsync(await _world.App.BrowserAsync("adjuster1"), task)).QuerySelector($"form[action='{task}/assign']").ShouldBeNull();
        (await PageAsync(await _world.App.BrowserAsync("compliance"), task)).QuerySelector("form[action^='/tasks'] .btn").ShouldBeNull();
    }

    [Fact]
    public async Task Who_has_nothing_to_do_with_a_task_finds_nothing()
    {
        var instance = await _world.StartAsync();
        var stranger = await _world.App.BrowserAsync("closer1");

        (await stranger.GetAsync(await _world.OpenTaskAsync(instance))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await stranger.GetAsync($"/cases/{instance:N}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await stranger.GetAsync("/team")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Markup_comes_out_as_text_everywhere()
    {
        await using var world = await CreateAsync(title: $"Check {Markup}");
        var instance = await world.StartAsync("REF-1", $"Marta {Markup}");
        var task = await world.OpenTaskAsync(instance);
        var browser = await world.ClaimedByAsync("adjuster1", task);
        var token = (await PageAsync(browser, task)).QuerySelector("meta[name=csrf]")!.GetAttribute("content");
        using var draft = new HttpRequestMessage(HttpMethod.Put, $"{task}/draft")
        {
            Headers = { { "X-Csrf-Token", token }, { "HX-Request", "true" } },
            Content = new FormUrlEncodedContent([new("note", Markup), new("items[0].name", Markup)]),
        };
        await browser.SendAsync(draft);
        await NothingInjectedAsync(browser, task, "/", "/cases", $"/cases/{instance:N}");

        (
            await PressAsync(browser, task, $"{task}/complete", ("amount", "1"), ("note", Markup), ("items[0].name", Markup), (":outcome", "Approve"))
        ).StatusCode.ShouldBe(HttpStatusCode.Found);
        await NothingInjectedAsync(browser, task, $"/?done={task[7..]}");

        var supervisor = await world.App.BrowserAsync("supervisor");
        var sign = await world.OpenTaskAsync(instance);
        await PressAsync(supervisor, sign, $"{sign}/cancel", (":reason", $"because {Markup}"));
        await NothingInjectedAsync(supervisor, sign, $"/cases/{instance:N}", "/team", "/notifications");
        (await PageAsync(supervisor, $"/cases/{instance:N}")).QuerySelector("#case")!.TextContent.ShouldContain($"because {Markup}");
    }

    private static async Task NothingInjectedAsync(HttpClient browser, params string[] pages)
    {
        foreach (var page in pages)
        {
            var document = await PageAsync(browser, page);
            document.QuerySelectorAll(".injected").ShouldBeEmpty(page);
            document.QuerySelectorAll("script:not([src])").ShouldBeEmpty(page);
        }
    }
}
