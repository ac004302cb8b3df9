using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using static Orchestration.Engine.Tests.Execution.Workflows;

namespace Orchestration.Engine.Tests.Execution;

public class GoBackTests
{
    [Fact]
    public void A_sequence_runs_anew_from_the_earlier_activity()
    {
        var workflow = Compile(Sequence(Task("a"), Line("x"), Task("b"), Task("c")));
        var state = Start(workflow).State;
        Complete(workflow, state, "a");
        var back = GoBack(workflow, state, "b", "a");
        Waits(state).ShouldBe(["a"]);
        back.Burnt.Single().Reason.ShouldBe(BurnReason.Resumed);

        Complete(workflow, state, "a").Lines.ShouldBe(["x"]);
        Complete(workflow, state, "b");
        Complete(workflow, state, "c");
        state.SubStatus.ShouldBe(WorkflowSubStatus.Finished);
    }

    [Theory]
    [InlineData("Counter")]
    [InlineData("Token")]
    public void What_came_after_is_left_and_what_runs_beside_stays(string mode)
    {
        // s forks to a (then b and c beside each other) and to z; all meet in j.
        var workflow = Compile(
            Flowchart("s>a s>z a>b a>c b>j c>j z>j j>e", Activity("s", "Start"), Task("a"), Task("b"), Task("c"), Task("z"), Merging(Task("j")), Line("e")),
            Mode(mode)
        );
        var state = Start(workflow).State;
        Complete(workflow, state, "a");
        Complete(workflow, state, "z");
        Waits(state).ShouldBe(["b", "c"]);

        GoBack(workflow, state, "b", "a");
        Waits(state).ShouldBe(["a"]);
        Complete(workflow, state, "a");
        Complete(workflow, state, "b");
        Waits(state).ShouldBe(["c"]);
        Complete(workflow, state, "c");
        Waits(state).ShouldBe(["j"]);

        // Back across the join: what came from z doesn't come again.
        GoBack(workflow, state, "j", "a");
        foreach (var step in new[] { "a", "b", "c" })
            Complete(workflow, state, step);
        Waits(state).ShouldBe(["j"]);
        Complete(workflow, state, "j").Lines.ShouldBe(["e"]);
        state.SubStatus.ShouldBe(WorkflowSubStatus.Finished);
        state.Incidents.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("Counter")]
    [InlineData("Token")]
    public void A_branch_that_has_not_come_is_still_waited_for(string mode)
    {
        var workflow = Compile(Flowchart("s>a s>z a>b b>j z>j", Activity("s", "Start"), Task("a"), Task("b"), Task("z"), Merging(Line("j"))), Mode(mode));
        var state = Start(workflow).State;
        Complete(workflow, state, "a");
        GoBack(workflow, state, "b", "a");
        Complete(workflow, state, "a");
        Complete(workflow, state, "b").Lines.ShouldBeEmpty();
        Complete(workflow, state, "z").Lines.ShouldBe(["j"]);
        state.SubStatus.ShouldBe(WorkflowSubStatus.Finished);
    }

    [Theory]
    [InlineData("Counter")]
    [InlineData("Token")]
    public void A_loop_around_it_goes_on(string mode)
    {
        var workflow = Compile(
            Flowchart(
                "s>a a>b b>d d:True>a d:False>e",
                Activity("s", "Start"),
                Task("a"),
                Task("b"),
                Activity("d", "FlowDecision", "condition", "JavaScript", "return getLastResult() === 'again'"),
                Line("e")
            ),
            Mode(mode)
        );
        var state = Start(workflow).State;
        Complete(workflow, state, "a");
        GoBack(workflow, state, "b", "a");
        Complete(workflow, state, "a");
        Complete(workflow, state, "b", "again");
        Waits(state).ShouldBe(["a"]);
        Complete(workflow, state, "a");
        GoBack(workflow, state, "b", "a");
        Complete(workflow, state, "a");
        Complete(workflow, state, "b", "done").Lines.ShouldBe(["e"]);
        state.SubStatus.ShouldBe(WorkflowSubStatus.Finished);
    }

    [Theory]
    [InlineData("Counter")]
    [InlineData("Token")]
    public void From_within_a_part_the_case_goes_back_to_a_step_around_it(string mode)
    {
        var workflow = Compile(Flowchart("s>a a>seq seq>e", Activity("s", "Start"), Task("a"), Sequence(Task("b"), Task("c")), Line("e")), Mode(mode));
        var state = Start(workflow).State;
        Complete(workflow, state, "a");
        Complete(workflow, state, "b");
        Burst.ComesBefore(workflow, "a", "c").ShouldBeTrue();
        GoBack(workflow, state, "c", "a");
        foreach (var step in new[] { "a", "b" })
            Complete(workflow, state, step);
        Complete(workflow, state, "c").Lines.ShouldBe(["e"]);
        state.SubStatus.ShouldBe(WorkflowSubStatus.Finished);
    }

