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
    public static async Task<IReadOnlyList<Journey>> ListAsync(DefinitionStore definitions, CancellationToken cancel = default) =>
        [
            .. (await definitions.UsablePublishedAsync(cancel))
                .Where(workflow => !workflow.Options.UsableAsActivity)
                .Select(workflow => new Journey(
                    workflow.DefinitionId,
                    workflow.Name ?? workflow.DefinitionId,
                    workflow.Description,
                    workflow.Version,
                    JourneyInput.Schema(workflow)
                )),
        ];
}
