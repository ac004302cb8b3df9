namespace Orchestration.Engine.Execution;

/// <summary>The effect of a migration on one current activity of an instance.</summary>
/// <param name="ActivityId">The activity.</param>
/// <param name="Name">Its name, or null.</param>
/// <param name="NodeId">Its path in the version it runs on.</param>
/// <param name="Waits">Bookmarks (and so tasks and deadlines) that don't change.</param>
/// <param name="Blocked">Why it cannot go on in the other version, or null when it can.</param>
public sealed record MigrationStep(string ActivityId, string? Name, string NodeId, IReadOnlyList<Bookmark> Waits, string? Blocked);

/// <summary>The effect of a migration on an instance.</summary>
/// <param name="Steps">All current activities, outermost first: kept with their bookmarks.</param>
/// <param name="RunAgain">Activities the instance has completed and that only the other version leads back to. A migration never lets them run again, so
/// it is refused.</param>
/// <param name="NewVariables">Variables it would get, with their defaults.</param>
/// <param name="LostVariables">Variables whose values it would lose.</param>
public sealed record MigrationPlan(
    IReadOnlyList<MigrationStep> Steps,
    IReadOnlyList<string> RunAgain,
    IReadOnlyList<string> NewVariables,
    IReadOnlyList<string> LostVariables
)
{
    /// <summary>Whether everything the instance is doing can go on, and nothing it has done is done again.</summary>
    public bool IsPossible => RunAgain.Count == 0 && Steps.All(x => x.Blocked is null);

    /// <summary>Why it isn't possible; empty if it is.</summary>
    public IEnumerable<string> Obstacles =>
        Steps
            .Select(x => x.Blocked)
            .OfType<string>()
            .Concat(RunAgain.Select(x => $"'{x}' was completed and would run again: the other version leads back to it."));
}

/// <summary>
/// Moves an instance to another version of its definition. Activities are the same when they stand at the same path of ids and are of the same type. A
/// migration runs nothing: what is done is not part of the
/// state, and what lies ahead is found from what is running. So only a way back that the other version adds could repeat a step; the plan looks for one.
/// </summary>
public static class InstanceMigration
{
    /// <summary>Returns what <see cref="Apply"/> would do. Changes nothing.</summary>
    /// <param name="state">The instance.</param>
    /// <param name="from">The version it runs on.</param>
    /// <param name="to">The version it would run on.</param>
    /// <param name="completed">Paths of the activities that it has completed, from its history.</param>
    public static MigrationPlan Plan(InstanceState state, CompiledWorkflow from, CompiledWorkflow to, IReadOnlyCollection<string> completed)
    {
        var steps = new List<MigrationStep>();

        foreach (var execution in state.ExecutionList.OrderBy(x => x.NodeId.Count(c => c == ':')).ThenBy(x => x.StartedAt))
        {
            var old =
                from.FindNode(execution.NodeId)
                ?? throw new InvalidDataException($"Instance {state.Id} runs activity {execution.NodeId}, which version {from.Id} does not have.");
            var waits = state.Bookmarks.FindAll(x => x.ActivityInstanceId == execution.Id);
            steps.Add(new MigrationStep(old.Id, old.Name, old.NodeId, waits, Obstacle(old, Find(old.NodeId, to), to)));
        }

        return new MigrationPlan(
            steps,
            RunAgain(state, from, to, completed),
            [.. to.Variables.Where(x => !from.Variables.Any(v => v.Id == x.Id)).Select(x => x.Name)],
            [.. from.Variables.Where(x => !to.Variables.Any(v => v.Id == x.Id)).Select(x => x.Name)]
        );
    }

