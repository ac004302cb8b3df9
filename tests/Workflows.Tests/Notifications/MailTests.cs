using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.Performance;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Notifications;

/// <summary>Mail, against a real SMTP server in this process.</summary>
public sealed class MailTests
{
    [Fact]
    public async Task Assigned_work_is_mailed_to_whoever_wants_that_unless_they_have_read_it()
    {
        await using var server = new MailServer();
        await using var world = await WorldAsync(server);
        await ChooseAsync(world, "adjuster1", ["task.assigned"]);
        var task = await AssignAsync(world, "adjuster1");

        await SweepAsync(world);
        server.Messages.ShouldBeEmpty("they have two minutes to read it in the product");
        world.Clock.Advance(Duration.FromMinutes(2));
        await SweepAsync(world);

        var mail = server.Messages.ShouldHaveSingleItem();
        mail.Subject.ShouldBe("Check <cover> was assigned to you (REF-1)");
        mail.To.ToString().ShouldContain("@example.com");
        mail.HtmlBody.ShouldNotBeNull().ShouldContain("Check &lt;cover&gt; was assigned to you");
        mail.HtmlBody.ShouldNotContain("<cover>");
        mail.TextBody.ShouldNotBeNull().ShouldContain("Check <cover> was");
        mail.TextBody.ShouldNotBeNull().ShouldContain($"https://work.example.com/tasks/{Ids.Text(task)}");
        mail.Headers["Auto-Submitted"].ShouldBe("auto-generated");
        mail.MessageId.ShouldStartWith(Ids.Text(await world.ScalarAsync<Guid>("select id from notification")));
        (await world.ScalarAsync<long>("select count(*) from effect")).ShouldBe(0);
    }

    [Fact]
    public async Task A_weekly_digest_comes_once_on_monday_at_seven_where_the_reader_is_with_two_hosts()
    {
        await using var server = new MailServer();
        await using var world = await WorldAsync(server);
        await using var other = await world.AnotherHostAsync();
        await ChooseAsync(world, "supervisor", ["performance.weekly"], zone: "America/New_York");
        await ChooseAsync(world, "adjuster1", ["performance.weekly"]);
        await world.StartAsync("mailing");
        await world.StartAsync("mailing", "REF-2");
        await world.KeepFiguresAsync();

        // Monday, 8 June: 6:59 in New York, then 7:00.
        world.Clock.Set(Instant.FromUtc(2026, 6, 8, 10, 59));
        (await world.Get<WeeklyDigest>().RunAsync()).ShouldBe(0);
        world.Clock.Set(Instant.FromUtc(2026, 6, 8, 11, 0));
        var told = await Task.WhenAll(world.Get<WeeklyDigest>().RunAsync(), other.Get<WeeklyDigest>().RunAsync(), world.Get<WeeklyDigest>().RunAsync());
        told.Sum().ShouldBe(1);
        world.Clock.Advance(Duration.FromMinutes(15));
        (await other.Get<WeeklyDigest>().RunAsync()).ShouldBe(0);
        await SweepAsync(world);

        var mail = server.Messages.ShouldHaveSingleItem("adjuster1 steers no team");
        mail.Subject.ShouldBe("Your week from 1 Jun");
        mail.TextBody.ShouldNotBeNull().ShouldContain("2 tasks arrived (0 the week before) and 0 were completed (0). 2 were open at the end.");
        mail.TextBody.ShouldNotBeNull().ShouldContain("https://work.example.com/performance?from=2026-06-01&to=2026-06-07");
        world.Clock.Advance(Duration.FromDays(7));
        (await world.Get<WeeklyDigest>().RunAsync()).ShouldBe(1, "the next week has its own");
    }

