using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Cases;

/// <summary>Reads the facts of a case.</summary>
public static class FactQueries
{
    /// <summary>
    /// The facts that the person can see, in the order of the journey. None if its version can't be read. The caller has checked that they can see the case.
    /// </summary>
    public static async Task<IReadOnlyList<CaseFact>> OfCaseAsync(WorkflowRuntime runtime, Guid @case, Person actor, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(
            $"select i.state, i.definition_version_id, {Eligibility.Of("$1", "$2").Teams} from workflow_instance i where i.id = $3",
            actor.Id,
            runtime.Clock.Now(),
            @case
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return [];
        try
        {
            var workflow = await runtime.Definitions.GetVersionAsync(r.GetString(1), cancel);
            return FactSchema.Of(workflow).Read(InstanceState.FromJson(r.Utf8(0)), workflow, FactViewer.Of(actor, r.GetFieldValue<string[]>(2)));
        }
        catch (DefinitionUnavailableException)
        {
            return [];
        }
    }
}
