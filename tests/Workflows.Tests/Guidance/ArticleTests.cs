using NodaTime;
using Orchestration.Testing;
using Orchestration.Workflows.Demo;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tests.Guidance;

public sealed class ArticleTests
{
    private const string Step = """ "title": "Assess the roof", "team": "claims-adjusting", "outcomes": ["Done"] """;

    private const string Form = """
        "form": { "typeName": "Object", "expression": { "type": "Object", "value": { "type": "object", "properties": { "height": { "type": "number" } },
            "if": { "required": ["height"] }, "then": { "properties": { "why": { "type": "string" } } } } } }
        """;

    [Fact]
    public async Task A_draft_is_published_by_a_second_person_of_its_team_and_earlier_versions_stay()
    {
        await using var world = await WorldAsync();
        var (writer, other, lead) = (await world.ColleagueAsync("adjuster1"), await world.ColleagueAsync("adjuster2"), await world.ColleagueAsync("senior1"));
        var id = (await SaveArticle.AddAsync(world.Runtime, "claims-adjusting", Writers.Usual, writer)).ShouldBeOfType<ArticleResult.Done>().Id;
        (await ReviewArticle.ApproveAsync(world.Runtime, id, 1, lead)).ShouldBeOfType<ArticleResult.Refused>();
        await ReviewArticle.SubmitAsync(world.Runtime, id, 1, writer);

        (await ReviewArticle.ApproveAsync(world.Runtime, id, 2, writer)).ShouldBeOfType<ArticleResult.Forbidden>().Reason.ShouldContain("Someone else");
        (await ReviewArticle.ApproveAsync(world.Runtime, id, 2, await world.ColleagueAsync("admin"))).ShouldBeOfType<ArticleResult.Forbidden>();
        (await ReviewArticle.ApproveAsync(world.Runtime, id, 2, await world.ColleagueAsync("closer1"))).ShouldBeOfType<ArticleResult.NotFound>();
        (await ReviewArticle.SendBackAsync(world.Runtime, id, 2, "Which gutter?", lead)).ShouldBeOfType<ArticleResult.Done>();
        (await ArticleQueries.FindAsync(world.Database, id, writer))!.ReviewNote.ShouldBe("Which gutter?");
        await SaveArticle.ChangeAsync(world.Runtime, id, 3, Writers.Usual with { Body = "Look at the upper gutter." }, other);
        await ReviewArticle.SubmitAsync(world.Runtime, id, 4, writer);
        (await ReviewArticle.ApproveAsync(world.Runtime, id, 5, other)).ShouldBeOfType<ArticleResult.Forbidden>();
        (await ReviewArticle.ApproveAsync(world.Runtime, id, 5, lead)).ShouldBeOfType<ArticleResult.Done>();

        await SaveArticle.ChangeAsync(world.Runtime, id, 6, Writers.Usual with { Title = "Assess a flat roof" }, writer);
        (await ArticleQueries.FindAsync(world.Database, id, await world.ColleagueAsync("closer1")))!.ShouldSatisfyAllConditions(
            seen => seen.Draft.ShouldBeNull(),
            seen => seen.Writers.ShouldBeEmpty(),
            seen => seen.Published!.Title.ShouldBe("Assess a roof")
        );
        await ReviewArticle.SubmitAsync(world.Runtime, id, 7, writer);
        await ReviewArticle.ApproveAsync(world.Runtime, id, 8, lead);
        var versions = await ArticleQueries.VersionsAsync(world.Database, id);
        versions.Select(v => (v.Number, v.Content.Title, v.ApprovedBy)).ShouldBe([(2, "Assess a flat roof", "senior1"), (1, "Assess a roof", "senior1")]);
        versions[1].Content.Body.ShouldBe("Look at the upper gutter.");
        versions[1].WrittenBy.Order().ShouldBe(["adjuster1", "adjuster2"]);
        (
            await world.ScalarAsync<long>(
                "select count(*) from event where action like 'guidance.%' and action not in ('guidance.changed', 'guidance.submitted')"
            )
        ).ShouldBe(4);
    }