    // New York moved its clocks on the Sunday before; Beirut's Sunday had no midnight.
    [Theory]
    [InlineData("America/New_York", "2027-03-15T11:00:00Z")]
    [InlineData("America/New_York", "2026-11-02T12:00:00Z")]
    [InlineData("Asia/Beirut", "2027-03-29T04:00:00Z")]
    public async Task A_weekly_digest_comes_at_seven_by_the_clock_after_a_clock_change_too(string zone, string seven)
    {
        await using var server = new MailServer();
        await using var world = await WorldAsync(server);
        await ChooseAsync(world, "supervisor", ["performance.weekly"], zone: zone);
        var at = NodaTime.Text.InstantPattern.General.Parse(seven).Value;

        world.Clock.Set(at - Duration.FromMinutes(1));
        (await world.Get<WeeklyDigest>().RunAsync()).ShouldBe(0);
        world.Clock.Set(at);
        (await world.Get<WeeklyDigest>().RunAsync()).ShouldBe(1);
        var monday = at.InZone(DateTimeZoneProviders.Tzdb[zone]).Date.PlusDays(-7);
        (await world.ScalarAsync<string>("select title from notification")).ShouldBe(
            $"Your week from {monday.ToString("d MMM", System.Globalization.CultureInfo.InvariantCulture)}"
        );
    }

    [Fact]
    public async Task A_link_to_choose_a_password_is_mailed_at_once_unless_it_no_longer_works()
    {
        await using var server = new MailServer();
        await using var world = await WorldAsync(server);
        var links = world.Get<PasswordLinks>();
        var id = (await world.PersonAsync("adjuster1")).Id;
        var made = (await links.MakeAsync(id, "admin")).ShouldBeOfType<PasswordLinkResult.Made>();
        await SweepAsync(world);

        var mail = server.Messages.ShouldHaveSingleItem();
        mail.Subject.ShouldBe("Choose your password");
        mail.To.ToString().ShouldContain("daniel.brandt@example.com");
        mail.TextBody.ShouldNotBeNull().ShouldContain($"https://work.example.com/choose-password?token={made.Token}");
        mail.TextBody.ShouldNotBeNull().ShouldContain("Your user name is adjuster1.");

        var next = (await links.MakeAsync(id, "admin")).ShouldBeOfType<PasswordLinkResult.Made>();
        (await links.ChooseAsync(next.Token, "four quiet evenings")).ShouldBeOfType<PasswordChoice.Chosen>();
        await SweepAsync(world);
        server.Messages.Count.ShouldBe(1);
        (await world.ScalarAsync<long>("select count(*) from effect")).ShouldBe(0);
    }

    [Fact]
    public async Task What_was_read_in_time_is_not_mailed_and_neither_is_what_nobody_asked_for()
    {
        await using var server = new MailServer();
        await using var world = await WorldAsync(server);
        await AssignAsync(world, "adjuster2");
        (await world.ScalarAsync<long>("select count(*) from effect")).ShouldBe(0);

        await ChooseAsync(world, "adjuster1", ["task.assigned"]);
        await AssignAsync(world, "adjuster1");
        await NotificationQueries.ReadAllAsync(world.Runtime, await world.PersonAsync("adjuster1"));
        world.Clock.Advance(Duration.FromMinutes(2));
        await SweepAsync(world);
        server.Messages.ShouldBeEmpty();
        (await world.ScalarAsync<long>("select count(*) from effect")).ShouldBe(0);
    }

