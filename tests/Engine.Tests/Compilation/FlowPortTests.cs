using System.Text;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Tests.Execution;

namespace Orchestration.Engine.Tests.Compilation;

/// <summary>A connection leaves from an outcome that its activity can have, or it is refused: it would end a case silently.</summary>
public sealed class FlowPortTests
{
    [Theory]
    [InlineData("FlowDecision", "", "True False")]
    [InlineData("FlowSwitch", "\"cases\":[{\"label\":\"A\"},{\"label\":\"B\"}]", "A B Default")]
    [InlineData("FlowFork", "\"branches\":{\"typeName\":\"List<String>\",\"expression\":{\"type\":\"Object\",\"value\":\"[\\\"X\\\",\\\"Y\\\"]\"}}", "X Y")]
    [InlineData("BulkDispatchWorkflows", "", "Completed Canceled Done")]
    [InlineData("FlowSendHttpRequest", "", "Done Timeout")]
    [InlineData("RunJavaScript", "\"script\":{\"typeName\":\"String\",\"expression\":{\"type\":\"Literal\",\"value\":\"1 + 1\"}}", "Done")]
    [InlineData(
        "RunJavaScript",
        "\"possibleOutcomes\":{\"typeName\":\"List<String>\",\"expression\":{\"type\":\"Object\",\"value\":\"[\\\"Big\\\"]\"}}",
        "Big Done"
    )]
    [InlineData("WriteLine", "", "Done")]
    [InlineData("Sequence", "", "Done")]
    public void Only_outcomes_of_an_activity_have_connections(string type, string properties, string ports)
    {
        foreach (var port in ports.Split(' '))
            Publish(type, properties, port).ShouldBeEmpty(port);
        foreach (var port in new[] { "Aprove", "done", "Done " })
            Publish(type, properties, port)
                .ShouldHaveSingleItem()
                .ShouldSatisfyAllConditions(
                    e => e.Path.ShouldBe("$.root.connections[0].source.port"),
                    e => e.Reason.ShouldContain($"the connection a → b leaves from '{port}', which is not an outcome of 'a'")
                );
    }

    [Theory]
    [InlineData("FlowFork", "\"branches\":{\"typeName\":\"List<String>\",\"expression\":{\"type\":\"JavaScript\",\"value\":\"['X']\"}}")]
    [InlineData("FlowSendHttpRequest", "\"expectedStatusCodes\":{\"typeName\":\"List<Int32>\",\"expression\":{\"type\":\"JavaScript\",\"value\":\"[200]\"}}")]
    [InlineData("RunJavaScript", "\"script\":{\"typeName\":\"String\",\"expression\":{\"type\":\"Literal\",\"value\":\"setOutcome('Any')\"}}")]
    [InlineData("RunJavaScript", "\"script\":{\"typeName\":\"String\",\"expression\":{\"type\":\"JavaScript\",\"value\":\"'1'\"}}")]
    public void Outcomes_that_only_a_run_knows_are_not_checked(string type, string properties) => Publish(type, properties, "Any").ShouldBeEmpty();

    [Fact]
    public void A_workflow_used_as_an_activity_has_its_own_outcomes_and_those_that_it_completes_with()
    {
        foreach (var port in new[] { "Yes", "Maybe", "Done" })
            Publish("""{"type":"Literal","value":"Maybe"}""", port).ShouldBeEmpty();
        Publish("""{"type":"Literal","value":"Maybe"}""", "No").Single().Reason.ShouldContain("(Yes, Done, Maybe)");
        Publish("""{"type":"JavaScript","value":"'No'"}""", "No").ShouldBeEmpty();

        static IReadOnlyList<DefinitionError> Publish(string outcomes, string port)
        {
            var used = Encoding.UTF8.GetBytes(
                $$$"""
                {"id":"b1","definitionId":"b","version":1,"name":"B","outcomes":["Yes"],"root":{"id":"s","type":"Elsa.Sequence","activities":[
                {"id":"c","type":"Elsa.Complete","outcomes":{"typeName":"Object","expression":{{{outcomes}}}}}]}}
                """
            );
            return DefinitionParser
                .Parse(
                    Workflows.Document(Workflows.Flowchart($"a:{port}>b", """{"id":"a","type":"B","workflowDefinitionId":"b"}""", Workflows.Line("b"))),
                    ActivityRegistry.WithBuiltIns(),
                    DefinitionUse.Publish,
                    _ => new WorkflowSource(used)
                )
                .Errors;
        }
    }

    [Fact]
    public void A_draft_and_a_published_version_may_have_such_connections()
    {
        var document = Workflows.Document(Workflows.Flowchart("a:Aprove>b", Workflows.Line("a"), Workflows.Line("b")));
        foreach (var use in new[] { DefinitionUse.Draft, DefinitionUse.Run })
            DefinitionParser
                .Parse(document, ActivityRegistry.WithBuiltIns(), use)
                .Workflow.ShouldNotBeNull()
                .FindActivity("a")!
                .IsConnectedFrom("Aprove")
                .ShouldBeTrue();
    }

    private static IReadOnlyList<DefinitionError> Publish(string type, string properties, string port)
    {
        var activity = $$"""{"id":"a","type":"Elsa.{{type}}"{{(properties.Length > 0 ? "," + properties : "")}}}""";
        var flowchart = Workflows.Flowchart("a:PORT>b", activity, Workflows.Line("b")).Replace("PORT", port, StringComparison.Ordinal);
        return DefinitionParser.Parse(Workflows.Document(flowchart), ActivityRegistry.WithBuiltIns()).Errors;
    }
}
