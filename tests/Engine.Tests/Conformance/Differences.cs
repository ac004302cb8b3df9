namespace Orchestration.Engine.Tests.Conformance;

/// <summary>Where we differ from stock Elsa 3.8.0-rc2 on purpose: cases by reason. docs/elsa-compatibility.md says the same in a user's words.</summary>
internal static class Differences
{
    private const string Withdrawn = "work that a cancelled branch had scheduled does not run (Elsa fixed this after 3.8.0-rc2)";
    private const string Nested = "cancelling a nested container does not fault whoever caused it";
    private const string Orphan = "what still runs after its container ended keeps its variables; Elsa loses them at the next wait";
    private const string Captured = "an output of a workflow activity that is captured in an output of the workflow around it arrives there; Elsa faults";
    private const string Inputs = "inputs of a workflow used as an activity survive a wait; Elsa loses them";

    private static readonly Dictionary<string, string> Reasons = new(StringComparer.Ordinal)
    {
        ["complete-outcomes-nested-flow"] = Nested,
        ["complete-outcomes-nested-seq"] = Nested,
        ["fork-join-waitany-deep"] = Nested,
        ["complete-outcomes-nested-flow-token"] = Withdrawn,
        ["complete-outcomes-nested-seq-token"] = Withdrawn,
        ["gen-01074"] = Withdrawn,
        ["gen-01119"] = Withdrawn,
        ["gen-01028"] = Orphan,
        ["gen-01050"] = Orphan,
        ["gen-01063"] = Orphan,
        ["gen-01065"] = Orphan,
        ["gen-01095"] = Orphan,
        ["workflow-as-activity-outcomes-5"] = Inputs,
        ["workflow-as-activity-outcomes-5-token"] = Inputs,
        ["workflow-as-activity-outcomes-accessor-5"] = Inputs,
        ["workflow-as-activity-outcomes-accessor-5-token"] = Inputs,
        ["execute-suspending-wait-true"] = "ExecuteWorkflow gives the result of a child that waited; Elsa gives an empty one",
        ["fault-no-message"] = "a Fault without a message says so in words",
        ["var-types-defaults"] = "a Guid is text in JavaScript; Elsa shows members of its .NET type",
        ["ParentChildOutputMapping-c"] = Captured,
        ["ParentChildOutputMapping-c-token"] = Captured,
        ["WorkflowDefinitionActivities-parent-with-io"] = "a workflow activity that names an unknown version gets its inputs all the same",
        ["WorkflowDefinitionActivities-parent-with-io-token"] = "a workflow activity that names an unknown version gets its inputs all the same",
        ["comp-WorkflowActivities-CacheInvalidation-Parent"] = "a running instance keeps the versions of the workflows it uses as activities",
        ["comp-WorkflowActivities-CacheInvalidation-Parent-token"] = "a running instance keeps the versions of the workflows it uses as activities",
    };

    public static IEnumerable<string> AllReasons => Reasons.Values.Distinct();

    public static string? ReasonFor(string name) => Reasons.GetValueOrDefault(name);
}