    /// <summary>
    /// Moves the instance if its plan is possible; else changes nothing. Running, tasks and deadlines are not touched: the next stimulus runs on the
    /// other version.
    /// </summary>
    public static MigrationPlan Apply(InstanceState state, CompiledWorkflow from, CompiledWorkflow to, IReadOnlyCollection<string> completed)
    {
        var plan = Plan(state, from, to, completed);

        if (!plan.IsPossible)
            return plan;

        foreach (var execution in state.ExecutionList)
            execution.NodeId = Find(execution.NodeId, to)!.NodeId;

        for (var i = 0; i < state.Bookmarks.Count; i++)
            state.Bookmarks[i] = state.Bookmarks[i] with { ActivityNodeId = Find(state.Bookmarks[i].ActivityNodeId, to)!.NodeId };

        for (var i = 0; i < state.Callbacks.Count; i++)
        {
            // A callback of an activity that no longer runs can name an activity that is gone.
            if (Find(state.Callbacks[i].ChildNodeId, to) is { } child)
                state.Callbacks[i] = state.Callbacks[i] with { ChildNodeId = child.NodeId };
        }

        foreach (var output in state.ActivityOutputs)
            output.NodeId = Find(output.NodeId, to)?.NodeId ?? output.NodeId;

        state.DefinitionVersionId = to.Id;
        state.DefinitionVersion = to.Version;
        return plan;
    }

    private static List<string> RunAgain(InstanceState state, CompiledWorkflow from, CompiledWorkflow to, IReadOnlyCollection<string> completed)
    {
        if (completed.Count == 0)
            return [];

        var running = state.ExecutionList.Where(x => !x.IsEnded).Select(x => x.NodeId).ToList();
        var before = Ahead(running.Select(from.FindNode));
        var after = Ahead(running.Select(x => Find(x, to)));

        // A running container isn't completed; one that comes later is judged by its contents.
        return
        [
            .. completed
                .Where(x => from.FindNode(x) is { } old && !before.Contains(old) && Find(x, to) is { } node && after.Contains(node))
                .Select(x => from.FindNode(x)!)
                .Select(x => x.Name ?? x.Id)
                .Distinct(),
        ];
    }

    /// <summary>
    /// Everything that can still run after the running activities: their successors, the successors of their containers, and everything inside.
    /// </summary>
    private static HashSet<ActivityNode> Ahead(IEnumerable<ActivityNode?> running)
    {
        var ahead = new HashSet<ActivityNode>();
        var followed = new HashSet<ActivityNode>();
        var open = new Stack<ActivityNode>();

        foreach (var node in running)
        {
            if (node is not null)
                open.Push(node);
        }

        while (open.TryPop(out var node))
        {
            if (node.Parent is not { } parent || !followed.Add(node))
                continue;

            foreach (var next in parent.Activity.After(parent, node))
            {
                AddWithin(next);
                open.Push(next);
            }
        }

        return ahead;

        void AddWithin(ActivityNode node)
        {
            if (!ahead.Add(node))
                return;

            foreach (var child in node.ChildList)
                AddWithin(child);
        }
    }

    private static string? Obstacle(ActivityNode old, ActivityNode? other, CompiledWorkflow to)
    {
        if (other is null)
            return $"'{old.Name ?? old.Id}' is running and version {to.Version} does not have it.";

        if (other.TypeName != old.TypeName)
            return $"'{old.Name ?? old.Id}' is running and is of another type in version {to.Version}: {other.TypeName} instead of {old.TypeName}.";

        return old.Activity.StartsAllChildrenAtOnce && other.ChildList.Find(x => !old.ChildList.Exists(o => o.Id == x.Id)) is { } added
            ? $"'{old.Name ?? old.Id}' has started its branches already and version {to.Version} adds '{added.Name ?? added.Id}', which would never run."
            : null;
    }

    /// <summary>The root's own id (Workflow1) depends on what else the document uses, so paths are compared below it.</summary>
    private static ActivityNode? Find(string nodeId, CompiledWorkflow to) =>
        nodeId.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? to.FindNode(to.Root.NodeId + nodeId[colon..]) : to.Root;
}
