using System.Text;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using static Orchestration.Engine.Tests.Execution.Workflows;

namespace Orchestration.Engine.Tests.Execution;

/// <summary>Definitions and expressions meant to hurt: each ends in a clear error, and nothing else suffers.</summary>
public sealed class BadInputTests
{
    private static readonly ActivityRegistry s_registry = ActivityRegistry.WithBuiltIns();

    [Theory]
    [InlineData("(function f() { return f() })()", "nested too deeply")]
    [InlineData("'x'.repeat(1e8)", "8,388,608 characters")]
    [InlineData("let s = 'x'; while (s.length < 1e8) s += s; s", "96 MiB")]
    [InlineData("/^(?=(a+)+$)/.test('a'.repeat(40) + 'b')", "took more than 250 ms")]
    [InlineData("while (true) {}", "was stopped")]
    [InlineData("new Array(1e9).fill(0)", "stopped")]
    [InlineData("Array.from({ length: 1e9 })", "stopped")]
    [InlineData("'x'.padStart(1e9)", "characters")]
    [InlineData("const o = { get x() { return this.x } }; o.x", "nested too deeply")]
    [InlineData("const o = {}; o.o = o; o", "Cyclic reference")]
    [InlineData("const o = {}; o.o = o; JSON.stringify(o)", "Cyclic")]
    [InlineData("getData().self = getData(); getData().self.a", null)]
    [InlineData("for (let i = 0; i < 100; i++) getData().a = { x: getData().a, y: getData().a }", "stopped")]
    [InlineData("for (let i = 0; i < 100; i++) getData().a = { x: getData().a }", "nested more than")]
    [InlineData("for (let i = 0; i < 1e5; i++) setVariable('v' + i, 'x'.repeat(1e5))", "96 MiB")]
    public void An_expression_that_would_hurt_is_an_incident(string script, string? reason)
    {
        var workflow = Compile(
            Sequence(Activity("bad", "RunJavaScript", "script", "Literal", Escape(script)), Task("wait")),
            """
             "variables":[{"id":"Data","name":"Data","typeName":"JsonObject","value":"{\"a\":1}",
            "storageDriverTypeName":"WorkflowInstanceStorageDriver"}],
            """
        );

        var result = Start(workflow);

        if (reason is null)
        {
            result.State.SubStatus.ShouldBe(WorkflowSubStatus.Suspended);
        }
        else
        {
            result.State.SubStatus.ShouldBe(WorkflowSubStatus.Faulted);
            var incident = result.State.Incidents.ShouldHaveSingleItem();
            incident.ActivityId.ShouldBe("bad");
            (incident.Message + incident.Exception?.Inner?.Message).ShouldContain(reason);
        }

        InstanceState.FromJson(result.State.ToJson()).ToJson().ShouldBe(result.State.ToJson());
        Start(Compile(Sequence(Line("next")))).State.SubStatus.ShouldBe(WorkflowSubStatus.Finished);
    }

    [Theory]
    [InlineData("getNumbers().push('abc')")]
    [InlineData("variables.Numbers.push('abc')")]
    [InlineData("variables.Numbers[0] = {}")]
    [InlineData("getMap().a = 'abc'")]
    [InlineData("getDays().push('abc')")]
    [InlineData("setVariable('', 5)")]
    [InlineData("setVariable('Numbers', [1, 'abc'])")]
    [InlineData("setVariable('Small', 300)")]
    [InlineData("setVariable('Id', 'abc')")]
    [InlineData("setVariable('Day', 'abc')")]
    public void A_value_that_its_variable_can_not_hold_keeps_no_state_from_being_stored(string script)
    {
        var workflow = Compile(
            Sequence(Activity("bad", "RunJavaScript", "script", "Literal", Escape(script)), Task("wait")),
            """
            "variables":[{"id":"Numbers","name":"Numbers","typeName":"Int32","isArray":true,"value":"[1,2]",
             "storageDriverTypeName":"WorkflowInstanceStorageDriver"},
              {"id":"Map","name":"Map","typeName":"System.Collections.Generic.Dictionary`2[[System.String],[System.Int32]]","value":"{\"a\":1}",
               "storageDriverTypeName":"WorkflowInstanceStorageDriver"},
              {"id":"Days","name":"Days","typeName":"List<DateTime>","value":"[]","storageDriverTypeName":"WorkflowInstanceStorageDriver"},
              {"id":"Small","name":"Small","typeName":"Byte","storageDriverTypeName":"WorkflowInstanceStorageDriver"},
              {"id":"Id","name":"Id","typeName":"Guid","storageDriverTypeName":"WorkflowInstanceStorageDriver"},
              {"id":"Day","name":"Day","typeName":"DateTime","storageDriverTypeName":"WorkflowInstanceStorageDriver"}],
            """
        );

        var result = Start(workflow);

        InstanceState.FromJson(result.State.ToJson()).ToJson().ShouldBe(result.State.ToJson());
        result.State.SubStatus.ShouldBeOneOf(WorkflowSubStatus.Suspended, WorkflowSubStatus.Faulted);
        result.State.Incidents.ShouldAllBe(x => !(x.Message + x.Exception!.Detail).Contains("System."));
    }