    [Fact]
    public async Task Quiet_hours_put_mail_off_to_their_end()
    {
        await using var server = new MailServer();
        await using var world = await WorldAsync(server);
        await ChooseAsync(world, "adjuster1", ["task.assigned"], new(20, 0), new(7, 30), "Europe/London");
        world.Clock.Advance(Instant.FromUtc(2026, 7, 1, 21, 0) - world.Clock.Now());
        await AssignAsync(world, "adjuster1");
        world.Clock.Advance(Duration.FromHours(1));
        await SweepAsync(world);
        server.Messages.ShouldBeEmpty();

        // 07:30 in London is 06:30 UTC in July.
        (await world.ScalarAsync<DateTime>("select due_at from effect")).ShouldBe(new DateTime(2026, 7, 2, 6, 30, 0, DateTimeKind.Utc));
        world.Clock.Advance(Instant.FromUtc(2026, 7, 2, 6, 30) - world.Clock.Now());
        await SweepAsync(world);
        server.Messages.Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_organisations_choice_holds_for_whoever_has_not_chosen()
    {
        await using var server = new MailServer();
        await using var world = await WorldAsync(server);
        (
            await NotificationPreferences.SaveAsync(
                world.Runtime,
                null,
                NotificationPreferences.Default with
                {
                    EmailKinds = ["task.assigned"],
                },
                await world.PersonAsync("admin")
            )
        ).ShouldBe(1);
        await ChooseAsync(world, "adjuster2", []);
        await AssignAsync(world, "adjuster2");
        await AssignAsync(world, "adjuster1");
        world.Clock.Advance(Duration.FromMinutes(2));
        await SweepAsync(world);
        server.Messages.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_link_to_follow_a_case_is_mailed_in_the_customers_language_and_its_code_is_kept_nowhere()
    {
        await using var server = new MailServer();
        await using var world = await WorldAsync(server);
        var id = await world.StartAsync("mailing");
        var front = await world.PersonAsync("frontoffice");
        await world.ScalarAsync<string>("update customer set emails = '{marta@example.com}', languages = '{de,en}' where number = 'C-1' returning number");
        (await MakeAsync("someone@example.com")).ShouldBeOfType<LinkResult.Invalid>().Field.ShouldBe("sendTo");

        var sent = (await MakeAsync("marta@example.com")).ShouldBeOfType<LinkResult.Made>();
        (await world.ScalarAsync<string>("select payload::text from effect")).ShouldNotContain(sent.Code);
        var revoked = (await MakeAsync("marta@example.com")).ShouldBeOfType<LinkResult.Made>();
        await OwnViewLinks.RevokeAsync(world.Runtime, id, revoked.Id, front);
        await SweepAsync(world);

        var mail = server.Messages.ShouldHaveSingleItem();
        mail.To.ToString().ShouldContain("marta@example.com");
        mail.Subject.ShouldBe("Ihr Vorgang REF-1 bei uns");
        mail.TextBody.ShouldNotBeNull().ShouldContain($"https://work.example.com/follow/{sent.Code}");
        (await OwnViewLinks.FindAsync(world.Database, sent.Code, world.Clock.Now())).ShouldNotBeNull().Case.ShouldBe(id);
        var actions = await world.ActionsAsync(id);
        actions.Count(action => action == "own-view.link-made").ShouldBe(2);
        actions.Count(action => action is "effect.done" or "effect.dropped").ShouldBe(2);
        (await world.ScalarAsync<string>("select string_agg(payload::text, '') from event")).ShouldSatisfyAllConditions(
            told => told.ShouldContain("marta@example.com"),
            told => told.ShouldNotContain(sent.Code)
        );

        await world.ScalarAsync<string>(
            """
            update customer set consents = '[{ "what": "E-mail", "since": "2026-01-01", "withdrawn": "2026-02-01" }]' where number = 'C-1' returning number
            """
        );
        (await MakeAsync("marta@example.com"))
            .ShouldBeOfType<LinkResult.Invalid>()
            .Reason.ShouldBe("can't be used: the customer withdrew their consent to email");

        Task<LinkResult> MakeAsync(string to) =>
            OwnViewLinks.MakeAsync(world.Runtime, world.Get<MailOwnViewLink>(), id, new(null, 30, false) { SendTo = to }, front);
    }

    [Fact]
    public async Task Consent_that_was_withdrawn_in_a_merged_duplicate_stops_the_mail_until_the_merge_is_undone()
    {
        await using var server = new MailServer();
        await using var world = await WorldAsync(server);
        var id = await world.StartAsync("mailing");
        var front = await world.PersonAsync("frontoffice");
        await world.ScalarAsync<string>("update customer set emails = '{marta@example.com}' where number = 'C-1' returning number");
        var record = (await CustomerQueries.OfNumberAsync(world.Database, "C-1", front, world.Clock.Now()))!.Id;
        var withdrawn = new Consent("email", new DateOnly(2026, 1, 1), new DateOnly(2026, 2, 1));
        var duplicate = (CustomerResult.Done)await SaveCustomer.AddAsync(world.Runtime, new("C-2", "Marta Nowak") { Consents = [withdrawn] }, front);
        (await MakeAsync()).ShouldBeOfType<LinkResult.Made>();

        await MergeCustomers.RunAsync(world.Runtime, duplicate.Id, record, front);
        (await MakeAsync()).ShouldBeOfType<LinkResult.Invalid>().Reason.ShouldBe("can't be used: the customer withdrew their consent to email");
        await SweepAsync(world);
        server.Messages.ShouldBeEmpty();

        await MergeCustomers.UndoAsync(world.Runtime, duplicate.Id, front);
        (await MakeAsync()).ShouldBeOfType<LinkResult.Made>();

        Task<LinkResult> MakeAsync() =>
            OwnViewLinks.MakeAsync(world.Runtime, world.Get<MailOwnViewLink>(), id, new(null, 30, false) { SendTo = "marta@example.com" }, front);
    }

    [Fact]
    public async Task Who_has_a_link_by_mail_is_asked_once_for_a_rating_when_the_case_ends_and_links_go_on_working()
    {
        await using var server = new MailServer();
        await using var world = await WorldAsync(server);
        var (front, supervisor) = (await world.PersonAsync("frontoffice"), await world.PersonAsync("supervisor"));
        await SaveCustomer.AddAsync(world.Runtime, new("C-1", "Marta Novak") { Emails = ["marta@example.com"], Languages = ["de"] }, front);
        var (mailed, handed, refused) = (
            await world.StartAsync("mailing", "ONE"),
            await world.StartAsync("mailing", "TWO"),
            await world.StartAsync("mailing", "SIX")
        );
        var first = await MakeAsync(mailed, "marta@example.com");
        var copied = await MakeAsync(handed, null);
        await MakeAsync(refused, "marta@example.com");
        await SweepAsync(world);
        server.Messages.Count.ShouldBe(2);
        world.Clock.Advance(Duration.FromDays(20));
        (await EndAsync()).ShouldBe(0, "they go on");

        await CancelCase.RunAsync(world.Runtime, mailed, "Done", supervisor);
        await CancelCase.RunAsync(world.Runtime, handed, "Done", supervisor);
        (await EndAsync()).ShouldBe(2);
        await SweepAsync(world);
        var mail = server.Messages[^1];
        (server.Messages.Count, mail.Subject).ShouldBe((3, "Wie zufrieden sind Sie mit ONE?"));
        var code = mail.TextBody.ShouldNotBeNull().Split("/follow/")[1].Split('\n')[0].Trim();
        (await OwnViewLinks.FindAsync(world.Database, code, world.Clock.Now())).ShouldNotBeNull().Case.ShouldBe(mailed);
        (await world.ActionsAsync(mailed)).Count(action => action == "own-view.rating-asked").ShouldBe(1);
        (await world.ActionsAsync(handed)).ShouldNotContain("own-view.rating-asked");

        // Consent that was withdrawn since then counts.
        await world.ScalarAsync<string>(
            """update customer set consents = '[{ "what": "email", "since": "2026-01-01", "withdrawn": "2026-02-01" }]' returning number"""
        );
        await CancelCase.RunAsync(world.Runtime, refused, "Done", supervisor);
        (await EndAsync()).ShouldBe(1);
        (await EndAsync()).ShouldBe(0);
        await SweepAsync(world);
        server.Messages.Count.ShouldBe(3);

        world.Clock.Advance(Duration.FromDays(29));
        foreach (var link in (string[])[first.Code, copied.Code, code])
            (await OwnViewLinks.FindAsync(world.Database, link, world.Clock.Now())).ShouldNotBeNull();
        world.Clock.Advance(Duration.FromDays(1));
        foreach (var link in (string[])[first.Code, copied.Code, code])
            (await OwnViewLinks.FindAsync(world.Database, link, world.Clock.Now())).ShouldBeNull();

        Task<int> EndAsync() => world.Get<EndOfCase>().SweepAsync(100);

        async Task<LinkResult.Made> MakeAsync(Guid @case, string? to) =>
            (
                await OwnViewLinks.MakeAsync(world.Runtime, world.Get<MailOwnViewLink>(), @case, new(null, 30, false) { SendTo = to }, front)
            ).ShouldBeOfType<LinkResult.Made>();
    }

    [Fact]
    public async Task A_mail_server_that_is_away_costs_no_mail()
    {
        var server = new MailServer();
        await using var world = await WorldAsync(server);
        await ChooseAsync(world, "adjuster1", ["task.assigned"]);
        await AssignAsync(world, "adjuster1");
        server.Refuses = true;
        world.Clock.Advance(Duration.FromMinutes(2));
        await SweepAsync(world);
        server.Messages.ShouldBeEmpty();
        server.Refuses = false;
        world.Clock.Advance(Duration.FromSeconds(2));
        await SweepAsync(world);
        server.Messages.ShouldHaveSingleItem();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Two_people_changing_the_same_choice_are_told()
    {
        await using var world = await World.CreateAsync();
        var person = await world.PersonAsync("adjuster1");
        (await NotificationPreferences.SaveAsync(world.Runtime, person.Id, NotificationPreferences.Default, person)).ShouldBe(1);
        (await NotificationPreferences.SaveAsync(world.Runtime, person.Id, NotificationPreferences.Default, person)).ShouldBeNull("it is based on revision 0");
        (await NotificationPreferences.SaveAsync(world.Runtime, person.Id, NotificationPreferences.Default with { Revision = 1 }, person)).ShouldBe(2);
        (await NotificationPreferences.OfAsync(world.Database, person.Id)).Revision.ShouldBe(2);
    }

    [Theory]
    [InlineData("task.unknown", null, null, null, "emailKinds")]
    [InlineData("task.assigned", "25:00", "07:00", null, "quietFrom")]
    [InlineData("task.assigned", "20:00", null, null, "quietTo")]
    [InlineData("task.assigned", "20:00", "20:00", null, "quietTo")]
    [InlineData("task.assigned", "20:00", "07:00", "Mars/Olympus", "timeZone")]
    public void Nonsense_is_refused_by_field(string kind, string? from, string? to, string? zone, string field) =>
        NotificationPreferences.Check([kind], from, to, zone, out _).Keys.ShouldBe([field]);

    private static async Task<World> WorldAsync(MailServer server)
    {
        var world = await World.CreateAsync(
            new MailSettings
            {
                Host = "127.0.0.1",
                Port = server.Port,
                Security = MailSecurity.None,
                From = "Orchestration <no-reply@example.com>",
                PublicUrl = new("https://work.example.com"),
            }
        );
        await world.PublishAsync(
            "mailing",
            (
                "check",
                """
                "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Check <cover>" } },
                  "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-adjusting" } }
                """
            )
        );
        return world;
    }

    private static async Task ChooseAsync(World world, string userName, string[] kinds, LocalTime? from = null, LocalTime? to = null, string zone = "Etc/UTC")
    {
        var person = await world.PersonAsync(userName);
        (await NotificationPreferences.SaveAsync(world.Runtime, person.Id, new(kinds, from, to, zone, 0), person)).ShouldBe(1);
    }

    private static async Task<Guid> AssignAsync(World world, string userName)
    {
        var instance = await world.StartAsync("mailing", $"REF-{await world.ScalarAsync<long>("select count(*) + 1 from journey_case")}");
        var task = await world.OpenTaskAsync(instance);
        await world.DoneAsync(
            AssignTask.RunAsync(world.Tasks, new(task.Id, task.Revision, $"assign-{Ids.Text(task.Id)}"), userName, null, await world.PersonAsync("supervisor"))
        );
        return task.Id;
    }

    private static Task<int> SweepAsync(World world) => world.Get<Engine.Runtime.Effects>().SweepAsync(50);
}
