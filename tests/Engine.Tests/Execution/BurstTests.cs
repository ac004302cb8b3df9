using System.Text;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using static Orchestration.Engine.Tests.Execution.Workflows;

namespace Orchestration.Engine.Tests.Execution;

public class BurstTests
{
    [Fact]
    public void The_same_burst_gives_the_same_result()
    {
        var workflow = Compile(Sequence(Activity("s", "RunJavaScript", "script", "Literal", "return [newGuid(), Math.random(), Date.now()]"), Task("t")));

        var first = Start(workflow);
        var second = Start(workflow);

        Encoding.UTF8.GetString(second.State.ToJson()).ShouldBe(Encoding.UTF8.GetString(first.State.ToJson()));
        first.State.Bookmarks[0].Id.Length.ShouldBe(32);
    }

    [Fact]
    public void A_bookmark_that_is_gone_changes_nothing()
    {
        var workflow = Compile(Sequence(Task("t"), Task("u")));
        var state = Start(workflow).State;
        var gone = state.Bookmarks[0].Id;
        Complete(workflow, state, "t");
        var before = Encoding.UTF8.GetString(state.ToJson());

        var again = Burst.Advance(workflow, state, new Stimulus.Resume(gone, new() { ["RunTaskInput"] = 1 }), Context);

        again.Refused.ShouldNotBeNull();
        again.Journal.ShouldBeEmpty();
        Encoding.UTF8.GetString(again.State.ToJson()).ShouldBe(before);
    }

    [Fact]
    public void An_instance_that_has_ended_refuses_every_stimulus()
    {
        var workflow = Compile(Sequence(Task("t")));
        var state = Start(workflow).State;
        var bookmark = state.Bookmarks[0].Id;
        Complete(workflow, state, "t");

        foreach (var stimulus in (Stimulus[])[new Stimulus.Start([]), new Stimulus.Resume(bookmark, []), new Stimulus.Cancel("late"), new Stimulus.Retry("x")])
            Burst.Advance(workflow, state, stimulus, Context).Refused.ShouldNotBeNull();
    }

    [Fact]
    public void A_fault_does_not_lose_the_other_branch()
    {
        var workflow = Compile(
            Flowchart("s>f s>t t>w", Activity("s", "Start"), Activity("f", "Fault", "message", "Literal", "boom"), Task("t"), Line("w")),
            """ "options":{"incidentStrategyType":"Elsa.Workflows.IncidentStrategies.ContinueWithIncidentsStrategy, Elsa.Workflows.Core"}, """
        );

        var started = Start(workflow);
        started.State.Incidents.ShouldHaveSingleItem().Message.ShouldBe("boom");
        started.State.Status.ShouldBe(WorkflowStatus.Running);

        Complete(workflow, started.State, "t").Lines.ShouldBe(["w"]);
    }

    [Fact]
    public void A_faulted_activity_can_be_retried_and_the_rest_goes_on()
    {
        var workflow = Compile(
            Sequence(
                """
                {"id":"x","type":"Elsa.SetVariable","variable":{"id":"v"},"value":{"typeName":"Object","expression":{"type":"JavaScript",
                "value":"if (variables.Ok != 1) throw new Error('not yet'); return 2"}}}
                """,
                Line("w")
            ),
            """ "variables":[{"id":"v","name":"Ok","typeName":"Int32","value":"0","storageDriverTypeName":"WorkflowInstanceStorageDriver"}], """
        );
        var state = Start(workflow).State;
        state.SubStatus.ShouldBe(WorkflowSubStatus.Faulted);
        var faulted = state.Incidents[0].ActivityInstanceId;

        state.SubStatus = WorkflowSubStatus.Cancelled;
        Burst.Advance(workflow, state, new Stimulus.Retry(faulted), Context).Refused.ShouldBe("The instance has ended: Cancelled.", "it was given up");
        state.SubStatus = WorkflowSubStatus.Faulted;

        Burst.Advance(workflow, state, new Stimulus.Retry(faulted), Context).State.SubStatus.ShouldBe(WorkflowSubStatus.Faulted);
        Burst.Advance(workflow, state, new Stimulus.ModifyVariable("Ok", "1"), Context).Refused.ShouldBeNull();
        var retried = Burst.Advance(workflow, state, new Stimulus.Retry(faulted), Context);

        retried.Lines.ShouldBe(["w"]);
        retried.State.SubStatus.ShouldBe(WorkflowSubStatus.Finished);
        retried.State.Incidents.ShouldBeEmpty();
        state.Variables(workflow).Single().Value.ShouldBe(2);
    }

