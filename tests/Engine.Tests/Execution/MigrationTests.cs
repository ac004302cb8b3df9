using Orchestration.Engine.Execution;
using static Orchestration.Engine.Tests.Execution.Workflows;

namespace Orchestration.Engine.Tests.Execution;

public class MigrationTests
{
    [Fact]
    public void A_waiting_step_goes_on_in_the_new_version_and_nothing_completed_runs_again()
    {
        var first = Compile(Flowchart("s>a a>t t>z", Activity("s", "Start"), Line("a"), Task("t"), Line("z")));
        var second = Compile(Flowchart("s>a a>t t>more more>z", Activity("s", "Start"), Line("a"), Task("t"), Line("more"), Line("z")), version: 2);
        var state = InstanceState.FromJson(Start(first).State.ToJson());
        var task = state.Bookmarks[0].Id;

        Migration.Apply(state, first, second).IsPossible.ShouldBeTrue();

        state.DefinitionVersion.ShouldBe(2);
        state.Bookmarks.ShouldHaveSingleItem().Id.ShouldBe(task);
        Complete(second, InstanceState.FromJson(state.ToJson()), "t").Lines.ShouldBe(["more", "z"]);
    }

    [Fact]
    public void A_version_without_the_waiting_step_is_refused_with_its_name()
    {
        var first = Compile(Sequence(Task("t")));
        var second = Compile(Sequence(Line("other")), version: 2);
        var state = Start(first).State;

        var plan = Migration.Apply(state, first, second);

        plan.IsPossible.ShouldBeFalse();
        plan.Steps.Single(x => x.Blocked is not null).Blocked!.ShouldContain("'t'");
        state.DefinitionVersion.ShouldBe(1);
    }
}
