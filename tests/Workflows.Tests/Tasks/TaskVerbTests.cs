using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Tasks;

public sealed class TaskVerbTests
{
    private const string Team = """
        "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Check the cover" } },
          "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-adjusting" } }
        """;

    private const string Second = """
        "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Approve" } },
        "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-adjusting" } },
        "outcomes": { "typeName": "List<String>", "expression": { "type": "Object", "value": "[\"Approve\",\"Decline\"]" } },
        "excludedSteps": { "typeName": "List<String>", "expression": { "type": "Object", "value": "[\"a\"]" } }
        """;

    private const string Sla = """
        , "slaDuration": { "typeName": "String", "expression": { "type": "Literal", "value": "PT8H" } },
          "slaUnit": { "typeName": "String", "expression": { "type": "Literal", "value": "elapsed" } }
        """;

    [Fact]
    public async Task A_case_moves_on_when_its_step_is_completed()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("two", ("a", Team), ("b", Second));
        var id = await world.StartAsync("two");
        var adjuster = await world.PersonAsync("adjuster1");
        var task = await world.OpenTaskAsync(id);

        var claimed = await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "op1"), adjuster));
        claimed.State.ShouldBe(TaskState.Reserved);
        var started = await world.DoneAsync(StartTask.RunAsync(world.Tasks, new(task.Id, claimed.Revision, "op2"), adjuster));
        var completed = await world.DoneAsync(
            CompleteTask.RunAsync(world.Tasks, new(task.Id, started.Revision, "op3"), null, new JsonObject { ["amount"] = 12 }, adjuster)
        );

        completed.State.ShouldBe(TaskState.Completed);
        (await world.OpenTaskAsync(id)).StepId.ShouldBe("b");
        (await world.ActionsAsync(id)).ShouldBe(["task.opened", "case.started", "task.claimed", "task.started", "task.opened", "task.completed"]);
    }

    [Fact]
    public async Task The_case_ends_with_its_last_step()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Team));
        var id = await world.StartAsync("one");
        await CompleteAsync(world, id, "adjuster1");

        var found = (await CaseQueries.FindAsync(world.Runtime, id, await world.PersonAsync("supervisor")))!;
        found.Case.Status.ShouldBe("Finished");
        found.Case.SubStatus.ShouldBe("Finished");
        (await world.ScalarAsync<int>("select count(*) from bookmark")).ShouldBe(0);
    }

    [Fact]
    public async Task The_same_operation_gives_the_same_answer_and_another_body_is_refused()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Team));
        var task = await world.OpenTaskAsync(await world.StartAsync("one"));
        var adjuster = await world.PersonAsync("adjuster1");

        var first = await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, 1, "op"), adjuster));
        var again = await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, 1, "op"), adjuster));
        again.ShouldBe(first);
        (await ReleaseTask.RunAsync(world.Tasks, new(task.Id, 2, "op"), null, adjuster)).ShouldBeOfType<TaskResult.OperationReused>();
        (await world.ActionsAsync(task.CaseId)).Count(a => a == "task.claimed").ShouldBe(1);
    }

    [Fact]
    public async Task Of_two_people_who_claim_at_once_one_wins_and_the_other_is_told()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Team));
        var task = await world.OpenTaskAsync(await world.StartAsync("one"));
        var (one, two) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("adjuster2"));

        var results = await Task.WhenAll(
            ClaimTask.RunAsync(world.Tasks, new(task.Id, 1, "op"), one),
            ClaimTask.RunAsync(world.Tasks, new(task.Id, 1, "op"), two)
        );

        results.OfType<TaskResult.Done>().Count().ShouldBe(1);
        results.OfType<TaskResult.StaleRevision>().Single().State.ShouldBe(TaskState.Reserved);
    }

    [Fact]
    public async Task Whoever_comes_too_late_is_told_what_was_done_meanwhile()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Team));
        var task = await world.OpenTaskAsync(await world.StartAsync("one"));
        var (one, supervisor) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("supervisor"));
        await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, 1, "a"), one));
        await world.DoneAsync(PrioritizeTask.RunAsync(world.Tasks, new(task.Id, 2, "b"), 1, null, supervisor));

        var stale = (await AssignTask.RunAsync(world.Tasks, new(task.Id, 1, "c"), "adjuster2", null, supervisor)).ShouldBeOfType<TaskResult.StaleRevision>();
        stale.Changes.Select(c => $"{c.Revision} {c.Action} {c.By}").ShouldBe(["2 task.claimed adjuster1", "3 task.prioritized supervisor"]);
    }

    [Fact]
    public async Task Second_completion_is_told_who_completed_it_and_when()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Team));
        var id = await world.StartAsync("one");
        var task = await world.OpenTaskAsync(id);
        await CompleteAsync(world, id, "adjuster1");

        var second = (
            await CompleteTask.RunAsync(world.Tasks, new(task.Id, 2, "other"), "Done", [], await world.PersonAsync("adjuster2"))
        ).ShouldBeOfType<TaskResult.AlreadyEnded>();
        second.EndedBy.ShouldBe("adjuster1");
        second.Outcome.ShouldBe("Done");
        second.EndedAt.ShouldBe(world.Clock.GetCurrentInstant());
    }

    [Fact]
    public async Task Whoever_is_no_candidate_can_not_claim()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Team));
        var task = await world.OpenTaskAsync(await world.StartAsync("one"));
        (await ClaimTask.RunAsync(world.Tasks, new(task.Id, 1, "op"), await world.PersonAsync("compliance"))).ShouldBeOfType<TaskResult.Forbidden>();
    }

    [Fact]
    public async Task No_verb_tells_a_stranger_what_became_of_a_task()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Team));
        var id = await world.StartAsync("one");
        var task = await world.OpenTaskAsync(id);
        var stranger = await world.PersonAsync("closer1");
        await ShouldBeHiddenAsync("open");
        await CompleteAsync(world, id, "adjuster1");
        await ShouldBeHiddenAsync("ended");

        async Task ShouldBeHiddenAsync(string when)
        {
            foreach (var revision in new[] { 0, 1 })
            {
                TaskRequest request = new(task.Id, revision, $"{when}-{revision}");
                (await ClaimTask.RunAsync(world.Tasks, request, stranger)).ShouldBeOfType<TaskResult.NotFound>(when);
                (await AssignTask.RunAsync(world.Tasks, request, "adjuster2", null, stranger)).ShouldBeOfType<TaskResult.NotFound>(when);
                (await CompleteTask.RunAsync(world.Tasks, request, "Done", [], stranger)).ShouldBeOfType<TaskResult.NotFound>(when);
                (await CommentOnTask.RunAsync(world.Tasks, request, "Hello", stranger)).ShouldBeOfType<TaskResult.NotFound>(when);
            }
        }
    }

    [Fact]
    public async Task A_candidate_is_meant_however_their_name_is_written()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync(
            "one",
            (
                "a",
                """
                "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Look" } },
                  "candidates": { "typeName": "List<String>", "expression": { "type": "Object", "value": "[\"Closer1\", \"adjuster1\"]" } }
                """
            )
        );
        var task = await world.OpenTaskAsync(await world.StartAsync("one"));
        task.Candidates.ShouldBe(["closer1", "adjuster1"]);
        (await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, 1, "op"), await world.PersonAsync("closer1")))).State.ShouldBe(TaskState.Reserved);
    }

    [Fact]
    public async Task What_a_form_only_shows_can_not_be_sent()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync(
            "one",
            (
                "a",
                Step.Of(
                    "Look",
                    Step.Form(
                        """
                        { "type": "object", "properties": { "limit": { "type": "number", "x-readOnly": true, "x-from": "limit" },
                          "note": { "type": "string" } } }
                        """
                    )
                )
            )
        );
        var task = await world.OpenTaskAsync(await world.StartAsync("one"));
        var adjuster = await world.PersonAsync("adjuster1");
        var claimed = await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, 1, "claim"), adjuster));
        await world.DoneAsync(
            CompleteTask.RunAsync(
                world.Tasks,
                new(task.Id, claimed.Revision, "complete"),
                null,
                new JsonObject { ["limit"] = 1000000, ["note"] = "x" },
                adjuster
            )
        );
        (await world.ScalarAsync<string>("select data::text from task")).ShouldBe("""{"note":"x"}""");
    }

    [Fact]
    public async Task Four_eyes_names_the_step_and_counts_for_assignment_too()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("two", ("a", Team), ("b", Second));
        var id = await world.StartAsync("two");
        await CompleteAsync(world, id, "adjuster1");
        var task = await world.OpenTaskAsync(id);

        (await ClaimTask.RunAsync(world.Tasks, new(task.Id, 1, "op1"), await world.PersonAsync("adjuster1")))
            .ShouldBeOfType<TaskResult.ExcludedByFourEyes>()
            .StepId.ShouldBe("a");
        (
            await AssignTask.RunAsync(world.Tasks, new(task.Id, 1, "op2"), "adjuster1", null, await world.PersonAsync("supervisor"))
        ).ShouldBeOfType<TaskResult.ExcludedByFourEyes>();
        (
            await world.DoneAsync(
                AssignTask.RunAsync(world.Tasks, new(task.Id, 1, "op3"), "adjuster2", "you know the customer", await world.PersonAsync("supervisor"))
            )
        ).State.ShouldBe(TaskState.Reserved);
    }

    [Fact]
    public async Task Cancelling_a_task_whose_step_models_no_such_outcome_makes_an_incident_and_not_a_silent_end()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Team));
        var id = await world.StartAsync("one");
        var task = await world.OpenTaskAsync(id);
        (await world.DoneAsync(CancelTask.RunAsync(world.Tasks, new(task.Id, 1, "op"), "duplicate", await world.PersonAsync("supervisor")))).State.ShouldBe(
            TaskState.Cancelled
        );
        (await CaseQueries.FindAsync(world.Runtime, id, await world.PersonAsync("supervisor")))!.Incidents.Single().Message.ShouldContain("duplicate");
    }

    [Fact]
    public async Task Cancelling_the_case_cancels_its_tasks_and_clocks()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishAsync("one", ("a", Team + Sla));
        var id = await world.StartAsync("one");
        (await CancelCase.RunAsync(world.Runtime, id, "customer withdrew", await world.PersonAsync("supervisor"))).ShouldBe(CancelCaseResult.Cancelled);
        (await world.ScalarAsync<string>("select state from task")).ShouldBe("Cancelled");
        (await world.ScalarAsync<string>("select status from sla_clock")).ShouldBe("Cancelled");
        (await world.ScalarAsync<int>("select count(*) from deadline")).ShouldBe(0);
    }

    [Fact]
    public async Task History_refuses_to_be_changed()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Team));
        await world.StartAsync("one");
        foreach (
            var sql in new[]
            {
                "update event set actor = 'x'",
                "delete from event",
                "truncate event",
                "update event set salt = null, payload = null",
                Erasing("update event set payload = '{}'"),
                Erasing("update event set salt = null, payload = null, actor = 'x'"),
                Erasing("delete from event"),
            }
        )
            (await Should.ThrowAsync<PostgresException>(() => world.ScalarAsync<int>(sql))).SqlState.ShouldBe("23000");

        static string Erasing(string sql) => $"do $do$ begin perform set_config('orchestration.erasure', 'on', true); {sql}; end $do$";
    }

    [Fact]
    public async Task An_overdue_step_is_escalated_once_however_often_it_is_swept()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishAsync("one", ("a", Team + Sla));
        var id = await world.StartAsync("one");
        var task = await world.OpenTaskAsync(id);
        var adjuster = await world.PersonAsync("adjuster1");
        await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, 1, "op"), adjuster));
        var escalate = world.Get<Workflows.Escalation.Escalate>();

        (await escalate.SweepAsync(100)).ShouldBe(0);
        world.Clock.Advance(Duration.FromHours(6));
        await Task.WhenAll(escalate.SweepAsync(100), escalate.SweepAsync(100));
        (await world.ScalarAsync<int>("select count(*) from notification where person_id = @Id and kind = 'sla.reminder'", new { adjuster.Id })).ShouldBe(1);

        world.Clock.Advance(Duration.FromHours(2));
        await Task.WhenAll(escalate.SweepAsync(100), escalate.SweepAsync(100));
        await escalate.SweepAsync(100);
        var after = await world.OpenTaskAsync(id);
        after.Breached.ShouldBeTrue();
        after.Priority.ShouldBe((short)2);
        after.OwnerId.ShouldBe((await world.PersonAsync("senior1")).Id);
        (await world.ActionsAsync(id)).ShouldBe([
            "task.opened",
            "sla.started",
            "case.started",
            "task.claimed",
            "sla.rung",
            "sla.rung",
            "sla.breached",
            "task.priority-raised",
            "task.reassigned",
        ]);
        (await world.ScalarAsync<int>("select count(*) from deadline")).ShouldBe(0);
    }

    [Fact]
    public async Task A_case_is_opened_once_per_key_and_a_reference_is_taken_once()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Team));
        var first = await world.StartAsync("one");
        (await world.StartAsync("one")).ShouldBe(first);
        var me = await world.PersonAsync("frontoffice");
        (await StartCase.RunAsync(world.Runtime, new("one", "REF-1", "C-2", "Else", [], "another"), me)).ShouldBeOfType<StartCaseResult.ReferenceTaken>();
        (await StartCase.RunAsync(world.Runtime, new("one", "REF-2", "C-1", "Marta Novak", [], "key-REF-1"), me)).ShouldBeOfType<StartCaseResult.KeyReused>();
        (await world.ScalarAsync<int>("select count(*) from workflow_instance")).ShouldBe(1);
    }

    private static async Task CompleteAsync(World world, Guid instance, string userName)
    {
        var person = await world.PersonAsync(userName);
        var task = await world.OpenTaskAsync(instance);
        var claimed = await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "claim"), person));
        await world.DoneAsync(CompleteTask.RunAsync(world.Tasks, new(task.Id, claimed.Revision, "complete"), "Done", [], person));
    }
}