    [Theory]
    [InlineData("""{"id":"loop","type":"Elsa.While","condition":{"typeName":"Boolean","expression":{"type":"Literal","value":true}}}""")]
    [InlineData(
        """
            {"id":"loop","type":"Elsa.While","condition":{"typeName":"Boolean","expression":{"type":"Literal","value":true}},"body":{"id":"l",
            "type":"Elsa.Sequence","activities":[]}}
            """
    )]
    [InlineData(
        """
            {"id":"loop","type":"Elsa.While","condition":{"typeName":"Boolean","expression":{"type":"JavaScript","value":"true"}},
            "body":{"id":"l","type":"Elsa.Sequence","activities":[]}}
            """
    )]
    [InlineData(
        """
            {"id":"loop","type":"Elsa.For","start":{"typeName":"Int32","expression":{"type":"Literal","value":0}},"end":{"typeName":"Int32",
            "expression":{"type":"Literal","value":10}},"step":{"typeName":"Int32","expression":{"type":"Literal","value":0}},
            "body":{"id":"l","type":"Elsa.Sequence","activities":[]}}
            """
    )]
    [InlineData(
        """
            {"id":"loop","type":"Elsa.For","start":{"typeName":"Int32","expression":{"type":"Literal","value":0}},"end":{"typeName":"Int32",
            "expression":{"type":"Literal","value":2147483647}},"outerBoundInclusive":{"typeName":"Boolean","expression":{"type":"Literal",
            "value":true}},"body":{"id":"l","type":"Elsa.Sequence","activities":[]}}
            """
    )]
    [InlineData(
        """
            {"id":"loop","type":"Elsa.ForEach","items":{"typeName":"Object[]","expression":{"type":"JavaScript",
            "value":"Array.from({length: 20000}, (_, i) => i)"}},"body":{"id":"l","type":"Elsa.Sequence","activities":[]}}
            """
    )]
    [InlineData(
        """
            {"id":"loop","type":"Elsa.ParallelForEach","items":{"typeName":"Object[]","expression":{"type":"JavaScript",
            "value":"Array.from({length: 9999}, (_, i) => i)"}},"body":{"id":"l","type":"Elsa.Sequence","activities":[
            {"id":"m","type":"Elsa.Sequence","activities":[]}]}}
            """
    )]
    public void A_loop_without_a_wait_stops_with_an_incident(string loop)
    {
        var result = Start(Compile(Sequence(loop)));

        result.State.SubStatus.ShouldBe(WorkflowSubStatus.Faulted);
        result.State.Incidents.ShouldContain(x => x.Message.Contains("endless loop"));
        InstanceState.FromJson(result.State.ToJson()).SubStatus.ShouldBe(WorkflowSubStatus.Faulted);
    }

    [Fact]
    public void A_Liquid_filter_that_does_not_exist_is_refused_but_runs_as_in_Elsa_where_it_was_published()
    {
        var document = Document(
            Sequence("""{"id":"w","type":"Elsa.WriteLine","text":{"typeName":"String","expression":{"type":"Liquid","value":"{{ 'a' | upcaes }}"}}}""")
        );

        var (_, errors) = DefinitionParser.Parse(document, ActivityRegistry.WithBuiltIns(), DefinitionUse.Publish);
        errors.ShouldHaveSingleItem().Reason.ShouldContain("There is no filter 'upcaes'");

        var (published, _) = DefinitionParser.Parse(document, ActivityRegistry.WithBuiltIns(), DefinitionUse.Run);
        Start(published!).State.Incidents.ShouldBeEmpty();
    }

    [Fact]
    public void A_loop_over_costly_expressions_stops_long_before_all_of_them_have_run()
    {
        var result = Start(
            Compile(
                Sequence(
                    """
                    {"id":"loop","type":"Elsa.While","condition":{"typeName":"Boolean","expression":{"type":"Literal","value":true}},
                     "body":{"id":"costly","type":"Elsa.RunJavaScript","script":{"typeName":"String","expression":{"type":"Literal",
                      "value":"for (let i = 0; i < 1000000; i++);"}}}}
                    """
                )
            )
        );

        result.State.Incidents.ShouldHaveSingleItem().Exception!.Message.ShouldContain("together");
        result.Journal.Count.ShouldBeLessThan(200);
    }

    [Fact]
    public void Workflows_that_loop_over_workflows_count_their_steps_together()
    {
        const string Loop = """{"id":"loop","type":"Elsa.While","condition":{"typeName":"Boolean","expression":{"type":"Literal","value":true}},"body":""";
        var inner = Compile(Sequence(Line("x")));
        var outer = Compile(
            Sequence(
                Loop
                    + """
                    {"id":"child","type":"Elsa.ExecuteWorkflow","workflowDefinitionId":{"typeName":"String","expression":{"type":"Literal",
                    "value":"inner"}},"waitForCompletion":{"typeName":"Boolean","expression":{"type":"Literal","value":true}}}}
                    """
            )
        );

        var result = Start(outer, Context with { FindPublished = _ => inner, MaxSteps = 1_000 });

        result.State.SubStatus.ShouldBe(WorkflowSubStatus.Faulted);
        result.Children.Count.ShouldBeLessThan(300);
    }