    [Fact]
    public async Task A_stale_change_is_told_who_changed_what_and_changes_nothing()
    {
        await using var world = await WorldAsync();
        var (writer, other) = (await world.ColleagueAsync("adjuster1"), await world.ColleagueAsync("adjuster2"));
        var id = (await SaveArticle.AddAsync(world.Runtime, "claims-adjusting", Writers.Usual, writer)).ShouldBeOfType<ArticleResult.Done>().Id;
        await SaveArticle.ChangeAsync(world.Runtime, id, 1, Writers.Usual with { Title = "Roofs", Language = "en-GB" }, other);

        var stale = (await SaveArticle.ChangeAsync(world.Runtime, id, 1, Writers.Usual with { Body = "Mine" }, writer)).ShouldBeOfType<ArticleResult.Stale>();
        stale.By.ShouldBe([other.DisplayName]);
        stale.Fields.Order().ShouldBe(["language", "title"]);
        stale.Current.Newest.Title.ShouldBe("Roofs");
        (await ArticleQueries.FindAsync(world.Database, id, writer))!.Draft!.Body.ShouldBe(Writers.Usual.Body);
    }

    [Theory]
    [InlineData("title", "is required")]
    [InlineData("body", "at most 40000 characters", null, 40_001)]
    [InlineData("body", "links to “javascript:alert(1)”", "[a](javascript:alert(1))")]
    [InlineData("body", "links to “//evil.example”", "[a](//evil.example)")]
    [InlineData("body", "links to “data:text/html,x”", "<data:text/html,x>")]
    [InlineData("body", "hides where it leads", "[a](https://bank.example@evil.example)")]
    [InlineData("body", "can't have pictures", "![a](https://evil.example/pixel.gif)")]
    [InlineData("body", "isn't published", "[a](/guidance/01890000000070008000000000000000)")]
    [InlineData("body", "nested too deeply", "> > > >", 20_000)]
    [InlineData("pins", "the journey has no such step", "walk/attic")]
    [InlineData("pins", "no such journey", "waltz")]
    [InlineData("pins", "the journey is at version 1", "walk@2")]
    [InlineData("pins", "no such skill", "skill:juggling")]
    [InlineData("pins", "the step has no outcome “Redo” (Done)", "walk/assess=Redo")]
    [InlineData("pins", "the form of the step has no field “weight” (height, why)", "walk/assess#weight")]
    [InlineData("pins", "the step has no form", "walk/sign#height")]
    [InlineData("rules", "isn't a fact of", "colour = red")]
    [InlineData("rules", "isn't a condition", "amount is high")]
    [InlineData("rules", "needs a number", "amount >= high")]
    [InlineData("language", "must be a language tag", "English")]
    public async Task What_is_wrong_is_refused_with_its_field_and_the_reason(string field, string reason, string? text = null, int length = 0)
    {
        await using var world = await WorldAsync();
        var body = length > 0 ? string.Concat(Enumerable.Repeat(text ?? "a", length / (text ?? "a").Length)) : text;
        var content = field switch
        {
            "title" => Writers.Usual with { Title = " " },
            "body" => Writers.Usual with { Body = body! },
            "pins" => Writers.Usual with { Pins = [Pin.TryParse(text!, out var pin) ? pin : throw new InvalidOperationException(text)] },
            "rules" => Writers.Usual with { Rules = [text!] },
            _ => Writers.Usual with { Language = text! },
        };
        var refused = (
            await SaveArticle.AddAsync(world.Runtime, "claims-adjusting", content, await world.ColleagueAsync("adjuster1"))
        ).ShouldBeOfType<ArticleResult.Invalid>();
        refused.Errors.ShouldHaveSingleItem().Key.ShouldBe(field);
        refused.Errors[field].ShouldContain(error => error.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pin_to_an_earlier_version_is_checked_against_that_version()
    {
        await using var world = await WorldAsync();
        await world.PublishAsync("walk", ("survey", Step));
        var writer = await world.ColleagueAsync("adjuster1");
        async Task<ArticleResult> SaveAsync(string pin) =>
            await SaveArticle.AddAsync(
                world.Runtime,
                "claims-adjusting",
                Writers.Usual with
                {
                    Pins = [Pin.TryParse(pin, out var place) ? place : null!],
                },
                writer
            );

        (await SaveAsync("walk/assess@1#height")).ShouldBeOfType<ArticleResult.Done>();
        (await SaveAsync("walk/survey=Done")).ShouldBeOfType<ArticleResult.Done>();
        (await SaveAsync("walk/survey@1"))
            .ShouldBeOfType<ArticleResult.Invalid>()
            .Errors["pins"]
            .ShouldBe(["“walk/survey@1”: version 1 of the journey has no such step"]);
        (await SaveAsync("walk/assess@1#weight")).ShouldBeOfType<ArticleResult.Invalid>();
    }

    [Theory]
    [InlineData("Dear {{ Variables.customerName", "isn't a template")]
    [InlineData("{{ Variables.customerName | shout }}", "uses the filter “shout”")]
    [InlineData("Dear {{ Variables.customerName }},\n\n{{ Variables.secret }}", "uses “secret” in line 3")]
    public async Task A_letter_that_can_t_be_filled_is_refused(string template, string reason)
    {
        await using var world = await WorldAsync();
        var content = Writers.Usual with { Kind = ArticleKind.Letter, Body = template };
        var refused = await SaveArticle.AddAsync(world.Runtime, "claims-adjusting", content, await world.ColleagueAsync("adjuster1"));
        refused.ShouldBeOfType<ArticleResult.Invalid>().Errors["body"].ShouldContain(error => error.Contains(reason, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("<script>alert(1)</script>", "<script")]
    [InlineData("a <img src=x onerror=alert(1)> b", "<img")]
    [InlineData("[x](javascript:alert(1))", "href=\"javascript")]
    [InlineData("[x](https://a.example \"\\\" onclick=alert(1)\")", "onclick")]
    [InlineData("<javascript:alert(1)>", "href=\"javascript")]
    [InlineData("![x](https://evil.example/p.gif)", "<img")]
    [InlineData("| a |\n|---|\n| <svg onload=alert(1)> |", "<svg")]
    public void Markup_in_markdown_is_shown_as_text(string markdown, string never) => MarkdownBody.Html(markdown).ShouldNotContain(never, Case.Insensitive);

    [Fact]
    public void Markdown_keeps_what_helps_to_read()
    {
        var html = MarkdownBody.Html("## Roof\n\n- **one**\n- [two](https://a.example)\n\n| a | b |\n|---|---|\n| 1 | 2 |");
        html.ShouldContain("<h4>Roof</h4>");
        html.ShouldContain("<strong>one</strong>");
        html.ShouldContain("<a href=\"https://a.example\" rel=\"noopener noreferrer\">two</a>");
        html.ShouldContain("<td>2</td>");
    }

    [Fact]
    public void A_letter_shows_values_as_text_and_names_what_is_missing()
    {
        var letter = Letter.Fill(
            "Dear {{ Variables.customerName }}, {{ Variables.claimedAmount }}{% if Variables.reference == 'R-1' %} ok{% endif %}",
            new Dictionary<string, string> { ["customerName"] = "<b>Ann & Bob</b>", ["reference"] = "R-1" },
            NodaConstants.UnixEpoch
        );
        letter.Text.ShouldBe("Dear <b>Ann & Bob</b>, [claimed amount] ok");
        letter.Missing.ShouldBe(["claimedAmount"]);
    }

    [Fact]
    public async Task Everything_shipped_is_correct_and_published()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var folder = Repository.Path("definitions/guidance");
        var published = await new DemoGuidance(world.Runtime, new(world.Database)).RunAsync(folder);
        published.ShouldBe(Directory.EnumerateFiles(folder, "*.md").Count());
        (
            await ArticleQueries.ListAsync(
                world.Database,
                ArticleFilter.Published,
                null,
                null,
                100,
                await world.PersonAsync("analyst"),
                world.Clock.GetCurrentInstant()
            )
        )
            .Items.Count(a => a.Kind != ArticleKind.Article)
            .ShouldBe(3);
        (await new DemoGuidance(world.Runtime, new(world.Database)).RunAsync(folder)).ShouldBe(0);
    }

    private static async Task<World> WorldAsync()
    {
        var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", $"{Step}, {Form}"), ("sign", Step));
        return world;
    }
}
