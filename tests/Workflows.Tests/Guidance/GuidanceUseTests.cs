using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Search;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Guidance;

public sealed class GuidanceUseTests
{
    private const string Step = """ "title": "Assess the roof", "team": "claims-adjusting", "outcomes": ["Done"] """;

    [Theory]
    [InlineData("jurisdiction = GB, IE", true)]
    [InlineData("jurisdiction = US-CA", false)]
    [InlineData("amount >= 1000", true)]
    [InlineData("amount > 1000", false)]
    [InlineData("amount = 1000", true)]
    [InlineData("amount >= 500|amount < 1000", false)]
    [InlineData("urgent = yes", true)]
    [InlineData("hidden = x", false)]
    [InlineData("unknown < 5", false)]
    public void Rules_are_met_by_the_facts_that_someone_sees(string lines, bool fits)
    {
        CaseFact[] facts =
        [
            new("jurisdiction", "Jurisdiction", FactFormat.Text, "GB", null),
            new("amount", "Amount", FactFormat.Money, 1000, "GBP"),
            new("urgent", "Urgent", FactFormat.YesNo, true, null),
            new("unknown", "Unknown", FactFormat.Number, null, null),
        ];
        FactRules.TryParse(lines.Split('|'), out var rules, out var errors).ShouldBeTrue(string.Join(", ", errors));
        rules!.Fits(facts).ShouldBe(fits);
    }

    [Fact]
    public async Task A_step_gets_what_is_pinned_to_it_to_its_version_and_to_its_skills_as_far_as_the_facts_fit()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var step = new Pin("claims", "assess");
        await PublishAsync("Every step", new("claims"));
        await PublishAsync("The step", step, "jurisdiction = US-CA");
        await PublishAsync("A field", step with { Field = "reserve" });
        await PublishAsync("This version", step with { Version = 1 });
        await PublishAsync("Another journey", new("complaint"));
        await PublishAsync("A skill", new(Skill: "property-claims"));
        await PublishAsync("Alaska", step, "jurisdiction = US-AK");
        await PublishAsync("Hidden", step, "fraudScore > 50");
        await ReviewArticle.RetireAsync(world.Runtime, await PublishAsync("Retired", step), 3, await world.ColleagueAsync("senior1"));

        var published = (await world.Runtime.Definitions.FindPublishedAsync("claims"))!;
        CaseFact[] facts = [new("jurisdiction", "Jurisdiction", FactFormat.Text, "US-CA", null)];
        var found = await StepGuidance.FindAsync(world.Runtime, new("claims", published.Id, "assess", ["property-claims"]), facts);
        found.Select(m => m.Title).ShouldBe(["A field", "The step", "This version", "A skill", "Every step"]);
        found[0].Fields.ShouldBe(["reserve"]);
        found.Where(m => m.IsOfStep).Select(m => m.Title).ShouldBe(["The step", "This version"]);
        (await StepGuidance.FindAsync(world.Runtime, new("claims", published.Id, "pay", []), [])).Select(m => m.Title).ShouldBe(["Every step"]);

