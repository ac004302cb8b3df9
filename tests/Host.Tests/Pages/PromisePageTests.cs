using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AngleSharp.Html.Dom;
using NodaTime;
using static Orchestration.Host.Tests.Pages.PageWorld;

namespace Orchestration.Host.Tests.Pages;

/// <summary>Promises on the pages of a case and of a task.</summary>
public sealed class PromisePageTests
{
    [Theory]
    [InlineData("frontoffice", false)]
    [InlineData("adjuster1", true)]
    public async Task A_promise_is_made_seen_and_settled(string userName, bool onTask)
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var page = onTask ? await world.OpenTaskAsync(instance) : $"/cases/{instance:N}";
        var browser = await world.App.BrowserAsync(userName);
        var due = world.App.Clock.GetCurrentInstant() + Duration.FromHours(4);

        var made = await PressAsync(
            browser,
            page,
            $"{page}/promises",
            ("what", "Call back about the cover"),
            ("dueAt", $"{due}"),
            ("channel", "Phone"),
            ("step", "sign")
        );

        made.StatusCode.ShouldBe(HttpStatusCode.Found);
        made.Headers.Location!.OriginalString.ShouldBe($"{page}#promises");
        var open = (await PageAsync(browser, page)).QuerySelector("[data-promise]")!;
        open.TextContent.ShouldSatisfyAllConditions(
            text => text.ShouldContain("Call back about the cover"),
            text => text.ShouldContain("Phone · kept by “Sign it”"),
            text => text.ShouldContain("On track")
        );

        // Both pages show it, and the deadlines of the case don't show it twice.
        foreach (var other in new[] { await world.OpenTaskAsync(instance), $"/cases/{instance:N}" })
        {
            var shown = await PageAsync(browser, other);
            shown.QuerySelectorAll("[data-promise]").Length.ShouldBe(1, other);
            shown.QuerySelector("[aria-labelledby=clocks-title]")?.TextContent.ShouldNotContain("Call back");
        }

        world.App.Clock.Advance(Duration.FromHours(5));
        (await PageAsync(browser, page)).QuerySelector("[data-promise]")!.TextContent.ShouldContain("Overdue");
        var settle = $"{page}/promises/{open.GetAttribute("data-promise")}";
        (await PressAsync(browser, page, settle, ("outcome", "Broken"), ("reason", "Nobody was in the office"))).StatusCode.ShouldBe(HttpStatusCode.Found);

