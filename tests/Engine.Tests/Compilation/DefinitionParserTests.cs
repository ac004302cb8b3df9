using System.Text;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Tests.Execution;

namespace Orchestration.Engine.Tests.Compilation;

public class DefinitionParserTests
{
    private static readonly ActivityRegistry Registry = ActivityRegistry.WithBuiltIns();

    [Fact]
    public void All_errors_are_reported_at_once_with_path_and_activity()
    {
        var errors = Publish(
            Workflows.Sequence(
                """{"id":"a","name":"Ask","type":"Acme.Unknown"}""",
                Workflows.Activity("e", "Event"),
                Workflows.Activity("c", "Cron", "cronExpression", "Literal", "every day")
            )
        );

        errors.Select(x => x.Path).ShouldBe(["$.root.activities[0].type", "$.root.activities[1].eventName", "$.root.activities[2].cronExpression"]);
        errors[0].Reason.ShouldContain("Ask");
        errors[0].Reason.ShouldContain("Acme.Unknown");
    }

    [Fact]
    public void A_draft_keeps_what_it_does_not_know()
    {
        var (workflow, errors) = DefinitionParser.Parse(
            Workflows.Document(Workflows.Sequence("""{"id":"a","type":"Acme.Unknown"}""")),
            Registry,
            DefinitionUse.Draft
        );

        errors.ShouldBeEmpty();
        workflow!.FindActivity("a")!.TypeName.ShouldBe("Elsa.NotFoundActivity");
    }

