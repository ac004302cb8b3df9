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
    private static readonly Eligibility Me = Eligibility.Of("$1", "$2");

    // Two statements, so that the server keeps the plan of each.
    private static readonly string OfAll = Text("true");
    private static readonly string OfSeen = Text(Me.SeesRun("c.id"));

    /// <summary>
    /// The facts that the person can see, in the order of the journey. None if its version or state can't be read. The caller has checked that they can see the
    /// instance.
    /// </summary>
    /// <param name="instance">
    /// A case; or a workflow that a case started or that has its reference, such as a letter. Then the facts of that case come first, if the person can see it.
    /// </param>
    public static async Task<IReadOnlyList<CaseFact>> OfCaseAsync(WorkflowRuntime runtime, Guid instance, Person actor, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(Eligibility.SeesAll(actor) ? OfAll : OfSeen, actor.Id, runtime.Clock.Now(), instance);
        await using var r = await query.ExecuteReaderAsync(cancel);
        var facts = new List<CaseFact>();
        while (await r.ReadAsync(cancel))
        {
            try
            {
                var state = InstanceState.FromJson(r.Utf8(0));
                facts.AddRange(await OfStateAsync(runtime, r.GetString(1), state, actor, r.GetFieldValue<string[]>(2), cancel));
            }
            catch (InvalidDataException)
            {
                // The page has other things to show.
            }
        }

        return [.. facts.DistinctBy(fact => fact.Name)];
    }

    /// <summary>The facts of a state that the person can see. None if its version can't be read.</summary>
    /// <param name="teams">Teams they act for.</param>
    internal static async ValueTask<IReadOnlyList<CaseFact>> OfStateAsync(
        WorkflowRuntime runtime,
        string version,
        InstanceState state,
        Person actor,
        string[] teams,
        CancellationToken cancel
    )
    {
        try
        {
            var workflow = await runtime.Definitions.GetVersionAsync(version, cancel);
            return FactSchema.Of(workflow).Read(state, workflow, FactViewer.Of(actor, teams));
        }
        catch (Exception e) when (e is DefinitionUnavailableException or InvalidDataException)
        {
            return [];
        }
    }

    private static string Text(string isVisible) =>
        $"""
            select i.state, i.definition_version_id, {Me.Teams}
            from workflow_instance own
            cross join lateral (select coalesce(
                (select c.id from journey_case c where c.id = own.id),
                (select c.id from journey_case c where c.id = own.parent_id and {isVisible}),
                (select c.id from journey_case c where c.reference = own.correlation_id and {isVisible})) id) of_case
            join workflow_instance i on i.id in (own.id, of_case.id)
            where own.id = $3
            order by i.id = of_case.id desc nulls last
            """;
}
