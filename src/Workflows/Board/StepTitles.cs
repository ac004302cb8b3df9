using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;

namespace Orchestration.Workflows.Board;

/// <summary>What steps are called now.</summary>
public static class StepTitles
{
    /// <summary>The step's name in the published version of its journey; null if it is computed, or if the step or the journey is gone.</summary>
    public static async Task<string?> OfAsync(WorkflowRuntime runtime, string journey, string step, CancellationToken cancel = default)
    {
        try
        {
            return (await runtime.Definitions.FindPublishedAsync(journey, cancel))?.FindActivity(step)?.Literal("Title") is string { Length: > 0 } title
                ? title
                : null;
        }
        catch (DefinitionUnavailableException)
        {
            return null;
        }
    }
}
