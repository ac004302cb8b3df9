using System.Net;
using System.Text.Json.Nodes;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using NodaTime;
using Orchestration.Host.Tests.Journeys;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>Work that is pushed, as the people who get it and those who steer it see it.</summary>
public sealed class OfferTests(Office office) : IClassFixture<Office>
{
    private Worker Adjuster => office.Person("adjuster2");

    [Fact]
    public async Task Work_is_offered_to_who_is_there_and_accepted_or_declined_on_their_page()
    {
        await office.PushAsync("offer-page");
        var accepted = await office.OfferAsync("offer-page", 1);
        var browser = await office.Host.BrowserAsync("adjuster2");

        var card = await CardAsync(browser);
        card.ShouldContain("look");
        card.ShouldContain("Offered to you until");
        (await (await office.Host.BrowserAsync("adjuster1")).GetStringAsync("/offers/card")).ShouldNotContain("Offered to you");
        (await office.Person("adjuster1").SendAsync(HttpMethod.Post, $"/api/offers/{accepted}/accept", new { })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var answer = await AnswerAsync(browser, accepted, "accept");
        answer.StatusCode.ShouldBe(HttpStatusCode.Found);
        var task = answer.Headers.Location!.ToString().Split('?')[0].Split('/')[^1];
        ((string)(await Adjuster.GetAsync($"/api/tasks/{task}"))["state"]!).ShouldBe("Reserved");
        (await AnswerAsync(browser, accepted, "accept")).Headers.Location!.ToString().ShouldContain(task, Case.Sensitive, "twice is once");

        // With its only task done, the next one comes.
        await Adjuster.DoneAsync(await Adjuster.GetAsync($"/api/tasks/{task}"), "complete", new { outcome = "Done" });
        var declined = await office.OfferAsync("offer-page", 2);
        (await Adjuster.SendAsync(HttpMethod.Post, $"/api/offers/{declined}/decline", new { reason = " " })).StatusCode.ShouldBe(
            HttpStatusCode.UnprocessableEntity
        );
        await AnswerAsync(browser, declined, "decline", ("reason", "I know the customer personally"));
        (await Adjuster.GetAsync("/api/offers")).AsArray().ShouldBeEmpty();
        var again = await Adjuster.SendAsync(HttpMethod.Post, $"/api/offers/{declined}/accept", new { });
        ((string)(await again.ProblemAsync(409))["detail"]!).ShouldStartWith("You declined it.");
    }

    [Fact]
    public async Task An_answer_after_the_offer_expired_says_so_and_leaves_the_task_open()
    {
        await office.PushAsync("offer-late");
        var offer = await office.OfferAsync("offer-late", 1);
        var task = (string)(await Adjuster.GetAsync("/api/offers")).AsArray()[0]!["taskId"]!;
        var browser = await office.Host.BrowserAsync("adjuster2");
        await CardAsync(browser);

        office.Clock.Advance(Duration.FromMinutes(3));
        await Eventually.AsksAsync(
            () => office.QueryAsync<string>($"select state from task_offer where id = '{offer}'"),
            states => states is ["Expired"],
            "the offer has expired"
        );

        var page = await AnswerAsync(browser, offer, "accept");
        page.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        var text = await page.Content.ReadAsStringAsync();
        text.ShouldContain("The offer had expired.");
        text.ShouldContain($"/tasks/{Guid.Parse(task):N}");
        ((string)(await Adjuster.GetAsync($"/api/tasks/{task}"))["state"]!).ShouldBe("Ready");
        (await office.Supervisor.GetAsync($"/api/tasks/{task}/distribution")).AsArray().Count.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task An_offer_that_assigns_its_task_says_when_and_then_it_is_theirs()
    {
        await office.PushAsync("offer-assigns");
        await UnansweredAsync("assign");
        try
        {
            var offer = await office.OfferAsync("offer-assigns", 1);
            var offers = (await Adjuster.GetAsync("/api/offers")).AsArray();
            ((bool)offers[0]!["assigns"]!).ShouldBeTrue();
            var task = (string)offers[0]!["taskId"]!;
            var browser = await office.Host.BrowserAsync("adjuster2");
            (await CardAsync(browser)).ShouldContain("Will be assigned to you at");

            office.Clock.Advance(Duration.FromMinutes(3));
            await Eventually.AsksAsync(
                () => office.QueryAsync<string>($"select state from task_offer where id = '{offer}'"),
                states => states is ["Accepted"],
                "nobody has answered"
            );

            ((string)(await Adjuster.GetAsync($"/api/tasks/{task}"))["state"]!).ShouldBe("Reserved");
            (await AnswerAsync(browser, offer, "accept")).Headers.Location!.ToString().ShouldContain($"/tasks/{Guid.Parse(task):N}", Case.Sensitive);
            (await (await office.Host.BrowserAsync("supervisor")).GetStringAsync($"/tasks/{task}/distribution")).ShouldContain(
                "Assigned: The offer wasn&#x27;t answered in time."
            );
            await Adjuster.DoneAsync(await Adjuster.GetAsync($"/api/tasks/{task}"), "complete", new { outcome = "Done" });
        }
        finally
        {
            await UnansweredAsync("next");
        }
    }

    [Fact]
    public async Task A_supervisor_offers_a_task_to_someone_from_its_page_whatever_the_mode_is()
    {
        await office.PushAsync("offer-by-hand", "adjuster1");
        var mode = "/api/teams/claims-adjusting/distribution/mode";
        (await office.Supervisor.SendAsync(HttpMethod.Put, mode, new { mode = "pull" })).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        try
        {
            var task = (string)
                (await office.Supervisor.TaskAsync(await office.FrontOffice.OpenAsync("offer-by-hand", office.NewReference("OH"), new { }), "look"))["id"]!;
            var browser = await office.Host.BrowserAsync("supervisor");
            var page = new HtmlParser().ParseDocument(await browser.GetStringAsync($"/tasks/{task}"));
            var button = page.QuerySelectorAll("button[formaction]").ShouldHaveSingleItem();
            button.TextContent.ShouldBe("Offer");
            var form = (IHtmlFormElement)button.Closest("form")!;
            var fields = form.QuerySelectorAll("input[name]").Select(field => KeyValuePair.Create(field.GetAttribute("name")!, field.GetAttribute("value")));
            var answer = await browser.PostAsync(
                button.GetAttribute("formaction"),
                new FormUrlEncodedContent([.. fields, new(form.QuerySelector("select")!.GetAttribute("name")!, "adjuster1")])
            );
            answer.StatusCode.ShouldBe(HttpStatusCode.Found, await answer.Content.ReadAsStringAsync());
            var offers = (await office.Supervisor.GetAsync("/api/teams/claims-adjusting/distribution/offers")).AsArray();
            ((string)offers.Single(offer => (string)offer!["taskId"]! == (string)task)!["person"]!).ShouldBe("Daniel Brandt");
            var adjuster = office.Person("adjuster1");
            var offer = (string)(await adjuster.GetAsync("/api/offers")).AsArray().ShouldHaveSingleItem()!["id"]!;
            (await adjuster.SendAsync(HttpMethod.Get, "/api/teams/claims-adjusting/distribution/offers")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
            (await adjuster.SendAsync(HttpMethod.Post, $"/api/offers/{offer}/accept", new { })).StatusCode.ShouldBe(HttpStatusCode.OK);
            await adjuster.DoneAsync(await adjuster.GetAsync($"/api/tasks/{task}"), "complete", new { outcome = "Done" });
        }
        finally
        {
            (await office.Supervisor.SendAsync(HttpMethod.Put, mode, new { mode = "offer" })).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        }
    }

    [Fact]
    public async Task Those_who_steer_a_team_read_what_no_one_can_have_and_discard_a_draft()
    {
        const string Team = "/api/teams/mortgage-closing/distribution";
        (await office.Supervisor.SendAsync(HttpMethod.Put, $"{Team}/mode", new { mode = "offer" })).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await office.Supervisor.GetAsync($"{Team}/unassignable")).AsArray().ShouldBeEmpty();
        (await office.Supervisor.SendAsync(HttpMethod.Put, $"{Team}/draft", new { revision = 0, policy = new { deferredShare = 91 } })).StatusCode.ShouldBe(
            HttpStatusCode.UnprocessableEntity
        );
        (await office.Supervisor.SendAsync(HttpMethod.Put, $"{Team}/draft", new { revision = 0, policy = new { deferredShare = 20 } })).StatusCode.ShouldBe(
            HttpStatusCode.OK
        );
        (await office.Supervisor.SendAsync(HttpMethod.Delete, $"{Team}/draft?revision=1")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await office.Supervisor.SendAsync(HttpMethod.Delete, $"{Team}/draft?revision=1")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await office.Supervisor.GetAsync($"{Team}/versions")).AsArray().ShouldBeEmpty();
        foreach (var read in new[] { "unassignable", "versions", "offers" })
            (await Adjuster.SendAsync(HttpMethod.Get, $"{Team}/{read}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    /// <summary>The lead changes the policy's form, and a supervisor publishes it.</summary>
    private async Task UnansweredAsync(string choice)
    {
        const string Page = "/team/claims-adjusting/distribution";
        foreach (var (person, what) in new[] { ("senior1", "save"), ("supervisor", "publish") })
        {
            var browser = await office.Host.BrowserAsync(person);
            var page = new HtmlParser().ParseDocument(await browser.GetStringAsync(Page));
            var form = page.QuerySelectorAll("form").OfType<IHtmlFormElement>().Single(form => form.QuerySelector("[name=unanswered]") is not null);
            var fields = form.QuerySelectorAll("input[name]:not([type=checkbox]), select[name]")
                .Select(field => KeyValuePair.Create(field.GetAttribute("name")!, field is IHtmlSelectElement list ? list.Value : field.GetAttribute("value")))
                .Where(field => field.Key != "unanswered");
            var answer = await browser.PostAsync(
                Page,
                new FormUrlEncodedContent([.. fields, new("unanswered", choice), new("withoutReplay", "true"), new("do", what)])
            );
            answer.StatusCode.ShouldBe(HttpStatusCode.Found, await answer.Content.ReadAsStringAsync());
        }
    }

    private static async Task<string> CardAsync(HttpClient browser) =>
        await Eventually.AsksAsync(
            () => browser.GetStringAsync("/offers/card"),
            html => html.Contains("offer-card", StringComparison.Ordinal),
            "the card is there"
        );

    private static async Task<HttpResponseMessage> AnswerAsync(HttpClient browser, Guid offer, string answer, params (string Name, string Value)[] fields)
    {
        var page = new HtmlParser().ParseDocument(await browser.GetStringAsync("/"));
        var token = page.QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        return await browser.PostAsync(
            $"/offers/{offer:N}/{answer}",
            new FormUrlEncodedContent([new("__RequestVerificationToken", token), .. fields.Select(field => KeyValuePair.Create(field.Name, field.Value))])
        );
    }
}
