using Orchestration.Engine.Execution;
using static Orchestration.Engine.Tests.Execution.Workflows;

namespace Orchestration.Engine.Tests.Execution;

public class InstanceMigrationTests
{
    [Fact]
    public void A_waiting_step_goes_on_in_the_new_version_and_nothing_completed_runs_again()
    {
        var first = Compile(Flowchart("s>a a>t t>z", Activity("s", "Start"), Line("a"), Task("t"), Line("z")));
        var second = Compile(Flowchart("s>a a>t t>more more>z", Activity("s", "Start"), Line("a"), Task("t"), Line("more"), Line("z")), version: 2);
        var started = Start(first);
        var state = InstanceState.FromJson(started.State.ToJson());
        var task = state.Bookmarks[0].Id;

        InstanceMigration.Apply(state, first, second, Done(started)).IsPossible.ShouldBeTrue();

        state.DefinitionVersion.ShouldBe(2);
        state.Bookmarks.ShouldHaveSingleItem().Id.ShouldBe(task);
        Complete(second, InstanceState.FromJson(state.ToJson()), "t").Lines.ShouldBe(["more", "z"]);
    }

    [Fact]
    public void A_version_without_the_waiting_step_is_refused_with_its_name()
    {
        var first = Compile(Sequence(Task("t")));
        var second = Compile(Sequence(Line("other")), version: 2);
        var started = Start(first);
        var state = started.State;

        var plan = InstanceMigration.Apply(state, first, second, Done(started));

        plan.IsPossible.ShouldBeFalse();
        plan.Steps.Single(x => x.Blocked is not null).Blocked!.ShouldContain("'t'");
        state.DefinitionVersion.ShouldBe(1);
    }

    [Fact]
    public void A_version_that_leads_back_to_a_completed_step_is_refused_with_its_name()
    {
        var first = Compile(Flowchart("s>a a>t t>z", Activity("s", "Start"), Line("a"), Task("t"), Line("z")));
        var second = Compile(Flowchart("s>b b>t t>a a>z", Activity("s", "Start"), Line("b"), Line("a"), Task("t"), Line("z")), version: 2);
        var started = Start(first);

        var plan = InstanceMigration.Plan(started.State, first, second, Done(started));

        plan.IsPossible.ShouldBeFalse();
        plan.RunAgain.ShouldBe(["a"]);
    }

    [Fact]
    public void A_loop_that_both_versions_have_is_no_obstacle()
    {
        const string body = """{"id":"loop","type":"Elsa.While","condition":{"typeName":"Boolean","expression":{"type":"Literal","value":true}},"body":""";
        var first = Compile(body + Sequence(Line("a"), Task("t")) + "}");
        var second = Compile(body + Sequence(Line("a"), Task("t"), Line("z")) + "}", version: 2);
        var started = Start(first);

        InstanceMigration.Plan(started.State, first, second, Done(started)).IsPossible.ShouldBeTrue();
    }

    [Fact]
    public void A_sequence_goes_on_behind_its_running_step_wherever_that_stands_now()
    {
        var first = Compile(Sequence(Line("a"), Task("t"), Line("z")));
        var second = Compile(Sequence(Line("new"), Line("a"), Line("newer"), Task("t"), Line("z")), version: 2);
        var started = Start(first);
        var state = InstanceState.FromJson(started.State.ToJson());

        InstanceMigration.Apply(state, first, second, Done(started)).IsPossible.ShouldBeTrue();

        Complete(second, InstanceState.FromJson(state.ToJson()), "t").Lines.ShouldBe(["z"]);
    }

    [Fact]
    public void A_fork_that_has_begun_gets_no_further_branches()
    {
        static string Fork(params string[] branches) => $$"""{"id":"fork","type":"Elsa.Fork","branches":[{{string.Join(',', branches)}}]}""";
        var first = Compile(Fork(Task("t"), Task("u")));
        var second = Compile(Fork(Task("t"), Task("u"), Task("late")), version: 2);

        InstanceMigration.Plan(Start(first).State, first, second, []).Steps.Single(x => x.Blocked is not null).Blocked!.ShouldContain("'late'");
    }

    /// <summary>The completed activities according to the journal.</summary>
    private static List<string> Done(BurstResult burst) => [.. burst.Journal.Where(x => x.EventName == "Completed").Select(x => x.NodeId)];
}