        var after = await PageAsync(browser, page);
        after.QuerySelector(".promises-settled [data-promise]")!.TextContent.ShouldContain("Broken");
        after.QuerySelector($"form[action='{settle}']").ShouldBeNull();
        var told = (await PageAsync(browser, $"/cases/{instance:N}")).QuerySelectorAll(".timeline-item").Select(i => i.TextContent).ToList();
        told[0].ShouldSatisfyAllConditions(t => t.ShouldContain("Promise broken: Call back about the cover"), t => t.ShouldContain("Nobody was in the office"));
        told.ShouldContain(t => t.Contains("Promised: Call back about the cover", StringComparison.Ordinal) && t.Contains("Phone", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refused_promise_names_each_field_and_keeps_what_was_typed(bool onTask)
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var page = onTask ? await world.OpenTaskAsync(instance) : $"/cases/{instance:N}";
        var browser = await world.App.BrowserAsync("frontoffice");

        var refused = await PressAsync(browser, page, $"{page}/promises", ("what", ""), ("dueAt", "next Friday"), ("channel", "Letter"), ("step", "check"));

        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var again = await DocumentAsync(refused);
        again.QuerySelector("#promise-what-error")!.TextContent.ShouldContain("The promise is required.");
        again.QuerySelector("#promise-dueAt-error")!.TextContent.ShouldContain("The time must be a date and time with an offset");
        again
            .QuerySelectorAll("#promise-new [role=alert] a")
            .Select(a => a.GetAttribute("href"))
            .ShouldBe(["#promise-dueAt", "#promise-what"], ignoreOrder: true);
        again.QuerySelector("#promise-new")!.HasAttribute("open").ShouldBeTrue();
        again.QuerySelector("#promise-dueAt")!.GetAttribute("value").ShouldBe("next Friday");
        ((IHtmlSelectElement)again.QuerySelector("#promise-channel")!).Value.ShouldBe("Letter");
        ((IHtmlSelectElement)again.QuerySelector("#promise-step")!).Value.ShouldBe("check");

        var past = await PressAsync(browser, page, $"{page}/promises", ("what", "Call back"), ("dueAt", "2020-01-01T00:00:00Z"));
        var wrong = await DocumentAsync(past);
        wrong.QuerySelector("#promise-dueAt-error")!.TextContent.ShouldContain("The time must be in the future.");
        wrong.QuerySelector("#promise-what")!.GetAttribute("value").ShouldBe("Call back");
        (await PageAsync(browser, page)).QuerySelector("[data-promise]").ShouldBeNull();
    }

    [Fact]
    public async Task A_promise_settled_without_a_reason_keeps_what_was_chosen_and_one_settled_twice_says_so()
    {
        await using var world = await CreateAsync();
        var page = $"/cases/{await world.StartAsync():N}";
        var browser = await world.App.BrowserAsync("frontoffice");
        var due = world.App.Clock.GetCurrentInstant() + Duration.FromHours(4);
        await PressAsync(browser, page, $"{page}/promises", ("what", "Call back"), ("dueAt", $"{due}"));
        var id = (await PageAsync(browser, page)).QuerySelector("[data-promise]")!.GetAttribute("data-promise");
        var settle = $"{page}/promises/{id}";

        var refused = await PressAsync(browser, page, settle, ("outcome", "Withdrawn"), ("reason", " "));
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var again = await DocumentAsync(refused);
        again.QuerySelector($"#settle-{id}-reason-error")!.TextContent.ShouldContain("Reason is required unless the promise was kept.");
        again.QuerySelector($"#settle-{id}")!.HasAttribute("open").ShouldBeTrue();
        ((IHtmlInputElement)again.QuerySelector($"#settle-{id} [value=Withdrawn]")!).IsChecked.ShouldBeTrue();

        // A page that is open elsewhere still has the form.
        var stale = (await PageAsync(browser, page)).QuerySelector($"form[action='{settle}'] input[type=hidden]")!;
        (await PressAsync(browser, page, settle, ("outcome", "Kept"))).StatusCode.ShouldBe(HttpStatusCode.Found);
        var late = await browser.PostAsync(
            settle,
            new FormUrlEncodedContent(
                new Dictionary<string, string>
                {
                    [stale.GetAttribute("name")!] = stale.GetAttribute("value")!,
                    ["outcome"] = "Broken",
                    ["reason"] = "We forgot",
                }
            )
        );
        late.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        var told = await DocumentAsync(late);
        told.QuerySelector("#promises [role=alert]")!.TextContent.ShouldContain("Someone has already settled this promise.");
        told.QuerySelector(".promises-settled")!.TextContent.ShouldContain("Kept");
    }

    [Fact]
    public async Task Who_only_reads_sees_promises_and_no_forms_for_them()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var page = $"/cases/{instance:N}";
        var due = world.App.Clock.GetCurrentInstant() + Duration.FromHours(4);
        await PressAsync(await world.App.BrowserAsync("frontoffice"), page, $"{page}/promises", ("what", "Call back"), ("dueAt", $"{due}"));

        var compliance = await PageAsync(await world.App.BrowserAsync("compliance"), page);
        compliance.QuerySelector("[data-promise]")!.TextContent.ShouldContain("Call back");
        compliance.QuerySelectorAll("#promises form").ShouldBeEmpty();

        var stranger = await world.App.BrowserAsync("closer1");
        var token = (await PageAsync(stranger, "/")).QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        var posted = new Dictionary<string, string>
        {
            ["__RequestVerificationToken"] = token,
            ["what"] = "Anything",
            ["dueAt"] = $"{due}",
        };
        foreach (var address in new[] { $"{page}/promises", $"{await world.OpenTaskAsync(instance)}/promises" })
            (await stranger.PostAsync(address, new FormUrlEncodedContent(posted))).StatusCode.ShouldBe(HttpStatusCode.NotFound, address);
    }