    [Fact]
    public void Blank_text_is_no_default_of_a_variable()
    {
        var (workflow, errors) = DefinitionParser.Parse(
            """
            {"variables":[{"id":"a","name":"A","typeName":"String","value":" "},{"id":"b","name":"B","typeName":"String","value":"b"}],
            "root":{"type":"Elsa.Sequence"}}
            """,
            Registry
        );

        errors.ShouldBeEmpty();
        workflow!.Variables.Select(x => x.Default).ShouldBe([null, "b"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    [InlineData("{\"root\":[]}")]
    [InlineData("{\"root\":{\"type\":5}}")]
    [InlineData("{\"root\":{\"type\":\"Elsa.Flowchart\",\"activities\":5,\"connections\":[1,{},{\"source\":{}}]}}")]
    [InlineData("{\"root\":{\"type\":\"Elsa.FlowSwitch\",\"cases\":[1,{\"condition\":7}]}}")]
    [InlineData("{\"variables\":[1],\"inputs\":7,\"outputs\":[{}],\"root\":{\"type\":\"Elsa.Sequence\",\"activities\":[null]}}")]
    public void Malformed_documents_are_refused_and_never_thrown_on(string json)
    {
        foreach (var use in Enum.GetValues<DefinitionUse>())
            Should.NotThrow(() => DefinitionParser.Parse(json, Registry, use));

        DefinitionParser.Parse(json, Registry).Errors.ShouldNotBeEmpty();
    }

    [Fact]
    public void A_document_that_is_too_large_is_refused()
    {
        var (workflow, errors) = DefinitionParser.Parse(new byte[10 * 1024 * 1024], Registry);

        workflow.ShouldBeNull();
        errors.ShouldHaveSingleItem().Reason.ShouldContain("bytes");
    }

    [Fact]
    public void Five_thousand_activities_compile_and_too_many_are_refused()
    {
        var (workflow, errors) = DefinitionParser.Parse(
            Workflows.Document(Workflows.Sequence([.. Enumerable.Range(0, 5_000).Select(i => Workflows.Line("n" + i))])),
            Registry
        );
        errors.ShouldBeEmpty();
        workflow!.Nodes.Count.ShouldBe(5_002);

        Publish(Workflows.Sequence([.. Enumerable.Range(0, 10_001).Select(i => $$"""{"id":"n{{i}}","type":"Elsa.Start"}""")]))
            .ShouldHaveSingleItem()
            .Reason.ShouldContain("10,000");
    }

    [Theory]
    [InlineData(200, true)]
    [InlineData(400, false)]
    [InlineData(5_000, false)]
    public void Two_hundred_levels_compile_and_more_than_that_are_refused(int levels, bool isAllowed)
    {
        var json = new StringBuilder();

        for (var i = 0; i < levels; i++)
            json.Append("{\"id\":\"s\",\"type\":\"Elsa.Sequence\",\"activities\":[");

        json.Append(Workflows.Line("deep"));
        json.Insert(json.Length, string.Concat(Enumerable.Repeat("]}", levels)));

        var errors = Publish(json.ToString());
        (errors.Count == 0).ShouldBe(isAllowed);
    }

    [Fact]
    public void The_same_id_twice_in_a_container_is_refused_and_in_another_container_is_not()
    {
        Publish(Workflows.Sequence(Workflows.Line("a"), Workflows.Line("a"))).ShouldContain(x => x.Reason.Contains("'a'"));
        Publish(Workflows.Sequence(Workflows.Line("a"), """{"id":"inner","type":"Elsa.Sequence","activities":[{"id":"a","type":"Elsa.Start"}]}"""))
            .ShouldBeEmpty();
    }

    [Fact]
    public void Activities_without_an_id_are_numbered_by_type()
    {
        var (workflow, _) = DefinitionParser.Parse(
            Workflows.Document("""{"type":"Elsa.Sequence","activities":[{"type":"Elsa.Start"},{"type":"Elsa.Start"}]}"""),
            Registry
        );

        workflow!.Nodes.Select(x => x.NodeId).ShouldBe(["Workflow1", "Workflow1:Sequence1", "Workflow1:Sequence1:Start1", "Workflow1:Sequence1:Start2"]);
    }

    [Fact]
    public void A_workflow_that_uses_itself_as_an_activity_is_refused_with_the_circle()
    {
        var a = Encoding.UTF8.GetBytes(
            """
            {"id":"a1","definitionId":"a","version":1,"name":"A","root":{"id":"s","type":"Elsa.Sequence","activities":[{"id":"x","type":"B",
            "workflowDefinitionId":"b"}]}}
            """
        );
        var b = Encoding.UTF8.GetBytes(
            """
            {"id":"b1","definitionId":"b","version":1,"name":"B","root":{"id":"s","type":"Elsa.Sequence","activities":[{"id":"x","type":"A",
            "workflowDefinitionId":"a"}]}}
            """
        );

        var (workflow, errors) = DefinitionParser.Parse(a, Registry, DefinitionUse.Publish, x => new WorkflowSource(x.DefinitionId == "b" ? b : a));

        workflow.ShouldBeNull();
        errors.ShouldContain(x => x.Reason.Contains("a → b → a"));
    }

    [Fact]
    public void A_definition_names_the_versions_it_was_compiled_with()
    {
        var b = Encoding.UTF8.GetBytes(
            """{"id":"b1","definitionId":"b","version":3,"name":"B","outcomes":["Yes","No"],"root":{"id":"s","type":"Elsa.Sequence","activities":[]}}"""
        );

        var (workflow, errors) = DefinitionParser.Parse(
            Workflows.Document(Workflows.Sequence("""{"id":"x","type":"B","workflowDefinitionId":"b"}""")),
            Registry,
            DefinitionUse.Publish,
            _ => new WorkflowSource(b)
        );

        errors.ShouldBeEmpty();
        workflow!.DependsOn.ShouldBe(["b1"]);
        workflow.FindActivity("x")!.Outcomes.ShouldBe(["Yes", "No"]);
    }

    [Fact]
    public void Triggers_carry_what_they_are_found_by()
    {
        var workflow = Workflows.Compile(
            Workflows.Flowchart(
                "",
                """
                {"id":"e","type":"Elsa.Event","customProperties":{"canStartWorkflow":true},"eventName":{"typeName":"String",
                "expression":{"type":"Literal","value":"Claimed"}}}
                """,
                """
                {"id":"c","type":"Elsa.Cron","customProperties":{"canStartWorkflow":true},"cronExpression":{"typeName":"String",
                "expression":{"type":"Literal","value":"TZ=Europe/Berlin 0 0 8 * * MON-FRI"}}}
                """,
                """
                {"id":"h","type":"Elsa.HttpEndpoint","customProperties":{"canStartWorkflow":true},"path":{"typeName":"String",
                "expression":{"type":"Literal","value":"/Claims"}},"supportedMethods":{"typeName":"List<String>","expression":{"type":"Object",
                "value":"[\"GET\",\"POST\"]"}}}
                """,
                """{"id":"n","type":"Elsa.Event","eventName":{"typeName":"String","expression":{"type":"Literal","value":"Other"}}}"""
            )
        );

        workflow.Triggers.Select(x => x.ActivityId).ShouldBe(["e", "c", "h", "h"]);
        workflow.Triggers[0].Hash.ShouldBe(Engine.Model.StimulusHash.Event("Claimed"));
        workflow.Triggers[1].Payload["TimeZone"].ShouldBe("Europe/Berlin");
        workflow.Triggers[3].Hash.ShouldBe(Engine.Model.StimulusHash.Http("claims", "post"));
    }

    private static IReadOnlyList<DefinitionError> Publish(string root) => DefinitionParser.Parse(Workflows.Document(root), Registry).Errors;
}