    [Fact]
    public void An_endless_loop_stops_with_an_incident()
    {
        var workflow = Compile(Flowchart("s>a a>b b>a", Activity("s", "Start"), Line("a"), Line("b")));

        var result = Start(workflow, Context with { MaxSteps = 1_000 });

        result.State.SubStatus.ShouldBe(WorkflowSubStatus.Faulted);
        result.State.Incidents.ShouldHaveSingleItem().Message.ShouldContain("endless loop");
    }

    [Fact]
    public void A_lost_race_tells_the_activity_that_waited()
    {
        var registry = ActivityRegistry
            .WithBuiltIns()
            .Add(
                new ActivityType
                {
                    TypeName = "Test.Step",
                    Category = "Test",
                    DisplayName = "Step",
                    Compile = static _ => new Step(),
                }
            );
        var workflow = Compile(
            Flowchart(
                "s>a s>b a>j b>j",
                Activity("s", "Start"),
                """{"id":"a","type":"Test.Step"}""",
                Task("b"),
                Activity("j", "FlowJoin", "mode", "Literal", "WaitAny")
            ),
            registry: registry
        );
        var started = Start(workflow);
        started.Writes.OfType<Opened>().ShouldHaveSingleItem();

        var raced = Complete(workflow, started.State, "b");

        raced.Writes.OfType<Closed>().ShouldHaveSingleItem().Reason.ShouldBe(BurnReason.Cancelled);
        raced.Burnt.Select(x => (x.Bookmark.ActivityId, x.Reason)).ShouldBe([("b", BurnReason.Resumed), ("a", BurnReason.Cancelled)], ignoreOrder: true);
        raced.State.Bookmarks.ShouldBeEmpty();
    }

    [Fact]
    public void Cancelling_an_instance_tells_every_activity_that_waits()
    {
        var registry = ActivityRegistry
            .WithBuiltIns()
            .Add(
                new ActivityType
                {
                    TypeName = "Test.Step",
                    Category = "Test",
                    DisplayName = "Step",
                    Compile = static _ => new Step(),
                }
            );
        var workflow = Compile(
            """{"id":"p","type":"Elsa.Parallel","activities":[{"id":"a","type":"Test.Step"},{"id":"b","type":"Test.Step"}]}""",
            registry: registry
        );
        var state = Start(workflow).State;

        var cancelled = Burst.Advance(workflow, state, new Stimulus.Cancel("the customer withdrew"), Context);

        cancelled.Writes.OfType<Closed>().Count().ShouldBe(2);
        cancelled.State.SubStatus.ShouldBe(WorkflowSubStatus.Cancelled);
    }

    [Theory]
    [InlineData("back")]
    [InlineData("while")]
    [InlineData("nested")]
    [InlineData("race")]
    [InlineData("fork")]
    public void The_state_does_not_grow_with_the_rounds_of_a_loop(string shape)
    {
        foreach (var mode in new[] { FlowchartMode.Counter, FlowchartMode.Token })
        {
            var context = Context with { FlowchartMode = mode };
            var workflow = Compile(
                shape switch
                {
                    "back" => Flowchart("s>t t>w w>t", Activity("s", "Start"), Task("t"), Line("w")),
                    "while" => While(Sequence(Task("t"), Line("w"))),
                    "nested" => While(Sequence(Flowchart("s>t", Activity("s", "Start"), Task("t")), Line("w"))),
                    "race" => Flowchart(
                        "s>f f:A>t f:B>u t>j u>j j>w w>f",
                        Activity("s", "Start"),
                        """{"id":"f","type":"Elsa.FlowFork","branches":["A","B"]}""",
                        Task("t"),
                        Task("u"),
                        Activity("j", "FlowJoin", "mode", "Literal", "WaitAny"),
                        Line("w")
                    ),
                    _ => While($$"""{"id":"f","type":"Elsa.Fork","joinMode":"WaitAny","branches":[{{Task("t")}},{{Task("u")}}]}"""),
                }
            );
            var state = Start(workflow, context).State;
            var early = 0;

            for (var i = 0UL; i < 200; i++)
            {
                Complete(workflow, state, "t", "approved", context with { Seed = 100 + i });
                early = i == 2 ? state.ToJson().Length : early;
            }

            state.ToJson().Length.ShouldBeLessThan(early + 32, $"{shape}, {mode}");
        }

        static string While(string body) =>
            $$$"""{"id":"loop","type":"Elsa.While","condition":{"typeName":"Boolean","expression":{"type":"JavaScript","value":"true"}},"body":{{{body}}}}""";
    }