    [Fact]
    public async Task The_api_moves_a_promise_to_a_later_date_and_refuses_others()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var (api, now) = (await world.App.ApiAsync("frontoffice"), world.App.Clock.GetCurrentInstant());
        var made = await api.PostAsJsonAsync($"/api/cases/{instance}/promises", new { what = "Call", dueAt = $"{now + Duration.FromHours(4)}" });
        var move = $"/api/cases/{instance}/promises/{made.Headers.Location!.OriginalString.Split('/')[^1]}/move";
        foreach (var due in (string?[])[null, $"{now - Duration.FromHours(1)}", $"{now + Duration.FromHours(3)}"])
        {
            var refused = await api.PostAsJsonAsync(move, new { dueAt = due });
            refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity, due);
            (await refused.Content.ReadFromJsonAsync<JsonNode>())!["errors"]!["dueAt"].ShouldNotBeNull();
        }

        var later = new { dueAt = $"{now + Duration.FromHours(6)}", reason = "They are away" };
        (await api.PostAsJsonAsync(move, later)).EnsureSuccessStatusCode();
        (await api.PostAsJsonAsync($"/api/cases/{instance}/promises/{Guid.AllBitsSet}/move", later)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await (await world.App.ApiAsync("closer1")).PostAsJsonAsync(move, later)).IsSuccessStatusCode.ShouldBeFalse();
    }

    [Fact]
    public async Task A_promise_that_is_likely_to_be_broken_says_so_and_needs_a_reason()
    {
        await using var world = await CreateAsync();
        var instance = await world.StartAsync();
        var api = await world.App.ApiAsync("frontoffice");
        var due = world.App.Clock.GetCurrentInstant() + Duration.FromHours(4);
        for (var i = 0; i < 10; i++)
        {
            var one = await api.PostAsJsonAsync($"/api/cases/{instance}/promises", new { what = $"Call {i}", dueAt = $"{due}" });
            var clock = one.Headers.Location!.OriginalString.Split('/')[^1];
            (
                await api.PostAsJsonAsync($"/api/cases/{instance}/promises/{clock}/settle", new { outcome = "Broken", reason = "Forgotten" })
            ).EnsureSuccessStatusCode();
        }

        var page = $"/cases/{instance:N}";
        var browser = await world.App.BrowserAsync("frontoffice");
        (await PageAsync(browser, $"{page}/promises/check?dueAt={due}&step=")).Body!.TextContent.ShouldContain("5% likely to be kept.");
        (await PageAsync(browser, $"{page}/promises/check?dueAt=&step=")).Body!.TextContent.Trim().ShouldBeEmpty();
        var refused = await PressAsync(browser, page, $"{page}/promises", ("what", "Call back"), ("dueAt", $"{due}"));
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var again = await DocumentAsync(refused);
        again.QuerySelector("#promise-reason-error")!.TextContent.ShouldContain("A reason is required: this promise is likely to be broken.");
        again.QuerySelector("#promise-odds")!.TextContent.ShouldContain("5% likely to be kept.");
        var made = await PressAsync(browser, page, $"{page}/promises", ("what", "Call back"), ("dueAt", $"{due}"), ("reason", "They insist"));
        made.StatusCode.ShouldBe(HttpStatusCode.Found);
        var wrong = await api.PostAsJsonAsync($"/api/cases/{instance}/promises", new { what = "Call", dueAt = $"{due}" });
        wrong.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);

        var ledger = await PageAsync(browser, "/promises");
        ledger.QuerySelectorAll(".tile-count").Select(t => t.TextContent).ShouldBe(["1", "0", "0", "0", "10", "0", "0"]);
        ledger.QuerySelector(".rows")!.TextContent.ShouldContain("Promised all the same: They insist");
        var broken = ledger.QuerySelectorAll("a.tile").Single(t => t.TextContent.Contains("Broken", StringComparison.Ordinal)).GetAttribute("href")!;
        (await PageAsync(browser, broken)).QuerySelectorAll("[data-promise]").Length.ShouldBe(10);
        (await PageAsync(await world.App.BrowserAsync("closer1"), "/promises")).QuerySelectorAll("[data-promise]").ShouldBeEmpty();
    }
}
