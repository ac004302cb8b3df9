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
    /// The facts that the person can see, in the order of the journey. None if its version or state can't be read. The caller has checked that they can see the
    /// instance.
    /// </summary>
    /// <param name="instance">
    /// A case; or a workflow that a case started or that has its reference, such as a letter. Then the facts of that case come first, if the person can see it.
    /// </param>
    public static async Task<IReadOnlyList<CaseFact>> OfCaseAsync(WorkflowRuntime runtime, Guid instance, Person actor, CancellationToken cancel = default)
    {
        var me = Eligibility.Of("$1", "$2");
        var isVisible = $"($4 or {me.SeesRun("c.id")})";
        await using var query = runtime.Database.Query(
            $"""
            select i.state, i.definition_version_id, {me.Teams}
            from workflow_instance own
            cross join lateral (select coalesce(
                (select c.id from journey_case c where c.id = own.id),
                (select c.id from journey_case c where c.id = own.parent_id and {isVisible}),
                (select c.id from journey_case c where c.reference = own.correlation_id and {isVisible})) id) of_case
            join workflow_instance i on i.id in (own.id, of_case.id)
            where own.id = $3
            order by i.id = of_case.id desc nulls last
            """,
            actor.Id,
            runtime.Clock.Now(),
            instance,
            Eligibility.SeesAll(actor)
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var facts = new List<CaseFact>();
        while (await r.ReadAsync(cancel))
        {
            try
            {
                var workflow = await runtime.Definitions.GetVersionAsync(r.GetString(1), cancel);
                facts.AddRange(FactSchema.Of(workflow).Read(InstanceState.FromJson(r.Utf8(0)), workflow, FactViewer.Of(actor, r.GetFieldValue<string[]>(2))));
            }
            catch (Exception e) when (e is DefinitionUnavailableException or InvalidDataException)
            {
                // The page has other things to show.
            }
        }

        return [.. facts.DistinctBy(fact => fact.Name)];
    }
}
