using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using static Orchestration.Engine.Tests.Execution.Workflows;

namespace Orchestration.Engine.Tests.Execution;

public class AlterationTests
{
    private const string Variables = """ "variables":[{"id":"v1","name":"Total","typeName":"Int32","value":"1","storageDriverTypeName":"Workflow"}], """;

    [Fact]
    public void A_variable_gets_a_value_of_its_type()
    {
        var workflow = Compile(Sequence(Task("t"), Activity("say", "WriteLine", "text", "JavaScript", "variables.Total + 1")), Variables);
        var state = Start(workflow).State;

        Burst.Advance(workflow, state, new Stimulus.ModifyVariable("v1", "41"), Context).Refused.ShouldBeNull();

        Complete(workflow, InstanceState.FromJson(state.ToJson()), "t").Lines.ShouldBe(["42"]);
    }

    [Fact]
    public void A_variable_of_a_container_at_work_can_be_changed_too()
    {
        var inner = $$"""
            {"id":"inner","type":"Elsa.Sequence","variables":[{"id":"v2","name":"Inner","typeName":"String","value":"a",
            "storageDriverTypeName":"Workflow"}],
            "activities":[{{Task("t")}},{{Activity("say", "WriteLine", "text", "JavaScript", "variables.Inner")}}]}
            """;
        var workflow = Compile(Sequence(inner));
        var state = Start(workflow).State;

        Burst.Advance(workflow, state, new Stimulus.ModifyVariable("v2", "b"), Context).Refused.ShouldBeNull();

        Complete(workflow, InstanceState.FromJson(state.ToJson()), "t").Lines.ShouldBe(["b"]);
    }

    [Fact]
    public void A_variable_that_is_not_there_or_can_not_have_the_value_is_refused()
    {
        var workflow = Compile(Sequence(Task("t")), Variables.Replace("Int32", "Int64", StringComparison.Ordinal));
        var state = Start(workflow).State;

        Burst.Advance(workflow, state, new Stimulus.ModifyVariable("nope", 1), Context).Refused!.ShouldContain("'nope'");
        Burst.Advance(workflow, state, new Stimulus.ModifyVariable("v1", 1e300), Context).Refused!.ShouldContain("'Total'");
    }

    [Fact]
    public void A_cancelled_activity_of_a_flowchart_lets_the_others_go_on()
    {
        var workflow = Compile(Flowchart("s>t s>u t>z", Activity("s", "Start"), Task("t"), Task("u"), Line("z")));
        var state = Start(workflow).State;

        var cancelled = Burst.Advance(workflow, state, new Stimulus.CancelActivity("t"), Context);

        cancelled.Burnt.ShouldHaveSingleItem().Reason.ShouldBe(BurnReason.Cancelled);
        cancelled.Trace().ShouldContain("t Canceled");
        Complete(workflow, InstanceState.FromJson(state.ToJson()), "u").State.SubStatus.ShouldBe(WorkflowSubStatus.Finished);
    }

    [Fact]
    public void Only_the_execution_that_is_named_is_cancelled()
    {
        var workflow = Compile(
            """{"id":"all","type":"Elsa.ParallelForEach","items":{"typeName":"Object","expression":{"type":"JavaScript","value":"[1, 2]"}},"body":"""
                + Task("t")
                + "}"
        );
        var state = Start(workflow).State;
        var first = state.Bookmarks[0].ActivityInstanceId;

        Burst.Advance(workflow, state, new Stimulus.CancelActivity(null, first), Context).Burnt.Count.ShouldBe(1);

        state.Bookmarks.ShouldHaveSingleItem().ActivityInstanceId.ShouldNotBe(first);
    }

    [Fact]
    public void A_waiting_step_runs_again_and_what_it_waited_for_is_withdrawn()
    {
        var workflow = Compile(Sequence(Task("t"), Line("z")));
        var state = Start(workflow).State;
        var before = state.Bookmarks.ShouldHaveSingleItem();

        var again = Burst.Advance(workflow, state, new Stimulus.ScheduleActivity(null, before.ActivityInstanceId), Context with { Seed = 9 });

        again.Burnt.ShouldHaveSingleItem().Bookmark.ShouldBe(before);
        again.Opened.ShouldHaveSingleItem().Id.ShouldNotBe(before.Id);
        Complete(workflow, InstanceState.FromJson(state.ToJson()), "t").Lines.ShouldBe(["z"]);
    }

    [Fact]
    public void An_activity_scheduled_beside_the_running_one_does_not_move_the_sequence_on()
    {
        var workflow = Compile(Sequence(Line("a"), Task("t"), Line("z")));
        var state = Start(workflow).State;

        Burst.Advance(workflow, state, new Stimulus.ScheduleActivity("a"), Context).Lines.ShouldBe(["a"]);

        Complete(workflow, InstanceState.FromJson(state.ToJson()), "t").Lines.ShouldBe(["z"]);
    }

    [Fact]
    public void Nothing_can_be_altered_in_an_instance_that_has_ended()
    {
        var workflow = Compile(Sequence(Line("a")));
        var state = Start(workflow).State;

        foreach (
            var stimulus in (Stimulus[])
                [new Stimulus.ScheduleActivity("a"), new Stimulus.CancelActivity("a"), new Stimulus.Migrate(Compile(Sequence(Line("b")), version: 2), [])]
        )
            Burst.Advance(workflow, state, stimulus, Context).Refused!.ShouldContain("Finished");
    }
}