    [Fact]
    public void History_shows_the_end_of_a_flowchart_after_the_steps_that_follow_a_race()
    {
        var context = Context with { FlowchartMode = FlowchartMode.Token };
        var workflow = Compile(
            Flowchart(
                "s>f f:A>t f:B>u t>j u>j j>w w>v",
                Activity("s", "Start"),
                """{"id":"f","type":"Elsa.FlowFork","branches":["A","B"]}""",
                Task("t"),
                Task("u"),
                Activity("j", "FlowJoin", "mode", "Literal", "WaitAny"),
                Task("w"),
                Line("v")
            )
        );
        var state = Start(workflow, context).State;

        var raced = Complete(workflow, state, "t", "approved", context with { Seed = 8 });
        raced.Journal.Count(x => x.EventName == "Completed" && x.ActivityType is "Elsa.Flowchart" or "Elsa.Workflow").ShouldBe(2, "as in Elsa");
        raced.History.ShouldNotContain(x => x.EventName == "Completed" && x.ParentActivityInstanceId == null);
        raced.History[^1].ActivityId.ShouldBe("w");

        var ended = Complete(workflow, InstanceState.FromJson(state.ToJson()), "w", "approved", context with { Seed = 9 });
        ended.State.SubStatus.ShouldBe(WorkflowSubStatus.Finished);
        ended.Lines.ShouldBe(["v"]);
        ended
            .History.TakeLast(3)
            .Select(x => (x.EventName, x.ActivityType))
            .ShouldBe([("Completed", "Elsa.WriteLine"), ("Completed", "Elsa.Flowchart"), ("Completed", "Elsa.Workflow")]);
    }

    [Fact]
    public void A_join_that_can_never_run_is_reported()
    {
        var workflow = Compile(
            Flowchart(
                "s>d s>a a>j d:False>b b>j j>w",
                Activity("s", "Start"),
                Activity("d", "FlowDecision", "condition", "Literal", "true"),
                Line("a"),
                Line("b"),
                Activity("j", "FlowJoin", "mode", "Literal", "WaitAll"),
                Line("w")
            )
        );

        var result = Start(workflow);

        result.Lines.ShouldBe(["a"]);
        result.State.Incidents.ShouldHaveSingleItem().ActivityId.ShouldBe("j");
    }

    [Fact]
    public void A_long_branch_that_was_not_taken_is_skipped_without_deep_recursion()
    {
        var dead = Enumerable.Range(0, 4_000).Select(i => Line($"n{i}")).ToArray();
        var chain = string.Join(' ', Enumerable.Range(0, 3_999).Select(i => $"n{i}>n{i + 1}"));
        var workflow = Compile(
            Flowchart(
                $"s>d d:False>n0 d:True>w n3999>z w>z {chain}",
                [Activity("s", "Start"), Activity("d", "FlowDecision", "condition", "Literal", "true"), Line("w"), Line("z"), .. dead]
            )
        );

        Start(workflow).Lines.ShouldBe(["w", "z"]);
    }

    [Fact]
    public void An_activity_scheduled_by_hand_runs_where_its_container_is_at_work()
    {
        var workflow = Compile(Flowchart("s>t t>w", Activity("s", "Start"), Task("t"), Line("w"), Line("loose")));
        var state = Start(workflow).State;

        Burst.Advance(workflow, state, new Stimulus.ScheduleActivity("w"), Context).Lines.ShouldBe(["w"]);
        Burst.Advance(workflow, state, new Stimulus.ScheduleActivity("nowhere"), Context).Refused.ShouldNotBeNull();
        state.Bookmarks.ShouldHaveSingleItem().ActivityId.ShouldBe("t");
    }

    [Fact]
    public void Workflows_that_execute_each_other_without_end_fault()
    {
        var workflow = Compile(Sequence(Activity("x", "ExecuteWorkflow", "workflowDefinitionId", "Literal", "d")));

        var result = Start(workflow, Context with { FindPublished = _ => workflow });

        var depth = 0;

        for (var child = result; child.Children.Count > 0; child = child.Children[0])
            depth++;

        depth.ShouldBe(16);
    }

    [Fact]
    public void A_timer_says_when_it_is_due()
    {
        var workflow = Compile(Sequence(Activity("d", "Delay", "timeSpan", "Literal", "02:00:00"), Line("w")));
        var state = Start(workflow).State;

        state.Bookmarks.ShouldHaveSingleItem().DueAt.ShouldBe(Now + NodaTime.Duration.FromHours(2));
        Burst.Advance(workflow, state, new Stimulus.Resume(state.Bookmarks[0].Id, []), Context).Lines.ShouldBe(["w"]);
    }

