using System.Text;
using System.Text.Json;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.Performance;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.OwnView;

/// <summary>A customer follows their case with a link, and acts on it.</summary>
public sealed class OwnViewTests
{
    private const string Assess = """ "title": "Assess", "team": "claims-adjusting", "outcomes": ["Done"] """;
    internal static readonly byte[] Pdf = Encoding.ASCII.GetBytes("%PDF-1.7\nthe estimate");

    [Fact]
    public async Task A_link_works_until_it_expires_or_is_revoked_and_the_database_has_no_code()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var front = await world.PersonAsync("frontoffice");
        var first = await MakeAsync(world, id);
        var second = await MakeAsync(world, id, days: 60);

        first.Code.Length.ShouldBe(27);
        (await world.ScalarAsync<string>("select string_agg(l::text, '') from own_view_link l")).ShouldNotContain(first.Code);
        (await FindAsync(world, first.Code)).ShouldNotBeNull().Case.ShouldBe(id);
        (await FindAsync(world, first.Code[..26] + (first.Code[26] == 'A' ? 'B' : 'A'))).ShouldBeNull();
        (await FindAsync(world, "")).ShouldBeNull();
        (await OwnViewLinks.RevokeAsync(world.Runtime, Ids.New(world.Clock.GetCurrentInstant()), first.Id, front)).ShouldBeOfType<LinkResult.NotFound>();