    /// <summary>
    /// Every merge mode, with and without a join before the step that is left: what comes again comes once, and the case ends with nothing left behind.
    /// </summary>
    [Theory]
    [InlineData("Stream")]
    [InlineData("Merge")]
    [InlineData("Converge")]
    [InlineData("Cascade")]
    [InlineData("Race")]
    public void In_token_mode_a_way_taken_again_ends_as_the_first_time(string merge)
    {
        var workflow = Compile(
            Flowchart("s>a a>b a>c b>j c>j j>k k>e", Activity("s", "Start"), Task("a"), Task("b"), Task("c"), Merging(Task("j"), merge), Task("k"), Line("e")),
            Mode("Token")
        );
        var straight = Start(workflow).State;
        var ends = Walk(straight);
        var state = Start(workflow).State;
        Walk(state, until: "k");

        GoBack(workflow, state, "k", "a");
        Waits(state).ShouldBe(["a"]);
        Walk(state, until: "k");
        GoBack(workflow, state, "k", "j");
        Waits(state).ShouldBe(["j"]);
        Walk(state).ShouldBe(ends);

        state.SubStatus.ShouldBe(WorkflowSubStatus.Finished);
        state.Incidents.ShouldBeEmpty();

        // Completes what waits, in the order of the alphabet, until a step waits or all is done; gives the lines.
        List<string> Walk(InstanceState at, string? until = null)
        {
            var lines = new List<string>();
            while (at.Bookmarks.Count > 0 && !Waits(at).Contains(until))
                lines.AddRange(Complete(workflow, at, Waits(at).First()).Lines);
            return lines;
        }
    }

    [Theory]
    [InlineData("Counter")]
    [InlineData("Token")]
    public void Where_there_is_no_way_back_nothing_changes(string mode)
    {
        var workflow = Compile(Flowchart("s>a s>z a>b", Activity("s", "Start"), Task("a"), Task("b"), Task("z")), Mode(mode));
        var state = Start(workflow).State;
        Complete(workflow, state, "a");
        var before = System.Text.Encoding.UTF8.GetString(state.ToJson());
        foreach (var (from, to) in new[] { ("b", "z"), ("z", "a"), ("b", "b"), ("b", "nothing") })
        {
            Burst.ComesBefore(workflow, to, from).ShouldBeFalse();
            Burst.Advance(workflow, state, new Stimulus.GoBack(state.Bookmarks.First(x => x.ActivityId == from).Id, to), Context).Refused.ShouldNotBeNull();
        }

        Burst.Advance(workflow, state, new Stimulus.GoBack("gone", "a"), Context).Refused.ShouldNotBeNull();
        System.Text.Encoding.UTF8.GetString(state.ToJson()).ShouldBe(before);
    }

    private static string Mode(string mode) => $$"""  "customProperties":{"Flowchart:ExecutionMode":"{{mode}}"},""";

    /// <summary>Waits for all that leads to it, in token mode as counter mode does by itself.</summary>
    private static string Merging(string activity, string merge = "Merge") => activity[..^1] + $$$""","customProperties":{"mergeMode":"{{{merge}}}"}}""";

    private BurstResult GoBack(CompiledWorkflow workflow, InstanceState state, string from, string to)
    {
        Burst.ComesBefore(workflow, to, from).ShouldBeTrue();
        // As after a wait: from the stored state.
        var seed = ++_seed;
        var stored = InstanceState.FromJson(state.ToJson());
        Burst
            .Advance(workflow, stored, new Stimulus.GoBack(stored.Bookmarks.First(x => x.ActivityId == from).Id, to), Context with { Seed = seed })
            .Refused.ShouldBeNull();
        var result = Burst.Advance(workflow, state, new Stimulus.GoBack(state.Bookmarks.First(x => x.ActivityId == from).Id, to), Context with { Seed = seed });
        System.Text.Encoding.UTF8.GetString(stored.ToJson()).ShouldBe(System.Text.Encoding.UTF8.GetString(result.State.ToJson()));
        return result;
    }

    /// <summary>Each burst has its own seed, as at run time.</summary>
    private ulong _seed = 100;

    private BurstResult Complete(CompiledWorkflow workflow, InstanceState state, string id, object? result = null) =>
        Burst.Advance(
            workflow,
            state,
            new Stimulus.Resume(state.Bookmarks.First(x => x.ActivityId == id).Id, new() { ["RunTaskInput"] = result }),
            Context with
            {
                Seed = ++_seed,
            }
        );

    private static IEnumerable<string> Waits(InstanceState state) => state.Bookmarks.Select(x => x.ActivityId).Order(StringComparer.Ordinal);
}