    [Fact]
    public void A_request_is_an_effect_and_its_answer_goes_on()
    {
        var workflow = Compile(
            Flowchart(
                "h:200>ok h:Timeout>late",
                """
                {"id":"h","type":"Elsa.FlowSendHttpRequest","url":{"typeName":"String","expression":{"type":"Literal",
                "value":"https://example.com/rate"}},"parsedContent":{"typeName":"Object","memoryReference":{"id":"v"}}}
                """,
                Line("ok"),
                Line("late")
            ),
            """ "variables":[{"id":"v","name":"Rate","typeName":"Object","storageDriverTypeName":"WorkflowInstanceStorageDriver"}], """
        );
        var started = Start(workflow);
        var effect = started.Effects.ShouldHaveSingleItem();
        effect.Kind.ShouldBe("http");
        effect.BookmarkId.ShouldBe(started.State.Bookmarks[0].Id);

        var answered = Burst.Advance(
            workflow,
            started.State,
            new Stimulus.Resume(
                effect.BookmarkId!,
                new()
                {
                    ["HttpResponse"] = new OrderedDictionary<string, object?>
                    {
                        ["StatusCode"] = 200,
                        ["ContentType"] = "application/json; charset=utf-8",
                        ["Content"] = """{"rate":2.5}""",
                    },
                }
            ),
            Context
        );

        answered.Lines.ShouldBe(["ok"]);
        answered.State.Variables(workflow).Single().Value.ShouldBeOfType<OrderedDictionary<string, object?>>()["rate"].ShouldBe(2.5);
    }

    [Fact]
    public void A_request_that_times_out_takes_its_own_way()
    {
        var workflow = Compile(
            Flowchart("h:200>ok h:Timeout>late", Activity("h", "FlowSendHttpRequest", "url", "Literal", "https://example.com"), Line("ok"), Line("late"))
        );
        var state = Start(workflow).State;

        Burst.Advance(workflow, state, new Stimulus.Resume(state.Bookmarks[0].Id, new() { ["HttpError"] = "Timeout" }), Context).Lines.ShouldBe(["late"]);
    }

    [Fact]
    public void The_end_of_a_child_is_told_to_its_parent()
    {
        var child = Compile(Sequence(Task("t")));
        var parent = Compile(
            Sequence(
                """
                {"id":"x","type":"Elsa.ExecuteWorkflow","workflowDefinitionId":{"typeName":"String","expression":{"type":"Literal","value":"d"}},
                "waitForCompletion":{"typeName":"Boolean","expression":{"type":"Literal","value":"true"}}}
                """,
                Line("after")
            )
        );
        var started = Start(parent, Context with { FindPublished = _ => child });
        var childState = started.Children.ShouldHaveSingleItem().State;
        childState.ParentBookmarkId.ShouldBe(started.State.Bookmarks[0].Id);

        var ended = Complete(child, childState, "t").Outgoing.OfType<OutgoingStimulus.ChildEnded>().Single();

        Burst.Advance(parent, started.State, ended.ToResume(), Context).Lines.ShouldBe(["after"]);
    }

    [Fact]
    public void A_cancelled_parent_cancels_the_child_it_waits_for()
    {
        var child = Compile(Sequence(Task("t")));
        var parent = Compile(
            Sequence(
                """
                {"id":"x","type":"Elsa.ExecuteWorkflow","workflowDefinitionId":{"typeName":"String","expression":{"type":"Literal","value":"d"}},
                "waitForCompletion":{"typeName":"Boolean","expression":{"type":"Literal","value":"true"}}}
                """
            )
        );
        var started = Start(parent, Context with { FindPublished = _ => child });

        var cancelled = Burst.Advance(parent, started.State, new Stimulus.Cancel("x"), Context);

        cancelled.Outgoing.OfType<OutgoingStimulus.CancelInstance>().ShouldHaveSingleItem().InstanceId.ShouldBe(started.Children[0].State.Id);
    }

    private sealed record Opened(string BookmarkId) : IBurstWrite;

    private sealed record Closed(string BookmarkId, BurnReason Reason) : IBurstWrite;

    private sealed class Step : Activity
    {
        protected internal override void Execute(ActivityContext context) => context.Write(new Opened(context.OpenBookmark("Test.Step").Id));

        protected internal override void BookmarkBurnt(ActivityContext context, Bookmark bookmark, BurnReason reason) =>
            context.Write(new Closed(bookmark.Id, reason));
    }
}
