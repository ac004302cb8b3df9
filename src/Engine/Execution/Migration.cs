using Orchestration.Engine.Definitions;

namespace Orchestration.Engine.Execution;

/// <summary>What a migration would do with one thing that an instance is doing now.</summary>
/// <param name="ActivityId">The activity.</param>
/// <param name="NodeId">Its path in the version it runs on.</param>
/// <param name="Waits">Bookmarks (and so tasks and deadlines) that stay as they are.</param>
/// <param name="Blocked">Why it cannot go on in the other version, or null when it can.</param>
public sealed record MigrationStep(string ActivityId, string NodeId, IReadOnlyList<Bookmark> Waits, string? Blocked);

/// <summary>What a migration would do with an instance.</summary>
/// <param name="Steps">Everything the instance is doing now, the outermost first. What it has completed is not part of its state, is not scheduled by a migration, and so does not run again.</param>
/// <param name="NewVariables">Variables it would get, with their defaults.</param>
/// <param name="LostVariables">Variables whose values it would lose.</param>
public sealed record MigrationPlan(IReadOnlyList<MigrationStep> Steps, IReadOnlyList<string> NewVariables, IReadOnlyList<string> LostVariables)
{
    /// <summary>Whether everything the instance is doing can go on.</summary>
    public bool IsPossible => Steps.All(x => x.Blocked is null);
}

/// <summary>Moves an instance to another version of its definition. Activities are the same when they stand at the same path of ids and are of the same type.</summary>
public static class Migration
{
    /// <summary>Says what <see cref="Apply"/> would do. Changes nothing.</summary>
    public static MigrationPlan Plan(InstanceState state, CompiledWorkflow from, CompiledWorkflow to)
    {
        var steps = new List<MigrationStep>();

        foreach (var execution in state.ExecutionList.OrderBy(x => x.NodeId.Count(c => c == ':')).ThenBy(x => x.StartedAt))
        {
            var old = from.FindNode(execution.NodeId) ?? throw new InvalidDataException($"Instance {state.Id} runs activity {execution.NodeId}, which version {from.Id} does not have.");
            var waits = state.Bookmarks.FindAll(x => x.ActivityInstanceId == execution.Id);
            steps.Add(new MigrationStep(old.Id, old.NodeId, waits, Obstacle(old, Find(old.NodeId, to), to)));
        }

        return new MigrationPlan(
            steps,
            [.. to.Variables.Where(x => !from.Variables.Any(v => v.Id == x.Id)).Select(x => x.Name)],
            [.. from.Variables.Where(x => !to.Variables.Any(v => v.Id == x.Id)).Select(x => x.Name)]);
    }

    /// <summary>Moves the instance if its plan is possible; else changes nothing. Running, tasks and deadlines are not touched: the next stimulus runs on the other version.</summary>
    public static MigrationPlan Apply(InstanceState state, CompiledWorkflow from, CompiledWorkflow to)
    {
        var plan = Plan(state, from, to);

        if (!plan.IsPossible)
            return plan;

        foreach (var execution in state.ExecutionList)
            execution.NodeId = Find(execution.NodeId, to)!.NodeId;

        for (var i = 0; i < state.Bookmarks.Count; i++)
            state.Bookmarks[i] = state.Bookmarks[i] with { ActivityNodeId = Find(state.Bookmarks[i].ActivityNodeId, to)!.NodeId };

        for (var i = 0; i < state.Callbacks.Count; i++)
        {
            // A callback of something that is not running any more may name an activity that is gone.
            if (Find(state.Callbacks[i].ChildNodeId, to) is { } child)
                state.Callbacks[i] = state.Callbacks[i] with { ChildNodeId = child.NodeId };
        }

        foreach (var output in state.ActivityOutputs)
            output.NodeId = Find(output.NodeId, to)?.NodeId ?? output.NodeId;

        state.DefinitionVersionId = to.Id;
        state.DefinitionVersion = to.Version;
        return plan;
    }

    private static string? Obstacle(ActivityNode old, ActivityNode? other, CompiledWorkflow to)
    {
        if (other is null)
            return $"'{old.Name ?? old.Id}' is running and version {to.Version} does not have it.";

        return other.TypeName == old.TypeName ? null : $"'{old.Name ?? old.Id}' is running and is of another type in version {to.Version}: {other.TypeName} instead of {old.TypeName}.";
    }

    /// <summary>The root's own id (Workflow1) depends on what else the document uses, so paths are compared below it.</summary>
    private static ActivityNode? Find(string nodeId, CompiledWorkflow to) =>
        nodeId.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? to.FindNode(to.Root.NodeId + nodeId[colon..]) : to.Root;
}
