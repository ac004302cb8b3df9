using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Reviews;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.People;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Staff;

/// <summary>Deactivating a person leaves nothing in their hands and nothing stuck.</summary>
public sealed class DeactivationTests
{
    private static readonly string One = Step.Of("Check", Step.Outcomes("Done"));

    [Fact]
    public async Task Open_work_returns_to_the_team_with_history_and_its_lead_is_told()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", One));
        var (daniel, sofia) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("adjuster2"));
        var claimed = await ClaimedAsync(world, "REF-1", daniel);
        var started = await ClaimedAsync(world, "REF-2", daniel);
        await started.DoneAsync(StartTask.RunAsync(world.Tasks, started.Next, daniel));
        var others = await ClaimedAsync(world, "REF-3", sofia);

        (await world.DeactivateAsync("adjuster1", "left the company")).ShouldBeOfType<StaffResult.Done>();

        foreach (var desk in new[] { claimed, started })
        {
            (await StateAsync(world, desk.Task)).ShouldBe("Ready – claims-adjusting");
            (
                await world.ScalarAsync<string>(
                    """
                    select e.action || ' ' || e.actor || ' ' || (e.payload ->> 'reason') from event e
                    where e.entity = 'task' and e.entity_id = @id order by e.sequence desc limit 1
                    """,
                    new { id = desk.Task.ToString("N") }
                )
            ).ShouldBe("task.released admin Daniel Brandt was deactivated.");
            desk.Revision++;
            (await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, sofia))).OwnerId.ShouldBe(sofia.Id);
        }

        (await StateAsync(world, others.Task)).ShouldBe("Reserved adjuster2 claims-adjusting");
        (await world.ToldAsync("senior1")).ShouldContain("team.person-left: Daniel Brandt was deactivated: 2 open tasks return to Claims adjusting.");
        (await world.ScalarAsync<string>("select deactivated_by from person where user_name = 'adjuster1'")).ShouldBe("admin");
        (await ClaimTask.RunAsync(world.Tasks, others.Next, daniel)).ShouldNotBeOfType<TaskResult.Done>();
    }

    [Fact]
    public async Task A_suspended_task_returns_to_the_team_when_its_suspension_ends()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", One));
        var desk = await ClaimedAsync(world, "REF-1", await world.PersonAsync("adjuster1"));
        var until = world.Clock.Now() + Duration.FromDays(2);
        await desk.DoneAsync(SuspendTask.RunAsync(world.Tasks, desk.Next, "waiting-for-customer", until, null, await world.PersonAsync("adjuster1")));

        await world.DeactivateAsync("adjuster1");

        (await StateAsync(world, desk.Task)).ShouldBe("Suspended – claims-adjusting");
        world.Clock.Set(until);
        (await world.Get<ResumeSuspended>().SweepAsync(10)).ShouldBe(1);
        (await StateAsync(world, desk.Task)).ShouldBe("Ready – claims-adjusting");
    }

    [Fact]
    public async Task A_review_goes_back_to_the_other_reviewers_and_the_owner_is_told()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", One));
        var (daniel, sofia, helen) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("adjuster2"), await world.PersonAsync("senior1"));
        var desk = await ClaimedAsync(world, "REF-1", daniel);
        await desk.DoneAsync(RequestReview.RunAsync(world.Tasks, desk.Next, "Done", [], null, daniel));
        await desk.DoneAsync(StartReview.RunAsync(world.Tasks, desk.Next, sofia));
        var asked = await ClaimedAsync(world, "REF-2", daniel);
        await asked.DoneAsync(RequestReview.RunAsync(world.Tasks, asked.Next, "Done", [], "adjuster2", daniel));

        await world.DeactivateAsync("adjuster2");

        foreach (var one in new[] { desk, asked })
        {
            (await StateAsync(world, one.Task)).ShouldBe("ReadyForReview adjuster1 claims-adjusting");
            one.Revision++;
            await one.DoneAsync(StartReview.RunAsync(world.Tasks, one.Next, helen));
            (await one.DoneAsync(ApproveReview.RunAsync(world.Tasks, one.Next, helen))).State.ShouldBe(TaskState.Completed);
        }

        (await world.ToldAsync("adjuster1"))
            .Count(text => text.StartsWith("task.review-returned: Needs another reviewer: Check", StringComparison.Ordinal))
            .ShouldBe(2);
    }

    [Fact]
    public async Task What_they_handed_in_stays_in_review_and_requested_changes_go_to_the_team()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", One));
        var (daniel, sofia, helen) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("adjuster2"), await world.PersonAsync("senior1"));
        var desk = await ClaimedAsync(world, "REF-1", daniel);
        await desk.DoneAsync(RequestReview.RunAsync(world.Tasks, desk.Next, "Done", new() { ["note"] = "first" }, null, daniel));

        await world.DeactivateAsync("adjuster1");

        (await StateAsync(world, desk.Task)).ShouldBe("ReadyForReview adjuster1 claims-adjusting");
        await desk.DoneAsync(StartReview.RunAsync(world.Tasks, desk.Next, helen));
        var back = await desk.DoneAsync(RequestChanges.RunAsync(world.Tasks, desk.Next, "the note is too short", helen));
        (back.State, back.OwnerId).ShouldBe((TaskState.Ready, null));
        (await world.ScalarAsync<string>("select draft ->> 'note' from task where id = @id", new { id = desk.Task })).ShouldBe("first");
        (await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, sofia))).OwnerId.ShouldBe(sofia.Id);
    }

    [Fact]
    public async Task Work_that_was_claimed_while_they_were_deactivated_is_returned_by_the_job()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", One));
        var desk = await ClaimedAsync(world, "REF-1", await world.PersonAsync("adjuster1"));
        await world.ScalarAsync<int>("with gone as (update person set active = false where user_name = 'adjuster1' returning 1) select count(*) from gone");

        (await world.Get<ReturnWork>().SweepAsync(10)).ShouldBe(1);

        (await StateAsync(world, desk.Task)).ShouldBe("Ready – claims-adjusting");
        (await world.Get<ReturnWork>().SweepAsync(10)).ShouldBe(0);
    }

    [Fact]
    public async Task Work_that_nobody_else_can_take_is_told_to_the_supervisors_who_can_forward_it()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync(
            "own",
            ("a", Step.Of("Check", Step.Outcomes("Done"), ("team", "String", ""), ("candidates", "List<String>", new[] { "adjuster1" })))
        );
        await world.StartAsync("own");
        var desk = await Desk.AtAsync(world, await world.ScalarAsync<Guid>("select instance_id from task"));

        await world.DeactivateAsync("adjuster1");

        (await world.ToldAsync("supervisor"))
            .Single(text => text.StartsWith("team.person-left", StringComparison.Ordinal))
            .ShouldEndWith("1 task has no one left who could take it. Forward it.");
        var supervisor = await world.PersonAsync("supervisor");
        await desk.DoneAsync(ForwardTask.RunAsync(world.Tasks, desk.Next, null, "adjuster2", null, supervisor));
        var sofia = await world.PersonAsync("adjuster2");
        (await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, sofia))).OwnerId.ShouldBe(sofia.Id);
    }

    [Fact]
    public async Task Absences_they_cover_end_and_who_is_away_is_told()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", One));
        var away = await world.PersonAsync("adjuster2");
        var substitutions = world.Get<Substitutions>();
        var until = world.Clock.Now() + Duration.FromDays(3);
        (await substitutions.ArrangeAsync(null, "adjuster1", null, until, null, away)).ShouldBeOfType<SubstitutionResult.Arranged>();
        (
            await substitutions.ArrangeAsync("adjuster1", "senior1", null, until, null, await world.PersonAsync("adjuster1"))
        ).ShouldBeOfType<SubstitutionResult.Arranged>();

        await world.DeactivateAsync("adjuster1");

        (await substitutions.ListAsync(null)).ShouldBeEmpty();
        (await world.ToldAsync("adjuster2")).ShouldContain(
            "person.substitute-left: Daniel Brandt is no longer your substitute: Daniel Brandt was deactivated. Choose another substitute under Out of office."
        );
        (await substitutions.ArrangeAsync(null, "adjuster1", null, until, null, away))
            .ShouldBeOfType<SubstitutionResult.Invalid>()
            .Field.ShouldBe("substitute");

        // An assignment to the absent person reaches them, not the substitute who has left.
        var desk = await ClaimedAsync(world, "REF-1", await world.PersonAsync("senior1"));
        var supervisor = await world.PersonAsync("supervisor");
        (await desk.DoneAsync(AssignTask.RunAsync(world.Tasks, desk.Next, "adjuster2", null, supervisor))).OwnerId.ShouldBe(away.Id);
    }

    [Fact]
    public async Task A_team_without_an_active_lead_is_told_to_the_supervisors()
    {
        await using var world = await World.CreateAsync();

        await world.DeactivateAsync("senior1");

        (await world.ToldAsync("supervisor"))
            .Single(text => text.StartsWith("team.person-left", StringComparison.Ordinal))
            .ShouldBe("team.person-left: Helen Kowalski was deactivated: Claims adjusting has no active lead. Senior adjusters has no active lead.");
        (await TeamQueries.ListAsync(world.Database)).Single(t => t.Key == "claims-adjusting").Lead.ShouldBeNull();
    }

    [Fact]
    public async Task No_one_deactivates_themself_or_the_last_administrator()
    {
        await using var world = await World.CreateAsync();

        (await world.DeactivateAsync("admin"))
            .ShouldBeOfType<StaffResult.Refused>()
            .Reason.ShouldBe("You can't deactivate yourself. Ask another administrator.");
        (await world.DeactivateAsync("admin", actor: "script"))
            .ShouldBeOfType<StaffResult.Refused>()
            .Reason.ShouldBe("Ada Marlowe is the last active administrator.");
        var sofia = await world.DetailsAsync("adjuster2");
        await SavePerson.ChangeAsync(world.Runtime, sofia.Id, sofia.Revision, sofia.Data with { Roles = [Roles.Administrator] }, "admin");
        (await world.DeactivateAsync("admin", actor: "adjuster2")).ShouldBeOfType<StaffResult.Done>();
        (await world.DeactivateAsync("adjuster2", actor: "admin")).ShouldBeOfType<StaffResult.Refused>();
    }

    [Fact]
    public async Task Two_administrators_who_deactivate_each_other_at_once_leave_one()
    {
        await using var world = await World.CreateAsync();
        var sofia = await world.DetailsAsync("adjuster2");
        await SavePerson.ChangeAsync(world.Runtime, sofia.Id, sofia.Revision, sofia.Data with { Roles = [Roles.Administrator] }, "admin");

        var results = await Task.WhenAll(world.DeactivateAsync("admin", actor: "adjuster2"), world.DeactivateAsync("adjuster2", actor: "admin"));

        results.Count(r => r is StaffResult.Done).ShouldBe(1);
        results.Count(r => r is StaffResult.Refused).ShouldBe(1);
    }

    [Fact]
    public async Task A_reactivated_person_has_their_teams_and_password_again()
    {
        await using var world = await World.CreateAsync();
        var signIn = Signing.On(world.Database);
        var now = world.Clock.Now();
        var before = (await signIn.TryAsync("adjuster1", "demo", now))!.Value.Stamp;
        await world.DeactivateAsync("adjuster1");
        (await signIn.TryAsync("adjuster1", "demo", now)).ShouldBeNull();
        var gone = await world.DetailsAsync("adjuster1");
        (await RestoreAccess.ReactivateAsync(world.Runtime, gone.Id, gone.Revision - 1, "admin")).ShouldBeOfType<StaffResult.Stale>();

        (await RestoreAccess.ReactivateAsync(world.Runtime, gone.Id, gone.Revision, "admin")).ShouldBeOfType<StaffResult.Done>();

        var back = await world.DetailsAsync("adjuster1");
        (back.Active, back.DeactivatedAt, back.Revision).ShouldBe((true, null, 3));
        back.Teams.ShouldBe(["claims-adjusting", "claims-intake", "claims-payments"]);
        (await signIn.TryAsync("adjuster1", "demo", now))!.Value.Stamp.ShouldNotBe(before);
        (await world.PersonActionsAsync("adjuster1")).ShouldBe([
            "person.added",
            "person.signed-in",
            "person.deactivated",
            "person.reactivated",
            "person.signed-in",
        ]);
    }

    [Fact]
    public async Task A_locked_out_person_is_unlocked()
    {
        await using var world = await World.CreateAsync();
        var signIn = Signing.On(world.Database);
        var id = (await world.PersonAsync("adjuster1")).Id;
        for (var i = 0; i < SignIn.FailuresAllowed; i++)
            await signIn.TryAsync("adjuster1", "wrong", world.Clock.Now());
        (await signIn.TryAsync("adjuster1", "demo", world.Clock.Now())).ShouldBeNull();

        (await RestoreAccess.UnlockAsync(world.Runtime, id, "admin")).ShouldBeOfType<StaffResult.Done>();

        (await signIn.TryAsync("adjuster1", "demo", world.Clock.Now())).ShouldNotBeNull();
        (await RestoreAccess.UnlockAsync(world.Runtime, id, "admin")).ShouldBeOfType<StaffResult.Refused>().Reason.ShouldBe("Daniel Brandt isn't locked out.");
    }

    private static async Task<Desk> ClaimedAsync(World world, string reference, Person person)
    {
        var desk = await Desk.AtAsync(world, await world.StartAsync("one", reference));
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, person));
        return desk;
    }

    private static Task<string> StateAsync(World world, Guid task) =>
        world.ScalarAsync<string>(
            "select concat_ws(' ', state, coalesce(p.user_name, '–'), team) from task t left join person p on p.id = t.owner_id where t.id = @task",
            new { task }
        );
}