        async Task<Guid> PublishAsync(string title, Pin pin, params string[] rules) =>
            await world.PublishedAsync(new(title, "Text") { Pins = [pin], Rules = rules });
    }

    [Theory]
    [InlineData("Straßenschäden melden", "strassenschaeden")]
    [InlineData("Straßenschäden melden", "straßenschäden MELDEN")]
    [InlineData("Straßenschäden melden", "strasenschaden")]
    [InlineData("İtiraz süreci", "itiraz")]
    [InlineData("İTİRAZ SÜRECİ", "ıtıraz sureci")]
    [InlineData("理赔需要哪些文件", "文件")]
    [InlineData("理赔需要哪些文件", "件")]
    [InlineData("理赔需要哪些文件", "需要哪些")]
    [InlineData("理赔需要哪些文件", "哪需", false)]
    [InlineData("Closing Disclosure: 1026.19(f)", "1026.19(f)")]
    [InlineData("Closing Disclosure: 1026.19(f)", "closng disclosur")]
    [InlineData("Closing Disclosure: 1026.19(f)", "gutter", false)]
    public async Task Guidance_is_found_in_every_language(string title, string typed, bool isFound = true)
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Step));
        await world.PublishedAsync(new(title, "…") { Language = "de" });
        await world.PublishedAsync(new("Something else", "Roofs and other things"));

        var found = await SearchAll.RunAsync(world.Runtime, SearchQuery.Parse(typed), 5, await world.PersonAsync("closer1"), world.Clock.GetCurrentInstant());
        found.Guidance.Select(a => a.Title).ShouldBe(isFound ? [title] : []);
    }

    [Fact]
    public async Task Drafts_and_retired_articles_are_not_found_and_bodies_are()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Step));
        var writer = await world.ColleagueAsync("adjuster1");
        await SaveArticle.AddAsync(world.Runtime, "claims-adjusting", Writers.Usual with { Title = "Draft about gutters" }, writer);
        var id = await world.PublishedAsync(Writers.Usual with { Body = "Mind the _gutters_, 100% of them." });

        (await FindArticles.FindAsync(world.Database, ["gutters"], 5)).ShouldHaveSingleItem().Id.ShouldBe(id);
        (await FindArticles.FindAsync(world.Database, ["100%"], 5)).ShouldHaveSingleItem();
        (await FindArticles.FindAsync(world.Database, ["%"], 5)).ShouldBeEmpty();
        await ReviewArticle.RetireAsync(world.Runtime, id, 3, writer);
        (await FindArticles.FindAsync(world.Database, ["gutters"], 5)).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_people_say_is_a_task_of_the_owning_team_and_an_accepted_proposal_is_their_credit()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var article = await world.PublishedAsync(new("Assess a roof", "Old") { Pins = [new("claims", "assess")] });
        var worker = await world.ColleagueAsync("frontoffice");
        (await ReportGuidance.RunAsync(world.Runtime, new(NoteKind.Proposal, "Shorter", article, "Old"), worker))
            .ShouldBeOfType<ArticleResult.Invalid>()
            .Errors["suggested"]
            .ShouldBe(["is what the article says now"]);
        (await ReportGuidance.RunAsync(world.Runtime, new(NoteKind.NoAnswer, "Who pays the scaffold?"), worker))
            .ShouldBeOfType<ArticleResult.Invalid>()
            .Errors.Keys.ShouldBe(["team"]);
        (await ReportGuidance.RunAsync(world.Runtime, new(NoteKind.Proposal, "Clearer", article, "New"), worker)).ShouldBeOfType<ArticleResult.Done>();

        var note = (
            await ReportGuidance.ListAsync(world.Database, ["claims-adjusting"], NoteKind.Proposal, article, null, isOpen: true)
        ).ShouldHaveSingleItem();
        var owner = await world.ColleagueAsync("adjuster2");
        var task = (await TaskDetail.FindAsync(world.Runtime, note.TaskId!.Value, owner))!;
        (task.Title, task.Team).ShouldBe(("Proposal for: Assess a roof", "claims-adjusting"));
        var claimed = await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "c"), owner));
        await world.DoneAsync(
            CompleteTask.RunAsync(world.Tasks, new(task.Id, claimed.Revision, "d"), "Accept", new JsonObject { ["reply"] = "Thank you!" }, owner)
        );

        var told = (await NotificationQueries.ListAsync(world.Database, unreadOnly: true, 10, worker)).ShouldHaveSingleItem();
        (told.Kind, told.Title, told.Body).ShouldBe(("guidance.decided", $"{owner.DisplayName} accepted your proposal for “Assess a roof”", "Thank you!"));
        (await ArticleQueries.FindAsync(world.Database, article, owner))!.ImprovedBy.ShouldBe([worker.DisplayName]);

        var settled = (await ReportGuidance.ListAsync(world.Database, null, null, null, "frontoffice", isOpen: false)).ShouldHaveSingleItem();
        (settled.Outcome, settled.Reply).ShouldBe(("Accept", "Thank you!"));
        (await GuidanceFigures.ReadAsync(world.Database, ["claims-adjusting"], world.Clock.GetCurrentInstant()))
            .Credits.ShouldHaveSingleItem()
            .ShouldBe(new("frontoffice", worker.DisplayName, 1));

        // Whose text it is can't approve it.
        var (writer, lead) = (await world.ColleagueAsync("adjuster1"), await world.ColleagueAsync("senior1"));
        await SaveArticle.ChangeAsync(world.Runtime, article, 3, new("Assess a roof", "New"), writer, settled.Id);
        (await ArticleQueries.FindAsync(world.Database, article, lead))!.Writers.Order().ShouldBe(["adjuster1", "frontoffice"]);
    }

    [Fact]
    public async Task A_question_at_a_task_goes_to_who_owns_the_guidance_of_its_step()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishedAsync(new("Acknowledge", "Text") { Pins = [new("claims", "acknowledge")] });
        var input = new JsonObject
        {
            ["jurisdiction"] = "GB",
            ["claimedAmount"] = 10,
            ["lossDescription"] = "x",
            ["lossDate"] = "2026-01-05",
        };
        var instance = await world.StartAsync("claims", input: input);
        var task = await world.OpenTaskAsync(instance);
        task.Team.ShouldBe("claims-intake");

        await ReportGuidance.RunAsync(world.Runtime, new(NoteKind.NoAnswer, "By when?", TaskId: task.Id), await world.ColleagueAsync("frontoffice"));
        (await ReportGuidance.ListAsync(world.Database, null, NoteKind.NoAnswer, null, null, isOpen: true))
            .ShouldHaveSingleItem()
            .Team.ShouldBe("claims-adjusting");
        (
            await ReportGuidance.RunAsync(world.Runtime, new(NoteKind.NoAnswer, "?", TaskId: task.Id), await world.ColleagueAsync("closer1"))
        ).ShouldBeOfType<ArticleResult.NotFound>();
    }

    [Fact]
    public async Task A_link_shows_customers_what_is_for_them_until_it_is_ended()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Step));
        var (me, now) = (await world.ColleagueAsync("frontoffice"), world.Clock.GetCurrentInstant());
        var secret = await world.PublishedAsync(Writers.Usual);
        (await ShareArticle.RunAsync(world.Runtime, secret, me)).Result.ShouldBeOfType<ArticleResult.Refused>();
        var open = await world.PublishedAsync(Writers.Usual with { Audience = ArticleAudience.Customer });
        var share = (await ShareArticle.RunAsync(world.Runtime, open, me)).Share!;

        (await ShareArticle.ReadAsync(world.Database, share.Code, now))!.Title.ShouldBe("Assess a roof");
        (await ShareArticle.ReadAsync(world.Database, new string('A', 22), now)).ShouldBeNull();
        (await ShareArticle.ReadAsync(world.Database, "' or true --", now)).ShouldBeNull();
        (await ShareArticle.RevokeAsync(world.Runtime, open, share.Id, await world.ColleagueAsync("closer1"))).ShouldBeOfType<ArticleResult.Forbidden>();
        (await ShareArticle.RevokeAsync(world.Runtime, open, share.Id, me)).ShouldBeOfType<ArticleResult.Done>();
        (await ShareArticle.ReadAsync(world.Database, share.Code, now)).ShouldBeNull();
        var kept = (await ShareArticle.ListAsync(world.Database, open)).ShouldHaveSingleItem();
        (kept.Views, kept.RevokedAt).ShouldBe((1, (Instant?)now));

        var second = (await ShareArticle.RunAsync(world.Runtime, open, me)).Share!;
        await ReviewArticle.RetireAsync(world.Runtime, open, 3, await world.ColleagueAsync("senior1"));
        (await ShareArticle.ReadAsync(world.Database, second.Code, now)).ShouldBeNull();
    }

    [Fact]
    public async Task Uses_are_counted_by_day_and_owners_see_what_needs_them()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Step));
        var useless = await world.PublishedAsync(Writers.Usual with { Title = "Useless" });
        var good = await world.PublishedAsync(Writers.Usual with { Title = "Good" });
        await world.PublishedAsync(Writers.Usual with { Title = "Unread", ReviewOn = world.Clock.GetCurrentInstant().InUtc().Date.PlusDays(2).ToDateOnly() });
        var now = world.Clock.GetCurrentInstant();
        for (var i = 0; i < 5; i++)
            await GuidanceUses.CountAsync(world.Database, [useless, good], GuidanceUse.Opened, GuidancePlace.Task, i, now);
        await GuidanceUses.CountAsync(world.Database, [good], GuidanceUse.Helped, GuidancePlace.Task, 0, now);
        foreach (var clicks in new[] { 1, 2 })
            await GuidanceUses.CountAsync(world.Database, [good], GuidanceUse.Opened, GuidancePlace.Customer, clicks, now);
        await GuidanceUses.MissAsync(world.Database, " Scaffold ", now);
        await GuidanceUses.MissAsync(world.Database, "scaffold", now);
        (await world.ScalarAsync<long>("select count(*) from guidance_use")).ShouldBe(4);

        world.Clock.Advance(Duration.FromDays(4));
        now = world.Clock.GetCurrentInstant();
        var figures = await GuidanceFigures.ReadAsync(world.Database, ["claims-adjusting"], now);
        (figures.Published, figures.Overdue, figures.NeverRead, figures.Useless).ShouldBe((3, 1, 1, 1));
        figures.Uses[GuidanceUse.Opened].ShouldBe(12);
        figures.Clicks.ShouldBe([new(GuidancePlace.Customer, 2, 1.5, Goal: 1, 0.5), new(GuidancePlace.Task, 10, 2, Goal: 2, 0.6)]);
        figures.Misses.ShouldHaveSingleItem().ShouldBe(new("scaffold", 2, now.InUtc().Date.PlusDays(-4).ToDateOnly()));
        var me = await world.PersonAsync("analyst");
        foreach (var (filter, title) in new[] { (ArticleFilter.Overdue, "Unread"), (ArticleFilter.NeverRead, "Unread"), (ArticleFilter.Useless, "Useless") })
            (await ArticleQueries.ListAsync(world.Database, filter, null, null, 10, me, now)).Items.ShouldHaveSingleItem().Title.ShouldBe(title);
        (await GuidanceFigures.ReadAsync(world.Database, ["mortgage-closing"], now)).Published.ShouldBe(0);
    }
}
