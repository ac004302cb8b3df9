using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Tests.Execution;
using Orchestration.Testing;
using static Orchestration.Engine.Tests.Execution.Workflows;

namespace Orchestration.Engine.Tests.Compilation;

/// <summary>A join that waits for paths of which only one can be taken is refused at publishing, and no join that a run could get past.</summary>
public sealed class FlowJoinTests
{
    private const string Token = "\"customProperties\":{\"Flowchart:ExecutionMode\":\"TokenBased\"},";
    private const string Refused = "it waits for every path that leads to it, and it can't get them all: ";

    private static readonly ActivityRegistry Registry = ActivityRegistry
        .WithBuiltIns()
        .Add(
            new ActivityType
            {
                TypeName = "Test.Choice",
                Category = "Test",
                DisplayName = "Choice",
                Compile = static c =>
                {
                    c.SetOutcomes(["True", "False"]);
                    return new Choice();
                },
            }
        );

    [Theory]
    [InlineData("s>d d:True>a d:False>b a>j b>j", "the path from 'a' needs the outcome 'True' of 'd', and the path from 'b' needs 'False'.")]
    [InlineData("s>d d:True>j d:False>j", "the path from 'd' needs the outcome 'True' of 'd', and the path from 'd' needs 'False'.")]
    [InlineData("s>d d:True>a a>b b>j d:False>c c>e c>f e>j f>j", "the path from 'b' needs the outcome 'True' of 'd', and the path from 'e' needs 'False'.")]
    // The path after the decision has a loop: it still needs the decision's outcome.
    [InlineData(
        "s>d d:True>g g:True>g2 g2>g g:False>j d:False>b b>j",
        "the path from 'g' needs the outcome 'True' of 'd', and the path from 'b' needs 'False'."
    )]
    [InlineData("s>x x:A>a x:B>b a>j b>j", "the path from 'a' needs the outcome 'A' of 'x', and the path from 'b' needs 'B'.")]
    // Either way, or one outcome for both.
    [InlineData("s>d d:True>a d:True>b a>j b>j", null)]
    [InlineData("s>a s>d d:True>b a>j b>j", null)]
    [InlineData("s>d d:True>a d:False>b a>c b>c c>j s>j", null)]
    // The decision is made again: a loop around it may bring both.
    [InlineData("s>e e>d d:True>a d:False>b a>j b>j b>e", null)]
    [InlineData("s>y y:A>a y:B>b a>j b>j", null)]
    // An activity that leads nowhere near the start isn't waited for.
    [InlineData("s>a a>j lost>j", null)]
    public void A_join_of_all_paths_needs_no_two_outcomes_of_one_decision(string connections, string? reason)
    {
        var flowchart = Flow(connections, "WaitAll");
        Problems(flowchart).ShouldBe(reason is null ? [] : [$"Activity 'j': {Refused}{reason}"]);
        Problems(Flow(connections, "WaitAny")).ShouldBeEmpty();
        Problems(Flow(connections, "WaitAllActive")).ShouldBeEmpty();
        foreach (var use in new[] { DefinitionUse.Draft, DefinitionUse.Run })
            DefinitionParser.Parse(Document(flowchart), Registry, use).Errors.ShouldBeEmpty();
    }

    [Fact]
    public void An_expression_for_how_a_join_waits_and_several_triggers_are_not_judged()
    {
        const string Connections = "s>d d:True>a d:False>b a>j b>j";
        var flowchart = Flow(Connections, "WaitAll");
        var computed = Activity("j", "FlowJoin", "mode", "JavaScript", "'WaitAny'");
        flowchart.ShouldContain(Join("j", "WaitAll"));
        Problems(flowchart.Replace(Join("j", "WaitAll"), computed, StringComparison.Ordinal)).ShouldBeEmpty();
        const string Trigger = """
            {"id":"t","type":"Elsa.Event","eventName":{"typeName":"String","expression":{"type":"Literal","value":"E"}},
             "customProperties":{"canStartWorkflow":true}}
            """;
        Problems(Flow(Connections + " t>b", "WaitAll", Trigger)).ShouldBeEmpty();
    }