        (await OwnViewLinks.RevokeAsync(world.Runtime, id, first.Id, front)).ShouldBeOfType<LinkResult.Revoked>();
        (await OwnViewLinks.RevokeAsync(world.Runtime, id, first.Id, front)).ShouldBeOfType<LinkResult.Revoked>();
        (await FindAsync(world, first.Code)).ShouldBeNull();
        world.Clock.Advance(Duration.FromDays(59));
        (await FindAsync(world, second.Code)).ShouldNotBeNull();
        world.Clock.Advance(Duration.FromDays(1));
        (await FindAsync(world, second.Code)).ShouldBeNull();
        (await world.ActionsAsync(id))
            .Where(a => a.StartsWith("own-view", StringComparison.Ordinal))
            .ShouldBe(["own-view.link-made", "own-view.link-made", "own-view.link-revoked"]);
    }

    [Fact]
    public async Task A_link_is_refused_with_field_and_reason()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var front = await world.PersonAsync("frontoffice");
        await RefusedAsync(new(null, 0, false), "days");
        await RefusedAsync(new(null, 366, false), "days");
        await RefusedAsync(new("fr", 30, false), "language");
        await RefusedAsync(new("de", 30, true), "asksBirth");
        (
            await OwnViewLinks.MakeAsync(world.Runtime, world.Get<MailOwnViewLink>(), Ids.New(world.Clock.GetCurrentInstant()), new(null, 30, false), front)
        ).ShouldBeOfType<LinkResult.NotFound>();

        async Task RefusedAsync(LinkRequest request, string field) =>
            (await OwnViewLinks.MakeAsync(world.Runtime, world.Get<MailOwnViewLink>(), id, request, front))
                .ShouldBeOfType<LinkResult.Invalid>()
                .Field.ShouldBe(field);
    }

    [Fact]
    public async Task Guessing_at_the_date_of_birth_slows_down_and_in_the_end_revokes_the_link()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var front = await world.PersonAsync("frontoffice");
        var customer = (await CustomerQueries.OfNumberAsync(world.Database, "C-1", front, world.Clock.Now()))!;
        var born = new DateOnly(1968, 4, 12);
        await SaveCustomer.ChangeAsync(world.Runtime, customer.Id, null, customer.Data with { BornOn = born }, front);
        var made = await MakeAsync(world, id, asksBirth: true, days: 365);
        var link = (await FindAsync(world, made.Code))!;
        (await OwnViewLinks.KnowsBirthAsync(world.Runtime, link, born)).ShouldBeTrue();

        for (var i = 0; i < 5; i++)
            (await OwnViewLinks.KnowsBirthAsync(world.Runtime, link, born.AddDays(i + 1))).ShouldBeFalse();
        (await OwnViewLinks.KnowsBirthAsync(world.Runtime, link, born)).ShouldBeFalse();
        world.Clock.Advance(Duration.FromMinutes(15));
        (await OwnViewLinks.KnowsBirthAsync(world.Runtime, link, born)).ShouldBeTrue();

        for (var i = 0; i < 15; i++)
        {
            (await OwnViewLinks.KnowsBirthAsync(world.Runtime, link, null)).ShouldBeFalse();
            world.Clock.Advance(Duration.FromDays(11));
        }

        (await FindAsync(world, made.Code)).ShouldBeNull();
        (await OwnViewLinks.KnowsBirthAsync(world.Runtime, link, born)).ShouldBeFalse();
        (await world.ActionsAsync(id)).ShouldContain("own-view.link-revoked");
    }

    [Fact]
    public async Task The_customer_sees_stages_dates_and_messages_and_nothing_of_ours()
    {
        await using var world = await WorldAsync();
        await world.LoadShippedAsync();
        var id = await StartClaimAsync(world);
        var front = await world.PersonAsync("frontoffice");
        await Promises.MakeAsync(world.Get<ClockRuntime>(), id, new("Call back about the cover", world.Clock.Now() + Duration.FromHours(30)), front);
        (await WriteToCustomer.RunAsync(world.Runtime, id, null, "Hello", front)).ShouldBeNull();
        await RecordContact.RunAsync(
            world.Tasks,
            (await CustomerQueries.OfNumberAsync(world.Database, "C-1", front, world.Clock.Now()))!.Id,
            new(ContactChannel.Call, true, ContactOutcome.Answered, "Was rude on the phone", id),
            front
        );

        var seen = await ReadAsync(world, id);
        seen.Title!.In("de").ShouldBe("Ihr Schadenfall");
        seen.Stages.Select(s => (s.Stage.Title.En, s.State))
            .ShouldBe([
                ("We have received your claim", StageState.Now),
                ("We assess the loss", StageState.Next),
                ("We decide", StageState.Next),
                ("We pay", StageState.Next),
            ]);
        seen.Dates[0].What.ShouldBe("Call back about the cover");
        seen.Messages.ShouldHaveSingleItem().Text.ShouldBe("Hello");
        seen.Messages[0].From.ShouldBe(front.DisplayName.Split(' ')[0]);
        seen.Facts.Select(f => f.Fact.Name).ShouldBe(["lossDescription", "claimedAmount", "lossDate"], ignoreOrder: true);
        seen.Needs.ShouldBeEmpty();
        JsonSerializer.Serialize(seen).ShouldNotContain("rude");
    }

    [Fact]
    public async Task A_journey_without_words_for_customers_has_stages_that_say_nothing_of_its_steps()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var seen = await ReadAsync(world, id);
        seen.Title.ShouldBeNull();
        seen.Stages.Select(s => s.State).ShouldBe([StageState.Done, StageState.Now, StageState.Next]);
        JsonSerializer.Serialize(seen.Stages).ShouldNotContain("Assess");
    }

    [Fact]
    public async Task An_answer_resumes_the_step_that_waits_once_and_its_owner_is_told()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var adjuster = await world.PersonAsync("adjuster1");
        var task = await WaitingAsync(world, id);
        await WriteToCustomer.RunAsync(world.Runtime, id, task, "How high is the repair estimate?", adjuster);
        (await ReadAsync(world, id)).Needs.ShouldHaveSingleItem().Question.ShouldBe("How high is the repair estimate?");
        var link = await LinkAsync(world, id);
        var answer = new CustomerMessage("It is 900 pounds.", [new("estimate.pdf", "application/pdf", Pdf)], task, IsAll: true, "form-1");

        (await CustomerAnswers.SendAsync(world.Tasks, link, answer)).ShouldBeOfType<OwnViewResult.Done>();
        (await CustomerAnswers.SendAsync(world.Tasks, link, answer)).ShouldBeOfType<OwnViewResult.Done>();

        var after = await world.OpenTaskAsync(id);
        after.State.ShouldBe(TaskState.InProgress);
        (await NoteQueries.CommentsAsync(world.Database, task)).ShouldHaveSingleItem().AuthorName.ShouldBe(FollowedCase.Actor);
        (await NoteQueries.AttachmentsAsync(world.Database, task)).ShouldHaveSingleItem().Name.ShouldBe("estimate.pdf");
        var seen = await ReadAsync(world, id);
        seen.Needs.ShouldBeEmpty();
        seen.Messages.Select(m => (m.FromCustomer, m.Text))
            .ShouldBe([(true, "It is 900 pounds."), (false, "How high is the repair estimate?")], ignoreOrder: true);
        seen.Files.ShouldHaveSingleItem();
        (await world.ActionsAsync(id)).Count(a => a == "task.resumed").ShouldBe(1);
        (await world.ScalarAsync<int>("select count(*)::int from notification where title = 'The customer answered: Assess'")).ShouldBe(1);
    }

    [Fact]
    public async Task What_is_not_everything_leaves_the_step_waiting_and_a_withdrawn_question_is_kept_as_a_message()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var task = await WaitingAsync(world, id);
        var link = await LinkAsync(world, id);
        await CustomerAnswers.SendAsync(world.Tasks, link, new("Part one", [], task, IsAll: false, "form-1"));
        (await world.OpenTaskAsync(id)).State.ShouldBe(TaskState.Suspended);

        var detail = await world.OpenTaskAsync(id);
        await world.DoneAsync(ResumeTask.RunAsync(world.Tasks, new(task, detail.Revision, "back"), await world.PersonAsync("adjuster1")));
        (await CustomerAnswers.SendAsync(world.Tasks, link, new("Part two", [], task, IsAll: true, "form-2"))).ShouldBeOfType<OwnViewResult.Done>();
        (await world.ActionsAsync(id)).Count(a => a == "task.resumed").ShouldBe(1);
        (await ReadAsync(world, id)).Messages.Count.ShouldBe(2);
    }

    [Fact]
    public async Task What_cannot_be_taken_is_refused_and_changes_nothing()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var link = await LinkAsync(world, id);
        var before = await world.ActionsAsync(id);
        await RefusedAsync("  ", [], OwnViewProblem.Empty);
        await RefusedAsync(new string('x', 4001), [], OwnViewProblem.TooLong);
        await RefusedAsync("\u0001", [], OwnViewProblem.Unfit);
        await RefusedAsync("", [new("virus.exe", null, Pdf)], OwnViewProblem.FileType);
        await RefusedAsync("", [new("page.pdf", null, Encoding.ASCII.GetBytes("<script>"))], OwnViewProblem.FileType);
        await RefusedAsync("", [new("big.pdf", null, [.. Pdf, .. new byte[AttachToTask.MaxBytes]])], OwnViewProblem.FileTooLarge);
        await RefusedAsync("", [.. Enumerable.Range(0, 6).Select(i => new SentFile($"{i}.pdf", null, Pdf))], OwnViewProblem.TooManyFiles);
        (await world.ActionsAsync(id)).ShouldBe(before);

        for (var i = 0; i < CustomerAnswers.MostInADay; i++)
            (await SendAsync($"Message {i}", [])).ShouldBeOfType<OwnViewResult.Done>();
        await RefusedAsync("One more", [], OwnViewProblem.TooMuch);
        world.Clock.Advance(Duration.FromHours(25));
        (await SendAsync("Tomorrow", [])).ShouldBeOfType<OwnViewResult.Done>();
        await OwnViewLinks.RevokeAsync(world.Runtime, id, link.Link, await world.PersonAsync("frontoffice"));
        (await SendAsync("Too late", [])).ShouldBeOfType<OwnViewResult.Gone>();

        async Task RefusedAsync(string text, SentFile[] files, OwnViewProblem problem) =>
            (await SendAsync(text, files)).ShouldBeOfType<OwnViewResult.Refused>().Problem.ShouldBe(problem);

        Task<OwnViewResult> SendAsync(string text, SentFile[] files) =>
            CustomerAnswers.SendAsync(world.Tasks, link, new(text, files, null, false, Ids.New(world.Clock.GetCurrentInstant()).ToString()));
    }

    [Fact]
    public async Task Contact_data_go_to_the_record_with_history_and_the_rest_of_it_stays()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var front = await world.PersonAsync("frontoffice");
        var record = (await CustomerQueries.OfNumberAsync(world.Database, "C-1", front, world.Clock.Now()))!;
        var data = record.Data with { Phones = ["+44 20 7946 0001", "+44 20 7946 0002"], Vulnerability = "Recently bereaved" };
        await SaveCustomer.ChangeAsync(world.Runtime, record.Id, null, data, front);
        var link = await LinkAsync(world, id);

        (await CustomerContactData.SaveAsync(world.Runtime, link, new("", "", ""))).ShouldBeOfType<OwnViewResult.Done>();
        (await CustomerContactData.SaveAsync(world.Runtime, link, new("marta@example.com", "+44 20 7946 0009", ""))).ShouldBeOfType<OwnViewResult.Done>();
        (await CustomerContactData.SaveAsync(world.Runtime, link, new("nobody", "", "")))
            .ShouldBeOfType<OwnViewResult.Refused>()
            .Problem.ShouldBe(OwnViewProblem.Email);

        var after = (await CustomerQueries.FindAsync(world.Database, record.Id, front, world.Clock.Now()))!.Data;
        after.Emails.ShouldBe(["marta@example.com"]);
        after.Phones.ShouldBe(["+44 20 7946 0009", "+44 20 7946 0002"]);
        after.Vulnerability.ShouldBe("Recently bereaved");
        var (events, _) = await CustomerHistory.ReadAsync(world.Database, record.Id, CustomerEvents.All, null, 50, front, world.Clock.Now());
        events
            .Where(e => e.Event.Actor == FollowedCase.Actor)
            .Select(e => e.Event.Action)
            .ShouldBe(["customer.confirmed", "customer.changed"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_case_is_rated_when_it_has_ended_and_the_last_rating_counts_once()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var link = await LinkAsync(world, id, days: 90);
        (await RateAsync(5, 10)).ShouldBeOfType<OwnViewResult.Refused>().Problem.ShouldBe(OwnViewProblem.NotNow);
        (await ReadAsync(world, id)).TakesRating.ShouldBeFalse();
        await CancelCase.RunAsync(world.Runtime, id, "No longer needed", await world.PersonAsync("supervisor"));

        (await RateAsync(6, null)).ShouldBeOfType<OwnViewResult.Refused>().Problem.ShouldBe(OwnViewProblem.Score);
        (await RateAsync(null, 3)).ShouldBeOfType<OwnViewResult.Refused>().Problem.ShouldBe(OwnViewProblem.Score);
        (await RateAsync(2, 3)).ShouldBeOfType<OwnViewResult.Done>();
        (await RateAsync(4, 9)).ShouldBeOfType<OwnViewResult.Done>();
        (await RateAsync(4, 9)).ShouldBeOfType<OwnViewResult.Done>();
        var seen = await ReadAsync(world, id);
        (seen.Rating!.Satisfaction, seen.Rating.Recommend, seen.TakesRating).ShouldBe((4, 9, true));
        seen.Stages.ShouldAllBe(stage => stage.State == StageState.Done);
        (await world.ActionsAsync(id)).Count(a => a == "case.rated").ShouldBe(2);

        await world.Get<KeepFigures>().RunAsync();
        var day = world.Clock.Now().InUtc().Date;
        var report = await ReadFigures.RunAsync(world.Database, new(day.PlusDays(-7), day.PlusDays(1)));
        Kpi.Find("satisfaction")!.Of(report.Total).ShouldSatisfyAllConditions(k => k.Value.ShouldBe(1), k => k.Samples.ShouldBe(1));
        Kpi.Find("nps")!.Of(report.Total).Value.ShouldBe(100);

        world.Clock.Advance(ReadOwnView.RatingTime);
        (await RateAsync(1, 0)).ShouldBeOfType<OwnViewResult.Refused>().Problem.ShouldBe(OwnViewProblem.NotNow);

        Task<OwnViewResult> RateAsync(int? satisfaction, int? recommend) => RateCase.RunAsync(world.Runtime, link, satisfaction, recommend, "");
    }

    [Fact]
    public async Task Looking_again_and_again_is_one_visit_in_half_an_hour()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var link = await LinkAsync(world, id);
        for (var i = 0; i < 3; i++)
            await OwnViewLinks.VisitedAsync(world.Database, link, world.Clock.Now());
        world.Clock.Advance(Duration.FromHours(2));
        await OwnViewLinks.VisitedAsync(world.Database, link, world.Clock.Now());
        (await OwnViewLinks.ListAsync(world.Database, [id])).ShouldHaveSingleItem().Visits.ShouldBe(2);
    }

    internal static async Task<World> WorldAsync()
    {
        var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Assess));
        return world;
    }

    private static async Task<Guid> StartClaimAsync(World world) =>
        await world.StartAsync(
            "claims",
            "CLM-1",
            new()
            {
                ["jurisdiction"] = "GB",
                ["claimedAmount"] = 900,
                ["lossDescription"] = "Burst pipe",
                ["lossDate"] = "2026-01-03",
            }
        );

    private static async Task<LinkResult.Made> MakeAsync(World world, Guid id, int days = 30, bool asksBirth = false) =>
        (
            await OwnViewLinks.MakeAsync(world.Runtime, world.Get<MailOwnViewLink>(), id, new(null, days, asksBirth), await world.PersonAsync("frontoffice"))
        ).ShouldBeOfType<LinkResult.Made>();

    private static Task<FollowedCase?> FindAsync(World world, string code) => OwnViewLinks.FindAsync(world.Database, code, world.Clock.Now());

    internal static async Task<FollowedCase> LinkAsync(World world, Guid id, int days = 30) =>
        (await FindAsync(world, (await MakeAsync(world, id, days)).Code))!;

    internal static async Task<OwnViewCase> ReadAsync(World world, Guid id) =>
        (await ReadOwnView.RunAsync(world.Runtime, await LinkAsync(world, id), world.Clock.Now()))!;

    /// <summary>The task, begun by an adjuster and waiting for the customer.</summary>
    internal static async Task<Guid> WaitingAsync(World world, Guid id)
    {
        var adjuster = await world.PersonAsync("adjuster1");
        var task = await world.OpenTaskAsync(id);
        var claimed = await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "claim"), adjuster));
        var started = await world.DoneAsync(StartTask.RunAsync(world.Tasks, new(task.Id, claimed.Revision, "start"), adjuster));
        await world.DoneAsync(SuspendTask.RunAsync(world.Tasks, new(task.Id, started.Revision, "wait"), "waitingForCustomer", null, null, adjuster));
        return task.Id;
    }
}
