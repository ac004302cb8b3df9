using System.Text.Json.Nodes;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;

namespace Orchestration.Workflows.Journeys;

/// <summary>A published journey.</summary>
public sealed record Journey(string Id, string Name, string? Description, int Version, JsonObject InputSchema);

/// <summary>Reading journeys.</summary>
public static class JourneyQueries
{
    /// <summary>Published definitions that can be started as a case: those that aren't building blocks of others.</summary>
    public static async Task<IReadOnlyList<Journey>> ListAsync(DefinitionStore definitions, CancellationToken cancel = default)
    {
        var journeys = new List<Journey>();
        foreach (var id in await definitions.PublishedIdsAsync(cancel))
        {
            if (await FindAsync(definitions, id, cancel) is { Options.UsableAsActivity: false } workflow)
                journeys.Add(
                    new(workflow.DefinitionId, workflow.Name ?? workflow.DefinitionId, workflow.Description, workflow.Version, JourneyInput.Schema(workflow))
                );
        }

        return journeys;
    }

    /// <summary>A version that no longer compiles must not hide the others.</summary>
    private static async Task<CompiledWorkflow?> FindAsync(DefinitionStore definitions, string id, CancellationToken cancel)
    {
        try
        {
            return await definitions.FindPublishedAsync(id, cancel);
        }
        catch (DefinitionUnavailableException)
        {
            return null;
        }
    }
}