    [Fact]
    public void With_tokens_activities_wait_as_their_merge_mode_says()
    {
        foreach (var (mode, isRefused) in new[] { ("Merge", true), ("Converge", true), ("Stream", false), ("Cascade", false), ("Race", false) })
        {
            var last = $$$"""{"id":"j","type":"Elsa.WriteLine","customProperties":{"mergeMode":"{{{mode}}}"}}""";
            var flowchart = Flowchart("s>d d:True>a d:False>b a>j b>j", Activity("s", "Start"), Decision, Line("a"), Line("b"), last);
            Problems(flowchart, Token).Count.ShouldBe(isRefused ? 1 : 0, mode);
            Problems(flowchart).ShouldBeEmpty(mode);
        }

        Problems(Flow("s>d d:True>a d:False>b a>j b>j", "WaitAllActive"), Token).ShouldHaveSingleItem();
        var converging = """{"id":"j","type":"Elsa.WriteLine","customProperties":{"mergeMode":"Converge"}}""";
        Problems(Flowchart("s>j lost>j", Activity("s", "Start"), Line("lost"), converging), Token)
            .ShouldBe([$"Activity 'j': {Refused}the path from 'lost' can't be reached from the start."]);
        // Two tokens reach the decision, which can decide both ways.
        Problems(Flow("s>a s>b a>d b>d d:True>c d:False>e c>j e>j", "WaitAll"), Token).ShouldBeEmpty();
    }

    /// <summary>Flowcharts at random, run with decisions at random: a join that is refused never ran.</summary>
    [Fact]
    public void No_run_gets_past_a_join_that_is_refused()
    {
        var random = new Random(11);
        var (refused, ran) = (0, 0);
        for (var i = 0; i < 3000; i++)
        {
            var more = i % 2 == 0 ? "" : Token;
            var flowchart = AtRandom(random);
            var names = DefinitionParser
                .Parse(Document(flowchart, more), Registry, DefinitionUse.Publish)
                .Errors.Where(x => x.Reason.Contains(Refused, StringComparison.Ordinal))
                .Select(x => x.Reason.Split('\'')[1])
                .ToList();
            refused += names.Count;
            var workflow = DefinitionParser.Parse(Document(flowchart, more), Registry, DefinitionUse.Run).Workflow!;
            for (var run = 0; run < 6 && names.Count > 0 || run < 1; run++)
            {
                var joins = Run(workflow, random);
                ran += joins.Count;
                joins.Intersect(names).ShouldBeEmpty($"{more}{flowchart}");
            }
        }

        refused.ShouldBeGreaterThan(100);
        ran.ShouldBeGreaterThan(100);
    }

