using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Cases;

/// <summary>
/// A run that is real work, and so can't be changed like a trial: it belongs to a case, or people work in it. Tests, and what runs without people, aren't.
/// </summary>
/// <param name="Root">The run that started it, or the run itself.</param>
/// <param name="Case">The case that it belongs to, which is the root, or null.</param>
public sealed record LiveRun(Guid Root, Guid? Case)
{
    /// <summary>What is live of a run; null if nothing is.</summary>
    public static async Task<LiveRun?> FindAsync(WorkflowRuntime runtime, Guid run, CancellationToken cancel = default)
    {
        Guid root;
        await using (
            var query = runtime.Database.Query(
                """
                select run_root(i.id, i.parent_id), c.id from workflow_instance i left join journey_case c on c.id = run_root(i.id, i.parent_id)
                where i.id = $1 and i.test_by is null
                """,
                run
            )
        )
        {
            await using var reader = await query.ExecuteReaderAsync(cancel);
            if (!await reader.ReadAsync(cancel))
                return null;
            root = reader.GetGuid(0);
            if (reader.GuidOrNull(1) is { } @case)
                return new(root, @case);
        }

        try
        {
            return (await CaseWorkflows.OfAsync(runtime, run, cancel)).HavePeople ? new(root, null) : null;
        }
        catch (DefinitionUnavailableException)
        {
            return new(root, null);
        }
    }
}