    [Fact]
    public void A_wait_below_200_containers_survives_storage_and_ends()
    {
        var root =
            string.Concat(Enumerable.Range(0, 200).Select(i => $$"""{"id":"s{{i}}","type":"Elsa.Sequence","activities":["""))
            + Task("wait")
            + string.Concat(Enumerable.Repeat("]}", 200));
        var workflow = Compile(root);

        var state = InstanceState.FromJson(Start(workflow).State.ToJson());

        Complete(workflow, state, "wait").State.SubStatus.ShouldBe(WorkflowSubStatus.Finished);
    }

    [Fact]
    public void Five_thousand_activities_run_in_one_burst()
    {
        var ids = Enumerable.Range(0, 5_000).Select(i => "n" + i).ToArray();
        var flow = Compile(Flowchart(string.Join(' ', ids.Zip(ids.Skip(1), (a, b) => $"{a}>{b}")), [.. ids.Select(Line)]));

        var result = Start(flow);

        result.State.SubStatus.ShouldBe(WorkflowSubStatus.Finished);
        result.Lines.Count.ShouldBe(5_000);
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(1_000_000)]
    public void Hostile_nesting_of_JSON_is_refused(int levels)
    {
        var json = Encoding.UTF8.GetBytes(
            """{"definitionId":"d","root":""" + string.Concat(Enumerable.Repeat("[", levels)) + string.Concat(Enumerable.Repeat("]", levels)) + "}"
        );

        foreach (var use in Enum.GetValues<DefinitionUse>())
            DefinitionParser.Parse(json, s_registry, use).Errors.ShouldHaveSingleItem().Reason.ShouldContain("depth");
    }

    [Theory]
    [InlineData("Cron", "cronExpression", "TZ=Europe/Nowhere 0 0 8 * * *", "no time zone 'Europe/Nowhere'")]
    [InlineData("Cron", "cronExpression", "0 0 25 * * *", "hours")]
    [InlineData("Cron", "cronExpression", "every day", "fields")]
    [InlineData("Cron", "cronExpression", "", "missing")]
    [InlineData("Timer", "interval", "00:00:00", "greater than zero")]
    [InlineData("Timer", "interval", "soon", "TimeSpan")]
    [InlineData("StartAt", "dateTime", "the 31st of June", "DateTime")]
    [InlineData("Delay", "timeSpan", "a while", "TimeSpan")]
    public void Times_that_cannot_be_are_refused_with_the_name_of_the_activity(string type, string input, string value, string reason)
    {
        var error = DefinitionParser
            .Parse(
                Document(
                    Sequence(
                        $$$$"""
                        {"id":"t","name":"Remind the customer","type":"Elsa.{{{{type}}}}","{{{{input}}}}":{"typeName":"String","expression":
                         {"type":"Literal","value":"{{{{value}}}}"}}}
                        """
                    )
                ),
                s_registry
            )
            .Errors.ShouldHaveSingleItem();

        error.Reason.ShouldContain("'Remind the customer'");
        error.Reason.ShouldContain(reason, Case.Insensitive);
        error.Path.ShouldStartWith($"$.root.activities[0].{input}");
    }

    [Theory]
    [InlineData("JavaScript", "variables.x >", "Unexpected end of input")]
    [InlineData("JavaScript", "2n ** 100000000n", "BigInt is not supported")]
    [InlineData("JavaScript", "/(/.test('')", "Invalid regular expression")]
    [InlineData("Liquid", "{% if %}", "")]
    [InlineData("Fortran", "1", "not available")]
    public void An_expression_that_does_not_parse_is_refused_with_the_name_of_the_activity(string language, string script, string reason)
    {
        var error = DefinitionParser
            .Parse(
                Document(
                    Sequence(
                        $$$$"""
                        {"id":"l","name":"Say hello","type":"Elsa.WriteLine","text":{"typeName":"String","expression":{"type":"{{{{language}}}}",
                         "value":"{{{{script}}}}"}}}
                        """
                    )
                ),
                s_registry
            )
            .Errors.ShouldHaveSingleItem();

        error.Reason.ShouldContain("'Say hello'");
        error.Reason.ShouldContain(reason);
    }

    [Fact]
    public void A_number_that_its_variable_cannot_hold_is_an_incident()
    {
        var workflow = Compile(
            Sequence(Activity("bad", "RunJavaScript", "script", "Literal", "setVariable('N', 1e20)"), Task("wait")),
            """ "variables":[{"id":"N","name":"N","typeName":"Int32","value":"1","storageDriverTypeName":"WorkflowInstanceStorageDriver"}],"""
        );

        var result = Start(workflow);

        result.State.SubStatus.ShouldBe(WorkflowSubStatus.Faulted);
        result.State.Incidents.ShouldHaveSingleItem().Message.ShouldContain("Int32");
        InstanceState.FromJson(result.State.ToJson()).SubStatus.ShouldBe(WorkflowSubStatus.Faulted);
    }

    private static string Escape(string script) => script.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
}