    /// <summary>What stock Elsa recorded: it never ran a join that is refused, either.</summary>
    [Fact]
    public void Stock_Elsa_never_ran_a_join_that_is_refused()
    {
        var refused = 0;
        foreach (var file in new[] { "semantics", "generated-a", "recorded" })
        {
            using var packed = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Golden", file + ".ndjson.gz"));
            using var reader = new StreamReader(new GZipStream(packed, CompressionMode.Decompress));
            while (reader.ReadLine() is { } line)
            {
                if (!line.Contains("FlowJoin", StringComparison.Ordinal) && !line.Contains("mergeMode", StringComparison.Ordinal))
                    continue;
                using var json = JsonDocument.Parse(line);
                var document = Encoding.UTF8.GetBytes(json.RootElement.GetProperty("definitions")[0].GetRawText());
                foreach (var error in DefinitionParser.Parse(document, Registry, DefinitionUse.Publish).Errors)
                {
                    if (!error.Reason.Contains(Refused, StringComparison.Ordinal))
                        continue;
                    refused++;
                    var join = error.Reason.Split('\'')[1];
                    json.RootElement.GetProperty("steps").GetRawText().ShouldNotContain($"\"activityId\":\"{join}\"", Case.Sensitive, line[..200]);
                }
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{refused} joins refused");
    }

    [Fact]
    public void Shipped_journeys_have_no_such_join()
    {
        foreach (var file in new[] { "claims", "complaint", "mortgage-origination", "claims-status-letter", "finding", "guidance-change" })
        {
            DefinitionParser
                .Parse(File.ReadAllBytes(Repository.Path($"definitions/{file}.json")), Registry, DefinitionUse.Publish)
                .Errors.ShouldNotContain(x => x.Reason.Contains(Refused, StringComparison.Ordinal), file);
        }
    }

    [Fact]
    public void Many_decisions_are_judged_quickly()
    {
        // A ladder of 2,000 decisions whose paths meet again, and a join of every one of them.
        var activities = new List<string> { Activity("s", "Start"), Join("j", "WaitAll") };
        var connections = new StringBuilder("s>d0");
        for (var i = 0; i < 2000; i++)
        {
            activities.AddRange([Activity($"d{i}", "FlowDecision"), Line($"a{i}"), Line($"b{i}")]);
            connections.Append($" d{i}:True>a{i} d{i}:False>b{i} a{i}>j");
            if (i < 1999)
                connections.Append($" a{i}>d{i + 1} b{i}>d{i + 1}");
        }

        var started = TimeProvider.System.GetTimestamp();
        Problems(Flowchart(connections.ToString(), [.. activities])).ShouldBeEmpty();
        TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    private static string Decision => Activity("d", "FlowDecision", "condition", "Literal", "true");

    private static string Join(string id, string mode) => Activity(id, "FlowJoin", "mode", "Literal", mode);

    /// <summary>s is the start, d, e and g decide, x is a switch that follows one case and y one that may follow both, j joins.</summary>
    private static string Flow(string connections, string mode, params string[] more)
    {
        const string Cases =
            """ "cases":[{"label":"A","condition":{"type":"JavaScript","value":"true"}},{"label":"B","condition":{"type":"JavaScript","value":"true"}}]""";
        string[] all =
        [
            Activity("s", "Start"),
            Decision,
            Line("a"),
            Line("b"),
            Line("c"),
            Line("e"),
            Line("f"),
            Activity("g", "FlowDecision"),
            Line("g2"),
            $$"""{"id":"x","type":"Elsa.FlowSwitch",{{Cases}}}""",
            $$$"""{"id":"y","type":"Elsa.FlowSwitch","mode":{"typeName":"String","expression":{"type":"Literal","value":"MatchAny"}},{{{Cases}}}}""",
            Line("lost"),
            Join("j", mode),
            .. more,
        ];
        return Flowchart(connections, all);
    }

    private static List<string> Problems(string flowchart, string more = "") =>
        [.. DefinitionParser.Parse(Document(flowchart, more), Registry, DefinitionUse.Publish).Errors.Select(x => x.Reason)];

    /// <summary>Up to nine activities; paths lead on, and from a choice also back.</summary>
    private static string AtRandom(Random random)
    {
        var kinds = Enumerable.Range(0, 9).Select(i => i == 0 ? 0 : random.Next(5)).ToArray();
        var activities = kinds.Select(
            (kind, i) =>
                kind switch
                {
                    0 => $$"""{"id":"n{{i}}","type":"Test.Choice"}""",
                    1 or 2 => Join(
                        $"n{i}",
                        kind == 1 ? "WaitAll"
                            : random.Next(2) == 0 ? "WaitAny"
                            : "WaitAllActive"
                    ),
                    _ => Line($"n{i}"),
                }
        );
        var connections = new List<string>();
        for (var i = 0; i < kinds.Length; i++)
        {
            foreach (var port in kinds[i] == 0 ? ["True", "False"] : new[] { "Done" })
            {
                for (var n = random.Next(1, 3); n > 0; n--)
                {
                    var isBack = kinds[i] == 0 && random.Next(12) == 0;
                    var to = isBack ? random.Next(1, 9) : random.Next(i + 1, 10);
                    if (to < 9)
                        connections.Add($"n{i}:{port}>n{to}");
                }
            }
        }

        return Flowchart(string.Join(' ', connections.Distinct()), [.. activities]);
    }

    /// <summary>The joins that ran.</summary>
    private static HashSet<string> Run(CompiledWorkflow workflow, Random random)
    {
        var joins = new HashSet<string>();
        var result = Start(workflow);
        for (var i = 0UL; ; i++)
        {
            joins.UnionWith(result.Journal.Where(x => x.ActivityType == "Elsa.FlowJoin" && x.EventName == "Completed").Select(x => x.ActivityId));
            if (i == 25 || result.State.Bookmarks.Count == 0)
                return joins;
            var bookmark = result.State.Bookmarks[random.Next(result.State.Bookmarks.Count)];
            var input = new OrderedDictionary<string, object?> { ["Outcome"] = random.Next(2) == 0 ? "True" : "False" };
            result = Burst.Advance(workflow, result.State, new Stimulus.Resume(bookmark.Id, input), Context with { Seed = 100 + i });
        }
    }

    /// <summary>As a step: it waits for one of its outcomes.</summary>
    private sealed class Choice : Activity
    {
        protected internal override void Execute(ActivityContext context) => context.OpenBookmark("Test.Choice");

        protected internal override void Resume(ActivityContext context, Bookmark bookmark)
        {
            context.TryGetInput("Outcome", out var outcome);
            context.Complete((string)outcome!);
        }

        protected internal override bool HasOneOutcome(ActivityNode node) => true;
    }
}
