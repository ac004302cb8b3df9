using System.Text;
using System.Text.Json.Nodes;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>Runs a single activity of a definition, for an analyst who tries it out.</summary>
public static class ActivityTrial
{
    /// <summary>
    /// Runs the activity with the definition's variables at their defaults. Nothing is stored and nothing reaches the outside: what the burst would have
    /// written, sent or told others is dropped.
    /// </summary>
    /// <param name="runtime">Its published workflows are available to the activity.</param>
    /// <param name="document">The definition.</param>
    /// <param name="activity">The activity, as the document has it.</param>
    /// <returns>The result, or the activity's errors.</returns>
    public static (BurstResult? Result, IReadOnlyList<DefinitionError> Errors) Run(WorkflowRuntime runtime, byte[] document, JsonObject activity)
    {
        var alone = JsonNode.Parse(document, documentOptions: new() { MaxDepth = 1024 })!.AsObject();
        alone["root"] = activity.DeepClone();
        var (workflow, errors) = runtime.Definitions.Compile(Encoding.UTF8.GetBytes(alone.ToJsonString()), DefinitionUse.Run);
        if (workflow is null)
            return (null, errors);
        var context = runtime.Context(runtime.Clock.Now());
        var state = Burst.NewInstance(workflow, Ids.Text(Ids.New(context.Now)), context);
        return (Burst.Advance(workflow, state, new Stimulus.Start([]), context), []);
    }
}
