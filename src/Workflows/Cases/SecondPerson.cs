using Orchestration.Engine.Activities;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.HumanStep;

namespace Orchestration.Workflows.Cases;

/// <summary>
/// Whether a change by hand could pass a rule that needs a second person: a workflow of the case has a step of four eyes, one that is reviewed, needs a skill
/// or is limited by authority. A change of a variable can redirect the case around such a step, so every change counts but these: cancelling the case,
/// retrying a failed step, and continuing in a version with the same rules.
/// </summary>
internal static class SecondPerson
{
    private static readonly string[] Inputs = ["ExcludedSteps", "RequiresReview", "RequiredSkills", .. StepAuthority.Inputs.Select(input => input.Name)];

    public static async Task<bool> IsNeededAsync(WorkflowRuntime runtime, InstanceState state, IReadOnlyList<Alteration> alterations, CancellationToken cancel)
    {
        var risky = alterations.Where(a => a is not (Alteration.Cancel or Alteration.ScheduleActivity { IsRetry: true })).ToList();
        foreach (var migrate in risky.OfType<Alteration.Migrate>())
        {
            var version = migrate.TargetVersion.ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (
                await runtime.Definitions.FindStoredAsync(state.DefinitionId, version, cancel) is { Version.WasPublished: true } target
                && !Rules(await CaseWorkflows.FromAsync(runtime, [state.DefinitionVersionId], cancel))
                    .SetEquals(Rules(await CaseWorkflows.FromAsync(runtime, [target.Version.Id], cancel)))
            )
                return true;
        }

        return risky.Exists(a => a is not Alteration.Migrate) && Rules(await CaseWorkflows.OfAsync(runtime, Guid.Parse(state.Id), cancel)).Count > 0;
    }

    /// <summary>
    /// The alterations, with retries of failed steps bound to be nothing else: one before them, or another request, can have retried the step when their
    /// turn comes, and running it again, or another activity, is no retry.
    /// </summary>
    public static List<Alteration> WithRetries(IReadOnlyList<Alteration> alterations, InstanceState state)
    {
        return [.. alterations.Select(alteration => IsRetry(alteration) ? (Alteration.ScheduleActivity)alteration with { IsRetry = true } : alteration)];

        bool IsRetry(Alteration alteration) =>
            alteration is Alteration.ScheduleActivity { ActivityId: null, ActivityInstanceId: { } id }
            && state.Executions.Any(e => e.Id == id && e.Status == ActivityStatus.Faulted);
    }

    private static HashSet<(string Definition, string Node, string Input, string Rule)> Rules(CaseWorkflows workflows) =>
        [
            .. from workflow in workflows.Known
            from node in workflow.Nodes
            where node.TypeName == HumanTask.TypeName
            from input in Inputs
            let rule = !node.IsLiteral(input) ? "=" : Rule(node.Literal(input))
            where rule is not null
            select (workflow.DefinitionId, node.NodeId, input, rule),
            .. workflows.Computed.Select(node => (node.Definition, node.Node, "", "=")),
        ];

    private static string? Rule(object? value) =>
        value switch
        {
            true => "yes",
            List<object?> { Count: > 0 } list => WorkflowData.ToJson(list),
            string { Length: > 0 } text => text,
            _ => null,
        };
}

/// <summary>The workflows that a case runs or may start.</summary>
/// <param name="Known">Those that are known.</param>
/// <param name="Computed">Activities that start a workflow whose name is computed: it could be any.</param>
internal sealed record CaseWorkflows(IReadOnlyList<CompiledWorkflow> Known, IReadOnlyList<(string Definition, string Node)> Computed)
{
    private const string Started = "WorkflowDefinitionId";

    /// <summary>Those of all runs of the case that a run belongs to.</summary>
    public static async Task<CaseWorkflows> OfAsync(WorkflowRuntime runtime, Guid run, CancellationToken cancel)
    {
        var versions = new List<string>();
        await using (
            var query = runtime.Database.Query(
                """
                with recursive run (id, version) as (
                    select r.id, r.definition_version_id
                    from workflow_instance i join workflow_instance r on r.id = run_root(i.id, i.parent_id) where i.id = $1
                    union all select c.id, c.definition_version_id from run join workflow_instance c on c.parent_id = run.id)
                select distinct version from run
                """,
                run
            )
        )
        {
            await using var reader = await query.ExecuteReaderAsync(cancel);
            while (await reader.ReadAsync(cancel))
                versions.Add(reader.GetString(0));
        }

        return await FromAsync(runtime, versions, cancel);
    }

    /// <summary>These versions, and what they may start.</summary>
    public static async Task<CaseWorkflows> FromAsync(WorkflowRuntime runtime, IEnumerable<string> versions, CancellationToken cancel)
    {
        var (known, computed, named) = (new Dictionary<string, CompiledWorkflow>(), new List<(string, string)>(), new HashSet<string>());
        var open = new Queue<CompiledWorkflow>();
        foreach (var version in versions)
            open.Enqueue(await runtime.Definitions.GetVersionAsync(version, cancel));
        while (open.TryDequeue(out var workflow))
        {
            if (!known.TryAdd(workflow.Id, workflow))
                continue;
            foreach (var node in workflow.Nodes.Where(n => n.TypeName is "Elsa.DispatchWorkflow" or "Elsa.BulkDispatchWorkflows" or "Elsa.ExecuteWorkflow"))
            {
                if (!node.IsLiteral(Started))
                    computed.Add((workflow.DefinitionId, node.NodeId));
                else if (node.Literal(Started) is string { Length: > 0 } id && named.Add(id))
                {
                    if (await runtime.Definitions.FindPublishedAsync(id, cancel) is { } child)
                        open.Enqueue(child);
                }
            }
        }

        return new([.. known.Values], computed);
    }

    /// <summary>Whether people may work in them.</summary>
    public bool HavePeople => Computed.Count > 0 || Known.Any(workflow => workflow.Nodes.Any(node => node.TypeName == HumanTask.TypeName));
}
