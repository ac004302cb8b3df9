using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;
using Orchestration.Workflows.Tests.Webhooks;
using Orchestration.Workflows.Webhooks;

namespace Orchestration.Workflows.Tests.ServiceLevels;

/// <summary>What each action of an escalation ladder does, with its history and who is told.</summary>
public sealed class LadderActionTests
{
    [Fact]
    public async Task A_watcher_is_told_sees_the_task_and_is_told_of_what_follows()
    {
        await using var world = await WorldAsync(
            """
            { "percent": 50, "actions": [{ "action": "addWatcher", "who": "compliance" }] },
              { "percent": 75, "actions": [{ "action": "notify", "to": "owner" }] }
            """
        );
        var (owner, compliance) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("compliance"));
        var desk = await ClaimedAsync(world, owner);

        await SweepAtAsync(world, Duration.FromHours(5));
        (await world.OpenTaskAsync(desk.Case)).Watchers.ShouldBe(["Grace Okafor"]);
        (await ToldAsync(world)).ShouldBe(["compliance task.watched"]);
        (await world.ActionsAsync(desk.Case)).ShouldContain("task.watched");

        await SweepAtAsync(world, Duration.FromHours(8));
        (await ToldAsync(world)).ShouldBe(["adjuster1 sla.reminder", "compliance sla.reminder", "compliance task.watched"]);
        var task = await Desk.AtAsync(world, desk.Case);
        await CommentOnTask.RunAsync(world.Tasks, task.Next, "The customer called.", await world.PersonAsync("supervisor"));
        await task.DoneAsync(CompleteTask.RunAsync(world.Tasks, task.Next, null, [], owner));
        (await ToldAsync(world)).ShouldBe([
            "adjuster1 sla.reminder",
            "adjuster1 task.comment",
            "compliance sla.reminder",
            "compliance task.comment",
            "compliance task.watched",
            "compliance task.watched",
        ]);
        (await TaskDetail.FindAsync(world.Runtime, task.Task, compliance)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Preferred_skills_let_their_holders_come_first_until_the_ladder_relaxes_them()
    {
        await using var world = await WorldAsync(
            """{ "percent": 90, "actions": [{ "action": "raisePriority", "by": 1 }, { "action": "relaxSkills" }] }""",
            ("preferredSkills", "List<String>", new[] { "motor-claims" })
        );
        var id = await world.StartAsync("one");
        var desk = await Desk.AtAsync(world, id);
        var (plain, skilled) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("adjuster2"));
        (await OpenAsync(world, plain)).ShouldBeEmpty();
        (await OpenAsync(world, skilled)).ShouldBe([desk.Task]);
        (await ClaimTask.RunAsync(world.Tasks, desk.Next, plain)).ShouldBeOfType<TaskResult.Forbidden>().Reason.ShouldContain("motor-claims");
        (await world.OpenTaskAsync(id)).PreferredSkills.ShouldBe(["motor-claims"]);

        await SweepAtAsync(world, Duration.FromHours(9));
        (await world.OpenTaskAsync(id)).ShouldSatisfyAllConditions(t => t.PreferredSkills.ShouldBeEmpty(), t => t.Priority.ShouldBe((short)2));
        (await world.ActionsAsync(id)).ShouldContain("task.skills-relaxed");
        (await OpenAsync(world, plain)).ShouldBe([desk.Task]);
        desk.Revision = (await world.OpenTaskAsync(id)).Revision;
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, plain));
    }

    [Fact]
    public async Task A_preferred_skill_that_no_candidate_has_keeps_nobody_away_and_a_required_one_is_never_relaxed()
    {
        await using var world = await WorldAsync(
            """{ "percent": 10, "actions": [{ "action": "relaxSkills" }] }""",
            ("preferredSkills", "List<String>", new[] { "trid-disclosures" }),
            ("requiredSkills", "List<String>", new[] { "motor-claims" })
        );
        var desk = await Desk.AtAsync(world, await world.StartAsync("one"));
        await SweepAtAsync(world, Duration.FromHours(2));
        desk.Revision = 2;
        (await ClaimTask.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("adjuster1")))
            .ShouldBeOfType<TaskResult.Forbidden>()
            .Reason.ShouldContain("requires");

        var other = await Desk.AtAsync(world, await world.StartAsync("one", "REF-2"));
        await other.DoneAsync(ClaimTask.RunAsync(world.Tasks, other.Next, await world.PersonAsync("adjuster2")));
    }

    [Fact]
    public async Task Reassigning_goes_to_the_deputy_of_an_absent_owner_in_their_place()
    {
        await using var world = await WorldAsync("""{ "percent": 50, "actions": [{ "action": "reassign", "to": "deputy" }] }""");
        var owner = await world.PersonAsync("adjuster1");
        var desk = await ClaimedAsync(world, owner);
        await AwayAsync(world, owner, "adjuster2");

        await SweepAtAsync(world, Duration.FromHours(5));
        (await world.OpenTaskAsync(desk.Case)).ShouldSatisfyAllConditions(
            t => t.Owner.ShouldBe("Sofia Rossi"),
            t => t.OnBehalfOf.ShouldBe("Daniel Brandt"),
            t => t.State.ShouldBe(TaskState.Reserved)
        );
        (await ToldAsync(world)).ShouldBe(["adjuster1 task.taken-over", "adjuster2 task.assigned"]);
        (await world.ActionsAsync(desk.Case)).ShouldContain("task.reassigned");
    }

    [Theory]
    [InlineData("deputy", null, null, "an owner who is here has no deputy: the team")]
    [InlineData("deputy", "closer1", null, "the deputy lacks the skill: the team")]
    [InlineData("lead", null, "Helen Kowalski", "the lead")]
    [InlineData("team", "adjuster2", null, "the team")]
    public async Task A_missing_new_owner_falls_through(string to, string? deputy, string? expected, string why)
    {
        await using var world = await WorldAsync(
            $$"""{ "percent": 50, "actions": [{ "action": "reassign", "to": "{{to}}" }] }""",
            ("requiredSkills", "List<String>", new[] { "property-claims" })
        );
        var owner = await world.PersonAsync("adjuster1");
        var desk = await ClaimedAsync(world, owner);
        if (deputy is not null)
            await AwayAsync(world, owner, deputy);

        await SweepAtAsync(world, Duration.FromHours(5));
        var task = await world.OpenTaskAsync(desk.Case);
        task.Owner.ShouldBe(expected, why);
        task.State.ShouldBe(expected is null ? TaskState.Ready : TaskState.Reserved);
    }

    [Fact]
    public async Task A_lead_whom_four_eyes_excludes_gets_nothing_and_the_owner_s_deputy_does()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await SaveAsync(world, """{ "percent": 50, "actions": [{ "action": "reassign", "to": "lead" }] }""");
        await world.PublishAsync("one", ("first", Step.Of("First")), ("a", Step.Of("Look", ("slaPolicy", "String", "watch"), Step.Excluding("first"))));
        var id = await world.StartAsync("one");
        var first = await Desk.AtAsync(world, id, "first");
        var lead = await world.PersonAsync("senior1");
        await first.DoneAsync(ClaimTask.RunAsync(world.Tasks, first.Next, lead));
        await first.DoneAsync(CompleteTask.RunAsync(world.Tasks, first.Next, null, [], lead));
        var owner = await world.PersonAsync("adjuster1");
        var desk = await Desk.AtAsync(world, id, "a");
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, owner));
        await AwayAsync(world, owner, "adjuster2");

        await SweepAtAsync(world, Duration.FromHours(5));
        (await world.OpenTaskAsync(id)).Owner.ShouldBe("Sofia Rossi");
    }

    [Theory]
    [InlineData("owner", true, false, "adjuster1")]
    [InlineData("owner", true, true, "closer1")]
    [InlineData("owner", false, false, "adjuster1,adjuster2,senior1")]
    [InlineData("deputy", true, true, "closer1")]
    [InlineData("deputy", true, false, "adjuster1,adjuster2,senior1")]
    [InlineData("lead", true, false, "senior1")]
    [InlineData("team", true, true, "adjuster2,senior1")]
    [InlineData("manager", true, false, "senior1,supervisor")]
    [InlineData("compliance", true, false, "compliance")]
    public async Task A_reminder_falls_through_to_the_deputy_then_the_team(string to, bool claimed, bool away, string told)
    {
        await using var world = await WorldAsync($$"""{ "percent": 50, "actions": [{ "action": "notify", "to": "{{to}}" }] }""");
        var owner = await world.PersonAsync("adjuster1");
        if (claimed)
            await ClaimedAsync(world, owner);
        else
            await world.StartAsync("one");
        if (away)
            await AwayAsync(world, owner, "closer1");

        await SweepAtAsync(world, Duration.FromHours(5));
        string.Join(',', (await ToldAsync(world)).Select(line => line.Split(' ')[0])).ShouldBe(told);
    }

    [Fact]
    public async Task A_webhook_rung_is_sent_to_a_registered_endpoint_signed()
    {
        using var receiver = new Receiver();
        await using var world = await World.CreateAsync(allowPrivateAddresses: true);
        await world.LoadShippedAsync();
        await SaveAsync(world, $$"""{ "percent": 50, "actions": [{ "action": "webhook", "url": "{{receiver.Url}}" }] }""");
        await world.PublishAsync("one", ("a", Step.Of("Look", ("slaPolicy", "String", "watch"))));
        await world.Get<ManageWebhooks>().AddAsync(receiver.Url, null, ["sla.breached"], "admin");
        await world.StartAsync("one");

        await SweepAtAsync(world, Duration.FromHours(5));
        await SweepAtAsync(world, Duration.Zero);
        var answering = receiver.AnswerAsync(System.Net.HttpStatusCode.NoContent);
        (await world.Get<Engine.Runtime.Effects>().SweepAsync(10)).ShouldBe(1, "once");
        var body = JsonNode.Parse((await answering).Body)!;
        ((string?)body["type"]).ShouldBe("sla.rung");
        ((string?)body["data"]!["rung"]).ShouldBe("50%");
        ((string?)body["data"]!["reference"]).ShouldBe("REF-1");
    }

    [Fact]
    public async Task A_clock_that_the_database_refuses_stops_no_other_and_is_tried_again()
    {
        await using var world = await WorldAsync("""{ "percent": 50, "actions": [{ "action": "raisePriority", "by": 1 }] }""");
        var (bad, good) = (await world.StartAsync("one", "BAD"), await world.StartAsync("one", "GOOD"));
        await world.ScalarAsync<object?>(
            $$"""
            create function refuse() returns trigger language plpgsql as $f$
                begin if new.instance_id = '{{bad}}' then raise exception 'refused for the test' using errcode = '23514'; end if; return new; end $f$;
            create trigger refuse before update on task for each row execute function refuse();
            """
        );

        world.Clock.Advance(Duration.FromHours(5));
        await world.Get<Escalate>().RunAsync();
        (await world.OpenTaskAsync(good)).Priority.ShouldBe((short)2);
        (await world.OpenTaskAsync(bad)).Priority.ShouldBe((short)3);
        (await world.ScalarAsync<string>("select last_error from deadline where attempts = 1")).ShouldContain("refused for the test");

        await world.ScalarAsync<object?>("drop trigger refuse on task");
        world.Clock.Advance(Duration.FromSeconds(5));
        await world.Get<Escalate>().RunAsync();
        (await world.OpenTaskAsync(bad)).Priority.ShouldBe((short)2);
        (await world.ActionsAsync(bad)).Count(action => action == "sla.rung").ShouldBe(1);
    }

    [Fact]
    public async Task A_watcher_of_a_case_watches_the_tasks_that_open_later_too()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await SaveCaseAsync(
            world,
            """
            { "percent": 50, "actions": [{ "action": "addWatcher", "who": "compliance" }] },
              { "percent": 60, "actions": [{ "action": "addWatcher", "who": "compliance" }] }
            """
        );
        await world.PublishAsync("one", ("a", Step.Of("First")), ("b", Step.Of("Second")));
        var id = await world.StartAsync("one");
        var (owner, compliance) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("compliance"));

        await SweepAtAsync(world, Duration.FromHours(5));
        await SweepAtAsync(world, Duration.FromHours(6));
        (await world.OpenTaskAsync(id)).Watchers.ShouldBe(["Grace Okafor"]);
        (await ToldAsync(world)).ShouldBe(["compliance task.watched"], "once, by its open task");
        (await world.ActionsAsync(id)).Count(action => action == "case.watched").ShouldBe(1);

        await DoneAsync(world, id, owner);
        (await world.OpenTaskAsync(id)).ShouldSatisfyAllConditions(t => t.StepId.ShouldBe("b"), t => t.Watchers.ShouldBe(["Grace Okafor"]));
        await CommentOnTask.RunAsync(world.Tasks, (await Desk.AtAsync(world, id)).Next, "The customer called.", owner);
        (await ToldAsync(world)).Count(told => told == "compliance task.comment").ShouldBe(1);
        (await CaseQueries.FindAsync(world.Runtime, id, compliance with { Roles = [] })).ShouldNotBeNull();
        (await TaskDetail.FindAsync(world.Runtime, (await world.OpenTaskAsync(id)).Id, compliance with { Roles = [] })).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_case_in_which_nothing_is_open_is_watched_too_and_its_watcher_is_told_what_its_ladder_tells()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await SaveCaseAsync(
            world,
            """
            { "percent": 50, "actions": [{ "action": "addWatcher", "who": "compliance" }] },
              { "percent": 75, "actions": [{ "action": "notify", "to": "manager" }] }
            """
        );
        await world.Runtime.Definitions.PublishAsync(
            new(
                "one",
                """
            { "definitionId": "one", "name": "one", "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [
              { "id": "wait", "type": "Elsa.Event", "version": 1, "eventName": { "typeName": "String", "expression": { "type": "Literal", "value": "GoOn" } } },
              { "id": "a", "type": "Orchestration.HumanTask", "version": 1, "title": { "typeName": "String", "expression": { "type": "Literal",
                "value": "Late step" } }, "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-adjusting" } } } ] } }
            """u8.ToArray(),
                "designer"
            ),
            "test",
            world.Clock.GetCurrentInstant()
        );
        var id = await world.StartAsync("one");
        var watcher = await world.PersonAsync("compliance") with { Roles = [] };
        (await CaseQueries.FindAsync(world.Runtime, id, watcher)).ShouldBeNull();

        await SweepAtAsync(world, Duration.FromHours(5));
        (await world.ScalarAsync<string>("select title from notification where kind = 'task.watched'")).ShouldBe("You're watching REF-1");
        (await CaseQueries.FindAsync(world.Runtime, id, watcher)).ShouldNotBeNull();
        (await CaseQueries.ListAsync(world.Database, new(), watcher, world.Clock.Now())).Items.Count.ShouldBe(1);
        await SweepAtAsync(world, Duration.FromHours(8));
        (await ToldAsync(world)).ShouldContain("compliance sla.reminder");

        await world.Runtime.Stimuli.PublishAsync("GoOn", "REF-1", null, "test");
        (await world.OpenTaskAsync(id)).Watchers.ShouldBe(["Grace Okafor"]);
    }

    private static async Task DoneAsync(World world, Guid id, Person person)
    {
        var desk = await Desk.AtAsync(world, id);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, person));
        await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], person));
    }

    private static async Task<World> WorldAsync(string ladder, params (string, string, object)[] inputs)
    {
        var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await SaveAsync(world, ladder);
        await world.PublishAsync("one", ("a", Step.Of("Look", [("slaPolicy", "String", "watch"), .. inputs])));
        return world;
    }

    /// <summary>A clock of ten hours of the case.</summary>
    private static Task SaveCaseAsync(World world, string ladder) => SaveAsync(world, ladder, "case");

    /// <summary>A clock of ten hours.</summary>
    internal static async Task SaveAsync(World world, string ladder, string subject = "task")
    {
        var policy = JsonNode
            .Parse(
                $$"""
                { "id": "watch", "name": "Watch", "subject": "{{subject}}", "calendar": "24x7", "target": { "amount": "PT10H", "unit": "elapsed" },
                  "ladder": [ {{ladder}} ] }
                """
            )!
            .AsObject();
        (
            await SaveServiceLevel.RunAsync(
                world.Get<SettingDocuments>(),
                world.Get<ServiceLevelCatalog>(),
                SettingKind.Sla,
                "watch",
                0,
                policy,
                await world.PersonAsync("admin"),
                world.Clock.GetCurrentInstant()
            )
        ).ShouldBeOfType<SaveServiceLevelResult.Saved>();
    }

    private static async Task<(Guid Case, Desk Desk)> ClaimedAsync(World world, Person owner)
    {
        var id = await world.StartAsync("one");
        var desk = await Desk.AtAsync(world, id);
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, owner));
        return (id, desk);
    }

    private static async Task AwayAsync(World world, Person person, string substitute) =>
        (
            await world.Get<Substitutions>().ArrangeAsync(null, substitute, null, world.Clock.Now() + Duration.FromDays(10), "leave", person)
        ).ShouldBeOfType<SubstitutionResult.Arranged>();

    private static async Task SweepAtAsync(World world, Duration after)
    {
        world.Clock.Set(Instant.Max(world.Clock.GetCurrentInstant(), Start + after));
        await world.Get<Escalate>().RunAsync();
    }

    private static readonly Instant Start = new Testing.FakeClock().GetCurrentInstant();

    private static async Task<List<string>> ToldAsync(World world)
    {
        var told = await world.ScalarAsync<string?>(
            "select string_agg(p.user_name || ' ' || n.kind, ',' order by p.user_name, n.kind) from notification n join person p on p.id = n.person_id"
        );
        return told is null ? [] : [.. told.Split(',')];
    }

    private static async Task<List<Guid>> OpenAsync(World world, Person person) =>
        [.. (await TaskList.ReadAsync(world.Database, new() { View = "open" }, person, world.Clock.Now())).Items.Select(t => t.Id)];
}
